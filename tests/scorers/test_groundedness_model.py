"""The calibrated groundedness model: its trees, its measures, and how well it tells support on held-out rows."""

from __future__ import annotations

import hashlib
import importlib
import json
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score import rouge_scorer
from sklearn.metrics import roc_auc_score

from aigc_eval.records import Generation, Prompt, Request, Score
from aigc_eval.scorers.groundedness import Groundedness
from aigc_eval.scorers.groundedness.check import check
from aigc_eval.scorers.groundedness.evidence import Evidence
from aigc_eval.scorers.groundedness.measures import MEASURES, measure, subsequence
from aigc_eval.scorers.groundedness.model import WEIGHTS, Trees, bundled

ROOT = Path(__file__).parents[2]
SHARED = ROOT / "../shared/data"
TOWER = (
    "The Eiffel Tower was completed on March 31, 1889 in Paris. It is 330 metres tall. The tower was not demolished. "
    "The United Nations counted 5.9 million visitors in 2022."
)
CHINESE = "埃菲尔铁塔于1889年3月31日在巴黎建成，高330米，每年约有六百万人参观。铁塔没有被拆除。《世界报》称赞它。"
NAMES = [name for name, _ in MEASURES]


def generation(text: str, *evidence: str, question: str = "") -> Generation:
    return Request(Prompt("p", question, evidence=evidence)).answer(text)


def score(text: str, *evidence: str, question: str = "", **options: object) -> Score:
    [found] = Groundedness(**options).score([generation(text, *evidence, question=question)])  # type: ignore[arg-type]
    return found


def measures_of(text: str, evidence: str, question: str = "") -> dict[str, float]:
    read = Evidence((evidence,), question)
    [checked] = check(text, read)
    return dict(zip(NAMES, measure(checked, text, read), strict=True))


# --- the model ------------------------------------------------------------------------------------------------------


def test_the_weights_are_small_and_decide_the_identity() -> None:
    path = ROOT / "aigc_eval/scorers/groundedness" / WEIGHTS
    assert path.stat().st_size < 1_000_000
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert Groundedness().facts() == {"weights": digest}
    assert Groundedness(support="findings").facts() == {}
    assert Groundedness().signature() == "Groundedness|version:2|check:calibrated"
    assert Groundedness(support="findings").signature() == "Groundedness|support:findings|version:2|check:findings"


def by_hand(trees: Trees, row: np.ndarray) -> float:
    total = 0.0
    for root in trees.roots.tolist():
        at = root
        while trees.left[at] != at:
            at = int(trees.left[at] if row[trees.feature[at]] <= trees.threshold[at] else trees.right[at])
        total += float(trees.value[at])
    return total


def some_rows(n: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rows = np.where(rng.random((n, len(NAMES))) < 0.4, rng.integers(0, 4, (n, len(NAMES))), rng.random((n, len(NAMES))))
    rows[:, NAMES.index("hanzi")] = rng.integers(0, 2, n)
    return rows


def test_the_trees_are_followed_to_their_leaves() -> None:
    rows = some_rows(40)
    trees = bundled().trees
    assert trees.sums(rows) == pytest.approx([by_hand(trees, row) for row in rows], abs=1e-9)
    assert len(trees.sums(rows[:0])) == 0


@pytest.mark.parametrize(("name", "sign"), [(n, s) for n, s in MEASURES if s])
def test_what_speaks_for_support_never_speaks_against_it(name: str, sign: int) -> None:
    rows = some_rows(60, seed=1)
    more = rows.copy()
    more[:, NAMES.index(name)] += np.random.default_rng(2).random(60) * 2
    change = bundled().probabilities(more.tolist()) - bundled().probabilities(rows.tolist())
    assert (sign * change >= -1e-12).all()


def test_each_sentence_is_a_function_of_itself_only() -> None:
    rows = some_rows(2500, seed=3)
    together = bundled().probabilities(rows.tolist())
    alone = [bundled().probabilities([row])[0] for row in rows[::83].tolist()]
    assert together[::83] == pytest.approx(alone, abs=1e-12)
    texts = [
        "The tower is in Paris.",
        "铁塔高300米。铁塔在巴黎建成。",
        "Hello!",
        "Bananas ripen faster inside closed bags.",
    ]
    items = [generation(t, TOWER, CHINESE) for t in texts]
    assert Groundedness().score(items) == [Groundedness().score([item])[0] for item in items]


# --- the score ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "evidence", "held"),
    [
        ("The Eiffel Tower was completed on 31 March 1889.", TOWER, True),
        ("The tower is 330 metres tall.", TOWER, True),
        ("The tower in Paris is 300 metres tall.", TOWER, False),
        ("The tower was completed on 31 March 1890.", TOWER, False),
        ("The tower was completed in Paris by Frank Lloyd Wright.", TOWER, False),
        ("The tower was demolished.", TOWER, False),
        ("Bananas ripen faster inside closed bags.", TOWER, False),
        ("埃菲尔铁塔于1889年在巴黎建成。", CHINESE, True),
        ("铁塔高330米，每年约有600万人参观。", CHINESE, True),
        ("铁塔高300米，每年约600万人参观。", CHINESE, False),
        ("埃菲尔铁塔于1890年在巴黎建成。", CHINESE, False),
        ("《泰晤士报》称赞它。", CHINESE, False),
        ("铁塔被拆除。", CHINESE, False),
        ("香蕉放在袋子里熟得更快。", CHINESE, False),
    ],
)
def test_sentences_that_hold_and_that_do_not(text: str, evidence: str, held: bool) -> None:
    found = score(text, evidence)
    assert found.value is not None
    assert (found.value >= 0.5, found.parts["supported"] == 1) == (held, held)
    assert held != bool(found.spans)


