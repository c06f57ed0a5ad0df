"""Whether two sentences say the opposite of each other: negating words and pairs of opposite words."""

from __future__ import annotations

import re
from functools import lru_cache

from aigc_eval.text import has_hanzi

__all__ = ["clauses", "negations", "opposites"]


_NEGATOR_EN = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|nowhere|neither|nor|without|cannot|unable|fail(?:s|ed)?\s+to|"
    r"lacks?|lacked|denie[sd]|false|untrue|incorrect|\w+n['’]t)\b|\bnon-?(?=[a-z]{4})",
    re.IGNORECASE,
)
_NOT_ONLY_EN = re.compile(
    r"\bnot\s+(?:only|just|merely|necessarily)\b|\bno\s+(?:longer|more|less)\s+than\b|\bno\.\s*\d", re.I
)
_NEGATOR_ZH = re.compile("没有|不是|并非|绝非|从未|从不|未曾|尚未|毫无|不|没|无|非|未|否认|莫")
_NOT_NEGATIVE_ZH = re.compile(
    "不仅|不但|不只|不光|不单|不过|不同|不断|不少|不久|不管|不论|不料|不禁|不得不|不足|不锈|不幸|不错|不愧|差不多|了不起|"
    "对不起|无论|无数|无线|无疑|无非|无人机|无比|非常|非洲|除非|莫非|非法|非物质|非营利|非政府|非遗|未来|未必|未免|是否|"
    "否则|能否|可否|有没有|是不是|能不能|会不会|要不要|莫斯科|莫扎特|莫奈"
)
_LATIN = re.compile("[A-Za-z]")


def _patterns(*pairs: str) -> list[tuple[re.Pattern[str], ...]]:
    return [tuple(re.compile(side, re.IGNORECASE) for side in pair.split("/")) for pair in pairs]


_OPPOSITES_EN = _patterns(
    r"\b(?:increas|ris(?:e|ing)\b|rose\b|grew\b|gr(?:ow|own)\b)/\b(?:decreas|declin|fell\b|fall(?:s|en|ing)?\b|dropp|shr[ia]nk)",
    r"\b(?:largest|biggest|highest|most)\b/\b(?:smallest|lowest|least)\b",
    r"\b(?:before|earlier)\b/\b(?:after|later)\b",
    r"\b(?:allow|permit|legal\b)/\b(?:prohibit|forb[ia]d|ban(?:s|ned)?\b|illegal)",
    r"\b(?:accept|approv|agree)/\b(?:reject|refus|disagree)",
    r"\b(?:win|wins|won)\b/\b(?:lose|loses|lost)\b",
    r"\b(?:succe[es]d|successful)/\b(?:fail|unsuccessful)",
    r"\b(?:north|northern)\b/\b(?:south|southern)\b",
    r"\b(?:east|eastern)\b/\b(?:west|western)\b",
    r"\b(?:alive|living)\b/\b(?:dead|died)\b",
)
_OPPOSITES_ZH = _patterns(
    "增加|增长|上升|提高|上涨/减少|下降|降低|下跌",
    "最大|最高|最多/最小|最低|最少",
    "之前|以前/之后|以后",
    "允许|合法/禁止|非法|违法",
    "支持|同意|批准|接受/反对|拒绝|否决",
    "成功/失败",
    "盈利/亏损",
    "南部|南方/北部|北方",
    "东部|东方/西部|西方",
)


def negations(text: str) -> int:
    """Negating words of a flat text; "not only", 不仅, 非常 and their like do not negate.

    >>> negations("It isn't red, not only that"), negations("他没有去,不过非常想去")
    (1, 1)
    """
    return _short_negations(text) if len(text) <= _SHORT else _negations(text)


def _negations(text: str) -> int:
    english = _NEGATOR_EN.findall(_NOT_ONLY_EN.sub(" ", text))
    return len(english) + len(_NEGATOR_ZH.findall(_NOT_NEGATIVE_ZH.sub(" ", text)))


_SHORT = 4096
# A sentence of the evidence is compared with many sentences of answers.
_short_negations = lru_cache(maxsize=512)(_negations)


def opposites(one: str, other: str) -> int:
    """Pairs of opposite words of which `one` has one side only and `other` has only the other.

    >>> opposites("Sales rose.", "Sales fell."), opposites("销量上升", "销量上升")
    (1, 0)
    """
    mine, theirs = (_short_sides(t) if len(t) <= _SHORT else _sides(t) for t in (one, other))
    return sum(theirs.get(pair, side) != side for pair, side in mine.items())


def _sides(text: str) -> dict[int, bool]:
    """The pairs of opposites, in the text's letters, of which it has one side only, and whether that is the first."""
    pairs = [*(_OPPOSITES_EN if _LATIN.search(text) else ()), *(_OPPOSITES_ZH if has_hanzi(text) else ())]
    found = ((id(pair), [side.search(text) is not None for side in pair]) for pair in pairs)
    return {pair: sides[0] for pair, sides in found if sum(sides) == 1}


_short_sides = lru_cache(maxsize=512)(_sides)


def clauses(sentence: str) -> list[str]:
    """The sentence cut at commas, brackets and conjunctions."""
    return [
        c
        for c in re.split(r"[,;:，；：、—()]|\b(?:and|but|although|though|while|whereas|because)\b", sentence)
        if c.strip()
    ]
