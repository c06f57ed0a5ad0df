"""Factuality: goldens from sacrebleu, rouge_score, SQuAD's script and recorded human judgements."""

from __future__ import annotations

import json
import re
import string
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU, CHRF

from aigc_eval.records import Prompt, Request, Score
from aigc_eval.scorers.factuality import Factuality
from aigc_eval.scorers.factuality.corpus import bleu_statistics, chrf_statistics
from aigc_eval.scorers.factuality.overlap import (
    coverage,
    find,
    normal_words,
    words,
)
from aigc_eval.scorers.factuality.rouge import rouge_l, rouge_n, rouge_words
from aigc_eval.scorers.factuality.tokenize import bleu_tokens
from aigc_eval.sequences import lcs

DATA = Path(__file__).parents[2] / "../shared/data/outputs"


def score(text: str, *references: str, question: str = "", lang: str = "", **fields: str) -> Score:
    prompt = Prompt("p", question, references, tags={"lang": lang} if lang else {}, fields=fields)
    [found] = Factuality().score([Request(prompt).answer(text, "ok" if text.strip() else "truncated")])
    return found


def frame(pairs: Sequence[tuple[str, Sequence[str]]]) -> pd.DataFrame:
    scores = Factuality().score(
        [Request(Prompt(str(i), "", tuple(refs))).answer(text) for i, (text, refs) in enumerate(pairs)]
    )
    rows = [{"prompt": str(i), "value": s.value, **s.parts} for i, s in enumerate(scores)]
    return pd.DataFrame(rows)


def metric(name: str) -> Any:
    return {m.name: m for m in Factuality().metrics()}[name]


# SQuAD v1.1 evaluate-v1.1.py (Rajpurkar et al. 2016), the oracle for ASCII English.
def squad_normalize(text: str) -> str:
    text = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def squad_f1(answer: str, reference: str) -> float:
    a, b = squad_normalize(answer).split(), squad_normalize(reference).split()
    same = sum((Counter(a) & Counter(b)).values())
    return 0.0 if same == 0 else 2 * (same / len(a)) * (same / len(b)) / (same / len(a) + same / len(b))


ENGLISH = [
    ("The cat sat on the mat.", "A cat sat on a mat"),
    ("It was U.S. president Abraham Lincoln, in 1863!", "Abraham Lincoln"),
    ("$1,000.50 (about)", "1000.50 dollars"),
    ("well-known rock 'n' roll", "wellknown rock n roll"),
    ("no overlap here", "something else entirely"),
]


@pytest.mark.parametrize(("answer", "reference"), ENGLISH)
def test_english_equals_the_squad_script(answer: str, reference: str) -> None:
    found = score(answer, reference)
    assert found.value == pytest.approx(squad_f1(answer, reference), abs=1e-12)
    assert found.parts["exact_match"] == float(squad_normalize(answer) == squad_normalize(reference))


def test_chinese_f1_is_graded_by_character() -> None:
    # 4 of 6 and 4 of 4 characters shared: P = 4/6, R = 1, F1 = 0.8
    assert score("北京大学医院", "北京大学").value == pytest.approx(0.8)
    assert score("北京大學，", "北京大学").parts["exact_match"] == 1.0
    assert score("答案是ＧＰＴ－４。", "gpt-4").parts["contains"] == 1.0


def test_article_letters_stay_where_they_are_answers() -> None:
    assert score("B", "A").value == 0.0
    assert score("A", "A").parts["exact_match"] == 1.0
    assert score("维生素 A", "维生素").parts["exact_match"] == 0.0


def test_best_of_several_references_and_none() -> None:
    assert score("Scorpio.", "Libra", "scorpio").value == 1.0
    assert score("x").note == "no reference"
    assert score("x", "  ").value is None
    assert Factuality().score([]) == []


def test_containment_is_by_whole_words_and_marks_the_place() -> None:
    text = "It happened in 1914–1918, in New York's harbour."
    found = score(text, "new york")
    assert [text[s.start : s.end] for s in found.spans] == ["New York"]
    assert [(s.label, s.sensitive) for s in found.spans] == [("reference", False)]
    assert score(text, "1914").parts["contains"] == 1.0
    assert score("in 19145", "1914").parts["contains"] == 0.0
    chinese = "中国的首都是北京市。"
    assert [chinese[s.start : s.end] for s in score(chinese, "北京").spans] == ["北京"]


