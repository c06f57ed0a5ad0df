"""The command that compares two candidates."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aigc_eval.cli.app import Debug, Json, TrustBench, app
from aigc_eval.cli.outcome import guarded
from aigc_eval.cli.signals import decided
from aigc_eval.cli.stdio import language, say, table, tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aigc_eval.comparing import Change, Comparison, Incomparable

__all__ = ["compare"]


class Difference(StrEnum):
    """What two comparable sides may differ in, where the command line allows it."""

    sampling = "sampling"


Side = Annotated[str, typer.Argument(metavar="A", help="The baseline: RUN or RUN:CANDIDATE.")]
OtherSide = Annotated[
    str, typer.Argument(metavar="B", help="The new one: RUN, RUN:CANDIDATE, or :CANDIDATE for another one of A's run.")
]
Metrics = Annotated[
    list[str] | None,
    typer.Option("--metric", metavar="NAME", help="Compare this metric only, or all of this scorer (repeatable)."),
]
Margins = Annotated[
    list[str] | None,
    typer.Option(
        "--margin", metavar="NAME=NUMBER", help="By how much a metric may be worse, in its unit (repeatable)."
    ),
]
Tags = Annotated[
    list[str] | None, typer.Option("--by", metavar="TAG", help="Also compare within each value of a tag (repeatable).")
]


@app.command(short_help="Compare two runs or candidates prompt by prompt; 1 on a regression.")
@guarded
def compare(
    a: Side,
    b: OtherSide,
    *,
    metric: Metrics = None,
    margin: Margins = None,
    by: Tags = None,
    allow_difference: Annotated[
        list[Difference] | None,
        typer.Option("--allow-difference", metavar="sampling", help="Compare although temperature and such differ."),
    ] = None,
    examples: Annotated[int, typer.Option(min=0, metavar="N", help="Outputs that changed most, a scorer.")] = 3,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the comparison to a file too.")] = None,
    as_json: Json = False,
    trust_bench: TrustBench = False,
    debug: Debug = False,
) -> int:
    """Compare two runs, or two candidates of one run, prompt by prompt, for metrics in which B is worse than A.

    `aigc-eval compare shipped/ new/`, `aigc-eval compare run:careful :quick`. Nothing is generated, scored or written
    (but --markdown FILE). Exit codes: 0 no regression, 1 a regression, 2 not comparable, 3 too little to tell.
    """
    from aigc_eval import comparing

    wanted = comparing.Wanted(tuple(metric or ()), dict(map(_margin, margin or ())), tuple(by or ()))
    one, other = comparing.open_sides(a, b)
    apart = comparing.differences(one, other)
    allowed = apart.sampling if Difference.sampling in (allow_difference or ()) else ()
    if fatal := [*apart.fatal, *(line for line in apart.sampling if line not in allowed)]:
        return _refuse(comparing.Incomparable(one.name, other.name, fatal), as_json)
    only = {name.partition(".")[0] for name in (*wanted.metrics, *wanted.margins)} if wanted.metrics else ()
    scorers = comparing.scorers_of(one, other, only=only, trust=trust_bench)
    found = comparing.compare(one, other, scorers, wanted, sampling=allowed)
    changed = comparing.changes(one, other, scorers, examples)
    if markdown is not None:
        _write(markdown, found, changed)
    decided(found.exit_code)
    _print(found, changed, as_json)
    return found.exit_code


def _margin(text: str) -> tuple[str, float]:
    from aigc_eval.errors import UsageError

    name, _, number = text.partition("=")
    try:
        return name.strip(), float(number)
    except ValueError:
        raise UsageError(f"--margin {text!r:.80} is no margin; write scorer.metric=0.02") from None


def _refuse(why: Incomparable, as_json: bool) -> int:
    """Say why two sides cannot be compared."""
    from aigc_eval.report.words import say as words

    if as_json:
        say(json.dumps({"status": "not_comparable", "exit_code": 2, "differences": [*why.differences]}))
    tell(str(why))
    tell(words("comparison.exit", code=2, meaning=words("comparison.exit.2")).in_(language()))
    return 2


def _write(path: Path, found: Comparison, changed: Sequence[Change]) -> None:
    from aigc_eval.comparing import telling
    from aigc_eval.report.files import write_atomically

    write_atomically(path, telling.markdown(found, changed, language()))


def _print(found: Comparison, changed: Sequence[Change], as_json: bool) -> None:
    from aigc_eval.comparing import telling
    from aigc_eval.report.escape import terminal
    from aigc_eval.report.words import say as words

    lang = language()
    if as_json:
        say(json.dumps(telling.as_json(found, changed), ensure_ascii=False, allow_nan=False))
        return
    say(terminal(telling.heading(found, lang)))
    table(*telling.table(found, lang))
    if found.slices:
        say()
        table(*telling.table(found, lang, slices=True))
    say()
    for line in telling.examples(changed, lang):
        say(line)
    for note in telling.notes(found, lang):
        say(terminal(note))
    say(terminal(telling.verdict(found, lang)))
    say(words("comparison.exit", code=found.exit_code, meaning=words(f"comparison.exit.{found.exit_code}")).in_(lang))
