"""The list of all outputs: the worst in report.html up to a number of bytes, the rest in samples.html."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aigc_eval.records import Bilingual, Review, Run
from aigc_eval.report.escape import Shown
from aigc_eval.report.flags import Flags, flags_of, sliced_tags
from aigc_eval.report.html.environment import environment, fixed_words
from aigc_eval.report.html.examples import mask_kinds
from aigc_eval.report.mask import Masker
from aigc_eval.report.numbers import count
from aigc_eval.report.page import Page
from aigc_eval.report.remarks import label_words, note_words
from aigc_eval.report.samples import NAME, Sample, each_sample, shortened
from aigc_eval.report.words import say, scorer_title, tag_name, tag_value

__all__ = ["HERE", "THERE", "Shelf", "list_of", "shelf"]

HERE = 12_000_000
"""Bytes of samples in report.html: that many open in less than two seconds."""
THERE = 17_000_000
"""Bytes of samples in samples.html."""
MOST_VALUES = 100
"""Values of one tag that the list can be filtered by."""
_OUTCOMES = ("ok", "truncated", "empty", "refused", "filtered", "error")


@dataclass(frozen=True)
class Shelf:
    """The rendered samples of both files, the worst first, and how many fit in neither."""

    here: tuple[str, ...]
    there: tuple[str, ...]
    total: int
    flagged: int

    @property
    def left(self) -> int:
        """Samples that are in neither file."""
        return self.total - len(self.here) - len(self.there)


@dataclass(frozen=True)
class Choice:
    """What a filter or an order can be set to; `better` is the good direction of an order."""

    value: str
    words: Bilingual
    better: str = ""


@dataclass(frozen=True)
class Filter:
    """One way to choose samples: by the article's attribute `data`, at the position `at` of its values."""

    data: str
    at: int
    title: Bilingual
    choices: tuple[Choice, ...]


def list_of(page: Page, *, rest: bool = False) -> dict[str, Any]:
    """What the list's template prints: in report.html, or with `rest` in samples.html."""
    if page.edition == "public":
        return {"sample_list": None}
    found = shelf(page)
    own = found.there if rest else found.here
    sizes = {"here": count(len(found.here)), "there": count(len(found.there)), "total": count(found.total)}
    note = "samples.note.open" if page.edition == "internal" else "samples.note"
    told = {
        "articles": own,
        "note": say(note, flagged=count(found.flagged), **sizes),
        "kinds": mask_kinds(page) if rest else None,
        "elsewhere": say("samples.elsewhere", **sizes) if found.there and not rest else None,
        "other": "report.html" if rest else "samples.html" if found.there else "",
        "left": say("samples.left", left=count(found.left)) if found.left else None,
        "filters": tuple(_filters(page)),
        "orders": tuple(_orders(page.run)),
        "scorers": tuple(s.name for s in _scorers(page.run)),
        "live": {key: say(key, **{n: f"{{{n}}}" for n in names}) for key, names in _LIVE.items()},
    }
    return {"sample_list": told}


_LIVE: Mapping[str, tuple[str, ...]] = {
    "samples.hits": ("hits", "total"),
    "samples.page": ("page", "pages"),
    "decide.count": ("done", "total"),
    "decide.exported": ("n",),
    "decide.imported": ("n", "elsewhere", "stale"),
}
"""Phrases whose figures the page's script fills in."""


def shelf(page: Page) -> Shelf:
    """The samples of a page, made once for all its files."""
    if "samples" not in page.made:
        page.made["samples"] = _filled(page)
    found: Shelf = page.made["samples"]
    return found


def _filled(page: Page) -> Shelf:
    flags = flags_of(page.run)
    files: tuple[list[str], list[str]] = ([], [])
    room = [HERE, THERE]
    for text in _rendered(page, flags):
        size = len(text.encode("utf-8"))
        if size > room[0]:  # from here on the order goes on in the next file
            room[0] = 0
        if size > max(room):
            break
        own = 0 if room[0] else 1
        files[own].append(text)
        room[own] -= size
    return Shelf(tuple(files[0]), tuple(files[1]), len(page.run.rows), int(flags.any.any(axis=1).sum()))


