"""Hostile text never changes the structure of a report: same tags, rows, elements as for harmless text."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any
from unicodedata import category
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import html5lib
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from markdown_it import MarkdownIt
from sample_run import build_run, sample_rows

from aigc_eval.records import Bilingual, Run
from aigc_eval.report import csv_table, github, gitlab, html, json_file, junit, markdown, sarif, terminal_table
from aigc_eval.report.escape import csv_cell, github_property, markdown_code, markdown_text, terminal, visible
from aigc_eval.report.mask import Masker
from tests.durability.harness import THOROUGH

BLNS = Path(__file__).parents[2] / "../shared/data/hostile/blns.json"
ATTACKS = (
    "</script><script>alert(1)</script>",
    "<!-- ]]> --> &lt; &#0; \x00 \ud800 \ufffe",
    '" onmouseover="x" \' `|` ||| \n\n# title\n- item\n```',
    "=1+1\n@mention ![i](http://e.example/i.png) <http://e.example> www.e.example a@e.example",
    "\x1b]52;c;aGk=\x07 \x9b31m \r PASSED \x08\x08",
    "\u202eabc\u2066\u200b\ufeff\U000e0041\u2028\u0085",
    "::error file=x,line=9::y\n::stop-commands::z\r\n##[error]a ##vso[task.complete]%0A%25",
    "{{ 7 * 7 }} {% raw %} {# #} ${7*7}",
)
hostile_text = st.text(st.characters(), max_size=60) | st.text(
    st.sampled_from("<>&\"'`=+-@|\\[]()!#*_~{}%\n\r\t \x00\x1b\x9b\u202e\u200b\ud800\udfff\ufffea中"), max_size=40
)


@cache
def _base() -> Any:
    return sample_rows(prompts=12)


@cache
def _base_run() -> Run:
    return build_run(_base())


def _texts(values: list[Any]) -> pd.Series[Any]:
    return pd.Series(values, dtype="object")


def poisoned(text: str) -> Run:
    """A run with the text in every field that a model, a prompt set or a bench can write."""
    rows = _base().copy()
    for column in ("text", "prompt_text", "prompt", "detail", "tag.category"):
        rows[column] = _texts([t + text for t in rows[column]])
    rows["detail"] = _texts([f"said: {t}" for t in rows["detail"]])  # never nothing, whatever the text
    for column in ("references", "evidence"):
        rows[column] = _texts([tuple(t + text for t in given) for given in rows[column]])
    rows["factuality:note"] = _texts([t and f"{t}, they say {text}" for t in rows["factuality:note"]])
    return replace(
        _base_run(),
        rows=rows,
        name=f"run{text}",
        created=f"now{text}",
        digests={f"file{text}": f"d{text}"},
        bench={"seed": f"1{text}", f"k{text}": text},
        versions={f"v{text}": text},
    )


def renamed(text: str) -> Run:
    """The sample run with hostile candidate names, gates and titles."""
    run = _base_run()
    rows = _base().copy()
    rows["candidate"] = _texts([c + text for c in rows["candidate"]])
    estimates = tuple(replace(e, candidate=e.candidate + text) for e in run.estimates)
    return replace(
        run,
        rows=rows,
        estimates=estimates,
        verdicts=tuple(replace(v, candidate=v.candidate + text, gate=v.gate + text) for v in run.verdicts),
        candidates=tuple(replace(c, name=c.name + text, signature=c.signature + text) for c in run.candidates),
        places={"": f"benches/{text}.yaml:1"} | {v.gate + text: f"{text}.yaml:7" for v in run.verdicts},
        scorers=tuple(replace(s, title=Bilingual(s.title.en + text, s.title.zh + text)) for s in run.scorers),
    )


def masker(run: Run) -> Masker:
    return Masker.of_run(run.rows, run.key)


def dom(text: str) -> list[tuple[str, tuple[str, ...]]]:
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    return [(str(e.tag), tuple(sorted(map(str, e.attrib)))) for e in tree.iter()]


def page(run: Run) -> str:
    return html.html(run, masker(run), ("en", "zh"))


def shape(text: str) -> list[int]:
    return [len(row) for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))]


def elements(text: str) -> list[tuple[str, tuple[str, ...]]]:
    data = text.encode("utf-8")
    assert [e.tag for e in ET.fromstring(data).iter()] == [e.tag for e in etree.fromstring(data).iter()]
    return [(e.tag, tuple(e.attrib)) for e in ET.fromstring(data).iter()]


def tokens(text: str) -> list[str]:
    """Tokens as CommonMark with tables and raw HTML sees them; a name may be a code span or plain text."""
    parsed = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table").parse(text)
    found = []
    for token in parsed:
        found.append(token.type)
        found += [c.type for c in token.children or () if c.type not in ("text", "text_special", "code_inline")]
    return found


def commands(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """The workflow commands of a log as GitHub's runner reads it: name and names of properties, line by line."""
    found = []
    for line in re.split("\r\n|\r|\n", text.removesuffix("\n")):
        assert "##[" not in line
        head, end, _ = line.removeprefix("::").partition("::")
        assert line.startswith("::")
        assert end
        name, _, properties = head.partition(" ")
        found.append((name, tuple(p.partition("=")[0] for p in properties.split(","))))
    return found


