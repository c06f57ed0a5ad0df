"""The commands about what people decide and label."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from aigc_eval.cli.app import Debug, Json, TrustBench, app
from aigc_eval.cli.outcome import guarded
from aigc_eval.cli.stdio import language, say, tell

__all__ = ["agreement", "export", "import_", "review", "sheet"]

review = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="What people decide and label: sheets, answers, agreement."
)
app.add_typer(review, name="review")

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a completed run.")]
SheetEdition = Annotated[
    Literal["reviewer", "internal"],
    typer.Option(help="reviewer: personal data and secrets masked; internal: everything, files for their owner only."),
]


@review.command("sheet")
@guarded
def sheet(
    folder: RunFolder,
    *,
    scorer: Annotated[str, typer.Option(metavar="SCORER", help="Whose hits people are to judge.")],
    metric: Annotated[str, typer.Option(metavar="RATE", help="Which rate of it [default: its first].")] = "",
    random: Annotated[int, typer.Option(min=0, metavar="N", help="Outputs drawn at random, for each candidate.")] = 200,
    near: Annotated[int, typer.Option(min=0, metavar="N", help="Further ones nearest to the threshold.")] = 50,
    disagree: Annotated[int, typer.Option(min=0, metavar="N", help="Further ones on which scorers disagree.")] = 50,
    rare: Annotated[int, typer.Option(min=0, metavar="N", help="Further ones of the rarest slices.")] = 50,
    candidate: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Candidates [default: those up for release].")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Another seed draws another sheet; all are recorded.")] = 0,
    edition: SheetEdition = "reviewer",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where to write [default: <RUN>.sheet-<id> beside the run].")
    ] = None,
    bom: Annotated[
        bool | None, typer.Option("--bom/--no-bom", help="A byte order mark, for Excel [default: as the bench says].")
    ] = None,
    trust_bench: TrustBench = False,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Draw outputs for people to label, record the draw, and write sheet.csv and sheet.html for them.

    Exit codes: 0 written, 2 there is nothing to draw, or no such scorer, rate or candidate.
    """
    from aigc_eval.labelling.drawing import Sizes
    from aigc_eval.labelling.sheets import Wanted, make_sheet
    from aigc_eval.labelling.words import WORDS
    from aigc_eval.records import STRATA
    from aigc_eval.report.escape import terminal

    sizes = Sizes(random, near, disagree, rare)
    wanted = Wanted(scorer, metric, sizes, seed, candidate or (), edition)
    made = make_sheet(folder, wanted, out, bom=bom, trust=trust_bench)
    drawn = {s: sum(s in item.strata for item in made.sheet.items) for s in STRATA}
    lang = 1 if language() == "zh" else 0
    skipped = {stratum: WORDS[why][lang] for stratum, why in made.skipped.items()}
    if as_json:
        told = {"sheet": made.sheet.id, "new": made.new, "items": len(made.sheet.items), "drawn": drawn}
        files = [str(path) for path in made.files]
        say(json.dumps({"status": "ok", "exit_code": 0, **told, "skipped": skipped, "files": files}))
        return 0
    for path in made.files:
        say(terminal(str(path)))
    of, core = made.sheet.population, drawn["random"]
    say(f"sheet {made.sheet.id}: {len(made.sheet.items):,} outputs, {core:,} of them at random from {of:,}")
    for stratum, why in skipped.items():
        tell(f"{stratum}: none, {why}")
    if made.revealing:
        tell(WORDS["guideline.masked"][lang])
    return 0


