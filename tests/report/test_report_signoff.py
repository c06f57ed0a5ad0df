"""The sign-off: decisions beside the numbers, in both languages, and who signs."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import Any, cast

import html5lib
import pytest
from sample_run import build_run, sample_rows, sample_run

from aigc_eval.records import DECISIONS, Concordance, Edition, Precision, Review, Reviewed, Run
from aigc_eval.report import html
from aigc_eval.report.editions import edited
from aigc_eval.report.markdown import markdown
from aigc_eval.report.page import Page
from aigc_eval.report.signoff import MOST_FIXES, lines, signoff
from aigc_eval.reviews import basis_of, record, standing


@cache
def reviewed(n: int = 24, people: tuple[str, ...] = ("Li Na",), note: str = "", **changed: Any) -> Run:
    """A run in which people decided on the first outputs that the toxicity scorer saw."""
    run = build_run(sample_rows(prompts=20), **changed)
    rows = run.rows[run.rows["toxicity:status"] == "scored"].head(n)
    records = []
    for who, name in enumerate(people):
        for i, (place, row) in enumerate(rows.iterrows()):
            kind = DECISIONS[(0, 0, 2, 0, 0, 1)[(i + who) % 6]]
            at = f"2026-11-{22 + who}T0{i // 60}:{i % 60:02d}:00Z"
            review = Review("0" * 16, row["candidate"], row["prompt"], int(row["sample"]), "toxicity", kind, name, at,
                            "0" * 64, "reviewer", f"{who}a" * 32, "2026-11-24T00:00:00Z", note)  # fmt: skip
            records.append(record(review, basis_of(run.rows, place, "toxicity")))
    reviews, found = standing(records, run.rows, [s.name for s in run.scorers])
    assert found.outdated == 0
    return replace(run, reviews=reviews, reviewed=found)


def section(run: Run, lang: str = "en", edition: Edition = "reviewer") -> Any:
    told, masker = edited(run, edition)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(html, "SECTIONS", {name: html.SECTIONS[name] for name in ("samples", "signoff")})
        tree = html5lib.parse(html.html(told, masker, [lang], edition), namespaceHTMLElements=False)
    (found,) = [e for e in tree.iter("section") if e.get("id") == "signoff"]
    return found


def text(element: Any) -> str:
    return re.sub(r"\s+", " ", "".join(element.itertext()))


def test_without_decisions_it_says_so_and_can_be_signed() -> None:
    found = section(sample_run())
    assert "No reviewer’s decision is recorded for this run." in text(found)
    assert not list(found.iter("table"))
    heads = [text(h) for h in found.iter("h3")]
    assert heads == ["Assessed", "Reviewed", "Released"]
    assert text(found).count("signature") == 3


@pytest.mark.parametrize(("lang", "words"), [
    ("en", ["Li Na", "20 of ", "How often a flag was right", "The measured numbers stand", "83.3 %", "62.6–95.3 %"]),
    ("zh", ["Li Na", "标记的准确率", "测得数值不变", "83.3 %", "62.6–95.3 %", "批准发布", "签字"]),
])  # fmt: skip
def test_who_decided_what_and_how_often_flags_were_right(lang: str, words: list[str]) -> None:
    found = text(section(reviewed(), lang)).replace("\u00a0", " ")
    for word in words:
        assert word.replace("20 of ", "24") in found, word
    assert "0a" * 32 in found


def test_a_line_a_scorer_in_summaries() -> None:
    (line,) = lines(reviewed())
    assert line.en == "Toxicity: of 24 flags reviewed, 20 confirmed, 83.3 % [62.6–95.3 %]; the measured number stands."
    assert "已审核标记 24 个，属实 20 个，占 83.3 % [62.6–95.3 %]；测得数值不变。" in line.zh
    assert "of 24 flags reviewed, 20 confirmed" in markdown(reviewed(), ["en"])
    assert "flags reviewed" not in markdown(sample_run(), ["en"])


def test_reviewers_who_agree_and_who_cannot_be_compared() -> None:
    two = reviewed(people=("Li Na", "Wang Wei"))
    (pair,) = two.reviewed.agreement
    assert (pair.flags, pair.one, pair.other) == (24, "Li Na", "Wang Wei")
    words = text(section(two))
    assert "Cohen’s κ" in words
    assert "counts as not confirmed" in words
    alike = replace(two, reviewed=replace(two.reviewed, agreement=(Concordance("Li Na", "Wang Wei", 5, 5),)))
    assert "undefined: all decisions are alike" in text(section(alike))


def test_what_is_to_be_fixed_with_its_note() -> None:
    told = reviewed(note="remove <b>this</b>")
    found = text(section(told))
    assert found.count("remove <b>this</b>") == 4
    many = replace(told, reviews=told.reviews[2:3] * (MOST_FIXES + 7))
    assert len(signoff(Page(*edited(many, "reviewer"), ("en",))).fixes) == MOST_FIXES
    assert "7 more are in run.json." in text(section(many))


def test_decisions_that_do_not_count_are_told() -> None:
    told = replace(sample_run(), reviewed=Reviewed(superseded=3, outdated=1234))
    found = text(section(told))
    assert "kept in the journal and not counted: 3." in found
    assert "kept in the journal and not counted: 1,234." in found


def test_the_public_edition_counts_and_names_nobody() -> None:
    told = reviewed(people=("Li Na", "Wang Wei"), note="see the customer's file")
    found = text(section(told, edition="public"))
    for word in ("Li Na", "Wang Wei", "customer", "0a0a"):
        assert word not in found
    assert "How often a flag was right" in found
    assert "24" in found


@pytest.mark.slow
@pytest.mark.parametrize("edition", ["public", "reviewer", "internal"])
def test_decisions_change_nothing_else_of_the_page(edition: str) -> None:
    def others(run: Run) -> list[str]:
        told, masker = edited(run, cast("Edition", edition))
        page = html.html(told, masker, ["en", "zh"], cast("Edition", edition))
        tree = html5lib.parse(page, namespaceHTMLElements=False)
        return [text(e) for e in tree.iter("section") if e.get("id") in ("gates", "compare", "slices", "methods")]

    run = reviewed()
    assert others(run) == others(replace(run, reviews=(), reviewed=Reviewed()))


def test_facts_go_through_json() -> None:
    run = reviewed(people=("Li Na", "Wang Wei"))
    again = Run.from_facts(run.facts(), run.rows, run.key)
    assert (again.reviews, again.reviewed) == (run.reviews, run.reviewed)
    assert isinstance(again.reviewed.precision[0], Precision)
