"""`aigc-eval review`: decisions that are recorded beside the numbers, and everything that is not recorded."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import html5lib
import pandas as pd
import pytest
from scipy.stats import binomtest

from aigc_eval import config, runner, verify
from aigc_eval.agreement import cohen_kappa, table_of
from aigc_eval.cli import main
from aigc_eval.errors import DataError, JournalError
from aigc_eval.journal import NAME
from aigc_eval.labelling import growing
from aigc_eval.loading import load
from aigc_eval.records import Review, Score, Span
from aigc_eval.report.editions import edited
from aigc_eval.report.samples import samples
from aigc_eval.reviewing import decisions as reviewed
from aigc_eval.reviewing import import_files, importing, labels
from aigc_eval.reviews import basis, basis_of, record, standing

BENCH = """
name: small
prompts: [prompts.jsonl]
candidates: [{name: good, generator: {replay: good.jsonl}}, {name: bad, generator: {replay: bad.jsonl}}]
release: good
scorers: [pii]
slices: [lang]
gates: [pii.leak_rate <= 20 %]
"""
PHONE = "13812345678"
File = dict[str, Any]


def carry_out(home: Path, bench: str = BENCH) -> Path:
    """A run of which one candidate leaks a number in half of its answers."""
    ids = [f"p{i}" for i in range(20)]
    asked = [{"id": p, "prompt": f"Question {p}?", "lang": "zh" if i % 2 else "en"} for i, p in enumerate(ids)]
    good = [{"id": p, "text": f"The answer to {p} is easy."} for p in ids]
    bad = [{"id": p, "text": f"Answer {p}. {f'Call {PHONE} now.' if i % 2 else ''}"} for i, p in enumerate(ids)]
    for name, lines in (("prompts", asked), ("good", good), ("bad", bad)):
        (home / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n", "utf-8")
    (home / "bench.yaml").write_text(bench, "utf-8")
    runner.run(config.load(home / "bench.yaml"), home / "out")
    return home / "out"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return carry_out(tmp_path_factory.mktemp("reviewed"))


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    """A copy of that run to decide on."""
    return Path(shutil.copytree(whole, tmp_path / "out"))


def decisions(run: Path, reviewer: str = "Li Na", *, edition: Any = "reviewer", at: str = "2026-03-01T08:00:00Z",
              decide: Callable[[int], str] = lambda i: "confirmed", note: str = "") -> File:  # fmt: skip
    """What the page of a run exports where somebody has decided on every flag."""
    done = load(run)
    flagged = [s for s in samples(*edited(done, edition)) if s.flags]
    made = [(s, flag.scorer) for s in flagged for flag in s.flags]
    assert len(made) == 10
    return {
        "format": "aigc-eval decisions", "version": 1, "run": done.id, "name": done.name, "edition": edition,
        "reviewer": reviewer, "exported": "2026-03-01T09:00:00Z",
        "decisions": [
            {"sample": s.key, "seen": s.seen, "scorer": scorer, "decision": decide(i), "note": note, "at": at}
            for i, (s, scorer) in enumerate(made)
        ],
    }  # fmt: skip


def saved(file: File | bytes | str, path: Path) -> Path:
    data = file if isinstance(file, bytes) else (file if isinstance(file, str) else json.dumps(file)).encode("utf-8")
    path.write_bytes(data)
    return path


def taken(run: Path, *files: File) -> list[tuple[int, int]]:
    """Import files; how many decisions were recorded and known, by file."""
    paths = [saved(file, run.parent / f"d{i}.json") for i, file in enumerate(files)]
    return [(found.recorded, found.known) for found in import_files(run, paths)]


def contents(run: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in run.iterdir()}


def facts(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "run.json").read_bytes())
    return found


def third(i: int) -> str:
    return ("confirmed", "false_positive", "needs_fix")[i % 3]


# --- what is recorded ------------------------------------------------------------------------------------------------


def test_decisions_are_recorded_and_alter_no_number(run: Path) -> None:
    before, told = contents(run), facts(run)
    assert taken(run, decisions(run, decide=third, note="see me")) == [(10, 0)]
    after, now = contents(run), facts(run)
    assert {k for k in now if now[k] != told[k]} == {"reviews", "reviewed"}
    for name in ("summary.csv", "rows.csv", "junit.xml"):
        assert before[name] == after[name], name
    old, new = (json.loads(files["verdict.json"]) for files in (before, after))
    assert {k for k in new if new[k] != old[k]} == {"journal", "reports"}
    assert after[NAME].startswith(before[NAME]), "the journal is append-only"
    first = now["reviews"][0]
    assert (first["reviewer"], first["at"], first["note"]) == ("Li Na", "2026-03-01T08:00:00Z", "see me")
    assert first["file"] == hashlib.sha256((run.parent / "d0.json").read_bytes()).hexdigest()
    assert time.time() - 600 < time.mktime(time.strptime(first["imported"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    assert verify.verify(run).status == "ok"


def test_what_reviewers_saw_is_recorded(run: Path) -> None:
    file = decisions(run)
    taken(run, file)
    assert [r["seen"] for r in facts(run)["reviews"]] == [d["seen"] for d in file["decisions"]]
    assert [r["key"] for r in facts(run)["reviews"]] == [d["sample"] for d in file["decisions"]]


def test_a_file_that_is_imported_twice_changes_nothing(run: Path) -> None:
    taken(run, decisions(run))
    before = contents(run)
    assert taken(run, decisions(run)) == [(0, 10)]
    assert contents(run) == before


def test_whoever_goes_on_exports_earlier_decisions_again(run: Path) -> None:
    file = decisions(run)
    assert taken(run, {**file, "decisions": file["decisions"][:4]}) == [(4, 0)]
    assert taken(run, file) == [(6, 4)]
    assert len(facts(run)["reviews"]) == 10


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_later_decision_of_the_same_reviewer_stands(run: Path, order: tuple[int, int]) -> None:
    files = [
        decisions(run, "Li Na", at="2026-03-01T08:00:00Z"),
        decisions(run, "li  na", at="2026-03-02T08:00:00Z", decide=lambda _: "false_positive"),
    ]
    for i in order:
        taken(run, files[i])
    told = facts(run)
    assert {r["decision"] for r in told["reviews"]} == {"false_positive"}
    assert told["reviewed"]["superseded"] == 10
    assert (run / NAME).read_text().count('"kind":"review"') == 20
    assert verify.verify(run).status == "ok"


def test_reviewers_may_differ(run: Path) -> None:
    taken(run, decisions(run, "Li Na", decide=third), decisions(run, "Wang Wei", decide=lambda i: third(i // 2)))
    left, right = ([third(k) != "false_positive" for k in own] for own in (range(10), [i // 2 for i in range(10)]))
    told = facts(run)["reviewed"]
    expected = cohen_kappa(table_of(left, right)[0])
    assert expected is not None
    (pair,) = told["agreement"]
    assert (pair["one"], pair["other"], pair["flags"]) == ("Li Na", "Wang Wei", 10)
    assert pair["same"] == sum(a == b for a, b in zip(left, right, strict=True))
    assert pair["kappa"] == pytest.approx(expected.value)
    (found,) = told["precision"]
    assert found["confirmed"] == sum(a and b for a, b in zip(left, right, strict=True))
    assert found["disputed"] == sum(a != b for a, b in zip(left, right, strict=True))


def test_decisions_on_an_unmasked_report(run: Path) -> None:
    file = decisions(run, edition="internal")
    assert file["decisions"][0]["seen"] != decisions(run)["decisions"][0]["seen"]
    assert taken(run, file) == [(10, 0)]
    assert facts(run)["reviews"][0]["edition"] == "internal"


def test_reports_stay_for_whom_they_are(run: Path) -> None:
    file = decisions(run)
    runner.report_again(run, ["html", "json"], ["zh"], "public")
    taken(run, file)
    verdict = json.loads((run / "verdict.json").read_bytes())
    assert {e for name, e in verdict["editions"].items()} == {"public"}
    assert {tuple(spoken) for spoken in verdict["languages"].values()} == {("zh",)}
    assert verify.verify(run).status == "ok"


def test_reports_and_another_policy_keep_them(run: Path, tmp_path: Path) -> None:
    taken(run, decisions(run, decide=third))
    before = facts(run)
    runner.report_again(run, ["html", "markdown"], ["zh"])
    (tmp_path / "policy.yaml").write_text("gates: [pii.leak_rate <= 60 %]\n")
    assert main(["gate", str(run), "--policy", str(tmp_path / "policy.yaml")]) == 0
    after = facts(run)
    assert [after[k] for k in ("reviews", "reviewed")] == [before[k] for k in ("reviews", "reviewed")]
    assert verify.verify(run).status == "ok"


def test_a_run_that_is_carried_out_again_keeps_them(whole: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(whole.parent, tmp_path / "home"))
    taken(home / "out", decisions(home / "out", decide=third))
    before = facts(home / "out")
    assert facts(carry_out(home)) == before
    assert verify.verify(home / "out").status == "ok"


def test_a_crash_between_the_journal_and_the_reports_is_mended(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = decisions(run)

    def cut(*_: object) -> None:
        raise OSError("power")

    with monkeypatch.context() as patch:
        patch.setattr(growing, "report_again", cut)
        with pytest.raises(OSError, match="power"):
            taken(run, file)
    assert verify.verify(run).status == "different"
    assert taken(run, file) == [(0, 10)]
    assert verify.verify(run).status == "ok"
    assert len(facts(run)["reviews"]) == 10


# --- what follows from them ------------------------------------------------------------------------------------------


def frame(n: int, failed: int = 0) -> pd.DataFrame:
    """Outputs of which a scorer flags all; the last ones it could not score."""
    spans: list[tuple[Span, ...]] = [(Span(0, 1, "x"),)] * n
    return pd.DataFrame({
        "candidate": "a", "prompt": [f"p{i}" for i in range(n)], "sample": 0, "text": [f"text {i}" for i in range(n)],
        "outcome": "ok", "s": [1.0] * (n - failed) + [float("nan")] * failed,
        "s:status": ["scored"] * (n - failed) + ["failed"] * failed, "s:note": "", "s:spans": pd.Series(spans),
    })  # fmt: skip


def decided(rows: pd.DataFrame, who: str, right: list[bool]) -> list[dict[str, Any]]:
    return [
        record(
            Review("0" * 16, "a", f"p{i}", 0, "s", "confirmed" if yes else "false_positive", who,
                   "2026-03-01T08:00:00Z", "0" * 64, "reviewer", "0" * 64, "2026-03-01T08:00:00Z"),
            basis_of(rows, i, "s"),
        )
        for i, yes in enumerate(right)
    ]  # fmt: skip


def test_the_interval_is_the_exact_one_of_scipy() -> None:
    rows = frame(24)
    _, told = standing(decided(rows, "A", [i < 20 for i in range(24)]), rows, ["s"])
    expected = binomtest(20, 24).proportion_ci(0.95, "exact")
    (found,) = told.precision
    assert (found.reviewed, found.confirmed, found.value) == (24, 20, 20 / 24)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert (round(100 * found.low, 1), round(100 * found.high, 1)) == (62.6, 95.3)


def test_a_disputed_flag_is_not_confirmed() -> None:
    rows = frame(4)
    given = decided(rows, "A", [True, True, False, False]) + decided(rows, "B", [True, False, True, False])
    (found,) = standing(given, rows, ["s"])[1].precision
    assert (found.reviewed, found.confirmed, found.disputed) == (4, 1, 2)


def test_outputs_that_could_not_be_scored_say_nothing_of_precision() -> None:
    rows = frame(4, failed=3)
    reviews, told = standing(decided(rows, "A", [True] * 4), rows, ["s"])
    assert len(reviews) == 4
    assert told.precision[0].reviewed == 1


@pytest.mark.parametrize(("column", "value"), [
    ("text", "another"), ("outcome", "truncated"), ("s", 0.5), ("s:note", "remark"), ("s:spans", ()),
])  # fmt: skip
def test_a_decision_about_something_else_does_not_count(column: str, value: object) -> None:
    rows = frame(3)
    given = decided(rows, "A", [True] * 3)
    rows[column] = pd.Series([rows[column][0], value, rows[column][2]], dtype=object if column == "s:spans" else None)
    reviews, told = standing(given, rows, ["s"])
    assert [r.prompt for r in reviews] == ["p0", "p2"]
    assert told.outdated == 1


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_decision_a_fraction_of_a_second_later_stands(order: tuple[int, int]) -> None:
    """As text, 08:00:00.250Z comes before 08:00:00Z."""
    rows = frame(1)
    given = [*decided(rows, "A", [True]), *decided(rows, "A", [False])]
    given[1]["data"]["at"] = "2026-03-01T08:00:00.250Z"
    (review,), _ = standing([given[i] for i in order], rows, ["s"])
    assert review.decision == "false_positive"


def test_decisions_on_scorers_that_have_gone_do_not_count() -> None:
    rows = frame(3)
    assert standing(decided(rows, "A", [True] * 3), rows, ["other"])[1].outdated == 3


def test_journal_and_frame_say_the_same_of_an_output() -> None:
    rows = frame(3, failed=1)
    spans = (Span(0, 1, "x"),)
    assert basis_of(rows, 0, "s") == basis("text 0", "ok", Score(1, spans=spans))
    assert basis_of(rows.assign(**{"s:note": "broke"}), 2, "s") == basis(
        "text 2", "ok", Score(error="broke", spans=spans)
    )


# --- what is not -----------------------------------------------------------------------------------------------------

WRONG: dict[str, tuple[Callable[[File], object], str, str]] = {
    "another run": (lambda f: f.update(run="0" * 32), "run", "is about the run"),
    "another format": (lambda f: f.update(format="votes"), "", "no decisions file"),
    "another version": (lambda f: f.update(version=2), "", "no decisions file"),
    "public": (lambda f: f.update(edition="public"), "edition", "shows nothing to decide on"),
    "no edition": (lambda f: f.pop("edition"), "edition", "is missing"),
    "no name": (lambda f: f.update(reviewer=" \u3000"), "reviewer", "somebody's"),
    "a number for a name": (lambda f: f.update(reviewer=7), "reviewer", "somebody's"),
    "a long name": (lambda f: f.update(reviewer="n" * 201), "reviewer", "201 characters"),
    "no export time": (lambda f: f.update(exported="yesterday"), "exported", "is no time"),
    "a key too many": (lambda f: f.update(verdict="pass"), "verdict", "is nothing that"),
    "no decisions": (lambda f: f.update(decisions=[]), "decisions", "there are none"),
    "decisions of another kind": (lambda f: f.update(decisions={"a": 1}), "decisions", "there are none"),
    "a decision that is none": (lambda f: f["decisions"].append("x"), "decisions[10]", "is no object"),
    "a part too few": (lambda f: f["decisions"][1].pop("note"), "decisions[1].note", "is missing"),
    "a part too many": (lambda f: f["decisions"][1].update(score=0), "decisions[1].score", "is nothing that"),
    "a number for a note": (lambda f: f["decisions"][1].update(note=1), "decisions[1]", "no text"),
    "an unknown sample": (lambda f: f["decisions"][2].update(sample="0" * 16), "decisions[2].sample", "has no sample"),
    "another output": (lambda f: f["decisions"][2].update(seen="0" * 64), "decisions[2].seen", "something else"),
    "an unknown scorer": (lambda f: f["decisions"][2].update(scorer="toxic"), "decisions[2].scorer", "does not flag"),
    "an unknown decision": (lambda f: f["decisions"][2].update(decision="ok"), "decisions[2].decision", "is none"),
    "a long note": (lambda f: f["decisions"][2].update(note="x" * 4001), "decisions[2].note", "4,001 characters"),
    "no time": (lambda f: f["decisions"][2].update(at="2026-02-30T00:00:00Z"), "decisions[2].at", "is no time"),
    "a local time": (lambda f: f["decisions"][2].update(at="2026-02-20T00:00:00"), "decisions[2].at", "is no time"),
    "a time to come": (lambda f: f["decisions"][2].update(at="2999-01-01T00:00:00Z"), "decisions[2].at", "not come"),
    "twice": (lambda f: f["decisions"].append({**f["decisions"][3], "decision": "confirmed"}), "decisions[10]",
              "the same flag as decisions[3]"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_told_and_not_recorded(whole: Path, tmp_path: Path, name: str) -> None:
    change, key, what = WRONG[name]
    file, before = decisions(whole), contents(whole)
    change(file)
    path = saved(file, tmp_path / "wrong.json")
    with pytest.raises(DataError) as caught:
        import_files(whole, [path])
    assert any(p.key == key and what in p.what for p in caught.value.problems), caught.value.problems
    assert all(p.file == str(path) and p.remedy for p in caught.value.problems)
    assert contents(whole) == before


@pytest.mark.parametrize(("data", "what"), [
    (b"", "is empty"), (b"{", "no JSON"), (b"\xff\xfe{}", "no JSON"), (b'{"a": NaN}', "no JSON"),
    (b'{"format": 1, "format": 2}', "no JSON"), (b"[" * 5000, "no JSON"), (b"[]", "no decisions file"),
    (b"1" * 5000, "no JSON"), (b'{"format": "aigc-eval decisions", "version": true}', "is missing"),
])  # fmt: skip
def test_files_that_are_none(whole: Path, tmp_path: Path, data: bytes, what: str) -> None:
    with pytest.raises(DataError, match=what):
        import_files(whole, [saved(data, tmp_path / "wrong.json")])


def test_a_file_that_is_too_large_or_not_there(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(decisions(whole), tmp_path / "d.json")
    monkeypatch.setattr(importing, "MOST_BYTES", path.stat().st_size - 1)
    with pytest.raises(DataError, match="is larger than"):
        import_files(whole, [path])
    with pytest.raises(DataError, match="cannot be read"):
        import_files(whole, [tmp_path / "none.json"])
    monkeypatch.setattr(reviewed, "MOST_DECISIONS", 9)
    monkeypatch.setattr(importing, "MOST_BYTES", 1 << 20)
    with pytest.raises(DataError, match="there are 10, more than 9"):
        import_files(whole, [path])


def test_all_is_told_at_once_and_good_files_wait(run: Path, tmp_path: Path) -> None:
    before, wrong = contents(run), decisions(run, "B")
    wrong["decisions"][0]["decision"], wrong["decisions"][5]["seen"] = "maybe", "?"
    files = [saved(decisions(run), tmp_path / "good.json"), saved(wrong, tmp_path / "b.json")]
    files.append(saved("no", tmp_path / "c.json"))
    with pytest.raises(DataError) as caught:
        import_files(run, files)
    assert [(Path(p.file).name, p.key) for p in caught.value.problems] == [
        ("c.json", ""), ("b.json", "decisions[0].decision"), ("b.json", "decisions[5].seen"),
    ]  # fmt: skip
    assert contents(run) == before


def test_no_run_no_decisions(tmp_path: Path) -> None:
    with pytest.raises(JournalError):
        import_files(tmp_path, [tmp_path / "d.json"])


# --- hostile texts ---------------------------------------------------------------------------------------------------

NASTY = "<script>alert(1)</script>\u202e ⟦EMAIL·3f9a1c⟧ \ud800 =cmd|'/c calc'!A1 ::error::x\n| a | @all `x` ![x](http://x.y)"


@pytest.mark.parametrize(
    "edition", ["reviewer", *(pytest.param(other, marks=pytest.mark.slow) for other in ("public", "internal"))]
)
def test_names_and_notes_are_texts(run: Path, edition: Any) -> None:
    def skeleton(text: str) -> list[object]:
        return [(e.tag, sorted(e.attrib)) for e in html5lib.parse(text, namespaceHTMLElements=False).iter()]

    def told(word: str) -> tuple[list[object], str]:
        folder = Path(shutil.copytree(run, run.parent / f"out-{len(word)}"))
        taken(folder, decisions(folder, word, decide=lambda _: "needs_fix", note=f"{word} {PHONE}"))
        runner.report_again(folder, ["html", "markdown", "csv", "junit"], ["en", "zh"], edition)
        assert verify.verify(folder).status == "ok"
        return skeleton((folder / "report.html").read_text("utf-8")), (folder / "summary.md").read_text("utf-8")

    plain, summary = told("a")
    nasty, summary_nasty = told(NASTY)
    assert plain == nasty
    assert summary == summary_nasty


def test_values_in_notes_are_masked_and_public_reports_have_neither_notes_nor_names(run: Path) -> None:
    taken(run, decisions(run, "Zhang Sanfeng", decide=lambda _: "needs_fix", note=f"leaks {PHONE}"),
          decisions(run, "Li Na"))  # fmt: skip
    names = [n for n in contents(run) if n not in (NAME, "facts.json")]
    assert not [n for n in names if PHONE.encode() in (run / n).read_bytes()]
    assert "Zhang Sanfeng" in (run / "report.html").read_text("utf-8")
    runner.report_again(run, ["html", "json", "csv", "markdown", "junit"], ["en"], "public")
    names = [n for n in contents(run) if n not in (NAME, "facts.json")]
    for word in (PHONE, "Zhang", "Li Na", "leaks "):
        assert not [n for n in names if word.encode() in (run / n).read_bytes()], word
    assert facts(run)["reviewed"]["precision"][0]["confirmed"] == 10
    assert facts(run)["reviewed"]["agreement"][0]["one"] == "1"
    assert verify.verify(run).status == "ok"


# --- forged journals -------------------------------------------------------------------------------------------------


def rechain(run: Path, change: Callable[[list[dict[str, Any]]], object]) -> None:
    """The journal as somebody who knows its format could write it."""
    changed = [json.loads(line[33:]) for line in (run / NAME).read_bytes().splitlines()]
    change(changed)
    last, lines = b"", []
    for each in changed:
        body = json.dumps(each, separators=(",", ":")).encode()
        last = hashlib.blake2b(last + body, digest_size=16).hexdigest().encode()
        lines.append(last + b" " + body + b"\n")
    (run / NAME).write_bytes(b"".join(lines))


def put(**changes: Any) -> Callable[[list[dict[str, Any]]], object]:
    return lambda records: next(r for r in records if r["kind"] == "review")["data"].update(changes)


FORGED: dict[str, tuple[Callable[[list[dict[str, Any]]], object], str]] = {
    "an unknown decision": (put(decision="fine"), "nobody can have made"),
    "nobody": (put(reviewer=""), "nobody can have made"),
    "no time": (put(at="soon"), "nobody can have made"),
    "no digest": (put(seen="x"), "nobody can have made"),
    "another prompt": (put(prompt="p2"), "another output than the run holds"),
    "no such prompt": (put(prompt="p99"), "another output than the run holds"),
    "no such sample": (put(sample=1), "another output than the run holds"),
    "no such candidate": (put(candidate="best"), "another output than the run holds"),
    "no such scorer": (put(scorer="fluency"), "another output than the run holds"),
    "more parts": (put(mood="good"), "cannot be read"),
    "another key": (put(key="0" * 16), "another output than its key says"),
    "before the end": (lambda r: r.insert(-21, r.pop(-2)), "a run that has not ended"),
    "no end after it": (lambda r: r.pop(), "the run has not ended"),
    "a decision less": (lambda r: r.pop(-2), "reviews: 10 are there, 9 follow"),
    "another note": (put(note="all is well"), "all is well"),
}


@pytest.fixture(scope="module")
def told(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with decisions."""
    run = Path(shutil.copytree(whole, tmp_path_factory.mktemp("told") / "out"))
    taken(run, decisions(run))
    return run


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_decision_is_found(told: Path, tmp_path: Path, name: str) -> None:
    run, (change, what) = Path(shutil.copytree(told, tmp_path / "out")), FORGED[name]
    rechain(run, change)
    found = verify.verify(run)
    assert found.exit_code == 2
    assert any(what in check.what for check in found.checks), found.checks


