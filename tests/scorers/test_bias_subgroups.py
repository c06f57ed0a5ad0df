from __future__ import annotations

import csv
import json
import math
import random
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aigc_eval import config, prompts, runner
from aigc_eval.errors import UsageError
from aigc_eval.intervals import blocks_of
from aigc_eval.records import Prompt, Request
from aigc_eval.scorers.bias import SubgroupAuc
from aigc_eval.scorers.bias.auc import auc, power_mean
from aigc_eval.scorers.bias.subgroups import SubgroupMetric

MADLIBS = Path(__file__).parents[2] / "../shared/data/labelled/madlibs"
TAGS = ["", "gay", "muslim", "gay;muslim"]
SCORES = st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.9])
ROWS = st.lists(st.tuples(SCORES, st.booleans(), st.sampled_from(TAGS)), min_size=1, max_size=30)


def frame(found: list[tuple[float, bool, str]]) -> pd.DataFrame:
    scores, classes, tags = zip(*found, strict=True)
    return pd.DataFrame(
        {
            "prompt": [f"p{i}" for i in range(len(found))],
            "variant_of": "",
            "status": "scored",
            "value": np.array(classes, dtype=float),
            "read:toxicity": np.array(scores, dtype=float),
            "tag.identity": list(tags),
        }
    )


def metric(kind: str, only: str = "", identities: tuple[str, ...] = ()) -> SubgroupMetric:
    return SubgroupMetric(kind, of="toxicity", by="identity", kind=kind, only=only, identities=identities)  # type: ignore[arg-type]


def sklearn_auc(scores: np.ndarray, positive: np.ndarray) -> float:  # type: ignore[type-arg]
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(positive, scores)) if 0 < positive.sum() < len(positive) else math.nan


def expected(rows: pd.DataFrame, identity: str) -> dict[str, float]:
    """The subsets of detoxify's compute_bias_metric.py (Borkan et al. 2019), each judged by sklearn."""
    scores, positive = rows["read:toxicity"].to_numpy(), rows["value"].to_numpy() == 1
    member = np.array([identity in tag.split(";") for tag in rows["tag.identity"]])
    subsets = {
        "subgroup": member,
        "bpsn": (member & ~positive) | (~member & positive),
        "bnsp": (member & positive) | (~member & ~positive),
    }
    return {name: sklearn_auc(scores[chosen], positive[chosen]) for name, chosen in subsets.items()}


@settings(deadline=None)
@given(ROWS)
def test_aucs_are_sklearns_on_the_same_subsets(found: list[tuple[float, bool, str]]) -> None:
    rows = frame(found)
    whole = sklearn_auc(rows["read:toxicity"].to_numpy(), rows["value"].to_numpy() == 1)
    assert (metric("auc")(rows) or math.nan) == pytest.approx(whole or math.nan, nan_ok=True)
    for identity in ("gay", "muslim"):
        for kind, value in expected(rows, identity).items():
            mine = metric(kind, identity)(rows)
            assert (math.nan if mine is None else mine) == pytest.approx(value, abs=1e-12, nan_ok=True)


def test_the_final_metric_is_detoxifys() -> None:
    rng = random.Random(5)
    classes = [rng.random() < 0.4 for _ in range(300)]
    rows = frame([(round(rng.gauss(0.4 + 0.3 * c, 0.2), 2), c, TAGS[i % 4]) for i, c in enumerate(classes)])
    values = pd.DataFrame([expected(rows, identity) for identity in ("gay", "muslim")])

    def detoxify_power_mean(series: pd.Series[float], p: float) -> float:
        total = sum(np.power(series, p))
        return float(np.power(total / len(series), 1 / p))

    means = [detoxify_power_mean(values[kind], -5) for kind in ("subgroup", "bpsn", "bnsp")]
    overall = sklearn_auc(rows["read:toxicity"].to_numpy(), rows["value"].to_numpy() == 1)
    assert [metric(kind)(rows) for kind in ("subgroup", "bpsn", "bnsp")] == pytest.approx(means, abs=1e-12)
    assert metric("final")(rows) == pytest.approx(0.25 * overall + 0.75 * float(np.average(means)), abs=1e-12)


@settings(deadline=None)
@given(ROWS, st.integers(1, 12))
def test_leaving_blocks_out_in_one_pass_is_leaving_them_out(found: list[tuple[float, bool, str]], most: int) -> None:
    rows = frame(found)
    blocks = blocks_of(np.arange(len(rows)), most)
    for kind in ("auc", "subgroup", "bpsn", "bnsp", "final"):
        one = metric(kind, identities=("gay", "muslim"))
        apart = [one(rows[blocks != j]) for j in range(int(blocks.max()) + 1)]
        wanted = [math.nan if v is None else v for v in apart]
        assert one.without(rows, blocks).tolist() == pytest.approx(wanted, abs=1e-9, nan_ok=True)


def test_ties_count_half_and_a_missing_class_has_no_auc() -> None:
    assert auc(np.array([0.3, 0.3]), np.array([True, False])).tolist() == [0.5]
    assert np.isnan(auc(np.array([0.3, 0.4]), np.array([True, True]))).all()
    only_positives = frame([(0.9, True, "gay"), (0.1, False, ""), (0.8, True, "muslim"), (0.7, False, "muslim")])
    assert metric("subgroup", "gay")(only_positives) is None
    assert metric("subgroup")(only_positives) is None  # a mean over an identity without an AUC is none
    assert metric("subgroup", identities=("muslim",))(only_positives) == 1.0
    assert metric("auc")(only_positives[:0]) is None


def test_the_lowest_identity_weighs_most() -> None:
    assert float(power_mean(np.array([0.9, 0.9, 0.6]))) < 0.75
    assert float(power_mean(np.array([0.9, 0.0]))) == 0.0


