"""The README's pictures of a report: python tools/screenshots.py reports/sample/report.html docs

Writes report.png, report.zh.png and report.dark.png (1160 x 1500) and report.phone.png (390 x 1500), from what the page
shows first.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from aigc_eval.printing import find_browser

PICTURES = {
    "report.png": ("en", "light", 1160),
    "report.zh.png": ("zh", "light", 1160),
    "report.dark.png": ("en", "dark", 1160),
    "report.phone.png": ("zh", "light", 390),
}
HEIGHT = 1500


def main(page_file: Path, folder: Path) -> None:
    """Take every picture of one page."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox", "--hide-scrollbars"])
        for name, (language, scheme, width) in PICTURES.items():
            size = {"width": width, "height": HEIGHT}
            page = browser.new_page(viewport=size, color_scheme=scheme, offline=True)
            page.goto(page_file.resolve().as_uri())
            page.locator(f"label[for=to-{language}]").click()
            page.screenshot(path=folder / name, animations="disabled")
            page.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
