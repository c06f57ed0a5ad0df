"""No object that outlives a call leads to a key: plug-ins, clients, exceptions, log records, warnings."""

from __future__ import annotations

import gc
import json
import logging
import pickle
import traceback
import types
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from aigc_eval import credentials
from aigc_eval.calls import Limits, call_all
from aigc_eval.credentials import redact
from aigc_eval.deadline import deadline
from aigc_eval.errors import AigcEvalError, CallError, UsageError
from aigc_eval.generators.anthropic import Anthropic
from aigc_eval.generators.http import Http
from aigc_eval.generators.openai_compatible import OpenAICompatible
from aigc_eval.models.chat import EndpointChat
from aigc_eval.plugin import Generator
from aigc_eval.records import Message, Prompt, Request
from aigc_eval.scorers.toxicity_judge import ToxicityJudge
from tests.secrets.canaries import ENCODINGS, KEYS, Hit, encoded, scan
from tests.secrets.echoing import FATAL, PLACES, echoing, mark

NAME = "CANARY_KEY_00"
KEY = KEYS[20]
SOME_WAYS = [(place, [*ENCODINGS][i % len(ENCODINGS)]) for i, place in enumerate([*PLACES, *FATAL])]
EVERY_WAY = [(place, encoding) for place in [*PLACES, *FATAL] for encoding in ENCODINGS]
LIMITS = Limits(attempts=1, outage=30)


def generators(url: str) -> list[Generator]:
    body = {"messages": "{messages}"}
    return [
        OpenAICompatible(f"{url}/v1", "m", NAME),
        Anthropic("m", base_url=url, api_key_env=NAME),
        Http(f"{url}/v1/chat", "choices.0.message.content", body, api_key_env=NAME),
    ]


def called(made: Generator, requests: list[Request]) -> list[object]:
    """The engine's results."""
    return [ended.result for group in call_all(lambda r: made.generate([r]), requests, LIMITS) for ended in group]


def failure(made: Generator, request: Request) -> CallError | None:
    """What `generate` itself raises."""
    with deadline(20):
        try:
            made.generate([request])
        except CallError as error:
            return error
    return None


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(NAME, KEY)
    return KEY


_OPAQUE = (type, types.ModuleType, types.FunctionType, types.BuiltinMethodType, int, float, type(None))


def texts(thing: object) -> Iterator[str]:
    """Everything that can be read from an object: what it prints, what it refers to, and so on, six steps deep."""
    seen: set[int] = set()
    steps: list[object] = [thing]
    for _ in range(6):
        found: list[object] = []
        for one in steps:
            if id(one) in seen or isinstance(one, _OPAQUE):
                continue
            seen.add(id(one))
            if isinstance(one, str | bytes):
                yield one if isinstance(one, str) else one.decode("latin-1")
            else:
                found += _inside(one)
        steps = found


def _inside(thing: object) -> list[object]:
    inside: list[object] = [repr(thing), str(thing)]
    inside += [] if isinstance(thing, types.TracebackType | types.FrameType) else gc.get_referents(thing)
    inside += [*vars(thing).values()] if hasattr(thing, "__dict__") else []
    if isinstance(thing, BaseException):
        inside += [*traceback.format_exception(thing), thing.__cause__, thing.__context__, *thing.args]
    return inside


def held(*things: object) -> list[Hit]:
    found = "\n".join(text for thing in things for text in texts(thing))
    return scan({"objects": found.encode("utf-8", "replace")}, [KEY])


