"""Every output with its scores as typed columns: what rows.csv and rows.parquet hold, masked, before it is encoded."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aigc_eval.records import Run
from aigc_eval.report.escape import Shown
from aigc_eval.report.mask import Hit, Masker

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PASSAGES", "row_columns"]

PASSAGES = ("references", "evidence")
"""Columns of tuples of texts."""
_IDENTITY = ("candidate", "prompt", "sample", "outcome", "lang")


def row_columns(run: Run, masker: Masker) -> dict[str, Sequence[Any]]:
    """Columns of numbers, of texts ready to show, of tuples of these (`PASSAGES`) and of tuples of spans (`...:spans`).

    `text_sha256` is that of the masked text, before anything is cut. `text_chars` is the length of the original text,
    and the offsets of spans refer to it. Embeddings are left out: texts can be guessed from them.
    """
    given, long = run.rows, masker.long()
    columns: dict[str, Sequence[Any]] = {}
    for name in [*_IDENTITY, *(c for c in given.columns if c.startswith("tag."))]:
        columns[name] = _plain(given[name], long)
    columns["prompt_text"] = masker.shown(given["prompt_text"].tolist(), _own(given, masker, "prompt"))
    columns |= _output(given, masker)
    for name in PASSAGES:
        if name in given:
            columns[name] = _passages(given[name], masker)
    columns["detail"] = _plain(given["detail"], masker)
    for name in ("error", "attempts", "seconds", *(c for c in given.columns if c.startswith("usage."))):
        columns[name] = given[name].tolist()
    for scorer in run.scorers:
        own = [c for c in given.columns if c == scorer.name or c.startswith((f"{scorer.name}.", f"{scorer.name}:"))]
        for name in own:
            if name.endswith(":spans"):
                columns[name] = [spans or () for spans in given[name].tolist()]
            elif not name.endswith(":vector"):
                columns[name] = _plain(given[name], masker)
    return columns


def _own(given: pd.DataFrame, masker: Masker, target: str) -> list[list[Hit]]:
    """Each row's own sensitive spans, as hits."""
    texts = given["prompt_text" if target == "prompt" else "text"].tolist()
    found: list[list[Hit]] = [[] for _ in texts]
    for name in [c for c in given.columns if c.endswith(":spans")]:
        for own, text, spans in zip(found, texts, given[name].tolist(), strict=True):
            if spans:
                own.extend(masker.own(text, spans, target))
    return found


def _output(given: pd.DataFrame, masker: Masker) -> dict[str, Sequence[Any]]:
    texts = given["text"].tolist()
    shown = masker.shown(texts, _own(given, masker, "output"))
    return {"text": shown, "text_sha256": [_sha256(t) for t in shown], "text_chars": [len(t) for t in texts]}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _plain(column: pd.Series[Any], masker: Masker) -> Sequence[Any]:
    """A column of numbers as it is, of texts masked, each different text once."""
    values: list[Any] = column.tolist()
    if column.dtype.kind in "fiub":
        return values
    texts = [v if isinstance(v, str) else "" for v in values]
    different = list(dict.fromkeys(texts))
    shown = dict(zip(different, masker.shown(different), strict=True))
    return [shown[t] for t in texts]


def _passages(column: pd.Series[Any], masker: Masker) -> list[tuple[Shown, ...]]:
    values = [tuple(v) if isinstance(v, tuple | list) else () for v in column.tolist()]
    different = list(dict.fromkeys(values))
    shown = iter(masker.shown([str(t) for v in different for t in v]))
    known = {v: tuple(next(shown) for _ in v) for v in different}
    return [known[v] for v in values]
