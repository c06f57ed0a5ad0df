"""summary.csv (one row a metric, candidate and slice) and rows.csv (one row an output), for spreadsheets.

UTF-8 with a byte order mark, because spreadsheets need it to read Chinese; for programs that stumble over it a bench
says `report: {csv: {bom: false}}`. Texts are quoted, masked, visible and never formulas. Numbers are bare (RFC 4180):
so readers that go by quotes (R's readr, Python's QUOTE_NONNUMERIC, BigQuery) take them for what they are, and no locale
comes into it. The last column is the edition, since the format has no other place to say it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aigc_eval.records import Edition, Run, Span
from aigc_eval.report.beside import corrected_columns
from aigc_eval.report.escape import Shown, csv_cell
from aigc_eval.report.files import Unreadable
from aigc_eval.report.mask import Masker
from aigc_eval.report.row_columns import PASSAGES, row_columns
from aigc_eval.report.words import metric_facts

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check", "rows", "summary"]

BOM = "\ufeff"
_COUNTS = ("planned", "scored", "failed", "not_applicable", "prompts")
SUMMARY = ("candidate", "scorer", "metric", "slice", "value", "low", "high", "adverse", "level", "method", *_COUNTS)


def summary(run: Run, edition: Edition = "reviewer", *, bom: bool = True) -> str:
    """All estimates in long format, the overall ones under an empty slice."""
    facts = metric_facts(run)
    corrected = corrected_columns(run)
    lines: list[list[str | float]] = [[*SUMMARY, "unit", "better", *corrected, "edition"]]
    for number, e in enumerate(run.estimates):
        found = facts.get((e.scorer, e.metric))
        unit, better = (found[1].unit, found[1].better or "") if found else ("", "")
        values = (getattr(e, name) for name in SUMMARY)
        ends = (column[number] for column in corrected.values())
        lines.append([_cell(v) for v in (*values, unit, better, *ends, edition)])
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n").writerows(lines)
    return BOM * bom + buffer.getvalue()


def _cell(value: str | float | None) -> str | float:
    if value is None:
        return ""
    return csv_cell(value) if isinstance(value, str) else value


def rows(run: Run, masker: Masker, edition: Edition = "reviewer", *, bom: bool = True) -> str:
    """All outputs with their scores (see `row_columns`), long texts cut."""
    import pandas as pd

    columns = {name: _encoded(name, values) for name, values in row_columns(run, masker).items()}
    columns["edition"] = [edition] * len(run.rows)
    frame = pd.DataFrame({csv_cell(name): _series(values) for name, values in columns.items()})
    return BOM * bom + frame.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")


def _encoded(name: str, values: Sequence[Any]) -> Sequence[object]:
    """A column as cells, each different text encoded once."""
    if name.endswith(":spans"):
        return [csv_cell("; ".join(map(_span, spans))) if spans else "" for spans in values]
    if name in PASSAGES:
        values = [Shown("\n".join(texts)) for texts in values]
    cells = {value: csv_cell(value) for value in dict.fromkeys(values) if isinstance(value, str)}
    return [cells.get(value, value) for value in values] if cells else values


def _series(values: Sequence[object]) -> pd.Series[Any]:
    """Without a type for texts, so that pandas neither converts nor refuses any."""
    import pandas as pd

    return pd.Series(list(values), dtype="object" if any(issubclass(t, str) for t in set(map(type, values))) else None)


def _span(span: Span) -> str:
    where = "" if span.target == "output" else f" in {span.target}"
    return f"{span.label} {span.start}-{span.end}{where}"


def check(text: str, expected: int) -> None:
    """Raise unless the written table reads back with the expected number of rows, all equally long."""
    lengths = [len(line) for line in csv.reader(io.StringIO(text.removeprefix(BOM), newline=""))]
    if len(lengths) != expected + 1 or len(set(lengths)) != 1:
        raise Unreadable(f"the table reads back with {len(lengths) - 1} rows of {expected}, or ragged")
