"""The command `report` about several runs: how their metrics moved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, cast

from aigc_eval.cli.stdio import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aigc_eval.records import Edition

__all__ = ["report_trend"]


def report_trend(
    folders: Sequence[Path],
    out: Path | None,
    languages: Sequence[str],
    edition: str | None,
    *,
    as_given: bool,
    as_json: bool,
) -> int:
    """Write trend.html and trend.csv about completed runs into a folder; 0, since nothing is judged."""
    from aigc_eval import trends
    from aigc_eval.config.shape import LANGUAGES
    from aigc_eval.errors import UsageError
    from aigc_eval.report.files import write_atomically

    if out is None:
        raise UsageError("a report about several runs needs a folder of its own; add --out DIR")
    trend = trends.collect(folders, cast("Edition | None", edition), as_given=as_given)
    texts = {
        "trend.html": trends.page(trend, tuple(languages) or tuple(LANGUAGES)),
        "trend.csv": trends.table(trend),
    }
    out.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        write_atomically(out / name, text, 0o600 if trend.edition == "internal" else 0o644)
    files = [str(out / name) for name in texts]
    if as_json:
        runs = [release.run.id or release.run.name for release in trend.releases]
        say(json.dumps({"runs": runs, "files": files}, ensure_ascii=False))
    else:
        for file in files:
            say(file)
    return 0
