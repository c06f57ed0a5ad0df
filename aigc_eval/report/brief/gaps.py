"""What was not measured: dimensions without a scorer, outputs without a score, groups that are too small."""

from __future__ import annotations

from collections.abc import Iterator

from aigc_eval.records import DIMENSIONS, Bilingual, Run
from aigc_eval.report.beside import uncovered
from aigc_eval.report.brief.lines import MOST, Line, clauses, listed, reasons, safety, say_n, unvalidated, validated
from aigc_eval.report.numbers import count
from aigc_eval.report.words import both, say, scorer_title, spoken, tag_name, tag_value

__all__ = ["gaps"]

ENOUGH = 10
"""Fewer prompts give no interval."""


def gaps(run: Run) -> tuple[Line, ...]:
    """What was not measured."""
    return tuple(
        Line(words) for words in (*_dimensions(run), *_unasked(run), *_scores(run), *_groups(run), *_rest(run))
    )


def _dimensions(run: Run) -> Iterator[Bilingual]:
    covered = {d for s in run.scorers for d in s.dimensions}
    missing = [say(f"dimension.{d}") for d in DIMENSIONS if d not in covered]
    every = listed([say(f"dimension.{d}") for d in DIMENSIONS])
    yield (
        say("brief.gaps.dimensions", dimensions=listed(missing))
        if missing
        else say("brief.gaps.none", dimensions=every)
    )
    if others := [scorer_title(s) for s in run.scorers if not s.dimensions]:
        yield say("brief.gaps.other", scorers=listed(others))


def _unasked(run: Run) -> Iterator[Bilingual]:
    for reason in reasons(run, "limited"):
        yield say("brief.gaps.limited", limit=count(int(reason.figures["limit"])))
    for reason in reasons(run, "stopped_early"):
        planned, asked = (int(reason.figures[name]) for name in ("planned", "prompts"))
        yield say("brief.gaps.planned", n=count(planned - asked), planned=count(planned))


def _scores(run: Run) -> Iterator[Bilingual]:
    """Scorers that apply to part of the prompts, and scores that are missing."""
    whole = {(e.scorer, e.candidate): e for e in reversed(run.estimates) if not e.slice}
    part, failed = [], []
    for scorer in run.scorers:
        if f"{scorer.name}:status" not in run.rows:
            continue
        status = run.rows[f"{scorer.name}:status"]
        applies = int(run.rows.loc[status != "na", "prompt"].nunique())
        if applies < run.prompts and (scorer.name, run.candidates[0].name) in whole:
            sizes = {"n": count(applies), "total": count(run.prompts)}
            part.append(say("brief.gaps.part.item", scorer=scorer_title(scorer), **sizes))
        for candidate in run.candidates:
            if n := int(((status == "failed") & (run.rows["candidate"] == candidate.name)).sum()):
                told = {"scorer": scorer_title(scorer), "candidate": candidate.name}
                failed.append(say_n("brief.gaps.failed.item", n, **told))
    if part:
        yield say("brief.gaps.part", items=_some(part))
    if failed:
        yield say("brief.gaps.failed", items=clauses(failed[:MOST]))


def _groups(run: Run) -> Iterator[Bilingual]:
    """Languages that scorers are not made for, and slices too small for an interval."""
    found = sorted({str(lang) for lang in run.rows["lang"].dropna() if lang})
    foreign = []
    for scorer in run.scorers:
        if scorer.languages and "any" not in scorer.languages:
            lost = [lang for lang in found if lang.partition("-")[0] not in scorer.languages]
            if lost:
                told = {"scorer": scorer_title(scorer), "languages": spoken(lost)}
                foreign.append(say("brief.gaps.language.item", **told))
    if foreign:
        yield say("brief.gaps.languages", items=_some(foreign))
    if small := [say("brief.gaps.slice.item", slice=name, n=count(n)) for name, n in _small(run)]:
        yield say("brief.gaps.slices", items=_some(small), needed=count(ENOUGH))


def _small(run: Run) -> list[tuple[Bilingual, int]]:
    """The run's slices, and its languages, with fewer prompts than an interval needs."""
    sizes: dict[str, int] = {}
    for e in run.estimates:
        if e.slice:
            sizes[e.slice] = max(sizes.get(e.slice, 0), e.prompts)
    if not any(name.startswith("lang=") for name in sizes):
        languages = run.rows.groupby("lang")["prompt"].nunique()
        sizes |= {f"lang={lang}": int(n) for lang, n in languages.items() if lang}
    return [(_slice(name), n) for name, n in sizes.items() if n < ENOUGH]


def _slice(name: str) -> Bilingual:
    tag, _, value = name.partition("=")
    if ", " in name:
        return Bilingual(name)
    head, own = tag_name(tag), tag_value(tag, value)
    return both(
        lambda lang: f"{head.in_(lang)} {own.in_(lang)}" if lang == "en" else f"{head.zh or head.en}“{own.in_(lang)}”"
    )


def _not_validated(run: Run) -> Iterator[Bilingual]:
    """Safety scorers with a rate that no card covers in a language of the outputs, unless the policy validates them."""
    items = []
    for scorer, languages in uncovered(run):
        if safety(scorer) and scorer.name not in validated(run):
            told = {"scorer": scorer_title(scorer), "languages": spoken(languages)}
            items.append(say("brief.gaps.not_validated.item", **told))
    if items:
        yield say("brief.gaps.not_validated", items=clauses(items[:MOST]))


def _rest(run: Run) -> Iterator[Bilingual]:
    yield from _not_validated(run)
    lost = unvalidated(run)
    if len(lost) == sum(s.sees != "call" for s in run.scorers):
        yield say("brief.gaps.unvalidated.all")
    elif lost:
        yield say("brief.gaps.unvalidated", scorers=listed([scorer_title(s) for s in lost]))
    yield say("brief.gaps.prompts", prompts=count(run.prompts))


def _some(items: list[Bilingual]) -> Bilingual:
    return listed([*items[:MOST], *(["…"] if len(items) > MOST else [])])
