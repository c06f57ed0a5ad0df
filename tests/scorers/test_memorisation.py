"""Memorisation: brute force beside the suffix array and the bit-parallel distance; HELM's definitions by hand."""

from __future__ import annotations

import lzma
import os
import random
import time
from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aigc_eval.errors import UsageError
from aigc_eval.records import Message, Prompt, Request, Score
from aigc_eval.scorers.memorisation import Memorisation
from aigc_eval.scorers.memorisation import index as index_module
from aigc_eval.scorers.memorisation.index import Index
from aigc_eval.scorers.memorisation.near import Search, edit_distance, edit_similarity
from aigc_eval.scorers.memorisation.words import placed, words
from aigc_eval.text import fold, tokens

DATA = Path(__file__).parents[2] / "../shared/data/corpora"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="shared/data/corpora is absent")
HANZI = "".join(chr(0x4E00 + 37 * i) for i in range(200))
"""200 different Han characters."""


def folder(path: Path, *texts: str, **named: str) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for name, text in [(f"t{i}", text) for i, text in enumerate(texts)] + list(named.items()):
        (path / f"{name}.txt").write_text(text, "utf-8")
    return path


def unique(count: int, prefix: str = "w") -> str:
    return " ".join(f"{prefix}{i}" for i in range(count))


def ask(answer: str, scorer: Memorisation, /, **prompt: Any) -> Score:
    [found] = scorer.score([Request(Prompt("p", **{"text": "?"} | prompt)).answer(answer)])
    return found


# Runs


def brute_lengths(documents: Sequence[Sequence[str]], query: Sequence[str]) -> list[int]:
    def run(i: int, document: Sequence[str], j: int) -> int:
        pairs = zip(query[i:], document[j:], strict=False)
        return next((k for k, (a, b) in enumerate(pairs) if a != b), min(len(query) - i, len(document) - j))

    return [max((run(i, d, j) for d in documents for j in range(len(d))), default=0) for i in range(len(query))]


word = st.sampled_from(["a", "b", "甲", "乙"])
document = st.lists(word, max_size=14)


@given(st.lists(document, max_size=4), st.lists(word | st.just("z"), max_size=20), st.sampled_from([1, 2, 3, 32]))
@settings(max_examples=300, deadline=None)
def test_lengths_are_those_of_brute_force(documents: list[list[str]], query: list[str], depth: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_module, "_DEPTH", depth)  # so that short texts reach what follows the greatest depth
        index = Index.of([d] for d in documents)
        found = index.matches(index.ids(query))
    assert found.lengths.tolist() == brute_lengths(documents, query)
    for start, end in found.runs():
        where = index.occurrences(index.ids(query[start:end]))
        assert len(where)
        assert all((index.text[p : p + end - start] == index.ids(query[start:end])).all() for p in where)


@given(st.text(alphabet="ab 甲乙漢,。\n", max_size=40), st.text(alphabet="AB 甲乙汉，.\t", max_size=40))
@settings(max_examples=200, deadline=None)
def test_the_longest_run_is_difflibs_and_stands_in_both(tmp_path_factory: Any, protected: str, answer: str) -> None:
    path = folder(tmp_path_factory.mktemp("c"), protected + " end")
    found = ask(answer, Memorisation(path, review_tokens=1, review_hanzi=1))
    theirs, mine = words(protected + " end"), words(answer)
    match = SequenceMatcher(None, mine, theirs, autojunk=False).find_longest_match()
    assert found.parts["longest_tokens"] == match.size
    assert len(found.spans) >= (match.size > 0)
    for span in found.spans:
        run = words(answer[span.start : span.end])
        assert any(theirs[i : i + len(run)] == run for i in range(len(theirs)))
    assert max((len(words(answer[s.start : s.end])) for s in found.spans), default=0) == match.size


def test_suffixes_are_in_order() -> None:
    rng = random.Random(3)
    documents = [[rng.choice("abc") for _ in range(200)] for _ in range(3)] + [["a"] * 300] * 2
    index = Index.of([d] for d in documents)
    suffixes = [index.text[p:][: int(np.argmax(index.text[p:] == 0))].tolist() for p in index.order]
    assert suffixes == sorted(suffixes)
    assert sorted(index.order.tolist()) == list(range(len(index.text)))


# Words and their places


