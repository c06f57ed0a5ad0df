"""The page of a labelling sheet: what it exports by keys alone is what `review import` takes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aigc_eval import verify
from aigc_eval.labelling.sheets import Made, make_sheet
from aigc_eval.reviewing import import_files
from tests.browser.axe import violations
from tests.browser.conftest import Open
from tests.test_labelling import WANTED, carry_out

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Made]:
    run = carry_out(tmp_path_factory.mktemp("sheet"))
    return run, make_sheet(run, WANTED)


def export(page: Page, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name="Export labels").click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file


def test_labels_by_keys_are_kept_exported_and_imported(show: Open, drawn: tuple[Path, Made], tmp_path: Path) -> None:
    run, total = Path(shutil.copytree(drawn[0], tmp_path / "out")), len(drawn[1].sheet.items)
    page = show(drawn[1].files[1], accept_downloads=True)
    page.get_by_role("button", name="Export labels").click()
    assert "name" in page.locator("[data-say=told]").inner_text()
    page.get_by_label("Your name").fill("李娜 <b>")
    page.get_by_label("Your name").blur()
    for i in range(total):
        assert page.locator(".items > article:visible").count() == 1
        page.keyboard.press("10u"[i % 3])
    page.keyboard.press("ArrowLeft")
    page.locator("article.now").get_by_label("Note").fill("“1” = <b>")
    page.keyboard.press("1")  # in a text: no label
    page.locator("article.now").get_by_label("Note").blur()
    page.keyboard.press("l")
    assert page.locator(".items > article:visible").count() == total
    assert page.locator("[data-say=progress]").inner_text() == f"{total} of {total} labelled"
    page.reload()
    assert page.locator("[data-say=progress]").inner_text() == f"{total} of {total} labelled", "kept in the browser"
    file = export(page, tmp_path)
    told = json.loads(file.read_text("utf-8"))
    assert [each["label"] for each in told["labels"]] == [(True, False, None)[i % 3] for i in range(total)]
    assert [each["note"] for each in told["labels"]][total - 2] == "“1” = <b>1"
    (found,) = import_files(run, [file])
    assert (found.kind, found.recorded) == ("labels", total)
    assert verify.verify(run).status == "ok"


@pytest.mark.parametrize(("scheme", "width"), [("dark", 390), ("light", 1280)])
def test_axe_finds_nothing(show: Open, drawn: tuple[Path, Made], scheme: str, width: int) -> None:
    page = show(drawn[1].files[1], color_scheme=scheme, viewport={"width": width, "height": 844})
    for language in ("en", "zh"):
        page.locator(f"label[for=to-{language}]").click()
        page.keyboard.press("1")
        assert violations(page) == [], language
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_storage(show: Open, drawn: tuple[Path, Made], tmp_path: Path) -> None:
    page = show(drawn[1].files[1], accept_downloads=True)
    page.add_init_script("Object.defineProperty(window, 'localStorage', {get() { throw new Error('closed'); }})")
    page.reload()
    page.keyboard.press("0")
    assert page.locator("[data-say=not_kept]").is_visible()
    assert not page.locator("[data-say=kept]").is_visible()
    page.get_by_label("Your name").fill("A")
    assert [each["label"] for each in json.loads(export(page, tmp_path).read_text("utf-8"))["labels"]] == [False]


def test_without_script(show: Open, drawn: tuple[Path, Made]) -> None:
    page = show(drawn[1].files[1], java_script_enabled=False)
    assert page.locator(".items > article").first.is_visible()
    assert "sheet.csv" in page.locator("noscript").inner_text()
    assert not page.get_by_role("button", name="Export labels").is_visible()
