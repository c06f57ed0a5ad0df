"""IFEval's checks against the reference implementation: EleutherAI's lm-eval 0.4.13, tasks/ifeval.

The expected values were printed by its `test_instruction_following_strict` and `_loose` with nltk 3.10.4, punkt_tab
English and langdetect 1.0.9 (seed 0). Below the table: what we do otherwise on purpose, and why.
"""

from __future__ import annotations

import importlib.util
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.tokenize import NLTKWordTokenizer

from aigc_eval.records import Prompt, Request, Score
from aigc_eval.scorers.control import Control
from aigc_eval.scorers.control.rules import RULES
from aigc_eval.scorers.control.sentences import capital_words, english_sentences

EN = "The museum opens at nine and closes at five, and children enter for free on Sundays."
LANGDETECT = importlib.util.find_spec("langdetect") is not None
DETECTED = {"language:response_language", "change_case:english_capital", "change_case:english_lowercase"}

# fmt: off
GOLDEN: list[tuple[str, dict[str, Any], list[tuple[str, bool, bool]]]] = [
    ('keywords:existence', {'keywords': ['nine', 'museum']}, [
        (EN, True, True),
        ('Nine MUSEUMS are open.', True, True),
        ('The museum opens at ten.', False, False),
        ('nin*e* museum', False, True),
    ]),
    ('keywords:frequency', {'keyword': 'the', 'frequency': 3, 'relation': 'at least'}, [
        ('The other theme.', True, True),
        ('the the', False, False),
        ('The weather: the cat', True, True),
        ('Title the\nthe th*e', False, True),
    ]),
    ('keywords:frequency', {'keyword': 'the', 'frequency': 2, 'relation': 'less than'}, [
        ('The cat', True, True),
        ('the the cat', False, False),
        ('the\nthe', False, True),
        ('no such word', True, True),
    ]),
    ('keywords:forbidden_words', {'forbidden_words': ['cat', 'dog']}, [
        ('A category of dogs', True, True),
        ('A cat.', False, False),
        ('No such animal.\nThe dog!', False, True),
        ('no CAT-like thing', False, False),
    ]),
    ('keywords:letter_frequency', {'letter': 'o', 'let_frequency': 3, 'let_relation': 'at least'}, [
        ('Moo, O cow', True, True),
        ('no', False, False),
        ('foo\nbo', True, True),
        ('Ooo', True, True),
    ]),
    ('keywords:letter_frequency', {'letter': 'Q', 'let_frequency': 2, 'let_relation': 'less than'}, [
        ('quick', True, True),
        ('Quick queue', False, False),
        ('one\nqq', False, True),
        ('zzz', True, True),
    ]),
    ('language:response_language', {'language': 'fr'}, [
        ("Bonjour tout le monde, comment allez-vous aujourd'hui ?", True, True),
        (EN, False, False),
        ('Here is the answer:\nLe musée ouvre à neuf heures et ferme à cinq heures tous les jours.', True, True),
        ('Das Museum ist heute geschlossen.', False, False),
    ]),
    ('language:response_language', {'language': 'ko'}, [
        ('박물관은 아홉 시에 문을 엽니다.', True, True),
        (EN, False, False),
        ('博物馆九点开门。', False, False),
        ('Sure, here is the answer:\n박물관은 아홉 시에 문을 열고 다섯 시에 닫습니다.', False, True),
    ]),
    ('length_constraints:number_sentences', {'num_sentences': 3, 'relation': 'at least'}, [
        ('One. Two. Three.', True, True),
        ('Dr. Smith paid $3.50. Why?', False, False),
        ('Wait... what? Yes! No.', True, True),
        ('One, two, three', False, False),
    ]),
    ('length_constraints:number_sentences', {'num_sentences': 3, 'relation': 'less than'}, [
        ('He lives in the U.S. today. Good.', True, True),
        ('One! Two! Three!', False, False),
        ('A heading. One.\nTwo. Three.', False, True),
        ('"Stop!" he said. I did.', False, False),
    ]),
    ('length_constraints:number_paragraphs', {'num_paragraphs': 2}, [
        ('a\n***\nb', True, True),
        ('a *** b ***', True, True),
        ('a\n***\n***\nb', False, False),
        ('a\n\nb', False, False),
        ('Here you go:\n***\na\n***\nb', False, True),
        ('***\na\n***\nb', True, True),
    ]),
    ('length_constraints:number_words', {'num_words': 5, 'relation': 'at least'}, [
        ("It's a fine day", True, True),
        ('one two three four', False, False),
        ('well-known facts are 3.5', True, True),
        ('one_two three four five', False, False),
    ]),
    ('length_constraints:number_words', {'num_words': 4, 'relation': 'less than'}, [
        ('one two three', True, True),
        ('one two three four', False, False),
        ('Sure, I can:\none two three', False, True),
        ('今天天气很好', True, True),
    ]),
    ('length_constraints:nth_paragraph_first_word', {'num_paragraphs': 2, 'nth_paragraph': 2, 'first_word': 'Hello'}, [
        ('One.\n\nhello, world', True, True),
        ('One.\n\n\n\nHello you', False, False),
        ('"Hi\n\n"\'Hello\' x', False, False),
        ('One.\n\nSo, hello', False, False),
        ('a\n\n\'"HELLO! you', True, True),
        ('Hello\n\nworld\n\nhello', False, True),
    ]),
    ('detectable_content:number_placeholders', {'num_placeholders': 2}, [
        ('[name] and [date]', True, True),
        ('[a\nb] [c]', False, False),
        ('[[x]] [y]', True, True),
        ('one [name]', False, False),
        ('[] []', True, True),
    ]),
    ('detectable_content:postscript', {'postscript_marker': 'P.S.'}, [
        ('Text\nP.S. More', True, True),
        ('text p. s. more', True, True),
        ('PS: more', False, False),
        ('P.P.S. more', True, True),
        ('P.S more', False, False),
    ]),
    ('detectable_content:postscript', {'postscript_marker': 'P.P.S'}, [
        ('x\nP.P.S. more', True, True),
        ('x\np. p. s more', True, True),
        ('P.S. only', False, False),
        ('PPS', False, False),
    ]),
    ('detectable_format:number_bullet_lists', {'num_bullets': 2}, [
        ('* one\n* two', True, True),
        ('- one\n  - two', True, True),
        ('* one\n** two\n- three', True, True),
        ('Here:\n* one\n* two\n---', False, True),
        ('*one*\n* two', True, True),
        ('*\nword\n- x', True, True),
    ]),
    ('detectable_format:constrained_response', {}, [
        ('My answer is yes.', True, True),
        ('I think: My answer is no. Sorry', True, True),
        ('my answer is maybe.', False, False),
        ('My answer is *no*.', False, True),
    ]),
    ('detectable_format:number_highlighted_sections', {'num_highlights': 2}, [
        ('*a* and *b*', True, True),
        ('**a**', False, False),
        ('**a** *b*', True, True),
        ('* a *\n* b', False, False),
        ('****', False, False),
        ('*a b', False, False),
    ]),
    ('detectable_format:multiple_sections', {'section_spliter': 'SECTION', 'num_sections': 2}, [
        ('SECTION 1\nx\nSECTION 2\ny', True, True),
        ('Section 1 Section 2', False, False),
        ('SECTION1 SECTION2', True, True),
        ('SECTION one SECTION 2', False, False),
        ('**SECTION** 1 **SECTION** 2', False, True),
    ]),
    ('detectable_format:json_format', {}, [
        ('{"a": 1}', True, True),
        ('```json\n[1, 2]\n```', True, True),
        ('Here it is:\n{"a": 1}', False, True),
        ("{'a': 1}", False, False),
        ('NaN', True, True),
        ('"text"', True, True),
    ]),
    ('detectable_format:title', {}, [
        ('<<A poem>>\ntext', True, True),
        ('text <<x>> more', True, True),
        ('<< >>', False, False),
        ('<<a\nb>>', False, False),
        ('<<<>>>', False, False),
        ('<A poem>', False, False),
    ]),
    ('combination:two_responses', {}, [
        ('a\n******\nb', True, True),
        ('a\n******\na', False, False),
        ('a******b******c', False, False),
        ('******a******b******', True, True),
        ('a***b', False, False),
        ('Two answers:\n******\na\n******\nb', False, True),
    ]),
    ('combination:repeat_prompt', {'prompt_to_repeat': 'Write a poem. '}, [
        ('write a poem.\nRoses', True, True),
        ('  WRITE A POEM. yes', True, True),
        ('Sure.\nWrite a poem. Roses', False, True),
        ('Write a *poem*.', False, True),
    ]),
    ('startend:end_checker', {'end_phrase': 'Is there anything else I can help with?'}, [
        ('Yes. Is there anything else I can help with?', True, True),
        ('"is there ANYTHING else I can help with?"', True, True),
        ('Is there anything else I can help with? Bye', False, False),
        ('Is there anything else I can help with?\n\nBye', False, True),
    ]),
    ('startend:quotation', {}, [
        ('"all of it"', True, True),
        ('"', False, False),
        ("'all'", False, False),
        ('“all of it”', False, False),
        ('"one" and "two"', True, True),
        ('Answer:\n"all"', False, True),
    ]),
    ('change_case:capital_word_frequency', {'capital_frequency': 3, 'capital_relation': 'at least'}, [
        ('NASA AND ESA', True, True),
        ("DON'T PANIC", True, True),
        ('A-TEAM I go', False, False),
        ("NASA's I CANNOT", True, True),
        (' WE agree: U.S. only', False, False),
    ]),
    ('change_case:capital_word_frequency', {'capital_frequency': 2, 'capital_relation': 'less than'}, [
        ('I am', True, True),
        ('I AM', False, False),
        ('nothing here', True, True),
        ('GPT-4o or GPT-4', True, True),
    ]),
    ('change_case:english_capital', {}, [
        (EN.upper(), True, True),
        (EN, False, False),
        ('LE MUSÉE OUVRE À NEUF HEURES ET FERME À CINQ HEURES, TOUS LES JOURS.', False, False),
        ("Here you are:\n" + EN.upper(), False, True),
    ]),
    ('change_case:english_lowercase', {}, [
        (EN.lower(), True, True),
        (EN, False, False),
        ('le musée ouvre à neuf heures et ferme à cinq heures, tous les jours.', False, False),
        ("Here you are:\n" + EN.lower(), False, True),
    ]),
    ('punctuation:no_comma', {}, [
        ('No comma here.', True, True),
        ('One, two', False, False),
        ('Well, sure:\nno more of them', False, True),
        ('今天，明天、后天', True, True),
        ('', False, False),
        (' \n', False, False),
    ]),
]
# fmt: on
CASES = [(name, kwargs, *row) for name, kwargs, rows in GOLDEN for row in rows]


