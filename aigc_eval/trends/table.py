"""trend.csv: one row a run, candidate and gate of each metric."""

from __future__ import annotations

import csv
import io

from aigc_eval.records import Verdict
from aigc_eval.report.csv_table import BOM
from aigc_eval.report.escape import csv_cell
from aigc_eval.trends.collecting import Point, Series, Trend

__all__ = ["COLUMNS", "table"]

COLUMNS = (
    *("release", "run", "run_id", "created", "candidate", "metric", "slice", "against"),
    *("value", "low", "high", "level", "unit", "better", "gate", "limit_low", "limit_high", "verdict", "waived"),
    *("not_comparable", "edition"),
)


def table(trend: Trend, *, bom: bool = True) -> str:
    """All points, with one row for each gate on them; numbers are bare, texts quoted and never formulas."""
    lines: list[list[str | float]] = [[*COLUMNS]]
    for series in trend.series:
        for point in series.points:
            lines += [_line(trend, series, point, verdict) for verdict in point.verdicts or (None,)]
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n").writerows(lines)
    return BOM * bom + buffer.getvalue()


def _line(trend: Trend, series: Series, point: Point, verdict: Verdict | None) -> list[str | float]:
    run, e = trend.releases[point.release].run, point.estimate
    told = (run.name, run.id, run.created, point.candidate, series.name, series.slice, series.against)
    numbers = (e.value, e.low, e.high, e.level) if e else (None,) * 4
    gate = (verdict.gate, *verdict.zone, str(verdict.status)) if verdict else ("", None, None, "")
    waived = "" if verdict is None else "yes" if verdict.waiver else "no"
    rest = (series.unit, series.better or "", *gate, waived, " ".join(point.apart), trend.edition)
    return [point.release + 1, *(_cell(value) for value in (*told, *numbers, *rest))]


def _cell(value: str | float | None) -> str | float:
    return "" if value is None else csv_cell(value) if isinstance(value, str) else value
