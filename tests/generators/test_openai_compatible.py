"""OpenAI-compatible servers: every way to answer and to fail, on loopback; and a real server from PyPI."""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from aigc_eval.deadline import deadline
from aigc_eval.errors import CallError, UsageError
from aigc_eval.generators.openai_compatible import OpenAICompatible
from aigc_eval.records import Generation, Message, Prompt, Request
from tests.models.serving import Server, completion, serving

KEY = "sk-Canary-51d84b067f3a9c2e"


def answer(server: Server | str, prompt: Prompt | None = None, seconds: float = 10, **options: Any) -> Generation:
    url = server if isinstance(server, str) else server.url
    generator = OpenAICompatible(url, **{"model": "m", **options})
    generator.load()
    with deadline(seconds):
        return generator.generate([Request(prompt or Prompt("p", "你好?"), 1, 77)])[0]


def to(body: Any, status: int = 200, headers: dict[str, str] | None = None, **options: Any) -> Generation:
    """The answer to a response with that body: bytes as they are, anything else as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with serving(lambda _: (status, headers or {}, content)) as server:
        return answer(server, **options)


def error(body: Any, status: int = 200, headers: dict[str, str] | None = None, **options: Any) -> CallError:
    with pytest.raises(CallError) as caught:
        to(body, status, headers, **options)
    assert caught.value.__cause__ is None
    return caught.value


def test_a_request_is_what_openai_documents() -> None:
    """Fields of OpenAI's API reference, "Create chat completion"."""
    talk = (Message("user", "a"), Message("assistant", "b\ud800"))
    with serving(lambda _: completion("Hi")) as server:
        options: dict[str, Any] = {"temperature": 0.5, "top_p": 0.9, "presence_penalty": 1, "frequency_penalty": -1}
        prompt = Prompt("p", "🙂 你好", messages=talk)
        found = answer(server, prompt, system="Be kind.", max_tokens=9, stop=("\n",), extra={"top_k": 4}, **options)
    assert (found.text, found.outcome, found.logprob, dict(found.usage)) == ("Hi", "ok", None, {})
    assert found.seconds is not None
    assert 0 < found.seconds < 10
    assert server.paths == ["/v1/chat/completions"]
    assert server.bodies == [{
        "model": "m", "temperature": 0.5, "top_p": 0.9, "max_tokens": 9, "stop": ["\n"], "presence_penalty": 1,
        "frequency_penalty": -1, "seed": 77, "top_k": 4,
        "messages": [
            {"role": "system", "content": "Be kind."}, {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b\ufffd"}, {"role": "user", "content": "🙂 你好"},
        ],
    }]  # fmt: skip


def test_what_is_not_given_is_not_sent() -> None:
    with serving(lambda _: completion("Hi")) as server:
        answer(server, max_tokens=None, seed=False)
        answer(server, max_completion_tokens=True, seed=False)
    messages = [{"role": "user", "content": "你好?"}]
    assert server.bodies == [
        {"model": "m", "messages": messages},
        {"model": "m", "messages": messages, "max_completion_tokens": 1024},
    ]


def test_completions_send_the_text_as_it_stands() -> None:
    body = {"choices": [{"text": " there", "finish_reason": "stop", "logprobs": {"token_logprobs": [-0.25, -0.5]}}]}
    with serving(lambda _: body) as server:
        found = answer(server, Prompt("p", "Hello\ud800"), api="completions", logprobs=True, max_tokens=3)
    assert (found.text, found.outcome, found.logprob) == (" there", "ok", -0.75)
    assert server.paths == ["/v1/completions"]
    assert server.bodies == [{"model": "m", "prompt": "Hello\ufffd", "max_tokens": 3, "logprobs": 1, "seed": 77}]


def test_the_log_probability_is_the_sum_over_tokens() -> None:
    tokens = [{"token": t, "logprob": math.log(p)} for t, p in (("a", 0.5), ("b", 0.25))]
    body = completion("ab", logprobs={"content": tokens})
    assert to(body, logprobs=True).logprob == pytest.approx(math.log(0.125))
    assert to(body).logprob is None
    for holes in (
        None,
        {},
        {"content": None},
        {"content": []},
        {"content": [{"logprob": None}]},
        {"content": [{"x": 1}]},
    ):
        assert to(completion("ab", logprobs=holes), logprobs=True).logprob is None


OUTCOMES: list[tuple[Any, str, str]] = [
    (completion("cut", finish_reason="length"), "truncated", "cut"),
    (completion("half", finish_reason="content_filter"), "filtered", "half"),
    (completion(None, finish_reason="content_filter"), "filtered", ""),
    (completion("", finish_reason="sensitive"), "filtered", ""),
    (completion(None), "empty", ""),
    (completion(""), "empty", ""),
    (completion(" \n\u200b"), "empty", " \n\u200b"),
    (completion(None, finish_reason="length"), "empty", ""),
    (completion(None, finish_reason="tool_calls"), "empty", ""),
    (completion(None, message={"content": None, "reasoning_content": "Let me think"}), "empty", ""),
    (completion(None, message={"content": None, "refusal": "I can't help."}), "refused", "I can't help."),
    (completion(None, message={"content": "a", "refusal": None}), "ok", "a"),
    (completion(None, message={"content": [{"type": "thinking"}, {"type": "text", "text": "中"}]}), "ok", "中"),
    (completion("a", finish_reason=None), "ok", "a"),
    (completion("a", finish_reason="something else"), "ok", "a"),
    (completion("<think>x</think>\ud800"), "ok", "<think>x</think>\ud800"),
]


@pytest.mark.parametrize(("body", "outcome", "text"), OUTCOMES, ids=range(len(OUTCOMES)))
def test_how_an_answer_ended(body: Any, outcome: str, text: str) -> None:
    found = to(body)
    assert (found.outcome, found.text) == (outcome, text)
    assert "something else" not in found.detail


def test_why_an_answer_is_empty_is_said() -> None:
    thought = {"content": "", "reasoning_content": "Let me think"}
    assert to(completion(None, message=thought, finish_reason="length")).detail == (
        "finish_reason length; nothing but reasoning"
    )


def test_usage_is_what_the_server_tells() -> None:
    used = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}
    assert to(completion("a") | {"usage": used}).usage == {"input_tokens": 12, "output_tokens": 3}
    for odd in (None, 3, {}, {"prompt_tokens": "12", "completion_tokens": -1}, {"prompt_tokens": True}):
        assert to(completion("a") | {"usage": odd}).usage == {}


