"""Corrected rates in a run: what gates make of cards and labels, and what is missing."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aigc_eval import cards, config, runner, verify
from aigc_eval.corrections import Detected, rogan_gladen, rogan_gladen_strata
from aigc_eval.errors import ConfigError
from aigc_eval.gates import parse
from aigc_eval.journal import Journal
from aigc_eval.labels import label_record, sheet_record
from aigc_eval.loading import load
from aigc_eval.records import Accuracy, Correction, Drawing, Label, Prompt, Run, ScorerCard, Sheet
from aigc_eval.rejudging import rejudge
from aigc_eval.report.csv_table import summary
from aigc_eval.report.markdown import markdown
from aigc_eval.report.words import gate_sentence, gate_title, why
from aigc_eval.reviews import basis_of
from aigc_eval.scorers.ai_label import AiLabel
from tests.seen_elsewhere.small import Marked, Says, bench, prompts

EN = Accuracy("lang=en", 200, 160, 400, 20)
ZH = Accuracy("lang=zh", 100, 60, 100, 10)
N = 200


def card(*slices: Accuracy, **more: Any) -> ScorerCard:
    identity = more.pop("identity", Marked().identity())
    known = {"signature": Marked().signature(), "data": "a set", "sha256": "0" * 64, "created": "2027-01-01T00:00:00Z"}
    return ScorerCard("s0", more.pop("metric", "rate"), identity, slices=(Accuracy(), *slices), **known | more)


def asked(n: int = N, zh: int = 0) -> tuple[Prompt, ...]:
    return tuple(replace(p, tags={"lang": "zh" if i < zh else "en"}) for i, p in enumerate(prompts(n)))


def says(bad: int, of: int = N, **more: Any) -> Says:
    return Says(
        {f"p{of - 1 - i}": "bad" for i in range(bad)}
        | {f"p{of - 1 - bad - i}": "break" for i in range(more.get("broken", 0))}
    )


def carry_out(
    home: Path, *limits: Any, bad: int = 16, cards: Sequence[ScorerCard] = (), zh: int = 0, **more: Any
) -> Run:
    done = bench(
        says(bad, broken=more.pop("broken", 0)),
        limits=limits,
        cards=tuple(cards),
        given=asked(zh=zh),
        slices=("lang",),
        **more,
    )
    return runner.run(done, home / "run")


def codes(run: Run, place: int = 0) -> list[str]:
    return [reason.code for reason in run.verdicts[place].reasons]


def label_all(home: Path, run: Run, drawn: Sequence[int], truth: dict[int, bool | None], seed: int = 1) -> None:
    """A sheet whose random core are these prompts of the first candidate, and labels of some of them."""
    items = tuple(Drawing("c0", f"p{i}", 0, ("random",)) for i in drawn)
    sheet = Sheet(f"{seed:016x}", "s0", "rate", seed, "2027-01-01T08:00:00Z", len(run.rows), items)
    places = dict(zip(run.rows["prompt"], run.rows.index, strict=True))
    labels = [
        label_record(
            Label(
                sheet.id,
                "c0",
                f"p{i}",
                0,
                says,
                "A",
                "2027-01-01T09:00:00Z",
                "0" * 64,
                "0" * 64,
                "2027-01-01T10:00:00Z",
            ),
            basis_of(run.rows, places[f"p{i}"], "s0"),
        )
        for i, says in truth.items()
    ]
    with Journal(home / "run") as journal:
        journal.append([sheet_record(sheet), *labels])


def test_a_card_corrects_a_rate_and_a_gate_looks_at_it(tmp_path: Path) -> None:
    run = carry_out(tmp_path, "s0.rate <= 6 %", "corrected s0.rate <= 12 %", cards=[card(EN)])
    found = rogan_gladen(0.08, N, sensitivity=0.8, n_sensitivity=200, specificity=0.95, n_specificity=400)
    [whole] = [c for c in run.corrections if not c.slice]
    assert (whole.value, whole.low, whole.high) == pytest.approx((found.value, found.low, found.high))
    assert (whole.n, whole.floor, whole.below_floor, whole.missing) == (600, pytest.approx(0.05), False, ())
    assert [v.status for v in run.verdicts] == ["undetermined", "pass"]
    judged = run.verdicts[1].estimate
    at_90 = rogan_gladen(0.08, N, sensitivity=0.8, n_sensitivity=200, specificity=0.95, n_specificity=400, level=0.9)
    assert judged is not None
    assert (judged.value, judged.high, judged.scored) == (pytest.approx(found.value), pytest.approx(at_90.high), N)
    assert gate_title(run, run.verdicts[1]).zh.endswith("（校正）")
    assert load(tmp_path / "run").corrections == run.corrections


def test_languages_count_by_their_own_accuracy(tmp_path: Path) -> None:
    run = carry_out(tmp_path, cards=[card(EN, ZH)], zh=50, bad=16)
    parts = [Detected(16 / 150, 150, 0.8, 200, 0.95, 400), Detected(0, 50, 0.6, 100, 0.9, 100)]
    found = rogan_gladen_strata(parts, [0.75, 0.25])
    values = {c.slice: c.value for c in run.corrections}
    assert values[""] == pytest.approx(found.value)
    assert values["lang=zh"] == 0
    assert next(c for c in run.corrections if c.slice == "lang=zh").below_floor


def test_a_language_without_examples_leaves_the_gate_open(tmp_path: Path) -> None:
    run = carry_out(tmp_path, "corrected s0.rate <= 90 %", "s0.rate <= 90 %", cards=[card(EN)], zh=50)
    assert [v.status for v in run.verdicts] == ["undetermined", "pass"]
    assert "scorer not validated for Chinese" in gate_sentence(run, run.verdicts[0], "en")
    assert "中文" in gate_sentence(run, run.verdicts[0], "zh")
    whole = next(c for c in run.corrections if not c.slice)
    assert (whole.value, whole.reason, whole.missing) == (None, "not_validated_for", ("zh",))
    assert next(c for c in run.corrections if c.slice == "lang=en").value is not None


@pytest.mark.parametrize(
    ("cards", "code"),
    [
        ((), "not_validated"),
        ((card(EN, identity="0" * 32),), "validated_other"),
        ((card(EN, metric="mean"),), "not_validated"),
        ((card(Accuracy("lang=en", 50, 5, 50, 45)),), "card_useless"),
    ],
)
def test_without_a_card_that_helps_there_is_no_corrected_rate(tmp_path: Path, cards: Any, code: str) -> None:
    run = carry_out(tmp_path, "corrected s0.rate <= 90 %", cards=cards)
    assert (run.verdicts[0].status, codes(run)) == ("undetermined", [code])
    assert run.exit_code == 3


def test_unscored_outputs_count_as_the_worst(tmp_path: Path) -> None:
    run = carry_out(tmp_path, cards=[card(EN)], broken=2)
    [whole] = [c for c in run.corrections if not c.slice]
    assert whole.value is not None
    assert whole.adverse == pytest.approx(whole.value * 198 / 200 + 0.01)
    assert whole.adverse_high is not None
    assert whole.high is not None
    assert whole.adverse_high > whole.high


def test_a_limit_at_the_detectors_floor_is_noted(tmp_path: Path) -> None:
    run = carry_out(tmp_path, "s0.rate <= 5 %", "s0.rate <= 6 %", bad=0, cards=[card(EN)])
    assert [codes(run, i) for i in (0, 1)] == [["meets", "raw_floor"], ["meets"]]
    assert run.status == "pass"
    assert "5 %" in gate_sentence(run, run.verdicts[0], "zh")


@pytest.mark.parametrize(
    ("gate", "cards", "expected"),
    [
        ("s0.rate <= 90 %", (card(EN),), ["meets"]),
        ("s0.rate <= 90 %", (), ["not_validated"]),
        ("s0.rate <= 90 %", (card(replace(EN, positives=29, found=20)),), ["few_validated"]),
        ("s0.rate <= 90 %", (card(ZH),), ["not_validated_for"]),
        ("s0.mean <= 0.9", (card(EN),), ["meets"]),
        ("s0.rate <= 90 %", (card(EN, metric="other"),), ["not_validated"]),
    ],
)
def test_gates_may_ask_for_validated_scorers(tmp_path: Path, gate: str, cards: Any, expected: list[str]) -> None:
    run = carry_out(tmp_path, replace(parse(gate), require_validated=True), cards=cards)
    assert codes(run) == expected
    assert run.status == ("pass" if expected == ["meets"] else "undetermined")


def test_labels_of_a_random_sample_decide(tmp_path: Path) -> None:
    gate = "ppi s0.rate <= 12 %"
    first = carry_out(tmp_path, gate)
    assert codes(first) == ["no_labels"]
    drawn = [*range(100, 200)]  # 16 of them flagged, of which 10 are right
    truth: dict[int, bool | None] = {i: 190 <= i < 200 for i in drawn}
    label_all(tmp_path, first, drawn, truth)
    run = carry_out(tmp_path, gate)
    [whole] = [c for c in run.corrections if not c.slice]
    assert (whole.kind, whole.n, whole.method) == ("ppi", 100, "ppi(n=100)")
    assert whole.value == pytest.approx(0.05, abs=1e-3)
    assert (run.verdicts[0].status, run.labelled[0].core_labelled) == ("pass", 100)
    assert load(tmp_path / "run").labelled == run.labelled
    assert "5.0" in markdown(run, ["en"])


def test_what_nobody_has_labelled_counts_as_the_worst(tmp_path: Path) -> None:
    gate = "ppi s0.rate <= 15 %"
    first = carry_out(tmp_path, gate)
    drawn = [*range(100, 200)]
    label_all(tmp_path, first, drawn, {i: 190 <= i < 200 for i in drawn if i >= 120})
    run = carry_out(tmp_path, gate)
    assert (run.verdicts[0].status, codes(run)) == ("undetermined", ["adverse"])


def test_a_sheet_that_nobody_looked_at_changes_nothing(tmp_path: Path) -> None:
    first = carry_out(tmp_path, "ppi s0.rate <= 15 %")
    label_all(tmp_path, first, [1, 2, 3], {})
    assert codes(carry_out(tmp_path, "ppi s0.rate <= 15 %")) == ["no_labels"]
    label_all(tmp_path, first, [1, 2, 3], {1: True}, seed=2)
    assert codes(carry_out(tmp_path, "ppi s0.rate <= 15 %")) == ["few_labels"]


def test_cards_that_came_after_the_answers_are_told(tmp_path: Path) -> None:
    carry_out(tmp_path, "corrected s0.rate <= 90 %", cards=[card(ZH)])
    run = carry_out(tmp_path, "corrected s0.rate <= 90 %", cards=[card(EN)])
    assert run.verdicts[0].status == "pass"
    assert "Scorer cards that the gates lean on were changed when 200 answers" in why(run, "en")
    assert carry_out(tmp_path, "corrected s0.rate <= 90 %", cards=[card(EN)]).reasons == run.reasons


def test_tables_hold_raw_and_corrected_side_by_side(tmp_path: Path) -> None:
    run = carry_out(tmp_path, cards=[card(EN)], zh=50)
    lines = [*csv.DictReader(io.StringIO(summary(run, bom=False)))]
    told = {(line["metric"], line["slice"]): line for line in lines}
    assert float(told["rate", "lang=en"]["corrected_high"]) < 1
    assert told["rate", ""]["corrected"] == told["mean", "lang=en"]["corrected"] == told["rate", "lang=en"]["ppi"] == ""
    for lang, words in (
        ("en", "not corrected: scorer not validated for Chinese"),
        ("zh", "未校正：评分器未就中文验证"),
    ):
        assert words in markdown(run, [lang])


def test_corrections_are_records(tmp_path: Path) -> None:
    run = carry_out(tmp_path, cards=[card(EN)], zh=50)
    assert [Correction.from_json(c.to_json()) for c in run.corrections] == [*run.corrections]


# Benches and policies


def written(home: Path, **more: Any) -> Path:
    """A bench of a scorer that comes with a card, in two languages."""
    scorer = AiLabel("both")
    own = card(
        replace(EN, slice="lang=en"),
        ZH,
        identity=scorer.identity(),
        metric="labelled_rate",
        signature=scorer.signature(),
    )
    (home / "cards").mkdir()
    (home / "cards" / "label.json").write_text(cards.encode(replace(own, scorer="ai_label")), "utf-8")
    rows = [{"id": f"p{i}", "prompt": "你好" if i % 2 else "Hello"} for i in range(40)]
    (home / "p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    known = {"name": "b", "prompts": ["p.jsonl"], "candidates": [{"template": ["{prompt}!"]}]}
    known |= {"scorers": [{"ai_label": "both"}], "cards": ["cards/label.json"], "report": {"formats": ["json"]}}
    (home / "bench.yaml").write_text(json.dumps(known | more), "utf-8")
    return home / "bench.yaml"


def test_a_run_is_verified_and_judged_again_without_its_cards(tmp_path: Path) -> None:
    path = written(tmp_path, gates=["corrected ai_label.labelled_rate >= 1 %"], require_validated=True)
    run = runner.run(config.load(path), tmp_path / "run")
    assert [c.digest for c in run.cards] == [c.digest for c in config.load(path).cards]
    assert run.cards[0].digest
    assert {c.slice for c in run.corrections} == {"", "lang=en", "lang=zh"}
    (tmp_path / "cards" / "label.json").unlink()
    assert verify.verify(tmp_path / "run").unfit is None
    needed = {"scorer": "ai_label", "lang": "zh", "sensitivity": 0.5, "specificity": 0.8, "min_items": 200}
    policy = {"gates": ["ai_label.labelled_rate >= 1 %"], "require_validated": True, "required_validation": [needed]}
    (tmp_path / "policy.yaml").write_text(json.dumps(policy), "utf-8")
    again = rejudge(tmp_path / "run", tmp_path / "policy.yaml")
    assert [r.code for v in again.verdicts for r in v.reasons][-1] == "validated"
    assert again.corrections == run.corrections
    assert verify.verify(tmp_path / "run").unfit is None


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"gates": ["corrected cost.latency <= 1"]}, "unknown scorer"),
        ({"cards": ["../card.json"]}, "leads out of the bench's folder"),
        ({"cards": ["p.jsonl"]}, "no JSON"),
        ({"cards": ["cards/label.json", "cards/label.json"]}, "listed twice"),
        ({"gates": ["corrected ai_label.labelled_rate parity lang within 2 points"]}, "held against a limit"),
        ({"scorers": ["fluency"], "gates": ["ppi fluency.rep_2 <= 0.9"]}, "is no rate of outputs"),
    ],
)
def test_what_cannot_be_corrected_is_an_error_of_the_bench(tmp_path: Path, more: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config.load(written(tmp_path, **more))


def test_a_gate_may_ask_or_not_for_itself(tmp_path: Path) -> None:
    gates = ["ai_label.labelled_rate >= 1 %", {"gate": "ai_label.labelled_rate >= 2 %", "require_validated": False}]
    found = config.load(written(tmp_path, gates=gates, require_validated=True)).gates
    assert [gate.require_validated for gate in found] == [True, False]
