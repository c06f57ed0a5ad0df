"""Progress on stderr: a live line on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from aigc_eval.cli.signals import check
from aigc_eval.cli.stdio import tell

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

__all__ = ["Report", "line", "reporting"]

EVERY = 5.0
"""Seconds between two plain lines."""


class Report(Protocol):
    """Told how far a stage is."""

    def __call__(self, stage: str, done: int, total: int, errors: int) -> None:
        """One report."""


@contextmanager
def reporting() -> Iterator[Report]:
    """A progress report that fits where stderr goes; NO_COLOR and dumb terminals get plain lines."""
    live = sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    if not live:
        yield _Lines()
        return
    with _bars() as bars:
        yield _Live(bars)


def line(stage: str, done: int, total: int, errors: int, rate: float | None) -> str:
    """A stage in words; `rate` is items per second, if known.

    >>> line("generate echo", 40, 100, 1, 12.0)
    'generate echo: 40/100, 12.0/s, 5 s left, 1 error'
    """
    parts = [f"{stage}: {done:,}/{total:,}"]
    if rate:
        parts += [f"{rate:.1f}/s", f"{_duration((total - done) / rate)} left"]
    if errors:
        parts.append(f"{errors:,} error{'s' if errors > 1 else ''}")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 7200 else f"{whole // 3600} h {whole % 3600 // 60} min"


class _Lines:
    """At most one line every `EVERY` seconds."""

    def __init__(self) -> None:
        self.told = self.began = time.monotonic()
        self.stage, self.before = "", 0

    def __call__(self, stage: str, done: int, total: int, errors: int) -> None:
        check()
        now = time.monotonic()
        if stage != self.stage:
            self.stage, self.before, self.began = stage, done, now
        if now - self.told >= EVERY:
            self.told = now
            new, seconds = done - self.before, now - self.began
            tell(line(stage, done, total, errors, new / seconds if new and seconds else None))


def _bars() -> Bars:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[errors]}", markup=False),
        console=Console(stderr=True),
        transient=True,
    )


class _Live:
    """One bar a stage."""

    def __init__(self, bars: Bars) -> None:
        self.bars = bars
        self.tasks: dict[str, TaskID] = {}

    def __call__(self, stage: str, done: int, total: int, errors: int) -> None:
        from aigc_eval.report.escape import terminal

        check()
        if stage not in self.tasks:
            self.tasks[stage] = self.bars.add_task(terminal(stage), total=total, completed=done, rate="", errors="")
        task = self.bars.tasks[self.bars.task_ids.index(self.tasks[stage])]
        self.bars.update(
            self.tasks[stage],
            completed=done,
            rate=f"{task.speed:.1f}/s" if task.speed else "",
            errors=f"{errors:,} errors" if errors else "",
        )