def test_coverage_follows_accents_number_words_and_chinese_pairs() -> None:
    assert coverage("They won it four times", ["4 times"]) == 1.0
    assert coverage("adenosine diphosphate is it", ["adenosine diphosphate (ADP)"]) == pytest.approx(2 / 3)
    assert coverage("首都是北京", ["北京市"]) == pytest.approx(0.5)


def test_wrong_answers() -> None:
    asked = {"question": "你是哪国人？", "Wrong_Answer1": "我是中国人。", "wrong2": "我来自美国。"}
    bad, good = score("我是中国人", "我没有国籍。", **asked), score("我没有国籍", "我没有国籍。", **asked)
    assert bad.parts["closer_to_wrong"] == 1.0
    assert good.parts["closer_to_wrong"] == 0.0
    assert good.parts["margin"] > 0 > bad.parts["margin"]
    assert "margin" not in score("x", "y").parts


ZH = [
    ("今天天气很好，我们去公园。", ["今天天气不错，我们去公园吧。", "今天的天气很好。"]),
    ("GPT-4 是 2023 年发布的模型。", ["GPT-4是2023年3月发布的语言模型。"]),
    ("他不知道", ["我也不知道答案"]),
]
EN = [
    ("The cat sat on the mat.", ["A cat sat on the mat."]),
    ("He was born in 1950, in Paris.", ["He was born in Paris in 1950."]),
    ("Completely different", ["Nothing in common with it"]),
]


def uneven(pairs: Sequence[tuple[str, Sequence[str]]]) -> tuple[list[str], list[list[str | None]]]:
    most = max(len(r) for _, r in pairs)
    return [t for t, _ in pairs], [[r[i] if i < len(r) else None for _, r in pairs] for i in range(most)]


@pytest.mark.parametrize(("pairs", "tokenize"), [(ZH, "zh"), (EN, "13a")])
def test_corpus_scores_equal_sacrebleu(pairs: list[tuple[str, list[str]]], tokenize: str) -> None:
    rows = frame(pairs)
    assert metric("bleu")(rows) == pytest.approx(BLEU(tokenize=tokenize).corpus_score(*uneven(pairs)).score, abs=1e-9)
    assert metric("chrf")(rows) == pytest.approx(CHRF().corpus_score(*uneven(pairs)).score, abs=1e-9)


def test_leaving_blocks_out_equals_recomputing() -> None:
    rows, blocks = frame(ZH + EN), np.array([0, 1, 2, 0, 1, 2])
    for name in ("bleu", "chrf"):
        slow = [metric(name)(rows[blocks != j]) for j in range(3)]
        assert metric(name).without(rows, blocks) == pytest.approx(slow, abs=1e-9)


def test_corpus_scores_of_nothing_have_no_value() -> None:
    assert metric("bleu")(pd.DataFrame({"prompt": []})) is None
    assert metric("chrf")(frame(EN).drop(columns=["chrf_hyp1"])) is None


def test_signature_says_what_sacrebleu_did() -> None:
    import sacrebleu

    signature = Factuality().signature()
    assert "tok:zh for Chinese rows, 13a otherwise" in signature
    assert f"version:{sacrebleu.__version__}" in signature
    assert "nc:6|nw:0" in metric("chrf").source


ROUGE = [*ENGLISH, ("Röntgen's naïve X-ray™ test", "the x ray test of Roentgen"), ("one", "two one"), ("", "a b")]


def rouges(answer: str, reference: str) -> list[float]:
    a, b = rouge_words(answer), rouge_words(reference)
    return [rouge_n(a, b, 1), rouge_n(a, b, 2), rouge_l(a, b)]


@pytest.mark.parametrize(("answer", "reference"), ROUGE)
def test_rouge_equals_rouge_score(answer: str, reference: str) -> None:
    theirs = RougeScorer(["rouge1", "rouge2", "rougeL"]).score(reference, answer)
    assert rouges(answer, reference) == pytest.approx([f.fmeasure for f in theirs.values()], abs=1e-9)


def test_chinese_f1_is_graded_where_squads_script_is_all_or_nothing() -> None:
    for answer, reference in (("北京大学医院", "北京大学"), ("他生于1950年。", "1950年")):
        assert squad_f1(answer, reference) == 0.0
        assert 0.5 < (score(answer, reference).value or 0.0) < 1.0


