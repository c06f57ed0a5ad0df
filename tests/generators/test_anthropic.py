"""The anthropic generator: Anthropic's own SDK against a real server on loopback."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval import config, runner
from aigc_eval.calls import Limits, call_all
from aigc_eval.deadline import deadline
from aigc_eval.errors import CallError, ConfigError, UsageError
from aigc_eval.generators.anthropic import Anthropic, _ending, _usage
from aigc_eval.records import OUTCOMES, Generation, Message, Prompt, Request
from tests.models.serving import Answer, serving

pytest.importorskip("anthropic", reason="needs the extra `anthropic`")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["refusal", "max_tokens"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEY = "sk-ant-loopback-0123456789"
MODEL = "claude-test-1"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_CUSTOM_HEADERS", "ANTHROPIC_API_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)


def message(*texts: str, reason: str | None = "end_turn", **more: Any) -> dict[str, Any]:
    """A message as the API documents it."""
    return {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": [{"type": "text", "text": text} for text in texts],
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 12, "output_tokens": 3},
        **more,
    }


def at(url: str, **options: Any) -> Anthropic:
    return Anthropic(**{"model": MODEL, "base_url": url.removesuffix("/v1"), **options})


def ask(generator: Anthropic, prompt: Prompt | str = "hello") -> Generation:
    prompt = Prompt("p", prompt) if isinstance(prompt, str) else prompt
    generator.load()
    generator.check([prompt], 1)
    [answer] = generator.generate([Request(prompt)])
    return answer


def answered(reply: Answer, **options: Any) -> Generation:
    with serving(lambda body: reply) as server:
        return ask(at(server.url, **options))


def failing(reply: Answer | Callable[[dict[str, Any]], Answer], **options: Any) -> CallError:
    with serving(reply if callable(reply) else lambda body: reply) as server:
        with pytest.raises(CallError) as caught:
            ask(at(server.url, **options))
        assert len(server.bodies) == 1, "the engine asks again, not the generator"
    assert KEY not in "".join(traceback.format_exception(caught.value))
    return caught.value


class TestRequests:
    def test_what_is_sent_by_default(self) -> None:
        with serving(lambda body: message("fine")) as server:
            ask(at(server.url), "几点开门？")
        assert server.paths == ["/v1/messages"]
        assert server.bodies[0] == {
            "model": MODEL,
            "max_tokens": 1024,
            "messages": [{"role": "user", "content": "几点开门？"}],
            "thinking": {"type": "disabled"},
        }
        sent = {name.lower(): value for name, value in server.headers[0].items()}
        assert sent["x-api-key"] == KEY
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", sent["anthropic-version"])
        assert "authorization" not in sent

    def test_options(self) -> None:
        options = {"system": "S", "temperature": 0.0, "top_p": 0.5, "top_k": 3, "stop": ("END",), "max_tokens": 7}
        with serving(lambda body: message("fine")) as server:
            ask(at(server.url, thinking="default", **options))
        assert server.bodies[0] == {
            "model": MODEL,
            "max_tokens": 7,
            "messages": [{"role": "user", "content": "hello"}],
            "system": "S",
            "temperature": 0.0,
            "top_p": 0.5,
            "top_k": 3,
            "stop_sequences": ["END"],
        }

    def test_a_conversation_alternates_and_its_system_messages_stand_apart(self) -> None:
        turns = [("system", "Be brief."), ("user", "a"), ("user", "b"), ("assistant", "c"), ("system", "Be kind.")]
        prompt = Prompt("p", "e", messages=tuple(Message(*turn) for turn in [*turns, ("user", "d")]))
        with serving(lambda body: message("fine")) as server:
            ask(at(server.url, system="You are a guide."), prompt)
        assert server.bodies[0]["system"] == "You are a guide.\n\nBe brief.\n\nBe kind."
        assert server.bodies[0]["messages"] == [
            {"role": "user", "content": "a\n\nb"},
            {"role": "assistant", "content": "c"},
            {"role": "user", "content": "d\n\ne"},
        ]

    @pytest.mark.parametrize("text", ["", "😀\ud800\udfff", "a\x00\x1b[31m", "مرحبا", "x" * 1_000_000], ids=range(5))
    def test_odd_prompts_arrive(self, text: str) -> None:
        with serving(lambda body: message("fine")) as server:
            ask(at(server.url, system=text), text)
        sent = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        assert server.bodies[0]["messages"] == [{"role": "user", "content": sent}]
        assert server.bodies[0].get("system", "") == sent

    def test_the_environment_changes_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with serving(lambda body: message("elsewhere")) as other, serving(lambda body: message("here")) as server:
            monkeypatch.setenv("ANTHROPIC_BASE_URL", other.url)
            monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "token-of-another")
            assert ask(at(server.url)).text == "here"
            assert other.paths == []
            assert not {n.lower() for n in server.headers[0]} & {"authorization"}
        assert Anthropic(MODEL).hosts() == ("api.anthropic.com",)

    def test_headers_of_the_environment_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "X-Beta: 1")
        with pytest.raises(UsageError, match="ANTHROPIC_CUSTOM_HEADERS is set"):
            Anthropic(MODEL).load()

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"model": " "}, "model must not be empty"),
            ({"max_tokens": 0}, "max_tokens"),
            ({"temperature": 1.5}, "temperature"),
            ({"top_p": float("nan")}, "top_p"),
            ({"top_k": 0}, "top_k"),
            ({"stop": ("", "x")}, "stop"),
            ({"api_key_env": ""}, "api_key_env"),
            ({"base_url": "http://api.example.com"}, "https"),
            ({"base_url": "https://k:s@api.example.com"}, "user name"),
        ],
    )
    def test_options_that_make_no_request(self, options: dict[str, Any], words: str) -> None:
        with pytest.raises(UsageError, match=words):
            Anthropic(**{"model": MODEL, **options})


class TestKeys:
    def test_the_key_is_kept_nowhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OTHER_KEY", KEY + "-other")
        with serving(lambda body: message("fine")) as server:
            made, other = at(server.url), at(server.url, api_key_env="OTHER_KEY")
            ask(made)
            ask(other)
            assert [h["X-Api-Key"] for h in server.headers] == [KEY, KEY + "-other"]
        sdk = made._client
        held = (
            repr(vars(made)) + repr(made) + repr(vars(sdk)) + repr(dict(sdk.default_headers)) + repr(sdk.auth_headers)
        )
        assert KEY not in held
        assert made.identity() == other.identity()

    def test_a_missing_key_is_found_before_anything_is_sent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("ANTHROPIC_API_KEY")
        with pytest.raises(UsageError, match="ANTHROPIC_API_KEY is not set"):
            Anthropic(MODEL).load()

    def test_a_missing_sdk_is_found_before_anything_is_sent(self) -> None:
        code = (
            "import sys; sys.modules['anthropic'] = None\n"
            "from aigc_eval.generators.anthropic import Anthropic\n"
            "Anthropic('m').load()"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert "pip install 'aigc-eval[anthropic]'" in done.stderr

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_is_not_followed_and_the_key_stays_here(self, status: int) -> None:
        with serving(lambda body: message("stolen")) as elsewhere:
            error = failing((status, {"Location": elsewhere.url + "/messages"}, b""))
            assert elsewhere.paths == []
        assert (error.kind, error.fatal, error.again) == ("redirected", True, False)

    def test_a_key_that_the_server_sends_back_is_not_repeated(self) -> None:
        for status in (400, 401, 500):
            echoed = {"type": "error", "error": {"type": "x", "message": f"invalid x-api-key: {KEY}"}}
            assert KEY not in str(failing((status, {}, json.dumps(echoed).encode())))
        assert KEY not in str(failing(message("a", model=KEY)))


class TestAnswers:
    def test_a_whole_answer(self) -> None:
        found = answered(message("The museum ", "opens at nine."))
        assert (found.text, found.outcome, found.detail) == ("The museum opens at nine.", "ok", "")
        assert found.usage == {"input_tokens": 12, "output_tokens": 3}
        assert found.seconds is not None
        assert 0 < found.seconds < 10

    @pytest.mark.parametrize(
        ("reason", "outcome"),
        [
            ("end_turn", "ok"),
            ("stop_sequence", "ok"),
            (None, "ok"),
            ("max_tokens", "truncated"),
            ("model_context_window_exceeded", "truncated"),
            ("pause_turn", "truncated"),
            ("tool_use", "truncated"),
            ("something_new", "truncated"),
            ("refusal", "refused"),
        ],
    )
    def test_stop_reasons(self, reason: str | None, outcome: str) -> None:
        found = answered(message("some text", reason=reason))
        assert (found.text, found.outcome) == ("some text", outcome)
        assert bool(found.detail) == (outcome != "ok")

    def test_no_text(self) -> None:
        thought = {"type": "thinking", "thinking": "I should be rude", "signature": "x"}
        assert answered(message(content=[thought], reason="max_tokens")).outcome == "empty"
        assert answered(message()).outcome == "empty"
        assert answered(message(" \n")).outcome == "empty"
        assert answered(message(reason="refusal")).outcome == "refused"
        both = answered(message(content=[thought, {"type": "text", "text": "Nine."}]))
        assert (both.text, both.outcome) == ("Nine.", "ok")

    def test_tokens_of_the_cache_were_read_too(self) -> None:
        usage = {"input_tokens": 5, "cache_creation_input_tokens": 100, "cache_read_input_tokens": 20}
        assert answered(message("a", usage={**usage, "output_tokens": 2})).usage == {
            "input_tokens": 125,
            "output_tokens": 2,
        }
        for usage in (None, {}, {"input_tokens": "many", "output_tokens": -1}, {"input_tokens": True}, [1]):  # type: ignore[assignment]
            assert answered(message("a", usage=usage)).usage == {}

    @pytest.mark.parametrize(
        "found",
        [
            {},
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            {"type": "message", "model": MODEL},
            {"type": "message", "model": MODEL, "content": "a text"},
            {"type": "completion", "model": MODEL, "content": []},
            (200, {"Content-Type": "text/html"}, b"<html>Bad gateway</html>"),
            (200, {"Content-Type": "application/json"}, b'{"type": "message", "content": ['),
            (200, {"Content-Type": "application/json"}, b""),
        ],
        ids=range(8),
    )
    def test_what_is_no_message(self, found: Any) -> None:
        error = failing(found)
        assert (error.kind, error.again) == ("bad_response", True)

    @given(JSON)
    def test_any_json_in_a_message_is_read(self, found: Any) -> None:
        inner = {"type": "text", "text": found}
        for content in ([], [found, inner], [inner, inner], found if isinstance(found, list) else []):
            text, outcome, detail = _ending({"content": content, "stop_reason": found})
            assert isinstance(text, str)
            assert outcome in OUTCOMES
            assert len(detail) < 60
        for used in (found, {"input_tokens": found, "output_tokens": found}):
            assert all(type(n) is int and n >= 0 for n in _usage(used).values())

    @pytest.mark.parametrize(
        ("asked", "said", "options"),
        [
            (MODEL, MODEL, {}),
            ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", {}),
            ("claude-3-5-haiku-latest", "claude-3-5-haiku-20241022", {}),
            ("claude-opus-4-0", "claude-opus-4-20250514", {}),
            ("team/large", "claude-opus-5", {"aliases": ("claude-opus-5",)}),
        ],
    )
    def test_the_model_that_was_asked(self, asked: str, said: str, options: dict[str, Any]) -> None:
        assert answered(message("a", model=said), model=asked, **options).text == "a"

    @pytest.mark.parametrize("said", ["claude-test-2", MODEL + "-mini", MODEL + "-2025092", "", None, 7])
    def test_another_model(self, said: Any) -> None:
        error = failing(message("a", model=said))
        assert (error.kind, error.again) == ("wrong_model", False)


class TestFailures:
    @pytest.mark.parametrize(
        ("status", "kind", "again", "fatal"),
        [
            (400, "rejected", False, False),
            (401, "unauthorised", False, True),
            (403, "unauthorised", False, True),
            (404, "rejected", False, True),
            (413, "rejected", False, False),
            (429, "rate_limited", True, False),
            (500, "server", True, False),
            (529, "server", True, False),
        ],
    )
    def test_statuses(self, status: int, kind: str, again: bool, fatal: bool) -> None:
        body = json.dumps({"type": "error", "error": {"type": "x", "message": "because"}}).encode()
        error = failing((status, {"Retry-After": "7"}, body))
        assert (error.kind, error.again, error.fatal) == (kind, again, fatal)
        assert error.after == (7 if again else None)
        assert "because" in str(error)

    def test_nobody_listens(self) -> None:
        with serving(lambda body: message("")) as server:
            url = server.url
        with pytest.raises(CallError) as caught:
            ask(at(url))
        assert (caught.value.kind, caught.value.again) == ("connection", True)

    def test_silence_ends_with_the_deadline(self) -> None:
        over = threading.Event()
        with serving(lambda body: message(str(over.wait(60)))) as server:
            made = at(server.url)
            made.load()
            started = time.monotonic()
            with deadline(0.3), pytest.raises(CallError) as caught:
                made.generate([Request(Prompt("p", "hi"))])
            took = time.monotonic() - started
            over.set()
        assert (caught.value.kind, caught.value.again) == ("timeout", True)
        assert took < 60

    def test_an_answer_without_end_is_cut(self) -> None:
        assert failing((200, {}, b'"' + b"x" * (33 << 20) + b'"')).kind == "too_large"

    def test_the_sdk_allows_many_tokens_and_old_models(self) -> None:
        """It wants streaming for long answers and warns of models that end soon; neither may stop a call."""
        with serving(lambda body: message("a", model=body["model"])) as server:
            assert ask(at(server.url, model="claude-sonnet-4-5", max_tokens=128_000)).text == "a"


class TestTogether:
    def test_many_at_a_time_are_not_mixed_up(self) -> None:
        def reply(body: dict[str, Any]) -> Answer:
            time.sleep(len(body["messages"][0]["content"]) % 7 / 1000)
            return message(f"re: {body['messages'][0]['content']}")

        requests = [Request(Prompt(f"p{i}", f"question {i}{'!' * (i % 13)}")) for i in range(120)]
        with serving(reply) as server:
            made = at(server.url)
            made.load()
            groups = list(call_all(lambda r: made.generate([r])[0], requests, Limits(concurrency=16)))
        ended = [e for group in groups for e in group]
        assert len(ended) == 120
        for e in ended:
            assert isinstance(e.result, Generation)
            assert e.result.text == f"re: {e.result.prompt.text}"

    BENCH = """
