"""The page for every reader: axe-core, keyboard, colours, contrast, motion, small screens and large print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.axe import violations
from tests.browser.conftest import Open
from tests.durability.harness import THOROUGH

if TYPE_CHECKING:
    from playwright.sync_api import Page

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}

FEW = """document.querySelectorAll('tbody, .list, .columns > div, .small-tables').forEach(
    box => [...box.children].slice(6).forEach(e => e.remove()))"""
"""One template prints all rows of a table, and all outputs: a few stand for the rest, and axe takes seconds less."""
TABBABLE = """() => {
    const group = e => [...document.getElementsByName(e.name)];
    return [...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')]
        .filter(e => e.checkVisibility({visibilityProperty: true}) && !e.disabled && e.tabIndex >= 0)
        .filter(e => e.type !== 'radio' || e === (group(e).find(r => r.checked) ?? group(e)[0]));
}"""
"""What Tab must reach: of each group of radio buttons the one that is chosen, or else the first."""
FOCUSED = """() => {
    const e = document.activeElement;
    const seen = e.classList.contains('switch') ? document.querySelector(`label[for=${e.id}]`)
        : e.closest('label.file') ?? e;
    const style = getComputedStyle(seen), box = seen.getBoundingClientRect();
    return {place: window.all.indexOf(e), name: e.outerHTML.slice(0, 120), ring: style.outlineStyle !== 'none'
        && parseFloat(style.outlineWidth) >= 2, on: box.bottom > 0 && box.top < innerHeight && box.width > 0};
}"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "scheme", "viewport"),
    [("quickstart", "dark", PHONE), ("large", "light", WIDE)]
    + [("quickstart", "light", WIDE), ("large", "dark", WIDE), ("large", "light", PHONE)] * THOROUGH,
)
def test_axe_finds_nothing(
    request: pytest.FixtureRequest, show: Open, folder: str, scheme: str, viewport: dict[str, int]
) -> None:
    page = show(request.getfixturevalue(folder) / "report.html", color_scheme=scheme, viewport=viewport)
    page.evaluate(FEW)
    for language in ("en", "zh"):
        page.locator(f"label[for=to-{language}]").click()
        assert violations(page) == [], language


@pytest.mark.slow
def test_tab_reaches_every_control_in_order_with_a_visible_ring(show: Open, quickstart: Path) -> None:
    page = show(quickstart / "report.html")
    count = page.evaluate(f"() => (window.all = ({TABBABLE})()).length")
    reached = []
    for _ in range(count):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    assert [r["place"] for r in reached] == [*range(count)], [r["name"] for r in reached if r["place"] < 0]
    assert [r["name"] for r in reached if not (r["ring"] and r["on"])] == []


@pytest.mark.slow
def test_keys_alone_switch_the_language_skip_and_unfold(show: Open, quickstart: Path) -> None:
    page = show(quickstart / "report.html")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.locator("#to-zh").is_checked()
    assert page.locator("#verdict-title [lang=zh]").is_visible()
    page.keyboard.press("Tab")
    assert page.locator(".skip a").first.bounding_box()["y"] >= 0, "the skip link shows itself"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "verdict"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    first = page.locator(".contents a").first.get_attribute("href")
    assert page.url.endswith(f".html{first}")
    folded = page.locator("details:visible").first
    folded.locator("summary").focus()
    page.keyboard.press("Enter")
    assert folded.get_attribute("open") is not None
    assert folded.locator("dd").first.is_visible()


