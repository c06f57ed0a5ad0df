"""What gates need: the numbers of textbooks, of scipy, and of simulated runs."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from aigc_eval import config
from aigc_eval.cli import planning
from aigc_eval.detectable import POWER
from aigc_eval.errors import UsageError
from aigc_eval.intervals import clopper_pearson
from aigc_eval.needs import MARGIN, Need, needs
from aigc_eval.paired import bounded_difference
from aigc_eval.plugin import Generator
from aigc_eval.records import Generation, Request
from aigc_eval.runner import run


@dataclass(frozen=True)
class Moody(Generator):
    """Repeats more or less of a reference, by the request's seed."""

    shift: float = 0.0

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        return [r.answer("calm words of reason"[: 4 + int(15 * self._part(r))]) for r in batch]

    def _part(self, request: Request) -> float:
        return min(1.0, random.Random(request.seed).random() + self.shift)


def bench(
    folder: Path, gates: Sequence[str], n: int = 100, policy: str = "", candidates: str = "[echo]", samples: int = 1
) -> config.Bench:
    records = [
        {
            "id": f"{i}{lang}",
            "prompt": f"question {i}" if lang == "en" else f"第 {i} 个问题",
            "references": ["calm words of reason"] if i % 2 else [],
            "kind": "abcd"[i % 4],
            "pair": str(i),
        }
        for i in range(n // 2)
        for lang in ("en", "zh")
    ]
    (folder / "p.jsonl").write_text("\n".join(map(json.dumps, records)), "utf-8")
    (folder / "policy.yaml").write_text(f"gates: {json.dumps(gates)}\nmin_prompts: 10\n{policy}", "utf-8")
    (folder / "bench.yaml").write_text(
        f"name: b\nprompts: [p.jsonl]\ncandidates: {candidates}\nsamples: {samples}\n"
        "scorers: [toxicity, fluency, factuality, diversity, memorisation]\n",
        "utf-8",
    )
    return config.load(folder / "bench.yaml", policy=folder / "policy.yaml", trust=True)


def one(folder: Path, gate: str, n: int = 100, **more: object) -> Need:
    [need] = needs(bench(folder, [gate], n), **more)  # type: ignore[arg-type]
    return need


@pytest.mark.parametrize(
    ("gate", "least"),
    [
        ("toxicity.toxic_fraction <= 1 %", 299),  # metrics.md 2.2: 1 - .05^(1/299) = .009969
        ("toxicity.toxic_fraction <= 0.1 %", 2995),
        ("toxicity.toxic_fraction <= 5 %", 59),
        ("toxicity.toxic_fraction <= 1 % at 99 %", 459),
        ("factuality.contains >= 95 %", 59),
        ("factuality.contains >= 0.5", 10),  # the policy's least
        ("memorisation.longest_run <= 40", 10),
        ("toxicity.toxic_fraction <= 0", None),
        ("factuality.contains >= 1", None),
    ],
)
def test_the_least_that_can_pass_at_all(tmp_path: Path, gate: str, least: int | None) -> None:
    assert one(tmp_path, gate).least == least


@pytest.mark.parametrize(
    ("n", "gate", "state"),
    [
        (298, "toxicity.toxic_fraction <= 1 %", "never"),
        (300, "toxicity.toxic_fraction <= 1 %", "few"),
        (1942, "toxicity.toxic_fraction <= 1 %", "enough"),
        (100, "toxicity.toxic_fraction <= 0", "never"),
        (8, "toxicity.toxic_fraction <= 50 %", "never"),
        (100, "memorisation.longest_run <= 40", "unknown"),
        (100, "diversity.distinct_2 >= 0.1", "unknown"),
        (100, "toxicity.mean_toxicity <= 0.5", "enough"),
    ],
)
def test_whether_the_prompts_are_enough(tmp_path: Path, n: int, gate: str, state: str) -> None:
    found = one(tmp_path, gate, n)
    assert found.state == found.to_json()["state"] == state


@pytest.mark.parametrize("limit", [0.01, 0.03, 0.1, 0.4])
def test_below_the_least_a_perfect_result_does_not_pass_and_from_it_on_it_does(tmp_path: Path, limit: float) -> None:
    least = one(tmp_path, f"toxicity.toxic_fraction <= {limit}").least
    assert least is not None
    assert clopper_pearson(0, least, 0.9).high <= limit
    assert least == 10 or clopper_pearson(0, least - 1, 0.9).high > limit


@pytest.mark.parametrize(
    ("gate", "rate", "passing"),
    [
        ("toxicity.toxic_fraction <= 5 %", 0.025, range(9)),  # 8 of 300: metrics.md 2.2
        ("fluency.degenerate_rate <= 5 %", 0.025, range(9)),
    ],
)
def test_the_chance_to_pass_is_that_of_the_counts_that_pass(
    tmp_path: Path, gate: str, rate: float, passing: range
) -> None:
    found = one(tmp_path, gate, 300)
    assert found.assumed == {"rate": rate}
    assert found.chance == pytest.approx(sum(stats.binom.pmf(passing, 300, rate)))


def test_a_limit_from_below_counts_what_it_applies_to(tmp_path: Path) -> None:
    found = one(tmp_path, "factuality.contains >= 90 %", 2000)  # every other prompt has a reference
    assert found.prompts == 1000
    assert found.assumed == {"rate": 0.95}
    assert found.chance == pytest.approx(stats.binom.sf(915, 1000, 0.95))  # 916 of 1,000 pass


def test_so_many_prompts_pass_so_often_and_one_size_smaller_does_not(tmp_path: Path) -> None:
    found = one(tmp_path, "toxicity.toxic_fraction <= 2 %")
    assert found.needed is not None
    hits = np.arange(found.needed)
    bounds = np.array([clopper_pearson(h, found.needed, 0.9).high for h in hits[:60]])
    most = int(np.flatnonzero(bounds <= 0.02)[-1])
    assert stats.binom.cdf(most, found.needed, 0.01) >= 0.8
    assert stats.binom.cdf(most - 1, found.needed, 0.01) < 0.8


def test_the_wanted_margin_is_half_an_interval(tmp_path: Path) -> None:
    found = one(tmp_path, "toxicity.toxic_fraction <= 10 %", margin=0.03)
    assert found.margin is not None
    for n, met in ((found.margin, True), (found.margin - 1, False)):
        assert (clopper_pearson(0.05 * n, n, 0.9).high - 0.05 <= 0.03) is met


def passed(n: int, trials: int, zone: tuple[float, float]) -> float:
    """The share of simulated comparisons that pass: numbers in 0..1, deviation 0.25, correlation 0.5, no difference."""
    rng, one = np.random.default_rng(5), np.ones(n)
    found = 0
    for _ in range(trials):
        ours, own = rng.beta(1.5, 1.5, (2, n))
        theirs = np.where(rng.random(n) < 0.5, ours, own)
        low, high, _ = bounded_difference((ours, one), (theirs, one), level=0.9)
        found += zone[0] <= low and high <= zone[1]
    return found / trials


def test_a_comparison_that_is_no_worse_passes_as_often_as_planned(tmp_path: Path) -> None:
    found = one(tmp_path, "factuality.f1 not worse than echo by 0.05")
    assert found.assumed == {"difference": 0.0, "deviation": 0.25, "correlation": 0.5}
    assert found.needed is not None
    assert found.needed > (0.25 * (1.6448536 + 0.8416212) / 0.05) ** 2  # Miller 2024, one-sided, and the bounds' tail
    assert abs(passed(found.needed, 600, (-0.05, math.inf)) - 0.8) < 0.03 + 4 * math.sqrt(0.16 / 600)


def test_two_bounds_share_what_may_go_wrong(tmp_path: Path) -> None:
    found = one(tmp_path, "factuality.f1 equal to echo within 0.05")
    assert found.needed is not None
    assert abs(passed(found.needed, 600, (-0.05, 0.05)) - 0.8) < 0.03 + 4 * math.sqrt(0.16 / 600)


def test_identical_answers_of_few_prompts_prove_nothing(tmp_path: Path) -> None:
    found = one(tmp_path, "factuality.f1 equal to echo within 0.05")
    same = np.full(58, 0.5), np.ones(58)
    assert found.least == 59
    assert bounded_difference(same, same, level=0.9).high > 0.05


def test_shares_are_compared_at_the_limit_that_another_gate_sets(tmp_path: Path) -> None:
    gates = ["toxicity.toxic_fraction <= 4 %", "toxicity.toxic_fraction not worse than echo by 2 points"]
    _, found = needs(bench(tmp_path, gates))
    assert found.assumed["rate"] == 0.04
    assert found.assumed["deviation"] == pytest.approx(math.sqrt(0.04 * 0.96))


def test_what_is_to_be_better_is_assumed_to_be_so_by_the_margin(tmp_path: Path) -> None:
    found = one(tmp_path, "factuality.f1 better than echo by 0.05", margin=0.1)
    assert found.assumed["difference"] == pytest.approx(0.15)
    by = one(tmp_path, "factuality.f1 not worse than echo by 0.1")
    assert found.needed == by.needed


@pytest.mark.parametrize(
    "gate", ["memorisation.longest_run not worse than echo by 5 %", "memorisation.longest_run <= 40"]
)
def test_numbers_without_an_end_are_not_guessed(tmp_path: Path, gate: str) -> None:
    found = one(tmp_path, gate)
    assert (found.needed, found.margin, found.chance, dict(found.assumed)) == (None, None, None, {})


def test_each_value_and_each_group_has_a_line(tmp_path: Path) -> None:
    gates = ["toxicity.toxic_fraction <= 30 % for each kind", "toxicity.mean_toxicity parity lang within 0.1"]
    found = needs(bench(tmp_path, gates))
    slices = ["kind=a", "kind=b", "kind=c", "kind=d", "lang=en", "lang=zh"]
    assert [(f.slice, f.prompts) for f in found] == list(zip(slices, [26, 26, 24, 24, 50, 50], strict=True))
    assert found[4].assumed["deviation"] == pytest.approx(math.sqrt(2) * 0.25)
    assert (found[4].needed or 0) >= 2 * 0.25**2 * ((1.6448536 + 1.2815516) / 0.1) ** 2


def test_prompts_without_the_tag_have_a_line_too(tmp_path: Path) -> None:
    """As the gate judges them: a class of their own."""
    made = bench(tmp_path, ["toxicity.toxic_fraction <= 30 % for each kind"])
    [known] = made.prompt_sets

    def tagged(kinds: str) -> list[tuple[str, int]]:
        kept = [p if p.tags["kind"] in kinds else replace(p, tags={}) for p in known.prompts]
        return [(f.slice, f.prompts) for f in needs(replace(made, prompt_sets=(replace(known, prompts=tuple(kept)),)))]

    assert tagged("ab") == [("kind=", 48), ("kind=a", 26), ("kind=b", 26)]
    assert tagged("") == [("", 0)]


def test_twins_are_compared_in_pairs(tmp_path: Path) -> None:
    apart, pairs = (
        needs(bench(tmp_path, [f"toxicity.mean_toxicity parity lang within 0.1{more}"]))[0]
        for more in ("", " matched by pair")
    )
    assert apart.needed is not None
    assert pairs.needed is not None
    assert pairs.needed < apart.needed
    assert pairs.assumed == {"difference": 0.0, "deviation": 0.25, "correlation": 0.5}


def test_required_slices_and_grades_have_lines(tmp_path: Path) -> None:
    policy = "required_slices:\n  - {where: {lang: zh}, min_prompts: 60}\n"
    policy += "grades: {risk: {steps: [good <= 1 %, fair <= 5 %, bad]}}\n"
    graded, required = needs(bench(tmp_path, ["toxicity.toxic_fraction grade >= fair on risk"], policy=policy))
    assert (graded.least, graded.assumed) == (59, {"rate": 0.025})
    assert (required.slice, required.prompts, required.least, required.state) == ("lang=zh", 50, 60, "never")


def test_a_limited_run_is_planned_as_such(tmp_path: Path) -> None:
    found = needs(bench(tmp_path, ["toxicity.toxic_fraction <= 5 %"]), 40)[0]
    assert (found.prompts, found.state) == (40, "never")


def test_a_group_without_another_cannot_be_compared(tmp_path: Path) -> None:
    made = bench(tmp_path, ["factuality.contains parity kind within 0.1", "factuality.contains >= 0.5 for each kind"])
    found = needs(made, 1)  # one prompt, without a reference
    assert [f.state for f in found] == ["empty", "empty"]


def test_samples_do_not_count_as_prompts(tmp_path: Path) -> None:
    gate = ["toxicity.toxic_fraction <= 1 %"]
    [found] = needs(bench(tmp_path, gate, 298, samples=5))
    assert (found.samples, found.state) == (5, "never")


def test_an_earlier_run_shows_how_prompts_vary(tmp_path: Path) -> None:
    candidates = f"[{{name: a, generator: {{'{__name__}:Moody': {{}}}}}}, "
    candidates += f"{{name: b, generator: {{'{__name__}:Moody': {{shift: 0.3}}}}}}]"
    gates = ["factuality.f1 not worse than b by 0.05", "factuality.f1 >= 0.2", "memorisation.longest_run <= 100000"]
    made = bench(tmp_path, gates, 80, candidates=candidates)
    assert [f.measured for f in needs(made)] == [False, False, False]
    rows = run(made, tmp_path / "out").rows
    scored = rows[rows["factuality:status"] == "scored"].pivot_table(
        index="prompt", columns="candidate", values="factuality"
    )
    against, limit, unbounded = needs(made, earlier=tmp_path / "out")
    assert against.measured
    assert against.prompts == len(scored) == 40
    assert against.assumed == {"difference": 0.0, "deviation": pytest.approx((scored["a"] - scored["b"]).std())}
    widest = scored.std().idxmax()
    assert limit.assumed == {
        "value": pytest.approx(scored[widest].mean()),
        "deviation": pytest.approx(scored[widest].std()),
    }
    assert unbounded.measured
    assert unbounded.margin is not None


@pytest.mark.parametrize("odd", [{"margin": 0.0}, {"margin": 1.0}, {"power": 1.0}, {"power": -1.0}])
def test_wishes_that_cannot_be(tmp_path: Path, odd: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        one(tmp_path, "toxicity.toxic_fraction <= 5 %", **odd)


def test_the_command_has_the_same_defaults() -> None:
    assert (planning.MARGIN, planning.POWER) == (MARGIN, POWER)
