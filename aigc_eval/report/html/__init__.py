"""report.html: one file, both languages, readable without its style sheet and without its script.

Jinja2 with autoescape on; every printed text first goes through `escape.visible`, by the environment's `finalize`, so
that a template cannot forget it. The style sheet and the script are allowed by their hash alone, as the page's
Content-Security-Policy says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from html.parser import HTMLParser
from typing import Any

from aigc_eval.records import Bilingual, Edition, Run
from aigc_eval.report import standards, view
from aigc_eval.report.files import Unreadable
from aigc_eval.report.html import accuracy, answers
from aigc_eval.report.html.charts import Album, key
from aigc_eval.report.html.environment import allowed_by, css_text, environment, fixed_words
from aigc_eval.report.html.examples import MOST, mask_kinds, worst_examples
from aigc_eval.report.html.figures import compare, gates, overview
from aigc_eval.report.html.frontier import frontier
from aigc_eval.report.html.sample_list import list_of
from aigc_eval.report.html.slices import slices
from aigc_eval.report.mask import Masker
from aigc_eval.report.numbers import count
from aigc_eval.report.page import Page
from aigc_eval.report.signoff import signoff
from aigc_eval.report.unscored import errors, missing, outcome_rows
from aigc_eval.report.words import SIGNS, both, confidence, edition_words, headline, level, say, state, why

__all__ = ["SECTIONS", "Page", "check", "check_rest", "html", "render", "rest"]

LANGUAGE_NAMES = {"en": "English", "zh": "中文"}
EXACT_LANGUAGES = {"en": "en-GB", "zh": "zh-Hans"}
"""For the names themselves, which stay when the page speaks the other language."""


def _unscored(page: Page) -> dict[str, Any]:
    heads, rows = outcome_rows(page.run)
    told = {"errors": errors(page.run, page.masker), "missing": missing(page.run, page.masker)}
    return {"outcome_heads": heads, "outcome_rows": rows, **told}


Section = Callable[[Page], Mapping[str, Any]]
SECTIONS: Mapping[str, Section] = {
    "brief": answers.section,
    "gates": gates,
    "overview": overview,
    "compare": compare,
    "slices": slices,
    "frontier": frontier,
    "examples": lambda page: {
        "worst": worst_examples(page.run, page.masker) if page.edition != "public" else [],
        "mask_kinds": mask_kinds(page),
    },
    "samples": list_of,
    "accuracy": accuracy.section,
    "standards": standards.section,
    "unscored": _unscored,
    "methods": lambda page: {"methods": view.methods(page.run)},
    "deviations": answers.departures,
    "run": answers.facts,
    "signoff": lambda page: {"signoff": signoff(page)},
}
"""What each section's template prints, by its name (`sections/<name>.html`), in the order of the page."""
STYLES = (
    "base.css",
    "brief.css",
    "editions.css",
    "charts.css",
    "signoff.css",
    "samples.css",
    "standards.css",
    "accuracy.css",
    "print.css",
)
SCRIPTS = ("samples.js", "decisions.js")


def html(run: Run, masker: Masker, languages: Sequence[str], edition: Edition = "reviewer") -> str:
    """The page; the first language is the one it opens in."""
    return render(Page(run, masker, tuple(languages), edition))


def render(page: Page) -> str:
    """report.html."""
    told = {name: value for section in SECTIONS.values() for name, value in section(page).items()}
    return _document("page.html", page, told)


def rest(page: Page) -> str | None:
    """samples.html: the outputs that did not fit into report.html; None where all did."""
    told = list_of(page, rest=True)
    return _document("rest.html", page, told) if told["sample_list"] and told["sample_list"]["articles"] else None


def _document(template: str, page: Page, told: Mapping[str, Any]) -> str:
    """A page of its own, with the style, the script and the head that all have."""
    templates = environment()
    running = css_text(_running(page))
    style = "".join(templates.get_template(f"style/{name}").render(running=running) for name in STYLES)
    script = "".join(templates.get_template(f"script/{name}").render() for name in SCRIPTS)
    album = Album.of(page)
    return templates.get_template(template).render(
        **_header(page.run, page.languages, page.edition),
        **told,
        edition=page.edition,
        edition_words=edition_words(page.edition),
        sections=tuple(SECTIONS),
        running=running,
        styles=STYLES,
        style_hash=allowed_by(style),
        scripts=SCRIPTS,
        script_hash=allowed_by(script) if told["sample_list"] else "",
        keys=[album.add(key(i)) for i in range(len(page.run.candidates))],
    )


def _running(page: Page) -> str:
    """What stands at the foot of every printed page: a sheet that is found alone must say whom it is for."""
    edition = say(f"edition.{page.edition}")
    return " · ".join([page.run.name, *(edition.in_(lang) for lang in page.languages)])


def _header(run: Run, languages: Sequence[str], edition: Edition) -> dict[str, Any]:
    """What the page says about the run as a whole, and the fixed words."""
    shown_level, sizes = level(run), {"prompts": count(run.prompts), "samples": _samples(run)}
    masking = "masked" if any(s.masks for s in run.scorers) else "not_masked"
    masking = {"public": "edition.no_texts", "internal": "edition.unmasked"}.get(edition, masking)
    return {
        "run": run,
        "languages": tuple(languages),
        "language_names": LANGUAGE_NAMES,
        "exact_languages": EXACT_LANGUAGES,
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
        "compare_note": view.compare_note(run),
        "slices_note": say("slices.note", level=shown_level),
        "examples_note": say("examples.note", most=MOST),
    }


def _samples(run: Run) -> Bilingual:
    return say("samples.each.one") if run.samples == 1 else say("samples.each", n=count(run.samples))


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


def check_rest(text: str, run: Run) -> None:
    """Raise unless the written page is whole and has samples, and no more of them than the run."""
    shown = text.count('<article id="sample-')
    if not text.endswith("</html>") or not 0 < shown <= len(run.rows):
        raise Unreadable(f"samples.html shows {shown} outputs of {len(run.rows)}, or is cut short")


def check(text: str, run: Run) -> None:
    """Raise unless the written page is whole and has a row for every verdict."""
    counter = _Counter()
    counter.feed(text)
    if not counter.closed or counter.gates != len(run.verdicts):
        raise Unreadable(f"report.html shows {counter.gates} gates of {len(run.verdicts)}, or is cut short")
