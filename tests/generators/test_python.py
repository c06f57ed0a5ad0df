"""Functions that answer, and functions that raise, hang or return something else."""

from __future__ import annotations

import hashlib
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from aigc_eval import credentials
from aigc_eval.calls import Limits, call_all
from aigc_eval.deadline import deadline
from aigc_eval.errors import CallError, UsageError
from aigc_eval.generators.python import Python
from aigc_eval.records import Prompt, Request

REQUEST = Request(Prompt("p1", "Why? 为什么？"), 1, 7)
NAMES = count()
BOT = """
import asyncio, os, threading, time
from aigc_eval.errors import CallError
from aigc_eval.records import Prompt, Request

def text(request): return "to " + request.prompt.text
def nothing(request): return None
def mapping(request): return {"text": "cut", "finish_reason": "length", "input_tokens": 3, "output_tokens": 4}
def whole(request): return request.answer("no", "refused", usage={"input_tokens": 1})
def told(request, mood, times=1): return mood * times
def everything(request, **options): return repr(options)
async def soon(request):
    under_way.append(request.prompt.text)
    await asyncio.sleep(0.05)
    most.append(len(under_way))
    under_way.remove(request.prompt.text)
    return f"{request.prompt.text} at last"
under_way, most = [], []
class Bot:
    def __call__(self, request): return "from an object"
    async def method(self, request): return "from a method"
bot = Bot()

def raises(request): raise KeyError("no such\\n\\x1b[31mthing " + os.environ.get("BOT_KEY", ""))
def again(request): raise CallError("rate_limited", "slow down", again=True, after=2.0)
async def throws(request): raise RuntimeError("in the loop")
async def times_out(request): raise TimeoutError("its own")
def number(request): return 42
def odd(request): return {"text": 42}
def others(request): return Request(Prompt("p2", "other")).answer("x")
cancelled = threading.Event()
async def hangs(request):
    try:
        await asyncio.sleep(60)
    finally:
        cancelled.set()
text_only = "not a function"
"""


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Python]:
    """Writes a module under a name of its own, as a trusted bench's folder would hold it."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])

    def make(function: str, source: str = BOT, **options: object) -> Python:
        name = f"a_bot_for_tests_{next(NAMES)}"
        (tmp_path / f"{name}.py").write_text(source, "utf-8")
        return Python(f"{name}:{function}", **options)  # type: ignore[arg-type]

    return make


Make = Callable[..., Python]


@pytest.mark.parametrize(
    ("function", "options", "text", "outcome"),
    [
        ("text", {}, "to Why? 为什么？", "ok"),
        ("nothing", {}, "", "empty"),
        ("mapping", {}, "cut", "truncated"),
        ("whole", {}, "no", "refused"),
        ("told", {"arguments": {"mood": "fine ", "times": 2}}, "fine fine ", "ok"),
        ("everything", {"arguments": {"a": [1, None]}}, "{'a': [1, None]}", "ok"),
        ("soon", {}, "Why? 为什么？ at last", "ok"),
        ("bot", {}, "from an object", "ok"),
        ("bot.method", {}, "from a method", "ok"),
    ],
    ids=["text", "none", "mapping", "generation", "arguments", "any", "async", "object", "method"],
)
def test_what_a_function_may_return(
    made: Make, function: str, options: dict[str, object], text: str, outcome: str
) -> None:
    generator = made(function, **options)
    generator.load()
    [answer] = generator.generate([REQUEST])
    assert (answer.request, answer.text, answer.outcome) == (REQUEST, text, outcome)
    assert answer.seconds is not None
    assert answer.seconds >= (0.05 if function == "soon" else 0)


def test_usage_is_kept(made: Make) -> None:
    assert made("mapping").generate([REQUEST])[0].usage == {"input_tokens": 3, "output_tokens": 4}
    assert made("whole").generate([REQUEST])[0].usage == {"input_tokens": 1}


@pytest.mark.parametrize(
    ("function", "kind", "what"),
    [
        ("raises", "raised", "KeyError: 'no such\\n\\x1b[31mthing '"),
        ("throws", "raised", "RuntimeError: in the loop"),
        ("times_out", "raised", "TimeoutError: its own"),
        ("number", "bad_response", "the function returned int; it must return a text, None, a mapping or a Generation"),
        ("odd", "bad_response", "the reply has a text that is of type int"),
        ("others", "bad_response", "the function returned the generation of another request"),
    ],
)
def test_what_is_no_answer(made: Make, function: str, kind: str, what: str) -> None:
    with deadline(20), pytest.raises(CallError) as caught:
        made(function).generate([REQUEST])
    assert (caught.value.kind, str(caught.value), caught.value.again) == (kind, what, False)


def test_a_function_may_ask_to_be_asked_again(made: Make) -> None:
    with pytest.raises(CallError) as caught:
        made("again").generate([REQUEST])
    assert (caught.value.kind, caught.value.again, caught.value.after) == ("rate_limited", True, 2.0)


def test_what_is_raised_holds_no_key(made: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does the chain of exceptions."""
    monkeypatch.setattr(credentials, "_read", {})
    monkeypatch.setenv("BOT_KEY", "sk-canary-17")
    credentials.key("BOT_KEY")
    with pytest.raises(CallError, match=r"\[key: BOT_KEY\]") as caught:
        made("raises").generate([REQUEST])
    assert caught.value.__suppress_context__


