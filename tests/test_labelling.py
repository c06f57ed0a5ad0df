"""`aigc-eval review sheet`, `import`, `agreement`, `export --labels`: what is drawn, shown, taken back and told."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import html5lib
import numpy as np
import pandas as pd
import pytest
from scipy.stats import chisquare

from aigc_eval import config, rejudging, runner, verify
from aigc_eval.cli import main
from aigc_eval.errors import DataError, UsageError
from aigc_eval.journal import NAME, Journal
from aigc_eval.labelling import growing
from aigc_eval.labelling import sheets as making
from aigc_eval.labelling.asked import Asked, Opened, opened
from aigc_eval.labelling.drawing import Sizes, draw
from aigc_eval.labelling.sheets import Made, Wanted, make_sheet
from aigc_eval.labelling.shown import items, names
from aigc_eval.labelling.writing import write
from aigc_eval.labels import core, in_random_order, label_record, sheet_id, sheet_record, sheets
from aigc_eval.records import Drawing, Label, Sheet
from aigc_eval.reviewing import import_files
from aigc_eval.reviews import basis_of
from aigc_eval.validation.examples import About
from aigc_eval.validation.examples import load as load_examples
from aigc_eval.verify.cores import check_cores

BENCH = """
name: labelled
prompts: [prompts.jsonl]
candidates:
  - {name: candidate-one, generator: {replay: one.jsonl}}
  - {name: candidate-two, generator: {replay: two.jsonl}}
release: candidate-one
scorers:
  - toxicity
  - {name: strict, scorer: {toxicity: {threshold: 0.05}}}
  - pii
slices: [category]
gates: [toxicity.toxic_fraction <= 90 %]
report: {formats: [json, markdown]}
"""
PHONE = "13812345678"
N = 40
KINDS = ("rare", "odd", "usual")
RUDE = "=You are a stupid idiot and a disgusting liar."
File = dict[str, Any]
SLOW = pytest.mark.slow
WANTED = Wanted("toxicity", sizes=Sizes(12, 6, 6, 4))


def carry_out(home: Path) -> Path:
    """A run whose first candidate is rude in a third of its answers and leaks a number in some."""
    ids = [f"p{i}" for i in range(N)]
    asked = [
        {
            "id": p,
            "prompt": f"题目 {p}？",
            "category": ("rare", "odd", "usual")[min(i % 10, 2)],
            "variant_of": f"t{i // 2}",
        }
        for i, p in enumerate(ids)
    ]
    one = [{"id": p, "text": f"{RUDE if i % 3 == 0 else ''} 第 {i} 条 {PHONE if i % 5 == 0 else 'fine'}"}
           for i, p in enumerate(ids)]  # fmt: skip
    two = [{"id": p, "text": f"Kind words, {p}."} for p in ids]
    for name, lines in (("prompts", asked), ("one", one), ("two", two)):
        (home / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n", "utf-8")
    (home / "bench.yaml").write_text(BENCH, "utf-8")
    runner.run(config.load(home / "bench.yaml"), home / "out")
    return home / "out"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return carry_out(tmp_path_factory.mktemp("labelled"))


@pytest.fixture(scope="module")
def found(whole: Path) -> Opened:
    return opened(whole)


@pytest.fixture(scope="module")
def drawn(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Made]:
    """A copy of the run from which a sheet was drawn."""
    run = Path(shutil.copytree(whole, tmp_path_factory.mktemp("drawn") / "out"))
    return run, make_sheet(run, WANTED)


@pytest.fixture
def run(drawn: tuple[Path, Made], tmp_path: Path) -> Path:
    return Path(shutil.copytree(drawn[0], tmp_path / "out"))


def rows_of(made: Made) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(made.files[0].read_bytes().decode("utf-8-sig"), newline=""))]


def filled(path: Path, made: Made, label: Callable[[int, dict[str, str]], str], delimiter: str = ",") -> Path:
    """The sheet's table with labels, as a spreadsheet might save it."""
    rows = rows_of(made)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, rows[0], delimiter=delimiter)
        writer.writeheader()
        writer.writerows({**row, "label": label(i, row)} for i, row in enumerate(rows))
    return path


