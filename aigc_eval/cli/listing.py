"""The commands that show what there is, and write what one starts from."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from aigc_eval.cli.app import Debug, Json, app
from aigc_eval.cli.outcome import guarded
from aigc_eval.cli.stdio import language, say, table, tell

__all__ = ["What", "init", "list_", "schema"]


class What(StrEnum):
    """What `list` can list."""

    generators = "generators"
    scorers = "scorers"
    metrics = "metrics"
    standards = "standards"
    cards = "cards"


_COLUMNS = {
    What.metrics: ("name", "title", "better", "bounds", "languages", "needs", "source", "package"),
    What.standards: ("name", "title", "edition", "clauses", "verified", "classes", "tag"),
    What.cards: (
        "rate",
        "options",
        "languages",
        "examples",
        "sensitivity",
        "specificity",
        "macro-F1",
        "AUC",
        "data",
        "holds",
    ),
    What.scorers: ("name", "title", "languages", "validated", "needs", "source", "package"),
}
"""What is shown of other things than plug-ins."""


@app.command("list")
@guarded
def list_(
    what: Annotated[What, typer.Argument(metavar="generators|scorers|metrics|standards|cards", help="What to list.")],
    in_full: Annotated[
        bool,
        typer.Option("--long", help="Metrics: formula, range, languages, source. Standards: every clause."),
    ] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """List what is installed, third-party plug-ins with their package.

    Cards say how good scorers were on labelled examples (`validate`); one holds for a scorer as it was then.
    """
    from aigc_eval.cli import catalogue

    lang = language()
    if what is What.metrics and in_full and not as_json:
        say("\n\n".join(catalogue.metrics_in_full(lang)))
        return 0
    if what is What.standards and in_full and not as_json:
        say("\n\n".join(catalogue.standards_in_full(lang)))
        return 0
    if what is What.standards:
        rows = catalogue.standards(lang)
    elif what is What.cards:
        rows = catalogue.cards()
    elif what is What.metrics:
        rows = catalogue.metrics(lang)
    else:
        rows = catalogue.plugins("generator" if what is What.generators else "scorer", lang)
    if as_json:
        say(json.dumps(rows, ensure_ascii=False, allow_nan=False, indent=1))
        return 0
    columns = _COLUMNS.get(what, ("name", "title", "languages", "needs", "source", "package"))
    table([*columns], [[_cell(row.get(column)) for column in columns] for row in rows])
    return 0


def _cell(value: object) -> str:
    if isinstance(value, dict):
        value = [f"{name}: {inner}" for name, inner in value.items()]
    if isinstance(value, list):
        return ", ".join(
            "∞" if item is None else f"{item:g}" if isinstance(item, float) else str(item) for item in value
        )
    return "-" if value in (None, "", []) else str(value)


@app.command()
@guarded
def init(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="The bench file to write.")] = Path("bench.yaml"),
    debug: Debug = False,
) -> int:
    """Write a commented bench and a small prompt set that run as they are; never overwrites."""
    from aigc_eval.cli.starting import start

    for path in start(file, _schema()):
        say(str(path))
    tell(f"next: aigc-eval run {file}")
    return 0


def _schema(of_policy: bool = False, of_standard: bool = False, of_card: bool = False) -> str:
    from aigc_eval import cards
    from aigc_eval.config import json_schema, policy_schema, standard_schema

    if of_card:
        found = cards.schema()
    else:
        found = policy_schema() if of_policy else standard_schema() if of_standard else json_schema()
    return json.dumps(found, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


@app.command()
@guarded
def schema(
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="File to write [default: stdout].")] = None,
    of_policy: Annotated[bool, typer.Option("--policy", help="That of policy files instead.")] = False,
    of_standard: Annotated[bool, typer.Option("--standard", help="That of files of standards instead.")] = False,
    of_card: Annotated[bool, typer.Option("--card", help="That of scorer cards instead.")] = False,
    debug: Debug = False,
) -> int:
    """Print the JSON Schema of bench files, for completion and checks in editors."""
    text = _schema(of_policy, of_standard, of_card)
    if out is None:
        say(text.rstrip("\n"))
    else:
        out.write_text(text, "utf-8")
        tell(f"wrote {out}; name it in the first line of a file: # yaml-language-server: $schema={out.name}")
    return 0