class Characters:
    def tokenize(self, text: str) -> list[str]:
        return list(text)


def test_chinese_rouge_is_by_character_where_rouge_score_alone_sees_nothing() -> None:
    for answer, reference in (("今天好", "今天很好"), ("北京是中国的首都", "中国首都是北京"), ("上海", "北京")):
        blind = RougeScorer(["rouge1", "rouge2", "rougeL"]).score(reference, answer)
        assert [f.fmeasure for f in blind.values()] == [0.0, 0.0, 0.0]
        theirs = RougeScorer(["rouge1", "rouge2", "rougeL"], tokenizer=Characters()).score(reference, answer)
        assert rouges(answer, reference) == pytest.approx([f.fmeasure for f in theirs.values()], abs=1e-9)
    # 今天好 against 今天很好: 3 characters shared, P = 1, R = 3/4; one pair of 2 and 3; LCS 3
    found = score("今天好", "今天很好").parts
    assert [found[f"rouge_{n}"] for n in "12l"] == pytest.approx([6 / 7, 2 / 5, 6 / 7])


@given(st.lists(st.sampled_from("abcd")), st.lists(st.sampled_from("abcd"), min_size=1))
def test_rouge_of_any_words_equals_rouge_score(answer: list[str], reference: list[str]) -> None:
    theirs = RougeScorer(["rouge1", "rouge2", "rougeL"]).score(" ".join(reference), " ".join(answer))
    assert rouges(" ".join(answer), " ".join(reference)) == pytest.approx([f.fmeasure for f in theirs.values()])


def test_each_rouge_is_the_best_over_the_references() -> None:
    found = score("the cat sat down", "cat the down sat", "the cat").parts
    assert [found[f"rouge_{n}"] for n in "12l"] == pytest.approx([1.0, 2 / 4, 4 / 6])


def test_metric_card_of_squad() -> None:
    # huggingface/evaluate, metrics/squad/README.md: "2 out of 3 answers correct" is 66.66666666666667 for both
    pairs = [("1976", ["1976"]), ("Beyonce", ["Beyoncé and Bruno Mars"]), ("climate change", ["climate change"])]
    assert 100 * metric("exact_match")(frame(pairs)) == pytest.approx(66.66666666666667)
    assert 100 * metric("f1")(frame(pairs)) == pytest.approx(66.66666666666667)


@pytest.mark.parametrize(
    ("answers", "references", "wanted"),
    [
        (["a"], ["a"], 100.0), (["aa"], ["ab"], 25.0), (["a b c"], ["abc"], 100.0), (["a", "b"], ["a", "c"], 50.0),
        ([""], ["a"], 0.0), (["我"], ["我"], 100.0), (["我我"], ["我你"], 25.0),
    ],
)  # fmt: skip
def test_chrf_goldens(answers: list[str], references: list[str], wanted: float) -> None:
    # sacrebleu's test_chrf.py, and the same with Chinese characters
    rows = pd.DataFrame([chrf_statistics(a, [r]) for a, r in zip(answers, references, strict=True)])
    assert metric("chrf")(rows) == pytest.approx(wanted)


def test_an_empty_answer_has_no_bleu() -> None:
    rows = pd.DataFrame([bleu_statistics("", ["我爱北京"], chinese=True)])
    assert metric("bleu")(rows) == 0.0


def test_rare_characters_are_cut_as_sacrebleu_cuts_them() -> None:
    # its '\\u20000' is U+2000 and "0": nothing beyond U+FFFF is a Chinese character to it, but dashes and signs are
    assert bleu_tokens("𠮷𠮷野家", chinese=True) == ["𠮷𠮷", "野", "家"]
    assert bleu_tokens("a≤b—c℃", chinese=True) == ["a", "≤", "b", "—", "c", "℃"]
    assert score("𠮷野家", "𠮷野家").parts["exact_match"] == 1.0
    assert score("𠮷野", "𠮷野家").value == pytest.approx(0.8)


@given(st.text("abc一二", max_size=40), st.text("abc一二", max_size=40))
def test_lcs_equals_the_table(a: str, b: str) -> None:
    row = [0] * (len(b) + 1)
    for x in a:
        above = row[:]
        for j, y in enumerate(b):
            row[j + 1] = above[j] + 1 if x == y else max(above[j + 1], row[j])
    assert lcs(a, b) == row[-1]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_has_a_defined_score(text: str, reference: str) -> None:
    found = score(text, reference, wrong="错", question="问")
    assert found.value is None or 0.0 <= found.value <= 1.0
    for span in found.spans:
        assert span.end <= len(text)
    for word in words(text):
        assert 0 <= word.start < word.end <= len(text)


