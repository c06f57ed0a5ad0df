"""What was not scored and why: outcomes of the outputs, and what each scorer left without a value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from aigc_eval.records import ERROR_KINDS, OUTCOMES, Bilingual, PluginFacts, Run
from aigc_eval.report.mask import Masker
from aigc_eval.report.numbers import count
from aigc_eval.report.remarks import Remark, note_words
from aigc_eval.report.words import both, say, scorer_title

__all__ = ["error_kinds", "errors", "missing", "outcome_rows"]

LONGEST = 160
"""Characters shown of what others said."""


def outcome_rows(run: Run) -> tuple[list[Bilingual], list[tuple[str, list[str]]]]:
    """Heads (the outcomes and kinds of error that occur), and per candidate the number of outputs in each.

    The total stands first; last, where any was, how many were asked for more than once.
    """
    keys = _ended(run)
    counts = Counter(zip(run.rows["candidate"], keys, strict=True))
    again = Counter(run.rows.loc[run.rows["attempts"] > 1, "candidate"])
    order = [*(f"outcome.{o}" for o in OUTCOMES), *(f"kind.{k}" for k in ERROR_KINDS)]
    seen = [key for key in order if key in set(keys)]
    rows = []
    for candidate in run.candidates:
        own = [counts[candidate.name, key] for key in seen]
        numbers = [sum(own), *own, *([again[candidate.name]] if again else [])]
        rows.append((candidate.name, [count(n) for n in numbers]))
    return [say("outputs"), *map(say, seen), *([say("again")] if again else [])], rows


def _ended(run: Run) -> list[str]:
    """How each output ended, as a key of the vocabulary."""
    pairs = zip(run.rows["outcome"], run.rows["error"], strict=True)
    return [f"kind.{kind}" if kind in ERROR_KINDS else f"outcome.{outcome}" for outcome, kind in pairs]


def error_kinds(run: Run) -> list[Bilingual]:
    """A line for each candidate with outputs that are errors: how many of each kind."""
    counts = Counter(zip(run.rows["candidate"], _ended(run), strict=True))
    lines = []
    for candidate in run.candidates:
        keys = [k for k in ("outcome.error", *(f"kind.{k}" for k in ERROR_KINDS)) if counts[candidate.name, k]]
        named = [(count(counts[candidate.name, key]), say(key)) for key in keys]
        if named:
            lines.append(say("errors.of", candidate=candidate.name, kinds=both(partial(_kinds, named))))
    return lines


def _kinds(named: Sequence[tuple[str, Bilingual]], lang: str) -> str:
    return say("list_comma").in_(lang).join(f"{n} × {words.in_(lang)}" for n, words in named)


def errors(run: Run, masker: Masker) -> list[tuple[str, tuple[tuple[str, Remark], ...]]]:
    """The most frequent messages of each candidate's errors, with how many outputs ended with them."""
    failed = run.rows[run.rows["outcome"] == "error"]
    found = []
    for candidate in run.candidates:
        told = _frequent(failed.loc[failed["candidate"] == candidate.name, "detail"].tolist(), masker, 5)
        if told := tuple((n, words) for n, words in told if words.en):
            found.append((candidate.name, told))
    return found


def _frequent(notes: Sequence[str], masker: Masker, most: int) -> tuple[tuple[str, Remark], ...]:
    common = sorted(Counter(notes).items(), key=lambda pair: (-pair[1], pair[0]))[:most]
    texts = masker.shown([note for note, _ in common])
    return tuple((count(n), note_words(t).shortened(LONGEST)) for (_, n), t in zip(common, texts, strict=True))


@dataclass(frozen=True)
class MissingLine:
    """How many outputs one scorer did not score for one candidate, and why."""

    scorer: Bilingual
    candidate: str
    scored: str
    failed: str
    na: str
    notes: tuple[tuple[str, Remark], ...]


def missing(run: Run, masker: Masker) -> list[MissingLine]:
    """Scorers and candidates with outputs that carry no value; the three most frequent reasons each."""
    lines = []
    for scorer in run.scorers:
        if f"{scorer.name}:status" not in run.rows:
            continue
        columns = run.rows[["candidate", f"{scorer.name}:status", f"{scorer.name}:note"]]
        columns = columns.set_axis(["candidate", "status", "note"], axis=1)
        counts = Counter(zip(columns["candidate"], columns["status"], strict=True))
        without = columns[columns["status"] != "scored"]
        for candidate in run.candidates:
            own = {s: counts[candidate.name, s] for s in ("scored", "failed", "na")}
            if own["failed"] or own["na"]:
                notes = without.loc[without["candidate"] == candidate.name, "note"]
                lines.append(_missing_line(scorer, candidate.name, own, notes.tolist(), masker))
    return lines


def _missing_line(
    scorer: PluginFacts, candidate: str, own: dict[str, int], notes: Sequence[str], masker: Masker
) -> MissingLine:
    scored, failed, na = (count(own[k]) for k in ("scored", "failed", "na"))
    told = tuple((n, words) for n, words in _frequent(notes, masker, 3) if words.en)
    return MissingLine(scorer_title(scorer), candidate, scored, failed, na, told)