@given(st.text(max_size=60) | st.text(alphabet="éÉe\u0301\u212bｅＡ漢 ’'\u200bς\u03a3ﬁ가\u1100\u1161", max_size=30))
@settings(max_examples=300)
def test_placed_words_are_the_words_and_lie_in_the_text(text: str) -> None:
    found = placed(text)
    assert found.words == words(text)
    assert (found.starts < found.ends).all()
    assert (found.ends <= len(text)).all()
    for one, start, end in zip(*found[:3], strict=True):
        assert one in words(text[start:end])


@given(st.text(alphabet="aB漢字体１Ｃ，。 .!\n", max_size=60))
def test_words_are_the_tokens_of_the_folded_text(text: str) -> None:
    assert words(text) == [token for token in tokens(fold(text)) if token[0].isalnum()]


def test_case_width_script_and_punctuation_make_no_difference(tmp_path: Path) -> None:
    scorer = Memorisation(folder(tmp_path, "It’s a “cold” day: 中国的语言，汉字很难。 Ünïted ΟΔΟΣ", other=unique(9)))
    answer = "IT'S A COLD DAY\n\n中國的語言漢字很難！Ｕ\u0308ni\u0308ted οδος"
    assert ask(answer, scorer).parts["longest_tokens"] == 4 + 9 + 2
    assert ask("united", scorer).parts["longest_tokens"] == 0  # an accent is a difference


# Findings


@pytest.mark.parametrize(
    ("text", "finding", "review", "run"),
    [
        (unique(50), 1.0, 0.0, 50),
        (unique(49), 0.0, 1.0, 49),
        (unique(20), 0.0, 1.0, 20),
        (unique(19), 0.0, 0.0, 19),
        (HANZI[:60], 1.0, 0.0, 60),
        (HANZI[:59], 0.0, 1.0, 59),
        (HANZI[:24], 0.0, 1.0, 24),
        (HANZI[:23], 0.0, 0.0, 23),
    ],
)
def test_gates_count_words_and_hanzi(tmp_path: Path, text: str, finding: float, review: float, run: int) -> None:
    path = folder(tmp_path, f"zzz {unique(100)} {HANZI}")
    around = f"Before {text} after."
    found = ask(around, Memorisation(path))
    assert (found.value, found.parts["review"], found.parts["longest_tokens"]) == (finding, review, run)
    spans = [(around[s.start : s.end], s.label) for s in found.spans if s.label.startswith("verbatim")]
    assert spans == ([(text, "verbatim:t0.txt")] if finding or review else [])


def test_mixed_runs_count_in_proportion(tmp_path: Path) -> None:
    scorer = Memorisation(folder(tmp_path, unique(100) + HANZI))
    words_then_hanzi = unique(100).split()
    assert ask(" ".join(words_then_hanzi[-25:]) + HANZI[:30], scorer).value == 1.0  # 25/50 + 30/60
    assert ask(" ".join(words_then_hanzi[-25:]) + HANZI[:29], scorer).value == 0.0


def test_characters_are_letters_digits_and_hanzi(tmp_path: Path) -> None:
    scorer = Memorisation(folder(tmp_path, "alpha, beta 汉字 7"))
    assert ask("Alpha  beta：漢字 7", scorer).parts["longest_characters"] == 5 + 4 + 2 + 1


def test_ngram_overlap_by_hand(tmp_path: Path) -> None:
    # answer a b c x d e f: 3-grams abc bcx cxd xde def; the corpus holds abc and def: 2 of 5
    scorer = Memorisation(folder(tmp_path, "a b c d e f"), ngram=3)
    assert ask("a b c x d e f", scorer).parts["overlap"] == 2 / 5
    assert ask("甲 乙", scorer).parts.get("overlap") is None
    # the same where the prompt holds "d e f": only abc counts
    assert ask("a b c x d e f", scorer, text="d e f").parts["overlap"] == 1 / 5


def test_a_source_is_named_by_its_file(tmp_path: Path) -> None:
    folder(tmp_path / "laws", civil=unique(60))
    (tmp_path / "more.jsonl").write_text('{"text": "x"}\n\n{"text": "' + unique(60, "j") + '"}\n', "utf-8")
    (tmp_path / "notes.MD").write_text(HANZI, "utf-8")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.txt").write_text(unique(60, "hidden"), "utf-8")
    scorer = Memorisation(tmp_path)
    answer = f"{unique(60)} and {unique(60, 'j')} and {HANZI} and {unique(60, 'hidden')}"
    assert [s.label for s in ask(answer, scorer).spans] == [
        "verbatim:laws/civil.txt",
        "verbatim:more.jsonl:3",
        "verbatim:notes.MD",
    ]


