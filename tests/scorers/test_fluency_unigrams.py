"""Words, unigram tables and SLOR; means over texts; and what they say of real sentences."""

from __future__ import annotations

import json
import math
import os
import random
import runpy
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval import huggingface as hf
from aigc_eval.errors import UsageError
from aigc_eval.plugin import ModelRef
from aigc_eval.scorers import fluency
from aigc_eval.scorers.fluency import Fluency
from aigc_eval.scorers.fluency.reported import MeanOfTexts
from aigc_eval.scorers.fluency.unigrams import (
    CODE_POINTS,
    TABLE,
    TokenUnigrams,
    WordUnigrams,
    packaged,
    slor,
    units,
    words,
)
from aigc_eval.text import tokens
from tests import tiny
from tests.scorers.test_fluency import HOSTILE, answer, metric

TOOL = Path(__file__).parents[2] / "tools/train/unigram.py"
CORPORA = Path(__file__).parents[2] / "../shared/data/corpora"
needs_corpora = pytest.mark.skipif(not CORPORA.exists(), reason="text corpora (shared/data/corpora) are absent")


@pytest.fixture(scope="module")
def causal(tmp_path_factory: pytest.TempPathFactory) -> ModelRef:
    return ModelRef(str(tiny.causal(tmp_path_factory.mktemp("m") / "tiny-gpt2", positions=64)))


# ---- words and units


@given(st.text(alphabet="ab1 .,\n-'é", max_size=40))
def test_without_hanzi_words_are_those_of_lm_evaluation_harness(text: str) -> None:
    # lm_eval counts len(re.split(r"\s+", doc)), which is this but for empty strings at the ends
    assert words(text) == len(text.split())


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), (" \n", 0), ("今天", 2), ("今天。很 好！", 4), ("用GPT-4写", 3), ("《三体》 is a book.", 5), ("……", 1),
     ("𠮷野家", 3), ("(今)", 1), ("안녕 하세요", 2)],
)  # fmt: skip
def test_each_hanzi_is_a_word_and_marks_belong_to_words(text: str, count: int) -> None:
    assert words(text) == count


def test_units_are_tokens_cut_at_a_fixed_length() -> None:
    text = "It's 3.5 天 " + "x" * 60
    assert units(text) == [*tokens("It's 3.5 天"), "x" * 24, "x" * 24, "x" * 12]


def test_a_megabyte_is_counted_in_bounded_time() -> None:
    started = time.perf_counter()
    for text in ("a" * 10**6, "好" * 10**6, "(" * 10**6, "今(" * 500_000, " " * 10**6, "\ue000a" * 500_000):
        assert words(text) >= 0
        assert math.isfinite(packaged().log_probability(text)[0])
    assert time.perf_counter() - started < 30


# ---- tables


def test_golden_slor() -> None:
    # p_M = 1/2, 1/4, 1/8 and p_u = .1, .05, .01 (Kann et al. 2018, equation 1, by hand)
    assert slor(math.log(0.5 * 0.25 * 0.125), math.log(0.1 * 0.05 * 0.01), 3) == pytest.approx(1.914868, abs=1e-6)
    counts = TokenUnigrams({0: 9, 1: 4, 3: 83}, total=96, vocabulary=4)  # (9 + 1) / 100, (4 + 1) / 100, 1 / 100
    assert slor(math.log(1 / 64), counts.log_probability([0, 1, 2]), 3) == pytest.approx(1.914868, abs=1e-6)


def test_a_table_of_words_by_hand() -> None:
    # seen: "a" 6 times, "b" 3 times; once only: "cd" (spelled c, d, end). Half of all mass for other words.
    table = WordUnigrams.of(["a", "b"], [6, 3], ["", "c", "d"], [1, 1, 1], unseen=0.5)
    known, number = table.log_probability("a b")
    assert (math.exp(known), number) == (pytest.approx((0.5 * 6 / 9) * (0.5 * 3 / 9)), 2)
    # 3 distinct symbols in 3 running ones: each 1/6, and 3/6 for all the other code points together
    assert math.exp(table.log_probability("cd")[0]) == pytest.approx(0.5 * (1 / 6) ** 3)
    strange = math.exp(table.log_probability("z")[0])
    assert strange == pytest.approx(0.5 * (0.5 / (CODE_POINTS - 2)) * (1 / 6))
    assert table.log_probability("") == (0.0, 0)


def test_the_packaged_table_is_a_distribution_and_knows_both_languages() -> None:
    table = packaged()
    assert sum(map(math.exp, table.known.values())) + math.exp(table.unseen) == pytest.approx(1.0)
    strange = math.exp(table.strange) * (CODE_POINTS + 1 - len(table.spelling))
    assert sum(map(math.exp, table.spelling.values())) + strange == pytest.approx(1.0)
    assert all(units(unit) == [unit] for unit in [*table.known][::97])
    for common, rare, invented in (("the", "osmosis", "Zorblax"), ("的", "龙", "\U00030000")):
        found = [table.log_probability(word)[0] for word in (common, rare, invented)]
        assert found == sorted(found, reverse=True)
        assert found[0] > math.log(0.01)
        assert found[2] < -20


