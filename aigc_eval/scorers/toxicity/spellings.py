"""Chinese abuse spelled so that a filter misses it, read as what it stands for: 煞笔, sha bi, 傻b, 女表子, nmsl.

Only whole words of a small table are changed (spellings.txt), never single characters, so that ordinary text stays as
it is. A spelling that also has an ordinary meaning is read as abuse only where someone is addressed with it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import NamedTuple

from aigc_eval.text import has_hanzi

__all__ = ["EMOJI", "Edit", "edits"]

EMOJI = "\u2190-\u2bff\u3030\U0001f000-\U0001f40d\U0001f40f-\U0001f433\U0001f435\U0001f438-\U0001faff"
"""Signs that are put between characters, as the inside of a class; not the animals that stand for a character."""
_CLAUSE = "，。、,.;；!！"
_GAP = re.compile(rf"[\s*_\-~^|/\\·•+=#&@$%{_CLAUSE}{EMOJI}]")
_NEAR = 20
_MARK = "\0"
"""Between two characters of a spelling, in the table's own strings: something may be inserted here."""
_SAFE_ACROSS_CLAUSES = ("傻逼", "垃圾", "婊子")
_ADDRESSED = re.compile(rf"[你您他她它们这那个群帮伙堆种真是大死臭老小烂骂像叫全太好又][ {EMOJI}]*$")
_OPENED = re.compile(rf"(?:^|[\n。！？!?，,；;…~～、：:])[ {EMOJI}]*$")
"""What stands before a spelling: someone addressed, or the beginning of a clause."""
_CLOSED = r"$|[\n。！？!?，,；;…~～、”\"」』]|[吧啊呀嘛滚]|东西|玩意"
_BEHIND = {
    (False, False): re.compile(rf"[ {EMOJI}]*(?:{_CLOSED}|一个)"),
    (False, True): re.compile(rf"[ {EMOJI}]*(?:{_CLOSED}|[呢吗哦了的你们还也就都给别去样懂]|一个|而已)"),
    (True, False): re.compile(rf"[ {EMOJI}]*(?:{_CLOSED})"),
    (True, True): re.compile(rf"[ {EMOJI}]*(?:{_CLOSED}|[你别]|一个)"),
}
"""What may follow a doubtful spelling: by whether it opens a clause, and whether it ends in a Latin letter."""
_WITHOUT_HANZI = re.compile(r"(?:cao ?ni ?ma|ni ?ma ?si ?le|sha ?bi|w?dnmd|nmsl|wang ?ba ?dan)(?![a-z0-9])")
"""What is looked for in text without any Han character."""


class Edit(NamedTuple):
    """Characters `start` to `end` stand for `word`."""

    start: int
    end: int
    word: str


class _Spelling(NamedTuple):
    word: str
    anywhere: bool
    """Whether it is abuse wherever it stands."""
    listed: bool
    """Whether the table has it as a whole, rather than as a mix."""


@dataclass(frozen=True)
class _Table:
    spellings: Mapping[str, _Spelling]
    marked: tuple[str, ...]
    harmless: tuple[str, ...]
    subject: tuple[str, ...]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(_trie(sorted(self.marked)))

    @cached_property
    def protected(self) -> re.Pattern[str]:
        return re.compile("|".join(map(re.escape, self.harmless)))


def edits(text: str) -> list[Edit]:
    """The hidden spellings in a folded text, in order and disjoint.

    >>> edits("你这个煞 笔，sb。沙比亚很远")
    [Edit(start=3, end=6, word='傻逼'), Edit(start=7, end=9, word='傻逼')]
    """
    if not has_hanzi(text) and not _WITHOUT_HANZI.search(text):
        return []
    table, found, at = _table(), list[Edit](), 0
    while match := table.pattern.search(text, at):
        edit = _read(table, text, match.start(), match.end())
        at = match.end() if edit else match.start() + 1
        if edit and edit.word != text[edit.start : edit.end]:
            found.append(edit)
    return found


