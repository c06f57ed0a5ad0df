"""What raters' labels say, in a few lines of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from aigc_eval.report.escape import terminal

if TYPE_CHECKING:
    from aigc_eval.labelling.agreeing import Against, Agreed
    from aigc_eval.records import Figure

__all__ = ["lines"]

_WORDS = {
    "sheet": ("sheet {id}: {name}", "标注表 {id}：{name}"),
    "labelled": (
        "labelled {n} of {of}; of the random core {core} of {core_of}, drawn from {population}; disputed {disputed}",
        "已标注 {n} / {of}；随机样本 {core} / {core_of}（总体 {population}）；存在分歧 {disputed}",
    ),
    "rater": (
        "{name}: yes {yes} of {n} ({rate}); cannot say {unsure}",
        "{name}：是 {yes} / {n}（{rate}）；无法判断 {unsure}",
    ),
    "cohen": ("Cohen’s kappa", "Cohen κ"),
    "fleiss": ("Fleiss’ kappa", "Fleiss κ"),
    "krippendorff": ("Krippendorff’s alpha", "Krippendorff α"),
    "coefficient": ("{name} {value} {interval}, {n} outputs", "{name} {value} {interval}，{n} 条输出"),
    "none": (
        "no agreement to tell: fewer than two raters, or all labels the same",
        "无法计算一致性：标注者不足两人，或标注全部相同",
    ),
    "against": (
        "scorer against most raters, random core: both yes {both}, scorer only {scorer_only}, raters only "
        "{raters_only}, neither {neither}, not scored {unscored}",
        "评分器与多数标注者（随机样本）：均为是 {both}，仅评分器 {scorer_only}，仅标注者 {raters_only}，"
        "均为否 {neither}，未评分 {unscored}",
    ),
    "sensitivity": ("sensitivity {value} {interval}", "灵敏度 {value} {interval}"),
    "specificity": ("specificity {value} {interval}", "特异度 {value} {interval}"),
}


def lines(found: Agreed, lang: str) -> Iterator[str]:
    """One sheet: how much is labelled, each rater, agreement, and the scorer against the raters."""

    def say(key: str, **figures: object) -> str:
        return _WORDS[key][lang == "zh"].format_map(figures)

    told = found.labelled
    yield say("sheet", id=told.sheet, name=terminal(f"{told.scorer}.{told.metric}"))
    yield "  " + say(
        "labelled",
        n=f"{told.labelled:,}",
        of=f"{told.items:,}",
        core=f"{told.core_labelled:,}",
        core_of=f"{told.core:,}",
        population=f"{told.population:,}",
        disputed=f"{told.disputed:,}",
    )
    for rater in found.raters:
        rate = "–" if rater.rate is None else f"{100 * rater.rate:.1f} %"
        name = terminal(rater.name)
        yield "  " + say("rater", name=name, yes=rater.yes, n=rater.labelled, rate=rate, unsure=rater.unsure)
    for one in told.agreement:
        interval = _interval((one.value, one.low, one.high), "{:.2f}")
        yield "  " + say("coefficient", name=say(one.name), value=f"{one.value:.2f}", interval=interval, n=one.n)
    if not told.agreement:
        yield "  " + say("none")
    if found.against is not None:
        yield from (f"  {line}" for line in _against(found.against, say))
    else:
        yield f"  {terminal(found.why)}"


def _against(found: Against, say: Callable[..., str]) -> Iterator[str]:
    counts = ("both", "scorer_only", "raters_only", "neither", "unscored")
    yield say("against", **{name: getattr(found, name) for name in counts})
    for name in ("sensitivity", "specificity"):
        figure: Figure | None = getattr(found, name)
        if figure is not None:
            yield say(name, value=f"{100 * figure[0]:.1f} %", interval=_interval(figure, "{:.1%}"))


def _interval(figure: Figure, form: str) -> str:
    return "" if figure[1] is None or figure[2] is None else f"[{form.format(figure[1])}, {form.format(figure[2])}]"
