"""`aigc-eval verify`: a run that fits, and every way in which one may not."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aigc_eval import config, runner, verify
from aigc_eval.errors import CallError
from aigc_eval.journal import NAME
from aigc_eval.metrics import Mean, Metric
from aigc_eval.plugin import Generator, Scorer
from aigc_eval.records import Generation, Request, Score
from aigc_eval.verify import Unfit
from aigc_eval.verify.replay import replay

ARTEFACTS = ["report.html", "rows.csv", "run.json", "junit.xml", "summary.csv", "summary.md", "verdict.json"]
BENCH = """
name: small
prompts: [prompts.jsonl]
candidates: [echo, {name: flaky, generator: "tests.test_verify:Flaky"}]
release: echo
samples: 2
scorers: [fluency, pii, selfcheck_ngram, cost]
slices: [lang]
gates: [pii.leak_rate <= 0.9, {gate: fluency.degenerate_rate <= 0.9, where: {lang: zh}}]
"""
PAGELESS = f"{BENCH}report: {{formats: [csv, json, junit, markdown]}}\n"
"""Without the report that costs more than all others together, for tests that are about other files."""
Record = dict[str, Any]


@dataclass(frozen=True)
class Flaky(Generator):
    """Fails for a third of the prompts while the file `down` is there; leaks a number otherwise."""

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        return [self._one(request) for request in batch]

    def _one(self, request: Request) -> Generation:
        if Path("down").exists() and int(request.prompt.id[1:]) % 3 == 0:
            error = CallError("server", "status 500", again=True)
            return request.answer("", "error", error=error.kind, detail=str(error))
        return request.answer(f"Call 13812345678, {request.prompt.id}.", seconds=0.25, usage={"output_tokens": 7})


@dataclass(frozen=True)
class Length(Scorer):
    """Characters."""

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        return [Score(float(len(g.text))) for g in batch]

    def metrics(self) -> tuple[Metric, ...]:
        return (Mean("mean_length", better="lower", bounds=(0.0, 1e6)),)


def write(home: Path, bench: str = BENCH) -> Path:
    prompts = [{"id": f"p{i}", "prompt": f"第{i}个问题？" if i % 2 else f"Question {i}?"} for i in range(14)]
    lines = [json.dumps({**p, "lang": "zh" if i % 2 else "en"}) for i, p in enumerate(prompts)]
    (home / "prompts.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    (home / "bench.yaml").write_text(bench, "utf-8")
    return home / "bench.yaml"


def carry_out(home: Path, bench: str = BENCH, **options: Any) -> Path:
    runner.run(config.load(write(home, bench), trust=True), home / "out", **options)
    return home / "out"


def mended(home: Path, bench: str) -> Path:
    """A run with errors, mended by a second one: the journal holds superseded answers and their scores."""
    before = Path.cwd()
    os.chdir(home)
    try:
        (home / "down").touch()
        carry_out(home, bench)
        (home / "down").unlink()
        return carry_out(home, bench, resume=True)
    finally:
        os.chdir(before)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mended(tmp_path_factory.mktemp("verified"), BENCH)


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    """A copy of that run to spoil."""
    return Path(shutil.copytree(whole, tmp_path / "out"))


@pytest.fixture(scope="module")
def whole_pageless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mended(tmp_path_factory.mktemp("pageless"), PAGELESS)


@pytest.fixture
def pageless(whole_pageless: Path, tmp_path: Path) -> Path:
    """The same without report.html."""
    return Path(shutil.copytree(whole_pageless, tmp_path / "out"))


def records(run: Path) -> list[Record]:
    return [json.loads(line[33:]) for line in (run / NAME).read_bytes().splitlines()]


def rechain(run: Path, changed: list[Record]) -> str:
    """Write a journal as whoever knows its format could; returns its last checksum."""
    last, lines = b"", []
    for record in changed:
        body = json.dumps(record, separators=(",", ":")).encode()
        last = hashlib.blake2b(last + body, digest_size=16).hexdigest().encode()
        lines.append(last + b" " + body + b"\n")
    (run / NAME).write_bytes(b"".join(lines))
    return last.decode()


def edit(path: Path, change: Callable[[Any], None]) -> None:
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data, indent=1) + "\n", "utf-8")


def found(run: Path) -> tuple[str, int | None, str]:
    """Where a run first does not fit; the run is only read."""
    before = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in run.iterdir() if p.is_file()}
    told = verify.verify(run, trust=True)
    assert before == {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in run.iterdir() if p.is_file()}
    assert told.exit_code == 2
    assert told.unfit is not None
    return told.unfit.file, told.unfit.byte, told.unfit.what


# --- runs that fit -------------------------------------------------------------------------------------------------


def test_a_run_that_was_mended_fits(run: Path) -> None:
    before = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in run.iterdir()}
    told = verify.verify(run, trust=True)
    assert (told.status, told.exit_code, told.unfit, told.notes) == ("ok", 0, None, ())
    assert [c.status for c in told.checks] == ["ok"] * 5
    assert told.journal == json.loads((run / "verdict.json").read_text())["journal"]
    assert before == {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in run.iterdir()}
    answers = [r for r in records(run) if r["kind"] == "generation"]
    assert len(answers) > len({r["key"] for r in answers}), "the run was to hold answers that were asked for again"


@pytest.mark.slow
@pytest.mark.parametrize(("options", "change"), [
    ({"limit": 11}, ("", "")),
    ({}, ("samples: 2", "samples: 1\nreport: {formats: [html, junit], languages: [zh]}")),
    ({}, ("pii.leak_rate <= 0.9", "pii.leak_rate <= 0")),
    ({}, ("gates: [", "gates: [] #")),
    ({}, ("release: echo", "release: flaky")),
])  # fmt: skip
def test_other_runs_fit(tmp_path: Path, options: dict[str, Any], change: tuple[str, str]) -> None:
    assert verify.verify(carry_out(tmp_path, BENCH.replace(*change), **options)).status == "ok"


def test_a_run_whose_scorers_changed_fits(tmp_path: Path) -> None:
    """Scores of scorers that have gone stay in the journal."""
    carry_out(tmp_path, BENCH.replace("cost]", "cost, {name: short, scorer: {toxicity: 0.3}}]"))
    out = carry_out(tmp_path, BENCH.replace("cost]", "cost, {name: short, scorer: {toxicity: 0.7}}]"))
    assert verify.verify(out).status == "ok"
    assert len([r for r in records(out) if r["kind"] == "terms"]) == 2


def test_reports_in_other_languages_fit(run: Path) -> None:
    runner.report_again(run, ["html", "markdown"], ["zh"])
    assert verify.verify(run).status == "ok"
    runner.report_again(run, ["csv"], ["en"])
    assert verify.verify(run).status == "ok"


def test_a_report_that_could_not_be_written_is_part_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aigc_eval import report

    def broken(*_: object) -> str:
        raise OSError("no space")

    with monkeypatch.context() as patch:
        patch.setitem(report._WRITERS, "junit", (("junit", "junit.xml", broken, broken),))  # type: ignore[arg-type]
        out = carry_out(tmp_path)
    assert json.loads((out / "verdict.json").read_text())["status"] == "undetermined"
    assert verify.verify(out).status == "ok"


def test_outputs_that_do_not_fit_into_the_report_are_a_file_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aigc_eval.report.html import sample_list

    monkeypatch.setattr(sample_list, "HERE", 20_000)
    out = carry_out(tmp_path)
    assert verify.verify(out).status == "ok"
    data = (out / "samples.html").read_bytes()
    (out / "samples.html").write_bytes(data.replace(b"Question", b"question", 1))
    assert found(out)[0] == "samples.html"
    (out / "samples.html").unlink()
    assert found(out)[0] == "samples.html"
    monkeypatch.setattr(sample_list, "HERE", 2_000_000)
    again = carry_out(tmp_path)  # everything fits now
    assert not (again / "samples.html").exists()
    assert verify.verify(again).status == "ok"
    (again / "samples.html").write_bytes(data)
    assert found(again)[0] == "samples.html"


# --- files that do not ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ARTEFACTS)
def test_a_flipped_byte_is_named(run: Path, name: str) -> None:
    data = bytearray((run / name).read_bytes())
    place = random.Random(name).randrange(len(data))
    data[place] ^= 1
    (run / name).write_bytes(data)
    assert found(run)[:2] == (name, place)


@pytest.mark.parametrize("name", ARTEFACTS)
def test_a_missing_file_is_named(run: Path, name: str) -> None:
    (run / name).unlink()
    file, byte, what = found(run)
    assert (file, byte) == (name, None)
    assert what.startswith("is missing")


def test_a_report_that_left_the_verdict_too_is_named(pageless: Path) -> None:
    (pageless / "summary.md").unlink()
    edit(pageless / "verdict.json", lambda v: (v["reports"].pop("summary.md"), v["languages"].pop("summary.md")))
    assert found(pageless) == ("summary.md", None, "is missing; the bench asks for it")


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_a_file_too_many_is_named(pageless: Path, kind: str, tmp_path: Path) -> None:
    place = pageless / "other.html"
    {"file": place.touch, "folder": place.mkdir, "link": lambda: place.symlink_to(tmp_path)}[kind]()
    assert found(pageless) == ("other.html", None, "no verdict is about this file")


def test_a_report_must_be_a_plain_file(pageless: Path, tmp_path: Path) -> None:
    (pageless / "summary.md").rename(tmp_path / "elsewhere.md")
    (pageless / "summary.md").symlink_to(tmp_path / "elsewhere.md")
    assert found(pageless)[::2] == ("summary.md", "is no plain file")


def test_numbers_that_were_changed_are_named_by_what_they_are(pageless: Path) -> None:
    def change(facts: Any) -> None:
        next(e for e in facts["estimates"] if e["metric"] == "leak_rate" and e.get("slice") == "lang=zh")["high"] = 0.5

    edit(pageless / "run.json", change)
    sha = hashlib.sha256((pageless / "run.json").read_bytes()).hexdigest()
    edit(pageless / "verdict.json", lambda v: v["reports"].update({"run.json": sha}))
    file, byte, what = found(pageless)
    assert file == "run.json"
    assert byte
    assert "leak_rate lang=zh].high: 0.5 is there" in what


@pytest.mark.parametrize("change", [
    {"status": "pass", "exit_code": 0}, {"release": False}, {"gates": []}, {"journal": "0" * 32}, {"reports": {}},
    {"languages": {}}, {"languages": None}, {"more": 1}, {"reasons": 3},
])  # fmt: skip
def test_a_changed_verdict_is_found(pageless: Path, change: dict[str, Any]) -> None:
    run = pageless
    if change.get("status") == json.loads((run / "verdict.json").read_text())["status"]:
        change = {"status": "fail", "exit_code": 1}
    edit(run / "verdict.json", lambda v: v.update(change))
    assert "verdict.json" in {c.what.partition(",")[0].partition(":")[0] for c in verify.verify(run).checks}
    found(run)


def test_no_run_at_all(tmp_path: Path) -> None:
    assert found(tmp_path)[::2] == (NAME, "cannot be opened: No such file or directory; is this the folder of a run?")


# --- journals that do not -------------------------------------------------------------------------------------------


def damaged_at(run: Path) -> int:
    with pytest.raises(Unfit) as caught:
        replay(run)
    assert caught.value.file == NAME
    assert caught.value.byte is not None
    return caught.value.byte


def test_any_flipped_bit_of_the_journal_is_found_in_its_line(run: Path) -> None:
    data = (run / NAME).read_bytes()
    rng = random.Random(5)
    for place in [0, len(data) - 1, *(rng.randrange(len(data)) for _ in range(150))]:
        broken = bytearray(data)
        broken[place] ^= 1 << rng.randrange(8)
        (run / NAME).write_bytes(broken)
        assert damaged_at(run) == data.rfind(b"\n", 0, place) + 1


def test_a_journal_that_was_cut_is_found(run: Path) -> None:
    data = (run / NAME).read_bytes()
    rng = random.Random(6)
    for length in (1, len(data) - 1, *(rng.randrange(1, len(data)) for _ in range(40))):
        (run / NAME).write_bytes(data[:length])
        assert damaged_at(run) == data.rfind(b"\n", 0, length) + 1
    (run / NAME).write_bytes(b"")
    assert damaged_at(run) == 0


def test_lines_dropped_swapped_or_repeated_break_the_chain(run: Path) -> None:
    lines = (run / NAME).read_bytes().splitlines(keepends=True)
    rng = random.Random(7)
    for _ in range(20):
        i = rng.randrange(1, len(lines) - 1)
        start = sum(map(len, lines[:i]))
        for broken in (
            [*lines[:i], *lines[i + 1 :]],
            [*lines[:i], lines[i + 1], lines[i], *lines[i + 2 :]],
            [*lines[:i], lines[i - 1], *lines[i:]],
        ):
            (run / NAME).write_bytes(b"".join(broken))
            assert damaged_at(run) == start


def nth(changed: list[Record], kind: str, n: int = 0) -> int:
    return [i for i, r in enumerate(changed) if r["kind"] == kind][n]


def drop(kind: str, n: int = 0) -> Callable[[list[Record]], None]:
    return lambda changed: changed.pop(nth(changed, kind, n)) and None


def again(kind: str, n: int = 0) -> Callable[[list[Record]], None]:
    return lambda changed: changed.insert(nth(changed, kind, n) + 1, changed[nth(changed, kind, n)])


def put(kind: str, path: Sequence[str], value: object, n: int = 0) -> Callable[[list[Record]], None]:
    def change(changed: list[Record]) -> None:
        inner = changed[nth(changed, kind, n)]
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value

    return change


FORGED: dict[str, tuple[Callable[[list[Record]], None], str]] = {
    "no header": (drop("run"), "a prompt out of its place"),
    "two headers": (again("run"), "a second header"),
    "no ready": (drop("ready"), "before the run began"),
    "no terms": (drop("terms"), "before the bench's terms"),
    "a prompt less": (drop("prompt", 3), "nobody asked for"),
    "a prompt twice": (again("prompt"), "stands there twice"),
    "a late prompt": (lambda c: c.append(c[1]), "a prompt out of its place"),
    "another prompt": (put("prompt", ("data", "text"), "Something else?"), "nobody asked for"),
    "a draw less": (drop("generation", 1), "scores or an end before 1 answers"),
    "a draw twice": (again("generation"), "a second answer to one request"),
    "another text": (put("generation", ("data", "text"), "A harmless answer.", 2), "a score of no answer"),
    "another outcome": (put("generation", ("data", "outcome"), "refused", 2), "a score of no answer"),
    "no such outcome": (put("generation", ("data", "outcome"), "fine"), "an unknown outcome"),
    "another candidate": (put("generation", ("data", "candidate"), "flaky"), "another candidate"),
    "another sample": (put("generation", ("data", "sample"), 1), "another prompt"),
    "another key": (put("generation", ("key",), "0" * 32), "nobody asked for"),
    "a field more": (put("generation", ("data", "rating"), 5), "cannot be read"),
    "a text that is none": (put("generation", ("data", "text"), {"a": 1}), "other kinds of values"),
    "a number that is none": (
        put("generation", ("data", "usage"), {"output_tokens": "7"}, -1),
        "other kinds of values",
    ),
    "a score less": (drop("score", -1), "1 scores of"),
    "a score twice": (again("score", -1), "a second score"),
    "another score's key": (put("score", ("key",), "0" * 32), "a score of no answer"),
    "no number": (put("score", ("data", "value"), "high"), "must be a finite number"),
    "another seed": (put("run", ("identity", "seed"), 3), "identity is not that"),
    "another option": (put("run", ("made_of", "candidates", "echo", "version"), "9"), "identity is not that"),
    "another key to masks": (put("run", ("mask_key",), "no hex"), "hexadecimal"),
    "terms of others": (lambda c: c[nth(c, "terms")]["candidates"].pop(), "other candidates"),
    "an unknown kind": (lambda c: c.append({"kind": "note"}), "unknown kind"),
    "an end more": (lambda c: c.append({"kind": "end", "by": "me"}), "more than its kind"),
    "no end": (lambda c: c.pop() and None, "has not ended"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_journal_with_a_new_chain_is_found(pageless: Path, name: str) -> None:
    change, words = FORGED[name]
    changed = records(pageless)
    change(changed)
    head = rechain(pageless, changed)
    edit(pageless / "verdict.json", lambda v: v.update(journal=head))  # the forger thought of that
    file, byte, what = found(pageless)
    assert file == NAME
    assert byte is not None
    assert words in what


@pytest.mark.parametrize(("change", "where"), [
    (put("score", ("data", "value"), 0.123), "run.json"),
    (put("terms", ("policy", "gates", 0, "text"), "pii.leak_rate <= 0.2", -1), "run.json"),  # type: ignore[arg-type]
    (put("run", ("created",), "2020-01-01T00:00:00Z"), "run.json"),
    (put("generation", ("data", "seconds"), 9.0, -1), "run.json"),
])  # fmt: skip
def test_what_no_key_covers_shows_in_the_numbers(
    pageless: Path, change: Callable[[list[Record]], None], where: str
) -> None:
    changed = records(pageless)
    change(changed)
    head = rechain(pageless, changed)
    edit(pageless / "verdict.json", lambda v: v.update(journal=head))
    told = verify.verify(pageless)
    assert told.status == "different"
    assert told.unfit is not None
    assert told.unfit.file in (where, NAME)


def test_records_in_another_order_no_longer_have_the_verdicts_checksum(pageless: Path) -> None:
    changed = records(pageless)
    i = nth(changed, "generation")
    changed[i], changed[i + 1] = changed[i + 1], changed[i]
    rechain(pageless, changed)
    file, _, what = found(pageless)
    assert file == "verdict.json"
    assert what.startswith("journal: ")


def test_an_unfinished_run_is_none(run: Path) -> None:
    lines = (run / NAME).read_bytes().splitlines(keepends=True)
    (run / NAME).write_bytes(b"".join(lines[:-20]))
    assert found(run)[2] == "the run has not ended; carry it out to its end first"


def test_a_record_that_is_written_otherwise_is_found(run: Path) -> None:
    """The same values in other bytes: a key given twice, a space."""
    lines = (run / NAME).read_bytes().splitlines()
    for old, new in (
        (b'"kind":"run"', b'"kind":"end","kind":"run"'),
        (b'"kind":"run"', b'"kind": "run"'),
        (b"{", b"[{"),
    ):
        last, out = b"", []
        for i, line in enumerate(lines):
            body = line[33:].replace(old, new, 1) if i == 0 else line[33:]
            last = hashlib.blake2b(last + body, digest_size=16).hexdigest().encode()
            out.append(last + b" " + body + b"\n")
        (run / NAME).write_bytes(b"".join(out))
        assert damaged_at(run) == 0


# --- what cannot be computed here ------------------------------------------------------------------------------------


def test_the_benchs_own_code_needs_trust(tmp_path: Path) -> None:
    out = carry_out(tmp_path, PAGELESS.replace("cost]", 'cost, {name: length, scorer: "tests.test_verify:Length"}]'))
    told = verify.verify(out)
    assert (told.status, told.exit_code) == ("undetermined", 3)
    assert [c.name for c in told.checks if c.status == "not_checked"] == ["numbers of length"]
    assert "--trust-bench" in next(c.what for c in told.checks if c.status == "not_checked")
    assert verify.verify(out, trust=True).status == "ok"
    edit(out / "run.json", lambda facts: facts["estimates"][0].update(value=0.5))
    assert verify.verify(out).status == "different"


def test_paths_and_models_are_not_opened(tmp_path: Path) -> None:
    (tmp_path / "known.txt").write_text("Li Hua\n", "utf-8")
    out = carry_out(tmp_path, PAGELESS.replace("pii,", "{pii: {known: known.txt}},"))
    for path in ("known.txt", "prompts.jsonl", "bench.yaml"):
        (tmp_path / path).unlink()
    assert verify.verify(out).status == "ok"


def test_metrics_that_need_a_file_are_not_computed(tmp_path: Path) -> None:
    (tmp_path / "words.json").write_text(json.dumps({"groups": {"a": ["he"], "b": ["she"]}}), "utf-8")
    bench = PAGELESS.replace("cost]", "cost, {representation: {words: words.json}}]")
    out = carry_out(tmp_path, bench)
    told = verify.verify(out)
    assert told.exit_code == 3
    assert [c.name for c in told.checks if c.status == "not_checked"] == ["numbers of representation"]


def test_other_versions_are_told(pageless: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    then = records(pageless)[-1]
    assert then == {"kind": "end"}
    monkeypatch.setattr(verify, "versions", lambda: {"aigc-eval": "99.0"})
    told = verify.verify(pageless)
    assert told.status == "ok"
    assert any(note.startswith("computed with aigc-eval 0.") and note.endswith("99.0") for note in told.notes)
    assert any(note.endswith("checked with (none)") for note in told.notes)


# --- the command line -----------------------------------------------------------------------------------------------


def command(run: Path, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "aigc_eval", "verify", str(run), *options]
    return subprocess.run(words, capture_output=True, text=True, check=False, env=os.environ | env)


def test_exit_codes_and_json(pageless: Path) -> None:
    fits = command(pageless, "--json")
    told = json.loads(fits.stdout)
    assert (fits.returncode, told["status"], told["first_difference"]) == (0, "ok", None)
    (pageless / "summary.md").write_bytes(b"x" + (pageless / "summary.md").read_bytes())
    differs = command(pageless)
    assert differs.returncode == 2
    assert "summary.md, byte 0: is not what the journal gives" in differs.stderr
    assert "exit code 2: something does not fit" in differs.stderr


@pytest.mark.slow
@pytest.mark.parametrize("env", [
    {"PYTHONHASHSEED": "1", "TZ": "Asia/Shanghai"}, {"PYTHONHASHSEED": "2", "LANG": "zh_CN.UTF-8", "LC_ALL": ""},
    {"PYTHONHASHSEED": "3", "LC_ALL": "C", "PYTHONUTF8": "0"}, {"TZ": "America/St_Johns", "LC_ALL": "POSIX"},
    {"PYTHONHASHSEED": "5", "OMP_NUM_THREADS": "2", "COLUMNS": "40"},
])  # fmt: skip
def test_the_same_bytes_everywhere(run: Path, env: dict[str, str]) -> None:
    done = command(run, **env)
    assert done.returncode == 0, done.stderr
