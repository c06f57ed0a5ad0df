"""What is installed: generators, scorers, metrics and standards as plain rows for `aigc-eval list`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from aigc_eval.cards import by_file
from aigc_eval.cards.made import MADE, Made
from aigc_eval.conclusion import metric_facts, scored_outcomes
from aigc_eval.config.standards import read_standard, shipped
from aigc_eval.metrics import Metric
from aigc_eval.plugin import Plugin, Scorer
from aigc_eval.records import Accuracy, ScorerCard, Standard
from aigc_eval.registry import Entry, Kind, entries
from aigc_eval.report.view import method_line, policy
from aigc_eval.report.words import needs_words, say, source_words, spoken

__all__ = ["cards", "metrics", "metrics_in_full", "plugins", "standards", "standards_in_full"]

Row = dict[str, Any]


def plugins(kind: Kind, lang: str) -> list[Row]:
    """One row a plug-in, built-in ones first; a scorer's says in which languages it is validated as it comes."""
    rows = [_plugin(entry, entry.load(), lang) for entry in _ordered(kind)]
    if kind == "scorer":
        found = [row for row in cards() if row["holds"] == "yes"]
        known = {
            name: [lang for row in found if row["scorer"] == name for lang in row["languages"]]
            for name in entries(kind)
        }
        rows = [row | {"validated": [*dict.fromkeys(known[row["name"]])]} for row in rows]
    return rows


def cards() -> list[Row]:
    """One row a bundled scorer card: what it is about, its main figures, and whether it holds for the scorer as it is.

    What changes a scorer (its code, its weights, the device it runs on) makes its card one of the past.
    """
    return [_card(card, MADE.get(name)) for name, card in by_file().items()]


def _card(card: ScorerCard, made: Made | None) -> Row:
    whole = card.of()
    figures = whole.figures if whole else {}
    known = {"macro-F1": figures.get("macro_f1"), "AUC": figures.get("auc")}
    return {
        "rate": f"{card.scorer}.{card.metric}",
        "options": dict(made.options) if made else {},
        "scorer": card.scorer,
        "metric": card.metric,
        "languages": [a.slice.removeprefix("lang=") for a in card.slices if _tells(a)],
        "examples": whole.positives + whole.negatives if whole else 0,
        "sensitivity": _rounded(whole.sensitivity if whole else None),
        "specificity": _rounded(whole.specificity if whole else None),
        **{name: _rounded(found[0] if found else None) for name, found in known.items()},
        "data": card.data,
        "note": card.note,
        "identity": card.identity,
        "holds": "yes" if made is not None and made.plugin().identity() == card.identity else "no",
    }


def _tells(of: Accuracy) -> bool:
    """Whether it is about a language of which examples of both kinds were scored."""
    return of.slice.startswith("lang=") and of.positives > 0 < of.negatives


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def metrics(lang: str) -> list[Row]:
    """One row a metric of each scorer that has metrics without options; the others say that they depend on them."""
    return [row for entry in _ordered("scorer") for row in _metrics(entry, entry.load(), lang)]


def metrics_in_full(lang: str) -> list[str]:
    """Each metric's definition as a report's methods section prints it, one text a metric."""
    return [
        _in_full(entry, cls, metric, lang)
        for entry in _ordered("scorer")
        if issubclass(cls := entry.load(), Scorer)
        for metric in _listed(cls) or ()
    ]


def standards(lang: str) -> list[Row]:
    """One row a standard that comes with the tool."""
    return [
        {
            "name": name,
            "title": known.title.in_(lang),
            "issuer": known.issuer.in_(lang),
            "edition": known.edition,
            "clauses": len(known.clauses),
            "verified": sum(clause.verified for clause in known.clauses),
            "classes": len(known.leaves()),
            "tag": known.tag,
            "url": known.url,
            "file": str(path),
        }
        for name, path in shipped().items()
        for known in [read_standard(path)[0]]
    ]


def standards_in_full(lang: str) -> list[str]:
    """Each standard with its clauses, one text a standard."""
    return [_clauses(read_standard(path)[0], lang) for path in shipped().values()]


def _clauses(known: Standard, lang: str) -> str:
    lines = [f"{known.id}  {known.title.in_(lang)}"]
    about = say("standard.about", issuer=known.issuer, edition=known.edition, in_force=known.in_force)
    where = say("standard.where", url=known.url, licence=known.licence)
    lines += [f"  {words.in_(lang)}" for words in (about, where, known.note) if words.en]
    for clause in known.clauses:
        mark = say("standard.verified" if clause.verified else "standard.unverified").in_(lang)
        lines += [f"  {clause.id}  {clause.title.in_(lang)}  [{mark}]", f"      {clause.requirement.in_(lang)}"]
        lines += [f"      {say('standard.basis', basis=clause.basis, source=clause.source).in_(lang)}"]
        lines += [f"      {', '.join(clause.measures)}"] if clause.measures else []
    return "\n".join(lines)


def _listed(cls: type[Plugin]) -> Sequence[Metric] | None:
    """A scorer's metrics; None where required options, or whatever else it wants to know first, decide them."""
    try:
        return cls.all_metrics() if issubclass(cls, Scorer) else ()
    except Exception:
        return None


def _in_full(entry: Entry, cls: type[Scorer], metric: Metric, lang: str) -> str:
    line = method_line(entry.name, metric_facts(metric, cls.source))
    definition = {
        "what": line.about.in_(lang),
        "range": f"{line.range.in_(lang)} {line.unit.in_(lang)}".rstrip() + f"; {line.direction.in_(lang)}",
        "languages": spoken(cls.languages).in_(lang),
        "scores": policy(scored_outcomes(cls)).in_(lang),
        "needs": needs_words(cls.needs).in_(lang),
        "source": line.source.in_(lang),
    }
    rows = (f"  {say(word).in_(lang)}: {text}" for word, text in definition.items() if text)
    return "\n".join([f"{line.name}  {line.title.in_(lang)}", *rows])


def _ordered(kind: Kind) -> list[Entry]:
    found: Mapping[str, Entry] = entries(kind)
    return sorted(found.values(), key=lambda e: (not e.builtin, e.name))


def _plugin(entry: Entry, cls: type[Plugin], lang: str) -> Row:
    return {
        "name": entry.name,
        "title": cls.title.in_(lang) or (cls.__doc__ or "").partition("\n")[0],
        "languages": list(cls.languages),
        "needs": needs_words(cls.needs).in_(lang),
        "source": source_words(cls.source).in_(lang),
        "package": f"{entry.package} {entry.version}".strip(),
    }


def _metrics(entry: Entry, cls: type[Plugin], lang: str) -> list[Row]:
    if (listed := _listed(cls)) is None:
        return [{"name": f"{entry.name}.*", "title": say("depends").in_(lang), "package": entry.package}]
    return [
        {
            "name": f"{entry.name}.{metric.name}",
            "title": metric.title.in_(lang) or metric.name,
            "about": metric.about.in_(lang),
            "better": metric.better,
            "bounds": [bound if math.isfinite(bound) else None for bound in metric.bounds],
            "unit": metric.unit,
            "languages": list(cls.languages),
            "needs": needs_words(cls.needs).in_(lang),
            "source": source_words(metric.source or cls.source).in_(lang),
            "package": entry.package,
        }
        for metric in listed
    ]
