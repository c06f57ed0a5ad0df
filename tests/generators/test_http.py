"""The http generator against real servers on loopback: what it sends, what it reads, how it fails."""

from __future__ import annotations

import contextlib
import json
import pickle
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval import config, runner
from aigc_eval.calls import Limits, call_all
from aigc_eval.deadline import deadline
from aigc_eval.errors import CallError, ConfigError, DataError, UsageError
from aigc_eval.generators.http import Http
from aigc_eval.generators.http.answer import FINISHED, Paths, read
from aigc_eval.generators.http.template import fill, names
from aigc_eval.records import OUTCOMES, Generation, Message, Prompt, Request

KEY = "sk-loopback-0123456789"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["error", "length", "text"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
CHAT: dict[str, Any] = {"messages": "{messages}", "seed": "{seed}"}


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Reply = dict[str, Any] | tuple[int, dict[str, str], bytes]


@dataclass
class Server:
    url: str = ""
    asked: list[Asked] = field(default_factory=list)


@contextlib.contextmanager
def serving(reply: Callable[[Asked], Reply]) -> Iterator[Server]:
    """A server on loopback for POST, PUT and GET that keeps every request it saw."""
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            server.asked.append(asked)
            found = reply(asked)
            status, headers, content = (
                found
                if isinstance(found, tuple)
                else (200, {"Content-Type": "application/json"}, json.dumps(found).encode())
            )
            with contextlib.suppress(OSError):  # the other side may have stopped listening
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(content))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_PUT = do_POST

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on the terminal."""

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{made.server_address[1]}"
    try:
        yield server
    finally:
        made.shutdown()
        made.server_close()
        thread.join()


def ask(generator: Http, prompt: Prompt | str, **request: int) -> Generation:
    prompt = Prompt("p", prompt) if isinstance(prompt, str) else prompt
    generator.load()
    generator.check([prompt], 1)
    [answer] = generator.generate([Request(prompt, **request)])
    return answer


def failing(generator: Http, text: str = "hello") -> CallError:
    with pytest.raises(CallError) as caught:
        ask(generator, text)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    return caught.value


class TestTemplates:
    def test_every_placeholder(self) -> None:
        prompt = Prompt(
            "p-1",
            "And now?",
            messages=(Message("system", "Be brief."), Message("user", "Hi"), Message("assistant", "Hello")),
            tags={"lang": "en"},
            fields={"name": "museum"},
        )
        body = {
            "model": "m",
            "all": "{messages}",
            "turns": "{turns}",
            "nested": [{"q": "{system} | {prompt} | {fields.name} | {tag.lang} | {id} | {sample}"}],
            "seed": "{seed}",
            "text": "seed {seed}",
            "literal": "{{prompt}} }}{{",
            "n": 3,
            "off": None,
            "{prompt}": True,
        }
        with serving(lambda asked: {"out": "fine"}) as server:
            answer = ask(Http(server.url + "/generate", "out", body), prompt, seed=2**31, sample=4)
        turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
        turns.append({"role": "user", "content": "And now?"})
        assert server.asked[0].json == {
            "model": "m",
            "all": [{"role": "system", "content": "Be brief."}, *turns],
            "turns": turns,
            "nested": [{"q": "Be brief. | And now? | museum | en | p-1 | 4"}],
            "seed": 2**31,
            "text": f"seed {2**31}",
            "literal": "{prompt} }{",
            "n": 3,
            "off": None,
            "{prompt}": True,
        }
        assert server.asked[0].headers["content-type"] == "application/json"
        assert (answer.text, answer.outcome) == ("fine", "ok")
        assert answer.seconds is not None
        assert 0 < answer.seconds < 10

    @given(st.text(alphabet=st.characters(codec=None, categories=None), max_size=40))
    def test_a_value_is_never_read_as_a_template(self, text: str) -> None:
        known = {"prompt": text, "seed": 1, "id": "{prompt}"}
        assert fill("{prompt}", known) == text
        assert fill("<{prompt}|{id}>", known) == f"<{text}|{{prompt}}>"

    @given(st.text(alphabet="{}ab", max_size=12))
    def test_doubled_braces_are_literal(self, text: str) -> None:
        doubled = text.replace("{", "{{").replace("}", "}}")
        assert names("body", doubled) == frozenset()
        assert fill(doubled, {}) == text

    @pytest.mark.parametrize(
        ("template", "words"),
        [
            ({"a": ["{promt}"]}, r"body\.a\.0: unknown placeholder '\{promt\}'"),
            ({"a": "{}"}, "unknown placeholder"),
            ({"a": "{fields.}"}, "unknown placeholder"),
            ({"a": "{prompt} {"}, "a single '{'"),
            ({"a": "{prompt} }"}, "a single '}'"),
            ({"a": "talk: {messages}"}, "must stand alone"),
            ('{"prompt": "{prompt}"}', "unknown placeholder|a single"),
            ({"a": "hello"}, "nothing of the prompt is sent"),
            ({"a": "{seed} {id} {tag.lang}"}, "nothing of the prompt is sent"),
        ],
    )
    def test_what_is_no_template(self, template: Any, words: str) -> None:
        with pytest.raises(UsageError, match=words):
            Http("https://api.example.com/v1", "out", template)

    def test_a_list_is_no_part_of_a_text_body_or_of_a_query(self) -> None:
        with pytest.raises(UsageError, match="must stand alone"):
            Http("https://api.example.com/v1", "out", "{messages}")
        with pytest.raises(UsageError, match="must stand alone"):
            Http("https://api.example.com/v1", "out", query={"q": "{turns}"})


class TestRequests:
    @pytest.mark.parametrize("method", ["POST", "PUT"])
    def test_a_text_body(self, method: Any) -> None:
        with serving(lambda asked: (200, {"Content-Type": "text/plain; charset=utf-8"}, "好的。".encode())) as server:
            made = Http(server.url, "", "Q: {prompt}\n{{A}}:", method=method)
            answer = ask(made, "几点开门？{id}")
        assert (answer.text, answer.outcome) == ("好的。", "ok")
        assert server.asked[0].method == method
        assert server.asked[0].body.decode() == "Q: 几点开门？{id}\n{A}:"
        assert server.asked[0].headers["content-type"] == "text/plain; charset=utf-8"

    def test_a_query_is_encoded(self) -> None:
        hostile = "a&b=c#d?e/../%00\r\nX-Evil: 1 几点"
        with serving(lambda asked: {"out": "x"}) as server:
            made = Http(server.url + "/ask", "out", query={"q": "{prompt}", "n": 2, "raw": True}, method="GET")
            ask(made, hostile)
        parts = urlsplit(server.asked[0].path)
        assert (server.asked[0].method, parts.path, server.asked[0].body) == ("GET", "/ask", b"")
        assert parse_qs(parts.query, keep_blank_values=True) == {"q": [hostile], "n": ["2"], "raw": ["true"]}
        assert "x-evil" not in server.asked[0].headers

    @pytest.mark.parametrize("text", ["", "😀\ud800\udfff", "a\x00\x1b[31m", "مرحبا", "x" * 1_000_000], ids=range(5))
    def test_odd_prompts_arrive(self, text: str) -> None:
        with serving(lambda asked: {"out": "x"}) as server:
            ask(Http(server.url, "out", {"q": "{prompt}"}), text)
        assert server.asked[0].json == {"q": text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")}

    def test_headers(self) -> None:
        with serving(lambda asked: {"out": "x"}) as server:
            ask(Http(server.url, "out", CHAT, headers={"X-Team": "eval", "content-type": "application/x+json"}), "hi")
        sent = server.asked[0].headers
        assert (sent["x-team"], sent["content-type"]) == ("eval", "application/x+json")
        assert "authorization" not in sent
        assert "gzip" not in sent.get("accept-encoding", "")

    @pytest.mark.parametrize(
        "name",
        [
            "Authorization",
            "x-api-key",
            "X-Goog-Api-Key",
            "Ocp-Apim-Subscription-Key",
            "Cookie",
            "X-Auth",
            "accessToken",
        ],
    )
    def test_a_header_that_looks_like_a_secret(self, name: str) -> None:
        with pytest.raises(UsageError, match=r"looks like a secret; .*`api_key_env`.*`key_header`"):
            Http("https://api.example.com/v1", "out", CHAT, headers={name: "abc"})

    @pytest.mark.parametrize(
        ("headers", "words"),
        [
            ({"X-Thing": "Bearer abc"}, "looks like a secret"),
            ({"Host": "other"}, "not a header that can be set"),
            ({"Content-Length": "3"}, "not a header that can be set"),
            ({"Accept-Encoding": "gzip"}, "not a header that can be set"),
            ({"X Thing": "a"}, "not a header that can be set"),
            ({"X-Thing": "a\r\nX-Evil: 1"}, "plain text"),
            ({"X-Thing": "{prompt}"}, "nothing of a request"),
        ],
    )
    def test_headers_that_cannot_be_sent(self, headers: dict[str, str], words: str) -> None:
        with pytest.raises(UsageError, match=words):
            Http("https://api.example.com/v1", "out", CHAT, headers=headers)

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"url": "http://api.example.com/v1"}, "https"),
            ({"url": "https://user:pw@api.example.com/"}, "user name"),
            ({"url": "https://api.example.com/?q={prompt}"}, "query"),
            ({"query": {"api_key": "abc"}}, "looks like a secret"),
            ({"method": "GET"}, "GET has none"),
            ({"text": "", "finish_reason": "why"}, "a plain text has no paths"),
            ({"key_header": "Host"}, "not a header"),
            ({"key_prefix": "Bearer\r\nX-Evil: 1 "}, "one word before the key"),
        ],
    )
    def test_options_that_make_no_request(self, options: dict[str, Any], words: str) -> None:
        with pytest.raises(UsageError, match=words):
            Http(**{"url": "https://api.example.com/v1", "text": "out", "body": CHAT, **options})


class TestKeys:
    def test_the_key_is_sent_where_it_belongs_and_is_nowhere_else(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LOOPBACK_KEY", KEY)
        with serving(lambda asked: {"out": "x"}) as server:
            made = Http(server.url, "out", CHAT, api_key_env="LOOPBACK_KEY")
            other = Http(server.url, "out", CHAT, api_key_env="LOOPBACK_KEY", key_header="X-Api-Key", key_prefix="")
            ask(made, "hi")
            ask(other, "hi")
        assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"
        assert server.asked[1].headers["x-api-key"] == KEY
        assert made.identity() == other.identity()
        assert "LOOPBACK_KEY" not in made.signature()
        assert KEY not in repr(vars(made)) + repr(made) + made.signature()

    def test_a_missing_key_is_found_before_anything_is_sent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("LOOPBACK_KEY", raising=False)
        with serving(lambda asked: {"out": "x"}) as server:
            with pytest.raises(UsageError, match="LOOPBACK_KEY is not set"):
                Http(server.url, "out", CHAT, api_key_env="LOOPBACK_KEY").load()
            assert server.asked == []

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_is_not_followed_and_the_key_stays_here(
        self, status: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LOOPBACK_KEY", KEY)
        with serving(lambda asked: {"out": "stolen"}) as elsewhere:
            moved = (status, {"Location": elsewhere.url + "/x"}, b"")
            with serving(lambda asked: moved) as server:
                error = failing(Http(server.url, "out", CHAT, api_key_env="LOOPBACK_KEY"))
                assert len(server.asked) == 1
            assert elsewhere.asked == []
        assert (error.kind, error.fatal, error.again) == ("redirected", True, False)

    def test_a_key_that_the_server_sends_back_is_not_repeated(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LOOPBACK_KEY", KEY)
        echoed = json.dumps({"error": {"message": f"no such key: {KEY}\x1b[31m" + "x" * 5000}}).encode()
        for status in (200, 400, 401, 500):
            with serving(lambda asked, status=status: (status, {}, echoed)) as server:  # type: ignore[misc]
                error = failing(Http(server.url, "out", CHAT, error="error", api_key_env="LOOPBACK_KEY"))
            assert KEY not in str(error)
            assert "\x1b" not in str(error)
            assert len(str(error)) < 400


class TestAnswers:
    PATHS = Paths("choices.0.message.content", "choices.0.finish_reason", "usage.in", "usage.out", "error")

    def answer(self, content: Any, reason: str | None = "stop", **more: Any) -> dict[str, Any]:
        return {"choices": [{"message": {"content": content}, "finish_reason": reason}], **more}

    @pytest.mark.parametrize(
        ("content", "reason", "expected"),
        [
            ("yes", "stop", ("yes", "ok")),
            ("yes", None, ("yes", "ok")),
            ("yes", "length", ("yes", "truncated")),
            ("yes", "MAX_TOKENS", ("yes", "truncated")),
            ("", "stop", ("", "empty")),
            (" \u200b", "length", (" \u200b", "empty")),
            (None, "stop", ("", "empty")),
            (None, "length", ("", "empty")),
            (None, "content_filter", ("", "filtered")),
            ("no", "refusal", ("no", "refused")),
        ],
    )
    def test_how_it_ended(self, content: Any, reason: str | None, expected: tuple[str, str]) -> None:
        assert read(self.answer(content, reason), self.PATHS, FINISHED)[:2] == expected

    def test_own_finish_reasons(self) -> None:
        with serving(lambda asked: self.answer("a", "SAFETY")) as server:
            made = Http(server.url, *self.PATHS[:1], CHAT, finish_reason=self.PATHS[1], finish={"safety": "filtered"})
            assert ask(made, "hi").outcome == "filtered"

    def test_a_blank_answer_is_empty(self) -> None:
        with serving(lambda asked: {"out": " \n"}) as server:
            assert ask(Http(server.url, "out", CHAT), "hi").outcome == "empty"

    def test_tokens(self) -> None:
        with serving(lambda asked: self.answer("a", usage={"in": 12, "out": 3.0})) as server:
            made = Http(server.url, self.PATHS.text, CHAT, input_tokens="usage.in", output_tokens="usage.out")
            assert ask(made, "hi").usage == {"input_tokens": 12, "output_tokens": 3}

    @pytest.mark.parametrize("told", [None, True, -1, 1.5, "12", 1e300, [], {}])
    def test_what_is_no_number_of_tokens_was_not_told(self, told: Any) -> None:
        assert read(self.answer("a", usage={"in": told, "out": 1}), self.PATHS, FINISHED).usage == {"output_tokens": 1}

    @pytest.mark.parametrize(
        "found",
        [
            {},
            [],
            None,
            "text",
            7,
            {"choices": []},
            {"choices": [{"message": {"content": ["a"]}}]},
            {"choices": [{"message": {"content": 7}}]},
            {"choices": [{"message": {"content": "fine"}, "finish_reason": "error"}]},
            {"choices": [{"message": {"content": "fine"}}], "error": {"message": "overloaded"}},
        ],
    )
    def test_what_is_no_answer(self, found: Any) -> None:
        with pytest.raises(CallError) as caught:
            read(found, self.PATHS, FINISHED)
        assert (caught.value.kind, caught.value.again) == ("bad_response", True)

    @given(JSON)
    def test_any_json_is_an_answer_or_a_failure(self, found: Any) -> None:
        kinds = set()
        placed = {"choices": [{"message": {"content": found}, "finish_reason": found}], "usage": {"in": found}}
        for whole in (found, {"choices": found}, placed):
            try:
                answer = read(whole, self.PATHS, FINISHED)
            except CallError as error:
                kinds.add(error.kind)
                continue
            assert isinstance(answer.text, str)
            assert answer.outcome in OUTCOMES
            assert all(type(n) is int and n >= 0 for n in answer.usage.values())
        assert kinds <= {"bad_response"}

    @pytest.mark.parametrize("absent", [None, False, ""])
    def test_an_error_that_is_none(self, absent: Any) -> None:
        assert read(self.answer("fine", error=absent), self.PATHS, FINISHED).text == "fine"

    @pytest.mark.parametrize(
        "content",
        [b"", b"<html>502</html>", b'{"out": "cut', b'{"out": NaN}', b'{"out": "\xff"}', b'{"out": "a", "out": "b"}'],
    )
    def test_what_is_no_json(self, content: bytes) -> None:
        with serving(lambda asked: (200, {"Content-Type": "application/json"}, content)) as server:
            error = failing(Http(server.url, "out", CHAT))
        assert (error.kind, error.again) == ("bad_response", True)

    @pytest.mark.parametrize("kind", ["text/html", "application/json", "TEXT/HTML; charset=utf-8"])
    def test_a_page_is_no_plain_text(self, kind: str) -> None:
        with serving(lambda asked: (200, {"Content-Type": kind}, b"<h1>Bad gateway</h1>")) as server:
            error = failing(Http(server.url, "", "{prompt}"))
        assert error.kind == "bad_response"

    def test_plain_text_is_utf_8(self) -> None:
        with serving(lambda asked: (200, {"Content-Type": "text/plain"}, b"caf\xe9")) as server:
            assert failing(Http(server.url, "", "{prompt}")).kind == "bad_response"
        with serving(lambda asked: (200, {}, b"")) as server:
            assert ask(Http(server.url, "", "{prompt}"), "hi").outcome == "empty"


class TestFailures:
    @pytest.mark.parametrize(
        ("status", "kind", "again", "fatal"),
        [
            (400, "rejected", False, False),
            (401, "unauthorised", False, True),
            (403, "unauthorised", False, True),
            (422, "rejected", False, False),
            (429, "rate_limited", True, False),
            (500, "server", True, False),
            (503, "server", True, False),
        ],
    )
    def test_statuses(self, status: int, kind: str, again: bool, fatal: bool) -> None:
        with serving(lambda asked: (status, {"Retry-After": "7"}, b"{}")) as server:
            error = failing(Http(server.url, "out", CHAT))
            assert len(server.asked) == 1, "the engine asks again, not the generator"
        assert (error.kind, error.again, error.fatal) == (kind, again, fatal)
        assert error.after == (7 if again else error.after)

    def test_nobody_listens(self) -> None:
        with serving(lambda asked: {}) as server:
            url = server.url
        error = failing(Http(url, "out", CHAT))
        assert (error.kind, error.again) == ("connection", True)

    def test_silence_ends_with_the_deadline(self) -> None:
        over = threading.Event()
        with serving(lambda asked: {"out": str(over.wait(60))}) as server:
            made = Http(server.url, "out", CHAT)
            made.load()
            started = time.monotonic()
            with deadline(0.3), pytest.raises(CallError) as caught:
                made.generate([Request(Prompt("p", "hi"))])
            took = time.monotonic() - started
            over.set()
        assert (caught.value.kind, caught.value.again) == ("timeout", True)
        assert took < 60

    def test_an_answer_without_end_is_cut(self) -> None:
        piece = b'"' + b"x" * (33 << 20) + b'"'
        with serving(lambda asked: (200, {}, piece)) as server:
            assert failing(Http(server.url, "", "{prompt}")).kind == "too_large"

    def test_prompts_that_the_template_does_not_fit(self) -> None:
        made = Http("https://api.example.com/v1", "out", {"q": "{prompt} {fields.name} {tag.lang}"})
        plain = Prompt("a", "x", tags={"lang": "en"}, fields={"name": "n"})
        made.check([plain], 1)
        talk = (Message("system", "s"), Message("user", "u"), Message("assistant", "a"))
        with pytest.raises(DataError) as caught:
            made.check([plain, Prompt("b", "x", messages=talk)], 1)
        words = str(caught.value)
        for part in ("no fields 'name'", "no tag 'lang'", "earlier turns", "a system message", "'b'"):
            assert part in words
        for body in ({"m": "{messages}"}, {"s": "{system}", "m": "{turns}"}):
            Http("https://api.example.com/v1", "out", body).check([Prompt("b", "x", messages=talk)], 1)
        assert made.hosts() == ("api.example.com",)


class TestTogether:
    def test_only_the_options_travel_to_another_process(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LOOPBACK_KEY", KEY)
        with serving(lambda asked: {"out": "x"}) as server:
            made = Http(server.url, "out", CHAT, api_key_env="LOOPBACK_KEY")
            ask(made, "hi")
            packed = pickle.dumps(made)
            assert KEY.encode() not in packed
            assert ask(pickle.loads(packed), "hi").text == "x"

    def test_many_at_a_time_are_not_mixed_up(self) -> None:
        def reply(asked: Asked) -> Reply:
            time.sleep(int(asked.json["seed"]) % 7 / 1000)
            return {"out": f"re: {asked.json['messages'][-1]['content']}"}

        requests = [Request(Prompt(f"p{i}", f"question {i}"), seed=i * 31) for i in range(200)]
        with serving(reply) as server:
            made = Http(server.url, "out", CHAT)
            made.load()
            groups = list(call_all(lambda r: made.generate([r])[0], requests, Limits(concurrency=16)))
        ended = [e for group in groups for e in group]
        assert len(ended) == 200
        for e in ended:
            assert isinstance(e.result, Generation)
            assert e.result.text == f"re: question {e.item}"

    BENCH = """