def _rendered(page: Page, flags: Flags) -> Iterator[str]:
    """Each sample as HTML, the worst first."""
    titles = {s.name: scorer_title(s) for s in flags.scorers}
    words = {"w": fixed_words(), "titles": titles, "label_words": label_words, "note_words": note_words}
    module: Any = environment().get_template("sample.html").make_module({"languages": page.languages, **words})
    numbers, decided = _Numbers(page.run, page.masker), _decided(page.run)
    for sample in each_sample(page.run, page.masker):
        yield module.article(sample, numbers.of(sample), decided.get(sample.key, {}))


def _decided(run: Run) -> dict[str, dict[str, list[Review]]]:
    """The recorded decisions by sample and scorer, in the order in which they were recorded."""
    found: dict[str, dict[str, list[Review]]] = {}
    for review in run.reviews:
        found.setdefault(review.key, {}).setdefault(review.scorer, []).append(review)
    return found


class _Numbers:
    """What the script filters and sorts a sample by: numbers only, which stand for the choices of its filters."""

    def __init__(self, run: Run, masker: Masker) -> None:
        self.candidates = {c.name: i for i, c in enumerate(run.candidates)}
        self.scorers = {s.name: j for j, s in enumerate(_scorers(run))}
        self.tags = {name: {str(v): str(i) for i, v in enumerate(values)} for name, values in _tag_values(run, masker)}
        self.run = run

    def of(self, sample: Sample) -> dict[str, Any]:
        """The values of the article's attributes."""
        tags = dict(sample.tags)
        row = self.run.rows["candidate"].iloc[sample.place]
        return {
            "candidate": self.candidates.get(row, 0),
            "outcome": sample.outcome,
            "tags": " ".join(known.get(tags.get(name, ""), "-") for name, known in self.tags.items()),
            "scores": " ".join("-" if value is None else f"{value:.5g}" for _, _, value in sample.scores),
            "flags": " ".join(str(self.scorers[f.scorer]) for f in sample.flags),
        }


def _scorers(run: Run) -> list[Any]:
    return [s for s in run.scorers if s.name in run.rows]


def _tag_values(run: Run, masker: Masker) -> list[tuple[str, list[Shown]]]:
    """The tags that samples can be filtered by, and their values as shown."""
    long, found = masker.long(), []
    for name, column in [("lang", "lang"), *((t.removeprefix("tag."), t) for t in sliced_tags(run))]:
        different = sorted({str(v) for v in run.rows[column] if v})
        values = list(dict.fromkeys(shortened(t, NAME) for t in long.shown(different)))
        if 1 < len(values) <= MOST_VALUES:
            found.append((name, values))
    return found


def _filters(page: Page) -> Iterator[Filter]:
    run = page.run
    named = tuple(Choice(str(i), Bilingual(c.name)) for i, c in enumerate(run.candidates))
    if len(named) > 1:
        yield Filter("c", 0, say("samples.candidate"), named)
    scorers = tuple(Choice(str(j), scorer_title(s)) for j, s in enumerate(_scorers(run)))
    anyone = (Choice("any", say("samples.flagged.any")), Choice("none", say("samples.flagged.none")))
    yield Filter("f", 0, say("samples.flagged"), (*anyone, *scorers))
    states = ("undecided", "decided", "confirmed", "false_positive", "needs_fix")
    yield Filter("decision", 0, say("samples.decision"), tuple(Choice(s, say(f"decide.{s}")) for s in states))
    ended = set(run.rows["outcome"])
    known = tuple(Choice(o, say(f"outcome.{o}")) for o in _OUTCOMES if o in ended)
    if len(known) > 1:
        yield Filter("o", 0, say("samples.outcome"), known)
    for at, (name, values) in enumerate(_tag_values(run, page.masker)):
        yield Filter("t", at, tag_name(name), tuple(Choice(str(i), tag_value(name, v)) for i, v in enumerate(values)))


def _orders(run: Run) -> Iterator[Choice]:
    yield Choice("worst", say("samples.sort.worst"))
    yield Choice("prompt", say("samples.sort.prompt"))
    for j, scorer in enumerate(_scorers(run)):
        main = scorer.metrics[0] if scorer.metrics else None
        better = main.better if main and main.ranks and main.better else ""
        key = "samples.sort.score" if better else "samples.sort.high"
        yield Choice(str(j), say(key, scorer=scorer_title(scorer)), better)
