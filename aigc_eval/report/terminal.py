"""The comparison as a table for a terminal: candidates as columns, main metrics as rows, gates below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aigc_eval.records import POLICY, Run
from aigc_eval.report.beside import beside
from aigc_eval.report.escape import terminal
from aigc_eval.report.unscored import error_kinds
from aigc_eval.report.view import cell, gate_groups
from aigc_eval.report.words import ARROWS, metric_title, say, scorer_title

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

__all__ = ["terminal_table"]

_STYLES = {"pass": "green", "fail": "bold red", "undetermined": "yellow"}


def _text(words: str, style: str = "") -> Text:
    from rich.text import Text

    return Text(terminal(words), style=style)


def terminal_table(run: Run, lang: str) -> Group:
    """A rich renderable without markup: no text of the run can act on the terminal."""
    from rich.console import Group
    from rich.table import Table

    found = run.overall()
    metrics = Table(box=None, pad_edge=False)
    for head in ("scorer", "metric"):
        metrics.add_column(_text(say(head).in_(lang)))
    for candidate in run.candidates:
        metrics.add_column(_text(candidate.name), justify="right")
    for scorer in run.scorers:
        for metric in scorer.metrics[:1]:
            cells = [cell(found.get((c.name, scorer.name, metric.name)), metric.unit) for c in run.candidates]
            printed = [_text(f"{c.value} ({c.interval})" if c.interval else c.value) for c in cells]
            title = f"{metric_title(metric).in_(lang)} {ARROWS[metric.better]}"
            metrics.add_row(_text(scorer_title(scorer).in_(lang)), _text(title), *printed)
    gates = (_text(""), _gates(run, lang)) if run.verdicts else ()
    return Group(metrics, *_corrected(run, lang), *gates, *_errors(run, lang))


def _corrected(run: Run, lang: str) -> list[Text]:
    """Rates beside what they become when they are corrected."""
    lines = [_text(line.in_(lang)) for line in beside(run)]
    return [_text(""), *lines] if lines else []


def _errors(run: Run, lang: str) -> list[Text]:
    """How many outputs of each candidate are errors, by kind, and what to do about them."""
    lines = [_text(line.in_(lang), "yellow") for line in error_kinds(run)]
    return [_text(""), *lines, _text(say("errors.again").in_(lang))] if lines else []


def _gates(run: Run, lang: str) -> Table:
    from rich.table import Table

    gates = Table(box=None, pad_edge=False, show_header=False)
    for name, group in gate_groups(run):
        who = say("policy_itself").in_(lang) if name == POLICY else name
        for gate in group:
            status = _text(f"{gate.sign} {say(gate.status).in_(lang)}", _STYLES.get(gate.status, ""))
            reason = _text(gate.told(lang))
            gates.add_row(status, _text(who), _text(gate.text or gate.title.in_(lang)), reason)
    return gates
