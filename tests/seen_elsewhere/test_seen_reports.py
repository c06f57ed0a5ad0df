"""Seen elsewhere: reports that could not be read, that hid a verdict, or that ran what a model had written."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import html5lib  # type: ignore[import-untyped]
import numpy as np
import pytest
from lxml import etree  # type: ignore[import-untyped]

from aigc_eval import report, runner
from aigc_eval.config import Bench, Named
from aigc_eval.publishing import OPTIONAL, REPORTS, reports_of
from aigc_eval.records import Generation, Prompt, Request, Score
from aigc_eval.report import html, junit
from aigc_eval.report.escape import visible
from aigc_eval.report.files import Unreadable
from aigc_eval.report.html.environment import environment
from aigc_eval.verify import verify
from tests.seen_elsewhere import small
from tests.seen_elsewhere.small import ALL, Marked, Says, command, prompts, verdict, write

HOSTILE = "\x00\x08\x1b[31m\x7f\x9b\ufffe\uffff]]><x>&\u202e"


bench = partial(small.bench, formats=ALL)


def names(*candidates: str, **more: Any) -> Bench:
    """A bench whose candidates have these names, and whose gates fail."""
    listed = tuple(Named(name, Says(otherwise=f"bad {i}")) for i, name in enumerate(candidates))
    return bench(candidates=listed, limits=["s0.rate <= 0.1"], **more)


def page(folder: Path) -> Any:
    return html5lib.parse((folder / "report.html").read_text("utf-8"), namespaceHTMLElements=False)


def words(tree: Any) -> str:
    return " ".join("".join(tree.itertext()).split())


# -- JUnit ------------------------------------------------------------------------------------------------------------


def test_a_control_character_does_not_make_the_junit_file_unreadable(tmp_path: Path) -> None:
    """datadog-ci PR 2477: one control character killed the file, and the run still exited 0; promptfoo 10994 (open);
    ElementTree writes NUL and ESC as they are, and nothing reads them back."""
    done = runner.run(names(f"model {HOSTILE}", name=f"run {HOSTILE}"), tmp_path)
    assert done.exit_code == 1
    raw = (tmp_path / "junit.xml").read_bytes()
    for tree in (ET.fromstring(raw), etree.fromstring(raw)):
        (case,) = tree.iter("testcase")
        shown = str(case.get("classname"))
        for char in "\x00\x08\x1b\x7f\x9b\ufffe\uffff\u202e":
            assert char not in shown
            assert f"U+{ord(char):04X}" in shown
        assert "]]><x>&" in shown


def test_characters_beyond_the_basic_plane_stay_what_they_are(tmp_path: Path) -> None:
    r"""pytest 14483: `\u10000` in a character class mangled every astral character, its test cases commented out."""
    astral = "".join(chr(code) for code in range(0x10000, 0x110000, 0x1FF) if code & 0xFFFE != 0xFFFE)
    plain = [c for c in astral if visible(c) == c]
    runner.run(names(f"😀𝒳𠀀{''.join(plain)}", formats=["junit"]), tmp_path)
    (case,) = ET.fromstring((tmp_path / "junit.xml").read_bytes()).iter("testcase")
    assert case.get("classname") == f"😀𝒳𠀀{''.join(plain)}"
    assert len(plain) > 500


def test_the_ways_beside_the_main_one_are_escaped_too(tmp_path: Path) -> None:
    """pytest 11842 and 10190: skip reasons and errors of the set-up took a way past the escaping."""

    class Complains(Marked):
        def score(self, batch: Sequence[Generation]) -> list[Score]:
            return [
                Score(error=f"no score {HOSTILE}") if i % 2 else Score(note=f"na {HOSTILE}") for i in range(len(batch))
            ]

    class Fails(Says):
        def generate(self, batch: Sequence[Request]) -> list[Generation]:
            return [
                r.answer("", "error", detail=f"detail {HOSTILE}") if r.prompt.id == "p1" else r.answer("x")
                for r in batch
            ]

    runner.run(bench(Fails(), scorers=[Complains()], limits=["s0.rate <= 0.1"]), tmp_path)
    ET.fromstring((tmp_path / "junit.xml").read_bytes())
    shown = words(page(tmp_path))
    assert "no score" in shown
    for name in ("report.html", "summary.md", "junit.xml", "rows.csv"):
        text = (tmp_path / name).read_text("utf-8")
        assert not set("\x00\x08\x1b\x9b\ufffe\u202e") & set(text), name
        assert "]]><x>" not in text or name == "rows.csv", name


@pytest.mark.parametrize("candidates", [1, 3])
def test_the_counts_of_the_junit_file_are_the_number_of_its_cases(tmp_path: Path, candidates: int) -> None:
    """pytest 3850: `tests=` was not the number of cases."""
    given = names(*(f"c{i}" for i in range(candidates)))
    runner.run(bench(candidates=given.candidates, limits=["s0.rate <= 0.1", "s0.mean <= 1"]), tmp_path)
    root = ET.fromstring((tmp_path / "junit.xml").read_bytes())
    assert int(root.get("tests", "")) == len(list(root.iter("testcase"))) == 2 * candidates
    assert int(root.get("failures", "")) == len(list(root.iter("failure"))) == candidates
    changed = (tmp_path / "junit.xml").read_text("utf-8").replace(f'tests="{2 * candidates}"', 'tests="9"', 1)
    with pytest.raises(Unreadable):
        junit.check(changed, runner.load(tmp_path))


# -- HTML -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["id", "candidate", "name", "tag", "text"])
def test_ids_and_names_are_escaped_as_texts_are(tmp_path: Path, where: str) -> None:
    """pytest-html 1024 (open): the log is escaped and the id of the test is not."""
    attack = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'`"
    given = [
        Prompt(f"p{i}{attack if where == 'id' else ''}", "Question?", tags={"kind": attack if where == "tag" else "a"})
        for i in range(12)
    ]
    text = f"bad {attack}" if where == "text" else "bad"
    listed = (Named(attack if where == "candidate" else "c", Says(otherwise=text)),)
    more: dict[str, Any] = {"name": attack} if where == "name" else {}
    runner.run(bench(candidates=listed, limits=["s0.rate <= 0.1"], given=given, slices=("kind",), **more), tmp_path)
    tree = page(tmp_path)
    assert not list(tree.iter("img"))
    assert [e.attrib for e in tree.iter("script")] == [{}]  # ours, which the page's policy allows by its hash
    assert "alert(" not in "".join(e.text or "" for e in tree.iter("script"))
    assert not [a for e in tree.iter() for a in e.attrib if a.lower().startswith("on")]
    assert attack.split('"', maxsplit=1)[0] in words(tree)


def test_text_between_angle_brackets_does_not_vanish(tmp_path: Path) -> None:
    """pytest-html 740: whatever stood between < and > was gone."""
    said = "bad <think>the secret plan</think> a < b and c > d &lt; <b>bold</b> <!-- comment --> <3"
    runner.run(bench(Says(otherwise=said), limits=["s0.rate <= 0.1"]), tmp_path)
    assert said in words(page(tmp_path))


def test_the_verdict_is_there_without_styles_and_scripts(tmp_path: Path) -> None:
    """Jenkins serves artefacts with `sandbox; default-src 'none'` (pytest-html 29): no script, no inline CSS runs."""
    runner.run(names("model"), tmp_path)
    tree = page(tmp_path)
    for parent in list(tree.iter()):
        for child in list(parent):
            if child.tag in ("style", "link", "script"):
                parent.remove(child)
            child.attrib.pop("style", None)
    hidden = [e for e in tree.iter() if "hidden" in e.attrib]
    shown = words(tree)
    assert not any("Fail" in words(e) for e in hidden)
    assert "s0.rate <= 0.1" in shown or "≤" in shown
    assert re.search(r"\bFail", shown)


def test_every_template_is_escaped_whatever_its_name() -> None:
    """jinja: `select_autoescape()` covers .html, .htm and .xml only; `report.html.j2` is not escaped."""
    made = environment()
    assert made.autoescape is True
    for written in ("<{{ x }}>", "<a title='{{ x }}'>"):
        assert "<x" not in made.from_string(written).render(x="<x'\"")


def test_no_template_puts_json_into_the_page() -> None:
    """jinja utils.py:637: `tojson` is unsafe inside double-quoted attributes; `|safe` is unsafe everywhere."""
    for path in Path(html.__file__).parent.rglob("*.html"):
        source = path.read_text("utf-8")
        assert not re.search(r"\|\s*(tojson|safe|xmlattr|urlize)|autoescape false|Markup", source), path


# -- CSV, terminal -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ['=HYPERLINK("http://e.example")', "+1", "-Infinity", "@SUM(A1)", "\t=1", "\r=1", "\u200b=1", "＝1", " =1", "\n=1"],
)  # fmt: skip
def test_no_cell_begins_like_a_formula(tmp_path: Path, text: str) -> None:
    """promptfoo 9609: what a model wrote became a formula in the reviewer's spreadsheet."""
    given = [Prompt(f"{text}{i}", text + "?", tags={"kind": text}) for i in range(12)]
    listed = (Named(text, Says(otherwise=text)),)
    runner.run(bench(candidates=listed, given=given, slices=("kind",), formats=["csv"]), tmp_path)
    for name in ("rows.csv", "summary.csv"):
        cells = [c for row in csv.reader(io.StringIO((tmp_path / name).read_text("utf-8-sig"))) for c in row]
        own = [c for c in cells if text.strip()[-1:] in c and not re.fullmatch(r"-?[0-9.e-]+", c)]
        assert own
        for cell in own:
            assert not re.match("[\\s\u200b]*[=+@＝＋＠-]", cell), repr(cell)
            assert cell[0] not in "\t\r\n"