def exported(run: Path, made: Made, rater: str = "Li Na", *, at: str = "2026-03-01T08:00:00Z",
             label: Callable[[int], bool | None] = lambda i: i % 2 == 0) -> File:  # fmt: skip
    """What the page exports where somebody has labelled everything."""
    found = opened(run)
    shown = items(found.run, made.sheet)
    return {
        "format": "aigc-eval labels", "version": 1, "run": found.run.id, "sheet": made.sheet.id, "rater": rater,
        "exported": "2026-03-01T09:00:00Z",
        "labels": [
            {"item": s.id, "seen": s.seen, "label": label(i), "note": "", "at": at} for i, s in enumerate(shown)
        ],
    }  # fmt: skip


def saved(file: File | bytes, path: Path) -> Path:
    path.write_bytes(file if isinstance(file, bytes) else json.dumps(file).encode("utf-8"))
    return path


def contents(run: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in run.iterdir()}


def records(run: Path, kind: str) -> list[dict[str, Any]]:
    with Journal(run, write=False) as journal:
        return [*journal.each(kind)]


# --- what is drawn ---------------------------------------------------------------------------------------------------


def test_a_sheet_has_a_random_core_and_three_strata(found: Opened) -> None:
    asked = Asked(found, "toxicity", found.rate("toxicity"))
    sheet = draw(asked, WANTED.sizes, 3, "2026-03-01T08:00:00Z").sheet
    assert {item.candidate for item in sheet.items} == {"candidate-one"}, "the one that is up for release"
    everything = [("candidate-one", f"p{i}", 0) for i in range(N)]
    assert sheet.population == N
    assert core(sheet, "candidate-one") == in_random_order(everything, found.run.id, 3)[:12]
    counts = Counter(stratum for item in sheet.items for stratum in item.strata)
    assert (counts["random"], counts["near"]) == (12, 6)
    assert all("random" not in item.strata or item.strata == ("random",) for item in sheet.items)
    rows = found.run.rows[found.run.rows["candidate"] == "candidate-one"].set_index("prompt")
    left = [item for item in sheet.items if "random" not in item.strata]
    inside = {item.prompt for item in sheet.items if "random" in item.strata}
    distance = (rows["toxicity"] - 0.5).abs().drop([*inside]).sort_values()
    near = [item.prompt for item in left if "near" in item.strata]
    assert sorted(distance[near]) == sorted(distance[:6])
    rare = {p for p in rows.index if int(p[1:]) % 10 < 2}
    assert {item.prompt for item in left if "rare" in item.strata} <= rare
    assert counts["rare"] == min(4, len(rare - inside))


def test_where_scorers_or_raters_disagree(found: Opened) -> None:
    seen = found.run.rows.copy()
    hit = seen["toxicity"] >= 0.5
    odd = ["p1", "p2", "p4", "p5"]
    seen["strict"] = np.where(seen["prompt"].isin(odd) != hit, 1.0, 0.0)
    asked = Asked(replace(found, run=replace(found.run, rows=seen)), "toxicity", found.rate("toxicity"))
    sheet = draw(asked, Sizes(0, 0, 3, 0), 1, "2026-03-01T08:00:00Z").sheet
    assert len(sheet.items) == 3
    assert {item.prompt for item in sheet.items} < {*odd}

    earlier = draw(asked, Sizes(6, 0, 0, 0), 9, "2026-03-01T08:00:00Z").sheet
    first = earlier.items[0]
    labels = [
        Label(earlier.id, first.candidate, first.prompt, 0, says, who, "2026-03-01T08:00:00Z", "0" * 64, "0" * 64, "x")
        for who, says in (("A", True), ("B", False))
    ]
    place = seen.index[(seen["candidate"] == first.candidate) & (seen["prompt"] == first.prompt)][0]
    said = [sheet_record(earlier), *(label_record(one, basis_of(seen, place, "toxicity")) for one in labels)]
    disputed = replace(asked, opened=replace(asked.opened, labelling=said))
    one = draw(disputed, Sizes(0, 0, 1, 0), 1, "2026-03-01T08:00:00Z").sheet.items
    assert [item.prompt for item in one] == [first.prompt]


def test_the_core_is_a_simple_random_sample_over_seeds(found: Opened) -> None:
    asked = Asked(found, "toxicity", found.rate("toxicity"))
    drawn: Counter[str] = Counter()
    for seed in range(150):
        sheet = draw(asked, Sizes(5, 0, 0, 0), seed, "2026-03-01T08:00:00Z").sheet
        drawn.update(item.prompt for item in sheet.items)
    counts = [drawn[f"p{i}"] for i in range(N)]
    assert sum(counts) == 750
    # Without replacement, counts vary less than the multinomial's: by (N - 5) / (N - 1).
    spread = chisquare(counts).statistic / (N - 1) / ((N - 5) / (N - 1))
    assert 0.3 < spread < 2.2, "chi-square on 39 degrees of freedom: beyond once in 50,000 runs"