def test_counts_are_good_turing_and_a_rebuild_is_byte_identical(tmp_path: Path) -> None:
    import lzma

    (tmp_path / "corpora").mkdir()
    text = "the cat the dog the cat 的 的 猫 好 好\nonce upon\n"
    (tmp_path / "corpora" / "a.txt.xz").write_bytes(lzma.compress(text.encode()))
    made = []
    for seed in ("1", "2"):
        out = tmp_path / f"{seed}.npz"
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, TOOL, "--data", tmp_path, "--out", out], check=True, env=environment)
        made.append(out.read_bytes())
    assert made[0] == made[1]
    held = np.load(tmp_path / "1.npz", allow_pickle=False)
    assert held["units"].tobytes().decode().split("\n") == ["cat", "the", "好", "的"]
    assert held["counts"].tolist() == [2, 3, 2, 2]
    # 13 running units; 4 occur once (dog, 猫, once, upon), 3 twice: (1 * 4 + 2 * 3) / 13
    assert held["unseen"] == pytest.approx(10 / 13)
    assert held["characters"].tobytes().decode() == "cdegnopu猫"
    assert held["character_counts"].tolist()[:2] == [4, 1]  # four ends, one "c"


@needs_corpora
@pytest.mark.slow
def test_the_packaged_table_is_what_the_tool_makes(tmp_path: Path) -> None:
    out = tmp_path / TABLE
    subprocess.run([sys.executable, TOOL, "--data", CORPORA.parent, "--out", out], check=True)
    ours = np.load(Path(fluency.__file__).with_name(TABLE), allow_pickle=False)
    again = np.load(out, allow_pickle=False)
    assert sorted(ours.files) == sorted(again.files)
    assert all(np.array_equal(ours[name], again[name]) for name in ours.files)


# ---- the scorer with a table


def write_counts(folder: Path, counts: dict[str, int]) -> Path:
    path = folder / "counts.json"
    path.write_text(json.dumps(counts), "utf-8")
    return path


def test_slor_by_word_is_the_formula_over_the_packaged_table(causal: ModelRef) -> None:
    for text in ("The cat sat on the mat.", "今天天气很好，我们去公园。", "用 Python 写"):
        parts = Fluency(model=causal).score([answer(text)])[0].parts
        log_unigram, length = packaged().log_probability(text)
        assert length == len(tokens(text))
        assert parts["slor"] == pytest.approx((-parts["nll"] - log_unigram) / length)


@pytest.mark.parametrize("text", ["", "42", "🙂🙂", "مرحبا بالعالم", "안녕하세요", "…"])
def test_slor_is_left_out_where_the_table_knows_nothing(causal: ModelRef, text: str) -> None:
    [score] = Fluency(model=causal).score([answer(text)])
    assert "slor" not in score.parts
    assert ("nll" in score.parts) == bool(text)