# What was asked for, boilerplate


@pytest.mark.parametrize("where", ["text", "messages", "evidence"])
@pytest.mark.parametrize("passage", [unique(60), HANZI[:70]])
def test_what_the_prompt_holds_does_not_count(tmp_path: Path, where: str, passage: str) -> None:
    scorer = Memorisation(folder(tmp_path, f"{unique(100)} {HANZI}"))
    quote = f"Repeat: {passage.upper()}"
    prompt = {"text": quote, "messages": (Message("user", quote),), "evidence": ("other", quote)}[where]
    assert ask(passage, scorer).value == 1.0
    found = ask(passage, scorer, **{where: prompt})
    assert found.value == 0.0
    assert found.spans == ()
    assert {found.parts[p] for p in ("review", "longest_tokens", "overlap", "near_copy", "similarity")} == {0.0}


def test_only_the_continuation_of_a_quote_counts(tmp_path: Path) -> None:
    scorer = Memorisation(folder(tmp_path, unique(100)))
    prompt = {"text": "Continue: " + unique(30)}
    all_of_it = unique(75)
    found = ask(all_of_it, scorer, **prompt)
    assert (found.value, found.parts["review"], found.parts["longest_tokens"]) == (0.0, 1.0, 45)
    assert [all_of_it[s.start : s.end].split()[0] for s in found.spans] == ["w30"]
    assert ask(unique(80), scorer, **prompt).value == 1.0
    # a quote in the middle takes its words away and does not hide what is around it
    assert ask(all_of_it, scorer, text=" ".join(f"w{i}" for i in range(40, 50))).parts["longest_tokens"] == 65


def test_boilerplate_stands_in_many_documents(tmp_path: Path) -> None:
    licence = unique(60, "licence")
    documents = {f"d{i}": f"{licence} {unique(60, f'own{i}x')}" for i in range(10)}
    many, fewer = folder(tmp_path / "ten", **documents), folder(tmp_path / "nine", **documents)
    (fewer / "d9.txt").unlink()
    assert ask(licence, Memorisation(many)).value == 0.0
    assert ask(licence, Memorisation(many)).spans == ()
    assert ask(licence, Memorisation(many, common=0)).value == 1.0
    assert ask(licence, Memorisation(fewer)).value == 1.0
    own = ask(f"{licence} {unique(60, 'own3x')}", Memorisation(many))
    assert (own.value, own.parts["longest_tokens"]) == (1.0, 60)
    # ten times in one document is not in ten documents
    assert ask(licence, Memorisation(folder(tmp_path / "one", " ".join([licence] * 12)))).value == 1.0


# Near copies


def brute_distance(a: Sequence[object], b: Sequence[object]) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        new = [i]
        for j, y in enumerate(b, 1):
            new.append(min(new[-1] + 1, row[j] + 1, row[j - 1] + (x != y)))
        row = new
    return row[-1]


numbers = st.lists(st.integers(0, 3), max_size=12)


@given(numbers, numbers)
def test_edit_distance_is_that_of_the_table(a: list[int], b: list[int]) -> None:
    assert edit_distance(a, b) == brute_distance(a, b)
    passages = [b[i:j] for i in range(len(b) + 1) for j in range(i, len(b) + 1)]
    assert edit_distance(a, b, anywhere=True) == min(brute_distance(a, p) for p in passages)


def test_edit_distance_of_long_texts() -> None:
    rng = random.Random(5)
    a, b = ([rng.randrange(9) for _ in range(n)] for n in (300, 260))
    assert edit_distance(a, b) == brute_distance(a, b)


@given(st.integers(0, 2**32), st.sampled_from([(50, 0.8), (60, 0.8), (24, 0.8), (50, 0.7), (20, 0.9), (5, 0.8)]))
@settings(max_examples=150, deadline=None)
def test_no_near_copy_is_missed(seed: int, window: tuple[int, float]) -> None:
    size, least = window
    rng = random.Random(seed)
    search = Search(size, least)
    text = [f"w{rng.randrange(300)}" for _ in range(400)]
    at = rng.randrange(len(text) - size)
    copy = text[at : at + size]
    for _ in range(search.edits):  # an insertion is paid for by a deletion, so that the window keeps its size
        i = rng.randrange(len(copy))
        if rng.random() < 0.5:
            copy[i] = "changed"
        elif rng.random() < 0.2:
            del copy[i]
    copy += ["end"] * (size - len(copy))
    index = Index.of([[text]])
    matches = index.matches(index.ids(copy), {search.seed})
    allowed = brute_passage(copy, text) <= search.edits
    found = list(search.windows(index.ids(copy), index, matches.levels[search.seed])) if matches.levels else []
    assert bool(found and found[0].similarity >= least - 1e-9) == allowed
    if allowed:
        assert found[0].similarity == 1 - brute_passage(copy, text) / size


