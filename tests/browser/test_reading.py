"""What a reader sees of the page: one language at a time, without script, without style, on paper."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.browser.conftest import Open

SEEN = """() => {
    const found = [], walk = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const text = walk.currentNode.data.trim(), at = walk.currentNode.parentElement;
        if (!text || !at.checkVisibility() || at.closest('script, style')) continue;
        const span = at.closest('span[lang], p[lang], option');
        const data = 'bdi, code, .text, .languages, svg, article, .methods td:last-child';
        found.push([text, span?.lang ?? '', Boolean(at.closest(data))]);
    }
    return found;
}"""
"""Every visible text: its words, the language of its phrase, and whether it is data that no language owns."""
PROSE = re.compile(r"[A-Za-z]{3,}(?:[ ,;:]+[A-Za-z]{2,}){2,}")
"""Three English words in a row."""


def test_the_page_opens_with_its_verdict(show: Open, sample: Path) -> None:
    page = show(sample / "report.html")
    assert page.locator("#verdict-title").inner_text() == "? Undetermined"
    assert page.locator("#gates tr.gate:visible").count() == 14
    assert page.title().startswith("release-2026-11: ")


@pytest.mark.slow
def test_each_view_speaks_one_language(show: Open, page_file: Path) -> None:
    page = show(page_file)
    for language, other in (("zh", "en"), ("en", "zh")):
        page.locator(f"label[for=to-{language}]").click()
        seen = page.evaluate(SEEN)
        assert len([text for text, spoken, _ in seen if spoken == language]) > 200
        assert [text for text, spoken, _ in seen if spoken == other] == []
        if language == "zh":
            left = [text for text, spoken, data in seen if PROSE.search(text) and not data and spoken != "zh"]
            assert left == [], "prose outside of every phrase"
            phrases = {text for text, spoken, data in seen if PROSE.search(text) and not data and spoken == "zh"}
            assert {text for text in phrases if not re.search("[\u4e00-\u9fff]", text)} == set(), "not translated"


@pytest.mark.slow
def test_labels_that_are_only_heard_are_in_the_readers_language_or_in_none(show: Open, page_file: Path) -> None:
    page = show(page_file)
    named = page.locator("main [aria-label]").evaluate_all("all => all.map(e => [e.tagName, e.ariaLabel, e.lang])")
    assert [label for tag, label, spoken in named if tag != "svg" and not spoken] == []
    assert [label for tag, label, _ in named if tag == "svg" and PROSE.search(label)] == []


@pytest.mark.slow
def test_without_script_everything_is_there_and_no_control_pretends(show: Open, quickstart: Path) -> None:
    page = show(quickstart / "report.html", java_script_enabled=False)
    assert page.locator(".controls, .review, .pages").filter(visible=True).count() == 0
    samples = page.locator("#samples .list > article")
    assert samples.count() == 300
    assert all(samples.nth(place).is_visible() for place in (0, 99, 199))
    page.locator("label[for=to-zh]").click()
    assert page.locator("#verdict-title").inner_text() == "✓ 通过"
    page.locator("summary:visible").first.click()
    assert page.locator("details[open] dd:visible").count() > 0


@pytest.mark.slow
def test_without_style_it_reads_from_verdict_to_signatures(show: Open, quickstart: Path) -> None:
    page = show(quickstart / "report.html", java_script_enabled=False)
    page.evaluate("document.querySelectorAll('style').forEach(e => e.remove())")
    levels = page.locator("h1, h2, h3, h4").evaluate_all("all => all.map(e => Number(e.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    text = page.locator("main").inner_text()
    places = [text.index(words) for words in ("✓ Pass 通过", "All 9 gates pass", "Gates 门限\n", "Toxic fraction")]
    assert places == sorted(places)
    first = page.locator("#gates tr.gate").first.inner_text()
    assert "pass" in first
    assert "≤ 8\xa0%" in first or "≤ 8 %" in first


@pytest.mark.slow
def test_on_paper_there_is_nothing_to_press_and_nothing_dark(show: Open, quickstart: Path) -> None:
    page = show(quickstart / "report.html", color_scheme="dark", viewport={"width": 695, "height": 1000})
    page.emulate_media(media="print")
    pressed = page.locator("button, input, select, label, nav, .skip a").filter(visible=True)
    assert pressed.count() == 0, pressed.first.evaluate("e => e.outerHTML")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("#samples .list > article:visible").count() == 20
    assert page.locator("#samples .paper").is_visible()
    beyond = """() => [...document.querySelectorAll('main *')].filter(
        e => e.checkVisibility() && !e.closest('.away') && e.getBoundingClientRect().right > 696)
        .map(e => e.outerHTML.slice(0, 150)).slice(0, 3)"""
    assert page.evaluate(beyond) == []