def _read(table: _Table, text: str, start: int, end: int) -> Edit | None:
    """What the characters from start to end stand for, if they do where they are."""
    whole = text[start:end]
    spelling = table.spellings[_GAP.sub("", whole)]
    if _inside_latin(text, start, end) or not _gaps_fit(whole, spelling.word):
        return None
    if any(start < m.end() and m.start() < end for m in table.protected.finditer(text, max(0, start - 8), end + 8)):
        return None
    around = text[max(0, start - _NEAR) : start] + " " + text[end : end + _NEAR]
    if spelling.listed and any(word in around for word in table.subject):
        return None
    return Edit(start, end, spelling.word) if spelling.anywhere or _meant(text, start, end) else None


def _meant(text: str, start: int, end: int) -> bool:
    """Whether what stands around a doubtful spelling makes it an insult."""
    before = text[max(0, start - 4) : start]
    latin = text[end - 1].isascii()
    found = [opens for opens, what in ((False, _ADDRESSED), (True, _OPENED)) if what.search(before)]
    return any(_BEHIND[opens, latin].match(text, end) for opens in found)


def _inside_latin(text: str, start: int, end: int) -> bool:
    """Whether the spelling is only a part of a word of Latin letters and digits."""
    left, right = text[start - 1 : start], text[end : end + 1]
    return (_latin(text[start]) and _latin(left)) or (_latin(text[end - 1]) and _latin(right))


def _latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _gaps_fit(whole: str, word: str) -> bool:
    """Whether what is inserted can be a disguise: a comma may also end a clause, unless it is everywhere."""
    gaps = re.findall(rf"\.+|[{_CLAUSE}]", whole)
    if not gaps:
        return True
    if len(set(gaps)) > 1 or len(gaps) != len(word) - 1:
        return False
    return len(word) > 2 or (word in _SAFE_ACROSS_CLAUSES and whole == gaps[0].join(word))


@cache
def _table() -> _Table:
    parts = _parts(resources.files(__package__).joinpath("spellings.txt").read_text("utf-8"))
    characters = [line.split(" ") for line in parts["characters"]]
    mixed = [pair for item in " ".join(parts["words"]).split() for pair in _mixed(item, characters)]
    spellings: dict[str, _Spelling] = {}
    marked: list[str] = []
    for part in ("sure", "doubtful"):
        for line in parts[part]:
            whole, word = line.split(" ")
            spellings[whole] = _Spelling(word, part == "sure", True)
            marked.append(_MARK.join(whole) if has_hanzi(whole) else whole)
    for written, spelling in mixed:
        plain = written.replace(_MARK, "")
        if plain not in spellings:
            spellings[plain] = spelling
            marked.append(written)
    return _Table(spellings, tuple(marked), _words(parts["harmless"]), _words(parts["subject"]))


def _words(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(" ".join(lines).split())


def _parts(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in text.split("\n"):
        if line.startswith("= "):
            lines = found.setdefault(line[2:].partition(":")[0], [])
        elif line and not line.startswith("#"):
            lines.append(line)
    return found


def _mixed(item: str, characters: Sequence[Sequence[str]]) -> Iterator[tuple[str, _Spelling]]:
    """Every way to write a word with sound-alikes, readings and halves of its characters, itself included."""
    word, sounds = item.removesuffix("!"), not item.endswith("!")
    known = {line[0]: line[1:] for line in characters}
    choices = []
    for character in word:
        reading, alike, *halves = known[character]
        choices.append([character, reading, *halves, *(alike if sounds and alike != "-" else "")])
    for chosen in itertools.product(*choices):
        same = sum(a == b for a, b in zip(chosen, word, strict=True))
        latin = all(c.isascii() for c in chosen)
        apart = all(c in known[w][2:] or c == w for c, w in zip(chosen, word, strict=True))
        anywhere = 2 * same >= len(word) or apart or (latin and len(word) > 2)
        yield _MARK.join(chosen), _Spelling(word, anywhere, False)


def _trie(words: Sequence[str]) -> str:
    """A regular expression for any of the words (sorted), the longest first; a mark lets something be inserted."""
    branches, ends = [], False
    for first, group in itertools.groupby(words, key=lambda word: word[:1]):
        if not first:
            ends = True
            continue
        rest = _trie([word[1:] for word in group])
        branches.append((rf"{_GAP.pattern}{{0,3}}" if first == _MARK else re.escape(first)) + rest)
    if not branches:
        return ""
    inner = branches[0] if len(branches) == 1 and not ends else f"(?:{'|'.join(branches)})"
    return f"{inner}?" if ends else inner
