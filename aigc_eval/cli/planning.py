"""`aigc-eval plan`: what a run would ask for, and whether its gates can be decided with the prompts there are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from aigc_eval.cli.app import (
    AllowBadRows,
    AllowHost,
    AllowList,
    AllowPath,
    BaselineRun,
    Debug,
    Json,
    Limit,
    Out,
    PolicyFile,
    TrustBench,
    app,
    baseline_of,
)
from aigc_eval.cli.benches import folder_of, tell_left_out
from aigc_eval.cli.outcome import guarded
from aigc_eval.cli.stdio import language, say, table, tell
from aigc_eval.cli.trusting import allowed
from aigc_eval.records import Bilingual

if TYPE_CHECKING:
    from aigc_eval.config import Bench
    from aigc_eval.needs import Need
    from aigc_eval.plan import Line, Total
    from aigc_eval.standards import Shortfall

__all__ = ["Wishes", "plan", "show_plan"]

MARGIN, POWER = 0.02, 0.8
"""Those of `needs`, which is not imported before it is asked for."""
_HEADS = (
    Bilingual("name", "名称"),
    Bilingual("", ""),
    Bilingual("calls", "调用数"),
    Bilingual("known", "已有"),
    Bilingual("tokens in", "输入词元"),
    Bilingual("tokens out", "输出词元"),
    Bilingual("cost", "费用"),
    Bilingual("minutes", "分钟"),
    Bilingual("sent to", "发往"),
)
_GATE_HEADS = (
    Bilingual("gate", "门限"),
    Bilingual("slice", "切片"),
    Bilingual("prompts", "题数"),
    Bilingual("enough?", "是否足够"),
    Bilingual("least to pass", "至少需要"),
    Bilingual("for power {power}", "功效 {power} 需"),
    Bilingual("for ±{margin}", "半宽 {margin} 需"),
    Bilingual("chance to pass", "通过概率"),
    Bilingual("assuming", "假设"),
)
_DOES = {"generate": Bilingual("generate", "生成"), "score": Bilingual("score", "评分")}
_STATES = {
    "empty": Bilingual("no prompts", "没有题目"),
    "never": Bilingual("never", "不可能通过"),
    "unknown": Bilingual("not known", "未知"),
    "few": Bilingual("too few", "偏少"),
    "enough": Bilingual("yes", "足够"),
}
_WARNINGS = {
    "empty": Bilingual(
        "{gate}: no prompt here has anything to score; this gate can never pass", "{gate}：没有可评分的题目，不可能通过"
    ),
    "never": Bilingual(
        "{gate}: this gate can never pass with {n} prompts; even a perfect result needs {least}",
        "{gate}：以 {n} 题不可能通过；即使结果完美也需要 {least} 题",
    ),
    "impossible": Bilingual(
        "{gate}: this gate can never pass; no number of prompts is enough", "{gate}：无论多少题都不可能通过"
    ),
}
_ASSUMED = {
    "rate": Bilingual("true share {}", "真实占比 {}"),
    "value": Bilingual("true value {}", "真值 {}"),
    "difference": Bilingual("true difference {}", "真实差异 {}"),
    "deviation": Bilingual("sd {}", "标准差 {}"),
    "correlation": Bilingual("correlation {}", "相关系数 {}"),
}
_MEASURED = Bilingual("spread measured", "离散程度取自已有运行")
_TOTAL = Bilingual("total", "合计")
_CAP = Bilingual("{name}: {cap} may end the run before its last prompt", "{name}：{cap} 可能使运行提前结束")
_NOTES = (
    Bilingual(
        "estimated from the prompts and max_tokens; nothing was sent", "按题目与 max_tokens 估算；未发送任何内容"
    ),
    Bilingual(
        "gates: each prompt counts once, whatever its samples; power and chance hold if what is assumed is true",
        "门限：每题只计一次，与采样次数无关；功效与通过概率以所列假设成立为前提",
    ),
)
_EARLY = Bilingual(
    "stop: when_decided looks after every round, so its bounds are wider: passing at the last prompt needs more",
    "stop: when_decided 每轮都会检视，置信界更宽；若到最后一题才判定，所需题数更多",
)


_FEW = Bilingual(
    "{standard} {clause}: {rule}: {n} prompts of {needed}", "{standard} {clause}：{rule}：{n} 题，要求 {needed} 题"
)
_LACKS = Bilingual(
    "{standard} {clause}: {rule}: {n} prompts of {needed}; {classes} classes lack {prompts} in all",
    "{standard} {clause}：{rule}：{n} 题，要求 {needed} 题；{classes} 类题目不足，共缺 {prompts} 题",
)
_LACKS_ONE = Bilingual(
    "{standard} {clause}: {rule}: {n} prompts of {needed}; 1 class lacks {prompts}",
    "{standard} {clause}：{rule}：{n} 题，要求 {needed} 题；1 类题目不足，缺 {prompts} 题",
)


class Wishes(NamedTuple):
    """What a plan is made for."""

    limit: int | None = None
    margin: float = MARGIN
    power: float = POWER
    earlier: Path | None = None


@app.command()
@guarded
def plan(
    bench: Annotated[Path, typer.Argument(metavar="BENCH", help="The bench file, such as bench.yaml.")],
    *,
    out: Out = None,
    policy: PolicyFile = None,
    baseline: BaselineRun = None,
    margin: Annotated[
        float, typer.Option(metavar="M", help="Half-width of intervals to plan for: 0.02 is 2 points of a share.")
    ] = MARGIN,
    power: Annotated[float, typer.Option(metavar="P", help="Chance of passing to plan for.")] = POWER,
    earlier: Annotated[
        Path | None,
        typer.Option(metavar="RUN", exists=True, file_okay=False, help="A run whose numbers show how prompts vary."),
    ] = None,
    limit: Limit = None,
    as_json: Json = False,
    allow_path: AllowPath = None,
    trust_bench: TrustBench = False,
    allow_host: AllowHost = None,
    allow_list: AllowList = None,
    allow_bad_rows: AllowBadRows = 0,
    debug: Debug = False,
) -> int:
    """Show what a run of BENCH would ask for, and whether its prompts can decide its gates. Nothing is sent."""
    from aigc_eval import config

    allows = allowed(allow_path, trust_bench, allow_host, allow_list, allow_bad_rows)
    loaded = config.load(bench, policy=policy, baseline=baseline_of(baseline), **allows._asdict())
    tell_left_out(loaded)
    folder = out if out is not None else folder_of(loaded, limit)
    return show_plan(loaded, folder, Wishes(limit, margin, power, earlier), as_json)


def show_plan(bench: Bench, folder: Path, wishes: Wishes, as_json: bool) -> int:
    """Print what a run would ask for, and what its gates need."""
    from aigc_eval.needs import needs
    from aigc_eval.plan import plan as planned
    from aigc_eval.plan import total

    lines = planned(bench, folder, wishes.limit)
    earlier = wishes.earlier or (folder if (folder / "verdict.json").is_file() else None)
    found = needs(bench, wishes.limit, margin=wishes.margin, power=wishes.power, earlier=earlier)
    short = _short(bench, wishes.limit)
    if as_json:
        told = {
            "folder": str(folder),
            "plan": [line.to_json() for line in lines],
            "total": total(lines).to_json(),
            "gates": [need.to_json() for need in found],
            "standards": [_plain(missing) for missing in short],
            "margin": wishes.margin,
            "power": wishes.power,
            "earlier": None if earlier is None else str(earlier),
        }
        say(json.dumps(told, ensure_ascii=False))
        return 0
    lang = language()
    table([head.in_(lang) for head in _HEADS], [*(_line(line, lang) for line in lines), _total(total(lines), lang)])
    if found:
        say()
        _show_needs(found, wishes, lang)
    for line in lines:
        if line.cap:
            tell(_CAP.in_(lang).format(name=line.name, cap=line.cap))
    for missing in short:
        tell(missing_prompts(missing, lang))
    for note in _NOTES[: 2 if found else 1]:
        tell(note.in_(lang))
    if bench.policy.stop:
        tell(_EARLY.in_(lang))
    return 0


def _short(bench: Bench, limit: int | None) -> list[Shortfall]:
    """The rules of the bench's standards for which it has too few prompts."""
    from aigc_eval.standards import shortfalls
    from aigc_eval.text import language as script

    prompts = [p for s in bench.prompt_sets for p in s.prompts][:limit]
    asked = [{**p.fields, "lang": script(p.text), **p.tags} for p in prompts] if bench.standards else []
    return list(shortfalls(asked, bench.standards))


