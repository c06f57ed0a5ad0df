"""HTTP to servers that stall, drip, overflow, redirect and quote secrets; everything is asynchronous underneath.

    hosts      which addresses may be asked at all: `host_of`
    loop       one background event loop: `run(coroutine)` from any thread, within the deadline
    client     `client(url, headers=...)`: an httpx2.AsyncClient whose every failure is a CallError
    failures   what a status or an exception means: `of_status`, `of_exception`
    bodies     `json_object(response)`: a success's body, or the CallError that it is

A call, from whichever thread: `json_object(run(client.post(path, json=body)))`.
"""