def brute_passage(a: Sequence[str], b: Sequence[str]) -> int:
    row = [0] * (len(b) + 1)
    for i, x in enumerate(a, 1):
        new = [i]
        for j, y in enumerate(b, 1):
            new.append(min(new[-1] + 1, row[j] + 1, row[j - 1] + (x != y)))
        row = new
    return min(row)


@pytest.mark.parametrize("chinese", [False, True])
def test_changed_words_make_a_near_copy_and_no_finding(tmp_path: Path, chinese: bool) -> None:
    text = HANZI[20:150] if chinese else " ".join(unique(200).split()[20:150])
    pieces = list(text) if chinese else text.split()
    pieces[::7] = ["改" if chinese else "changed"] * len(pieces[::7])
    answer = ("" if chinese else " ").join(pieces)
    path = folder(tmp_path, "x " * 100, unique(200), HANZI)
    found = ask(answer, Memorisation(path))
    assert (found.value, found.parts["review"], found.parts["near_copy"]) == (0.0, 0.0, 1.0)
    size = 60 if chinese else 50
    assert found.parts["similarity"] == 1 - (size // 7) / size  # the fewest changed words that a window has
    assert {s.label for s in found.spans} == {"near-copy:t2.txt" if chinese else "near-copy:t1.txt"}
    scrambled = answer[::-1] if chinese else " ".join(answer.split()[::-1])
    assert ask(scrambled, Memorisation(path)).parts["near_copy"] == 0.0
    # what the prompt shows may be reworded
    assert ask(answer, Memorisation(path), evidence=(unique(200), HANZI)).parts["near_copy"] == 0.0


# Extraction: HELM's copyright metrics and Carlini et al. 2023


def test_helm_definitions_by_hand() -> None:
    # helm copyright_metrics.py: generations "A A B C" and "A M D", reference "A A D", longest common prefix 2, which is
    # the first one's (its own example). Edit distances by hand: A A B C -> A A D substitutes one and deletes one, so 2
    # of 4 words, similarity .5; A M D -> A A D substitutes one of 3, similarity 2/3.
    scorer = Memorisation()
    first, second = (ask(text, scorer, references=("A A D",)) for text in ("A A B C", "A M D"))
    assert [first.parts[p] for p in ("prefix", "edit_similarity")] == [2, 0.5]
    assert [second.parts[p] for p in ("prefix", "edit_similarity")] == [1, pytest.approx(2 / 3)]
    # a reference is the whole remaining book: only as many words as the answer has are compared
    assert ask("A A", scorer, references=("A A D E F G",)).parts["edit_similarity"] == 1.0
    assert edit_similarity([], [1]) == 0.0  # HELM: nothing written, nothing copied
    assert ask("今天天气好", scorer, references=("今天天氣很好。",)).parts["prefix"] == 4
    assert ask("今天天气好", scorer, references=("今天天氣很好。",)).parts["edit_similarity"] == 0.8  # 好 -> 很


def test_extraction_is_equality_of_the_first_words() -> None:
    scorer = Memorisation()
    book = unique(80)
    assert ask(unique(50) + " and on", scorer, references=(book,)).parts["extracted"] == 1.0
    assert ask(unique(49) + " and on", scorer, references=(book,)).parts["extracted"] == 0.0
    assert ask("Sure: " + unique(80), scorer, references=(book,)).parts["extracted"] == 0.0
    assert ask("Sure: " + unique(80), scorer, references=(book,)).value == 1.0
    assert ask(HANZI[:50], scorer, references=(HANZI[:80],)).value == 1.0
    assert ask(HANZI[:49], scorer, references=(HANZI[:80],)).parts["extracted"] == 0.0
    assert "extracted" not in ask(unique(49), scorer, references=(unique(49),)).parts
    assert ask(unique(49), scorer, references=(unique(49), book)).parts["extracted"] == 0.0
    assert ask(unique(10), Memorisation(extract=10), references=(book,)).parts["extracted"] == 1.0
    assert ask(unique(80), scorer, references=(book,), text="Say: " + book).value == 0.0
    assert ask(unique(60), scorer, references=(book,)).spans[0].label == "verbatim:reference"


def test_metrics_over_rows() -> None:
    scorer = Memorisation()
    answers = [unique(60), "no", unique(30), "no", "no", "no"]
    prompts = ["a", "a", "b", "b", "c", "c"]
    scores = [ask(text, scorer, references=(unique(80),)) for text in answers]
    rows = pd.DataFrame([{"prompt": p, "value": s.value, **s.parts} for p, s in zip(prompts, scores, strict=True)])
    found = {m.name: m(rows) for m in scorer.metrics()}
    assert found["finding_rate"] == found["extracted_rate"] == pytest.approx(1 / 6)
    assert found["review_rate"] == pytest.approx(1 / 6)
    assert found["k_extracted_rate"] == pytest.approx(1 / 3)
    assert found["worst_run"] == pytest.approx((60 + 30) / 3)
    assert found["longest_run"] == pytest.approx((60 + 30) / 6)
    assert found["common_prefix"] == pytest.approx((60 + 30) / 6)
    assert found["ngram_overlap"] == 1.0  # "no" has no 8-gram and does not count
    assert all(m.source and m.about.zh for m in scorer.metrics())


# What cannot be evaluated, and odd input


def test_without_anything_protected_there_is_no_number(tmp_path: Path) -> None:
    note = "not evaluated: no protected corpus"
    assert Memorisation().not_applicable(Prompt("p", "?")) == note
    assert ask("text", Memorisation()) == Score(note=note)
    assert Memorisation().not_applicable(Prompt("p", "?", ("...",))) == note
    assert Memorisation().not_applicable(Prompt("p", "?", ("right",))) == ""
    assert ask("right", Memorisation(continuations=False), references=("right",)) == Score(note=note)
    assert Memorisation(folder(tmp_path, "a")).not_applicable(Prompt("p", "?")) == ""
    right_answers = Memorisation(tmp_path, continuations=False)
    assert ask(unique(60), right_answers, references=(unique(60),)).value == 0.0


def test_an_answer_that_says_nothing_copies_nothing(tmp_path: Path) -> None:
    scorer = Memorisation(folder(tmp_path, unique(60)))
    assert scorer.outcomes >= {"empty", "refused", "filtered"}
    for text in ("", " \n", "😀", "...", "\ud800"):
        found = ask(text, scorer, references=(unique(60),))
        assert found.value == 0.0
        assert found.parts["edit_similarity"] == found.parts["longest_tokens"] == found.parts["prefix"] == 0.0


@pytest.mark.parametrize("prepare", ["empty", "nothing readable", "no words", "missing"])
def test_a_corpus_without_texts_is_an_error(tmp_path: Path, prepare: str) -> None:
    path = tmp_path / "books"
    if prepare != "missing":
        path.mkdir()
    if prepare == "nothing readable":
        (path / "book.pdf").write_bytes(b"%PDF")
    if prepare == "no words":
        (path / "book.txt").write_text(" …\n", "utf-8")
    with pytest.raises(UsageError, match=r"books.*put the protected texts there"):
        Memorisation(path).load()


def test_other_encodings_are_errors_and_single_bad_bytes_are_said(tmp_path: Path) -> None:
    for name, content in {"gbk": HANZI.encode("gb18030"), "utf16": unique(60).encode("utf-16")}.items():
        path = tmp_path / name
        path.mkdir()
        (path / "book.txt").write_bytes(content)
        with pytest.raises(UsageError, match=r"book\.txt is not UTF-8.*iconv"):
            Memorisation(path).load()
    path = folder(tmp_path / "good", unique(60), HANZI * 2)
    (path / "bad.txt").write_bytes(b"\xef\xbb\xbf" + unique(60, "b").encode() + b" \xff " + unique(60, "c").encode())
    found = ask(unique(60, "b"), Memorisation(path))
    assert found.value == 1.0
    assert found.note == "1 characters of the corpus could not be decoded"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON"),
        ("[]", "a list instead of an object"),
        ('{"x": "a"}', "is missing"),
        ('{"text": 1}', "a number"),
    ],
)
def test_bad_records_are_errors_with_their_line(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "fine"}\n' + line + "\n", "utf-8")
    with pytest.raises(UsageError, match=rf"a\.jsonl:2: .*{message}"):
        Memorisation(tmp_path).load()


