"""standards.csv: one row a check of a clause, for reviewers who file it. Written as `csv_table` writes its tables."""

from __future__ import annotations

import csv
import io

from aigc_eval.records import Edition, Run
from aigc_eval.report.csv_table import BOM
from aigc_eval.report.escape import csv_cell
from aigc_eval.report.standards import CheckLine, ClauseLine, views

__all__ = ["COLUMNS", "size", "table"]

COLUMNS = (
    *("standard", "clause", "title_en", "title_zh", "requirement_en", "requirement_zh", "verified"),
    *("source_en", "source_zh", "clause_status", "rule_en", "rule_zh", "candidate", "n", "needed"),
    *("metric", "value", "low", "high", "level", "op", "limit", "status"),
    *("why_en", "why_zh", "missing_en", "missing_zh", "edition"),
)


def table(run: Run, edition: Edition = "reviewer", *, bom: bool = True) -> str | None:
    """Every check of every clause; a clause without any has a row of its own. None where no standard was adopted."""
    if not run.standards:
        return None
    lines = [
        [_cell(v) for v in (*row, edition)]
        for view, covered in zip(views(run), run.standards, strict=True)
        for line, found in zip(view.lines, covered.clauses, strict=True)
        for row in _rows(view.id, line, found.status)
    ]
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n").writerows([[*COLUMNS], *lines])
    return BOM * bom + buffer.getvalue()


def size(run: Run) -> int:
    """How many rows the table has."""
    return sum(max(1, len(found.checks)) for covered in run.standards for found in covered.clauses)


def _rows(standard: str, line: ClauseLine, status: str) -> list[list[object]]:
    clause = line.clause
    head = [standard, clause.id, clause.title.en, clause.title.zh, clause.requirement.en, clause.requirement.zh]
    head += ["yes" if clause.verified else "no", clause.source.en, clause.source.zh, status]
    missing = ["\n".join(m.en for m in line.missing), "\n".join(m.zh for m in line.missing)]
    if not line.checks:
        return [[*head, *[""] * 13, line.reason.en, line.reason.zh, *missing]]
    return [[*head, *_check(check), *missing] for check in line.checks]


def _check(line: CheckLine) -> list[object]:
    check, seen = line.check, line.check.estimate
    known = seen is not None and not seen.against
    numbers = [seen.value, seen.low, seen.high, seen.level] if seen is not None and known else [None] * 4
    return [
        *(line.label.en, line.label.zh, check.candidate, check.n, check.needed or None),
        line.metric,
        *(*numbers, check.op, check.limit, check.status),
        *("\n".join(w.in_(lang) for w in line.why) for lang in ("en", "zh")),
    ]


def _cell(value: object) -> str | float:
    if value is None:
        return ""
    return value if isinstance(value, int | float) else csv_cell(str(value))
