"""How sure the answers are: confidence, correction, size, gates that are open, and what is known of the scorers."""

from __future__ import annotations

from aigc_eval.records import SURE, Bilingual, Run
from aigc_eval.report.brief.lines import Line, listed, say_n, unvalidated
from aigc_eval.report.numbers import count, figure, limit
from aigc_eval.report.words import confidence, say, scorer_title

__all__ = ["sure"]


def sure(run: Run) -> tuple[Line, ...]:
    """How sure the answers are."""
    lines = [_tested(run)] if len(run.candidates) > 1 else []
    samples = say("samples.each.one") if run.samples == 1 else say("samples.each", n=count(run.samples))
    lines.append(say("brief.sure.size", prompts=count(run.prompts), samples=samples))
    if run.verdicts:
        open_ = sum(v.status == "undetermined" for v in run.verdicts)
        sizes = {"total": len(run.verdicts), "open": open_, "decided": len(run.verdicts) - open_}
        told = {name: count(n) for name, n in sizes.items()}
        lines.append(say("brief.sure.gates", confidence=confidence(run), **told))
    return tuple(Line(words) for words in (*lines, *_scorers(run), *_reviewed(run)))


def _tested(run: Run) -> Bilingual:
    main = [d for d in run.differences if d.main and d.adjusted is not None]
    if not main:
        return say("brief.sure.none")
    clear = sum(d.clear for d in main)
    return say("brief.sure.clear", level=limit(1 - SURE, "share"), n=count(len(main)), clear=count(clear))


def _reviewed(run: Run) -> list[Bilingual]:
    """What people who looked at flags make of them."""
    titles = {s.name: scorer_title(s) for s in run.scorers}
    return [
        say_n(
            "brief.sure.reviewed",
            p.reviewed,
            scorer=titles.get(p.scorer, p.scorer),
            confirmed=count(p.confirmed),
            value=figure(p.value, "share"),
        )
        for p in run.reviewed.precision
    ]


def _scorers(run: Run) -> list[Bilingual]:
    lost = [s.name for s in unvalidated(run)]
    judging = [s for s in run.scorers if s.sees != "call"]
    others = listed([scorer_title(s) for s in judging if s.name in lost])
    known = listed([scorer_title(s) for s in judging if s.name not in lost])
    if not judging:
        return []
    if not lost:
        return [say("brief.sure.all_validated", scorers=known)]
    if len(lost) == len(judging):
        return [say("brief.sure.not_validated", others=others)]
    return [say("brief.sure.validated", scorers=known, others=others)]
