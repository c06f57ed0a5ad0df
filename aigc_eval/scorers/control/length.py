"""How long an answer is, and into what it is divided."""

from __future__ import annotations

import re

from aigc_eval.scorers.control.finding import RELATIONS, Finding
from aigc_eval.scorers.control.keywords import plain
from aigc_eval.scorers.control.sentences import (
    characters,
    chinese_sentences,
    english_sentences,
    regex_words,
    units,
)
from aigc_eval.text import tokens

__all__ = [
    "characters_within",
    "first_word",
    "first_word_zh",
    "lines_within",
    "number_characters",
    "number_paragraphs",
    "number_sentences",
    "number_sentences_zh",
    "number_words",
    "number_words_zh",
    "paragraphs_within",
    "sentences_within",
    "sentences_within_zh",
    "tokens_within",
    "words_within",
]

_DIVIDER = re.compile(r"\*\*\*")
_BLANK = re.compile(r"\n[^\S\n]*\n")
_ENDS_WORD = frozenset(".,?!'\"")
_OPENING = "\"'“‘「『《（(*#_> \t"


def number_sentences(text: str, num_sentences: int, relation: str) -> Finding:
    """The number of English sentences."""
    return Finding(RELATIONS[relation](english_sentences(text), num_sentences))


def number_sentences_zh(text: str, num_sentences: int, relation: str) -> Finding:
    """The number of sentences by `。！？`."""
    return Finding(RELATIONS[relation](chinese_sentences(text), num_sentences))


def number_words(text: str, num_words: int, relation: str) -> Finding:
    r"""The number of words, runs of `\w`."""
    return Finding(RELATIONS[relation](regex_words(text), num_words))


def number_words_zh(text: str, num_words: int, relation: str) -> Finding:
    """The number of words (字数): each Han character is one, punctuation none."""
    return Finding(RELATIONS[relation](units(text), num_words))


def number_characters(text: str, num_characters: int, relation: str) -> Finding:
    """The number of visible characters, punctuation included, white space not."""
    return Finding(RELATIONS[relation](characters(text), num_characters))


def number_paragraphs(text: str, num_paragraphs: int) -> Finding:
    """Exactly so many paragraphs, with the divider `***` between them; none of them is empty."""
    pieces = _DIVIDER.split(text)
    filled = [bool(piece.strip()) for piece in pieces]
    return Finding(all(filled[1:-1]) and sum(filled) == num_paragraphs)


def _nth(text: str, num_paragraphs: int, nth_paragraph: int) -> str:
    """The nth of exactly so many paragraphs parted by a blank line; "" if there is none, or another number of them."""
    pieces = text.split("\n\n")
    number = sum(1 for piece in pieces if piece.strip())
    return pieces[nth_paragraph - 1].strip() if nth_paragraph <= number == num_paragraphs else ""


def first_word(text: str, num_paragraphs: int, nth_paragraph: int, first_word: str) -> Finding:
    """The nth of exactly so many paragraphs starts with the word, in any case; `.,?!'"` end it."""
    paragraph = _nth(text, num_paragraphs, nth_paragraph)
    if not paragraph:
        return Finding(False)
    word = paragraph.split(maxsplit=1)[0].lstrip("'").lstrip('"')
    end = next((i for i, c in enumerate(word) if c in _ENDS_WORD), len(word))
    return Finding("".join(c.lower() for c in word[:end]) == first_word.lower())


def first_word_zh(text: str, num_paragraphs: int, nth_paragraph: int, first_word: str) -> Finding:
    """The nth of exactly so many paragraphs begins with the word, after opening marks; no space need follow."""
    paragraph = plain(_nth(text, num_paragraphs, nth_paragraph)).lstrip(_OPENING).lower()
    return Finding(paragraph.startswith(plain(first_word).strip().lower()))


def _within(number: int, at_least: int | None, at_most: int | None) -> Finding:
    return Finding((at_least is None or number >= at_least) and (at_most is None or number <= at_most))


def characters_within(text: str, at_least: int | None = None, at_most: int | None = None) -> Finding:
    """Visible characters, punctuation included, white space not."""
    return _within(characters(text), at_least, at_most)


def words_within(text: str, at_least: int | None = None, at_most: int | None = None) -> Finding:
    """Words, each Han character being one, punctuation none."""
    return _within(units(text), at_least, at_most)


def tokens_within(text: str, at_least: int | None = None, at_most: int | None = None) -> Finding:
    """Tokens of `aigc_eval.text.tokens`: words, Han characters and punctuation marks; no model's tokens."""
    return _within(len(tokens(text)), at_least, at_most)


def sentences_within(text: str, at_least: int | None = None, at_most: int | None = None) -> Finding:
    """English sentences."""
    return _within(english_sentences(text), at_least, at_most)


def sentences_within_zh(text: str, at_least: int | None = None, at_most: int | None = None) -> Finding:
    """Sentences by `。！？`."""
    return _within(chinese_sentences(text), at_least, at_most)


def paragraphs_within(text: str, at_least: int | None = None, at_most: int | None = None) -> Finding:
    """Blocks of lines parted by blank lines."""
    return _within(sum(1 for block in _BLANK.split(text) if block.strip()), at_least, at_most)


def lines_within(text: str, at_least: int | None = None, at_most: int | None = None) -> Finding:
    """Lines that are not blank."""
    return _within(sum(1 for line in text.split("\n") if line.strip()), at_least, at_most)
