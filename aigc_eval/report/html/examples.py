"""The worst outputs of each scorer and candidate: masked, highlighted, and folded away where they are harmful."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aigc_eval.records import Bilingual, PluginFacts, Run, Span
from aigc_eval.report.excerpts import Piece, excerpt, pieces
from aigc_eval.report.flags import harmful, sliced_tags
from aigc_eval.report.mask import Masker
from aigc_eval.report.numbers import figure
from aigc_eval.report.page import Page
from aigc_eval.report.remarks import Remark, mask_words
from aigc_eval.report.samples import MOST_TEXTS, PASSAGE
from aigc_eval.report.words import both, note_words, say, scorer_title, tag_value

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MOST", "Example", "Group", "Worst", "mask_kinds", "worst_examples"]

MOST = 3
"""Examples of one scorer and candidate."""


@dataclass(frozen=True)
class Example:
    """One output with its surroundings."""

    prompt: str
    sample: int
    tags: tuple[Bilingual, ...]
    score: str
    note: Remark
    question: tuple[Piece, ...]
    answer: tuple[Piece, ...]
    references: tuple[tuple[Piece, ...], ...]
    evidence: tuple[tuple[Piece, ...], ...]
    harmful: bool


@dataclass(frozen=True)
class Group:
    """One candidate's worst outputs by one scorer."""

    candidate: str
    counted: Bilingual
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Worst:
    """One scorer's groups, a candidate each; `nothing` where no output has a finding."""

    title: Bilingual
    groups: tuple[Group, ...]

    @property
    def nothing(self) -> bool:
        """Whether no candidate has anything to show."""
        return not any(g.examples for g in self.groups)


def worst_examples(run: Run, masker: Masker) -> list[Worst]:
    """The examples of every scorer, in the run's order."""
    harm = harmful(run)
    return [
        Worst(scorer_title(s), tuple(_group(run, s, c.name, masker, harm) for c in run.candidates))
        for s in run.scorers
        if s.name in run.rows
    ]


def _group(run: Run, scorer: PluginFacts, candidate: str, masker: Masker, harm: pd.Series[bool]) -> Group:
    rows = run.rows
    own = rows[(rows["candidate"] == candidate) & (rows[f"{scorer.name}:status"] == "scored")]
    shown, total = _worst_first(own, scorer)
    found = tuple(_examples(run, scorer, rows.loc[shown], masker, harm))
    return Group(candidate, say("examples.of", shown=len(found), total=f"{total:,}"), found)


def _worst_first(rows: pd.DataFrame, scorer: PluginFacts) -> tuple[list[int], int]:
    """Labels of the rows with findings or a less than perfect score, worst first, and how many there are."""
    main = scorer.metrics[0] if scorer.metrics else None
    better = main.better if main and main.ranks else None
    values = rows[scorer.name].astype("float64")
    marked = rows[f"{scorer.name}:spans"].map(bool).astype(bool)
    if better is None or main is None:
        chosen = rows[marked]
        return _one_a_prompt(chosen), len(chosen)
    best = main.bounds[0] if better == "lower" else main.bounds[1]
    if best is None:
        best = values.min() if better == "lower" else values.max()
    due = values.notna() & (marked | (values != best))
    ranked = values[due].sort_values(ascending=better == "higher", kind="stable")
    return _one_a_prompt(rows.loc[ranked.index]), int(due.sum())


def _one_a_prompt(rows: pd.DataFrame) -> list[int]:
    """Labels of the first rows, one of each prompt, so that one bad prompt does not fill the list."""
    return [int(i) for i in rows.drop_duplicates("prompt").index[:MOST]]


def _examples(
    run: Run, scorer: PluginFacts, rows: pd.DataFrame, masker: Masker, harm: pd.Series[bool]
) -> list[Example]:
    names = list(rows.columns)
    tags = sliced_tags(run)
    span_columns = [f"{s.name}:spans" for s in run.scorers if f"{s.name}:spans" in names]
    found = []
    for label, row in zip(rows.index, rows.to_dict("records"), strict=True):
        spans = [s for c in span_columns for s in row[c] or ()]
        found.append(
            Example(
                masker.long().shown([row["prompt"]])[0],
                int(row["sample"]) + 1,
                _tags(row, tags, masker),
                figure(row[scorer.name]),
                note_words(masker.shown([row[f"{scorer.name}:note"] or ""])[0]),
                _excerpt(row["prompt_text"], spans, row[f"{scorer.name}:spans"], "prompt", masker),
                _excerpt(row["text"], spans, row[f"{scorer.name}:spans"], "output", masker),
                _passages(row, "references", masker),
                _passages(row, "evidence", masker),
                bool(harm[label]),
            )
        )
    return found


def _tags(row: Mapping[Hashable, object], tags: Sequence[str], masker: Masker) -> tuple[Bilingual, ...]:
    """The output's language by its name, and the values of its other tags."""
    lang, *others = masker.long().shown([str(row["lang"]), *(str(row[t]) for t in tags if row[t])])
    return (tag_value("lang", lang), *map(Bilingual, others))


def _excerpt(
    text: str, spans: Sequence[Span], shown: Sequence[Span] | None, target: str, masker: Masker
) -> tuple[Piece, ...]:
    """An excerpt with every sensitive value masked and this scorer's other spans highlighted."""
    hits = [*masker.own(text, spans, target), *masker.hits([text]).get(0, ())]
    marks = [s for s in shown or () if s.target == target and s.start < len(text) and (masker.open or not s.sensitive)]
    return tuple(excerpt(pieces(text, hits, marks)))


def _passages(row: Mapping[Hashable, object], column: str, masker: Masker) -> tuple[tuple[Piece, ...], ...]:
    texts = row.get(column) or ()
    if not isinstance(texts, tuple | list):
        return ()
    return tuple(
        tuple(excerpt(pieces(str(t), masker.hits([str(t)]).get(0, ())), budget=PASSAGE)) for t in texts[:MOST_TEXTS]
    )


def mask_kinds(page: Page) -> Bilingual | None:
    """What the tags on the page stand for: they are the same in both languages, so that equal ones stay equal.

    None where nothing is masked.
    """
    if page.edition != "reviewer":
        return None
    known = {tag[1:-1].partition("·")[0]: mask_words(tag) for tag in page.masker.tags.values()}
    kinds = [say("examples.kind", tag=kind, words=words) for kind, words in sorted(known.items()) if words.ours]
    if not kinds:
        return None
    items = both(lambda lang: ("；" if lang == "zh" else "; ").join(kind.in_(lang) for kind in kinds))
    return say("examples.kinds", items=items)
