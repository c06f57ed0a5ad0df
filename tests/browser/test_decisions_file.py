"""What the page exports is what `review import` takes, and what it then shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aigc_eval import verify
from aigc_eval.cli import main
from aigc_eval.reviewing import labels
from tests.test_reviewing import PHONE, carry_out

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow
CHOICES = ("confirmed", "false positive", "needs a fix")


def test_what_the_page_exports_is_imported(browser: Browser, tmp_path: Path) -> None:
    run = carry_out(tmp_path)
    context = browser.new_context(offline=True, accept_downloads=True)
    page = context.new_page()
    page.goto((run / "report.html").as_uri())
    page.get_by_label("Reviewer’s name").fill("李娜 <b>")
    fields = page.locator("#samples fieldset", has=page.get_by_role("radio", name="confirmed"))
    for i in range(10):
        fields.nth(i).get_by_role("radio", name=CHOICES[i % 3], exact=True).check()
    fields.nth(2).get_by_label("Note").fill(f"“{PHONE}” 必须删除")
    fields.nth(2).get_by_label("Note").blur()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export decisions").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert len(json.loads(file.read_text("utf-8"))["decisions"]) == 10
    assert main(["review", "import", str(run), str(file)]) == 0
    assert verify.verify(run).status == "ok"
    told = labels(run)
    assert (len(told), told[0]["reviewer"]) == (10, "李娜 <b>")
    assert [t["label"] for t in told].count("false_positive") == 3
    page.goto((run / "report.html").as_uri())
    words = page.locator("#signoff").inner_text()
    assert "李娜 <b>" in words
    assert "必须删除" in words
    assert PHONE not in words
    context.close()
