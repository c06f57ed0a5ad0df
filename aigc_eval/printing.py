"""report.en.pdf and report.zh.pdf: report.html printed by a browser that is there, one file a language.

A print is a copy for people: its pages depend on the browser and on the fonts of the machine, so that no verdict is
about it and `verify` does not compare it. From the same page, browser and fonts it is the same bytes.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from aigc_eval.errors import AigcEvalError, UsageError

__all__ = ["PRINTS", "PrintError", "find_browser", "print_report", "remove_prints"]

PRINTS = ("report.en.pdf", "report.zh.pdf")
"""What a print may be named."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
SECONDS = 300.0
_SWITCH = re.compile(r'(<input type="radio" name="language" class="switch" id="to-(\w+)")( checked)?')
_LANGUAGE = re.compile(r'<html lang="(\w+)"')
_DATES = re.compile(rb"/(CreationDate|ModDate) \(D:(\d{14})")
_KEPT = (
    "PATH",
    "HOME",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "FONTCONFIG_FILE",
    "FONTCONFIG_PATH",
    "SystemRoot",
)
"""What a browser may know of this process's environment, which may hold keys."""
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-crash-reporter",
    "--disable-domain-reliability",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    # Whatever asks for a network is sent to a port where nobody listens, and no name is looked up.
    "--proxy-server=http://127.0.0.1:9",
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-pdf-header-footer",
    "--force-color-profile=srgb",
)


class PrintError(AigcEvalError):
    """The browser gave no whole PDF: what was asked for is not there, though the run and its reports are."""

    exit_code: ClassVar[int] = 3


def find_browser() -> str:
    """The Chromium of this machine; raises `UsageError` with what to install."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise UsageError(
            "--pdf needs Chromium or Chrome on the PATH; on Debian and Ubuntu: apt install chromium fonts-noto-cjk"
        )
    return found


def remove_prints(folder: Path) -> None:
    """Take away what was printed of an earlier page."""
    for name in PRINTS:
        (folder / name).unlink(missing_ok=True)


def print_report(folder: Path, browser: str, created: str, *, seconds: float = SECONDS) -> list[Path]:
    """Print a run's report.html in each language that it speaks; returns the files.

    They bear the date of the run (`created`, ISO 8601 in UTC), and only those may read them who may read the page.
    Prints of an earlier page are removed first. Raises `PrintError`, and leaves no half of a file.
    """
    remove_prints(folder)
    page = folder / "report.html"
    try:
        text, mode = page.read_text("utf-8"), page.stat().st_mode & 0o777
    except FileNotFoundError as error:
        raise PrintError(
            f"there is no report.html in {folder} to print; let the bench or --format ask for html"
        ) from error
    written = []
    for language in _languages(text):
        path = folder / f"report.{language}.pdf"
        _write(path, _dated(_printed(_opening_in(text, language), browser, seconds), created), mode)
        written.append(path)
    return written


def _languages(page: str) -> list[str]:
    found = [match[1] for match in _SWITCH.findall(page)] or _LANGUAGE.findall(page)[:1]
    return [language for language in found if f"report.{language}.pdf" in PRINTS]


def _opening_in(page: str, language: str) -> str:
    """The page as it is when its reader has chosen a language."""
    page = _SWITCH.sub(lambda m: f"{m[1]} checked" if m[2] == language else m[1], page)
    return _LANGUAGE.sub(f'<html lang="{language}"', page, count=1)


def _printed(page: str, browser: str, seconds: float) -> bytes:
    with tempfile.TemporaryDirectory(prefix="aigc-eval-print-", ignore_cleanup_errors=True) as place:
        source, target = Path(place, "report.html"), Path(place, "report.pdf")
        source.write_text(page, "utf-8")
        flags = [*_FLAGS, f"--user-data-dir={place}/profile", f"--print-to-pdf={target}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            flags.append("--no-sandbox")  # Chromium has none for root
        _run([browser, *flags, source.as_uri()], seconds)
        found = target.read_bytes() if target.exists() else b""
    if not (found.startswith(b"%PDF-") and found.rstrip().endswith(b"%%EOF")):
        raise PrintError(f"{browser} printed no whole PDF")
    return found


def _dated(pdf: bytes, created: str) -> bytes:
    """The PDF with the run's date for that of the print: of the same length, so that every offset in the file stays."""
    digits = f"{re.sub('[^0-9]', '', created):0<14.14}".encode("ascii")
    return _DATES.sub(lambda m: m[0].replace(m[2], digits), pdf)


def _run(command: list[str], seconds: float) -> None:
    """Run a browser to its end, or end it and all that it started."""
    known = {name: os.environ[name] for name in _KEPT if name in os.environ} | {"TZ": "UTC", "LANG": "C.UTF-8"}
    try:
        process = subprocess.Popen(  # noqa: S603 -- found on the PATH by a fixed name
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=known,
            start_new_session=True,
        )
    except OSError as error:
        raise PrintError(f"{command[0]} cannot be started: {error.strerror}") from error
    with process:
        try:
            _, said = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise PrintError(f"{command[0]} was not done after {seconds:.0f} seconds") from error
        finally:
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode:
        last = said.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it said nothing"]
        raise PrintError(f"{command[0]} ended with {process.returncode}: {last[0]:.300}")


def _write(path: Path, data: bytes, mode: int) -> None:
    """A whole file or none."""
    aside = path.with_name(f".{path.name}.tmp")
    try:
        aside.unlink(missing_ok=True)
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
            stream.write(data)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
