"""Thousands of hostile texts in every sink at once: as many rows as texts, and each comes back as it was shown."""

from __future__ import annotations

import csv
import io
import json
import sys
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from xml.etree import ElementTree as ET

import html5lib
import lxml.html
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from lxml import etree
from rich.console import Console
from sample_run import sample_run
from test_report_skeleton import FORBIDDEN, commands, hostile_text, tokens

from aigc_eval.journal import encode
from aigc_eval.records import Reason, Run, Verdict, Waiver
from aigc_eval.report import csv_table, github, gitlab, junit, parquet_table, sarif, terminal_table
from aigc_eval.report.escape import (
    csv_cell,
    github_property,
    markdown_code,
    markdown_text,
    sarif_text,
    terminal,
    visible,
)
from aigc_eval.report.html.environment import environment
from aigc_eval.report.mask import Masker
from aigc_eval.report.page import Page

Texts = Sequence[str]
ATTACKS = (
    "</td></table><script>",
    "]]>",
    '"',
    "'",
    "=1+1",
    "::error::",
    "|",
    "\n\n# x",
    "{{7*7}}",
    "\x1b[2J",
    "\ud800",
)


@cache
def _rows(count: int) -> pd.DataFrame:
    given = sample_run().rows
    return given.iloc[[i % len(given) for i in range(count)]].reset_index(drop=True)


def _with_rows(texts: Texts) -> Run:
    """A run with a text in every field of every row that somebody else writes."""
    rows = _rows(len(texts)).copy()
    told = pd.Series(list(texts), dtype="object")
    for column in ("text", "prompt_text", "prompt", "detail", "tag.category", "factuality:note", "lang"):
        rows[column] = told
    for column in ("references", "evidence"):
        rows[column] = pd.Series([(t, t) for t in texts], dtype="object")
    rows["pii:spans"] = pd.Series([()] * len(rows), dtype="object")
    return replace(sample_run(), rows=rows, key=b"")


def _with_gates(texts: Texts) -> Run:
    """A run with a gate for each text, which is its name, its reason and what its waiver says."""
    run = sample_run()
    leave = [Waiver(t, f"o{t}", f"r{t}", "2999-01-01") if i % 3 == 0 else None for i, t in enumerate(texts)]
    verdicts = (
        Verdict(t, run.candidates[i % 2].name, "fail", (Reason("incomparable", {"differences": t}),), waiver=leave[i])
        for i, t in enumerate(texts)
    )
    places = {t: f"{t}.yaml:{i + 1}" for i, t in enumerate(texts)}
    return replace(run, verdicts=tuple(verdicts), places={"": "b.yaml:1"} | places)


def in_html(texts: Texts) -> None:
    template = environment().from_string(
        "{% for t in texts %}<p title=\"{{ t }}\" data-x='{{ t }}'><bdi>{{ t }}</bdi></p>{% endfor %}"
    )
    page = f"<!doctype html><html><head><title>x</title></head><body>{template.render(texts=texts)}</body></html>"
    first = [(str(e.tag), dict(e.attrib), e.text) for e in html5lib.parse(page, namespaceHTMLElements=False).iter()]
    due: list[tuple[str, dict[str, str]]] = [("html", {}), ("head", {}), ("title", {}), ("body", {})]
    for t in texts:
        due += [("p", {"title": visible(t), "data-x": visible(t)}), ("bdi", {})]
    assert [(tag, attributes) for tag, attributes, _ in first] == due
    assert [text or "" for tag, _, text in first if tag == "bdi"] == list(map(visible, texts))
    second = lxml.html.document_fromstring(page)
    assert [e.tag for e in second.iter()] == [tag for tag, _ in due]


def in_csv(texts: Texts) -> None:
    run = _with_rows(texts)
    written = csv_table.rows(run, Masker(b"", {}), bom=False)
    lines = list(csv.reader(io.StringIO(written, newline="")))
    assert {len(line) for line in lines} == {len(lines[0])}
    at = lines[0].index("text")
    assert [line[at] for line in lines[1:]] == [csv_cell(visible(t)) for t in texts]
    table = pd.read_csv(io.StringIO(written), keep_default_na=False, dtype=str)
    assert table["text"].tolist() == [line[at] for line in lines[1:]]
    assert table["edition"].tolist() == ["reviewer"] * len(texts)
    assert not [cell for line in lines for cell in line if cell[:1] in ("=", "+", "@", "\t", "\r", "|", "%")]


def in_parquet(texts: Texts) -> None:
    page = Page(_with_rows(texts), Masker(b"", {}), ("en",))
    data = parquet_table.rows(page)
    assert data is not None
    assert data == parquet_table.rows(page)
    table = pq.read_table(io.BytesIO(data), use_threads=False)
    assert table["text"].to_pylist() == list(map(visible, texts))
    assert table["references"].to_pylist() == [[visible(t)] * 2 for t in texts]