NONE: list[tuple[Any, str]] = [
    (b"<!DOCTYPE html><html>busy</html>", "a page of HTML"),
    (b'{"choices": [{"message": {"content": "ha', "not JSON"),
    (b'{"choices": [], "choices": []}', "not JSON"),
    (b'{"choices": [{"message": {"content": "a"}, "x": NaN}]}', "not JSON"),
    (b"[" * 100_000, "not JSON"),
    (b"\xff\xfe", "not JSON"),
    (b"", "not JSON"),
    (b'data: {"choices": []}\n\ndata: [DONE]\n\n', "not JSON"),
    ([], "no JSON object"),
    ("text", "no JSON object"),
    ({"error": {"message": "the engine died", "code": 500}}, "the engine died"),
    ({"error": "busy", "choices": completion("x")["choices"]}, "busy"),
    ({}, "no choices"),
    ({"choices": None}, "no choices"),
    ({"choices": []}, "0 choices"),
    ({"choices": completion("a")["choices"] * 2}, "2 choices"),
    ({"choices": ["a"]}, "no message"),
    ({"choices": [{"text": "a"}]}, "no message"),
    (completion(3), "no text"),  # type: ignore[arg-type]
    (completion(None, message={"content": ["a"]}), "no text"),
    (completion(None, message={"content": [{"type": "text", "text": None}]}), "no text"),
    (completion("a", finish_reason=["stop"]), "no text"),
]


@pytest.mark.parametrize(("body", "why"), NONE, ids=range(len(NONE)))
def test_an_answer_that_is_none_may_be_asked_for_again(body: Any, why: str) -> None:
    found = error(body)
    assert (found.kind, found.again, found.fatal) == ("bad_response", True, False)
    assert why in str(found)


STATUSES: list[tuple[int, dict[str, str], str, bool, bool, float | None]] = [
    (429, {"Retry-After": "7"}, "rate_limited", True, False, 7.0),
    (429, {}, "rate_limited", True, False, None),
    (408, {}, "server", True, False, None),
    (500, {}, "server", True, False, None),
    (503, {"Retry-After": "2"}, "server", True, False, 2.0),
    (529, {}, "server", True, False, None),
    (400, {}, "rejected", False, False, None),
    (422, {}, "rejected", False, False, None),
    (404, {}, "rejected", False, True, None),
    (401, {}, "unauthorised", False, True, None),
    (403, {}, "unauthorised", False, True, None),
    (302, {"Location": "https://elsewhere.example"}, "redirected", False, True, None),
]


