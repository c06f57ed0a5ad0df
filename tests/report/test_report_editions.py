"""Editions: what a reader may not see is in no file of the report, in no spelling; the internal one has it all."""

from __future__ import annotations

import base64
import html as html_text
import io
import json
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args
from urllib.parse import quote, unquote

import pyarrow.parquet as pq
import pytest
from planted import planted_bench
from rich.console import Console
from sample_run import build_run, sample_rows, sample_run

from aigc_eval import report, runner, verify
from aigc_eval.cli import main
from aigc_eval.config.standards import read_standard
from aigc_eval.publishing import REPORTS, edition_of
from aigc_eval.records import (
    Accuracy,
    Adopted,
    Correction,
    Coverage,
    Edition,
    Labelled,
    RaterAgreement,
    Run,
    ScorerCard,
    Waiver,
)
from aigc_eval.report.editions import FEWEST, edited
from aigc_eval.report.escape import visible
from aigc_eval.report.mask import compact
from aigc_eval.report.vocabulary.editions import POOLED

EDITIONS: tuple[Edition, ...] = get_args(Edition)
PRIVATE = {"journal.jsonl", "facts.json"}
"""What stays with the run, for its owner only; every other file may be sent to an edition's readers."""
FORMATS = tuple(dict.fromkeys(REPORTS.values()))
HOUSE_RULES = Path(__file__).parents[2] / "examples/standards/house-rules.yaml"
TAG = re.compile(r"⟦[A-Za-z0-9_.-]+·[0-9a-f]{6,64}⟧")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _strings(key)
            yield from _strings(part)
    elif isinstance(value, Sequence):
        for part in value:
            yield from _strings(part)


def readings(path: Path) -> list[str]:
    """Everything that a reader of the file can get out of it: its bytes, and its texts as programs decode them."""
    data = path.read_bytes()
    raw = data.decode("utf-8-sig", "replace")
    found = [raw, html_text.unescape(raw), unquote(raw)]
    if path.suffix in (".json", ".sarif"):
        found.append("\n".join(_strings(json.loads(raw))))
    if path.suffix == ".parquet":
        table = pq.read_table(io.BytesIO(data), use_threads=False)
        found.append("\n".join([*_strings(table.to_pylist()), str(table.schema.metadata)]))
    return [*found, compact(html_text.unescape(found[-1]))]