def in_junit(texts: Texts) -> None:
    data = junit.junit(_with_gates(texts), ("en",)).encode("utf-8")
    one, other = ET.fromstring(data), etree.fromstring(data)
    assert [e.tag for e in one.iter()] == [e.tag for e in other.iter()]
    for tree in (one, other):
        names = [e.get("name") for e in tree.iter("testcase")]
        assert sorted(names) == sorted(map(visible, texts))  # type: ignore[type-var]
    assert len(list(one.iter("system-out"))) == (len(texts) + 2) // 3


def in_markdown(texts: Texts) -> None:
    harmless = tokens("| a | b |\n| --- | --- |\n" + "| xa | a |\n" * 500)
    for start in range(0, len(texts), 500):
        part = list(texts[start : start + 500]) + ["a"] * max(0, start + 500 - len(texts))
        lines = (f"| x{markdown_text(t)} | {markdown_code(t) or 'a'} |" for t in part)
        assert tokens("| a | b |\n| --- | --- |\n" + "\n".join(lines) + "\n") == harmless


def in_terminals(texts: Texts) -> None:
    lines = "\n".join(map(terminal, texts))
    assert len(lines.split("\n")) == len(texts)
    assert not FORBIDDEN.search(lines.replace("\n", ""))
    console = Console(file=io.StringIO(), width=500_000, color_system=None, markup=True)
    console.print(terminal_table(_with_gates(texts[:400]), "en"))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert not FORBIDDEN.search(shown.replace("\n", ""))
    for t in texts[:400]:
        assert terminal(t).strip() in shown


def in_ci(texts: Texts) -> None:
    run = _with_gates(texts)
    found = commands(github.github(run, ("en",)))
    assert len(found) == len(texts) + 1
    assert {properties for _, properties in found} == {("file", "line", "title")}
    assert not set(":,\r\n") & set("".join(map(github_property, texts)))
    entries = json.loads(gitlab.gitlab(run, ("zh",)))
    assert len(entries) == len({e["fingerprint"] for e in entries}) == len(texts)
    (log,) = json.loads(sarif.sarif(run, ("en",)))["runs"]
    assert len(log["results"]) == len(texts)
    assert not FORBIDDEN.search("".join(map(sarif_text, texts)).replace("\n", ""))
    for value in [log["results"], entries]:
        json.dumps(value).encode("ascii")


def in_jsonl(texts: Texts) -> None:
    lines = [encode({"kind": "generation", "data": {"text": t, t: 1}}) for t in texts]
    written = b"\n".join(lines).decode("ascii")
    read = [json.loads(line) for line in written.splitlines()]
    joined = [json.loads(json.dumps(t)) for t in texts]  # JSON joins two surrogates to one character
    assert [r["data"]["text"] for r in read] == joined
    assert len(read) == len(texts)


SINKS: dict[str, Callable[[Texts], None]] = {
    "html": in_html,
    "csv": in_csv,
    "parquet": in_parquet,
    "junit": in_junit,
    "markdown": in_markdown,
    "terminal": in_terminals,
    "ci": in_ci,
    "jsonl": in_jsonl,
}


@cache
def drawn(cases: int) -> tuple[str, ...]:
    """So many different texts of Hypothesis, most of them short and nasty."""
    found: dict[str, None] = dict.fromkeys(ATTACKS)
    texts = hostile_text | st.tuples(hostile_text, st.sampled_from(ATTACKS)).map("".join)

    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(texts)
    def collect(text: str) -> None:
        found.setdefault(text)

    while len(found) < cases:
        before = len(found)
        collect()
        if len(found) < before + cases // 10:  # derandomised: the same ones come again
            known = list(found)
            found |= dict.fromkeys(a + b for a, b in pairwise(known))
    return tuple(found)[:cases]


@pytest.mark.parametrize("sink", SINKS)
def test_hostile_texts_leave_every_sink_as_it_is(sink: str) -> None:
    SINKS[sink](drawn(300))


@pytest.mark.slow
@pytest.mark.parametrize("sink", SINKS)
def test_twenty_thousand_hostile_texts_leave_every_sink_as_it_is(sink: str) -> None:
    texts = drawn(20_000)
    assert len(set(texts)) == 20_000
    SINKS[sink](texts)


def _odd(code: int) -> bool:
    """Whether a sink could do anything with the character but show it; letters of any script are letters."""
    return unicodedata.category(chr(code)) not in ("Lo", "Ll", "Lu", "Lm", "Cn", "Co", "Mn", "Mc", "Nd", "No", "Cs")


@pytest.mark.slow
@pytest.mark.parametrize("sink", SINKS)
def test_every_odd_character_comes_first_in_the_middle_and_alone(sink: str) -> None:
    codes = [code for code in range(sys.maxunicode + 1) if _odd(code) and (code < 0x2200 or code >= 0xE000)]
    codes += [0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0xFDD0, 0xFFFE, 0x10FFFF, 0xE000]
    assert len(codes) > 500
    for shape in ("{}", "{}a", "a{}b"):
        SINKS[sink]([shape.format(chr(code)) for code in codes])
