"""How good the scorers are, on the page: cards, corrected rates, sheets; in every edition."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import lxml.html

from aigc_eval.records import Accuracy, Run
from aigc_eval.report.editions import edited
from aigc_eval.report.html import html
from tests.report.sample_run import HOSTILE, sample_run


def told(run: Run, edition: Any = "reviewer") -> str:
    """The text of the section, English."""
    shown, masker = edited(run, edition)
    (section,) = lxml.html.document_fromstring(html(shown, masker, ("en",), edition)).xpath("//section[@id='accuracy']")
    return " ".join(section.text_content().split())


def test_cards_rates_and_sheets_stand_beside_each_other() -> None:
    text = told(sample_run())
    assert "86.0 % 82.0–89.0 %95.0 % 93.0–97.0 %" in text
    assert "1,000 examples, 400 of them positive; 2 more got no score" in text
    assert "Not validated on labelled examples: Fluency (English, Chinese); Toxicity (Chinese); " in text
    assert "scorer not validated for Chinese" in text
    assert "no more than the scorer flags of flawless outputs (5.00 %)" in text
    assert "1.80 % 0.400–4.10 %" in text
    assert "97 of 10058 of 60" in text.replace("100 58", "10058")
    assert (HOSTILE[0] in text, HOSTILE[1] in text) == (True, True), "as text"


def test_a_card_of_several_languages_has_a_line_for_each_and_none_for_all() -> None:
    run = sample_run()
    figures = {"recall": (0.5, None, None)}
    slices = tuple(Accuracy(s, 40, 20, 60, 3, figures=figures) for s in ("", "lang=en", "lang=zh", "kind=quote"))
    run = replace(run, cards=(replace(run.cards[0], slices=slices),), corrections=(), labelled=())
    text = told(run)
    assert (text.count("100 examples, 40 of them"), text.count("50.0 %")) == (2, 2)
    assert "all examples" not in text
    alone = replace(run, cards=(replace(run.cards[0], slices=slices[:1]),))
    assert "all examples" in told(alone)


def test_without_a_card_the_page_says_that_nothing_is_validated() -> None:
    text = told(replace(sample_run(), cards=(), corrections=(), labelled=()))
    assert text.endswith("how often its findings are wrong is unknown.")
    other = replace(sample_run().cards[0], identity="of another threshold")
    assert "No scorer of this run was validated" in told(replace(sample_run(), cards=(other,)))


def test_the_public_edition_numbers_the_raters() -> None:
    text = told(sample_run(), "public")
    assert "Li Na" not in text
    assert "1, 2" in text