def test_an_async_function_is_cancelled_in_time(made: Make) -> None:
    generator = made("hangs")
    started = time.monotonic()
    with deadline(0.2), pytest.raises(CallError) as caught:
        generator.generate([REQUEST])
    assert (caught.value.kind, caught.value.again) == ("timeout", True)
    assert 0.15 < time.monotonic() - started < 60
    event: threading.Event = generator._module.cancelled
    assert event.wait(2)


def test_async_calls_run_at_the_same_time(made: Make) -> None:
    generator = made("soon")
    with ThreadPoolExecutor(16) as pool:
        texts = list(pool.map(lambda i: generator.generate([Request(Prompt("p", f"q{i}"))])[0].text, range(64)))
    assert texts == [f"q{i} at last" for i in range(64)]
    assert max(generator._module.most) > 4


@pytest.mark.parametrize(
    ("call", "options", "what"),
    [
        ("no_such_module_17:f", {}, "no module 'no_such_module_17'; put no_such_module_17.py into the bench's folder"),
        ("json.no_such_17:f", {}, "no module 'json.no_such_17'; put json/no_such_17.py"),
        ("json:dump_all", {}, "no 'dump_all' in 'json'; did you mean 'dump"),
        ("json:zzz", {}, "no 'zzz' in 'json'; define it"),
        ("json:__all__", {}, "is list, not a function"),
        ("json", {}, "names no function; write module:function"),
        ("json:", {}, "names no function"),
        ("a b:c", {}, "names no function"),
        ("json:dumps:x", {}, "names no function"),
        (
            "os.path:join",
            {"arguments": {"b": 1}},
            "cannot be called as join(request, b=...): got an unexpected keyword",
        ),
        ("textwrap:fill", {"arguments": {"text": "x"}}, "multiple values for argument 'text'"),
    ],
    ids=range(11),
)
def test_what_cannot_be_called_is_found_before_any_request(call: str, options: dict[str, object], what: str) -> None:
    with pytest.raises(UsageError) as caught:
        Python(call, **options).load()  # type: ignore[arg-type]
    assert what in str(caught.value)
    assert str(caught.value).startswith("python: ")


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("import no_such_module_18", "ModuleNotFoundError: No module named 'no_such_module_18'"),
        ("def f(:", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("1 / 0", "ZeroDivisionError"),
    ],
    ids=["import", "syntax", "exit", "raise"],
)
def test_a_module_that_fails_to_import(made: Make, source: str, what: str) -> None:
    with pytest.raises(UsageError, match=r"cannot be imported: .*; correct it") as caught:
        made("f", source).load()
    assert what in str(caught.value)