def score(name: str, kwargs: dict[str, Any], text: str, lang: str = "en") -> Score:
    fields = {"instruction_id_list": json.dumps([name]), "kwargs": json.dumps([kwargs])}
    return Control().score([Request(Prompt("p1", "Write.", tags={"lang": lang}, fields=fields)).answer(text)])[0]


@pytest.mark.parametrize(("name", "kwargs", "text", "strict", "loose"), CASES)
def test_each_check_equals_the_reference(
    name: str, kwargs: dict[str, Any], text: str, strict: bool, loose: bool
) -> None:
    if name in DETECTED and not LANGDETECT:
        pytest.skip("langdetect is not installed (extra control)")
    found = score(name, kwargs, text)
    assert found.error == ""
    assert (found.value == 1.0, bool(found.parts["prompt_loose"])) == (strict, loose)


def test_every_instruction_of_ifeval_has_four_cases_of_both_outcomes() -> None:
    ifeval = list(RULES)[:25]
    assert {name for name, *_ in GOLDEN} == set(ifeval)
    for name in ifeval:
        outcomes = [strict for case, _, _, strict, _ in CASES if case == name]
        assert len(outcomes) >= 4, name
        assert set(outcomes) == {True, False}, name


def test_a_number_of_nought_is_kept_where_the_reference_draws_one() -> None:
    """The reference drops falsy options, then draws 1 to 5 bullets at random."""
    assert score("detectable_format:number_bullet_lists", {"num_bullets": 0}, "No list.").value == 1.0
    assert score("detectable_format:number_bullet_lists", {"num_bullets": 0}, "* one").value == 0.0
    zero = {"keyword": "cat", "frequency": 0, "relation": "at most"}
    assert [score("keywords:frequency", zero, text).value for text in ("a dog", "a cat")] == [1.0, 0.0]


