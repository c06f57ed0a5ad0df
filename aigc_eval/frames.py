"""From records to columns: the one frame that estimates and reports read (see `records.Run`)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aigc_eval.records import Generation, Score
from aigc_eval.text import language

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["build"]


def build(answers: Mapping[str, Sequence[Generation]], scores: Mapping[str, Sequence[Score]]) -> pd.DataFrame:
    """One row a generation, candidates one after the other; `scores` are in the same order as the rows."""
    import pandas as pd

    flat = [answer for given in answers.values() for answer in given]
    columns: dict[str, Any] = {
        "candidate": [name for name, given in answers.items() for _ in given],
        "prompt": [a.prompt.id for a in flat],
        "sample": [a.request.sample for a in flat],
        "prompt_text": [a.prompt.text for a in flat],
        "text": [a.text for a in flat],
        "outcome": [a.outcome for a in flat],
        "detail": [a.detail for a in flat],
        "error": [a.error for a in flat],
        "attempts": [a.attempts for a in flat],
        "seconds": [math.nan if a.seconds is None else a.seconds for a in flat],
        "lang": [a.prompt.tags.get("lang") or language(a.prompt.text) for a in flat],
        "references": [a.prompt.references for a in flat],
        "evidence": [a.prompt.evidence for a in flat],
        "likelihoods": [a.likelihoods for a in flat],
        "variant_of": [a.prompt.variant_of for a in flat],
    }
    used = dict.fromkeys(name for a in flat for name in a.usage)
    columns |= {f"usage.{name}": [float(a.usage.get(name, math.nan)) for a in flat] for name in used}
    tags = dict.fromkeys(tag for a in flat for tag in a.prompt.tags)
    columns |= {f"tag.{tag}": [a.prompt.tags.get(tag, "") for a in flat] for tag in tags}
    for name, given in scores.items():
        columns |= _score_columns(name, given)
    # Plain objects: Arrow strings, which pandas would choose, cannot hold the lone surrogates that a model may write.
    return pd.DataFrame({k: pd.Series(v, dtype=_dtype(v)) for k, v in columns.items()})


def _dtype(values: Sequence[Any]) -> Any:
    return object if not values or isinstance(values[0], str | tuple) else None


def _score_columns(name: str, scores: Sequence[Score]) -> dict[str, Any]:
    parts = dict.fromkeys(part for s in scores for part in s.parts)
    return {
        name: [math.nan if s.value is None else float(s.value) for s in scores],
        f"{name}:status": ["failed" if s.error else "na" if s.value is None else "scored" for s in scores],
        f"{name}:note": [s.error or s.note for s in scores],
        f"{name}:spans": [s.spans for s in scores],
        **({f"{name}:vector": [s.vector for s in scores]} if any(s.vector for s in scores) else {}),
    } | {f"{name}.{part}": [float(s.parts.get(part, math.nan)) for s in scores] for part in parts}