def test_the_field_is_an_option_and_a_file_a_corpus(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"body": "' + unique(60) + '"}\n', "utf-8")
    assert ask(unique(60), Memorisation(tmp_path / "a.jsonl", field="body")).spans[0].label == "verbatim:a.jsonl:1"


def test_a_link_out_of_the_corpus_is_an_error(tmp_path: Path) -> None:
    path = folder(tmp_path / "corpus", "text")
    (tmp_path / "secret.txt").write_text("secret", "utf-8")
    os.symlink(tmp_path / "secret.txt", path / "link.txt")
    with pytest.raises(UsageError, match="link out of the corpus"):
        Memorisation(path).load()


def test_identity_follows_content_and_names_only(tmp_path: Path) -> None:
    first, second = (Memorisation(folder(tmp_path / n / "corpus", a="alpha", b="beta")) for n in ("x", "y"))
    before = first.identity()
    assert before == second.identity()
    assert first.signature() == second.signature()
    assert "|corpus:corpus|version:1|sha256:" in first.signature()
    folder(tmp_path / "x" / "corpus", a="alpha!")
    assert first.identity() != before
    folder(tmp_path / "y" / "corpus", c="gamma")
    assert second.identity() != before
    (tmp_path / "y" / "corpus" / "c.txt").rename(tmp_path / "y" / "corpus" / "d.txt")
    assert len({before, first.identity(), second.identity()}) == 3