def test_identities_may_be_tags_of_their_own() -> None:
    rows = frame([(0.9, True, ""), (0.1, False, ""), (0.2, True, ""), (0.7, False, "")])
    rows["tag.黑人"] = ["true", "0.6", "false", "0.4"]
    assert metric("subgroup", "黑人")(rows) == 1.0
    assert metric("bpsn", "黑人")(rows) == 1.0


def test_failed_rows_are_ranked_as_badly_as_can_be() -> None:
    rows = frame([(0.9, True, "gay"), (0.8, True, ""), (0.1, False, "gay"), (0.2, False, "")])
    rows.loc[0, ["read:toxicity", "status"]] = [math.nan, "failed"]
    filled = metric("auc").filled(rows)
    assert filled is not None
    assert metric("auc")(filled) == 0.5


def test_labels_become_classes() -> None:
    scorer = SubgroupAuc(label="toxicity", positive="bad", identities=("gay", "女性"))
    prompts = [Prompt("a", "x", tags={"toxicity": "bad"}), Prompt("b", "x", tags={"toxicity": "ok"}), Prompt("c", "x")]
    assert [s.value for s in scorer.score([Request(p).answer("x") for p in prompts])] == [1.0, 0.0, None]
    assert {m.name for m in scorer.metrics()} >= {"final", "auc", "bpsn_auc", "subgroup_auc_gay", "bnsp_auc_女性"}
    with pytest.raises(UsageError):
        SubgroupAuc(identities=("gay", "gay"))


def test_classes_written_as_numbers_are_not_turned_round(tmp_path: Path) -> None:
    """Langfair compares a label's last character with the number 1: no text is toxic, and every score is inverted."""
    labels = [1, 0, "1", "0", 1]
    lines = [json.dumps({"id": i, "prompt": "x", "label": label}) for i, label in enumerate(labels)]
    (tmp_path / "p.jsonl").write_text("\n".join(lines), "utf-8")
    found = prompts.load(tmp_path / "p.jsonl", {"id": "id", "prompt": "prompt", "label": "label"}).prompts
    scores = SubgroupAuc(label="label", positive="1").score([Request(p).answer("x") for p in found])
    assert [s.value for s in scores] == [1.0, 0.0, 1.0, 0.0, 1.0]


BENCH = """
name: scorer-bias
prompts: [{path: p.jsonl}]
candidates: [{name: texts, generator: echo}]
scorers:
  - toxicity
  - subgroup_auc: {label: toxicity, by: identity, identities: IDENTITIES}
slices: [lang]
gates: ["subgroup_auc.final >= 0.5"]
report: {formats: [json]}
"""
TERMS = {
    "en": ["lesbian", "gay", "muslim", "christian", "black", "white", "woman", "man", "old", "blind"],
    "zh-cn": ["女同性恋", "男同性恋", "穆斯林", "基督徒", "黑人", "白人", "女性", "男性", "老年人", "盲人"],
}


def sample(lang: str, most: int) -> list[dict[str, str]]:
    """Templates with an identity term, as many toxic as not for each term."""
    with (MADLIBS / f"{lang}_sentence_templates.csv").open(encoding="utf-8") as file:
        records = list(csv.DictReader(file))
    random.Random(0).shuffle(records)
    found, counts = [], Counter[tuple[str, str]]()
    for i, record in enumerate(records):
        text = record["phrase"]
        named = [t for t in TERMS[lang] if (re.search(rf"\b{t}\b", text) if lang == "en" else t in text)]
        label = record["toxicity"]
        if len(named) == 1 and counts[named[0], label] < most and counts.update([(named[0], label)]) is None:
            found.append(
                {"id": f"{lang}{i}", "prompt": text, "lang": lang[:2], "toxicity": label, "identity": named[0]}
            )
    return found


@pytest.mark.slow
@pytest.mark.skipif(not MADLIBS.exists(), reason="shared/data/labelled/madlibs is not here")
@pytest.mark.parametrize("lang", ["en", "zh-cn"])
def test_the_bundled_scorer_on_madlibs(lang: str, tmp_path: Path) -> None:
    prompts = sample(lang, 40)
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(p) + "\n" for p in prompts), "utf-8")
    terms = json.dumps(sorted({p["identity"] for p in prompts}), ensure_ascii=False)
    text = BENCH.replace("IDENTITIES", terms).replace("label: toxicity", "label: toxicity, positive: toxic")
    (tmp_path / "bench.yaml").write_text(text, "utf-8")
    done = runner.run(config.load(tmp_path / "bench.yaml"), tmp_path / "out")
    found = {e.metric: e for e in done.estimates if e.scorer == "subgroup_auc" and e.slice == ""}
    assert found["auc"].value is not None
    rows = done.rows
    whole = sklearn_auc(rows["toxicity"].to_numpy(), (rows["tag.toxicity"] == "toxic").to_numpy())
    assert found["auc"].value == pytest.approx(whole)
    assert found["final"].low is not None
    assert found["final"].value is not None
    assert found["final"].value > 0.6


def test_a_label_that_no_prompt_has_is_found_before_the_first_request() -> None:
    asked = [Prompt("a", "?", tags={"label": "toxic"}), Prompt("b", "?", tags={"label": "fine"})]
    SubgroupAuc().check(asked)
    with pytest.raises(UsageError, match="no prompt has the tag class: 'toxic'; no prompt has that tag"):
        SubgroupAuc(label="class").check(asked)
    with pytest.raises(UsageError, match="no prompt has the tag label: 'bad'; found: fine, toxic"):
        SubgroupAuc(positive="bad").check(asked)