def missing_prompts(missing: Shortfall, lang: str) -> str:
    """What a rule of a standard lacks, in one line."""
    words = {0: _FEW, 1: _LACKS_ONE}.get(len(missing.short), _LACKS)
    return words.in_(lang).format(
        standard=missing.standard.id,
        clause=missing.clause,
        rule=missing.rule.title.in_(lang),
        n=f"{missing.n:,}",
        needed=f"{missing.needed:,}",
        classes=len(missing.short),
        prompts=f"{sum(missing.short.values()):,}",
    )


def _plain(missing: Shortfall) -> dict[str, Any]:
    return {
        "standard": missing.standard.id,
        "clause": missing.clause,
        "rule": missing.rule.title.en,
        "n": missing.n,
        "needed": missing.needed,
        "short": dict(missing.short),
    }


def _line(line: Line, lang: str) -> list[str]:
    cost = "-" if line.cost is None else f"≤ {line.cost:,.2f} {line.currency}"
    return [line.name, _DOES[line.does].in_(lang), *_sizes(line, cost), ", ".join(line.hosts) or "-"]


def _total(found: Total, lang: str) -> list[str]:
    costs = [f"≤ {cost:,.2f} {currency}" for currency, cost in found.costs.items()] + ["?"] * bool(found.unpriced)
    cost = " + ".join(costs) if found.costs else "-"
    return [_TOTAL.in_(lang), _DOES["generate"].in_(lang), *_sizes(found, cost), ""]