def test_pieces_of_a_long_file_join_without_a_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aigc_eval.scorers.memorisation import corpus

    text = f"{unique(40)} {HANZI} {'x' * 50} {unique(20, 'v')}"
    monkeypatch.setattr(corpus, "_PIECE", 7)
    found = corpus.indexed(corpus.files_of(folder(tmp_path, text), "text"))
    assert found.words == len(words(text))
    assert (found.index.text[:-1] == found.index.ids(words(text))).all()


@pytest.mark.parametrize(
    "options", [{"ngram": 0}, {"review_tokens": 51}, {"review_hanzi": 0}, {"near": 0.4}, {"common": -1}, {"extract": 0}]
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="memorisation"):
        Memorisation(**options)


def test_repetitive_texts_take_no_longer(tmp_path: Path) -> None:
    scorer = Memorisation(folder(tmp_path, "好" * 20_000, "a " * 20_000, "好" * 20_000 + "人"))
    began = time.process_time()
    assert ask("好" * 19_000, scorer).parts["longest_tokens"] == 19_000
    assert ask("a " * 25_000, scorer).parts["longest_tokens"] == 20_000
    assert ask("x" * 1_000_000, scorer).value == 0.0
    assert time.process_time() - began < 30


# Real texts


def corpus_text(name: str, megabytes: float) -> str:
    with lzma.open(DATA / f"{name}.txt.xz", "rt", encoding="utf-8") as file:
        return file.read(int(megabytes * (350_000 if name.startswith("zh") else 1_000_000)))


@needs_data
@pytest.mark.parametrize(("name", "other"), [("zh-laws", "zh-lctt"), ("en-openstax", "en-digitalgov")])
def test_planted_passages_of_real_texts_are_found(tmp_path: Path, name: str, other: str) -> None:
    protected, around = corpus_text(name, 0.8), corpus_text(other, 0.3)
    scorer = Memorisation(folder(tmp_path, planted=protected))
    places = placed(protected)
    rng = random.Random(7)
    size = 80
    clean = planted = 0
    for _ in range(40):
        at, hole = rng.randrange(len(places.words) - size), rng.randrange(len(around) - 600)
        passage = protected[places.starts[at] : places.ends[at + size - 1]]
        before, after = around[hole : hole + 300], around[hole + 300 : hole + 600]
        clean += ask(before + after, scorer).value == 0.0
        answer = f"{before}\n{passage}\n{after}"
        found = ask(answer, scorer)
        planted += found.value == 1.0
        assert found.parts["longest_tokens"] >= size
        assert any(s.start <= len(before) + 1 and s.end >= len(before) + 1 + len(passage) for s in found.spans)
    assert (clean, planted) == (40, 40)


@needs_data
@pytest.mark.slow
@pytest.mark.parametrize("name", ["zh-lctt", "en-openstax"])
def test_building_grows_with_the_corpus_not_with_its_square(name: str) -> None:
    text = words(corpus_text(name, 8))
    times = []
    for share in (4, 1):
        piece = text[: len(text) // share]
        began = time.process_time()
        index = Index.of([[piece]])
        times.append(time.process_time() - began)
        assert index.nbytes < 9 * len(piece)
    assert times[1] < 10 * times[0]  # four times the text; sorting and caches cost the rest
