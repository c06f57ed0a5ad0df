"""Printing without a browser, or with one that does not print: what is said, and what stays."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from aigc_eval.cli import main
from aigc_eval.errors import UsageError
from aigc_eval.printing import PRINTS, PrintError, find_browser, print_report
from aigc_eval.report.html.environment import css_text
from aigc_eval.verify import verify

CREATED = "2026-11-22T09:30:00Z"
PAGE = (
    '<!doctype html><html lang="en"><main><input type="radio" name="language" class="switch" id="to-en" checked>'
    '<input type="radio" name="language" class="switch" id="to-zh"></main></html>'
)
BENCH = """
name: tiny
prompts: [prompts.jsonl]
candidates: [{name: echo, generator: echo}]
scorers: [toxicity]
"""


def browser(folder: Path, script: str) -> str:
    """A program in the browser's place; `$target` is where the PDF should go."""
    path = folder / "chromium"
    head = '#!/bin/sh\nfor word in "$@"; do case "$word" in --print-to-pdf=*) target="${word#*=}";; esac; done\n'
    path.write_text(f"{head}{script}\n", "utf-8")
    path.chmod(0o755)
    return str(path)


def test_without_a_browser_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="apt install chromium fonts-noto-cjk"):
        find_browser()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 0", "printed no whole PDF"),
        ('printf %%PDF-1.4 > "$target"', "printed no whole PDF"),
        ("echo no display >&2; exit 21", "ended with 21: no display"),
        ("sleep 60 & sleep 60", "not done after 1 seconds"),
    ],
)
def test_a_browser_that_fails_leaves_no_file(tmp_path: Path, script: str, said: str) -> None:
    (tmp_path / "report.html").write_text(PAGE, "utf-8")
    (tmp_path / "report.en.pdf").write_bytes(b"of an earlier page")
    started = time.monotonic()
    with pytest.raises(PrintError, match=said):
        print_report(tmp_path, browser(tmp_path, script), CREATED, seconds=1)
    assert time.monotonic() - started < 20
    assert sorted(path.name for path in tmp_path.iterdir()) == ["chromium", "report.html"]


def test_without_a_page_there_is_nothing_to_print(tmp_path: Path) -> None:
    with pytest.raises(PrintError, match=r"no report\.html"):
        print_report(tmp_path, "/bin/true", CREATED)


def test_each_language_is_the_one_that_its_file_opens_in(tmp_path: Path) -> None:
    """The browser is handed the page with the language chosen, no secret of the environment, and the page's mode."""
    (tmp_path / "report.html").write_text(PAGE, "utf-8")
    (tmp_path / "report.html").chmod(0o600)
    os.environ["A_KEY"] = "sesame"
    script = '(echo %PDF-1.4; for page; do :; done; cat "${page#file://}"; env; echo; echo %%EOF) > "$target"'
    try:
        files = print_report(tmp_path, browser(tmp_path, script), CREATED)
    finally:
        del os.environ["A_KEY"]
    assert [path.name for path in files] == [*PRINTS]
    for path, language, other in zip(files, ("en", "zh"), ("zh", "en"), strict=True):
        text = path.read_text("utf-8")
        assert f'<html lang="{language}"' in text
        assert f'id="to-{language}" checked' in text
        assert f'id="to-{other}">' in text
        assert "sesame" not in text
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ['"}</style><script>alert(1)</script>', "a\\b\nc", "测试 \u202e run", "plain-1"])
def test_a_runs_name_stays_a_name_in_the_style_sheet(text: str) -> None:
    written = css_text(text)
    assert not set(written) - set("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\\ ")


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    (tmp_path / "prompts.jsonl").write_text('{"id": "p1", "prompt": "Good morning."}\n', "utf-8")
    (tmp_path / "bench.yaml").write_text(BENCH, "utf-8")
    return tmp_path / "bench.yaml"


def test_a_run_is_whole_without_the_print_that_failed(
    bench: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place, out = tmp_path_factory.mktemp("bin"), bench.parent / "out"
    monkeypatch.setenv("PATH", f"{place}:/usr/bin:/bin")
    browser(place, "exit 7")
    assert main(["run", str(bench), "--out", str(out), "--in-process"]) == 0
    assert main(["report", str(out), "--pdf"]) == 3
    said = capsys.readouterr().err
    assert "ended with 7" in said
    assert "all else is written" in said
    assert verify(out).status == "ok"
    assert not any((out / name).exists() for name in PRINTS)
    browser(place, '(echo %PDF-1.4; echo %%EOF) > "$target"')
    assert main(["report", str(out), "--pdf"]) == 0
    shown = capsys.readouterr().out
    assert all(str(out / name) in shown for name in PRINTS)
    found = verify(out)
    assert found.status == "ok"
    assert sum("was not compared" in note for note in found.notes) == 2
    assert main(["report", str(out)]) == 0
    assert not any((out / name).exists() for name in PRINTS), "prints of an earlier page"


def test_a_browser_is_looked_for_before_anything_is_asked(
    bench: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(bench.parent))
    assert main(["run", str(bench), "--out", str(bench.parent / "out"), "--pdf"]) == 2
    assert "apt install chromium" in capsys.readouterr().err
    assert not (bench.parent / "out").exists()
