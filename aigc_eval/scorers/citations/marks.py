"""Where an answer quotes and where it cites: quotation marks, citation marks, and the sentences these belong to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from aigc_eval.text import HANZI, sentences, tokens

__all__ = ["Cited", "Mark", "cited_sentences", "marks", "prose", "quotes"]

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]{1,500}`", re.DOTALL)
_NOTE = re.compile(r"^[ \t]{0,8}\[\^?\d{1,3}\]:[^\n]*", re.MULTILINE)
_LIST = re.compile(
    r"^[^\w\n]{0,20}(?:references?|sources?|citations?|bibliography|参考文献|参考资料|参考来源|资料来源|引用来源|引用|来源|"
    r"出处|注释)[^\w\n]{0,20}\n\s{0,10}(?=[\[【(（]?\d|[-*•\u2460-\u2473\[【]|https?:)",
    re.IGNORECASE | re.MULTILINE,
)
_WORD = (
    "(?:sources?|documents?|docs?|passages?|refs?|references?|citations?|evidence|见?(?:来源|资料|文档|文献|证据|段落|"
    "参考资料|参考文献))"
)
_NUMBERS = r"\d{1,3}(?:\s{0,2}(?:[-–—~～,，、;；&和与及]|and)\s{0,2}\d{1,3}){0,50}"
_AFTER = r"(?=\s|$|[，。！？；：、,.!?;:)）\]】”」\"])"
_MARK = re.compile(
    rf"[\[【［]\s?(?:\^|{_WORD}\s{{0,2}}[:：#]?)?\s{{0,2}}(?P<square>{_NUMBERS})(?:†[^\]】\n]{{0,60}})?\s?[\]】］]"
    rf"|[(（]\s?{_WORD}\s{{0,2}}[:：#]?\s{{0,2}}(?P<round>{_NUMBERS})\s?[)）]"
    rf"|(?<=[^\s\u2460-\u2473])(?P<circled>[\u2460-\u2473]{{1,20}}){_AFTER}",
    re.IGNORECASE,
)
_INDEX = re.compile(r"(?:[A-Za-z_]\w*\d|[)=_\\]|=\s)\Z", re.ASCII)
"""What stands before an index or a list in code that nobody marked as code: nums1[0], f(x)[1], a = [1, 2]."""
_RANGE = re.compile(r"(\d+)\s*[-–—~～]\s*(\d+)|(\d+)")
_QUOTE = re.compile(
    r"“([^“”\n]{1,2000})”|「([^「」\n]{1,2000})」|『([^『』\n]{1,2000})』|«([^«»\n]{1,2000})»"
    r"|(?<![A-Za-z0-9\"])\"(?=\S)([^\"\n]{1,2000})(?<=\S)\"(?![A-Za-z0-9\"])|^>[ \t]?([^\n]{1,2000})",
    re.MULTILINE,
)
_HAN = re.compile(f"[{HANZI}]")
_SMALL = frozenset(
    ["a", "an", "and", "as", "at", "but", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"]
)
_LEAST = 3.0
_STATEMENT = 4


class Mark(NamedTuple):
    """A citation mark: its place, and the numbers of the passages that it names (1 is the first)."""

    start: int
    end: int
    numbers: tuple[int, ...]


class Cited(NamedTuple):
    """A sentence's place, its words without citation marks, and the marks that belong to it."""

    start: int
    end: int
    words: str
    marks: tuple[Mark, ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        """The passages that it cites, each once, in order."""
        return tuple(dict.fromkeys(n for mark in self.marks for n in mark.numbers))


def prose(text: str) -> str:
    """The text with code, footnotes and a closing list of sources blanked out, at the same places."""
    whole = _NOTE.sub(_blank, _CODE.sub(_blank, text))
    listed = _LIST.search(whole)
    return whole if listed is None else whole[: listed.start()] + " " * (len(whole) - listed.start())


def _blank(m: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", m[0])


def marks(prose: str) -> list[Mark]:
    """Citation marks: [1], [2, 3], [1-3], 【1】, [^1], (Source 2), （来源 1、2）, and ① behind a word.

    >>> [(m.numbers) for m in marks("Tall [1][2, 4]。很高【3】（来源：1、2）. 有三种：①苹果 ②香蕉。很高①。 x[2023]")]
    [(1,), (2, 4), (3,), (1, 2), (1,)]
    """
    return [
        Mark(*m.span(), numbers)
        for m in _MARK.finditer(prose)
        if (numbers := _numbers(m)) and not _INDEX.search(prose, max(0, m.start() - 20), m.start())
    ]


def _numbers(m: re.Match[str]) -> tuple[int, ...]:
    if m["circled"]:
        return tuple(ord(c) - 0x245F for c in m["circled"])
    found: list[int] = []
    for first, last, single in _RANGE.findall(m["square"] or m["round"]):
        found += [int(single)] if single else range(int(first), min(int(last), int(first) + 50) + 1)
    return () if 0 in found[1:] or found[:-1] == [0] else tuple(dict.fromkeys(found))  # [0, 1] is an interval


def quotes(prose: str) -> list[tuple[int, int]]:
    """Places of what stands in quotation marks, 「」 or a quoted line, and is long enough to be a quotation.

    At least three words, where two Han characters are a word; not a title (《》, or words in capitals throughout).

    >>> text = '他说“今天天气真的很好”，《今天天气真的很好》, "so good", "it was so good", “The Old Man and the Sea”.'
    >>> [text[a:b] for a, b in quotes(text)]
    ['今天天气真的很好', 'it was so good']
    """
    found = []
    for m in _QUOTE.finditer(prose):
        place = m.span(m.lastindex or 0)
        if _is_quotation(prose[slice(*place)]):
            found.append(place)
    return found


def _is_quotation(text: str) -> bool:
    words = [t for t in tokens(text) if t[0].isalnum()]
    han = sum(map(bool, map(_HAN.match, words)))
    if len(words) - han + han / 2 < _LEAST:
        return False
    return han > 0 or not all(w[0].isupper() or w in _SMALL for w in words)  # a title otherwise


def cited_sentences(prose: str, found: Sequence[Mark]) -> list[Cited]:
    """Sentences that state something or cite, in order, with their marks.

    A mark belongs to the sentence it stands in; behind a sentence's end, to that sentence; at the start of a line, to
    what follows. A mark without any sentence on its line is a sentence without words.
    """
    bare = list(prose)
    for mark in found:
        bare[mark.start : mark.end] = " " * (mark.end - mark.start)
    text = "".join(bare)
    places = sentences(text)
    owned: list[list[Mark]] = [[] for _ in places]
    lone, at = [], 0
    for mark in found:
        while at < len(places) and places[at][1] <= mark.start:
            at += 1
        owner = _owner(text, places, at, mark)
        if owner is None:
            lone.append(Cited(mark.start, mark.end, "", (mark,)))
        else:
            owned[owner].append(mark)
    stated = [
        Cited(a, b, " ".join(text[a:b].split()), tuple(own))
        for (a, b), own in zip(places, owned, strict=True)
        if own or _states(text[a:b])
    ]
    return sorted([*stated, *lone])


def _owner(text: str, places: Sequence[tuple[int, int]], at: int, mark: Mark) -> int | None:
    """Which sentence the mark belongs to; `at` is the first that ends behind the mark's start."""
    if at < len(places) and places[at][0] <= mark.start:
        return at
    if at > 0 and "\n" not in text[places[at - 1][1] : mark.start]:
        return at - 1
    return at if at < len(places) and "\n" not in text[mark.end : places[at][0]] else None


def _states(sentence: str) -> bool:
    if sentence.rstrip("\"'”’」』)）*_ ")[-1:] in ("?", "？", ":", "："):
        return False
    return sum(t[0].isalnum() for t in tokens(sentence)) >= _STATEMENT
