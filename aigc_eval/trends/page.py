"""trend.html: in the frame and the style of report.html, without a script and without any text of an output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aigc_eval.records import Bilingual, Run
from aigc_eval.report.html import EXACT_LANGUAGES, LANGUAGE_NAMES, STYLES
from aigc_eval.report.html.charts import Album, Picture, key
from aigc_eval.report.html.environment import allowed_by, css_text, environment, fixed_words
from aigc_eval.report.numbers import NONE, count
from aigc_eval.report.view import Cell, border_of, cell
from aigc_eval.report.words import ARROWS, SIGNS, edition_words, headline, say, state, unit_name
from aigc_eval.trends.collecting import Point, Series, Trend
from aigc_eval.trends.picture import picture

__all__ = ["page"]


@dataclass(frozen=True)
class RunLine:
    """A run in the list of runs."""

    name: str
    created: str
    candidates: tuple[str, ...]
    prompts: str
    state: str
    words: Bilingual


@dataclass(frozen=True)
class PointLine:
    """A point in the table of a metric."""

    release: int
    candidate: str
    look: int
    cell: Cell
    limits: tuple[str, ...]
    verdicts: tuple[tuple[str, str, Bilingual], ...]
    remarks: tuple[Bilingual, ...]


@dataclass(frozen=True)
class SeriesPart:
    """A metric: its picture and its table."""

    title: Bilingual
    arrow: str
    unit: Bilingual
    picture: Picture
    label: str
    lines: tuple[PointLine, ...]


def page(trend: Trend, languages: tuple[str, ...]) -> str:
    """The page; the first language is the one it opens in."""
    album, templates = Album(), environment()
    running = css_text(_names(trend))
    style = "".join(templates.get_template(f"style/{name}").render(running=running) for name in STYLES)
    looks = trend.candidates if any(len(r.names) > 1 for r in trend.releases) else ()
    parts = [_part(trend, series, looks, album) for series in trend.series]
    gated = sum(series.gated for series in trend.series)
    return templates.get_template("trend.html").render(
        **_frame(trend, languages, style, running),
        keys=[album.add(key(i)) for i in range(max(1, len(looks)))],
        runs=[_run_line(release.run) for release in trend.releases],
        looks={name: i for i, name in enumerate(looks)},
        groups=[(say("trend.gated"), parts[:gated]), (say("trend.main"), parts[gated:])],
        apart=any(p.apart for series in trend.series for p in series.points),
    )


def _frame(trend: Trend, languages: tuple[str, ...], style: str, running: str) -> dict[str, Any]:
    return {
        "languages": languages,
        "language_names": LANGUAGE_NAMES,
        "exact_languages": EXACT_LANGUAGES,
        "w": fixed_words(),
        "signs": SIGNS,
        "edition": trend.edition,
        "edition_words": edition_words(trend.edition),
        "running": running,
        "styles": STYLES,
        "style_hash": allowed_by(style),
        "scripts": (),
        "script_hash": "",
        "run": {"name": _names(trend)},
        "candidates": (),
        "subtitle": say("trend.subtitle", n=len(trend.releases)),
    }


def _names(trend: Trend) -> str:
    """The names of the runs, each once."""
    names = list(dict.fromkeys(release.run.name for release in trend.releases))
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def _run_line(run: Run) -> RunLine:
    names = tuple(c.name for c in run.candidates)
    return RunLine(run.name, run.created, names, count(run.prompts), state(run), headline(run))


def _part(trend: Trend, series: Series, looks: tuple[str, ...], album: Album) -> SeriesPart:
    drawn = album.add(picture(series, len(trend.releases), looks))
    lines = tuple(_line(series, point, looks) for point in series.points)
    told = (f"{line.release} {line.candidate} {line.cell.value} ({line.cell.interval or NONE})" for line in lines)
    return SeriesPart(series.title, ARROWS[series.better], unit_name(series.unit), drawn, "; ".join(told), lines)


def _line(series: Series, point: Point, looks: tuple[str, ...]) -> PointLine:
    return PointLine(
        point.release + 1,
        point.candidate,
        looks.index(point.candidate) if looks else 0,
        cell(point.estimate, series.unit),
        tuple(border_of(v.zone, series.unit) for v in point.verdicts),
        tuple((v.status, SIGNS[v.status], say("waived.word") if v.waiver else say(v.status)) for v in point.verdicts),
        tuple(say(f"trend.apart.{why}") for why in point.apart),
    )