@pytest.mark.slow
def test_every_link_leads_to_something_of_the_page(show: Open, page_file: Path) -> None:
    page = show(page_file, java_script_enabled=False)  # the script takes outputs that are on another page out
    aims = page.locator("a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    known = page.locator("[id]").evaluate_all("all => all.map(e => `#${e.id}`)")
    assert {*aims} - {*known} == set()
    titles = page.locator(".contents a:visible").all_inner_texts()
    heads = page.locator("main > section:not(.verdict) > h2").all_inner_texts()
    assert titles == heads


def _contrast(page: Page, one: str, other: str) -> float:
    """WCAG contrast of two custom properties of the page."""
    lights = page.evaluate(
        """names => names.map(name => {
            const probe = document.createElement('i');
            probe.style.color = `var(${name})`;
            document.body.append(probe);
            const parts = getComputedStyle(probe).color.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255);
            probe.remove();
            const [r, g, b] = parts.map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        })""",
        [one, other],
    )
    low, high = sorted(lights)
    return float((high + 0.05) / (low + 0.05))


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_have_the_contrast_that_they_need(show: Open, large: Path, scheme: str) -> None:
    """WCAG 2.2: 4.5 to 1 for text (1.4.3), 3 to 1 for what a picture needs (1.4.11)."""
    page = show(large / "report.html", color_scheme=scheme)
    for ground in ("--bg", "--card", "--zone", "--mark", "--hidden"):
        for text in ("--ink", "--soft", "--pass", "--fail", "--open"):
            assert _contrast(page, text, ground) >= 4.5, (text, ground)
    for ground in ("--bg", "--card"):
        for mark in (*(f"--c{i}" for i in range(7)), "--focus"):
            assert _contrast(page, mark, ground) >= 3, (mark, ground)


@pytest.mark.slow
def test_dark_is_dark_and_forced_colours_keep_the_choice_visible(show: Open, quickstart: Path) -> None:
    page = show(quickstart / "report.html", color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number).reduce((a, b) => a + b)"
    assert page.evaluate(ground) > 700
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(ground) < 120
    page.emulate_media(forced_colors="active")
    chosen, other = (
        page.locator(f"label[for=to-{language}]").evaluate("e => getComputedStyle(e).backgroundColor")
        for language in ("en", "zh")
    )
    assert chosen != other
    mark = page.locator("#gates svg.chart[role=img]").first
    strokes = mark.evaluate("e => [...e.querySelectorAll('[stroke]')].map(s => getComputedStyle(s).stroke)")
    assert set(strokes) - {"none", page.evaluate("getComputedStyle(document.body).backgroundColor")}


@pytest.mark.slow
def test_nothing_moves(show: Open, quickstart: Path) -> None:
    page = show(quickstart / "report.html", reduced_motion="reduce")
    moving = """() => [...document.querySelectorAll('*')].filter(e => {
        const style = getComputedStyle(e);
        return style.animationName !== 'none' || style.transitionDuration !== '0s' || style.scrollBehavior === 'smooth';
    }).length"""
    assert page.evaluate(moving) == 0


OUT_OF_SIGHT = """boxes => boxes.forEach(box => [...box.querySelectorAll('td:last-child')].slice(0, 2).forEach(cell =>
    cell.insertAdjacentHTML('beforeend', '<span class="away">for those who listen</span>')))"""
"""Words for screen readers at the far end of a table: they must not widen the page."""


@pytest.mark.slow
@pytest.mark.parametrize("width", [320, 390, 640], ids=["400 %", "phone", "200 %"])
def test_narrow_pages_never_scroll_sideways(show: Open, page_file: Path, width: int) -> None:
    """1,280 pixels at 200 and 400 % are 640 and 320 (WCAG 1.4.10); tables scroll in boxes of their own."""
    page = show(page_file, viewport={"width": width, "height": 800})
    for language in ("en", "zh"):
        page.locator(f"label[for=to-{language}]").click()
        wide = """() => [...document.querySelectorAll('main *')].filter(e => e.checkVisibility()
            && !e.closest('.wide, .away, .skip') && e.getBoundingClientRect().right > innerWidth + 1)
            .map(e => e.outerHTML.slice(0, 100)).slice(0, 3)"""
        assert page.evaluate("document.documentElement.scrollWidth") <= width, page.evaluate(wide)
        page.locator(".wide").evaluate_all(OUT_OF_SIGHT)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert min(page.locator(".bars svg").evaluate_all("all => all.map(e => e.getBoundingClientRect().width)")) >= 200
    boxes = page.locator(".wide:visible").evaluate_all(
        "all => all.filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'auto').length"
    )
    assert boxes == 0
