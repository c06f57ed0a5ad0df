"""The table of instructions: id, options, check. The 25 of IFEval, their Chinese twins, and our own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aigc_eval.scorers.control import content, form, keywords, language, length
from aigc_eval.scorers.control.finding import Finding
from aigc_eval.scorers.control.options import (
    Read,
    character,
    count,
    flag,
    pattern,
    positive,
    relation,
    schema,
    text,
    texts,
)

__all__ = ["CHINESE", "FAMILIES", "RULES", "Rule", "family"]

FAMILIES: dict[str, str] = {
    "keywords": "keywords",
    "language": "language",
    "length_constraints": "length",
    "length": "length",
    "detectable_content": "content",
    "detectable_format": "format",
    "format": "format",
    "combination": "combination",
    "startend": "startend",
    "change_case": "case",
    "punctuation": "punctuation",
}
"""The part of an id before the colon, and the family under which its rate is reported."""


def family(name: str) -> str:
    """The family of an instruction's id.

    >>> family("length_constraints:number_words")
    'length'
    """
    return FAMILIES[name.partition(":")[0]]


@dataclass(frozen=True)
class Rule:
    """One kind of instruction: its check, the options that it needs, and those that it may have.

    `together` gets the checked options and says what is wrong with them, or "".
    """

    check: Callable[..., Finding]
    needs: Mapping[str, Read] = field(default_factory=dict)
    may: Mapping[str, Read] = field(default_factory=dict)
    together: Callable[[Mapping[str, object]], str] = lambda options: ""


def _paragraph_exists(options: Mapping[str, object]) -> str:
    nth, number = options["nth_paragraph"], options["num_paragraphs"]
    inside = isinstance(nth, int) and isinstance(number, int) and nth <= number
    return "" if inside else f"nth_paragraph: there is no paragraph {nth} among {number}"


def _bounds(options: Mapping[str, object]) -> str:
    low, high = options.get("at_least"), options.get("at_most")
    if low is None and high is None:
        return "needs `at_least`, `at_most` or both"
    if isinstance(low, int) and isinstance(high, int) and low > high:
        return f"at_least {low} is more than at_most {high}"
    return ""


def _within(check: Callable[..., Finding]) -> Rule:
    return Rule(check, {}, {"at_least": count, "at_most": count}, _bounds)


_KEYWORD: dict[str, Read] = {"keyword": text, "frequency": count, "relation": relation}
_LETTER: dict[str, Read] = {"letter": character, "let_frequency": count, "let_relation": relation}
_CAPITALS: dict[str, Read] = {"capital_frequency": count, "capital_relation": relation}
_FIRST: dict[str, Read] = {"num_paragraphs": positive, "nth_paragraph": positive, "first_word": text}
_SECTIONS: dict[str, Read] = {"section_spliter": text, "num_sections": count}

RULES: dict[str, Rule] = {
    "keywords:existence": Rule(keywords.existence, {"keywords": texts}),
    "keywords:frequency": Rule(keywords.keyword_frequency, _KEYWORD),
    "keywords:forbidden_words": Rule(keywords.forbidden_words, {"forbidden_words": texts}),
    "keywords:letter_frequency": Rule(keywords.letter_frequency, _LETTER),
    "language:response_language": Rule(language.response_language, {"language": language.language_code}),
    "length_constraints:number_sentences": Rule(
        length.number_sentences, {"num_sentences": count, "relation": relation}
    ),
    "length_constraints:number_paragraphs": Rule(length.number_paragraphs, {"num_paragraphs": count}),
    "length_constraints:number_words": Rule(length.number_words, {"num_words": count, "relation": relation}),
    "length_constraints:nth_paragraph_first_word": Rule(length.first_word, _FIRST, together=_paragraph_exists),
    "detectable_content:number_placeholders": Rule(content.number_placeholders, {"num_placeholders": count}),
    "detectable_content:postscript": Rule(content.postscript, {"postscript_marker": text}),
    "detectable_format:number_bullet_lists": Rule(form.number_bullet_lists, {"num_bullets": count}),
    "detectable_format:constrained_response": Rule(form.constrained_response, may={"options": texts}),
    "detectable_format:number_highlighted_sections": Rule(form.number_highlighted_sections, {"num_highlights": count}),
    "detectable_format:multiple_sections": Rule(form.multiple_sections, _SECTIONS),
    "detectable_format:json_format": Rule(form.json_format),
    "detectable_format:title": Rule(form.title),
    "combination:two_responses": Rule(content.two_responses),
    "combination:repeat_prompt": Rule(content.repeat_prompt, {"prompt_to_repeat": text}),
    "startend:end_checker": Rule(content.end_checker, {"end_phrase": text}),
    "startend:quotation": Rule(content.quotation),
    "change_case:capital_word_frequency": Rule(language.capital_word_frequency, _CAPITALS),
    "change_case:english_capital": Rule(language.english_capital),
    "change_case:english_lowercase": Rule(language.english_lowercase),
    "punctuation:no_comma": Rule(language.no_comma),
    "keywords:required": Rule(keywords.required, {"words": texts}),
    "keywords:forbidden": Rule(keywords.forbidden, {"words": texts}),
    "length_constraints:number_characters": Rule(
        length.number_characters, {"num_characters": count, "relation": relation}
    ),
    "length:characters": _within(length.characters_within),
    "length:words": _within(length.words_within),
    "length:tokens": _within(length.tokens_within),
    "length:sentences": _within(length.sentences_within),
    "length:paragraphs": _within(length.paragraphs_within),
    "length:lines": _within(length.lines_within),
    "format:json_schema": Rule(form.json_schema, {"schema": schema}),
    "format:regex": Rule(form.regex, {"pattern": pattern}, {"whole": flag, "forbidden": flag}),
}
"""What an id means on an English prompt, and after `en:` on any; the first 25 are IFEval's."""

