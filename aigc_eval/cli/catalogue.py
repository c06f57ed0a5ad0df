"""What is installed: generators, scorers and metrics as plain rows for `aigc-eval list`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from aigc_eval.plugin import Plugin, Scorer
from aigc_eval.registry import Entry, Kind, entries

__all__ = ["metrics", "plugins"]

Row = dict[str, Any]


def plugins(kind: Kind, lang: str) -> list[Row]:
    """One row a plug-in, built-in ones first."""
    return [_plugin(entry, entry.load(), lang) for entry in _ordered(kind)]


def metrics(lang: str) -> list[Row]:
    """One row a metric of each scorer that has metrics without options; the others say that they depend on them."""
    return [row for entry in _ordered("scorer") for row in _metrics(entry, entry.load(), lang)]


def _ordered(kind: Kind) -> list[Entry]:
    found: Mapping[str, Entry] = entries(kind)
    return sorted(found.values(), key=lambda e: (not e.builtin, e.name))


def _plugin(entry: Entry, cls: type[Plugin], lang: str) -> Row:
    return {
        "name": entry.name,
        "title": cls.title.in_(lang) or (cls.__doc__ or "").partition("\n")[0],
        "languages": list(cls.languages),
        "needs": cls.needs,
        "source": cls.source,
        "package": f"{entry.package} {entry.version}".strip(),
    }


def _metrics(entry: Entry, cls: type[Plugin], lang: str) -> list[Row]:
    try:
        scorer = cls()
        listed = scorer.metrics() if isinstance(scorer, Scorer) else ()
    except Exception:  # required options, or whatever else a plug-in wants to know first
        return [{"name": f"{entry.name}.*", "title": "depends on the scorer's options", "package": entry.package}]
    return [
        {
            "name": f"{entry.name}.{metric.name}",
            "title": metric.title.in_(lang) or metric.name,
            "about": metric.about.in_(lang),
            "better": metric.better,
            "bounds": [bound if math.isfinite(bound) else None for bound in metric.bounds],
            "unit": metric.unit,
            "languages": list(cls.languages),
            "needs": cls.needs,
            "source": metric.source or cls.source,
            "package": entry.package,
        }
        for metric in listed
    ]