def test_the_value_is_the_mean_probability_and_the_threshold_decides() -> None:
    text = "The tower is in Paris. The tower in Paris is 300 metres tall. Any questions?"
    found = score(text, TOWER)
    singles = [score(s + ".", TOWER).value for s in text.split(". ")[:2]]
    assert found.value == found.parts["support"] == pytest.approx(np.mean(singles))  # type: ignore[arg-type]
    assert (found.parts["sentences"], found.parts["supported"], found.parts["fully_supported"]) == (2, 1, 0)
    assert score(text, TOWER, threshold=0.0).parts["supported"] == 2
    assert score(text, TOWER, threshold=1.0).parts["supported"] == 0


def test_the_evidence_stays_and_what_no_check_found_has_a_label() -> None:
    text = "The tower in Paris is 300 metres tall."
    assert [s.label for s in score(text, TOWER).spans] == ["unsupported:number"]
    clean = "The tower is in Paris."
    [span] = score(clean, TOWER, threshold=1.0).spans
    assert (span.label, clean[span.start : span.end]) == ("unsupported:overall", clean)
    assert score(clean, TOWER, threshold=1.0).parts["unsupported_overall"] == 1


def test_metrics_read_the_parts() -> None:
    scores = [score(t, TOWER) for t in ("The tower is in Paris.", "The tower in Paris is 300 metres tall.")]
    rows = pd.DataFrame([{"prompt": str(i), "value": s.value, **s.parts} for i, s in enumerate(scores)])
    found = {m.name: m(rows) for m in Groundedness().metrics()}
    assert found["supported_sentences"] == 0.5
    assert found["support"] == pytest.approx(np.mean([s.value for s in scores]))  # type: ignore[misc]
    assert found["unsupported_overall_rate"] == 0.0
    plain = {m.name for m in Groundedness(support="findings").metrics()}
    assert set(found) - plain == {"support", "unsupported_overall_rate"}


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=20))
def test_any_text_has_a_defined_score(text: str, evidence: str, question: str) -> None:
    found = score(text, evidence, question=question)
    assert found.value is None or 0.0 <= found.value <= 1.0
    assert all(0 <= span.start < span.end <= len(text) for span in found.spans)
    assert all(np.isfinite(value) for value in found.parts.values())


@pytest.mark.parametrize("text", ["a b" * 50_000, "汉 字" * 30_000, "1" * 300_000, "\ud800 x is new", "שלום 5 עולם"])
def test_odd_texts(text: str) -> None:
    for found in (score(text, TOWER), score("The tower is in Paris.", text), score(text, text, question=text)):
        assert not found.error


# --- the measures ---------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from("abcd"), max_size=30), st.lists(st.sampled_from("abcd"), max_size=30))
def test_the_longest_common_subsequence(one: list[str], other: list[str]) -> None:
    table = rouge_scorer._lcs_table(one, other)  # the textbook's table, as rouge_score has it
    assert subsequence(one, other) == table[-1][-1]


def test_measures_of_a_sentence() -> None:
    found = measures_of(
        "Ada Lovelace taught Charles Babbage in 1843 in Leeds.", "Charles Babbage taught Ada Lovelace in 1843."
    )
    assert found["order"] < 1
    assert found["figures_missing"] == 0
    assert found["names_missing"] == 1
    assert found["found"] == pytest.approx(5 / 6)
    assert measures_of("The tower is 330 metres tall.", TOWER)["figures_away"] == 0
    away = measures_of(
        "The tower was completed in 2022 in Paris.", TOWER + " Nobody came in winter. The year 2022 was dry."
    )
    assert away["figures_missing"] == 0
    assert away["figures_away"] == 1


def test_a_question_that_quotes_the_evidence_takes_nothing_away() -> None:
    quoted = measures_of("The tower is in Paris.", TOWER, f"Where is it?\n\nPassage: {TOWER}")
    assert quoted["echo"] == measures_of("The tower is in Paris.", TOWER, "Where is it?\n\nPassage:")["echo"] == 0
    assert measures_of("The tower is in Paris.", TOWER, "Where is the tower?")["echo"] == pytest.approx(1 / 2)