CHINESE: dict[str, Rule] = {
    "keywords:existence": Rule(keywords.existence_zh, {"keywords": texts}),
    "keywords:frequency": Rule(keywords.keyword_frequency_zh, _KEYWORD),
    "keywords:forbidden_words": Rule(keywords.forbidden_words_zh, {"forbidden_words": texts}),
    "keywords:letter_frequency": Rule(keywords.letter_frequency_zh, _LETTER),
    "length_constraints:number_sentences": Rule(
        length.number_sentences_zh, {"num_sentences": count, "relation": relation}
    ),
    "length_constraints:number_words": Rule(length.number_words_zh, {"num_words": count, "relation": relation}),
    "length_constraints:nth_paragraph_first_word": Rule(length.first_word_zh, _FIRST, together=_paragraph_exists),
    "detectable_content:number_placeholders": Rule(content.number_placeholders_zh, {"num_placeholders": count}),
    "detectable_content:postscript": Rule(content.postscript_zh, may={"postscript_marker": text}),
    "detectable_format:number_bullet_lists": Rule(form.number_bullet_lists_zh, {"num_bullets": count}),
    "detectable_format:constrained_response": Rule(form.constrained_response_zh, {"options": texts}),
    "detectable_format:multiple_sections": Rule(form.multiple_sections_zh, _SECTIONS),
    "detectable_format:title": Rule(form.title_zh),
    "startend:end_checker": Rule(content.end_checker_zh, {"end_phrase": text}),
    "startend:quotation": Rule(content.quotation_zh),
    "change_case:capital_word_frequency": Rule(language.capital_word_frequency_zh, _CAPITALS),
    "change_case:english_capital": Rule(language.english_capital_zh),
    "change_case:english_lowercase": Rule(language.english_lowercase_zh),
    "punctuation:no_comma": Rule(language.no_comma_zh),
    "length:sentences": _within(length.sentences_within_zh),
}
"""What an id means on a Chinese prompt, and after `zh:` on any; ids that are not here mean the same in both."""
