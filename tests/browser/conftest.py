"""Reports in a real browser: Debian's Chromium, offline, driven by Playwright.

Whatever a page does there, it fails its test by a console error, an uncaught exception, or a request for anything but
its own file.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aigc_eval import config, report, runner

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

Open = Callable[..., "Page"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    if CHROMIUM is None:
        pytest.skip("needs Chromium on the PATH: apt install chromium fonts-noto-cjk")
    with api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def show(browser: Browser) -> Iterator[Open]:
    """`show(path, **options of a Playwright context)`: the page of a report, 1280 x 900 unless told."""
    contexts, wrong = [], []

    def open_page(path: Path, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "offline": True, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: wrong.append(f"console: {m.text}") if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: wrong.append(f"exception: {error}"))
        page.on("request", lambda r: wrong.append(f"request: {r.url}") if r.url != path.as_uri() else None)
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not wrong


@pytest.fixture(scope="session")
def quickstart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of the quickstart bench."""
    out = tmp_path_factory.mktemp("browser") / "quickstart"
    runner.run(config.load(ROOT / "benchmarks" / "quickstart.yaml"), out)
    return out


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the reports of a run with more candidates, failed and open gates, and hostile texts."""
    from tests.report.sample_run import build_run, sample_rows

    out = tmp_path_factory.mktemp("browser") / "large"
    names = ("baseline-v1", "candidate-v2", "candidate-v3", "a-candidate-with-quite-a-long-name")
    run = build_run(sample_rows(names, prompts=12))
    report.write(run, out, formats=("html",), languages=("en", "zh"))
    return out


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the page of a small run."""
    from tests.report.sample_run import sample_run

    out = tmp_path_factory.mktemp("browser") / "sample"
    report.write(sample_run(), out, formats=("html",), languages=("en", "zh"))
    return out


@pytest.fixture(scope="session", params=["quickstart", "large"])
def page_file(request: pytest.FixtureRequest) -> Path:
    """Each report.html in turn."""
    folder: Path = request.getfixturevalue(request.param)
    return folder / "report.html"