def spellings(value: str) -> set[str]:
    """A value as any encoder on the way might have written it."""
    data = value.encode()
    coded = [base64.b64encode(b"x" * i + data).decode()[(i * 4 + 2) // 3 :].rstrip("=")[:-1] for i in range(3)]
    return {
        value,
        visible(value),
        html_text.escape(value),
        json.dumps(value)[1:-1],
        quote(value),
        quote(value, safe=""),
        "".join(f"&#{ord(c)};" for c in value),
        compact(value),
        data.hex(),
        *coded,
    }


def leaked(texts: Sequence[str], values: Sequence[str]) -> list[str]:
    """The values that stand in one of the texts; most are ruled out by their first characters."""
    found = []
    starts = [{text[i : i + 8] for i in range(len(text) - 7)} for text in texts]
    for value in values:
        forms = spellings(value)
        if any(form[:8] in known and form in text for text, known in zip(texts, starts, strict=True) for form in forms):
            found.append(value)
    return found


def printed(run: Run, edition: Edition) -> str:
    """What the terminal shows."""
    told, _ = edited(run, edition)
    console = Console(file=io.StringIO(), width=4000, color_system=None)
    console.print(report.terminal_table(told, "en"))
    console.print(report.verdict_line(told, "zh"), markup=False)
    return console.file.getvalue()  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Planted:
    """One run, all its editions, and what was planted in it."""

    run: Run
    values: list[str]
    folders: Mapping[str, Path]


def _planted(folder: Path, count: int) -> Planted:
    bench, values = planted_bench(count)
    done = runner.run(bench, folder / "run")
    for edition in EDITIONS:
        report.write(done, folder / edition, formats=FORMATS, languages=("en", "zh"), edition=edition)
    return Planted(done, values, {edition: folder / edition for edition in EDITIONS})


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return _planted(tmp_path_factory.mktemp("few"), 102)


def _check(planted: Planted) -> None:
    for edition in ("public", "reviewer"):
        files = [p for p in planted.folders[edition].iterdir() if p.name not in PRIVATE]
        assert len(files) >= 9
        for path in files:
            assert leaked(readings(path), planted.values) == [], f"{edition} {path.name}"
        assert leaked([printed(planted.run, edition)], planted.values) == [], edition  # type: ignore[arg-type]


@pytest.mark.slow
def test_planted_values_are_in_no_public_and_no_reviewer_file(planted: Planted) -> None:
    _check(planted)


@pytest.mark.slow
def test_a_thousand_planted_values_are_in_no_public_and_no_reviewer_file(tmp_path: Path) -> None:
    found = _planted(tmp_path, 1003)
    assert len(set(found.values)) >= 1000
    _check(found)


@pytest.mark.slow
def test_the_internal_edition_has_them_all_so_the_search_can_find_them(planted: Planted) -> None:
    """In every format some, since tags name groups of gates; in those that hold texts, all."""
    folder = planted.folders["internal"]
    for path in folder.iterdir():
        assert leaked(readings(path), planted.values), path.name
    for name in ("rows.csv", "rows.parquet"):
        assert len(leaked(readings(folder / name), planted.values)) == len(planted.values), name
    assert leaked([printed(planted.run, "internal")], planted.values)
    assert len(leaked(readings(planted.folders["public"].parent / "run" / "journal.jsonl"), planted.values)) == len(
        planted.values
    )


def test_the_reviewer_edition_hides_values_under_one_tag_everywhere(planted: Planted) -> None:
    known = {name: set(TAG.findall(_text(planted.folders["reviewer"] / name))) for name in ("rows.csv", "rows.parquet")}
    assert len(known["rows.csv"]) >= len(planted.values)
    assert known["rows.csv"] == known["rows.parquet"]
    for name in ("report.html", "run.json", "junit.xml", "summary.md", "summary.csv", "summary.parquet"):
        tags = set(TAG.findall(_text(planted.folders["reviewer"] / name)))
        assert tags, name
        assert tags <= known["rows.csv"], name
    other = replace(planted.run, key=b"another run's key")
    tags = {tag for text in edited(other, "reviewer")[1].tags.values() for tag in TAG.findall(text)}
    assert len(tags) >= len(planted.values)
    assert not tags & known["rows.csv"]


def _text(path: Path) -> str:
    return "\n".join(readings(path)[:-1])  # the last one is folded


def test_files_of_the_internal_edition_are_marked_and_private(planted: Planted) -> None:
    for path in planted.folders["internal"].iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
        assert "internal" in _text(path).lower(), path.name
    page = (planted.folders["internal"] / "report.html").read_text("utf-8")
    assert "INTERNAL EDITION: personal data and secrets are not masked" in page
    assert "内部版：个人信息和密钥未经遮蔽" in page
    assert "personal data masked" not in page
    assert stat.S_IMODE((planted.folders["public"] / "facts.json").stat().st_mode) == 0o600


def test_the_public_edition_has_no_line_of_a_single_output(planted: Planted) -> None:
    names = {p.name for p in planted.folders["public"].iterdir()}
    assert not names & {"rows.csv", "rows.parquet", "samples.html"}
    assert {"summary.csv", "summary.parquet", "report.html"} <= names
    page = (planted.folders["public"] / "report.html").read_text("utf-8")
    for words in ("What is it?", "q12", "does not apply to", "found in", "server said", "Ann ", "p.jsonl/"):
        assert words not in page, words
    facts = json.loads((planted.folders["public"] / "run.json").read_text("utf-8"))
    assert facts["edition"] == "public"
    assert facts["bench"].keys() <= {"name", "samples", "seed"}
    assert "places" not in facts or not facts["places"]


@pytest.mark.parametrize("edition", EDITIONS)
def test_harmful_texts_stay_folded(planted: Planted, edition: Edition) -> None:
    page = (planted.folders[edition] / "report.html").read_text("utf-8")
    assert ("<details" in page) == (edition != "public")


# -- one run, editions one after the other ---------------------------------------------------------------------------


@pytest.mark.slow
def test_a_report_again_gives_every_edition_byte_for_byte(tmp_path: Path) -> None:
    bench, _ = planted_bench(34)
    out = tmp_path / "out"
    seen: dict[str, dict[str, bytes]] = {}
    runner.run(replace(bench, edition="public"), out)
    for edition in ("public", "reviewer", "internal", "public", "internal", "reviewer", "public"):
        runner.report_again(out, bench.formats, bench.languages, edition)  # type: ignore[arg-type]
        files = {p.name: p.read_bytes() for p in out.iterdir()}
        assert seen.setdefault(edition, files) == files
        told = json.loads(files["verdict.json"])["editions"]
        assert set(told.values()) == {edition}
        assert "rows.csv" in files or edition == "public"
        assert "facts.json" in files or edition == "internal"
    assert verify_(out) == "ok"


def verify_(folder: Path) -> str:
    """The verdict of `verify` where nothing but the numbers of this test's own classes is left unchecked."""
    found = verify.verify(folder, trust=True)
    return "ok" if found.unfit is None else str(found.unfit)


@pytest.mark.slow
@pytest.mark.parametrize("edition", EDITIONS)
def test_verify_makes_every_edition_again(tmp_path: Path, edition: Edition) -> None:
    bench, values = planted_bench(17)
    runner.run(replace(bench, edition=edition), tmp_path)
    assert verify_(tmp_path) == "ok"
    (tmp_path / "summary.md").write_text(f"{values[0]}", "utf-8")
    assert "summary.md" in verify_(tmp_path)


def test_another_edition_takes_the_place_of_all_files(tmp_path: Path) -> None:
    """A folder never holds a reviewer's rows beside a public page."""
    bench, values = planted_bench(17)
    runner.run(bench, tmp_path)
    runner.report_again(tmp_path, ["html"], ("en",), "public")
    for path in tmp_path.iterdir():
        assert path.name in PRIVATE or leaked(readings(path), values) == [], path.name
    assert not (tmp_path / "rows.csv").exists()
    assert (tmp_path / "summary.csv").read_text("utf-8-sig").splitlines()[1].endswith('"public"')
    runner.report_again(tmp_path, ["html"], ("en",))  # nobody says for whom: as before
    assert set(json.loads((tmp_path / "verdict.json").read_bytes())["editions"].values()) == {"public"}


def test_a_public_folder_stays_public_until_somebody_asks_for_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [json.dumps({"id": f"p{i}", "prompt": f"Question {i}?"}) for i in range(12)]
    (tmp_path / "prompts.jsonl").write_text("\n".join(lines), "utf-8")
    bench = "name: b\nprompts: [prompts.jsonl]\ncandidates: [echo]\nscorers: [readability]\nreport: {formats: [json]}\n"
    (tmp_path / "b.yaml").write_text(bench, "utf-8")
    asked = ["run", str(tmp_path / "b.yaml"), "--out", str(tmp_path / "out"), "--in-process"]

    def told() -> set[str]:
        return {*json.loads((tmp_path / "out" / "verdict.json").read_bytes())["editions"].values()}

    assert main([*asked, "--edition", "public"]) == 0
    assert main(asked) == 0
    assert told() == {"public"}
    assert "--edition reviewer" in capsys.readouterr().err
    (tmp_path / "out" / "verdict.json").unlink()
    assert edition_of(tmp_path / "out", {"report": {"edition": "internal"}}) == "public"
    assert main([*asked, "--edition", "reviewer"]) == 0
    assert told() == {"reviewer"}


# -- groups that could tell a person ---------------------------------------------------------------------------------


def _grouped(*sizes: int) -> Run:
    """The sample run with a tag whose values have so many prompts."""
    rows = sample_rows(prompts=sum(sizes))
    names = [f"v{i}" for i, size in enumerate(sizes) for _ in range(size)]
    order = dict(zip(dict.fromkeys(rows["prompt"]), names, strict=True))
    rows["tag.category"] = [order[prompt] for prompt in rows["prompt"]]
    rows["lang"] = ""  # one tag alone
    run = build_run(rows)
    told = {f"category={c}" for c in ("facts", "service", "advice", "stories")}
    by_name = [replace(e, slice="") for e in run.estimates if not e.slice]
    made = [
        replace(e, slice=f"category=v{i}", prompts=size, planned=size * 3)
        for e in by_name
        for i, size in enumerate(sizes)
    ]
    kept = tuple(e for e in run.estimates if e.slice not in told)
    slices = tuple(s for s in run.slices if s not in told) + tuple(f"category=v{i}" for i in range(len(sizes)))
    return replace(run, estimates=kept + tuple(made), slices=slices)


@pytest.mark.parametrize(
    ("sizes", "shown"),
    [
        ((20, 20, 20), {"v0", "v1", "v2"}),
        ((21, 20, 9), {"v0"}),  # one alone is the difference of all and the others
        ((20, 20, 5, 5), {"v0", "v1"}),
        ((21, 20, 5, 4), {"v0"}),
        ((10, 9), set()),
        ((9,), set()),
        ((10,), {"v0"}),
    ],
)
def test_small_groups_are_pooled(sizes: tuple[int, ...], shown: set[str]) -> None:
    told, _ = edited(_grouped(*sizes), "public")
    groups = {e.slice.partition("=")[2] for e in told.estimates if e.slice.startswith("category=")}
    assert groups - {POOLED} == shown
    pooled = [e for e in told.estimates if e.slice == f"category={POOLED}"]
    assert bool(pooled) == (len(shown) < len(sizes))
    for e in pooled:
        assert (e.value, e.low, e.high, e.adverse) == (None, None, None, None)
        assert e.prompts == sum(size for i, size in enumerate(sizes) if f"v{i}" not in shown)
        assert e.prompts >= FEWEST or not shown
    assert {s.partition("=")[2] for s in told.slices if s.startswith("category=")} == shown


@pytest.mark.parametrize(("more", "shown"), [(0, True), (1, False), (FEWEST - 1, False), (FEWEST, True)])
def test_groups_of_two_tags_that_differ_by_a_few_prompts_are_not_both_told(more: int, shown: bool) -> None:
    """Whoever knows that one group has all prompts of another would have the numbers of the few."""
    run = _grouped(20, 40)
    order = {prompt: place for place, prompt in enumerate(dict.fromkeys(run.rows["prompt"]))}
    rows = run.rows.assign(**{"tag.team": ["a" if order[p] < 20 + more else "b" for p in run.rows["prompt"]]})
    teams = [replace(e, slice=f"team={t}", prompts=30) for e in run.estimates if not e.slice for t in "ab"]
    run = replace(run, rows=rows, slices=(*run.slices, "team=a", "team=b"), estimates=(*run.estimates, *teams))
    told, _ = edited(run, "public")
    valued = {e.slice for e in told.estimates if e.value is not None}
    assert "category=v0" in valued
    assert ({"team=a", "team=b"} <= valued, "team=a" in valued, "team=a" in told.slices) == (shown,) * 3


def test_gates_on_small_groups_tell_their_verdict_only() -> None:
    run = sample_run()
    rows = run.rows.copy()
    few = rows["prompt"].isin(list(dict.fromkeys(rows["prompt"]))[:4])
    rows["lang"] = ["zh" if x else "en" for x in few]
    leave = Waiver("toxicity.toxic_fraction", "Ann Lee", "see output 4", "2999-01-01", covers=("fail", "undetermined"))
    verdicts = tuple(replace(v, waiver=leave if v.status != "pass" else None) for v in run.verdicts)
    told, _ = edited(replace(run, rows=rows, verdicts=verdicts), "public")
    assert [v.status for v in told.verdicts] == [v.status for v in run.verdicts]
    hidden = [v for v in told.verdicts if "[" in v.gate]
    assert len(hidden) == 2
    for v in hidden:
        assert v.gate == "toxicity.toxic_fraction <= 30 % [*]"
        assert v.estimate is None
        assert [r.code for r in v.reasons] == ["few_in_group"]
    assert "Ann" not in str(told.verdicts)
    assert "output 4" not in str(told.verdicts)


def test_accuracy_in_the_public_edition_names_nobody_and_no_small_group() -> None:
    run = sample_run()
    some = dict.fromkeys(["metric", "identity", "sha256", "created"], "x")
    whole, few = Accuracy("", 20, 18, 80, 3), Accuracy("lang=zh", 1, 1, 2, 0)
    card = ScorerCard(
        "toxicity", signature="Toxicity|path:/home/li", data="ours", note="Ann Lee", slices=(whole, few), **some
    )
    agreed = RaterAgreement("cohen", 20, 0.8, raters=("Ann Lee", "Li Na"))
    labelled = Labelled("s", "toxicity", "toxic_fraction", 20, 20, 20, 20, 90, ("Ann Lee", "Li Na"), 0, (agreed,))
    group = Correction("careful", "toxicity", "toxic_fraction", "corrected", "name=Li Na", 0.1)
    run = replace(run, cards=(card,), labelled=(labelled,), corrections=(replace(group, slice=""), group))
    assert edited(run, "internal")[0] is run
    told, _ = edited(run, "public")
    assert not re.search("Ann|Li Na|/home/li", str((told.cards, told.labelled, told.corrections)))
    assert told.labelled[0].raters == told.labelled[0].agreement[0].raters == ("1", "2")
    assert (told.cards[0].slices, told.corrections) == ((whole,), (replace(group, slice=""),))


# -- nothing is forgotten --------------------------------------------------------------------------------------------

MASKED = {"bench", "policy", "slices", "candidates", "scorers", "estimates", "verdicts", "reasons", "digests", "places",
          "rows", "reviews", "reviewed", "standards", "cards", "labelled", "corrections"}  # fmt: skip
OURS = {"name", "created", "versions", "status", "exit_code", "release", "prompts", "samples", "key", "id",
        "differences"}  # fmt: skip
"""Fields of a run that hold numbers, or names that the bench's author chose."""


def test_somebody_decided_what_editions_tell_of_every_field() -> None:
    assert {f.name for f in fields(Run)} == MASKED | OURS


def test_numbers_are_the_same_in_every_edition() -> None:
    run = sample_run()
    for edition in EDITIONS:
        told, _ = edited(run, edition)
        assert (told.status, told.exit_code, told.release) == (run.status, run.exit_code, run.release)
        assert [(v.status, v.candidate) for v in told.verdicts] == [(v.status, v.candidate) for v in run.verdicts]
        assert [e for e in told.estimates if not e.slice] == [e for e in run.estimates if not e.slice]


def test_the_public_edition_has_no_remark_of_a_standard_and_no_path() -> None:
    """Who compared a house rule with its text is a person; what a plug-in reads may be called after one."""
    standard, _ = read_standard(HOUSE_RULES)
    run = sample_run()
    path = {"model": "/home/li.na/models", "sha256": "ab" * 32, "n": "7"}
    run = replace(
        run,
        candidates=tuple(replace(c, facts=path, defaults={"system": "You are Li Na.", "n": 7}) for c in run.candidates),
        standards=(Coverage(Adopted(standard, "0" * 64)),),
    )
    told = json.dumps(edited(run, "public")[0].facts(), ensure_ascii=False)
    assert "Li Na" in json.dumps(run.facts(), ensure_ascii=False)
    assert not re.search("Li Na|li[.]na|李娜|replace every word", told)
    assert ("ab" * 32 in told, standard.clauses[0].requirement.en in told) == (True, True)
