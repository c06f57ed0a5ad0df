"""report.html: one file, no script, both languages, readable without its style sheet.

Jinja2 with autoescape on; every printed text first goes through `escape.visible`, by the environment's `finalize`, so
that a template cannot forget it. The style sheet is allowed by its hash alone (Content-Security-Policy).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from html.parser import HTMLParser
from typing import Any

from aigc_eval.records import Bilingual, Edition, Run
from aigc_eval.report import view
from aigc_eval.report.files import Unreadable
from aigc_eval.report.glance import glance
from aigc_eval.report.html.charts import Album, key
from aigc_eval.report.html.environment import allowed_by, environment, fixed_words
from aigc_eval.report.html.examples import MOST, worst_examples
from aigc_eval.report.html.figures import compare, gates
from aigc_eval.report.html.slices import slice_tables
from aigc_eval.report.mask import Masker
from aigc_eval.report.numbers import count
from aigc_eval.report.page import Page
from aigc_eval.report.unscored import errors, missing, outcome_rows
from aigc_eval.report.words import SIGNS, both, confidence, headline, level, say, state, why

__all__ = ["SECTIONS", "Page", "check", "html", "render"]

LANGUAGE_NAMES = {"en": "English", "zh": "中文"}


def _unscored(page: Page) -> dict[str, Any]:
    heads, rows = outcome_rows(page.run)
    told = {"errors": errors(page.run, page.masker), "missing": missing(page.run, page.masker)}
    return {"outcome_heads": heads, "outcome_rows": rows, **told}


Section = Callable[[Page], Mapping[str, Any]]
SECTIONS: Mapping[str, Section] = {
    "gates": gates,
    "glance": lambda page: {"glance": glance(page.run)},
    "compare": compare,
    "slices": lambda page: {"slices": slice_tables(page.run, page.masker)},
    "examples": lambda page: {"worst": worst_examples(page.run, page.masker)},
    "unscored": _unscored,
    "methods": lambda page: {"methods": view.methods(page.run)},
    "run": lambda page: {},
}
"""What each section's template prints, by its name (`sections/<name>.html`), in the order of the page."""
STYLES = ("base.css", "charts.css")


def html(run: Run, masker: Masker, languages: Sequence[str], edition: Edition = "reviewer") -> str:
    """The page; the first language is the one it opens in."""
    return render(Page(run, masker, tuple(languages), edition))


def render(page: Page) -> str:
    """The page of a run whose masker is made."""
    templates = environment()
    style = "".join(templates.get_template(f"style/{name}").render() for name in STYLES)
    told = {name: value for section in SECTIONS.values() for name, value in section(page).items()}
    album = Album.of(page)
    return templates.get_template("page.html").render(
        **_header(page.run, page.languages),
        **told,
        edition=page.edition,
        sections=tuple(SECTIONS),
        styles=STYLES,
        style_hash=allowed_by(style),
        keys=[album.add(key(i)) for i in range(len(page.run.candidates))],
    )


def _header(run: Run, languages: Sequence[str]) -> dict[str, Any]:
    """What the page says about the run as a whole, and the fixed words."""
    shown_level, sizes = level(run), {"prompts": count(run.prompts), "samples": _samples(run)}
    masking = "masked" if any(s.masks for s in run.scorers) else "not_masked"
    compare = {1: "compare.one", 2: "compare.note"}.get(len(run.candidates), "compare.many")
    return {
        "run": run,
        "languages": tuple(languages),
        "language_names": LANGUAGE_NAMES,
        "w": fixed_words(),
        "signs": SIGNS,
        "words_of": {status: say(status) for status in SIGNS},
        "state": state(run),
        "headline": headline(run),
        "why": both(lambda lang: why(run, lang)),
        "subtitle": say("subtitle", created=run.created, masking=say(masking), **sizes),
        "size": say("size.of", candidates=len(run.candidates), **sizes),
        "seed": run.bench.get("seed"),
        "candidates": view.candidate_states(run),
        "positions": {c.name: i for i, c in enumerate(run.candidates)},
        "counts": view.status_counts(run),
        "gates_note": say("gates.note", confidence=confidence(run)),
        "policy_fixed": _fixed(run),
        "policy_terms": _terms(run),
        "compare_note": say(compare, level=shown_level),
        "slices_note": say("slices.note", level=shown_level),
        "examples_note": say("examples.note", most=MOST),
    }


def _samples(run: Run) -> Bilingual:
    return say("samples.one") if run.samples == 1 else say("samples", n=count(run.samples))


def _fixed(run: Run) -> Bilingual:
    """When the policy was fixed."""
    since = run.policy.get("since", 0)
    return say("policy.since.one" if since == 1 else "policy.since", n=count(since)) if since else say("policy.before")


def _terms(run: Run) -> list[str]:
    """What the policy says beside its gates, which have a table of their own, as it was written."""
    written = run.policy.get("source", {})
    shown = {key: value for key, value in written.items() if key not in ("name", "gates")}
    return [f"{k}: {v if isinstance(v, str) else json.dumps(v, ensure_ascii=False)}" for k, v in shown.items()]


class _Counter(HTMLParser):
    gates = 0
    closed = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count the rows of the gates table."""
        self.gates += tag == "tr" and (dict(attrs).get("class") or "").startswith("gate ")

    def handle_endtag(self, tag: str) -> None:
        """Note that the page is whole."""
        self.closed = self.closed or tag == "html"


def check(text: str, run: Run) -> None:
    """Raise unless the written page is whole and has a row for every verdict."""
    counter = _Counter()
    counter.feed(text)
    if not counter.closed or counter.gates != len(run.verdicts):
        raise Unreadable(f"report.html shows {counter.gates} gates of {len(run.verdicts)}, or is cut short")