def tree(text: str) -> Any:
    """The shape of a JSON text: its keys, the lengths of its lists and the types of its values."""
    assert text.isascii()

    def shape_of(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: shape_of(v) for k, v in value.items()}
        return [shape_of(v) for v in value] if isinstance(value, list) else type(value).__name__

    return shape_of(json.loads(text))


SINKS: dict[str, tuple[Callable[[Run], str], Callable[[str], Any]]] = {
    "html": (page, dom),
    "rows": (lambda r: csv_table.rows(r, masker(r)), shape),
    "summary": (csv_table.summary, shape),
    "junit": (lambda r: junit.junit(r, ("en",)), elements),
    "markdown": (lambda r: markdown.markdown(r, ("en", "zh")), tokens),
    "github": (lambda r: github.github(r, ("en",)), commands),
    "gitlab": (lambda r: gitlab.gitlab(r, ("zh",)), tree),
    "sarif": (lambda r: sarif.sarif(r, ("en",)), tree),
}
CI = ["github", "gitlab", "sarif"]


@cache
def expected(sink: str, builder: Callable[[str], Run]) -> Any:
    write, skeleton = SINKS[sink]
    return skeleton(write(builder("a")))


@pytest.mark.parametrize("sink", SINKS)
@pytest.mark.parametrize("text", ATTACKS)
def test_attacks_leave_the_skeleton_alone(sink: str, text: str) -> None:
    write, skeleton = SINKS[sink]
    assert skeleton(write(poisoned(text))) == expected(sink, poisoned)


@pytest.mark.parametrize("sink", ["html", "summary", "junit", "markdown", *CI])
@pytest.mark.parametrize("text", ATTACKS)
def test_hostile_candidate_names_leave_the_skeleton_alone(sink: str, text: str) -> None:
    write, skeleton = SINKS[sink]
    assert skeleton(write(renamed(text))) == expected(sink, renamed)


def _naughty(most: int) -> list[str]:
    """All strings of the list, joined into texts of at most so many characters."""
    if not BLNS.exists():
        pytest.skip("the Big List of Naughty Strings is not here")
    texts = [""]
    strings = json.loads(BLNS.read_text("utf-8"))
    assert len(strings) > 500
    for string in strings:
        texts = [*texts[:-1], f"{texts[-1]} {string}"] if len(texts[-1]) + len(string) < most else [*texts, string]
    return texts


@pytest.mark.parametrize("sink", ["rows", "summary", "junit", "markdown", *CI])
def test_naughty_strings_leave_tables_alone(sink: str) -> None:
    write, skeleton = SINKS[sink]
    for text in _naughty(8000):
        assert skeleton(write(poisoned(text))) == expected(sink, poisoned)


COLUMNS = ("text", "prompt_text", "detail")


def scattered(texts: list[str], turn: int = 0) -> Run:
    """A run with a text of its own, under its number, in every row's columns."""
    rows = _base().copy()
    for n, column in enumerate(COLUMNS):
        first = (n + turn) % len(COLUMNS) * len(rows) // len(COLUMNS)
        numbers = [(first + i) % len(texts) for i in range(len(rows))]
        rows[column] = _texts([f"{t} {i}/ {texts[i]}" for t, i in zip(rows[column], numbers, strict=True)])
    return replace(_base_run(), rows=rows)


@pytest.mark.slow
def test_naughty_strings_leave_the_page_alone() -> None:
    texts = _naughty(400)  # short enough for excerpts to show all of it
    assert len(texts) <= len(_base())
    plain = dom(page(scattered(["a"] * len(texts))))
    for turn in range(len(COLUMNS)):
        shown = page(scattered(texts, turn))
        assert dom(shown) == plain
        assert all(f"{n}/ " in shown for n in range(len(texts)))


@pytest.mark.slow
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(hostile_text)
def test_any_text_leaves_every_skeleton_alone(text: str) -> None:
    run = poisoned(text)
    for sink, (write, skeleton) in SINKS.items():
        assert skeleton(write(run)) == expected(sink, poisoned), sink


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(hostile_text)
def test_any_text_leaves_the_lines_of_ci_alone(text: str) -> None:
    run = poisoned(text)
    for sink in ("summary", "junit", *CI):
        write, skeleton = SINKS[sink]
        assert skeleton(write(run)) == expected(sink, poisoned), sink


FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\ufeff\ud800-\udfff]")