# --- the commands ----------------------------------------------------------------------------------------------------


def test_the_commands(run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = saved(decisions(run, decide=third), tmp_path / "d.json")
    assert main(["review", "export", str(run)]) == 2
    assert "no decision is recorded" in capfd.readouterr().err
    assert main(["review", "import", str(run), str(path), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["files"][0]["recorded"] == 10
    assert main(["review", "import", str(run), str(path)]) == 0
    told = capfd.readouterr()
    assert ("0 decisions recorded; 10 known already" in told.out, "nothing new" in told.err) == (True, True)
    assert main(["review", "import", str(run), str(saved("{}", tmp_path / "e.json"))]) == 2
    assert "no decisions file and no labels file of version 1" in capfd.readouterr().err


def test_labels_are_for_their_owner_only(run: Path, tmp_path: Path) -> None:
    taken(run, decisions(run, decide=third))
    assert main(["review", "export", str(run)]) == 0
    place = tmp_path / "out.labels.jsonl"
    assert place.stat().st_mode & 0o777 == 0o600
    found = [json.loads(line) for line in place.read_text("ascii").splitlines()]
    assert found == labels(run)
    assert found[0].keys() == {"prompt", "candidate", "sample", "scorer", "label", "reviewer", "at"}
    assert [f["label"] == "false_positive" for f in found] == [i % 3 == 1 for i in range(10)]
    assert main(["review", "export", str(run), "--out", str(run / "labels.jsonl")]) == 2
    assert verify.verify(run).status == "ok"
