"""Rates beside what they become when they are corrected, and languages for which nobody has validated a scorer."""

from __future__ import annotations

from aigc_eval.records import NO_LANGUAGE, Bilingual, Correction, Estimate, PluginFacts, Run
from aigc_eval.records import uncovered as without_card
from aigc_eval.report.numbers import count, figure, interval
from aigc_eval.report.words import both, metric_facts, metric_title, say, sentence

__all__ = ["beside", "corrected_columns", "corrections_of", "uncovered"]

Corrections = dict[tuple[str, str, str, str], dict[str, Correction]]


def corrections_of(run: Run) -> Corrections:
    """(candidate, scorer, metric, slice) -> kind -> what the rate becomes."""
    found: Corrections = {}
    for one in run.corrections:
        found.setdefault((one.candidate, one.scorer, one.metric, one.slice), {})[one.kind] = one
    return found


def corrected_columns(run: Run) -> dict[str, list[float | None]]:
    """Columns beside the estimates, in their order: both corrected rates, with their ends."""
    found = corrections_of(run)
    own = [found.get((e.candidate, e.scorer, e.metric, e.slice), {}) for e in run.estimates]
    ends = {"": "value", "_low": "low", "_high": "high"}
    return {
        f"{kind}{end}": [getattr(kinds[kind], name) if kind in kinds else None for kinds in own]
        for kind in ("corrected", "ppi")
        for end, name in ends.items()
    }


def beside(run: Run) -> list[Bilingual]:
    """A line for each rate over all outputs that has a correction: raw, corrected, from labels."""
    raw, facts = run.overall(), metric_facts(run)
    lines = []
    for (candidate, scorer, metric, part), kinds in corrections_of(run).items():
        known, estimate = facts.get((scorer, metric)), raw.get((candidate, scorer, metric))
        if part or known is None or estimate is None:
            continue
        items = [_item(run, one, estimate) for one in kinds.values()]
        told = {"candidate": candidate, "title": metric_title(known[1]), "raw": figure(estimate.value, known[1].unit)}
        lines.append(say("accuracy.beside", **told, items=_row(items)))
    return lines


def _row(items: list[Bilingual]) -> Bilingual:
    return both(lambda lang: ("；" if lang == "zh" else "; ").join(item.in_(lang) for item in items))


def _item(run: Run, one: Correction, raw: Estimate) -> Bilingual:
    if one.value is None:
        why = one.why
        return say("accuracy.beside.missing", reason=both(lambda lang: sentence(why, lang, "share")))
    ends = interval(one.low, one.high, "share")
    told = {"value": figure(one.value, "share"), "interval": ends, "n": count(one.n)}
    said = say(f"accuracy.beside.{one.kind}", **told, card=_card(run, one))
    if not one.below_floor:
        return said
    floor = say("accuracy.beside.floor", floor=figure(one.floor, "share"))
    return _row([said, floor])


def _card(run: Run, one: Correction) -> str:
    """The name of the labelled set behind a correction."""
    identity = next((s.identity for s in run.scorers if s.name == one.scorer), "")
    return next((c.data for c in run.cards if (c.identity, c.metric) == (identity, one.metric)), "")


def uncovered(run: Run) -> list[tuple[PluginFacts, list[str]]]:
    """Scorers with a rate, and the languages of outputs that no card of theirs covers."""
    found = []
    for scorer in run.scorers:
        column = f"{scorer.name}:status"
        if not any(m.unit == "share" for m in scorer.metrics) or column not in run.rows:
            continue
        own = [c for c in run.cards if c.identity == scorer.identity]
        there = run.rows.loc[run.rows[column] != "na", "lang"].unique()
        languages = sorted({str(lang) or NO_LANGUAGE for lang in there})
        if missing := without_card(own, languages)[0]:
            found.append((scorer, missing))
    return found