@settings(max_examples=400, deadline=None)
@given(hostile_text)
def test_encoders_keep_their_promises(text: str) -> None:
    shown = visible(text)
    assert not FORBIDDEN.search(shown)
    shown.encode("utf-8")
    line = terminal(text)
    assert not FORBIDDEN.search(line)
    assert "\n" not in line
    assert not line.lstrip().startswith("::")
    assert not re.search(r"##\w*\[", line)
    assert not set(":,\r\n") & set(github_property(text))
    cell = csv_cell(text)
    assert cell[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
    assert next(csv.reader(io.StringIO(f'"{cell.replace(chr(34), chr(34) * 2)}"\r\n', newline="")))[0] == cell
    for encoded in (markdown_text(text), markdown_code(text)):
        assert tokens(f"| a |\n| --- |\n| x{encoded} |\n") == tokens("| a |\n| --- |\n| xa |\n")


@settings(max_examples=300, deadline=None)
@given(hostile_text)
def test_visible_can_be_undone(text: str) -> None:
    back = re.sub("⟦U\\+([0-9A-F]{4,6})⟧", lambda m: chr(int(m[1], 16)), visible(text))
    assert back == text.replace("\r\n", "\n")


@pytest.mark.parametrize("text", ["❤️ ok", "👩‍💻", "1️⃣", "中文，标点。", "naïve café", "a\tb\nc"])
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    "text",
    ["=1", "+1", "-1", "@x", "\t=1", " =1", "\u200b=1", "＝1", "－1", "\u202e＠x", "-Infinity", "\n=1", "\x00=1"],
)
def test_formulas_are_disarmed(text: str) -> None:
    assert csv_cell(text).startswith("'")


def test_cells_are_cut_below_what_spreadsheets_hold() -> None:
    assert len(csv_cell("=" + "x" * 10_000_000)) <= 30_000


def test_the_markdown_forms_of_links_and_mentions_are_gone() -> None:
    text = markdown.markdown(poisoned(ATTACKS[3]), ("en",))
    assert "http://" not in text
    assert "@" not in text
    assert "image" not in tokens(text)


def test_the_terminal_gets_no_control_character() -> None:
    from rich.console import Console

    for text in ATTACKS:
        console = Console(file=io.StringIO(), width=400, color_system=None)
        console.print(terminal_table(renamed(text), "en"))
        written = console.file.getvalue()  # type: ignore[attr-defined]
        assert not FORBIDDEN.search(written)


def _batches(size: int) -> list[str]:
    """Every code point; of letters without case and of those that mean nothing, a sixteenth and the ends of planes."""
    alike = {"Lo", "Co", "Cn"}
    points = (
        chr(point)
        for point in range(0x110000)
        if THOROUGH or point % 16 == 0 or point & 0xFFFE == 0xFFFE or category(chr(point)) not in alike
    )
    return list(map("".join, iter(lambda: list(islice(points, size)), [])))


@pytest.mark.slow
def test_every_code_point_in_every_encoder() -> None:
    template = html.environment().from_string('<b title="{{ text }}">{{ text }}</b>')
    for batch in _batches(4096):
        for shape_of in ("{}", "{}a", "a{}b"):
            texts = [shape_of.format(char) for char in batch]
            shown = "\n".join(map(visible, texts))
            assert not FORBIDDEN.search(shown)
            etree.fromstring(f"<a>{escape(shown)}</a>".encode())
            assert "\n" not in "".join(map(terminal, texts))
        cells = [f"| x{''.join(map(markdown_text, batch[i : i + 256]))} |" for i in range(0, len(batch), 256)]
        assert tokens("\n".join(["| a |", "| --- |", *cells])) == tokens(
            "\n".join(["| a |", "| --- |", *["| x |"] * len(cells)])
        )
        printed = template.render(text=batch)
        (bold,) = html5lib.parse(printed, namespaceHTMLElements=False).iter("b")
        assert bold.text == bold.get("title") == visible(batch)


@pytest.mark.slow
def test_every_code_point_in_every_sink() -> None:
    batches = _batches(3000)
    rows = len(_base())
    plain = _filled(["x"] * rows)
    harmless = {sink: skeleton(write(plain)) for sink, (write, skeleton) in SINKS.items()}
    for start in range(0, len(batches), rows):
        part = (batches[start : start + rows] * rows)[:rows]
        run = _filled(part)
        for sink, (write, skeleton) in SINKS.items():
            assert skeleton(write(run)) == harmless[sink], sink
        told = json.loads(json_file.json_file(run))["bench"]["a"]
        assert told == json.loads(json.dumps(part))  # JSON itself joins two surrogates to one character


def _filled(part: list[str]) -> Run:
    frame = _base().copy()
    frame["text"] = _texts([t + extra for t, extra in zip(frame["text"], part, strict=True)])
    frame["factuality:note"] = _texts([t and t + part[0] for t in frame["factuality:note"]])
    return replace(_base_run(), rows=frame, name=part[0], bench={"seed": 7, "a": part})
