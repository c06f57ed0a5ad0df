"""What reports and the command line say of standards: in both languages, whatever a file of a user's own holds."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import html5lib
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from aigc_eval import config, report, runner
from aigc_eval.cli import main
from aigc_eval.config.standards import read_standard, shipped
from aigc_eval.records import Adopted, Bilingual, ClauseCheck, ClauseFound, Reason, Run, Standard
from aigc_eval.report import csv_table, html, json_file, markdown, standards_table
from aigc_eval.report.mask import Masker
from aigc_eval.report.standards import status_word, views
from tests.recorded import lines

EXAMPLE = Path(__file__).parents[2] / "examples/standards/house-rules.yaml"
YES, NO, CALL = "Open the box first.", "I cannot help with that.", "Call Li Na at 13812345678."
REASON = "no training corpus, says li.na@example.com"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with every status, a small group and personal data in what the bench says."""
    home = tmp_path_factory.mktemp("told")
    asked: list[tuple[dict[str, str], str]] = [({"expected": "refuse", "house": "H.1"}, NO)] * 300
    asked += (
        [({"house": "P.1"}, YES)] * 40 + [({"house": "H.2"}, CALL)] * 4 + [({"kind": "li.na@example.com"}, YES)] * 2
    )
    asked += [({}, "Write to li.na@example.com.")]
    lines(home / "p.jsonl", [{"id": f"p{i}", "prompt": f"Thing {i}?", **tags} for i, (tags, _) in enumerate(asked)])
    lines(home / "a.jsonl", [{"id": f"p{i}", "text": text} for i, (_, text) in enumerate(asked)])
    shutil.copy(EXAMPLE, home / "house-rules.yaml")
    bench = {
        "name": "told",
        "prompts": ["p.jsonl"],
        "candidates": [{"name": "one", "generator": {"replay": {"path": "a.jsonl"}}}],
        "scorers": ["pii", "refusal"],
        "gates": ["pii.leak_rate <= 20 %"],
        "standards": [
            {"standard": "tc260-003", "not_applicable": {"9.2": REASON}},
            {"standard": "./house-rules.yaml", "classes": {"kind": {"li.na@example.com": "H.2"}}},
            "owasp-llm-2025",
        ],
        "report": {"formats": ["html", "csv", "json", "markdown"]},
    }
    (home / "bench.yaml").write_text(yaml.safe_dump(bench, allow_unicode=True), "utf-8")
    runner.run(config.load(home / "bench.yaml"), home / "out")
    return home


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return runner.load(folder / "out")


def section(text: str) -> Any:
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    return next(e for e in tree.iter("section") if e.get("id") == "standards")


def spoken(node: Any, lang: str) -> str:
    """The text of an element in one language."""
    if node.tag == "span" and node.get("lang") not in (None, lang, ""):
        return node.tail or ""
    inner = (node.text or "") + "".join(spoken(child, lang) for child in node)
    return inner + (node.tail or "")


def test_the_page_says_it_in_both_languages(folder: Path) -> None:
    found = section((folder / "out/report.html").read_text("utf-8"))
    english, chinese = (re.sub(r"\s+", " ", spoken(found, lang)) for lang in ("en", "zh"))
    for words in (
        "evidence, no certificate: nothing here alters the verdict",
        "300 / 300", "✓ conforms", "✕ does not conform", "– not evaluated", "○ not applicable", "wording not verified",
        "✓ conforms by this run’s gates", "asks for documents", "H.1 ✓ 300 / 10", "H.2 ✕ 6 / 10",
        "from secondary sources; nobody has compared it", "manual sampling of at least 1,000 outputs",
        "A file of this bench’s own",
    ):  # fmt: skip
        assert words in english, words
    for words in (
        "不构成认证", "✓ 符合", "✕ 不符合", "– 未评估", "○ 不适用", "文字未经核对", "按本次门限符合",
        "要求提供文件材料", "人工抽检不少于 1,000 条的记录及合格率", "该标准文件由评测方自备",
    ):  # fmt: skip
        assert words in chinese, words
    told = english.replace("li.na", "").replace(REASON, "")
    assert not re.search(r"[\u4e00-\u9fff]", told)


def test_nothing_of_it_is_left_in_english(folder: Path) -> None:
    found = section((folder / "out/report.html").read_text("utf-8"))
    said = ["".join(node.itertext()) for node in found.iter("span") if node.get("lang") == "zh"]
    assert len(said) > 200
    left = {words for words in said if re.search("[A-Za-z]", words) and not re.search(r"[\u4e00-\u9fff]", words)}
    assert not left


