"""Cost: how long the calls took, how many tokens they used, how many failed, and what an accepted output costs."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from aigc_eval.errors import UsageError
from aigc_eval.metrics import Mean, Metric, Rate, Ratio
from aigc_eval.plugin import Scorer
from aigc_eval.records import OUTCOMES, Bilingual, Dimension, Generation, Outcome, Score, Sees
from aigc_eval.scorers.cost.price import Price, PricePerAccepted, Rule, TotalPrice
from aigc_eval.scorers.cost.quantile import Quantile

__all__ = ["Cost"]

_OWN = "own definition"


@dataclass(frozen=True)
class Cost(Scorer):
    """Latency, tokens, throughput, failed calls, and money, from what the generator says about its calls.

    The value is 1.0 where the call came to an answer of its own accord (outcome "ok"), else 0.0. Parts, where the
    generator gives them: `call_seconds`, `input_tokens`, `output_tokens`; always `error` and `truncated`.

    `prices` are prices in `currency` for a million tokens, by candidate, "*" for all others, such as
    `{my-model: {input: 0.15, output: 0.6}}`; `as_of`, the day on which they were true, must stand beside them. An
    output is accepted where its outcome is "ok" and every rule of `accept` holds: a scorer of the bench (or a part of
    one), a comparison and a number, such as `["toxicity < 0.5", "factuality >= 0.3"]`. An output that a rule's scorer
    failed on is not accepted, but paid; one to which a rule does not apply is left out. Scorers' and judges' own cost
    is not part of it. Latencies are those of single calls as the generator timed them, on its machine, as busy as it
    was.
    """

    prices: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    as_of: str = ""
    currency: str = "USD"
    accept: tuple[str, ...] = ()

    sees: ClassVar[Sees] = "call"
    outcomes: ClassVar[frozenset[Outcome]] = frozenset(OUTCOMES)
    dimensions: ClassVar[tuple[Dimension, ...]] = ("cost",)
    title: ClassVar[Bilingual] = Bilingual("Cost and speed", "成本与速度")
    needs: ClassVar[str] = "a generator that reports seconds and tokens; money needs prices"
    source: ClassVar[str] = "Liang et al. 2022, HELM (efficiency)"

    def __post_init__(self) -> None:
        """Refuse prices that cannot be and rules that cannot be read."""
        for candidate, price in self.prices.items():
            Price.of(candidate, price)
        if self.prices:
            try:
                datetime.date.fromisoformat(self.as_of)
            except ValueError:
                what = f"cost: as_of: {self.as_of!r} is not the day of the prices; write one like '2026-11-01'"
                raise UsageError(what) from None
        for rule in self.accept:
            Rule.of_text(rule)

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """One score an answer, whatever its outcome."""
        return [_score(generation) for generation in batch]

    def metrics(self) -> tuple[Metric, ...]:
        """Latency first; money where there are prices."""
        if not self.prices:
            return _SPEED
        prices = {candidate: Price.of(candidate, price) for candidate, price in self.prices.items()}
        accepted = Bilingual(" and ".join(["outcome ok", *self.accept]), " 且 ".join(["输出状态为正常", *self.accept]))
        day = Bilingual(
            f"Prices in {self.currency} as of {self.as_of}.", f"价格单位 {self.currency}，截至 {self.as_of}。"
        )
        rules = tuple(map(Rule.of_text, self.accept))
        return (*_SPEED, *_money(prices, rules, self.currency, accepted, day))

    @classmethod
    def all_metrics(cls) -> tuple[Metric, ...]:
        """Those of money too."""
        accepted = Bilingual("outcome ok and every rule of `accept`", "输出状态为正常且满足 accept 的每条规则")
        day = Bilingual("Prices in `currency` as of `as_of`.", "价格单位为 currency，截至 as_of。")
        return (*_SPEED, *_money({}, (), cls.currency, accepted, day))


def _money(
    prices: Mapping[str, Price], rules: tuple[Rule, ...], currency: str, accepted: Bilingual, day: Bilingual
) -> tuple[Metric, ...]:
    en = "Sum over outputs of (input tokens x input price + output tokens x output price) / 1,000,000"
    zh = "全部输出的（输入词元数 × 输入单价 + 输出词元数 × 输出单价）/ 1,000,000 之和"
    return (
        PricePerAccepted(
            "cost_per_accepted",
            prices=prices,
            rules=rules,
            unit=currency,
            title=Bilingual("Cost per accepted output", "每个合格输出的成本"),
            about=Bilingual(
                f"{en}, divided by the number of accepted outputs ({accepted.en}). {day.en}",
                f"{zh}，除以合格输出数（{accepted.zh}）。{day.zh}",
            ),
            source=_OWN,
        ),
        TotalPrice(
            "cost",
            prices=prices,
            unit=currency,
            title=Bilingual("Cost of all outputs", "全部输出的成本"),
            about=Bilingual(f"{en}. {day.en}", f"{zh}。{day.zh}"),
            source=_OWN,
        ),
    )


def _score(generation: Generation) -> Score:
    parts = {"error": float(generation.outcome == "error"), "truncated": float(generation.outcome == "truncated")}
    if generation.seconds is not None:
        parts["call_seconds"] = generation.seconds
    parts |= {name: float(n) for name, n in generation.usage.items() if name in ("input_tokens", "output_tokens")}
    return Score(float(generation.outcome == "ok"), parts)


def _latency(percent: int) -> Quantile:
    return Quantile(
        f"latency_p{percent}",
        of="call_seconds",
        q=percent / 100,
        unit="s",
        title=Bilingual(f"Latency p{percent}", f"延迟 p{percent}"),
        about=Bilingual(
            f"Time in seconds within which {percent} % of the calls were answered (linear interpolation of order "
            "statistics); failed calls never were. No interval where there are too few calls to bound it.",
            f"{percent}% 的调用在此秒数内得到回答（次序统计量线性插值）；失败的调用视为始终未得到回答。"
            "调用次数不足以界定时不给区间。",
        ),
        source="Hyndman & Fan 1996, type 7; interval: Woodruff 1952",
    )


_SPEED: tuple[Metric, ...] = (
    _latency(50),
    _latency(95),
    _latency(99),
    Ratio(
        "tokens_per_second",
        over="output_tokens",
        under="call_seconds",
        better="higher",
        unit="tokens/s",
        title=Bilingual("Throughput of a call", "单次调用吞吐量"),
        about=Bilingual(
            "Output tokens of all calls divided by their seconds: what one call at a time yields, not a server's "
            "total.",
            "全部调用的输出词元数除以总秒数：逐个调用时的速度，而非服务端总吞吐量。",
        ),
        source=_OWN,
    ),
    Mean(
        "input_tokens",
        of="input_tokens",
        better=None,
        bounds=(0.0, float("inf")),
        unit="tokens",
        title=Bilingual("Input tokens", "输入词元数"),
        about=Bilingual(
            "Tokens that a call sent, as the generator counts them, mean over calls.",
            "每次调用送入的词元数（按生成器的计数），对调用取平均。",
        ),
        source=_OWN,
    ),
    Mean(
        "output_tokens",
        of="output_tokens",
        bounds=(0.0, float("inf")),
        unit="tokens",
        title=Bilingual("Output tokens", "输出词元数"),
        about=Bilingual(
            "Tokens that a call returned, as the generator counts them, mean over calls.",
            "每次调用返回的词元数（按生成器的计数），对调用取平均。",
        ),
        source=_OWN,
    ),
    Rate(
        "error_rate",
        of="error",
        title=Bilingual("Failed calls", "调用失败率"),
        about=Bilingual("Share of calls with the outcome error.", "结果为 error 的调用所占比例。"),
        source=_OWN,
    ),
    Rate(
        "truncation_rate",
        of="truncated",
        title=Bilingual("Outputs cut at the token limit", "因长度上限被截断的输出"),
        about=Bilingual("Share of calls with the outcome truncated.", "结果为 truncated 的调用所占比例。"),
        source=_OWN,
    ),
)
