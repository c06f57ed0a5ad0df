"""In which language an answer is, and in which case its letters are."""

from __future__ import annotations

import re
from functools import cache
from types import ModuleType

from aigc_eval.plugin import require
from aigc_eval.scorers.control.finding import CannotTell, Finding, compared, places, verdict
from aigc_eval.scorers.control.options import BadOption, text
from aigc_eval.scorers.control.sentences import capital_words
from aigc_eval.text import HANZI

__all__ = [
    "capital_word_frequency",
    "capital_word_frequency_zh",
    "english_capital",
    "english_capital_zh",
    "english_lowercase",
    "english_lowercase_zh",
    "language_code",
    "no_comma",
    "no_comma_zh",
    "response_language",
]

_SCRIPTS = {
    "ko": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af", "th": "\u0e00-\u0e7f", "bn": "\u0980-\u09ff",
    "ta": "\u0b80-\u0bff", "te": "\u0c00-\u0c7f", "kn": "\u0c80-\u0cff", "gu": "\u0a80-\u0aff",
    "pa": "\u0a00-\u0a7f", "ml": "\u0d00-\u0d7f", "he": "\u0590-\u05ff", "el": "\u0370-\u03ff\u1f00-\u1fff",
    "hy": "\u0530-\u058f", "ka": "\u10a0-\u10ff", "km": "\u1780-\u17ff", "lo": "\u0e80-\u0eff",
    "my": "\u1000-\u109f", "si": "\u0d80-\u0dff", "or": "\u0b00-\u0b7f", "bo": "\u0f00-\u0fff",
}  # fmt: skip
"""Languages that their script tells from all others."""

_CODES = (
    "af ar bg ca cs cy da de en es et fa fi fr hi hr hu id it lt lv mk mr ne nl no pl pt ro ru sk sl so sq sv sw tl tr "
    "uk ur vi"
)
_DETECTED = frozenset(_CODES.split())
"""The other languages that langdetect knows."""

_CHINESE = {"zh": "", "zh-cn": "hans", "zh-hans": "hans", "zh-sg": "hans", "zh-tw": "hant", "zh-hant": "hant"}
_WORD = re.compile(rf"[{HANZI}]|[\u3040-\u30ff\uff66-\uff9f]|[^\W\d_{HANZI}\u3040-\u30ff\uff66-\uff9f]+")
_KANA = re.compile("[\u3040-\u30fa\u30fc-\u30ff\uff66-\uff9f]")
_HAN = re.compile(f"[{HANZI}]")
_MOST, _KANA_SHARE = 0.75, 0.05
_COMMA, _COMMA_ZH = re.compile(","), re.compile("[,，、﹐﹑､]")
_UPPER, _LOWER, _LETTER = re.compile("[A-Z]"), re.compile("[a-z]"), re.compile("[A-Za-z]")
_CAPITALS = re.compile("(?<![A-Za-z])[A-Z]+(?![A-Za-z])")
_MOST_DETECTED = 20_000
"""Characters that langdetect is given; it reads the first 10,000 that are left after links and addresses."""


def language_code(value: object) -> str:
    """A language that can be told: an ISO 639-1 code, or zh-hans / zh-cn, zh-hant / zh-tw."""
    code = text(value).strip().lower().replace("_", "-")
    known = sorted({*_SCRIPTS, *_DETECTED, *_CHINESE, "ja"})
    if code not in known:
        raise BadOption(f"{code!r:.20} is no language that can be told; known: {', '.join(known)}")
    return code


