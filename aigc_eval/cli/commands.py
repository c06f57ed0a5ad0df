"""The commands about runs. Each returns an exit code; what may fail is turned into one by `outcome.guarded`."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from aigc_eval.cli.annotations import annotate
from aigc_eval.cli.app import (
    AllowBadRows,
    AllowHost,
    AllowList,
    AllowPath,
    BaselineRun,
    Debug,
    DryRun,
    ExitZero,
    Json,
    Limit,
    Out,
    Pdf,
    PolicyFile,
    TrustBench,
    app,
    baseline_of,
)
from aigc_eval.cli.benches import Given, check_writable, folder_of, tell_left_out
from aigc_eval.cli.concluding import conclude
from aigc_eval.cli.outcome import guarded
from aigc_eval.cli.prints import prints, ready_to_print
from aigc_eval.cli.stdio import tell
from aigc_eval.cli.trusting import allowed

__all__ = ["Edition", "Format", "Language", "report", "run"]


class Format(StrEnum):
    """What `report` can write."""

    html = "html"
    csv = "csv"
    json = "json"
    junit = "junit"
    markdown = "markdown"
    github = "github"
    gitlab = "gitlab"
    sarif = "sarif"
    parquet = "parquet"


class Language(StrEnum):
    """Languages of reports."""

    en = "en"
    zh = "zh"


class Edition(StrEnum):
    """For whom reports are."""

    public = "public"
    reviewer = "reviewer"
    internal = "internal"


_EDITIONS = "For whom the reports are: counts only; texts, masked; texts as they are. Default: "
Editions = Annotated[Edition | None, typer.Option("--edition", help=f"{_EDITIONS}the bench's.")]
EditionAgain = Annotated[Edition | None, typer.Option("--edition", help=f"{_EDITIONS}as the run's reports are now.")]


@app.command()
@guarded
def run(
    bench: Annotated[Path, typer.Argument(metavar="BENCH", help="The bench file, such as bench.yaml.")],
    *,
    out: Out = None,
    policy: PolicyFile = None,
    baseline: BaselineRun = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an unfinished run, and retry its errors.")
    ] = False,
    limit: Limit = None,
    edition: Editions = None,
    pdf: Pdf = False,
    reuse: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="RUN", exists=True, file_okay=False, help="Take over what an earlier run holds (repeatable)."
        ),
    ] = None,
    dry_run: DryRun = False,
    in_process: Annotated[
        bool, typer.Option("--in-process", help="Score in this process: for a debugger; nothing guards the run then.")
    ] = False,
    noise: Annotated[
        str | None,
        typer.Option(metavar="CANDIDATE", help="Run this candidate alone, twice, and show how far its numbers vary."),
    ] = None,
    exit_zero: ExitZero = False,
    as_json: Json = False,
    allow_path: AllowPath = None,
    trust_bench: TrustBench = False,
    allow_host: AllowHost = None,
    allow_list: AllowList = None,
    allow_bad_rows: AllowBadRows = 0,
    debug: Debug = False,
) -> int:
    """Generate, score and judge what BENCH describes, and write the reports."""
    from aigc_eval import config, runner
    from aigc_eval.cli.noise import run_noise
    from aigc_eval.cli.planning import Wishes, show_plan
    from aigc_eval.cli.progress import reporting
    from aigc_eval.publishing import narrower

    allows = allowed(allow_path, trust_bench, allow_host, allow_list, allow_bad_rows)
    loaded = config.load(bench, policy=policy, baseline=baseline_of(baseline), **allows._asdict())
    if edition is not None:
        loaded = replace(loaded, edition=edition.value)
    tell_left_out(loaded)
    given = Given(resume, limit, tuple(reuse or ()), not in_process)
    if noise is not None:
        return run_noise(loaded, noise, out, given, dry_run=dry_run, as_json=as_json)
    folder = out if out is not None else folder_of(loaded, limit)
    if dry_run:
        return show_plan(loaded, folder, Wishes(limit), as_json)
    browser = ready_to_print(loaded.formats) if pdf else None
    if edition is None and (kept := narrower(loaded.edition, folder)) != loaded.edition:
        tell(f"{folder}: its reports stay in the {kept} edition; --edition {loaded.edition} writes them in that one")
        loaded = replace(loaded, edition=kept)
    check_writable(folder)
    with reporting() as progress:
        done = runner.run(loaded, folder, **given._asdict(), progress=progress)
    for line in (name for name in done.digests if name.startswith("reused from ")):
        tell(line)
    unprinted = prints(folder, done, browser)
    code = conclude(done, folder, as_json, exit_zero, edition=loaded.edition, unprinted=unprinted)
    if not as_json:
        annotate(done, loaded.edition)
    return code


@app.command()
@guarded
def report(
    folders: Annotated[
        list[Path], typer.Argument(metavar="RUN", help="The folder of a completed run; several for a trend.")
    ],
    *,
    formats: Annotated[list[Format] | None, typer.Option("--format", help="Only this format (repeatable).")] = None,
    languages: Annotated[
        list[Language] | None, typer.Option("--language", help="Only this language (repeatable).")
    ] = None,
    edition: EditionAgain = None,
    pdf: Pdf = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the trend over several runs is written.")
    ] = None,
    as_given: Annotated[
        bool, typer.Option("--as-given", help="Several runs in the order given, not by the time of creation.")
    ] = False,
    exit_zero: ExitZero = False,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Write the reports of a completed run again; nothing is generated or scored. Ends with the run's exit code.

    Of several runs: trend.html and trend.csv, in which every gated metric is followed from one to the next.
    """
    from aigc_eval import runner
    from aigc_eval.cli.trending import report_trend
    from aigc_eval.config.shape import FORMATS, LANGUAGES
    from aigc_eval.errors import UsageError
    from aigc_eval.publishing import edition_of

    given = [item.value for item in languages or ()]
    if len(folders) > 1:
        if formats or pdf:
            raise UsageError("a report about several runs is always HTML and CSV; leave --format and --pdf out")
        shown = edition.value if edition else None
        return report_trend(folders, out, given, shown, as_given=as_given, as_json=as_json)
    (folder,) = folders
    if out is not None or as_given:
        raise UsageError("--out and --as-given are for several runs; one run is reported in its own folder")

    bench = runner.load(folder).bench
    asked = bench.get("report") or {}
    reader = edition.value if edition else edition_of(folder, bench)
    wanted = [f.value for f in formats or ()] or asked.get("formats") or FORMATS
    spoken = given or asked.get("languages") or LANGUAGES
    browser = ready_to_print(wanted) if pdf else None
    done = runner.report_again(folder, tuple(wanted), tuple(spoken), reader)
    unprinted = prints(folder, done, browser)
    return conclude(done, folder, as_json, exit_zero, edition=reader, unprinted=unprinted)
