"""Seen elsewhere: keys in result files, code beside data, texts that read the environment."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from aigc_eval import config, runner
from aigc_eval.errors import AigcEvalError, ConfigError
from aigc_eval.generators.openai_compatible import OpenAICompatible
from aigc_eval.plugin import Plugin
from tests.models.serving import completion, serving
from tests.seen_elsewhere.small import command, write

KEY = "sk-Seen+Elsewhere/7c1f==20aa"
SPELLINGS = {
    "as it is": KEY,
    "in an address": quote(KEY, safe=""),
    "in JSON": json.dumps(KEY)[1:-1],
    "in Base64": base64.b64encode(KEY.encode()).decode(),
    "in Base64 behind others": base64.b64encode(b"user:" + KEY.encode() + b":x").decode(),
    "in hexadecimal": KEY.encode().hex(),
}


def called(folder: Path, url: str, **options: Any) -> Path:
    candidate = {
        "name": "m",
        "generator": {"openai_compatible": {"base_url": url, "model": "m", "api_key_env": "SEEN_KEY", **options}},
        "limits": {"attempts": 1, "timeout": 5, "outage": 0.5, "backoff": 0.001, "longest_wait": 0.01},
    }
    return write(folder, {"candidates": [candidate], "scorers": ["toxicity"], "slices": []}, 12)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("place", ["content", "error"])
def test_a_key_is_in_no_file_that_a_run_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelling: str, place: str
) -> None:
    """lm-evaluation-harness 968: the token stood in the results' JSON; inspect_ai redacts what it logs of a model."""
    monkeypatch.setenv("SEEN_KEY", KEY)
    told = f"You sent {SPELLINGS[spelling]} as your key."
    body = json.dumps({"error": {"message": told}}).encode()
    answer: Any = told if place == "content" else (400, {"Content-Type": "application/json"}, body)
    with serving(lambda _: answer) as server:
        done = runner.run(config.load(called(tmp_path, server.url)), tmp_path / "out")
    assert {h["Authorization"] for h in server.headers} == {f"Bearer {KEY}"}
    assert set(done.rows["outcome"]) == {"ok" if place == "content" else "error"}
    for path in (tmp_path / "out").iterdir():
        text = path.read_text("utf-8")
        assert not [name for name, shape in SPELLINGS.items() if shape in text], path.name
        assert KEY[3:12] not in text
    if place == "content":
        assert "[key: SEEN_KEY]" in (tmp_path / "out" / "journal.jsonl").read_text("utf-8")


def test_another_key_is_the_same_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """inspect_ai: a run's identity is computed over redacted arguments; each new key would be a new run else, and a
    hash of it published."""
    given: list[Plugin] = []
    for name, value in (("SEEN_KEY", KEY), ("SEEN_KEY", KEY[::-1]), ("OTHER_KEY", KEY)):
        monkeypatch.setenv(name, value)
        given.append(OpenAICompatible("http://127.0.0.1:1/v1", "m", api_key_env=name))
    assert len({plugin.identity() for plugin in given}) == 1
    assert len({plugin.signature() for plugin in given}) == 1


