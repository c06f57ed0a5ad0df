"""The command that measures a scorer on labelled examples."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aigc_eval.cli.app import AllowHost, AllowList, AllowPath, Debug, Json, TrustBench, app
from aigc_eval.cli.outcome import guarded
from aigc_eval.cli.stdio import language, say, table, tell
from aigc_eval.cli.trusting import Allowed, allowed

if TYPE_CHECKING:
    from aigc_eval.config import Named
    from aigc_eval.plugin import Scorer
    from aigc_eval.records import Score, ScorerCard
    from aigc_eval.validation.judging import Validation

__all__ = ["Spoken", "validate"]


class Spoken(StrEnum):
    """Languages of what is shown."""

    en = "en"
    zh = "zh"


@app.command()
@guarded
def validate(
    scorer: Annotated[
        str | None, typer.Argument(metavar="SCORER", help="As in a bench: toxicity, 'toxicity: {threshold: 0.4}'.")
    ] = None,
    *,
    data: Annotated[
        Path, typer.Option("--data", metavar="FILE", help="Labelled examples: JSONL, CSV, Parquet with text, label.")
    ],
    options: Annotated[str, typer.Option(metavar="MAPPING", help="The scorer's options, in YAML or JSON.")] = "",
    bench: Annotated[Path | None, typer.Option(metavar="BENCH", help="Take the scorer as this bench uses it.")] = None,
    named: Annotated[str, typer.Option("--scorer", metavar="NAME", help="The bench's scorer.")] = "",
    metric: Annotated[str, typer.Option(metavar="RATE", help="The rate whose hits the labels judge [its first].")] = "",
    fields: Annotated[
        str, typer.Option(metavar="MAPPING", help="Where the file has what: '{text: TEXT, label: toxic}'.")
    ] = "",
    positive: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A label that means yes; all others mean no (repeatable).")
    ] = None,
    slices: Annotated[
        list[str] | None, typer.Option(metavar="TAG,...", help="Figures by the values of these tags [lang].")
    ] = None,
    split_by: Annotated[str, typer.Option(metavar="TAG", help="What says dev, test or train.")] = "split",
    best: Annotated[str, typer.Option(metavar="macro_f1|youden|recall@P", help="What is best.")] = "macro_f1",
    seed: Annotated[int, typer.Option(min=0, help="Draws the split where the file has none.")] = 0,
    card: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the scorer card, for benches.")] = None,
    note: Annotated[str, typer.Option(metavar="TEXT", help="For the card: which texts, labelled by whom.")] = "",
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the reliability curve.")] = None,
    spoken: Annotated[Spoken | None, typer.Option("--language", help="Language of what is shown.")] = None,
    in_process: Annotated[bool, typer.Option("--in-process", help="Score in this process: for a debugger.")] = False,
    as_json: Json = False,
    allow_path: AllowPath = None,
    trust_bench: TrustBench = False,
    allow_host: AllowHost = None,
    allow_list: AllowList = None,
    debug: Debug = False,
) -> int:
    """Measure SCORER, or a bench's, on labelled examples: how right its hits are, calibration, the best threshold.

    A label says whether a hit is right: whether the text is toxic, leaks, contains the answer. Exit codes: 0 measured,
    2 the scorer or the file cannot be used, 3 no example could be scored.
    """
    from aigc_eval.cli.progress import reporting
    from aigc_eval.validation.examples import About, load
    from aigc_eval.validation.judging import Wanted, card_of, validated
    from aigc_eval.validation.scored import rate_of, scores_of
    from aigc_eval.validation.sources import mapping_of
    from aigc_eval.validation.thresholds import check_criterion

    allows = allowed(allow_path, trust_bench, allow_host, allow_list, 0)
    tags = [tag.strip() for given in slices or ("lang",) for tag in given.split(",") if tag.strip()]
    wanted = Wanted(tuple(dict.fromkeys(tags)), check_criterion(best), seed)
    for path in (card, svg):
        _check_place(path)
    chosen = _chosen(scorer, options, bench, named, allows)
    rate = rate_of(chosen, metric)
    mapped = mapping_of("--fields", fields) if fields else None
    examples = load(data, About(chosen.name, rate.name, mapped, tuple(positive or ()), split_by))
    with reporting() as progress:
        scores = scores_of(chosen, examples, progress, isolated=not in_process)
    found = validated(chosen, rate, examples, scores, wanted)
    made, lang = card_of(found, _now(), note), spoken.value if spoken else language()
    written = _written(found, made, card, svg, lang) if found.scored else []
    code = 0 if found.scored else 3
    _show(found, made, code, lang, as_json)
    for line in written if found.scored else [_nothing(found, scores, lang)]:
        tell(line)
    return code


def _chosen(word: str | None, options: str, bench: Path | None, name: str, allows: Allowed) -> Named[Scorer]:
    from aigc_eval import config
    from aigc_eval.errors import UsageError
    from aigc_eval.validation.sources import from_bench, from_words

    if (word is None) == (bench is None):
        raise UsageError("name a scorer, or a bench with --bench and its scorer with --scorer")
    if word is not None:
        if name:
            raise UsageError("--scorer names one of a --bench; here the scorer is named already")
        return from_words(word, options, allow=allows.allow, trust=allows.trust)
    if options:
        raise UsageError("--options would make another scorer than the bench's; change the bench")
    return from_bench(config.load(bench, **allows._asdict()), name)  # type: ignore[arg-type]


def _check_place(path: Path | None) -> None:
    """Find out before anything is scored that a file cannot be written."""
    from aigc_eval.errors import UsageError

    if path is not None and (path.is_dir() or not os.access(path.resolve().parent, os.W_OK | os.X_OK)):
        raise UsageError(f"cannot write {path}: name a file in a folder that is there")


def _now() -> str:
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(epoch) if epoch.isdecimal() else None))


def _written(found: Validation, made: ScorerCard, card: Path | None, svg: Path | None, lang: str) -> list[str]:
    """Write the card and the picture; what a person should know about them."""
    from aigc_eval.cards import encode, read
    from aigc_eval.report.files import write_atomically
    from aigc_eval.validation.picture import reliability_svg
    from aigc_eval.validation.words import say as words

    told = []
    if card is not None:
        write_atomically(card, encode(made))
        told.append(words("card", lang, file=card, digest=read(card).digest[:12]))
    if svg is not None and found.reliability:
        write_atomically(svg, reliability_svg(f"{found.scorer}.{found.rate.name}", found.curves, lang))
        told.append(words("svg", lang, file=svg))
    elif svg is not None:
        told.append(words("no_svg", lang, file=svg))
    return told


def _show(found: Validation, made: ScorerCard, code: int, lang: str, as_json: bool) -> None:
    from aigc_eval.report.escape import terminal
    from aigc_eval.validation import telling

    if as_json:
        told = {"status": "ok" if code == 0 else "undetermined", "exit_code": code, **telling.as_json(found, made)}
        say(json.dumps(told, ensure_ascii=False, allow_nan=False))
        return
    for line in telling.head(found, lang):
        say(terminal(line))
    if not found.scored:
        return
    for part in telling.tables(found, lang):
        say()
        table(*part)
    line, beside = telling.best(found, lang)
    say()
    say(terminal(line))
    if beside is not None:
        table(*beside)
    for line in telling.notes(found, lang):
        say(terminal(line))


def _nothing(found: Validation, scores: Sequence[Score], lang: str) -> str:
    """Why there is no figure at all."""
    from aigc_eval.validation.words import say as words

    failed = [score.error for score in scores if score.error]
    why = failed[0] if failed else next((score.note for score in scores if score.note), "")
    return words("nothing", lang, failed=len(failed), na=found.not_applicable[""], why=why)