def test_a_null_option_is_not_given() -> None:
    kwargs = {"num_words": 3, "relation": "at least", "keywords": None, "language": None}
    assert score("length_constraints:number_words", kwargs, "one two three").value == 1.0
    assert "num_words is missing" in score("length_constraints:number_words", {"num_words": None}, "one").error


def test_words_are_no_regular_expressions() -> None:
    """The reference finds U.S.A in "UxSxA", raises re.error for "C++", and finds no "C#" at a word's end."""
    assert score("keywords:existence", {"keywords": ["U.S.A"]}, "UxSxA").value == 0.0
    assert score("keywords:existence", {"keywords": ["C++"]}, "I like c++ most.").value == 1.0
    assert score("keywords:forbidden_words", {"forbidden_words": ["C#"]}, "I like C# most.").value == 0.0
    assert (
        score("keywords:frequency", {"keyword": "?", "frequency": 2, "relation": "at least"}, "What? Why?").value == 1.0
    )


def test_any_character_can_be_counted() -> None:
    """The reference replaces anything but a-z by a random letter."""
    kwargs = {"letter": "#", "let_frequency": 2, "let_relation": "at least"}
    assert score("keywords:letter_frequency", kwargs, "#one #two").value == 1.0
    assert score("keywords:letter_frequency", kwargs, "#one two").value == 0.0