def response_language(text: str, language: str) -> Finding:
    """The language of the text: by script where that decides it, else by langdetect with a fixed seed.

    By script: at least three in four words are in it, a word being a Han character, a kana or a run of other letters.
    Chinese is Han with next to no kana (under 5 %), Japanese Han with kana. Which of the two Chinese scripts it is, the
    characters decide that only one of them has; a text without any is both. Deviations from the reference: `zh`, which
    langdetect never answers, exists; a text without letters is an error, where the reference lets it pass.
    """
    if language in _DETECTED:
        return Finding(_detected(text) == language)
    words = _WORD.findall(text)
    if not words:
        raise CannotTell("the answer has no letters, so that its language cannot be told")
    han, kana = (sum(1 for word in words if one.match(word)) for one in (_HAN, _KANA))
    if language == "ja":
        return Finding(kana > _KANA_SHARE * (han + kana) and han + kana >= _MOST * len(words))
    if language in _CHINESE:
        chinese = kana <= _KANA_SHARE * (han + kana) and han >= _MOST * len(words)
        return Finding(chinese and _written(text, _CHINESE[language]))
    inside = re.compile(f"[{_SCRIPTS[language]}]")
    return Finding(sum(1 for word in words if inside.match(word)) >= _MOST * len(words))


def _written(text: str, script: str) -> bool:
    """Whether characters that only simplified (GB 2312) or only traditional (Big5) Chinese has are of the script."""
    marks = [_side(character) for character in _HAN.findall(text)]
    only = {"hans": marks.count("hans"), "hant": marks.count("hant")}
    return not script or only[script] >= sum(only.values()) - only[script]


@cache
def _side(character: str) -> str:
    simplified, traditional = (_encodes(character, codec) for codec in ("gb2312", "big5"))
    return "" if simplified == traditional else "hans" if simplified else "hant"


def _encodes(character: str, codec: str) -> bool:
    try:
        character.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


@cache
def _langdetect() -> tuple[ModuleType, object]:
    """The package and a factory of our own, so that the seed of others stays as it is."""
    require("langdetect", extra="control")
    package = require("langdetect.detector_factory", extra="control")
    factory = package.DetectorFactory()
    factory.load_profile(package.PROFILES_DIRECTORY)
    factory.set_seed(0)
    return package, factory


def _detected(text: str) -> str:
    package, factory = _langdetect()
    detector = factory.create()  # type: ignore[attr-defined]
    try:
        detector.append(text[:_MOST_DETECTED])
        return str(detector.detect())
    except package.LangDetectException:
        raise CannotTell("the language of the answer cannot be told") from None


def english_capital(text: str) -> Finding:
    """No small letter, at least one capital, and the language is English."""
    return verdict(text.isupper() and _detected(text) == "en", places(_LOWER, text))


def english_lowercase(text: str) -> Finding:
    """No capital, at least one small letter, and the language is English."""
    return verdict(text.islower() and _detected(text) == "en", places(_UPPER, text))


def english_capital_zh(text: str) -> Finding:
    """The English letters of the text, if it has any, are capitals; Chinese has no case."""
    return verdict(not _LOWER.search(text), places(_LOWER, text)) if _LETTER.search(text) else _VOID


def english_lowercase_zh(text: str) -> Finding:
    """The English letters of the text, if it has any, are small; Chinese has no case."""
    return verdict(not _UPPER.search(text), places(_UPPER, text)) if _LETTER.search(text) else _VOID


_VOID = Finding(True, void="the answer has no English letters")


def capital_word_frequency(text: str, capital_frequency: int, capital_relation: str) -> Finding:
    """The number of words in capitals, by the tokens of nltk's `word_tokenize`."""
    return compared(capital_words(text), capital_relation, capital_frequency)


def capital_word_frequency_zh(text: str, capital_frequency: int, capital_relation: str) -> Finding:
    """The number of runs of English letters that are all capitals, Chinese beside them or not."""
    return compared(list(places(_CAPITALS, text)), capital_relation, capital_frequency)


def no_comma(text: str) -> Finding:
    """No comma `,`."""
    return verdict("," not in text, places(_COMMA, text))


def no_comma_zh(text: str) -> Finding:
    """No comma of any kind: `,`, `，`, the enumeration comma `、` and their half-width and small forms."""
    return verdict(not _COMMA_ZH.search(text), places(_COMMA_ZH, text))