name: endpoint
prompts: [prompts.jsonl]
candidates:
  - name: served
    generator:
      http:
        url: URL/generate
        text: choices.0.text
        body: {input: "{prompt}", lang: "{tag.lang}", seed: "{seed}"}
        finish_reason: choices.0.why
        input_tokens: usage.read
        output_tokens: usage.written
        api_key_env: LOOPBACK_KEY
    limits: {concurrency: 4, attempts: 3, backoff: 0.01}
samples: 2
scorers: [toxicity]
"""

    def test_a_bench_from_end_to_end(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LOOPBACK_KEY", KEY)
        texts = ["Where is it? {seed}", "它在哪里？", "\x1b[31m red", "{prompt}"]
        lines = [json.dumps({"id": f"p{i}", "prompt": text, "lang": "en"}) for i, text in enumerate(texts)]
        (tmp_path / "prompts.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
        seen: dict[bytes, int] = {}

        def reply(asked: Asked) -> Reply:
            seen[asked.body] = seen.get(asked.body, 0) + 1
            if seen[asked.body] == 1:
                return 503, {}, b"busy"
            said = {"text": f"{asked.json['input']} Your key is {KEY}.", "why": "length"}
            return {"choices": [said], "usage": {"read": 9, "written": 4}}

        with serving(reply) as server:
            (tmp_path / "bench.yaml").write_text(self.BENCH.replace("URL", server.url), "utf-8")
            done = runner.run(config.load(tmp_path / "bench.yaml"), tmp_path / "out")
            asked = len(server.asked)
            again = runner.run(config.load(tmp_path / "bench.yaml"), tmp_path / "out", resume=True)
            assert len(server.asked) == asked == 16
        rows = done.rows
        assert set(rows["outcome"]) == {"truncated"}
        assert set(rows["usage.input_tokens"]) == {9}
        assert [t.split(" Your key")[0] for t in rows["text"]] == [t for t in texts for _ in range(2)]
        assert list(again.rows["text"]) == list(rows["text"])
        for path in (p for p in (tmp_path / "out").rglob("*") if p.is_file()):
            assert KEY.encode() not in path.read_bytes(), path

    def test_a_mistake_in_a_bench_has_its_line(self, tmp_path: Path) -> None:
        (tmp_path / "prompts.jsonl").write_text('{"id": "a", "prompt": "x"}\n', "utf-8")
        wrong = self.BENCH.replace("URL", "https://api.example.com").replace("{prompt}", "{promt}")
        (tmp_path / "bench.yaml").write_text(wrong, "utf-8")
        with pytest.raises(ConfigError, match=r"bench\.yaml:7: .*body\.input: unknown placeholder '\{promt\}'"):
            config.load(tmp_path / "bench.yaml")
