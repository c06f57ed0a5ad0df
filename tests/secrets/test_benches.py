"""Keys that somebody wrote into a bench are refused and never repeated; nothing of the environment gets into one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from aigc_eval import config
from aigc_eval.cli import main
from aigc_eval.credentials import check_variable, masked, pasted
from aigc_eval.errors import ConfigError, UsageError
from aigc_eval.generators.anthropic import Anthropic
from aigc_eval.generators.command import Command
from aigc_eval.generators.http import Http
from aigc_eval.generators.openai_compatible import OpenAICompatible
from aigc_eval.models.chat.source import ChatSource
from tests.models.serving import completion, serving
from tests.secrets.canaries import KEYS, scan

PASTED = [
    "sk-live-51Hq8Xw2eZvKYlo2C",
    "sk-proj-Zb3kQ9vT1xR7nM5cW2yJ8hL4",
    "sk-ant-api03-aB3dE5gH7jK9mN1pQ3rS5tU7vW9xY1zA3bC5",
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "hf_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345",
    "AKIAIOSFODNN7EXAMPLE",
    "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
    "xoxb-123456789012-abcdefghijkl",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
]
"""Made up, in the forms that services publish for theirs."""
NO_FORM = [
    "9c1e5f7a3b2d4e6f8a0b1c2d3e4f5a6b",
    "aB3dE5gH7jK9mN1pQ3rS",
    "Zb3kQ9vT1xR7nM5cW2yJ8hL4+/==",
    "correct horse battery",
]
"""Keys that look like no service's: refused where a variable's name belongs."""
WHERE: list[dict[str, Any]] = [
    {"openai_compatible": {"base_url": "https://a.example/v1", "model": "m", "api_key_env": "X"}},
    {"openai_compatible": {"base_url": "https://user:X@a.example/v1", "model": "m"}},
    {"openai_compatible": {"base_url": "https://a.example/v1?key=X", "model": "m"}},
    {"openai_compatible": {"base_url": "X", "model": "m"}},
    {"openai_compatible": {"base_url": "https://a.example/v1", "model": "X"}},
    {"openai_compatible": {"base_url": "https://a.example/v1", "model": "m", "extra": {"user": "X"}}},
    {"openai_compatible": {"base_url": "https://a.example/v1", "model": "m", "extra": {"X": 1}}},
    {"openai_compatible": {"base_url": "https://a.example/v1", "model": "m", "api_key": "X"}},
    {"openai_compatible": {"base_url": "https://a.example/v1", "model": "m", "temperature": "X"}},
    {"openai_compatible": {"base_url": "https://a.example/v1", "model": "m", "stop": "X"}},
    {"openai_compatible": {"base_url": "https://a.example/v1", "model": "m", "X": True}},
    {"anthropic": {"model": "m", "api_key_env": "X"}},
    {"anthropic": "X"},
    {"http": {"url": "https://a.example", "text": "a", "body": {"q": "{prompt}", "auth": {"token": "X"}}}},
    {"http": {"url": "https://a.example", "text": "a", "body": "{prompt} X"}},
    {"http": {"url": "https://a.example", "text": "a", "body": {"q": "{prompt}"}, "headers": {"X-Custom": "X"}}},
    {"http": {"url": "https://a.example", "text": "a", "body": {"q": "{prompt}"}, "headers": {"Auth": "Bearer X"}}},
    {"http": {"url": "https://a.example", "text": "a", "method": "GET", "query": {"q": "{prompt}", "k": "X"}}},
    {"http": {"url": "https://a.example", "text": "a", "body": {"q": "{prompt}"}, "key_prefix": "X"}},
    {"http": {"url": "https://a.example", "text": "a", "body": {"q": "{prompt}"}, "key_header": "X"}},
    {"command": {"run": ["sh", "-c", "true"], "env": ["X"]}},
    {"command": {"run": ["sh", "-c", "true"], "env": ["BOT_KEY=X"]}},
    {"command": {"run": ["bot", "--api-key", "X"]}},
    {"command": {"run": ["bot", "--key=X"]}},
    {"python": {"call": "bot:answer", "arguments": {"api_key": "X"}}},
    {"python": {"call": "bot:answer", "arguments": {"deep": [{"er": "X"}]}}},
    {"python": "X"},
    {"X": {}},
    {"X": "X"},
]  # fmt: skip


def put(value: Any, key: str) -> Any:
    """The value with the key in place of X."""
    if isinstance(value, dict):
        return {put(name, key): put(inner, key) for name, inner in value.items()}
    if isinstance(value, list):
        return [put(inner, key) for inner in value]
    return re.sub(r"(?<![\w-])X(?!-)", lambda _: key, value) if isinstance(value, str) else value


def bench(folder: Path, candidate: Any, scorers: list[Any] | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "p.jsonl").write_text('{"id": "p", "prompt": "你好"}\n', "utf-8")
    document = {"name": "b", "prompts": ["p.jsonl"], "candidates": [candidate], "scorers": scorers or ["fluency"]}
    path = folder / "bench.yaml"
    path.write_text(json.dumps(document), "utf-8")
    return path


@pytest.mark.parametrize("place", range(len(WHERE)))
def test_a_key_in_a_bench_is_refused_and_not_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: int
) -> None:
    for key in PASTED[place % 5 :: 5]:
        path = bench(tmp_path, put(WHERE[place], key))
        for args in (["run", str(path), "--debug"], ["plan", str(path), "--trust-bench", "--json"]):
            assert main(args) == 2
            said = capsys.readouterr()
            assert key not in said.out + said.err
            assert key[8:20] not in said.out + said.err
            assert "bench.yaml:1: candidates.0" in said.err


@pytest.mark.parametrize("key", [*NO_FORM, *PASTED])
def test_what_is_no_variable_is_not_repeated(key: str) -> None:
    url = "http://127.0.0.1:1/v1"
    makers = [
        lambda: OpenAICompatible(url, "m", key),
        lambda: Anthropic("m", api_key_env=key),
        lambda: Http(url, "a", {"q": "{prompt}"}, api_key_env=key),
        lambda: Command(("sh",), env=(key,)),
        lambda: ChatSource("toxicity_judge", endpoint=url, endpoint_model="m", api_key_env=key),
    ]
    for make in makers:
        with pytest.raises(UsageError, match="no name of an environment variable") as caught:
            make()
        assert key not in str(caught.value)


def test_a_judge_too(tmp_path: Path) -> None:
    for key in [*PASTED, *NO_FORM]:
        options = {"endpoint": "http://127.0.0.1:1/v1", "endpoint_model": "m", "api_key_env": key}
        for given in (options, options | {"api_key_env": [key]}):
            path = bench(tmp_path, "echo", [{"toxicity_judge": given}])
            with pytest.raises(ConfigError) as caught:
                config.load(path, trust=True)
            assert key not in str(caught.value)


def test_a_key_by_its_place_needs_no_form(tmp_path: Path) -> None:
    for name in ("api_key", "apiKey", "password", "Authorization", "client_secret", "access_token"):
        body = {"q": "{prompt}", name: "hunter2"}
        path = bench(tmp_path, {"http": {"url": "http://127.0.0.1:1", "text": "a", "body": body}})
        with pytest.raises(ConfigError, match=f"candidates.0.http.body.{name}: looks like a key") as caught:
            config.load(path, trust=True)
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "DEEPSEEK_KEY_2", "AZUREOPENAIAPIKEY2", "my_key", "K", "_K1"])
def test_names_of_variables_are_believed(name: str) -> None:
    check_variable("api_key_env", name)


@pytest.mark.parametrize("text", [
    "gpt-4o-2024-08-06", "claude-sonnet-4-5-20250929", "deepseek-chat", "https://api.example.com/v1", "task-1234567890",
    "org/Qwen2.5-7B-Instruct", "sk-learn", "risk-assessment-2024", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c",
    "550e8400-e29b-41d4-a716-446655440000", "请介绍一下你自己", "{prompt}", "${OPENAI_API_KEY}", "http://127.0.0.1:8000/v1",
    "disk-20240101-backup",
])  # fmt: skip
def test_what_is_no_key_may_be_said(text: str) -> None:
    assert not pasted(text)
    assert masked(text) == text


def test_options_that_are_named_like_keys_may_be_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "abcdef")
    extra = {"prompt_cache_key": "museum", "max_tokens_hint": 3, "bos_token": "<s>", "token": "none"}
    openai = {"base_url": "http://127.0.0.1:1/v1", "model": "m", "api_key_env": "SOME_KEY", "extra": extra}
    http = {"url": "http://127.0.0.1:1", "text": "a", "body": {"key": "{prompt}"}, "key_header": "X-Api-Key"}
    for candidate in ({"openai_compatible": openai}, {"http": http | {"api_key_env": "SOME_KEY"}}):
        assert config.load(bench(tmp_path, candidate), trust=True).candidates


def test_nothing_of_the_environment_is_written_into_a_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable that a bench names is sent where it belongs; `${NAME}` stays as it is."""
    monkeypatch.setenv("CANARY_KEY_00", KEYS[3])
    monkeypatch.setenv("OTHER_CANARY", KEYS[4])
    spelled = ["${CANARY_KEY_00}", "$CANARY_KEY_00", "{{env.CANARY_KEY_00}}", "%CANARY_KEY_00%", "${OTHER_CANARY}"]
    with serving(lambda body: completion(json.dumps(body))) as server:
        options = {"url": f"{server.url}/x", "text": "choices.0.message.content", "api_key_env": "CANARY_KEY_00"}
        headers = {f"X-{i}": text for i, text in enumerate(spelled)}
        body = {"q": "{prompt}", "all": [text.replace("{", "{{").replace("}", "}}") for text in spelled]}
        one = {"http": options | {"body": body, "headers": headers, "query": {"a": "$CANARY_KEY_00"}}}
        other = {"model": spelled[0], "system": " ".join(spelled), "stop": spelled, "api_key_env": "CANARY_KEY_00"}
        two = {"openai_compatible": {"base_url": server.url, **other}}
        for number, candidate in enumerate((one, two)):
            path = bench(tmp_path, candidate)
            words = ["--out", str(tmp_path / f"out{number}"), "--allow-host", "127.0.0.1"]
            assert main(["run", str(path), *words]) == 0
    assert len(server.bodies) == 2
    for headers in server.headers:
        assert headers.pop("Authorization") == f"Bearer {KEYS[3]}"
    sent = json.dumps([server.bodies, server.headers, server.paths])
    assert "${CANARY_KEY_00}" in sent
    files = {str(p): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert scan(files | {"sent": sent.encode()}, KEYS[3:6]) == []
