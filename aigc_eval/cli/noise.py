"""`aigc-eval run BENCH --noise CANDIDATE`: the same candidate twice, and how far its numbers lie apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aigc_eval.cli.benches import Given, check_writable, folder_of
from aigc_eval.cli.signals import decided
from aigc_eval.cli.stdio import language, say, table, tell
from aigc_eval.records import Bilingual

if TYPE_CHECKING:
    from aigc_eval.config import Bench
    from aigc_eval.noise import Margin
    from aigc_eval.records import Run

__all__ = ["run_noise"]

_HEADS = (
    Bilingual("metric", "指标"),
    Bilingual("difference", "两次之差"),
    Bilingual("95 % interval", "95 % 区间"),
    Bilingual("noise margin", "噪声界限"),
)
_SAME = Bilingual(
    "{candidate} gave the same answers in both runs: there is no decoding noise. A difference to another version on "
    "these prompts comes from the version; that other prompts would give another one is what intervals are about.",
    "{candidate} 两次运行的回答完全相同：没有解码噪声。在这些题目上与其他版本的差异均来自版本本身；"
    "换一批题目结果会不同，这由置信区间反映。",
)
_SCORERS = Bilingual(
    "Scores of the same answers differ all the same: this is noise of the scorer.",
    "但同样的回答得分不同：这是评分器自身的噪声。",
)
_ABOUT = Bilingual(
    "two runs of {candidate} on the same prompts lie no further apart than the margin 19 times out of 20",
    "{candidate} 在相同题目上的两次运行，20 次中至少 19 次相差不超过该界限",
)
_LINES = Bilingual(
    "gates for a policy that allow for as much as noise; an unchanged candidate passes each about 8 times in 10 or "
    "more, with twice the margin nearly always:",
    "可写入策略、只容许噪声大小的门限；未改动的候选约有八成以上的机会通过其中每一项，界限加倍则几乎总能通过：",
)
_UNKNOWN = Bilingual(
    "no margin where fewer than ten prompts were scored in both runs", "两次运行中共同评分的题目不足十道的指标没有界限"
)


def run_noise(
    bench: Bench, candidate: str, out: Path | None, given: Given, *, dry_run: bool = False, as_json: bool = False
) -> int:
    """Carry out both runs, each in a folder of its own, and print the margins; the worse run's exit code."""
    from aigc_eval import runner
    from aigc_eval.cli.progress import reporting
    from aigc_eval.errors import UsageError
    from aigc_eval.noise import margins, same_answers, twice

    if dry_run:
        raise UsageError("--noise asks for everything twice; `aigc-eval plan` shows what once is")
    pair = twice(bench, candidate)
    base = out if out is not None else Path(f"{folder_of(pair[0], given.limit)}-noise")
    done: list[Run] = []
    for one, name in zip(pair, ("first", "second"), strict=True):
        check_writable(base / name)
        with reporting() as progress:
            done.append(runner.run(one, base / name, **given._asdict(), progress=progress))
    code = max(run.exit_code for run in done)
    decided(code)
    first, second = (run.rows for run in done)
    found, same = margins(bench.scorers, first, second), same_answers(first, second)
    if as_json:
        told = {
            "candidate": candidate,
            "same_answers": same,
            "margins": [margin.to_json() for margin in found],
            "folders": [str(base / "first"), str(base / "second")],
            "exit_code": code,
        }
        say(json.dumps(told, ensure_ascii=False, allow_nan=False))
        return code
    _show(candidate, found, same, language())
    _tell_lost(done)
    return code


def _show(candidate: str, found: Sequence[Margin], same: bool, lang: str) -> None:
    from aigc_eval.report.numbers import figure, interval

    if same:
        tell(_SAME.in_(lang).format(candidate=candidate))
    if not found:
        return
    if same:
        tell(_SCORERS.in_(lang))
    rows = [
        [
            f"{one.scorer}.{one.metric}",
            figure(one.difference, one.unit),
            interval(one.low, one.high, one.unit) or "–",
            figure(one.margin, one.unit),
        ]
        for one in found
    ]
    table([head.in_(lang) for head in _HEADS], rows)
    tell(_ABOUT.in_(lang).format(candidate=candidate))
    if any(one.margin is None for one in found):
        tell(_UNKNOWN.in_(lang))
    if lines := [one.gate for one in found if one.gate]:
        say()
        tell(_LINES.in_(lang))
        say("gates:")
        for line in lines:
            say(f"  - {line}")


def _tell_lost(done: Sequence[Run]) -> None:
    """Why a run is not whole, if one is not."""
    from aigc_eval import report

    for run in done:
        if run.exit_code:
            tell(report.verdict_line(run, language()))
