"""summary.md for a pull request or a CI page: the verdict, the gates, the main metrics of each candidate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aigc_eval.records import POLICY, Edition, Run
from aigc_eval.report.beside import beside
from aigc_eval.report.escape import markdown_code, markdown_text
from aigc_eval.report.files import Unreadable
from aigc_eval.report.signoff import lines as signoff_lines
from aigc_eval.report.standards import standard_lines
from aigc_eval.report.view import cell, gate_groups
from aigc_eval.report.words import (
    ARROWS,
    SIGNS,
    edition_words,
    headline,
    metric_title,
    say,
    scorer_title,
    state,
    why,
)

__all__ = ["CAP", "check", "markdown"]

CAP = 900_000
"""Most bytes of the file: CI pages refuse more than 1,024 k."""


def markdown(run: Run, languages: Sequence[str], edition: Edition = "reviewer") -> str:
    """One section a language, cut at a line where it would grow past `CAP` bytes."""
    lines = [line for lang in languages for line in _section(run, lang, edition)]
    note = f"\n{say('truncated_note').in_(languages[0])}\n"
    room, used = CAP - len(note.encode("utf-8")), 0
    for i, line in enumerate(lines):
        used += len(line.encode("utf-8")) + 1
        if used > room:
            return "\n".join(lines[:i]) + "\n" + note
    return "\n".join(lines) + "\n"


def _section(run: Run, lang: str, edition: Edition) -> list[str]:
    mark = "" if run.release else f" ({say('no_release').in_(lang)})"
    said = f"{SIGNS[state(run)]} {headline(run).in_(lang)}{mark}"
    title = "## " + say("colon", what=markdown_text(run.name), said=said).in_(lang)
    told = ["", f"**{edition_words(edition).in_(lang)}**"] if edition != "reviewer" else []
    return [
        title,
        *told,
        "",
        markdown_text(why(run, lang)),
        "",
        *_gates(run, lang),
        *_metrics(run, lang),
        *_corrected(run, lang),
        *_standards(run, lang),
        *_decisions(run, lang),
    ]


def _decisions(run: Run, lang: str) -> list[str]:
    """What reviewers decided, a line a scorer."""
    told = [f"- {markdown_text(line.in_(lang))}" for line in signoff_lines(run)]
    return [f"### {say('signoff').in_(lang)}", "", *told, ""] if told else []


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _head(keys: Iterable[str], lang: str) -> list[str]:
    words = [say(k).in_(lang) for k in keys]
    return [_row(words), _row("---" for _ in words)]


def _gates(run: Run, lang: str) -> list[str]:
    if not run.verdicts:
        return []
    lines = [f"### {say('gates').in_(lang)}", ""]
    lines += _head(("verdict", "candidate", "gate", "observed", "interval", "limit", "why"), lang)
    for name, group in gate_groups(run):
        who = say("policy_itself").in_(lang) if name == POLICY else markdown_code(name)
        for gate in group:
            reason = markdown_text(gate.told(lang))
            status = f"{gate.sign} {say(gate.status).in_(lang)}"
            lines.append(
                _row(
                    (
                        status,
                        who,
                        markdown_code(gate.text or gate.title.in_(lang)),
                        gate.observed,
                        gate.interval,
                        gate.limit,
                        reason,
                    )
                )
            )
    return [*lines, ""]


def _metrics(run: Run, lang: str) -> list[str]:
    found = run.overall()
    names = [c.name for c in run.candidates]
    head = [say("scorer").in_(lang), say("metric").in_(lang), *map(markdown_code, names)]
    lines = [f"### {say('main_metrics').in_(lang)}", "", _row(head), _row("---" for _ in head)]
    for scorer in run.scorers:
        for metric in scorer.metrics[:1]:
            cells = [cell(found.get((name, scorer.name, metric.name)), metric.unit) for name in names]
            printed = (f"{c.value} ({c.interval})" if c.interval else c.value for c in cells)
            title = f"{markdown_text(metric_title(metric).in_(lang))} {ARROWS[metric.better]}"
            lines.append(_row((markdown_text(scorer_title(scorer).in_(lang)), title, *printed)))
    return [*lines, ""]


def _corrected(run: Run, lang: str) -> list[str]:
    """Rates beside what they become when they are corrected, a line each."""
    lines = [f"- {markdown_text(line.in_(lang))}" for line in beside(run)]
    return [f"### {say('accuracy.rates').in_(lang)}", "", *lines, ""] if lines else []


def _standards(run: Run, lang: str) -> list[str]:
    """One line a standard."""
    if not run.standards:
        return []
    lines = [f"- {markdown_text(line.in_(lang))}" for line in standard_lines(run)]
    return [
        f"### {say('standards').in_(lang)}",
        "",
        *lines,
        "",
        markdown_text(say("standards.short_note").in_(lang)),
        "",
    ]


def check(text: str, run: Run) -> None:
    """Raise unless the written file holds the run's verdict and is under the cap."""
    if len(text.encode("utf-8")) > CAP or SIGNS[state(run)] not in text.partition("\n")[0]:
        raise Unreadable("summary.md is too long or has lost its verdict")
