"""What a command line lets a bench do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aigc_eval.config import Trust

__all__ = ["trusted"]


def trusted(everything: bool, hosts: list[str] | None, listed: Path | None) -> Trust:
    """What the options allow; in CI hosts must be named one by one."""
    from aigc_eval.config.trust import Trust, in_ci

    return Trust.given(everything=everything, hosts=hosts or (), listed=listed, in_ci=in_ci())
