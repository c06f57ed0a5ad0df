"""What a command line lets a bench do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from aigc_eval.config import Trust

__all__ = ["Allowed", "allowed"]


class Allowed(NamedTuple):
    """What the options of a command about a bench allow: keyword arguments of `config.load`."""

    allow: Sequence[Path]
    trust: Trust
    allow_bad: int


def allowed(
    paths: list[Path] | None, everything: bool, hosts: list[str] | None, listed: Path | None, bad_rows: int
) -> Allowed:
    """From --allow-path, --trust-bench, --allow-host (in CI hosts must be named), --allow-list, --allow-bad-rows."""
    from aigc_eval.config.trust import Trust, in_ci

    trust = Trust.given(everything=everything, hosts=hosts or (), listed=listed, in_ci=in_ci())
    return Allowed(paths or (), trust, bad_rows)