def test_the_search_through_objects_finds_what_there_is() -> None:
    error = ValueError("outer")
    error.__context__ = KeyError({"request": [KEY.encode()]})
    assert held(error)
    assert not held(ValueError(KEY[:5]))


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("ways", [SOME_WAYS, pytest.param(EVERY_WAY, marks=pytest.mark.slow)], ids=["some", "every"])
def test_no_answer_and_no_failure_leads_to_the_key(number: int, ways: Sequence[tuple[str, str]]) -> None:
    """The engine's view: results of `call_all`; and that of whoever calls `generate`."""
    with echoing() as server:
        made = generators(server.url)[number]
        made.load()
        asked = [Request(Prompt("b", mark(*way))) for way in ways]
        ended = [one for request in asked for one in called(made, [Request(Prompt("a", "hello")), request])]
        failed = [result for result in ended if isinstance(result, CallError)]
        assert len(ended) == 2 * len(ways)
        assert len(failed) > len(ways) / 2
        assert not any(error.__traceback__ for error in failed)
        assert held(*failed, *(failure(made, request) for request in asked)) == []
        assert held(made, pickle.dumps(made), made.made_of(), made.signature(), made.hosts()) == []


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("place", FATAL)
def test_a_failure_that_ends_a_run_leads_to_no_key(number: int, place: str) -> None:
    with echoing() as server:
        made = generators(server.url)[number]
        for encoding in ENCODINGS:
            with pytest.raises(UsageError) as caught:
                called(made, [Request(Prompt("b", mark(place, encoding)))])
            assert scan({"error": "".join(traceback.format_exception(caught.value)).encode()}, [KEY]) == []


@pytest.mark.parametrize("place", ["text", "rejected", "unauthorised", "redirect", "model", "content", "filtered"])
def test_judges_lead_to_no_key(place: str) -> None:
    with echoing() as server:
        chat = EndpointChat(f"{server.url}/v1", "m", NAME, retries=0)
        options = {"endpoint": f"{server.url}/v1", "endpoint_model": "m", "api_key_env": NAME}
        judge = ToxicityJudge(**options)  # type: ignore[arg-type]
        judge.load()
        for encoding in ENCODINGS:
            asked = Message("user", mark(place, encoding))
            assert held(chat.attempt([[asked]], max_tokens=9)) == []
        assert judge.score([Request(Prompt("p", "?")).answer(asked.content)])[0]
        assert held(chat, judge, pickle.dumps(judge), judge.made_of()) == []


def test_no_log_record_and_no_warning_holds_the_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with warnings.catch_warnings(record=True) as warned, echoing() as server:
        warnings.simplefilter("always")
        for made in generators(server.url):
            for i, place in enumerate(PLACES):
                request = Request(Prompt("p", mark(place, [*ENCODINGS][i % len(ENCODINGS)])))
                called(made, [request])
    assert {"httpx2", "httpcore2.http11"} <= {record.name for record in caplog.records}
    assert held(*[vars(record) for record in caplog.records]) == []
    assert held(*[warning.message for warning in warned]) == []
    assert scan({"log": caplog.text.encode()}, [KEY]) == []


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_whatever_a_text_holds_is_redacted(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    """With other keys around, some of which begin like it."""
    for secret in KEYS:
        monkeypatch.setattr(credentials, "_read", {})
        for number, other in enumerate([*KEYS[:8], secret]):
            monkeypatch.setenv(f"CANARY_KEY_{number}", other)
            credentials.key(f"CANARY_KEY_{number}")
        said = encoded(secret, encoding)
        for text in (f"The key is {said}.", json.dumps({"a": said}), repr(said), repr(said.encode())):
            found = redact(text)
            assert scan({"text": found.encode()}, [secret]) == []
            assert "[key: CANARY_KEY_" in found


def test_a_key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{KEY}\n", "utf-8")
    monkeypatch.delenv(NAME)
    monkeypatch.setenv(f"{NAME}_FILE", str(file))
    assert credentials.key(NAME) == KEY
    for content in (b"", b"ab", KEY.encode() + b"\nmore", b"\xff" + KEY.encode(), f"{KEY} x".encode()):
        file.write_bytes(content)
        with pytest.raises(AigcEvalError) as caught:
            credentials.key(NAME)
        assert held(caught.value) == []