def test_no_escape_sequence_reaches_the_terminal(tmp_path: Path) -> None:
    """inspect_ai design/ctl/security.md: sanitise every field whatever its origin; rich strips BEL, BS, VT, FF and CR
    but not ESC."""
    lines = [{"id": f"p{i}\x1b]52;c;aGk=\x07", "prompt": "\x1b[2J\x9b31m bad\r PASSED"} for i in range(12)]
    path = write(tmp_path, {"name": "b", "candidates": ["echo"], "scorers": ["fluency"], "slices": ["lang"]})
    (tmp_path / "prompts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    for words_ in (["run", path.name, "--out", "out"], ["report", "out"]):
        done = command(tmp_path, *words_)
        assert done.returncode == 0, done.stderr
        assert not set("\x1b\x9b\x07\r\x08") & set(done.stdout + done.stderr)


# -- writing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", ["report.html", "summary.csv", "rows.csv", "junit.xml", "summary.md", "run.json"])
def test_a_report_that_cannot_be_written_leaves_no_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    """lm-evaluation-harness evaluation_tracker.py:312 and 418: hours of work, every save error a warning, exit 0."""
    real = report.write_atomically

    def failing(path: Path, text: str, mode: int = 0o644) -> str:
        if path.name == lost:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return real(path, text, mode)

    monkeypatch.setattr(report, "write_atomically", failing)
    done = runner.run(bench(Says(), limits=["s0.rate <= 0.5"]), tmp_path)
    assert done.exit_code == verdict(tmp_path)["exit_code"] == 3
    assert {"report_failed"} <= {r["code"] for r in verdict(tmp_path)["reasons"]}
    there = {p.name for p in tmp_path.iterdir()}
    assert lost not in there
    assert {"verdict.json", "journal.jsonl"} <= there
    assert len(there) >= 6 if lost not in ("summary.csv", "rows.csv") else len(there) >= 5


def test_a_report_that_failed_once_counts_until_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Undetermined while it is missing, for whoever writes other reports or judges again; then as it was concluded."""
    real = report.write_atomically

    def failing(path: Path, text: str, mode: int = 0o644) -> str:
        if path.name == "report.html":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return real(path, text, mode)

    with monkeypatch.context() as full:
        full.setattr(report, "write_atomically", failing)
        assert runner.run(bench(Says(), limits=["s0.rate <= 0.5"]), tmp_path).exit_code == 3
        for formats in (["html"], ["csv"]):
            assert runner.report_again(tmp_path, formats, ("en",)).exit_code == 3
            assert [r["code"] for r in verdict(tmp_path)["reasons"]].count("report_failed") == 1
            assert verify(tmp_path).unfit is None
        said = {check.name: check.what for check in verify(tmp_path).checks}
        assert said["verdict"] == "undetermined, exit code 3"
    assert "html" in reports_of(tmp_path, {"bench": {}})[0]  # whoever judges again writes it, too
    assert runner.report_again(tmp_path, ["html"], ("en",)).exit_code == 0
    assert (verdict(tmp_path)["status"], verdict(tmp_path)["exit_code"]) == ("pass", 0)
    assert verify(tmp_path).unfit is None
    with monkeypatch.context() as full:
        full.setattr(report, "write_atomically", failing)
        assert runner.report_again(tmp_path, ["html"], ("en",)).exit_code == 3  # the others say so, too
        assert verify(tmp_path).unfit is None


def test_numbers_of_other_libraries_are_told_before_the_run_ends(tmp_path: Path) -> None:
    """lm-evaluation-harness 934: an int64 could not be written, after the run, and all of it was lost."""

    class Numpy(Marked):
        def score(self, batch: Sequence[Generation]) -> list[Score]:
            kinds: list[Any] = [np.float64(0.5), np.float32(0.5), np.int64(1), np.bool_(True), 1, True]
            return [self._made(kinds[i % len(kinds)]) for i in range(len(batch))]

        @staticmethod
        def _made(number: Any) -> Score:
            try:
                return Score(number, parts={"x": number})
            except ValueError as error:
                return Score(error=str(error))

    done = runner.run(bench(Says(), scorers=[Numpy()]), tmp_path)
    status = done.rows["s0:status"].tolist()
    assert status[:6] == ["scored", "failed", "failed", "failed", "scored", "scored"]
    assert runner.load(tmp_path).rows["s0"].tolist()[:1] == [0.5]


@pytest.mark.parametrize("where", ["name", "candidate", "id", "tag", "text"])
def test_long_names_are_no_file_names(tmp_path: Path, where: str) -> None:
    """lm-evaluation-harness 1454, 2966, 1664: "File name too long", after the run."""
    long = "n/..\\" * 2_000
    given = [
        Prompt(f"{i}{long if where == 'id' else ''}", "?", tags={"t": long if where == "tag" else ""})
        for i in range(12)
    ]
    listed = (Named(long if where == "candidate" else "c", Says(otherwise=long if where == "text" else "x")),)
    more: dict[str, Any] = {"name": long} if where == "name" else {}
    done = runner.run(bench(candidates=listed, given=given, slices=("t",), **more), tmp_path / "out")
    assert done.exit_code == 0
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"journal.jsonl", "verdict.json", *REPORTS} - OPTIONAL


def test_a_long_name_in_a_bench_file_is_no_folder_name_either(tmp_path: Path) -> None:
    """The same, where the folder is named after the bench."""
    write(tmp_path, {"name": "n" * 5_000, "candidates": ["echo"], "scorers": ["fluency"]}, 12)
    done = command(tmp_path, "run", "bench.yaml")
    assert done.returncode in (0, 2), done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 2 or list(tmp_path.glob("**/verdict.json"))


@pytest.mark.parametrize("kind", ["errors", "notes", "none"])
def test_reports_of_nothing_scored_are_written(tmp_path: Path, kind: str) -> None:
    """garak 2209: scores that are null crashed its analysers."""

    class Nothing(Marked):
        def score(self, batch: Sequence[Generation]) -> list[Score]:
            return [Score(error="lost") if kind == "errors" else Score(note="does not apply") for _ in batch]

    scorers = [] if kind == "none" else [Nothing()]
    done = runner.run(bench(Says(), scorers=scorers, limits=["s0.rate <= 1"] if scorers else []), tmp_path)
    assert done.exit_code == (3 if scorers else 0)
    assert {p.name for p in tmp_path.iterdir()} == {"journal.jsonl", "verdict.json", *REPORTS} - OPTIONAL
    assert set(ALL) <= set(report.FORMATS)


def test_one_failure_in_many_is_in_every_report(tmp_path: Path) -> None:
    """garak: no exit path of cli.py reflects hits; promptfoo: a pass rate hid the one test that mattered."""
    limits = [*["s0.rate <= 0.9"] * 3, "s0.mean <= 0.1", *["s0.worst <= 1"] * 3]
    runner.run(bench(Says({f"p{i}": "bad" for i in range(20)}), limits=limits, given=prompts(40)), tmp_path)
    assert verdict(tmp_path)["exit_code"] == 1
    assert len(list(ET.fromstring((tmp_path / "junit.xml").read_bytes()).iter("failure"))) == 1
    assert re.search("Fail", words(page(tmp_path)))
    assert re.search("Fail", (tmp_path / "summary.md").read_text("utf-8"), re.IGNORECASE)