@pytest.mark.skipif(not LANGDETECT, reason="langdetect is not installed (extra control)")
@pytest.mark.parametrize("name", sorted(DETECTED))
def test_a_language_that_cannot_be_told_is_an_error(name: str) -> None:
    """The reference counts it as followed: langdetect finds no features in "42", nor in an address alone."""
    kwargs = {"language": "fr"} if name == "language:response_language" else {}
    texts = {"change_case:english_capital": "INFO@EXAMPLE.COM", "change_case:english_lowercase": "info@example.com"}
    found = score(name, kwargs, texts.get(name, "42"))
    assert found.value is None
    assert "cannot be told" in found.error
    assert "'p1'" in found.error


def test_chinese_is_a_language() -> None:
    """Langdetect answers zh-cn or zh-tw, so that the reference never finds `zh`."""
    assert score("language:response_language", {"language": "zh"}, "博物馆九点开门，五点关门。").value == 1.0
    assert score("language:response_language", {"language": "zh"}, EN).value == 0.0


def test_json_that_is_nested_too_deeply_is_not_followed() -> None:
    """The reference raises RecursionError."""
    assert score("detectable_format:json_format", {}, "[" * 200_000).value == 0.0


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("He met Mr. J. Smith of Acme Inc. in Washington. They talked.", 2),
        ("The U.S. economy grew by 3.5 percent. It was a surprise!", 2),
        ("Really?! Yes... no. Wait!!! Why?", 4),
        ("1. First point\n2. Second point", 3),
        ("(He left.) She stayed.", 2),
        ('She said "Go away." He went.', 2),
        ("no mark\nand a new line", 1),
        ("See example.com for more at 5 p.m. on Friday.", 1),
        ("It ends here.\n\nAnother paragraph begins. **Bold.** Done.", 4),
        ("", 0),
    ],
)
def test_sentences_are_counted_as_punkt_counts_them(text: str, number: int) -> None:
    assert english_sentences(text) == number


_PIECES = [
    "NASA", "word", "I", "DON'T", "CANNOT", "WORD'S", "we'LL", "A-B", "A/B", "X:Y", "A,B", "3,5", "U.S.", "'TIS", "É",
    "--", "...", "(", ")", "[", "]", '"', "“", "”", "’", "!", "?", ";", "$", "%", "&", "#", "*", "**", "GOTTA", "WANNA",
    "中文", "GPT模型",
]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(_PIECES), st.sampled_from(["", " ", " "])), max_size=12))
def test_capital_words_are_those_of_nltk(pieces: list[tuple[str, str]]) -> None:
    """The tokeniser of nltk's `word_tokenize`, run beside ours on one line; words do not run into each other."""
    text = "".join(piece + (gap or " " * piece[-1:].isalnum()) for piece, gap in pieces).strip()
    assert len(capital_words(text)) == sum(word.isupper() for word in NLTKWordTokenizer().tokenize(text))