def test_slor_by_token_is_the_papers_over_the_tokens_that_are_scored(
    causal: ModelRef, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("\n".join(tiny.TEXTS), "utf-8")
    out = tmp_path / "counts.json"
    monkeypatch.setattr(sys, "argv", ["unigram.py", "--model", causal, "--out", str(out), str(texts)])
    runpy.run_path(str(TOOL), run_name="__main__")
    tokenizer = hf.tokenizer(causal)
    coded = [i for text in tiny.TEXTS for i in tokenizer(text, add_special_tokens=False)["input_ids"]]
    counts = json.loads(out.read_text())
    assert counts == {str(i): coded.count(i) for i in sorted(set(coded))}
    scorer = Fluency(model=causal, unigrams=out)
    [score] = scorer.score([answer("The dog 好 zzz")])
    ids = tokenizer("The dog 好 zzz", add_special_tokens=False)["input_ids"]
    assert any(str(i) not in counts for i in ids)
    log_unigram = sum(math.log((counts.get(str(i), 0) + 1) / (len(coded) + len(tokenizer))) for i in ids)
    assert score.parts["slor"] == pytest.approx((-score.parts["nll"] - log_unigram) / len(ids))
    assert "slor" in scorer.score([answer("مرحبا")])[0].parts  # every token has a count, whatever its script
    assert "unigrams:counts.json" in scorer.signature()
    assert scorer.identity() != Fluency(model=causal).identity()
    assert "add-one" in metric(scorer, "slor").about.en
    assert "packaged" in metric(Fluency(model=causal), "slor").about.en


def test_a_change_of_the_counts_changes_the_identity(causal: ModelRef, tmp_path: Path) -> None:
    scorer = Fluency(model=causal, unigrams=write_counts(tmp_path, {"5": 3}))
    before = scorer.identity()
    write_counts(tmp_path, {"5": 4})
    assert scorer.identity() != before


@pytest.mark.parametrize(
    ("held", "message"),
    [("{}", "object of counts"), ("[1, 2]", "object of counts"), ("{", "cannot be read as JSON"),
     ('{"a": 1}', "'a': 1"), ('{"3": -1}', "'3': -1"), ('{"3": 1.5}', "'3': 1.5"), ('{"3": true}', "'3': True"),
     ('{"999999": 1}', "outside the model's vocabulary"), ('{"-1": 1}', "'-1'"), ("[" * 100_000, "JSON"),
     ("\udcff", "JSON")],
)  # fmt: skip
def test_counts_that_cannot_be_used_are_refused_by_load(
    causal: ModelRef, tmp_path: Path, held: str, message: str
) -> None:
    path = tmp_path / "counts.json"
    path.write_bytes(held.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError, match=message):
        Fluency(model=causal, unigrams=path).load()


def test_counts_need_a_model(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unigrams needs a model"):
        Fluency(unigrams=write_counts(tmp_path, {"5": 3}))


def test_hostile_texts_have_finite_slor(causal: ModelRef, tmp_path: Path) -> None:
    for scorer in (Fluency(model=causal), Fluency(model=causal, unigrams=write_counts(tmp_path, {"5": 3}))):
        for score in scorer.score([answer(text) for text in HOSTILE]):
            assert math.isfinite(score.parts.get("slor", 0.0))
            assert score.parts.get("words", 0.0) >= 0


# ---- means over texts


def test_the_mean_over_texts_is_dominated_by_an_odd_one_and_the_weighted_value_is_not() -> None:
    plain = [{"nll": 100.0, "tokens": 50.0}] * 19  # perplexity e^2 each
    rows = pd.DataFrame([*plain, {"nll": 12.0, "tokens": 1.0}])
    rows["prompt"] = [str(i) for i in range(20)]
    scorer = Fluency(model=ModelRef("any"))
    weighted, mean = metric(scorer, "perplexity"), metric(scorer, "macro_perplexity")
    assert weighted(rows) == pytest.approx(math.exp(1912 / 951))
    assert mean(rows) == pytest.approx((19 * math.exp(2) + math.exp(12)) / 20)
    assert (mean(rows) or 0.0) > 1000 * (weighted(rows) or 0.0)
    assert "dominate" in mean.about.en


@pytest.mark.parametrize("exp", [True, False])
def test_leaving_blocks_out_of_a_mean_is_the_slow_way_in_one_pass(exp: bool) -> None:
    draw = random.Random(0)
    rows = pd.DataFrame({
        "prompt": [str(i // 2) for i in range(30)],
        "nll": [draw.random() * 50 for _ in range(30)],
        "tokens": [float(draw.randint(0, 9)) for _ in range(30)],
    })  # fmt: skip
    rows.loc[3, ["nll", "tokens"]] = math.nan
    found = MeanOfTexts("m", over="nll", under="tokens", exp=exp)
    blocks = np.arange(30) // 2
    slow = [found(rows[blocks != j]) for j in range(15)]
    assert found.without(rows, blocks) == pytest.approx(slow)
    assert found.interval(rows) is not None


def test_an_impossible_text_leaves_the_mean_and_its_interval_finite() -> None:
    rows = pd.DataFrame({"prompt": [str(i) for i in range(20)], "nll": [1e9, *[5.0] * 19], "tokens": [1.0] * 20})
    found = MeanOfTexts("m", over="nll", under="tokens", exp=True, bounds=(1.0, math.inf))
    interval = found.interval(rows)
    assert math.isfinite(found(rows) or math.nan)
    assert interval is not None
    assert math.isfinite(interval.high)
    assert found(rows[rows["nll"] < 0]) is None


def test_every_metric_is_listed_without_a_model_and_reported_with_one() -> None:
    listed, alone = [m.name for m in Fluency.all_metrics()], [m.name for m in Fluency().metrics()]
    reported = [m.name for m in Fluency(model=ModelRef("any")).metrics()]
    assert sorted(listed) == sorted(m.name for m in Fluency(model=ModelRef("bundled")).metrics())
    assert set(listed) - set(reported) == {"atypical_rate", "atypicality"}
    assert {"perplexity", "word_perplexity", "character_perplexity", "bits_per_byte", "slor"} <= {*listed} - {*alone}
    assert {f"macro_{name}" for name in ("perplexity", "bits_per_byte")} <= {*listed}
    assert {"rep_2", "rep_3", "rep_4", "longest_repeat"} <= {*alone}
    assert all(m.title.zh and m.about.zh for m in Fluency.all_metrics())
