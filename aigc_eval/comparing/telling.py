"""A comparison in words: for a terminal, as Markdown and as JSON, in English or Chinese."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from aigc_eval.comparing.changed import Change
from aigc_eval.comparing.judging import ALPHA, Compared, Comparison
from aigc_eval.intervals import MIN_CLUSTERS
from aigc_eval.report.escape import Shown, markdown_text, terminal
from aigc_eval.report.numbers import NONE, difference_of, figure, interval, limit
from aigc_eval.report.words import ARROWS, SIGNS, say

__all__ = ["Table", "as_json", "examples", "heading", "markdown", "notes", "table", "verdict"]

SLICES = 40
"""Most rows of slices in a table, of those with p <= 0.05; JSON has all."""
_SIGN_OF = {"regression": "fail", "undetermined": "undetermined", "ok": "pass", "not_applicable": "not_gated"}
_HEADS = ("metric", "comparison.a", "comparison.b", "comparison.difference", "interval", "comparison.p")

Table = tuple[list[str], list[list[str]]]
"""Heads and rows of cells."""


def heading(found: Comparison, lang: str) -> str:
    """Which side is which."""
    return say("comparison.sides", a=found.a, b=found.b).in_(lang)


def table(found: Comparison, lang: str, *, slices: bool = False) -> Table:
    """The metrics that apply, or of the slices those with a difference to speak of, the surest first."""
    shown = _telling(found) if slices else [m for m in found.metrics if m.status != "not_applicable"]
    last = ("comparison.adjusted_slice",) if slices else ("comparison.adjusted", "verdict")
    heads = [say(h).in_(lang) for h in (*_HEADS, "comparison.effect", "comparison.counts", *last)]
    if slices:
        heads = [heads[0], say("comparison.slice").in_(lang), *heads[1:]]
    return heads, [_row(m, lang, slices=slices) for m in shown]


def _telling(found: Comparison) -> list[Compared]:
    return [m for m in found.slices if m.p is not None and m.p <= ALPHA][:SLICES]


def _row(m: Compared, lang: str, *, slices: bool) -> list[str]:
    words = m.title.in_(lang) or m.metric.replace("_", " ")
    name = f"{m.name} ({words}) {ARROWS[m.better]}" if lang == "zh" else f"{m.name} {ARROWS[m.better]}"
    effect = m.effect
    size = NONE if effect is None or effect.size is None else f"{effect.kind} {figure(effect.size)}"
    counts = NONE if effect is None else f"{effect.wins}/{effect.ties}/{effect.losses}"
    cells = [
        name,
        figure(m.a, m.unit),
        figure(m.b, m.unit),
        _signed(m.difference, difference_of(m.unit)),
        interval(m.low, m.high, difference_of(m.unit)),
        _p(m.p),
        size,
        counts,
        _p(m.adjusted),
    ]
    return [cells[0], m.slice, *cells[1:]] if slices else [*cells, _verdict(m, lang)]


def _signed(value: float | None, unit: str) -> str:
    return f"+{figure(value, unit)}" if value is not None and value > 0 else figure(value, unit)


def _p(p: float | None) -> str:
    return NONE if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


def _verdict(m: Compared, lang: str) -> str:
    few = m.worse is None and m.prompts < MIN_CLUSTERS
    key, n = f"comparison.{m.status}", m.prompts if few else sum(m.failed)
    if m.status == "undetermined":
        unscored = "comparison.unscored.one" if n == 1 else "comparison.unscored"
        key = "comparison.few" if few else "comparison.no_p" if m.worse is None else unscored
    told = say(key, n=f"{n:,}", needed=MIN_CLUSTERS).in_(lang)
    margin = say("comparison.margin", margin=limit(m.margin, difference_of(m.unit))).in_(lang) if m.margin else ""
    return f"{SIGNS[_SIGN_OF[m.status]]} {told}{margin}"


def notes(found: Comparison, lang: str) -> Iterator[str]:
    """What a reader should know of how it was compared."""
    yield say("comparison.paired.seed" if found.same_seed else "comparison.paired").in_(lang)
    kinds = {m.effect.kind for m in found.metrics if m.effect is not None and m.effect.size is not None}
    for kind in sorted(kinds, reverse=True):
        yield say(f"comparison.effect.{kind}").in_(lang)
    if found.sampling:
        yield say("comparison.sampling", differences="; ".join(found.sampling)).in_(lang)
    if found.not_shared:
        yield say("comparison.not_shared", scorers=", ".join(found.not_shared)).in_(lang)
    if none := sum(m.status == "not_applicable" for m in found.metrics):
        yield say("comparison.inapplicable", n=f"{none:,}").in_(lang)
    if found.slices:
        yield say("comparison.slices", shown=len(_telling(found)), total=f"{len(found.slices):,}").in_(lang)
    if not found.masked:
        yield say("not_masked.either").in_(lang)


def verdict(found: Comparison, lang: str) -> str:
    """The result in a sentence."""
    worse = [m.name for m in found.metrics if m.status == "regression"]
    open_ = [m.name for m in found.metrics if m.status == "undetermined"]
    comma = say("list_comma").in_(lang)
    key = {"regression": "fail", "undetermined": "undetermined", "no_regression": "pass"}[found.status]
    names = comma.join(worse or open_) or say("comparison.nothing").in_(lang)
    told = say(f"comparison.is.{found.status}", metrics=names, n=sum(m.status == "ok" for m in found.metrics)).in_(lang)
    return f"{SIGNS[key]} {told}"


def examples(changed: Sequence[Change], lang: str, encode: Callable[[str], str] = terminal) -> Iterator[str]:
    """Lines about the outputs that changed most; `encode` is that of the place where they are shown."""
    for scorer, group in groupby(changed, key=lambda c: c.scorer):
        yield encode(say("comparison.changed", scorer=scorer).in_(lang))
        for change in group:
            way = say("comparison.worse" if change.worse else "comparison.better").in_(lang)
            samples = "/".join(dict.fromkeys(map(str, change.sample)))
            where = Shown(f"{change.prompt} #{samples}: {' → '.join(map(figure, change.values))} ({way})")
            yield f"  {encode(where)}"
            for side, text in zip("AB", change.texts, strict=True):
                yield f"    {side}  {encode(text)}"


def markdown(found: Comparison, changed: Sequence[Change], lang: str) -> str:
    """A section for a pull request or a CI page."""
    lines = [f"## {markdown_text(say('comparison').in_(lang))}", "", markdown_text(heading(found, lang)), ""]
    lines += [f"**{markdown_text(verdict(found, lang))}**", "", *_grid(table(found, lang)), ""]
    if found.slices:
        lines += [f"### {say('slices').in_(lang)}", "", *_grid(table(found, lang, slices=True)), ""]
    lines += [f"- {markdown_text(note)}" for note in notes(found, lang)]
    told = [*examples(changed, lang, markdown_text)]
    if told:
        lines += ["", f"### {markdown_text(say('comparison.most').in_(lang))}", ""]
        lines += [f"{' ' * (len(line) - len(line.lstrip()))}- {line.lstrip()}" for line in told]
    return "\n".join(lines) + "\n"


def _grid(content: Table) -> list[str]:
    heads, rows = content
    return [
        _line(map(markdown_text, heads)),
        _line("---" for _ in heads),
        *(_line(map(markdown_text, r)) for r in rows),
    ]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def as_json(found: Comparison, changed: Sequence[Change]) -> Mapping[str, Any]:
    """Plain values; texts are masked."""
    return {
        "status": found.status,
        "exit_code": found.exit_code,
        "a": found.a,
        "b": found.b,
        "same_seed": found.same_seed,
        "allowed_differences": [*found.sampling],
        "scorers_of_one_run_only": [*found.not_shared],
        "metrics": [_plain(m) for m in found.metrics],
        "slices": [_plain(m) for m in found.slices],
        "examples": [asdict(change) for change in changed],
    }


def _plain(m: Compared) -> dict[str, Any]:
    return {"name": m.name, "difference": m.difference, **asdict(m)}
