"""A key goes to the server that the bench names and to no other, whatever servers and the environment say."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from aigc_eval.deadline import deadline
from aigc_eval.errors import CallError, UsageError
from aigc_eval.generators.anthropic import Anthropic
from aigc_eval.generators.http import Http
from aigc_eval.generators.openai_compatible import OpenAICompatible
from aigc_eval.models.chat import ChatError, EndpointChat
from aigc_eval.records import Message, Prompt, Request
from aigc_eval.scorers.claims import Claims
from aigc_eval.scorers.guard import Guard
from aigc_eval.scorers.refusal_judge import RefusalJudge
from aigc_eval.scorers.toxicity_judge import ToxicityJudge
from tests.net.raw import http, raw
from tests.secrets.canaries import KEYS, scan
from tests.secrets.echoing import Echoing, echoing

NAME = "CANARY_KEY_00"
KEY = KEYS[8]
OTHERS = KEYS[9:30]
"""Keys of other services, in variables that libraries read."""


def _asks(url: str) -> Iterator[Callable[[], object]]:
    """Every way to ask a server with a key: generators, and judges."""
    request = Request(Prompt("p", "When does it open?", evidence=("At nine.",)))
    base = f"{url}/v1"
    made = [
        OpenAICompatible(base, "m", NAME),
        OpenAICompatible(base, "m", NAME, api="completions"),
        Anthropic("m", base_url=url, api_key_env=NAME),
        Http(base, "choices.0.message.content", {"q": "{prompt}"}, api_key_env=NAME),
        Http(base, "", "{prompt}", api_key_env=NAME, key_header="X-Own-Key", key_prefix=""),
    ]
    for generator in made:
        generator.load()
        yield lambda generator=generator: generator.generate([request])  # type: ignore[misc]
    judge = {"endpoint": base, "endpoint_model": "m", "api_key_env": NAME}
    scorers = [ToxicityJudge(**judge), RefusalJudge(**judge), Claims(**judge), Guard("qwen3guard", **judge)]  # type: ignore[arg-type]
    for scorer in scorers:
        scorer.load()
        yield lambda scorer=scorer: scorer.score([request.answer("At nine.")])  # type: ignore[misc]
    yield lambda: EndpointChat(base, "m", NAME, retries=0).reply([[Message("user", "?")]], max_tokens=5)


ASKS = range(10)


def ask(number: int, url: str) -> object:
    """The answer, or what was raised."""
    with deadline(20):
        try:
            return next(itertools.islice(_asks(url), number, None))()
        except (CallError, ChatError) as error:
            return error


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, KEY)


@pytest.mark.parametrize("number", ASKS)
@pytest.mark.parametrize(
    "statuses", [(307,), pytest.param(range(300, 309), marks=pytest.mark.slow)], ids=["one", "all"]
)
def test_a_redirect_takes_no_key_along(number: int, statuses: Sequence[int]) -> None:
    """To another port, another name of this machine, without a scheme, relative; each is asked for nothing."""
    with raw(http(200, b"{}")) as other:
        there = other.url.removesuffix("/v1").removeprefix("http://")
        port = there.rpartition(":")[2]
        places = [f"http://{there}/v1", f"http://localhost:{port}/", f"http://u:p@{there}/", f"https://{there}/"]
        places += [f"//{there}/x", "/else", "?a=1", ""]
        answers: list[bytes] = []
        with raw(lambda connection, _: connection.sendall(answers[-1])) as server:
            for status, place in itertools.product(statuses, places if len(statuses) > 1 else places[::3]):
                answers.append(http(status, b"" if status == 304 else b"{}", Location=place))
                found = ask(number, server.url.removesuffix("/v1"))
                assert scan({"said": f"{found!r} {found}".encode()}, [KEY]) == []
        assert len(answers) <= len(server.requests) <= 2 * len(answers)  # judges ask in both orders
        assert all(KEY.encode() in request for request in server.requests)
        assert not any(b"/else" in request or b"a=1" in request for request in server.requests)
        assert other.connections == 0


def trapped(trap: str, folder: Path) -> Mapping[str, str]:
    """Variables by which libraries are told where to send what."""
    own = iter(OTHERS)
    netrc = folder / ".netrc"
    netrc.write_text(f"machine 127.0.0.1 login u password {next(own)}\ndefault login v password {next(own)}\n", "utf-8")
    netrc.chmod(0o600)
    config = folder / "anthropic"
    (config / "configs").mkdir(parents=True)
    profile = {"type": "api_key", "api_key": next(own), "base_url": trap}
    (config / "configs" / "default.json").write_text(json.dumps(profile), "utf-8")
    keys = {
        name: next(own)
        for name in (
            *("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_WEBHOOK_SECRET"),
            *("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_IDENTITY_TOKEN", "ANTHROPIC_WEBHOOK_SIGNING_KEY"),
            *("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN", "AWS_BEARER_TOKEN_BEDROCK", "HF_TOKEN"),
        )
    }
    proxies = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    return {
        **keys,
        **dict.fromkeys(("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "AZURE_OPENAI_ENDPOINT", "HF_ENDPOINT"), trap),
        **dict.fromkeys((*proxies, *map(str.lower, proxies)), trap),
        **{"OPENAI_API_TYPE": "azure", "OPENAI_API_VERSION": "1", "ANTHROPIC_PROFILE": "default"},
        **{"ANTHROPIC_FEDERATION_RULE_ID": "r", "ANTHROPIC_ORGANIZATION_ID": "o", "ANTHROPIC_SERVICE_ACCOUNT_ID": "s"},
        **{"ANTHROPIC_CONFIG_DIR": str(config), "HOME": str(folder), "NETRC": str(netrc)},
        **{"SSL_CERT_FILE": str(netrc), "SSLKEYLOGFILE": str(folder / "tls.log"), "NO_PROXY": "", "no_proxy": ""},
    }


@pytest.mark.parametrize("number", ASKS)
def test_the_environment_changes_no_destination_and_no_key(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sent(server: Echoing) -> list[tuple[str, dict[str, str]]]:
        ask(number, server.url)
        return [(path, {n: v for n, v in headers.items() if n != "Host"}) for path, headers in server.requests]

    with echoing() as server, echoing() as again, raw(http(200, b"{}")) as trap:
        plain = sent(server)
        for name, value in trapped(trap.url.removesuffix("/v1"), tmp_path).items():
            monkeypatch.setenv(name, value)
        assert sent(again) == plain
        assert plain
        assert trap.connections == 0
    for _, headers in plain:
        values = [value for value in headers.values() if KEY in value]
        assert len(values) == 1
        assert scan({"headers": json.dumps(headers).encode()}, OTHERS) == []
    assert not (tmp_path / "tls.log").exists()


@pytest.mark.parametrize("variable", ["OPENAI_CUSTOM_HEADERS", "ANTHROPIC_CUSTOM_HEADERS"])
def test_headers_from_the_environment_are_refused(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, f"Authorization: Bearer {OTHERS[0]}")
    number = 0 if variable.startswith("OPENAI") else 2
    with echoing() as server, pytest.raises(UsageError, match=variable) as caught:
        ask(number, server.url)
    assert not server.requests
    assert OTHERS[0] not in str(caught.value)


@pytest.mark.parametrize("number", ASKS)
def test_a_proxy_for_another_machine_sees_no_key(
    number: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Documented: proxies of the environment are for other machines. They get a CONNECT; what follows is encrypted."""
    caplog.set_level(logging.DEBUG)
    if number in range(5, 9):
        pytest.skip("judges ask again and again where nobody answers; EndpointChat is what they ask through")
    with raw(http(407, b"no", Proxy_Authenticate="Basic")) as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/v1").replace("//", f"//user:{OTHERS[1]}@"))
        monkeypatch.setenv("NO_PROXY", "")
        found: Any = ask(number, "https://models.example")
    assert isinstance(found, CallError | ChatError)
    assert [request.split(b"\r\n")[0] for request in proxy.requests] == [b"CONNECT models.example:443 HTTP/1.1"]
    assert scan({"proxy": b"".join(proxy.requests)}, [KEY]) == []
    assert scan({"said": f"{found!r}{found}".encode(), "log": caplog.text.encode()}, [KEY, OTHERS[1]]) == []