def test_a_short_passage_is_an_answer_to_be_found_again() -> None:
    assert (
        measures_of("The Marsh Bridge was built by Ruth Okafor.", "Ruth Okafor", "Who built it?")["passage_recall"] == 1
    )
    assert (
        measures_of("The Marsh Bridge was built by Lena Torvald.", "Ruth Okafor", "Who built it?")["passage_recall"]
        == 0
    )


# --- the recorded answers of the quickstart -------------------------------------------------------------------------


def recorded(name: str) -> Iterator[tuple[dict[str, str], Score]]:
    prompts = {}
    for line in (ROOT / "benchmarks/prompts/quickstart.jsonl").read_text("utf-8").splitlines():
        prompt = json.loads(line)
        prompts[prompt["id"]] = prompt
    for line in (ROOT / f"benchmarks/recorded/{name}.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if evidence := prompts[row["id"]].get("evidence"):
            yield row, score(row["text"], *evidence, question=prompts[row["id"]]["prompt"])


def test_planted_faults_are_found_and_faithful_answers_pass() -> None:
    planted = [(row, found.parts) for row, found in recorded("hasty") if row["fault"] != "negation"]
    assert len(planted) == 16
    for row, parts in planted:  # of the four that deny something, some are missed: see the model card
        assert parts["supported"] < parts["sentences"], row
    steady = [found.parts for row, found in recorded("steady") if "fault" not in row]
    assert sum(p["supported"] for p in steady) / sum(p["sentences"] for p in steady) >= 0.9


# --- held-out rows --------------------------------------------------------------------------------------------------


def read(path: str) -> str:
    file = SHARED / path
    if not file.exists():
        pytest.skip(f"no data at {file}")
    return file.read_text("utf-8")


def test_claims_with_evidence_judged_by_people() -> None:
    source: dict[str, str] = {}
    for line in read("labelled/factcheck-gpt/Factbench.jsonl").splitlines():
        record = json.loads(line)
        for claim in record["claims"]:
            source.setdefault(claim, record["response"])
    rows = [json.loads(x) for x in read("labelled/factcheck-gpt/subtask3_claim_evidence_stance.jsonl").splitlines()]
    held = [r for r in rows if hashlib.md5(source[r["claim"]].encode()).digest()[0] % 2 and r["stance"][:4] != "part"]
    found = [(r["stance"] == "completely-support", score(r["claim"], r["evidence"]).value) for r in held]
    y, p = (np.array(column) for column in zip(*(pair for pair in found if pair[1] is not None), strict=True))
    assert roc_auc_score(y, p) >= 0.75
    assert ((p >= 0.5)[y].mean() + (p < 0.5)[~y].mean()) / 2 >= 0.68


@pytest.fixture(scope="module")
def data_tool() -> Iterator[ModuleType]:
    folder = str(ROOT / "tools/train")
    sys.path.insert(0, folder)
    yield importlib.import_module("groundedness_data")
    sys.path.remove(folder)


def test_chinese_answers_against_right_ones(data_tool: ModuleType) -> None:
    read("outputs/halluqa/prompts.json")
    held = [r for r in data_tool.halluqa(SHARED) if data_tool.share("halluqa", r.group) < 0.5 and r.kind != "reworded"]
    found = [
        (r.label, f.value) for r in held if (f := score(r.text, *r.evidence, question=r.question)).value is not None
    ]
    assert len(found) > 500
    assert roc_auc_score(*zip(*found, strict=True)) >= 0.80


# --- the training tool ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sentence",
    [
        "In 1889, Gustave Eiffel and Maurice Koechlin completed 1,250 large plans, which are very important.",
        "2019年，华为公司使用Linux和Python开发了3个重要工具，因此下载量增加了20%，这是非常好的。",
    ],
)
def test_edits_change_the_sentence_and_are_seeded(data_tool: ModuleType, sentence: str) -> None:
    edits = importlib.import_module("groundedness_edits")
    pool = edits.Pool(["Ada Lovelace wrote programs near London.", "北京大学的研究人员发布了《新报告》。", sentence])
    for kind in edits.FALSE:
        first, again = (edits.falsify(sentence, kind, random.Random(7), pool) for _ in range(2))
        assert first == again != sentence
    assert edits.falsify(sentence, "date", random.Random(1), pool) not in (None, sentence)
    kinds = {edits.reword(sentence, random.Random(i), pool)[1] for i in range(60)}
    assert {"verbatim", "synonyms"} <= {part for kind in kinds for part in re.split(r"\+", kind)}


@pytest.mark.slow
def test_exported_trees_are_those_that_were_trained(data_tool: ModuleType) -> None:
    training = importlib.import_module("groundedness")
    rng = np.random.default_rng(0)
    rows = some_rows(3000)
    y = (rows[:, 0] + 0.3 * rng.standard_normal(3000) > 0.6).astype(int)
    given = [data_tool.Row("x", ("x",), "", int(label), "made", str(i), "made") for i, label in enumerate(y)]
    part = training.Measured(rows, np.arange(3000), y, y, y, given)
    model = training.fit(part, 20, 8)
    assert training.exported(model).sums(rows) == pytest.approx(model.decision_function(rows), abs=1e-6)