def test_a_seed_draws_the_same_again_and_fewer_than_asked_are_all(found: Opened) -> None:
    asked = Asked(found, "toxicity", found.rate("toxicity"))
    one, again, other = (draw(asked, WANTED.sizes, seed, "2026-03-01T08:00:00Z").sheet for seed in (1, 1, 2))
    assert one == again
    assert one.id != other.id
    both = draw(asked, Sizes(500, 9, 9, 9), 1, "2026-03-01T08:00:00Z", candidates=["candidate-two", "candidate-one"])
    assert len(both.sheet.items) == both.sheet.population == 2 * N


def test_what_cannot_be_scored_is_drawn_too_and_what_does_not_apply_is_not(found: Opened) -> None:
    rows = found.run.rows.copy()
    rows.loc[0, ["toxicity", "toxicity:status"]] = (np.nan, "failed")
    rows.loc[1, ["toxicity", "toxicity:status"]] = (np.nan, "na")
    broken = replace(found, run=replace(found.run, rows=rows))
    sheet = draw(Asked(broken, "toxicity", found.rate("toxicity")), Sizes(500), 1, "2026-03-01T08:00:00Z").sheet
    assert sheet.population == N - 1
    assert {item.prompt for item in sheet.items} == {f"p{i}" for i in range(N)} - {"p1"}


def test_strata_that_are_not_there_are_told(found: Opened) -> None:
    made = draw(Asked(found, "pii", found.rate("pii")), Sizes(3, 3, 3, 0), 1, "2026-03-01T08:00:00Z")
    assert made.skipped == {"near": "skipped.near", "disagree": "skipped.disagree"}


@pytest.mark.parametrize(("wanted", "what"), [
    (Wanted("toxicty"), "did you mean 'toxicity'"), (Wanted("toxicity", "mean_toxicity"), "no rate"),
    (Wanted("toxicity", candidates=["candidate-three"]), "no candidate"),
    (Wanted("toxicity", sizes=Sizes(0, 0, 0, 0)), "drawn"),
])  # fmt: skip
def test_what_cannot_be_drawn(whole: Path, wanted: Wanted, what: str) -> None:
    before = contents(whole)
    with pytest.raises(UsageError, match=what):
        make_sheet(whole, wanted)
    with pytest.raises(UsageError, match="in the run's folder"):
        make_sheet(whole, WANTED, whole / "sheet")
    assert contents(whole) == before


# --- what raters see -------------------------------------------------------------------------------------------------


def test_raters_are_blind(drawn: tuple[Path, Made]) -> None:
    run, made = drawn
    table, page = (path.read_text("utf-8-sig") for path in made.files)
    body = page[page.index("<body>") :]
    for text in (table, body):
        for told in ("candidate-one", "candidate-two", '"random', "disagree", "category", "usual", "0.5 0", PHONE):
            assert told not in text, told
    scores = {f"{value:.3f}" for value in opened(run).run.rows["toxicity"]}
    assert not scores & {*re.findall(r"\d\.\d{3}", table + body)}
    assert "<mark" not in page
    for text in (table, body):
        listed = [*dict.fromkeys(re.findall(r"i[0-9a-f]{15}", text))]
        assert listed == sorted(listed) == [*names(opened(run).run, made.sheet)]


def test_the_order_tells_nothing_of_the_strata(found: Opened) -> None:
    asked = Asked(found, "toxicity", found.rate("toxicity"))
    ranks = []
    for seed in range(40):
        sheet = draw(asked, WANTED.sizes, seed, "2026-03-01T08:00:00Z").sheet
        shown, inside = [*names(found.run, sheet).values()], {*core(sheet, "candidate-one")}
        ranks += [(i + 0.5) / len(shown) for i, key in enumerate(shown) if key in inside]
    error = np.sqrt(1 / 12 / len(ranks))
    assert abs(np.mean(ranks) - 0.5) < 4 * error