@pytest.mark.parametrize(("status", "headers", "kind", "again", "fatal", "after"), STATUSES)
def test_a_status_is_one_error_and_one_request(
    status: int, headers: dict[str, str], kind: str, again: bool, fatal: bool, after: float | None
) -> None:
    content = json.dumps({"error": {"message": "no\nwords", "code": "x"}}).encode()
    with serving(lambda _: (status, headers, content)) as server, pytest.raises(CallError) as caught:
        answer(server)
    found = caught.value
    assert (found.kind, found.again, found.fatal, found.after) == (kind, again, fatal, after)
    assert f"status {status}" in str(found)
    assert ("no words" in str(found)) == (status != 302)
    assert len(server.bodies) == 1


FILTERS: list[tuple[int, Any]] = [
    (400, {"error": {"code": "content_filter", "message": "The response was filtered"}}),  # Azure OpenAI
    (400, {"error": {"message": "x", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}),  # Azure OpenAI
    (400, {"error": {"code": "data_inspection_failed", "message": "Input data may contain inappropriate content."}}),
    (400, {"code": "DataInspectionFailed", "message": "Output data may contain inappropriate content."}),  # Qwen
    (400, {"error": {"message": "Content Exists Risk", "type": "invalid_request_error"}}),  # DeepSeek
    (400, {"error": {"code": "1301", "message": "系统检测到输入或生成内容可能包含不安全或敏感内容"}}),  # GLM
]


@pytest.mark.parametrize(("status", "body"), FILTERS, ids=range(len(FILTERS)))
def test_a_prompt_that_a_filter_refused_is_filtered(status: int, body: Any) -> None:
    found = to(body, status)
    assert (found.outcome, found.text, found.error) == ("filtered", "", "")
    assert found.detail.startswith(f"status {status}: ")


def test_a_quota_that_is_used_up_is_not_asked_again() -> None:
    found = error({"error": {"code": "insufficient_quota", "message": "pay"}}, 429)
    assert (found.kind, found.again, found.fatal) == ("rejected", False, True)
    assert error({"error": {"message": "Insufficient Balance"}}, 402).fatal


@pytest.mark.parametrize(
    ("asked", "echoed", "same"),
    [
        ("m", "m", True), ("m", None, True), ("m", "", True), ("M", "m", True), ("m", "renamed", True),
        ("gpt-4o", "gpt-4o-2024-08-06", True), ("gpt-4", "gpt-4-0613", True), ("llama3", "llama3:latest", True),
        ("qwen-max", "qwen-max-latest", True), ("tiny", "org/tiny@main", True), ("a/b@main", "a/b@main", True),
        ("org/m", "m", True), ("org/m", "other/m", False), ("gpt-4o", "gpt-4o-mini", False), ("gpt-4o", "gpt-4", False),
        ("m", 3, False), ("m", {"m": 1}, False), ("a.c", "abc", False), ("llama3:8b", "llama3:70b", False),
        ("m", "x" * 5_000_000, False),
    ],
    ids=range(20),
)  # fmt: skip
def test_another_model_is_an_error(asked: str, echoed: Any, same: bool) -> None:
    body = completion("a") | {"model": echoed}
    if same:
        assert to(body, model=asked, aliases=("renamed",)).text == "a"
        return
    found = error(body, model=asked, aliases=("renamed",))
    assert (found.kind, found.again, found.fatal) == ("wrong_model", False, False)
    assert len(str(found)) < 400


def test_silence_ends_at_the_deadline() -> None:
    gone = threading.Event()
    with serving(lambda _: str(gone.wait(60))) as server:
        started = time.monotonic()
        with pytest.raises(CallError) as caught:
            answer(server, seconds=0.3)
        assert time.monotonic() - started < 60
        gone.set()
    assert (caught.value.kind, caught.value.again) == ("timeout", True)


def test_one_client_serves_many_threads_and_pairs_answers() -> None:
    with serving(lambda body: f"{body['messages'][0]['content']}/{body['seed']}") as server:
        generator = OpenAICompatible(server.url, "m")
        requests = [Request(Prompt(f"p{i}", f"text {i}"), 0, i) for i in range(200)]
        with ThreadPoolExecutor(32) as pool:
            found = list(pool.map(lambda r: generator.generate([r])[0], requests))
    assert [g.text for g in found] == [f"text {i}/{i}" for i in range(200)]
    assert [g.request for g in found] == requests
    assert generator.generate([]) == []


def test_the_key_is_sent_and_stands_nowhere(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("MY_KEY", KEY)
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "elsewhere-1234")
    with serving(
        lambda _: (401, {"X-Echo": KEY}, json.dumps({"error": {"message": f"bad key {KEY}"}}).encode())
    ) as server:
        generator = OpenAICompatible(server.url, "m", "MY_KEY")
        generator.load()
        with pytest.raises(CallError, match="status 401") as caught:
            generator.generate([Request(Prompt("p", "?"))])
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert "elsewhere" not in str(server.headers)
    opened = generator._client
    shown = [
        caplog.text,
        repr(generator),
        str(vars(opened)),
        repr(opened._client.headers),
        str(caught.value),
        generator.signature(),
    ]
    assert not [i for i in range(len(KEY) - 3) if KEY[i : i + 4] in "\n".join(shown)]
    assert caught.value.__cause__ is None
    assert "httpcore2.http11" in {record.name for record in caplog.records}


def test_without_a_key_none_is_sent_and_a_missing_one_is_found_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "elsewhere-1234")
    monkeypatch.delenv("MY_KEY", raising=False)
    with serving(lambda _: "Hi") as server:
        assert answer(server).text == "Hi"
        with pytest.raises(UsageError, match="MY_KEY is not set"):
            OpenAICompatible(server.url, "m", "MY_KEY").load()
        monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Team: secret")
        with pytest.raises(UsageError, match="OPENAI_CUSTOM_HEADERS is set"):
            OpenAICompatible(server.url, "m").load()
    assert len(server.headers) == 1
    assert "Authorization" not in server.headers[0]


