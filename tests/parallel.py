"""Whether two Markdown files say the same in two languages, as far as a program can tell: by their skeletons."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path
from typing import Any

__all__ = ["Skeleton", "differences", "skeleton", "split_words"]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"(?:^|(?<=\s))# .*$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_HAN = "[\u2e80-\u9fff\uff00-\uffef\u3000-\u303f]"


@dataclass(frozen=True)
class Skeleton:
    """What must be the same in both languages, in the order in which it stands."""

    headings: tuple[tuple[int, str], ...]
    code: tuple[str, ...]
    links: tuple[str, ...]
    tables: tuple[tuple[int, int], ...]
    lists: tuple[int, ...]
    terms: frozenset[str]


def skeleton(text: str, renamed: Mapping[str, str]) -> Skeleton:
    """A file's skeleton; `renamed` maps what it links to in its own language to what the other links to."""
    prose = _FENCE.sub("", text)
    lines = prose.splitlines()
    links = [renamed.get(link, link) for link in _LINK.findall(prose)]
    return Skeleton(
        tuple((len(mark), title.strip()) for mark, title in re.findall(r"^(#+) (.*)$", prose, re.MULTILINE)),
        tuple(f"{kind}\n{_bare(code)}" for kind, code in _FENCE.findall(text)),
        tuple(sorted(links)),
        _tables(lines),
        _runs(lines, lambda line: re.match(r"\s*(?:-|\d+\.) ", line) is not None),
        frozenset(" ".join(code.split()) for code in _CODE.findall(prose)),
    )


def _bare(code: str) -> str:
    """Code without its comments and without the space before them."""
    return "\n".join(_COMMENT.sub("#", line).rstrip("# \t") for line in code.splitlines())


def _tables(lines: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Rows and columns of each table."""
    found: list[tuple[int, int]] = []
    before = False
    for line in lines:
        row = line.startswith("|")
        if row:
            columns = len(re.findall(r"(?<!\\)\|", line)) - 1
            found[-1:] = [(found[-1][0] + 1, found[-1][1])] if before else [*found[-1:], (1, columns)]
        before = row
    return tuple(found)


def _runs(lines: Sequence[str], belongs: Callable[[str], bool]) -> tuple[int, ...]:
    """How many items each list has: items with nothing but their own further lines between them."""
    found: list[int] = []
    inside = False
    for line in lines:
        if belongs(line):
            found[-1:] = [found[-1] + 1] if inside else [*found[-1:], 1]
            inside = True
        elif not line.startswith("  "):
            inside = False
    return tuple(found)


def differences(en: Path, zh: Path, renamed: Mapping[str, str]) -> list[str]:
    """What exactly differs, one line each; `renamed` maps a target of the Chinese file to that of the English one."""
    a, b = skeleton(en.read_text("utf-8"), {}), skeleton(zh.read_text("utf-8"), renamed)
    told = _headings(a.headings, b.headings)
    told += _sequence("code block", a.code, b.code)
    told += [f"link only in {en.name}: {link}" for link in _more(a.links, b.links)]
    told += [f"link only in {zh.name}: {link}" for link in _more(b.links, a.links)]
    told += _sequence("table of (rows, columns)", a.tables, b.tables)
    told += _sequence("list of so many items", a.lists, b.lists)
    told += [f"`{term}` only in {en.name}" for term in sorted(a.terms - b.terms)]
    told += [f"`{term}` only in {zh.name}" for term in sorted(b.terms - a.terms)]
    return told


def _more(these: Sequence[str], those: Sequence[str]) -> list[str]:
    left = list(those)
    return [one for one in these if one not in left or left.remove(one)]  # type: ignore[func-returns-value]


def _headings(a: Sequence[tuple[int, str]], b: Sequence[tuple[int, str]]) -> list[str]:
    if [level for level, _ in a] == [level for level, _ in b]:
        return []
    matched = SequenceMatcher(None, [level for level, _ in a], [level for level, _ in b], autojunk=False)
    return [
        f"headings differ: English {[t for _, t in a[i:j]]}, Chinese {[t for _, t in b[k:m]]}"
        for kind, i, j, k, m in matched.get_opcodes()
        if kind != "equal"
    ]


def _sequence(what: str, a: Sequence[Any], b: Sequence[Any]) -> list[str]:
    told = [f"{what} {i + 1} differs:\n  en: {x}\n  zh: {y}" for i, (x, y) in enumerate(zip(a, b)) if x != y]  # noqa: B905
    longer, name = (a, "English") if len(a) > len(b) else (b, "Chinese")
    return told + [f"{what} only in {name}: {one}" for one in longer[min(len(a), len(b)) :]]


def split_words(text: str) -> list[str]:
    """Lines that end between two Chinese characters: Markdown would put a space there."""
    lines = _FENCE.sub("", text).splitlines()
    return [
        f"{one}/{other}"
        for one, other in pairwise(lines)
        if re.search(f"{_HAN}$", one) and re.match(f" *{_HAN}", other)
    ]
