"""Standard output and error that outlive their readers, and text that no terminal acts on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal, TextIO, cast

from aigc_eval.credentials import redact

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["language", "outlets", "say", "show", "table", "tell"]


class _Outlet:
    """A stream that goes quiet when nobody reads it any more (`| head`) and writes what its encoding cannot as \\x..

    Whoever writes to it, a traceback, a logger or a candidate's own code, no key gets through.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")

    def write(self, text: str) -> int:
        try:
            return self._stream.write(redact(text))
        except BrokenPipeError:
            self._plug()
            return len(text)
        except OSError:  # a full disk: said once, by the caller
            self._plug()
            raise

    def flush(self) -> None:
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._plug()
        except OSError:
            self._plug()
            raise

    def _plug(self) -> None:
        """Send what is still buffered nowhere, or the interpreter would complain when it exits."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def outlets() -> Iterator[None]:
    """Within it, writing to stdout and stderr never fails for want of a reader."""
    before = sys.stdout, sys.stderr
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        # Python has no stream at all where the shell closed it (`>&-`).
        out, err = (cast("TextIO", _Outlet(stream or nowhere)) for stream in before)
        sys.stdout, sys.stderr = out, err
        try:
            yield
        finally:
            with suppress(ValueError):
                out.flush()
                err.flush()
            sys.stdout, sys.stderr = before


def say(text: str = "") -> None:
    """A line of results, to stdout."""
    print(text, file=sys.stdout)


def tell(text: str) -> None:
    """What a person should know, to stderr, line by line and without control characters."""
    from aigc_eval.report.escape import terminal

    for line in text.split("\n"):
        print(terminal(line), file=sys.stderr, flush=True)


def show(content: RenderableType) -> None:
    """A rich table or group on stdout: wrapped only where a terminal is too narrow, no escapes under NO_COLOR."""
    from rich.console import Console

    color: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
    console = Console(width=None if sys.stdout.isatty() else 100_000, highlight=False, color_system=color)
    with console.capture() as captured:
        console.print(content)
    say("\n".join(line.rstrip() for line in captured.get().splitlines()))


def table(header: list[str], rows: list[list[str]]) -> None:
    """An aligned table on stdout."""
    from rich.table import Table
    from rich.text import Text

    from aigc_eval.report.escape import terminal

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for title in header:
        shown.add_column(Text(terminal(title)))
    for row in rows:
        shown.add_row(*(Text(terminal(cell)) for cell in row))
    show(shown)


def language() -> str:
    """The language of the terminal, "zh" or "en", from LC_ALL, LC_MESSAGES or LANG."""
    wanted = next((os.environ[v] for v in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(v)), "")
    return "zh" if wanted.lower().startswith("zh") else "en"
