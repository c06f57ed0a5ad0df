"""Groundedness: the deterministic check in both languages, numerals, dates, and a real (tiny) inference model."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aigc_eval import huggingface as hf
from aigc_eval.errors import UsageError
from aigc_eval.models.nli import Judged, Nli
from aigc_eval.plugin import ModelRef
from aigc_eval.records import Generation, Prompt, Request, Score
from aigc_eval.scorers.groundedness import Groundedness
from aigc_eval.scorers.groundedness import dates as dates_module
from aigc_eval.scorers.groundedness import quantities as quantities_module
from aigc_eval.scorers.groundedness.check import check
from aigc_eval.scorers.groundedness.claims import is_claim, names
from aigc_eval.scorers.groundedness.dates import dates
from aigc_eval.scorers.groundedness.evidence import Evidence
from aigc_eval.scorers.groundedness.nli import _best, best
from aigc_eval.scorers.groundedness.numerals import flat, han_number
from aigc_eval.scorers.groundedness.polarity import negations
from aigc_eval.scorers.groundedness.quantities import quantities
from tests.tiny import classifier

DATA = Path(__file__).parents[2] / "../shared/data/labelled/factcheck-gpt"
TOWER = (
    "The Eiffel Tower was completed on March 31, 1889 in Paris. It is 330 metres tall. The tower was not demolished. "
    "The United Nations counted 5.9 million visitors in 2022."
)
CHINESE = "埃菲尔铁塔于1889年3月31日在巴黎建成，高330米，每年约有六百万人参观。铁塔没有被拆除。《世界报》称赞它。"


FINDINGS = Groundedness(support="findings")


def generation(text: str, *evidence: str, question: str = "") -> Generation:
    return Request(Prompt("p", question, evidence=evidence)).answer(text)


def score(text: str, *evidence: str, question: str = "") -> Score:
    [found] = FINDINGS.score([generation(text, *evidence, question=question)])
    return found


def marked(text: str, *evidence: str) -> list[tuple[str, str]]:
    return [(s.label.removeprefix("unsupported:"), text[s.start : s.end]) for s in score(text, *evidence).spans]


@pytest.mark.parametrize(
    ("numeral", "value"),
    [
        ("二十三", 23), ("十", 10), ("一百零五", 105), ("两千零二十四", 2024), ("二〇二四", 2024),
        ("一亿零三万", 100_030_000),
        ("十二万三千四百五十六", 123_456), ("三点一四", 3.14), ("一万亿", 1e12), ("三千五百万", 35_000_000),
    ],
)  # fmt: skip
def test_chinese_numerals(numeral: str, value: float) -> None:
    assert han_number(numeral) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("$1.5bn and 2,000 people", [(1.5e9, "usd"), (2000, "person")]),
        ("３亿5千万元", [(350_000_000, "cny")]),
        ("百分之十二点五，约１２％", [(12.5, "percent"), (12, "percent")]),
        ("-5°C, 零下5摄氏度", [(-5, "C"), (-5, "C")]),
        ("over 5km in 23-year-old COVID-19 GPT-4", [(5, "km"), (23, "age")]),
        ("one of them, 一些，十分，千万不要", []),
        ("two hundred and five miles", [(205, "mi")]),
    ],
)
def test_quantities(text: str, wanted: list[tuple[float, str]]) -> None:
    whole = flat(text)
    assert [(q.value, q.unit) for q in quantities(whole, skip=dates(whole))] == wanted


@pytest.mark.parametrize(
    "text",
    [
        "2024年3月5日",
        "二〇二四年三月五日",
        "March 5, 2024",
        "5th of March 2024",
        "2024-03-05",
        "2024/3/5",
        "Mar. 5th, 2024",
    ],
)
def test_dates_in_every_spelling(text: str) -> None:
    assert [(d.year, d.month, d.day) for d in dates(flat(f"x {text}。"))] == [(2024, 3, 5)]


def test_partial_dates_support_one_way_only() -> None:
    assert marked("It was completed in March 1889 in Paris.", TOWER) == []
    assert marked("It was completed on March 31, 1889 in Paris.", "It was completed in March 1889 in Paris.") == [
        ("date", "March 31, 1889")
    ]
    assert marked("Its tower was completed in the 1880s in Paris.", TOWER) == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("The Eiffel Tower was completed on 31 March 1889.", []),
        ("The tower was completed on 31 March 1890.", [("date", "31 March 1890")]),
        ("The tower in Paris is 300 metres tall.", [("number", "300 metres")]),
        ("The tower in Paris is 330 kilometres tall.", [("number", "330 kilometres")]),
        ("In Paris, the UN counted about 6 million visitors in 2022.", []),
        ("The tower was completed in Paris by Frank Lloyd Wright.", [("name", "Frank Lloyd Wright")]),
        ("The tower was demolished.", [("negation", "The tower was demolished.")]),
        ("Bananas ripen faster inside closed bags.", [("content", "Bananas ripen faster inside closed bags.")]),
    ],
)
def test_each_kind_in_english(text: str, wanted: list[tuple[str, str]]) -> None:
    assert marked(text, TOWER) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("铁塔一八八九年三月三十一日在巴黎建成。", []),
        ("铁塔高三百三十米，每年约600万人参观。", []),
        ("铁塔在巴黎建成于1890年。", [("date", "1890年")]),
        ("铁塔高330公里。", [("number", "330公里")]),
        ("铁塔每年约有两百万人参观。", [("number", "两百万人")]),
        ("《世界报》称赞铁塔。", []),
        ("《泰晤士报》称赞它。", [("name", "泰晤士报")]),
        ("埃菲尔铁塔建成后由OpenAI参观。", [("name", "OpenAI")]),
        ("铁塔被拆除。", [("negation", "铁塔被拆除。")]),
        ("香蕉放在袋子里熟得更快。", [("content", "香蕉放在袋子里熟得更快。")]),
    ],
)
def test_each_kind_in_chinese(text: str, wanted: list[tuple[str, str]]) -> None:
    assert marked(text, CHINESE) == wanted


def test_evidence_in_the_other_script_and_width() -> None:
    assert marked("鐵塔高３３０米，在巴黎建成。", CHINESE) == []


def test_opposite_words_are_opposite_polarity() -> None:
    evidence = "Sales of the company rose sharply in Asia. 公司销量大幅上升。"
    assert [kind for kind, _ in marked("Sales of the company fell sharply in Asia.", evidence)] == ["negation"]
    assert [kind for kind, _ in marked("公司销量大幅下降。", evidence)] == ["negation"]
    assert marked("Sales of the company rose sharply in Asia.", evidence) == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("It is not new", 1), ("He didn't go and never will", 2), ("not only new", 0), ("a non-renewable term", 1),
        ("他没有去", 1), ("不仅如此，非常不错", 0), ("这并非事实，不能接受", 2),
    ],
)  # fmt: skip
def test_negations(text: str, wanted: int) -> None:
    assert negations(flat(text)) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "Hello there!", "As an AI, I have no body.", "Is Paris big?", "I'm sorry, but I can't help with that.",
        "Sure!", "你好！", "作为人工智能，我没有感受。", "抱歉，我无法回答这个问题。",
        "巴黎大吗？", "希望对你有帮助。", "- ", "🙂",
    ],
)  # fmt: skip
def test_sentences_that_assert_nothing_do_not_count(text: str) -> None:
    assert score(text, TOWER).note == "no sentence that asserts anything"


def test_assertions_behind_an_interjection_count() -> None:
    assert is_claim("Of course, the tower in Paris was completed in 1889.")
    assert is_claim("好的,铁塔是在巴黎建成的。")


def test_sums_and_list_markers() -> None:
    text = "1. The tower is in Paris, completed in 1889.\n2. The tower has 77 floors and 5 kings.\nAny questions?"
    found = score(text, TOWER)
    assert found.value == 0.5
    assert (found.parts["sentences"], found.parts["supported"], found.parts["fully_supported"]) == (2, 1, 0)
    assert found.parts["unsupported_number"] == 2
    assert [text[s.start : s.end] for s in found.spans if s.label.endswith("number")] == ["77", "5"]


def test_names_of_the_question_are_not_held_against_the_answer() -> None:
    text = "She discovered radium with Marie Curie."
    assert "unsupported:name" in {s.label for s in score(text, "She discovered radium.").spans}
    assert score(text, "She discovered radium.", question="Who was Marie Curie?").spans == ()


def test_without_evidence_it_does_not_apply() -> None:
    assert score("Paris is big.").note == "no evidence"
    assert score("Paris is big.", "  ").note == "no evidence"
    assert FINDINGS.score([]) == Groundedness().score([]) == []


def test_names_in_running_text() -> None:
    text = "However, Dr. Ming Zhou of Microsoft met O'Brien on Monday."
    assert [text[a:b] for a, b in names(text)] == ["Dr. Ming Zhou of Microsoft", "O'Brien"]


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_has_a_defined_score(text: str, evidence: str) -> None:
    found = score(text, evidence)
    assert found.value is None or 0.0 <= found.value <= 1.0
    assert all(span.end <= len(text) for span in found.spans)


@settings(max_examples=50, deadline=None)
@given(st.from_regex(r"[〇零一二两三四五六七八九十百千万亿点0-9,.年月日%$-]{1,25}", fullmatch=True))
def test_any_numeral_is_finite(text: str) -> None:
    whole = flat(text)
    assert all(np.isfinite(q.value) for q in quantities(whole, claims=False, skip=dates(whole)))


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, "汉" * 100_000, "1" * 1_000_000, "万" * 100_000, "\ud800 x", "שלום 5 עולם"]
)
def test_odd_texts(text: str) -> None:
    start = time.perf_counter()
    assert not score(text, TOWER).error
    assert not score("The tower is in Paris.", text).error
    assert time.perf_counter() - start < 30


def test_metrics_read_the_parts() -> None:
    scores = [score(t, TOWER) for t in ("The tower is in Paris.", "The tower in Paris is 300 metres tall.")]
    rows = pd.DataFrame([{"prompt": str(i), "value": s.value, **s.parts} for i, s in enumerate(scores)])
    found = {m.name: m(rows) for m in FINDINGS.metrics()}
    assert found["supported_sentences"] == found["fully_supported_rate"] == 0.5
    assert found["unsupported_number_rate"] == 0.5
    assert found["unsupported_date_rate"] == 0.0


def test_options_are_checked() -> None:
    with pytest.raises(UsageError, match="threshold"):
        Groundedness(threshold=2.0)
    with pytest.raises(UsageError, match="chunk"):
        Groundedness(chunk=0)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return classifier(tmp_path_factory.mktemp("models") / "nli")


@pytest.fixture(scope="module")
def inferred(checkpoint: Path) -> Groundedness:
    scorer = Groundedness(model=ModelRef(str(checkpoint)), threshold=0.0, chunk=24)
    scorer.load()
    return scorer


def test_the_two_checks_have_two_signatures(inferred: Groundedness) -> None:
    assert FINDINGS.signature() == "Groundedness|support:findings|version:2|check:findings"
    assert inferred.signature() == "Groundedness|model:nli|threshold:0.0|chunk:24|version:2|check:nli"
    assert len({inferred.identity(), FINDINGS.identity(), Groundedness().identity()}) == 3
    assert pickle.loads(pickle.dumps(inferred)) == inferred


def plain_probabilities(checkpoint: Path, premise: str, hypothesis: str) -> list[float]:
    import torch
    import transformers

    model = transformers.AutoModelForSequenceClassification.from_pretrained(checkpoint).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint)
    with torch.inference_mode():
        found: list[float] = model(**tokenizer(premise, hypothesis, return_tensors="pt")).logits[0].softmax(-1).tolist()
    return found


def test_the_score_is_summac_by_hand(checkpoint: Path, inferred: Groundedness) -> None:
    chunks = ["The cat sat on the mat.", "Paris is the capital of France."]
    claims = ["The cat sat on the log.", "Beijing is the capital of China."]
    [found] = Groundedness(model=inferred.model, chunk=8).score([generation(" ".join(claims), " ".join(chunks))])
    rows = np.array([[plain_probabilities(checkpoint, c, s) for c in chunks] for s in claims])
    margins = rows[:, :, 0].max(axis=1) - rows[:, :, 2].max(axis=1)
    assert found.parts["nli"] == pytest.approx(margins.mean(), abs=1e-5)
    assert found.parts["supported"] == (margins >= 0.5).sum()


def test_the_two_maxima_are_apart(checkpoint: Path, inferred: Groundedness) -> None:
    # as in SummaC's code: .9 - .8, not the largest difference (.9), since the two may come from different chunks
    assert _best([Judged(0.9, 0.1, 0.0), Judged(0.1, 0.1, 0.8)]) == (0.9, 0.8)
    assert _best([]) == (0.0, 0.0)
    chunks = ["The cat sat on the mat.", "Paris is the capital of France.", "北京是中国的首都。", "今天天气很好。"]
    claim = "The dog sat on the log in Italy."
    rows = np.array([plain_probabilities(checkpoint, c, claim) for c in chunks])
    [found] = Groundedness(model=inferred.model, chunk=12).score([generation(claim, *chunks)])
    assert found.parts["nli"] == pytest.approx(rows[:, 0].max() - rows[:, 2].max(), abs=1e-5)


def test_short_and_chinese_sentences_count(checkpoint: Path, inferred: Groundedness) -> None:
    # SummaC drops every sentence of 10 characters or less and cannot split Chinese: both would leave nothing here
    claims = ["北京是首都。", "北京下雨了！", "A cat sat."]
    evidence = ["北京是中国的首都。", "今天天气很好。"]
    found, checked = (s.score([generation("".join(claims), "".join(evidence))])[0] for s in (inferred, Groundedness()))
    assert max(map(len, claims)) <= 10
    assert found.parts["sentences"] == checked.parts["sentences"] == 3
    rows = np.array([[plain_probabilities(checkpoint, e, c) for e in ["".join(evidence)]] for c in claims])
    assert found.parts["nli"] == pytest.approx((rows[:, :, 0].max(1) - rows[:, :, 2].max(1)).mean(), abs=1e-5)


def test_too_many_readings_are_an_error(inferred: Groundedness) -> None:
    many = "The cat sat on the mat and the dog sat on the log. " * 50
    few = Groundedness(model=inferred.model, chunk=8, max_pairs=100)
    long, short = few.score([generation(many, many), generation("The cat sat on the mat.", many)])
    assert "max_pairs" in long.error
    assert short.value is not None
    endless = Groundedness(model=inferred.model, max_pairs=10).score([generation("好猫" * 10_000, "北京是首都。")])
    assert "max_pairs" in endless[0].error


def test_label_order_comes_from_the_model(tmp_path: Path, checkpoint: Path) -> None:
    turned = Path(shutil.copytree(checkpoint, tmp_path / "turned"))
    settings = json.loads((turned / "config.json").read_text("utf-8"))
    settings["id2label"] = {"0": "CONTRADICTION", "1": "neutral", "2": "ENTAILMENT"}
    settings["label2id"] = {name: int(i) for i, name in settings["id2label"].items()}
    (turned / "config.json").write_text(json.dumps(settings), "utf-8")
    one, other = Nli(str(checkpoint)), Nli(str(turned))
    [straights] = best(one, [(["The cat sat."], ["A cat."])], 64)
    [swappeds] = best(other, [(["The cat sat."], ["A cat."])], 64)
    assert straights is not None
    assert swappeds is not None
    [straight], [swapped] = straights, swappeds
    assert straight.entailment != pytest.approx(straight.contradiction)
    assert (straight.entailment, straight.contradiction) == pytest.approx((swapped.contradiction, swapped.entailment))


def test_unknown_labels_are_an_error(tmp_path: Path) -> None:
    odd = classifier(tmp_path / "odd", labels=("LABEL_0", "LABEL_1", "LABEL_2"))
    with pytest.raises(UsageError, match="set id2label"):
        Groundedness(model=ModelRef(str(odd))).load()


def test_batches_and_chunks_do_not_matter(inferred: Groundedness) -> None:
    texts = ["The cat sat on the mat. " * n for n in (1, 5, 2)] + ["北京是中国的首都。", "Hello!"]
    items = [generation(t, "Paris is the capital of France. " * 9, "今天天气很好，北京是首都。") for t in texts]
    together, alone = inferred.score(items), [inferred.score([g])[0] for g in items]
    for a, b in zip(together, alone, strict=True):
        assert a.note == b.note
        assert a.parts == pytest.approx(b.parts, abs=1e-5)
        assert a.spans == b.spans


def test_long_evidence_is_read_to_its_end(inferred: Groundedness) -> None:
    nli = Nli(str(inferred.model))
    passage = "The cat sat on the mat. " * 40 + "word" * 300 + ". 北京是首都。"
    chunks = nli.chunks(passage, 24)
    assert "".join(chunks).replace(" ", "") == passage.replace(" ", "")
    tokenizer = hf.tokenizer(str(inferred.model))
    assert max(len(tokenizer(c, add_special_tokens=False)["input_ids"]) for c in chunks) <= 24
    assert inferred.score([generation("the cats walked along " * 300 + "home.", passage)])[0].value is not None
    assert inferred.score([generation("\ud800 lone cats sat.", "\ud800 evidence here")])[0].value is not None


def stances(half: int) -> list[dict[str, Any]]:
    """Claims of one half of the source responses; thresholds were chosen on half 0."""
    if not DATA.exists():
        pytest.skip(f"no labelled claims at {DATA}")
    source: dict[str, str] = {}
    for line in (DATA / "Factbench.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        for claim in record["claims"]:
            source.setdefault(claim, record["response"])
    lines = (DATA / "subtask3_claim_evidence_stance.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [r for r in rows if hashlib.md5(source[r["claim"]].encode()).digest()[0] % 2 == half]


def test_claims_with_evidence_judged_by_people() -> None:
    rows = [r for r in stances(1) if r["stance"] in ("completely-support", "irrelevant", "refute")]
    right = np.array([r["stance"] == "completely-support" for r in rows])
    said = np.array([not any(s.findings for s in check(r["claim"], Evidence((r["evidence"],)))) for r in rows])
    assert (said[right].mean() + (~said[~right]).mean()) / 2 >= 0.68


def chinese_sentences() -> list[str]:
    path = DATA.parent / "uner_zh_gsdsimp/train.iob2"
    if not path.exists():
        pytest.skip(f"no sentences at {path}")
    lines = path.read_text("utf-8").splitlines()
    return [line.partition("=")[2].strip() for line in lines if line.startswith("# text")][:800]


def kinds(text: str, evidence: str) -> set[str]:
    return {f.kind for s in check(text, Evidence((evidence,))) for f in s.findings}


def test_real_sentences_and_their_falsified_twins() -> None:
    rows = chinese_sentences()
    assert np.mean([not kinds(row, row) for row in rows]) >= 0.995
    turned = [(row.replace("是", "不是", 1), row) for row in rows if "是" in row and "不是" not in row]
    assert np.mean(["negation" in kinds(*pair) for pair in turned]) >= 0.97
    year = re.compile(r"(?<!\d)(1[5-9]\d\d|20[01]\d)年")
    moved = [(year.sub(lambda m: f"{int(m.group(1)) + 3}年", row, count=1), row) for row in rows if year.search(row)]
    assert len(moved) > 50
    assert np.mean(["date" in kinds(*pair) for pair in moved]) >= 0.95


@pytest.mark.parametrize("text", ["ſix fıve FİVE May 5 people", "fırst and first", "Auguſt 5, ſep 6, May 7, aprİl 8"])
def test_letters_that_equal_ascii_ones_without_case_are_no_number_words(text: str) -> None:
    found = quantities(text, claims=False)
    assert all(text[slice(*q.place)].isascii() for q in found)
    assert [d.month for d in dates(text)] == [5] * ("May" in text)


_PIECES = ["May ", "jan.", "sept", "five", "Twenty-", "one ", "first", "2020", "5", "th", " of ", ", ", "x", "\u0301"]
_PIECES += ["年", "5月", "90年代", "二十三", "万", "$", "%", "-", "/", "_", "é"]


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join))
def test_no_pattern_is_left_out_that_would_match(text: str) -> None:
    every = [dates_module._CHINESE, dates_module._NUMERIC, dates_module._NAMED, dates_module._YEARS]
    tried = {p.pattern for p in dates_module._patterns(text)}
    assert all(p.pattern in tried for group in every for p in group if p.search(text))
    readers = {p.pattern for p, _ in quantities_module._readers(text, claims=False)}
    for pattern in (quantities_module._ARABIC, quantities_module._HAN_NUMBER, quantities_module._WORD_NUMBER):
        assert pattern.pattern in readers or not pattern.search(text)