def test_a_missing_argument_is_found_before_any_request(made: Make) -> None:
    with pytest.raises(UsageError, match="missing a required argument: 'mood'"):
        made("told").load()


def test_a_function_in_c_is_called_all_the_same(made: Make) -> None:
    generator = made("f", "import operator\nf = operator.attrgetter('prompt.text')")
    generator.load()
    assert generator.generate([REQUEST])[0].text == REQUEST.prompt.text


def test_identity_is_the_source_and_the_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    helper = tmp_path / "a_helper_for_tests.py"
    bot = tmp_path / "an_identity_for_tests.py"

    def identity(source: str, help_source: str = "x = 1", **options: object) -> str:
        for name in (helper.stem, bot.stem):
            monkeypatch.delitem(sys.modules, name, raising=False)
        helper.write_text(help_source)
        bot.write_text(source)
        return Python(f"{bot.stem}:f", **options).identity()  # type: ignore[arg-type]

    own, borrowed = "def f(request, a=1): return 'x'", f"from {helper.stem} import f"
    known = identity(own)
    assert identity(own, "x = 2") == known
    assert identity(own + " ") != known
    assert identity(own, arguments={"a": 1}) != known
    assert identity(own, arguments={"a": 1}) != identity(own, arguments={"a": "1"})
    assert identity(own, depends=(helper,)) != identity(own, "x = 2", depends=(helper,))
    assert identity(borrowed, own) != identity(borrowed, own + "\n\n")


def test_identity_does_not_change_with_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = set()
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a_place_for_tests.py").write_text("def f(request): return 'x'")
        monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / folder)])
        found.add(Python("a_place_for_tests:f").identity())
        monkeypatch.undo()
        sys.modules.pop("a_place_for_tests")
    assert len(found) == 1


def test_trust_names_the_function_and_what_it_is_told() -> None:
    assert Python("bot:answer").needs_trust() == "runs Python code: bot:answer"
    assert Python("bot:answer", {"b": 1, "a": "中"}).needs_trust() == (
        'runs Python code: bot:answer with {"a": "\\u4e2d", "b": 1}'
    )


FAULTY = """
import asyncio, hashlib, threading
from collections import Counter
from aigc_eval.errors import CallError
asked, lock = Counter(), threading.Lock()
def digest(text): return hashlib.sha256(text.encode()).hexdigest()
async def answer(request):
    with lock:
        asked[request.prompt.id] += 1
        attempt = asked[request.prompt.id]
    draw = int(digest(f"{request.prompt.id} {attempt}")[:8], 16) / 16**8
    if draw < 0.10: raise CallError("server", "status 503", again=True)
    if draw < 0.20: return {"error": "busy", "again": True}
    if draw < 0.28: raise CallError("connection", "reset", again=True)
    if draw < 0.30: await asyncio.sleep(60)
    await asyncio.sleep(draw / 50)
    return digest(request.prompt.text)
"""


def test_five_hundred_answers_from_a_function_that_fails_at_thirty_per_cent(made: Make) -> None:
    """None lost, none twice, none to the wrong request: each answer is the digest of its prompt."""
    generator = made("answer", FAULTY)
    generator.load()
    requests = [Request(Prompt(f"p{i}", f"question {i}")) for i in range(500)]
    limits = Limits(concurrency=32, timeout=0.5, attempts=20, backoff=0.005, longest_wait=0.05)
    found = [e for group in call_all(lambda r: generator.generate([r])[0], requests, limits) for e in group]
    assert sorted(e.item for e in found) == list(range(500))
    for one in found:
        assert not isinstance(one.result, CallError), one.result
        assert one.result.request == requests[one.item]
        assert one.result.text == hashlib.sha256(requests[one.item].prompt.text.encode()).hexdigest()
    assert generator._module.asked.total() > 600