def test_what_decides_no_result_is_not_in_the_identity() -> None:
    one, two = (OpenAICompatible("https://a.example/v1", "m", key) for key in ("", "MY_KEY"))
    assert one.identity() == two.identity()
    assert one.signature() == "OpenAICompatible|base_url:https://a.example/v1|model:m|version:1"
    assert one.hosts() == ("a.example",)
    assert one.needs_trust() == ""
    assert one.identity() != OpenAICompatible("https://a.example/v1", "m", temperature=0.0).identity()


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"base_url": "http://a.example/v1"}, "https://"),
    ({"base_url": "https://169.254.169.254/v1"}, "metadata"),
    ({"model": " "}, "model must not be empty"),
    ({"temperature": -0.1}, "temperature"),
    ({"top_p": 0.0}, "top_p"),
    ({"presence_penalty": 3.0}, "presence_penalty"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"stop": ("",)}, "stop"),
    ({"api": "completions", "system": "s"}, "system needs api: chat"),
    ({"api": "completions", "max_completion_tokens": True}, "needs api: chat"),
    ({"extra": {"n": 2}}, "extra must not set n"),
    ({"extra": {"stream": True}}, "extra must not set stream"),
    ({"extra": {"temperature": 1}}, "it is an option"),
    ({"extra": {"a": math.nan}}, "JSON"),
    ({"extra": {"a": object()}}, "JSON"),
]


@pytest.mark.parametrize(("options", "why"), WRONG, ids=range(len(WRONG)))
def test_options_that_no_call_can_be_made_with(options: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        OpenAICompatible(**{"base_url": "https://a.example/v1", "model": "m", **options})


def test_what_cannot_be_asked_is_found_before_anything_is_sent() -> None:
    own = Prompt("own", "?", messages=(Message("system", "S"),))
    plain, later = (
        Prompt("plain", "?"),
        Prompt("later", "?", messages=(Message("user", "a"), Message("assistant", "b"))),
    )

    def made(**options: Any) -> Callable[..., None]:
        return OpenAICompatible("https://a.example/v1", "m", **options).check

    made()([own, plain, later], 1)
    made(system="S")([plain, later], 1)
    made(api="completions")([plain], 1)
    with pytest.raises(UsageError, match=r"1 prompts bring a system prompt of their own.*'own'"):
        made(system="S")([own, plain], 1)
    with pytest.raises(UsageError, match=r"2 prompts have earlier messages.*'own', 'later'"):
        made(api="completions")([own, plain, later], 1)


@pytest.mark.parametrize("text", ["", "🙂🙂", "x" * 1_000_000, "שלום עולם", "\ud800", "中文 and English", "\0\x1b[31m"])
def test_odd_prompts_and_answers_come_through(text: str) -> None:
    with serving(lambda body: body["messages"][0]["content"]) as server:
        found = answer(server, Prompt("p", text))
    assert found.text == text.replace("\ud800", "\ufffd")
    assert found.outcome == ("ok" if text else "empty")
