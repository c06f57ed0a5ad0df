"""report.en.pdf and report.zh.pdf as a printer and as another program see them."""

from __future__ import annotations

import re
import shutil
import socket
import threading
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aigc_eval.printing import print_report
from tests.browser.conftest import CHROMIUM, Open

if TYPE_CHECKING:
    import pypdf

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium on the PATH: apt install chromium fonts-noto-cjk"),
]
CREATED = "2026-11-22T09:30:00Z"
A4 = (595, 842)


@pytest.fixture(scope="module")
def printed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The quickstart's page and the larger one, printed in both languages."""
    files = {}
    for name in ("quickstart", "large"):
        folder = tmp_path_factory.mktemp(name)
        shutil.copy(request.getfixturevalue(name) / "report.html", folder)
        files |= {f"{name} {path.name[7:9]}": path for path in print_report(folder, str(CHROMIUM), CREATED)}
    return files


def opened(path: Path) -> pypdf.PdfReader:
    return pytest.importorskip("pypdf", reason="needs pypdf: pip install pypdf").PdfReader(path)


RADICALS = str.maketrans("⻔⻅⻓⻚⻛⻢⻰⻋⻘⻝⻆⻩⻉⻥", "门见长页风马龙车青食角黄贝鱼")


def words(text: str) -> str:
    """Noto's fonts have one glyph for a Han character and for the radical that looks like it; Chromium notes either."""
    return unicodedata.normalize("NFKC", text).translate(RADICALS)


@pytest.mark.parametrize("name", ["quickstart en", "quickstart zh", "large en", "large zh"])
def test_pages_are_a4_full_numbered_and_named(printed: dict[str, Path], name: str) -> None:
    pages = opened(printed[name]).pages
    run = "quickstart" if name.startswith("quickstart") else "release-2026-11"
    for number, page in enumerate(pages, start=1):
        assert (round(page.mediabox.width), round(page.mediabox.height)) == A4
        text = words(page.extract_text())
        assert run in text
        assert "Reviewer edition" in text
        assert "审核版" in text
        assert f"{number} / {len(pages)}" in text
        assert len(text) > 60, f"page {number} is nearly empty"


@pytest.mark.parametrize(("language", "said", "unsaid"), [
    ("en", ("Pass", "All 9 gates pass", "Gates", "Run facts", "upper bound"), ("门限", "待发布")),
    ("zh", ("通过", "门限", "运行信息", "上界"), ("All 9 gates pass", "Run facts")),
])  # fmt: skip
def test_its_text_is_text_in_one_language(
    printed: dict[str, Path], language: str, said: tuple[str, ...], unsaid: tuple[str, ...]
) -> None:
    pdf = opened(printed[f"quickstart {language}"])
    text = words("\n".join(page.extract_text() for page in pdf.pages))
    assert [phrase for phrase in said if phrase not in text] == []
    assert [phrase for phrase in unsaid if phrase in text] == []
    assert pdf.trailer["/Root"]["/Lang"] == language
    assert pdf.trailer["/Root"]["/MarkInfo"]["/Marked"], "tagged, for screen readers"
    assert pdf.metadata is not None
    assert pdf.metadata["/CreationDate"].startswith("D:20261122093000")


def test_tables_of_many_candidates_fit_the_paper(show: Open, large: Path) -> None:
    """184 mm between the margins of A4; a picture that is squeezed shows nothing."""
    page = show(large / "report.html", viewport={"width": 695, "height": 980})
    page.emulate_media(media="print")
    for language in ("en", "zh"):
        page.evaluate(f"document.getElementById('to-{language}').click()")
        assert page.evaluate("document.documentElement.scrollWidth") <= 695
        pictures = page.locator(".gates .picture svg, .compare .picture svg").evaluate_all(
            "all => all.map(e => e.getBoundingClientRect().width)"
        )
        assert min(pictures) >= 85


def test_every_font_is_in_the_file(printed: dict[str, Path]) -> None:
    for path in printed.values():
        fonts = [font.get_object() for page in opened(path).pages for font in page["/Resources"]["/Font"].values()]
        assert fonts
        for font in fonts:
            inner = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
            if font["/Subtype"] != "/Type3":
                assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(inner["/FontDescriptor"]), font["/BaseFont"]


def test_no_heading_stands_alone_at_the_foot_of_a_page(printed: dict[str, Path]) -> None:
    for name, path in printed.items():
        page = (path.parent / "report.html").read_text("utf-8")
        heads = re.findall(rf'<h[234][^>]*>.*?<span lang="{name[-2:]}">(.*?)</span>', page)
        assert len(heads) > 15
        for sheet in opened(path).pages:
            lines = [line.strip() for line in words(sheet.extract_text()).splitlines() if line.strip()]
            body = [line for line in lines if not re.fullmatch(r"\d+ / \d+|quickstart|release-2026-11", line)]
            assert body[-1] not in heads


def test_the_same_page_gives_the_same_bytes(printed: dict[str, Path], tmp_path: Path) -> None:
    shutil.copy(printed["large en"].parent / "report.html", tmp_path)
    for path in print_report(tmp_path, str(CHROMIUM), CREATED):
        assert path.read_bytes() == (printed["large en"].parent / path.name).read_bytes()


def test_printing_asks_no_network(tmp_path: Path) -> None:
    """Even a page that wants something from this very machine, and that no policy holds back, gets nothing."""
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def listen() -> None:
            while True:
                try:
                    asked.append(server.accept())
                except OSError:
                    return

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        wants = "".join(f'<img src="http://{host}:{port}/x.png">' for host in ("127.0.0.1", "localhost", "[::1]"))
        (tmp_path / "report.html").write_text(f'<!doctype html><html lang="en"><p>Here.</p>{wants}', "utf-8")
        (path,) = print_report(tmp_path, str(CHROMIUM), CREATED)
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert "Here." in opened(path).pages[0].extract_text()
    assert asked == []