@review.command("import")
@guarded
def import_(
    folder: RunFolder,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="What a report's or a sheet's page exported; sheet.csv."),
    ],
    *,
    rater: Annotated[str, typer.Option(metavar="NAME", help="Who filled in sheet.csv.")] = "",
    trust_bench: TrustBench = False,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Record decisions and labels in the run's journal and write its reports again.

    Decisions alter no number; labels alter what is estimated from them, and gates that ask for it.

    Exit codes: 0 recorded, or known already; 2 something in a file does not fit this run, and nothing was recorded.
    """
    from aigc_eval.report.escape import terminal
    from aigc_eval.reviewing import import_files

    found = import_files(folder, files, rater=rater, trust=trust_bench)
    if as_json:
        files_told = [
            {"file": f.file, "sha256": f.sha256, "kind": f.kind, "recorded": f.recorded, "known": f.known}
            for f in found
        ]
        say(json.dumps({"status": "ok", "exit_code": 0, "files": files_told}, ensure_ascii=True))
        return 0
    for file in found:
        known = f"; {file.known:,} known already" if file.known else ""
        say(f"{terminal(file.file)}: {file.recorded:,} {file.kind} recorded{known}")
    if not any(file.recorded for file in found):
        tell(f"{folder}: nothing new to record")
    return 0


@review.command("agreement")
@guarded
def agreement(
    folder: RunFolder, *, trust_bench: TrustBench = False, as_json: Json = False, debug: Debug = False
) -> int:
    """Print how far raters agree, how often each says yes, and how the scorer does against most of them.

    Exit codes: 0 printed, 2 this is no completed run, or no sheet was drawn from it.
    """
    from aigc_eval.cli.agreement import lines
    from aigc_eval.errors import UsageError
    from aigc_eval.labelling.agreeing import agreements
    from aigc_eval.labelling.asked import opened

    found = agreements(opened(folder, trust=trust_bench))
    if not found:
        raise UsageError(f"{folder}: no sheet was drawn; `aigc-eval review sheet {folder} --scorer NAME` draws one")
    if as_json:
        say(json.dumps({"status": "ok", "exit_code": 0, "sheets": [one.to_json() for one in found]}, allow_nan=False))
        return 0
    for one in found:
        for line in lines(one, language()):
            say(line)
    return 0


@review.command("export")
@guarded
def export(
    folder: RunFolder,
    *,
    labels: Annotated[
        bool, typer.Option("--labels", help="Labelled outputs as `validate` reads them, texts as they were.")
    ] = False,
    strata: Annotated[
        bool, typer.Option("--strata", help="With --labels: all of the sheets, not their random cores only.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where to write [default: <RUN>.labels.jsonl or .labelled.jsonl beside it]."),
    ] = None,
    debug: Debug = False,
) -> int:
    """Write the decisions that stand, or with --labels what raters said, for validating scorers (JSONL, owner only).

    Exit codes: 0 written, 2 this is no completed run, or nobody has decided on or labelled anything.
    """
    from aigc_eval.errors import UsageError
    from aigc_eval.report.files import write_atomically

    found, name = (_labelled(folder, strata=strata), "labelled") if labels else (_decided(folder), "labels")
    own = folder.resolve()
    place = out if out is not None else own.with_name(f"{own.name}.{name}.jsonl")
    if place.resolve().is_relative_to(own):
        raise UsageError(f"{place} is in the run's folder, which holds nothing but the run; name another with --out")
    lines = (json.dumps(one, ensure_ascii=True, allow_nan=False) for one in found)
    write_atomically(place, "".join(f"{line}\n" for line in lines), mode=0o600)
    say(f"{place}: {len(found):,} labels")
    return 0


def _decided(folder: Path) -> list[dict[str, Any]]:
    from aigc_eval.errors import UsageError
    from aigc_eval.reviewing import labels

    if found := labels(folder):
        return found
    raise UsageError(f"{folder}: no decision is recorded; `aigc-eval review import {folder} FILE` records some")


def _labelled(folder: Path, *, strata: bool) -> list[dict[str, Any]]:
    from aigc_eval.errors import UsageError
    from aigc_eval.labelling.examples import examples

    if found := examples(folder, strata=strata):
        return found
    raise UsageError(f"{folder}: nothing is labelled; `aigc-eval review import {folder} FILE` records labels")
