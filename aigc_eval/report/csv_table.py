"""summary.csv (one row a metric, candidate and slice) and rows.csv (one row an output), for spreadsheets.

UTF-8 with a byte order mark, because spreadsheets need it to read Chinese; for programs that stumble over it a bench
says `report: {csv: {bom: false}}`. Texts are quoted, masked, visible and never formulas. Numbers are bare (RFC 4180): so
readers that go by quotes (R's readr, Python's QUOTE_NONNUMERIC, BigQuery) take them for what they are, and no locale
comes into it. The last column is the edition, since the format has no other place to say it.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from aigc_eval.records import Edition, Run, Span
from aigc_eval.report.escape import Shown, csv_cell
from aigc_eval.report.files import Unreadable
from aigc_eval.report.mask import Hit, Masker
from aigc_eval.report.words import metric_facts

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check", "rows", "summary"]

BOM = "\ufeff"
_COUNTS = ("planned", "scored", "failed", "not_applicable", "prompts")
SUMMARY = ("candidate", "scorer", "metric", "slice", "value", "low", "high", "adverse", "level", "method", *_COUNTS)
_IDENTITY = ("candidate", "prompt", "sample", "outcome", "lang")


def summary(run: Run, edition: Edition = "reviewer", *, bom: bool = True) -> str:
    """All estimates in long format, the overall ones under an empty slice."""
    facts = metric_facts(run)
    lines: list[list[str | float]] = [[*SUMMARY, "unit", "better", "edition"]]
    for e in run.estimates:
        found = facts.get((e.scorer, e.metric))
        unit, better = (found[1].unit, found[1].better or "") if found else ("", "")
        values = (getattr(e, name) for name in SUMMARY)
        lines.append([_cell(v) for v in (*values, unit, better, edition)])
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n").writerows(lines)
    return BOM * bom + buffer.getvalue()


def _cell(value: str | float | None) -> str | float:
    if value is None:
        return ""
    return csv_cell(value) if isinstance(value, str) else value


def rows(run: Run, masker: Masker, edition: Edition = "reviewer", *, bom: bool = True) -> str:
    """All outputs with their scores. `text_sha256` is that of the masked text, before anything is spelled out or cut.

    `text_chars` is the length of the original text, and the offsets in `<scorer>:spans` refer to it.
    """
    import pandas as pd

    given = run.rows
    columns: dict[str, Sequence[object]] = {}
    long = masker.long()
    for name in [*_IDENTITY, *(c for c in given.columns if c.startswith("tag."))]:
        columns[name] = _plain(given[name], long)
    columns["prompt_text"] = _texts(masker.shown(given["prompt_text"].tolist(), _own(given, masker, "prompt")))
    columns |= _output(given, masker)
    for name in ("references", "evidence"):
        if name in given:
            columns[name] = _passages(given[name], masker)
    columns["detail"] = _plain(given["detail"], masker)
    for name in ("error", "attempts", "seconds", *(c for c in given.columns if c.startswith("usage."))):
        columns[name] = given[name].tolist()
    for scorer in run.scorers:
        own = [c for c in given.columns if c == scorer.name or c.startswith((f"{scorer.name}.", f"{scorer.name}:"))]
        for name in own:
            if not name.endswith(":vector"):
                columns[name] = _spans(given[name]) if name.endswith(":spans") else _plain(given[name], masker)
    columns["edition"] = [edition] * len(given)
    frame = pd.DataFrame({csv_cell(name): _series(values) for name, values in columns.items()})
    return BOM * bom + frame.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")


def _series(values: Sequence[object]) -> pd.Series[Any]:
    """Without a type for texts, so that pandas neither converts nor refuses any."""
    import pandas as pd

    return pd.Series(list(values), dtype="object" if any(issubclass(t, str) for t in set(map(type, values))) else None)


def _own(given: pd.DataFrame, masker: Masker, target: str) -> list[list[Hit]]:
    """Each row's own sensitive spans, as hits."""
    texts = given["prompt_text" if target == "prompt" else "text"].tolist()
    found: list[list[Hit]] = [[] for _ in texts]
    for name in [c for c in given.columns if c.endswith(":spans")]:
        for own, text, spans in zip(found, texts, given[name].tolist(), strict=True):
            if spans:
                own.extend(masker.own(text, spans, target))
    return found


def _output(given: pd.DataFrame, masker: Masker) -> dict[str, Sequence[object]]:
    texts = given["text"].tolist()
    shown = masker.shown(texts, _own(given, masker, "output"))
    return {
        "text": _texts(shown),
        "text_sha256": [_sha256(t) for t in shown],
        "text_chars": [len(t) for t in texts],
    }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _texts(shown: Iterable[Shown]) -> list[str]:
    return [csv_cell(t) for t in shown]


def _plain(column: pd.Series[Any], masker: Masker) -> Sequence[object]:
    """A column of numbers as it is, of texts masked and encoded, each different text once."""
    if column.dtype.kind in "fiub":
        values: list[object] = column.tolist()
        return values
    texts = [v if isinstance(v, str) else "" for v in column.tolist()]
    different = list(dict.fromkeys(texts))
    encoded = dict(zip(different, _texts(masker.shown(different)), strict=True))
    return [encoded[t] for t in texts]


def _passages(column: pd.Series[Any], masker: Masker) -> list[str]:
    """Tuples of texts, one a line."""
    values = [tuple(v) if isinstance(v, tuple | list) else () for v in column.tolist()]
    different = list(dict.fromkeys(values))
    flat = [str(t) for v in different for t in v]
    shown = iter(masker.shown(flat))
    encoded = {v: csv_cell(Shown("\n".join(next(shown) for _ in v))) for v in different}
    return [encoded[v] for v in values]


def _spans(column: pd.Series[Any]) -> list[str]:
    return [csv_cell("; ".join(map(_span, spans))) if spans else "" for spans in column.tolist()]


def _span(span: Span) -> str:
    where = "" if span.target == "output" else f" in {span.target}"
    return f"{span.label} {span.start}-{span.end}{where}"


def check(text: str, expected: int) -> None:
    """Raise unless the written table reads back with the expected number of rows, all equally long."""
    lengths = [len(line) for line in csv.reader(io.StringIO(text.removeprefix(BOM), newline=""))]
    if len(lengths) != expected + 1 or len(set(lengths)) != 1:
        raise Unreadable(f"the table reads back with {len(lengths) - 1} rows of {expected}, or ragged")