def test_a_key_follows_no_redirect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients that follow redirects hand the key to whoever the first server names (threat row 22, promptfoo's trust
    boundary: "model outputs must remain data")."""
    monkeypatch.setenv("SEEN_KEY", KEY)
    with serving(lambda _: "stolen") as other, serving(lambda _: (307, {"Location": other.url}, b"")) as first:
        with pytest.raises(AigcEvalError) as caught:
            runner.run(config.load(called(tmp_path, first.url)), tmp_path / "out")
        assert caught.value.exit_code == 2
        assert len(first.paths) == 1
        assert not other.paths


@pytest.mark.parametrize("where", ["candidates", "scorers"])
def test_code_beside_a_bench_runs_only_where_the_command_line_says_so(tmp_path: Path, where: str) -> None:
    """lm-evaluation-harness tasks/_yaml_loader.py:88 imports a module that lies beside the YAML; promptfoo SECURITY.md:
    a config is trusted code there."""
    harm = f"open({str(tmp_path / 'touched')!r}, 'w')\n"
    given: dict[str, Any] = {"candidates": ["echo"], "scorers": ["fluency"], where: [{"harm:Harm": {}}]}
    path = write(tmp_path, given, 2, harm__py=harm, sitecustomize__py=harm, conftest__py=harm, fluency__py=harm)
    with pytest.raises(ConfigError, match="trust"):
        config.load(path)
    assert command(tmp_path, "run", "bench.yaml", "--out", "out").returncode == 2
    assert not (tmp_path / "touched").exists()


def test_no_text_of_a_bench_or_a_prompt_reads_the_environment(tmp_path: Path) -> None:
    """promptfoo GHSA-vxgq-r84v-2r45 and `${{VAR}}` in configs of many tools: a secret lands in a prompt or a report."""
    ways = (
        "$X",
        "${X}",
        "%X%",
        "{{ env.X }}",
        "{{env.X}}",
        "${{ env.X }}",
        "{X}",
        "!env X",
        "$(printenv X)",
        "`printenv X`",
    )
    text = " ".join(way.replace("X", "SEEN_CANARY") for way in ways)
    pattern = {"template": {"patterns": [text.replace("{", "(").replace("}", ")")]}}
    given = {"candidates": [pattern, "echo"], "scorers": ["fluency"], "slices": ["kind"]}
    write(tmp_path, given)
    lines = [{"id": f"p{i}", "prompt": text, "kind": text, "lang": "en"} for i in range(12)]
    (tmp_path / "prompts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    done = command(tmp_path, "run", "bench.yaml", "--out", "out", env={**os.environ, "SEEN_CANARY": "canary-7719-x"})
    assert "canary-7719" not in done.stdout + done.stderr
    for path in (tmp_path / "out").iterdir() if (tmp_path / "out").exists() else []:
        assert "canary-7719" not in path.read_text("utf-8"), path.name
    assert done.returncode == 0, done.stderr


def test_the_journal_is_for_its_owner_only(tmp_path: Path) -> None:
    """inspect_ai and lm-evaluation-harness leave their caches to the umask."""
    before = os.umask(0)
    try:
        runner.run(config.load(write(tmp_path, {"candidates": ["echo"], "scorers": ["fluency"]}, 2)), tmp_path / "out")
    finally:
        os.umask(before)
    assert (tmp_path / "out" / "journal.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_servers_words_are_cut_and_on_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Error texts quote what was sent, and CR and LF in them forge lines of a log (OWASP, log injection)."""
    monkeypatch.setenv("SEEN_KEY", KEY)
    body = json.dumps({"error": {"message": f"bad\r\n::error::PASSED {KEY}\x1b[2J" + "x" * 5_000}}).encode()
    with serving(lambda _: (400, {"Content-Type": "application/json"}, body)) as server:
        done = runner.run(config.load(called(tmp_path, server.url)), tmp_path / "out")
    details = set(done.rows["detail"])
    assert details
    for detail in details:
        assert detail.isprintable()
        assert len(detail) <= 300
        assert KEY not in detail


def test_what_a_server_says_is_no_answer_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """lm-evaluation-harness api_models.py:540-553: null content became "" and was cached; promptfoo PR 8070: a 200 with
    an error in its body was cached for 14 days."""
    monkeypatch.setenv("SEEN_KEY", KEY)
    replies: dict[str, Any] = {
        "p1": {"error": {"message": "overloaded", "code": 529}},
        "p2": completion(None),
        "p3": {"choices": []},
        "p4": (200, {"Content-Type": "text/html"}, b"<html>gateway</html>"),
    }
    down = True

    def reply(body: dict[str, Any]) -> Any:
        asked = body["messages"][-1]["content"].removeprefix("Question ").rstrip("?")
        return replies.get(f"p{asked}", "fine") if down else "fine"

    with serving(reply) as server:
        path = called(tmp_path, server.url)
        first = runner.run(config.load(path), tmp_path / "out")
        assert first.rows["outcome"].tolist()[:5] == ["ok", "error", "empty", "error", "error"]
        assert first.rows["toxicity:status"].tolist()[:5] == ["scored", "failed", "failed", "failed", "failed"]
        down = False
        again = runner.run(config.load(path), tmp_path / "out", resume=True)
    assert again.rows["outcome"].tolist()[:5] == ["ok", "ok", "empty", "ok", "ok"]