name: served
prompts: [prompts.jsonl]
candidates:
  - name: claude
    generator: {anthropic: {model: claude-test-1, base_url: "URL", max_tokens: 64}}
    limits: {concurrency: 4, attempts: 3, backoff: 0.01}
samples: 2
scorers: [toxicity]
"""

    def test_a_bench_from_end_to_end(self, tmp_path: Path) -> None:
        lines = [json.dumps({"id": f"p{i}", "prompt": f"Question {i}", "lang": "en"}) for i in range(4)]
        (tmp_path / "prompts.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
        seen: list[str] = []

        def reply(body: dict[str, Any]) -> Answer:
            text = body["messages"][0]["content"]
            seen.append(text)
            if seen.count(text) == 1:
                return 529, {}, b'{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}'
            return message(f"{text} Your key is {KEY}.")

        with serving(reply) as server:
            (tmp_path / "bench.yaml").write_text(self.BENCH.replace("URL", server.url.removesuffix("/v1")), "utf-8")
            done = runner.run(config.load(tmp_path / "bench.yaml"), tmp_path / "out")
            asked = len(server.paths)
            runner.run(config.load(tmp_path / "bench.yaml"), tmp_path / "out", resume=True)
            assert len(server.paths) == asked
        assert set(done.rows["outcome"]) == {"ok"}
        assert [t.split(" Your")[0] for t in done.rows["text"]] == [f"Question {i}" for i in range(4) for _ in range(2)]
        for path in (p for p in (tmp_path / "out").rglob("*") if p.is_file()):
            assert KEY.encode() not in path.read_bytes(), path

    def test_a_host_is_allowed_by_the_command_line(self, tmp_path: Path) -> None:
        (tmp_path / "prompts.jsonl").write_text('{"id": "a", "prompt": "x"}\n', "utf-8")
        (tmp_path / "bench.yaml").write_text(self.BENCH.replace("URL", "https://api.anthropic.com"), "utf-8")
        with pytest.raises(ConfigError, match=r"api\.anthropic\.com"):
            config.load(tmp_path / "bench.yaml")