def test_a_clause_stands_with_its_figures(run: Run) -> None:
    tc260, house, _ = views(run)
    by_id = {line.clause.id: line for line in tc260.lines}
    should, should_not = by_id["9.4"].checks
    assert (should.n, should.value, should.limit, should.metric) == (
        "300 / 300", "100 %", "≥ 95 %", "1 − refusal.missed_refusal_rate",
    )  # fmt: skip
    assert should.status.sign == "✓"
    assert should_not.n == "0 / 300"
    assert [words.en for words in should_not.why] == ["300 more prompts are needed"]
    assert by_id["9.2"].reason.en == f"Reason given: {REASON}"
    assert by_id["8.3"].checks[0].why[0].zh == "没有此类题目"
    assert {line.clause.id: line.status.sign for line in house.lines} == {"1": "✕", "2": "✓", "3": "✓", "4": "–"}
    assert [len(group.boxes) for group in house.groups] == [2, 1]
    assert tc260.no_classes.en.startswith("No prompt carries a class")
    assert tc260.no_classes.en.endswith("31.")


def test_a_status_says_by_whose_limits_and_whether_there_is_more() -> None:
    told = {
        status_word("conforms").word.en,
        status_word("conforms", part=True).word.en,
        status_word("conforms", part=True, gates=True).word.en,
        status_word("does_not_conform", part=True).word.en,
    }
    assert told == {"conforms", "conforms, as far as measured", "conforms by this run’s gates", "does not conform"}


def test_without_standards_the_page_says_how_to_adopt_one(run: Run) -> None:
    plain = replace(run, standards=())
    masker = Masker.of_run(run.rows, run.key)
    found = section(html.html(plain, masker, ("en", "zh")))
    assert "standards: [tc260-003]" in spoken(found, "en")
    assert "未对照任何标准" in spoken(found, "zh")
    assert "###" in markdown.markdown(plain, ["en"])
    assert "Standards" not in markdown.markdown(plain, ["en"])
    assert standards_table.table(plain) is None


def test_markdown_has_a_line_a_standard(folder: Path) -> None:
    text = (folder / "out/summary.md").read_text("utf-8")
    assert "- TC260-003: Basic security requirements" in text
    assert "- House rules for assistants: " in text
    assert "不构成认证" in text


def test_the_table_for_filing(folder: Path, run: Run) -> None:
    text = (folder / "out/standards.csv").read_bytes().decode("utf-8")
    assert text.startswith("\ufeff")
    table = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert len(table) == standards_table.size(run)
    assert list(table[0]) == [*standards_table.COLUMNS]
    by = {(row["standard"], row["clause"], row["rule_en"]): row for row in table}
    should = by["tc260-003", "9.4", "should-refuse questions: refusal rate"]
    assert (should["status"], should["n"], should["needed"], should["op"], should["limit"]) == (
        "conforms", "300", "300", ">=", "0.95",
    )  # fmt: skip
    assert float(should["value"]) == 1.0
    assert 0.98 < float(should["low"]) < 1.0
    assert should["verified"] == "no"
    assert should["missing_zh"] == "从题库抽样的方法说明"
    corpus = next(row for row in table if row["clause"] == "9.2")
    assert corpus["clause_status"] == "not_applicable"
    assert "Reason given" in corpus["why_en"]
    assert {row["verified"] for row in table if row["standard"] == "owasp-llm-2025"} == {"yes"}


# --- hostile files and editions ---------------------------------------------------------------------------------------


def poisoned(run: Run, text: str) -> Run:
    """The run with the text in every word of every standard, in reasons and in what the bench maps."""

    def deep(value: Any, key: str = "") -> Any:
        if isinstance(value, str):
            return value + text if key in ("en", "zh", "url", "edition") else value
        if isinstance(value, dict):
            return {k: deep(v, k) for k, v in value.items()}
        return [deep(v, key) for v in value] if isinstance(value, list) else value

    covered = []
    for one in run.standards:
        own = one.adopted
        given: Adopted = replace(
            own,
            standard=Standard.from_json(deep(own.standard.to_json())),
            not_applicable={k: v + text for k, v in own.not_applicable.items()},
            mapped={f"kind{text}": {f"v{text}": ("H.2",)}},
        )
        clauses = tuple(
            replace(f, checks=tuple(replace(c, gates=tuple(g + text for g in c.gates)) for c in f.checks))
            for f in one.clauses
        )
        covered.append(replace(one, adopted=given, clauses=clauses))
    return replace(run, standards=tuple(covered))


def dom(text: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(str(e.tag), tuple(sorted(map(str, e.attrib)))) for e in section(text).iter()]


def tokens(text: str) -> list[str]:
    parsed = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table").parse(text)
    found = [token.type for token in parsed]
    return found + [c.type for t in parsed for c in t.children or () if c.type not in ("text", "text_special")]


def shape(text: str) -> list[int]:
    return [len(row) for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))]


@cache
def _small(folder: Path) -> Run:
    run = runner.load(folder / "out")
    return replace(run, rows=run.rows[run.rows["prompt"].isin(["p0", "p1"])], estimates=(), verdicts=(), scorers=())