def _sizes(found: Line | Total, cost: str) -> list[str]:
    return [
        f"{found.calls:,}",
        f"{found.known:,}",
        "-" if found.read is None else f"{found.read:,}",
        "-" if found.written is None else f"≤ {found.written:,}",
        cost,
        "-" if found.minutes is None else f"{found.minutes:,.1f}",
    ]


def _show_needs(found: Sequence[Need], wishes: Wishes, lang: str) -> None:
    heads = {"power": f"{wishes.power:.0%}", "margin": f"{wishes.margin:g}"}
    table([head.in_(lang).format(**heads) for head in _GATE_HEADS], [_need(need, lang) for need in found])
    for need in found:
        if need.state in ("empty", "never"):
            key = "impossible" if need.state == "never" and need.least is None else need.state
            gate = f"{need.gate} [{need.slice}]" if need.slice else need.gate
            tell(_WARNINGS[key].in_(lang).format(gate=gate, n=f"{need.prompts:,}", least=_count(need.least)))


def _need(need: Need, lang: str) -> list[str]:
    return [
        need.gate,
        need.slice or "-",
        f"{need.prompts:,}" + (f" × {need.samples}" if need.samples > 1 else ""),
        _STATES[need.state].in_(lang),
        _count(need.least),
        _count(need.needed),
        _count(need.margin),
        "-" if need.chance is None else f"{need.chance:.0%}",
        _assumed(need.assumed, need.measured, lang),
    ]


def _count(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _assumed(figures: Mapping[str, float], measured: bool, lang: str) -> str:
    told = [_ASSUMED[k].in_(lang).format(f"{v * 100:.3g} %" if k == "rate" else f"{v:.3g}") for k, v in figures.items()]
    told += [_MEASURED.in_(lang)] if measured else []
    return ("，" if lang == "zh" else ", ").join(told) or "-"