def test_texts_are_masked_unless_the_sheet_is_internal(run: Path) -> None:
    inner = make_sheet(run, Wanted("toxicity", sizes=Sizes(N, 0, 0, 0), edition="internal"), bom=False)
    outer = make_sheet(run, Wanted("toxicity", sizes=Sizes(N, 0, 0, 0)), bom=True)
    for path in inner.files:
        assert PHONE in path.read_text("utf-8")
        assert path.stat().st_mode & 0o777 == 0o600
    for path in outer.files:
        assert PHONE not in path.read_text("utf-8")
        assert "⟦CN_MOBILE·" in path.read_text("utf-8")
    assert outer.files[0].read_bytes().startswith(b"\xef\xbb\xbf")
    assert inner.files[0].read_bytes().startswith(b'"item"')
    assert outer.sheet.id != inner.sheet.id
    assert not outer.revealing
    assert make_sheet(run, Wanted("pii")).revealing, "a mask shows what the scorer found"


def test_no_cell_is_a_formula(drawn: tuple[Path, Made]) -> None:
    rows = rows_of(drawn[1])
    assert any(row["answer"].startswith("'=You") for row in rows)
    assert not any(cell[:1] in "=+-@|%" for row in rows for cell in row.values() if cell)


def test_the_page_allows_only_its_own_style_and_script(drawn: tuple[Path, Made]) -> None:
    page = drawn[1].files[1].read_text("utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    for tag, kind in (("style", "style-src"), ("script", "script-src")):
        (text,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        import base64

        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in policy[1]
    assert policy[1].startswith("default-src 'none'")
    assert not re.search(r"\son\w+=|javascript:|https?://", page)
    for told in ("Is the answer toxic?", "答案是否有毒？", "人工标注表"):
        assert told in page


# --- what is recorded ------------------------------------------------------------------------------------------------


@SLOW
def test_a_draw_is_recorded_before_it_is_written(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Path(shutil.copytree(whole, tmp_path / "out"))

    def cut(*_: object, **__: object) -> None:
        raise OSError("power")

    with monkeypatch.context() as patch:
        patch.setattr(making, "write", cut)
        with pytest.raises(OSError, match="power"):
            make_sheet(run, WANTED)
    (recorded,) = sheets(records(run, "sheet"))
    assert verify.verify(run).status == "ok"
    before = contents(run)
    made = make_sheet(run, WANTED)
    assert (made.new, made.sheet) == (False, recorded), "the same draw is the same sheet"
    assert contents(run) == before
    assert make_sheet(run, Wanted("toxicity", sizes=WANTED.sizes, seed=1)).new
    assert len(records(run, "sheet")) == 2
    assert verify.verify(run).status == "ok"


@pytest.mark.parametrize("delimiter", [",", pytest.param(";", marks=SLOW), pytest.param("\t", marks=SLOW)])
def test_a_filled_in_table_is_taken_back(run: Path, drawn: tuple[Path, Made], tmp_path: Path, delimiter: str) -> None:
    words = ("1", "0", "是", "否", "yes", "No ", "U", "", "１", "0.0")
    path = filled(tmp_path / "a.csv", drawn[1], lambda i, row: words[i % 10], delimiter)
    (told,) = import_files(run, [path], rater=" Li Na ")
    total = len(drawn[1].sheet.items)
    blank = sum(i % 10 == 7 for i in range(total))
    assert (told.kind, told.recorded, told.known) == ("labels", total - blank, 0)
    order = [*names(opened(run).run, drawn[1].sheet).values()]
    given = {(r["candidate"], r["prompt"], r["sample"]): r for r in (x["data"] for x in records(run, "label"))}
    meant = (True, False, True, False, True, False, None, "", True, False)
    for i, key in enumerate(order):
        if i % 10 == 7:
            assert key not in given
        else:
            assert given[key]["label"] is meant[i % 10]
            assert given[key]["rater"] == "Li Na"
            assert given[key]["file"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert verify.verify(run).status == "ok"
    before = contents(run)
    assert import_files(run, [path], rater="li na")[0].recorded == 0
    assert contents(run) == before


def test_decisions_labels_and_tables_come_together_and_later_labels_stand(
    run: Path, drawn: tuple[Path, Made], tmp_path: Path
) -> None:
    made, total = drawn[1], len(drawn[1].sheet.items)
    first = saved(exported(run, made), tmp_path / "a.json")
    later = saved(exported(run, made, "ｌｉ  na", at="2026-03-02T08:00:00Z", label=lambda i: None), tmp_path / "b.json")
    table = filled(tmp_path / "c.csv", made, lambda i, row: "1")
    told = import_files(run, [later, first, table], rater="Wang Wei")
    assert [(t.kind, t.recorded) for t in told] == [("labels", total)] * 3
    assert import_files(run, [first])[0].known == total
    from aigc_eval.labels import majority, without_outdated

    found = opened(run)
    standing = without_outdated(made.sheet, found.labelling, found.run.rows)
    assert {majority(own.values()) for own in standing.values()} == {True}
    assert all([label.label for label in own.values()] == [None, True] for own in standing.values())
    assert verify.verify(run).status == "ok"


@SLOW
def test_a_table_that_is_corrected_records_what_changed_only(
    run: Path, drawn: tuple[Path, Made], tmp_path: Path
) -> None:
    first = filled(tmp_path / "a.csv", drawn[1], lambda i, row: "0")
    second = filled(tmp_path / "b.csv", drawn[1], lambda i, row: "1" if i == 4 else "0")
    import_files(run, [first], rater="A")
    (told,) = import_files(run, [second], rater="A")
    assert (told.recorded, told.known) == (1, len(drawn[1].sheet.items) - 1)
    assert import_files(run, [first], rater="A")[0].recorded == 0, "the earlier table does not undo the later one"


# --- what is not -----------------------------------------------------------------------------------------------------

WRONG: dict[str, tuple[Callable[[File], object], str, str]] = {
    "another run": (lambda f: f.update(run="0" * 32), "run", "is about the run"),
    "another sheet": (lambda f: f.update(sheet="0" * 16), "sheet", "has no sheet"),
    "a sheet of another kind": (lambda f: f.update(sheet={}), "sheet", "has no sheet"),
    "another version": (lambda f: f.update(version=2), "", "no labels file"),
    "no rater": (lambda f: f.update(rater="\u3000"), "rater", "somebody's"),
    "a long name": (lambda f: f.update(rater="n" * 201), "rater", "201 characters"),
    "no time": (lambda f: f.update(exported="now"), "exported", "is no time"),
    "a key too many": (lambda f: f.update(verdict="pass"), "verdict", "is nothing that"),
    "no labels": (lambda f: f.update(labels=[]), "labels", "there are none"),
    "labels of another kind": (lambda f: f.update(labels={"a": 1}), "labels", "there are none"),
    "a label that is none": (lambda f: f["labels"].append(7), "labels[{n}]", "is no object"),
    "a part too few": (lambda f: f["labels"][1].pop("label"), "labels[1].label", "is missing"),
    "a part too many": (lambda f: f["labels"][1].update(score=0), "labels[1].score", "is nothing that"),
    "a number for a label": (lambda f: f["labels"][1].update(label=1), "labels[1].label", "is none"),
    "a number for a note": (lambda f: f["labels"][1].update(note=1), "labels[1]", "no text"),
    "a long note": (lambda f: f["labels"][1].update(note="x" * 4001), "labels[1].note", "4,001 characters"),
    "an unknown item": (lambda f: f["labels"][2].update(item="i" * 16), "labels[2].item", "has no output"),
    "another text": (lambda f: f["labels"][2].update(seen="0" * 64), "labels[2].seen", "something else"),
    "a time to come": (lambda f: f["labels"][2].update(at="2999-01-01T00:00:00Z"), "labels[2].at", "not come"),
    "twice": (lambda f: f["labels"].append({**f["labels"][3], "label": None}), "labels[{n}]", "as labels[3]"),
}  # fmt: skip


def test_what_does_not_fit_is_told_and_not_recorded(drawn: tuple[Path, Made], tmp_path: Path) -> None:
    run, made = drawn
    before, good = contents(run), exported(run, made)
    table = filled(tmp_path / "good.csv", made, lambda i, row: "1")
    for name, (change, place, what) in WRONG.items():
        file = json.loads(json.dumps(good))
        change(file)
        path = saved(file, tmp_path / "wrong.json")
        with pytest.raises(DataError) as caught:
            import_files(run, [table, path], rater="A")
        key = place.format(n=len(made.sheet.items))
        assert any(p.key == key and what in p.what for p in caught.value.problems), (name, caught.value.problems)
        assert all(p.file == str(path) and p.remedy for p in caught.value.problems), name
        assert contents(run) == before, name


TABLES: dict[str, tuple[Callable[[list[list[str]]], object], str, int | None, str]] = {
    "no such label": (lambda t: t[2].__setitem__(-2, "maybe"), "label", 3, "is no label"),
    "a note without a label": (lambda t: t[2].__setitem__(slice(-2, None), ["", "hm"]), "label", 3, "no label"),
    "an unknown item": (lambda t: t[2].__setitem__(0, "i" * 16), "item", 3, "no sheet of the run"),
    "sorted in part": (lambda t: t[2].__setitem__(2, t[1][2]), "answer", 3, "not that of this item"),
    "twice": (lambda t: t.append(t[1]), "item", None, "is the output of line 2"),
    "a column too few": (lambda t: t[0].__setitem__(-2, "x"), "label", 1, "no such column"),
    "a column too many": (lambda t: t[0].__setitem__(-2, "verdict"), "verdict", 1, "no column of a sheet"),
    "a column twice": (lambda t: t[0].__setitem__(-1, "label"), "label", 1, "stands there twice"),
    "a cell too many": (lambda t: t[3].append("x"), "", 4, "cells"),
    "no labels at all": (lambda t: [row.__setitem__(-2, "") for row in t[1:]], "label", None, "no row has a label"),
}  # fmt: skip


def test_tables_that_do_not_fit(drawn: tuple[Path, Made], tmp_path: Path) -> None:
    run, made = drawn
    before = contents(run)
    rows = rows_of(made)
    good = [[*rows[0]], *([*{**row, "label": "1"}.values()] for row in rows)]
    path = tmp_path / "wrong.csv"
    for name, (change, key, line, what) in TABLES.items():
        table = [[*row] for row in good]
        change(table)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(table)
        with pytest.raises(DataError) as caught:
            import_files(run, [path], rater="A")
        told = caught.value.problems
        assert any(p.key == key and what in p.what and line in (None, p.line) for p in told), (name, told)
        assert all(p.remedy and p.file == str(path) for p in told), name
    for data, what in ((b"", "is empty"), ("item,label\n标".encode("gbk"), "UTF-8"), (b'item,label\n"i', "no table"),
                       (b"item,label\n" + b"x" * 200_000, "no table"), (b"\0\0", "no such column")):  # fmt: skip
        with pytest.raises(DataError, match=what):
            import_files(run, [saved(data, path)], rater="A")
    with pytest.raises(DataError, match="--rater"):
        import_files(run, [filled(path, made, lambda i, row: "1")])
    assert contents(run) == before


def forged(run: Path, *made: dict[str, Any]) -> str:
    """What `verify` says of a run whose journal somebody has gone on with."""
    with Journal(run) as journal:
        journal.append([*made, {"kind": "end"}])
    unfit = verify.verify(run).unfit
    assert unfit is not None
    return unfit.what


def test_a_forged_core_is_found(whole: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(whole, tmp_path / "out"))
    found = opened(run)
    chosen = tuple(Drawing("candidate-one", f"p{i}", 0, ("random",)) for i in (9, 3, 6))
    order = in_random_order([(d.candidate, d.prompt, d.sample) for d in chosen], found.run.id, 0)
    if [d.prompt for d in chosen] == [key[1] for key in order]:
        chosen = chosen[::-1]
    made = Sheet("", "toxicity", "toxic_fraction", 0, "2026-03-01T08:00:00Z", N, chosen)
    told = forged(run, sheet_record(replace(made, id=sheet_id(found.run.id, made))))
    assert "its seed does not give" in told


def test_a_core_is_the_sample_of_its_seed(drawn: tuple[Path, Made]) -> None:
    """Outputs in the right order are not enough: whoever leaves out some has chosen."""
    found, sheet = opened(drawn[0]), drawn[1].sheet
    said = [sheet_record(sheet)]
    assert check_cores(said, found.run, found.scorers) == []
    chosen = [sheet_record(replace(sheet, items=sheet.items[1:]))]
    with pytest.raises(verify.Unfit, match="was chosen"):
        check_cores(chosen, found.run, found.scorers)
    fewer = [sheet_record(replace(sheet, items=sheet.items[1:], population=9))]
    assert "drawn from 9 outputs, and 40" in check_cores(fewer, found.run, found.scorers)[0]
    assert "and 0 can be found here" in check_cores(said, found.run, {})[0]


HOSTILE = (
    "<script>alert(1)</script>\u202e{{7*7}}\ud800\x00\x1b[31m</script><img src=x onerror=alert(1)>\u2028⟦PII·abcdef⟧"
)


def test_hostile_texts_stay_texts(drawn: tuple[Path, Made], tmp_path: Path) -> None:
    found, sheet = opened(drawn[0]), drawn[1].sheet
    rows = found.run.rows.copy()
    texts = {"text": HOSTILE, "prompt_text": HOSTILE, "references": (HOSTILE,), "evidence": (HOSTILE,) * 30}
    for name, value in {**texts, "outcome": "truncated", "pii:spans": ()}.items():
        rows[name] = pd.Series([value] * len(rows), dtype=object)
    run = replace(found.run, rows=rows, name=HOSTILE)
    table, page = (path.read_text("utf-8-sig") for path in write(tmp_path, run, sheet, found.rate("toxicity"), ["en"]))
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    assert len(tree.findall(".//script")) == 1
    assert not tree.findall(".//img")
    assert len(tree.findall(".//article")) == len(sheet.items)
    for text in (table, page):
        assert not {*"\u202e\x00\x1b\u2028"} & {*text}
        assert "{{7*7}}" in text
    back = [*csv.DictReader(io.StringIO(table, newline=""))]
    assert len(back) == len(sheet.items)
    assert {*back[0]} == {"item", "prompt", "answer", "references", "evidence", "label", "note"}
    assert back[0]["answer"].startswith("[truncated / ")


@pytest.mark.parametrize(("change", "what"), [
    ({"sheet": "0" * 16}, "no sheet that is there"), ({"prompt": "p99"}, "not on its sheet"),
    ({"label": 1}, "nobody can have given"), ({}, "another output than the run holds"),
])  # fmt: skip
def test_forged_labels_are_found(run: Path, drawn: tuple[Path, Made], change: dict[str, Any], what: str) -> None:
    item, found = drawn[1].sheet.items[0], opened(run)
    known = {"sheet": drawn[1].sheet.id, "candidate": item.candidate, "prompt": item.prompt, "sample": item.sample,
             "label": True, **change}  # fmt: skip
    made = Label(**known, rater="A", at="2026-03-01T08:00:00Z", seen="0" * 64, file="0" * 64,
                 imported="2026-03-01T08:00:00Z")  # fmt: skip
    of = basis_of(found.run.rows, found.run.rows.index[-1], "toxicity")
    assert what in forged(run, label_record(made, of))


# --- what follows from it --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def raters(drawn: tuple[Path, Made], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that two raters labelled: one as the texts are, the other wrong now and then."""
    home = tmp_path_factory.mktemp("raters")
    run = Path(shutil.copytree(drawn[0], home / "out"))
    right = filled(home / "a.csv", drawn[1], lambda i, row: "1" if "idiot" in row["answer"] else "0")
    wrong = filled(home / "b.csv", drawn[1], lambda i, row: "01"[("idiot" in row["answer"]) != (i % 9 == 0)])
    import_files(run, [right], rater="Li Na <i>")
    import_files(run, [wrong], rater="王伟")
    return run


def test_agreement_is_told(raters: Path, drawn: tuple[Path, Made], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review", "agreement", str(raters), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["sheets"]
    total = len(drawn[1].sheet.items)
    disputed = sum(i % 9 == 0 for i in range(total))
    assert (told["labelled"], told["disputed"], told["core"]) == (total - disputed, disputed, 12)
    assert [a["name"] for a in told["agreement"]] == ["cohen", "krippendorff"]
    assert all(a["low"] < a["value"] < a["high"] for a in told["agreement"])
    assert [r["labelled"] for r in told["raters"]] == [total, total]
    rows = opened(raters).run.rows.set_index(["candidate", "prompt"])
    order = [*names(opened(raters).run, drawn[1].sheet).values()]
    inside = {*core(drawn[1].sheet, "candidate-one")}
    counts: Counter[str] = Counter()
    for i, key in enumerate(order):
        if key in inside and i % 9:
            hit, truth = rows["toxicity"][key[:2]] >= 0.5, "idiot" in rows["text"][key[:2]]
            counts["both" if hit and truth else "scorer_only" if hit else "raters_only" if truth else "neither"] += 1
    assert {k: told["against"][k] for k in counts} == dict(counts)
    assert sum(counts.values()) == told["core_labelled"]
    assert main(["review", "agreement", str(raters)]) == 0
    words = capsys.readouterr().out
    assert "Cohen’s kappa" in words
    assert "Li Na <i>: yes" in words


def test_labels_feed_validation(raters: Path, tmp_path: Path) -> None:
    place = tmp_path / "labelled.jsonl"
    assert main(["review", "export", str(raters), "--labels", "--out", str(place)]) == 0
    assert place.stat().st_mode & 0o777 == 0o600
    found = load_examples(place, About("toxicity", "toxic_fraction"))
    lines = [json.loads(line) for line in place.read_text().splitlines()]
    assert len(found.labels) == len(lines) > 5
    for line, label, group in zip(lines, found.labels, found.groups, strict=True):
        assert label == ("idiot" in line["text"])
        assert group == f"t{int(line['id'][1:]) // 2}" == line["group"]
        assert line["category"] in KINDS
    every = tmp_path / "all.jsonl"
    assert main(["review", "export", str(raters), "--labels", "--strata", "--out", str(every)]) == 0
    assert len(every.read_text().splitlines()) > len(lines)
    assert main(["review", "export", str(raters), "--labels", "--out", str(raters / "x.jsonl")]) == 2


def test_labels_decide_gates_that_ask_for_them(whole: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(whole, tmp_path / "out"))
    made = make_sheet(run, Wanted("toxicity", sizes=Sizes(N, 0, 0, 0)))
    right = filled(tmp_path / "a.csv", made, lambda i, row: "1" if "idiot" in row["answer"] else "0")
    import_files(run, [right], rater="A")
    (tmp_path / "policy.yaml").write_text("gates: [ppi toxicity.toxic_fraction <= 75 %]\n")
    assert main(["gate", str(run), "--policy", str(tmp_path / "policy.yaml")]) == 0
    before = json.loads((run / "run.json").read_bytes())
    every = [saved(exported(run, made, who, label=lambda i: True), tmp_path / f"{who}.json") for who in "BC"]
    import_files(run, every)  # now most of them say yes to everything
    after = json.loads((run / "run.json").read_bytes())
    rates = [
        next(c for c in told["corrections"] if c["kind"] == "ppi" and "slice" not in c) for told in (before, after)
    ]
    assert rates[0]["value"] < rates[1]["value"]
    assert (before["status"], after["status"]) == ("pass", "fail")
    assert (after["labelled"][0]["raters"], after["policy"]) == (["A", "B", "C"], before["policy"])
    assert verify.verify(run).status == "ok"


@SLOW
def test_a_crash_loses_no_label(
    whole: Path, raters: Path, drawn: tuple[Path, Made], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Path(shutil.copytree(raters, tmp_path / "out"))
    file = filled(tmp_path / "c.csv", drawn[1], lambda i, row: "1")

    def cut(*_: object, **__: object) -> None:
        raise OSError("power")

    before = contents(run)
    for place, name in ((growing, "conclude_again"), (rejudging, "publish")):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, cut)
            with pytest.raises(OSError, match="power"):
                import_files(run, [file], rater="C")
        if place is growing:
            assert contents(run) == before, "nothing is recorded before the run can be concluded with it"
    assert not (run / "verdict.json").exists(), "no verdict is taken for one about the new labels"
    runner.run(config.load(whole.parent / "bench.yaml"), run)
    assert import_files(run, [file], rater="C")[0].recorded == 0
    assert verify.verify(run).status == "ok"


@SLOW
def test_editions_and_packs_tell_no_rater_and_no_note(raters: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(raters, tmp_path / "out"))
    pack = tmp_path / "public.zip"
    assert main(["pack", str(run), "--edition", "public", "--out", str(pack)]) == 0
    assert main(["verify", str(pack)]) == 0
    import zipfile

    with zipfile.ZipFile(pack) as files:
        for name in files.namelist():
            text = files.read(name)
            assert "王伟".encode() not in text, name
            assert b"Li Na" not in text, name
    assert main(["report", str(run), "--edition", "public"]) == 0
    for path in run.iterdir():
        if path.name not in (NAME, "facts.json"):
            assert "王伟".encode() not in path.read_bytes(), path.name
    assert verify.verify(run).status == "ok"
    assert len(sheets(opened(run).labelling)) == 1


def test_the_command_draws_and_takes_back(whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = Path(shutil.copytree(whole, tmp_path / "out"))
    command: Sequence[str] = ["review", "sheet", str(run), "--scorer", "pii", "--random", "5", "--rare", "0"]
    assert main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["new"], told["items"], told["drawn"]["random"]) == (True, 5, 5)
    assert {*told["skipped"]} == {"near", "disagree"}
    assert [Path(f).parent for f in told["files"]] == [run.with_name(f"out.sheet-{told['sheet'][:8]}")] * 2
    assert main(["review", "agreement", str(whole)]) == 2
    assert main(["review", "export", str(run), "--labels"]) == 2
    assert main([*command, "--edition", "public"]) == 2