@pytest.mark.parametrize("text", ["", "🙂🙂", "\ud800 lone", "שלום עולם", "?!…", "a" * 1_000_000, "汉" * 100_000])
def test_odd_texts(text: str) -> None:
    start = time.process_time()
    found = score(text, "汉字 answer", "?!…")
    assert found.value is not None
    assert time.process_time() - start < 30


def test_a_text_of_punctuation_keeps_it() -> None:
    assert score("?!…", "?!...").parts["exact_match"] == 1.0
    assert find(["a", "b"], []) is None


def test_batches_do_not_matter() -> None:
    generations = [Request(Prompt("p", "", ("北京",))).answer(t) for t in ("北京", "在北京", "no")]
    assert Factuality().score(generations) == [Factuality().score([g])[0] for g in generations]


def recorded(name: str) -> list[dict[str, Any]]:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"no recorded outputs at {path}")
    rows: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return rows


def test_agrees_with_people_on_english_answers() -> None:
    rows = [r for r in recorded("evouna/TQ.json") if not r["improper"] and isinstance(r["judge_gpt4"], bool)][:500]
    pairs = [(r["answer_gpt4"], [g for g in r["golden_answer"].split("/") if g.strip()]) for r in rows]
    found, judged = frame(pairs), np.array([r["judge_gpt4"] for r in rows])
    assert np.mean((found["contains"] >= 0.5) == judged) >= 0.88
    assert np.mean((found["coverage"] >= 0.5) == judged) >= 0.92


def test_margin_tells_hallucinations_apart_in_chinese() -> None:
    from sklearn.metrics import roc_auc_score

    asked = {p["question_id"]: p for p in recorded("halluqa/prompts.json")}
    for model, floor in (("gpt-4-0613", 0.82), ("baichuan2-7b-base", 0.82)):
        rows = [r for r in recorded(f"halluqa/{model}.json") if isinstance(r["is_hallucination"], bool)]
        margins = []
        for row in rows:
            p = asked[row["question_id"]]
            best = [v for k, v in p.items() if k.startswith("Best") and v]
            wrong = {k: v for k, v in p.items() if k.startswith("Wrong") and v}
            margins.append(score(row["response"], *best, question=p["Question"], **wrong).parts["margin"])
        assert roc_auc_score([not r["is_hallucination"] for r in rows], margins) >= floor


_ODD = st.lists(
    st.sampled_from(
        [
            *"aB1 .,-'&;<\n\x00\t\u3000$(中国繁。，Ａ１½⑴㈱ΑΣİſßé\u0301\u200b\u2017ﬁㄅ\u2a6d\ud800",
            "&amp;",
            "the ",
            "-\n",
        ]
    ),
    max_size=30,
).map("".join)


@given(_ODD, st.booleans())
def test_words_without_places_are_the_words(text: str, spaced: bool) -> None:
    assert normal_words(text, spaced) == tuple(w.text for w in words(text, spaced))


@given(_ODD, st.booleans())
def test_tokens_are_sacrebleus(text: str, chinese: bool) -> None:
    theirs = BLEU(tokenize="zh" if chinese else "13a", effective_order=True)
    assert bleu_tokens(text, chinese) == theirs._preprocess_segment(text).split()


@given(_ODD, st.lists(_ODD.filter(str.strip), min_size=1, max_size=3), st.booleans())
def test_statistics_are_sacrebleus(text: str, references: list[str], chinese: bool) -> None:
    bleu = BLEU(tokenize="zh" if chinese else "13a", effective_order=True)
    wanted = bleu._extract_corpus_statistics([text], [[r] for r in references])[0]
    assert list(bleu_statistics(text, references, chinese).values()) == wanted
    wanted = CHRF()._extract_corpus_statistics([text], [[r] for r in references])[0]
    assert list(chrf_statistics(text, references).values()) == wanted


def test_a_nul_character_is_no_border_between_words() -> None:
    found = score("a\x00b c\x00d e", "e")
    assert [(s.start, s.end) for s in found.spans] == [(8, 9)]
