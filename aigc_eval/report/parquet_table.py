"""summary.parquet (every estimate) and rows.parquet (every output): typed columns, for programs.

The tables of the CSV files without what spreadsheets need: no text is cut or made safe from formulas, what has no value
is null, passages are lists and spans are lists of structs. The run, the edition and the digests of what was read are in
the schema's metadata. One version of Arrow gives the same bytes for the same run.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from aigc_eval.records import Estimate, Run, Span
from aigc_eval.report.beside import corrected_columns
from aigc_eval.report.escape import visible
from aigc_eval.report.files import Unreadable
from aigc_eval.report.page import Page
from aigc_eval.report.row_columns import PASSAGES, row_columns
from aigc_eval.report.words import metric_facts

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["check_rows", "check_summary", "rows", "summary"]


def summary(page: Page) -> bytes:
    """All estimates, the overall ones under an empty slice."""
    import pyarrow as pa

    kinds = {"str": pa.string(), "int": pa.int64(), "bool": pa.bool_()}
    facts = metric_facts(page.run)
    columns: dict[str, Any] = {}
    for column in fields(Estimate):
        values = [getattr(e, column.name) for e in page.run.estimates]
        shown = [visible(v) if isinstance(v, str) else v for v in values]
        columns[column.name] = pa.array(shown, kinds.get(str(column.type), pa.float64()))
    found = [facts.get((e.scorer, e.metric)) for e in page.run.estimates]
    columns["unit"] = pa.array([f[1].unit if f else "" for f in found], pa.string())
    columns["better"] = pa.array([f[1].better if f else None for f in found], pa.string())
    columns |= {name: pa.array(own, pa.float64()) for name, own in corrected_columns(page.run).items()}
    return _written(columns, page)


def rows(page: Page) -> bytes | None:
    """All outputs with their scores; the public edition has none of them."""
    if page.edition == "public":
        return None
    columns = row_columns(page.run, page.masker)
    return _written({str(visible(name)): _array(name, values) for name, values in columns.items()}, page)


def _array(name: str, values: Sequence[Any]) -> pa.Array:
    import pyarrow as pa

    if name.endswith(":spans"):
        return pa.array([[_struct(span) for span in spans] for spans in values], pa.list_(_span_type()))
    if name in PASSAGES:
        return pa.array([list(texts) for texts in values], pa.list_(pa.string()))
    kinds = {type(v) for v in values}
    if any(issubclass(kind, str) for kind in kinds):
        return pa.array(values, pa.string())
    return pa.array(values, pa.int64() if kinds <= {int} else pa.float64(), from_pandas=True)  # NaN has no value


def _span_type() -> pa.DataType:
    import pyarrow as pa

    whole, text, yes = pa.int64(), pa.string(), pa.bool_()
    return pa.struct(
        [("start", whole), ("end", whole), ("label", text), ("sensitive", yes), ("target", text), ("supports", yes)]
    )


def _struct(span: Span) -> dict[str, Any]:
    return {
        name: visible(v) if isinstance(v, str) else v
        for name, v in ((f.name, getattr(span, f.name)) for f in fields(Span))
    }


def _written(columns: Mapping[str, pa.Array], page: Page) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    count = len(next(iter(columns.values())))
    columns = {**columns, "edition": pa.array([page.edition] * count, pa.string())}
    run = page.run
    told = {"run": run.id, "name": run.name, "created": run.created, "edition": page.edition}
    told |= {"digests": json.dumps(dict(run.digests)), "aigc-eval": run.versions.get("aigc-eval", "")}
    table = pa.table(columns).replace_schema_metadata({k: str(visible(v)) for k, v in told.items()})
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def check_summary(data: bytes, run: Run) -> None:
    """Raise unless the file reads back with a row for every estimate."""
    _check(data, len(run.estimates))


def check_rows(data: bytes, run: Run) -> None:
    """Raise unless the file reads back with a row for every output."""
    _check(data, len(run.rows))


def _check(data: bytes, due: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # No threads: Arrow's end with the process, whatever other threads (those of the pictures) still do then.
    found = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False).num_rows
    if found != due:
        raise Unreadable(f"the table reads back with {found} rows of {due}")