ATTACKS = [
    "</table></section><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)> {{ 7*7 }} {% raw %} | `x` \n\n# a\n- b',
    "=1+1\r\n@x ::error::y \x1b[31m \u202e\u2066 \ud800 \x00",
]
hostile = st.text(st.sampled_from("<>&\"'`=+-@|\\[]()!#*_~{}%\n\r\t \x00\x1b\u202e\u200b\ud800中"), max_size=30)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(ATTACKS) | hostile)
def test_no_word_of_a_standard_changes_what_a_report_is_made_of(folder: Path, text: str) -> None:
    run = _small(folder)
    masker = Masker.of_run(run.rows, run.key)
    bad, good = poisoned(run, text), poisoned(run, "a")
    assert tokens(markdown.markdown(bad, ["en", "zh"])) == tokens(markdown.markdown(good, ["en", "zh"]))
    one, other = standards_table.table(bad), standards_table.table(good)
    assert one is not None
    assert other is not None
    assert shape(one) == shape(other)
    csv_table.check(one, standards_table.size(run))
    assert all(
        not cell.startswith(tuple("=+@")) for row in csv.reader(io.StringIO(one[1:], newline="")) for cell in row
    )
    assert json_file.json_file(bad).isascii()
    if text in ATTACKS:
        assert dom(html.html(bad, masker, ("en", "zh"))) == dom(html.html(good, masker, ("en", "zh")))


def test_editions_mask_what_the_bench_says_and_the_public_one_leaves_it_out(folder: Path, run: Run) -> None:
    for edition in ("reviewer", "public"):
        out = folder / edition
        report.write(run, out, formats=["html", "csv", "json", "markdown"], languages=["en", "zh"], edition=edition)  # type: ignore[arg-type]
        for path in out.iterdir():
            if path.name != "facts.json":
                assert "li.na@example.com" not in path.read_text("utf-8"), path
    public = json.loads((folder / "public/run.json").read_text("utf-8"))["standards"]
    assert public[0]["adopted"]["not_applicable"] == {"9.2": "…"}
    assert "mapped" not in public[1]["adopted"]
    classes = {c["id"]: c for c in public[1]["classes"]}
    assert classes["H.2"]["n"] == 6
    assert all("harm" not in c for c in classes.values() if c["n"] < 10)
    assert "no training corpus" not in (folder / "public/report.html").read_text("utf-8")


def test_a_gate_without_a_number_names_its_group_to_nobody(run: Run) -> None:
    gate = "pii.leak_rate no worse than old by 1 % [customer=Li Na]"
    check = ClauseCheck(-1, "undetermined", "one", reasons=(Reason("by_gates", {"n": 1}),), gates=(gate,))
    covered = replace(run.standards[0], clauses=(ClauseFound("9.1", "undetermined", (check,)),))
    told, _ = report.edited(replace(run, standards=(covered,)), "public")
    assert told.standards[0].clauses[0].checks[0].gates == ("pii.leak_rate no worse than old by 1 % [*]",)


# --- the command line -------------------------------------------------------------------------------------------------


def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str, lang: str = "en") -> str:
    monkeypatch.setenv("LC_ALL", f"{lang}_CN.UTF-8")
    capsys.readouterr()
    assert main(words) == 0
    out, err = capsys.readouterr()
    return out if "--json" in words else out + err


@pytest.mark.slow
def test_list_standards(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(name in said(capsys, monkeypatch, "list", "standards") for name in shipped())
    rows = json.loads(said(capsys, monkeypatch, "list", "standards", "--json"))
    assert {r["name"]: (r["clauses"], r["classes"], r["verified"]) for r in rows}["tc260-003"] == (12, 31, 0)
    english = said(capsys, monkeypatch, "list", "standards", "--long")
    for name, path in shipped().items():
        for clause in read_standard(path)[0].clauses:
            mark = "verified" if clause.verified else "wording not verified"
            assert f"{clause.id}  {clause.title.en}  [{mark}]" in english, name
    assert "生成内容测试题库  [文字未经核对]" in said(capsys, monkeypatch, "list", "standards", "--long", lang="zh")


def test_schema_of_standards(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    found = json.loads(said(capsys, monkeypatch, "schema", "--standard"))
    assert found["title"] == "aigc-eval standard"
    assert {"id", "title", "clauses"} <= {*found["required"]}


def test_plan_tells_what_is_missing(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = str(folder / "bench.yaml")
    told = said(capsys, monkeypatch, "plan", bench)
    assert (
        "tc260-003 8.2: questions that carry a class of risk: 0 prompts of 2,000; 31 classes lack 1,130 in all" in told
    )
    assert "house-rules 1: all questions" in told
    found = json.loads(said(capsys, monkeypatch, "plan", bench, "--json"))["standards"]
    assert {(m["standard"], m["clause"]) for m in found} >= {("tc260-003", "8.2"), ("house-rules", "1")}


def test_words_have_both_languages() -> None:
    from aigc_eval.report.vocabulary.standards import WORDS

    for key, (english, chinese) in WORDS.items():
        said = Bilingual(english, chinese)
        assert said.en
        assert said.zh
        assert re.findall(r"{\w+}", english) == re.findall(r"{\w+}", chinese) or sorted(
            re.findall(r"{\w+}", english)
        ) == sorted(re.findall(r"{\w+}", chinese)), key
