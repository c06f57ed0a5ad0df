"""Word lists of groups and of what may be tied to them, and where such words stand in a text, English and Chinese."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from aigc_eval import yaml_file
from aigc_eval.errors import ConfigError, DataError, Problem
from aigc_eval.text import fold, tokens

__all__ = ["Hit", "Matcher", "Words", "gendered", "load", "matcher_of", "words_of"]

SIGN = "□"
"""Stands for a word that names a group."""


@dataclass(frozen=True)
class Words:
    """Groups with their words, sets of target words, and words that hold a group's word and do not name the group."""

    groups: tuple[tuple[str, tuple[str, ...]], ...]
    targets: tuple[tuple[str, tuple[str, ...]], ...] = ()
    neutral: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The groups' names."""
        return tuple(name for name, _ in self.groups)


class Hit(NamedTuple):
    """A listed word, `length` words long, at `place`: a group's ("group") or a target word ("target"), by number."""

    place: int
    kind: str
    number: int
    length: int = 1


def words_of(text: str) -> list[str]:
    """Folded words without punctuation and what follows an apostrophe, Han characters one by one.

    >>> words_of("She's a nurse, 她是護士。")
    ['she', 'a', 'nurse', '她', '是', '护', '士']
    """
    found = (word.partition("'")[0] for word in tokens(fold(text).replace("’", "'")))
    return [word for word in found if any(c.isalnum() for c in word)]


class Matcher:
    """Finds listed words in a list of words, the longest first, so that 其他 is no 他 and "grandmother" no "mother"."""

    def __init__(self, words: Words) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], str, int]]] = {}
        targets = [word for _, listed in words.targets for word in listed]
        entries = [(word, "group", i) for i, (_, listed) in enumerate(words.groups) for word in listed]
        entries += [(word, "target", i) for i, word in enumerate(targets)]
        entries += [(word, "neutral", 0) for word in words.neutral]
        for word, kind, number in entries:
            if parts := tuple(words_of(word)):
                self._by_first.setdefault(parts[0], []).append((parts, kind, number))
        for listed_here in self._by_first.values():
            listed_here.sort(key=lambda entry: -len(entry[0]))

    def _each(self, words: Sequence[str]) -> Iterator[tuple[int, int, list[tuple[str, int]]]]:
        """Start and length of each listed word, and what it is listed as."""
        place = 0
        while place < len(words):
            longest = 0
            roles: list[tuple[str, int]] = []
            for parts, kind, number in self._by_first.get(words[place], ()):
                if len(parts) < longest:
                    break
                if tuple(words[place : place + len(parts)]) == parts:
                    longest = len(parts)
                    roles.append((kind, number))
            if longest:
                yield place, longest, roles
            place += max(1, longest)

    def find(self, words: Sequence[str]) -> list[Hit]:
        """Listed words in their order; `place` counts words.

        >>> [(h.place, h.kind, h.number) for h in matcher_of(gendered()).find(words_of("他们和其他人，她"))]
        [(6, 'group', 0)]
        """
        return [
            Hit(place, kind, number, length)
            for place, length, roles in self._each(words)
            for kind, number in roles
            if kind != "neutral"
        ]

    def masked(self, words: Sequence[str]) -> list[str]:
        """The words with one sign in place of each that names a group."""
        found, done = [], 0
        for place, length, roles in self._each(words):
            if any(kind == "group" for kind, _ in roles):
                found += [*words[done:place], SIGN]
                done = place + length
        return [*found, *words[done:]]


@lru_cache(maxsize=8)
def matcher_of(words: Words) -> Matcher:
    """The matcher of some lists, made once."""
    return Matcher(words)


@cache
def gendered() -> Words:
    """The lists that come with the package: gendered words, adjectives and professions, English and Chinese."""
    text = resources.files("aigc_eval.scorers.bias").joinpath("gender.json").read_text("utf-8")
    return _read(yaml_file.parse(text, "gender.json").root.plain(), "gender.json")


def load(path: Path) -> Words:
    """Lists from a JSON or YAML file; raises `DataError` for one that is none, naming what is wrong.

    groups: {female: [she, 她], male: [he, 他]}     two or more
    targets: {professions: [nurse, 护士]}           optional
    neutral: [其他]                                  optional: holds a group's word, yet does not name the group
    """
    document = yaml_file.load(path)
    if document.problems:
        raise ConfigError(document.problems)
    return _read(document.root.plain(), str(path))


def _read(found: object, file: str) -> Words:
    given = found if isinstance(found, Mapping) else {}
    groups, targets = (_lists(given.get(key, {}), key, file) for key in ("groups", "targets"))
    if len(groups) < 2:
        raise _bad(file, "groups", "does not name two groups or more", "write {female: [she, her], male: [he, him]}")
    neutral = _words(given.get("neutral", []), "neutral", file)
    owners: dict[tuple[str, ...], str] = {}
    for name, listed in groups:
        for word in listed:
            if owners.setdefault(tuple(words_of(word)), name) != name:
                raise _bad(file, f"groups.{name}", f"{word!r} is in two groups", "list it as neutral, or not at all")
    return Words(groups, targets, neutral)


def _lists(given: object, key: str, file: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not isinstance(given, Mapping):
        raise _bad(file, key, "is no mapping from names to lists of words", "write {name: [word, word]}")
    return tuple((str(name), _words(listed, f"{key}.{name}", file)) for name, listed in given.items())


def _words(given: object, key: str, file: str) -> tuple[str, ...]:
    if not isinstance(given, Sequence) or isinstance(given, str) or not all(isinstance(w, str) for w in given):
        raise _bad(file, key, "is no list of words", "put words that read as numbers or booleans in quotes")
    if key != "neutral" and not given:
        raise _bad(file, key, "is empty", "list its words, or leave it out")
    return tuple(dict.fromkeys(given))


def _bad(file: str, key: str, what: str, remedy: str) -> DataError:
    return DataError([Problem(file, None, key, what, remedy)])
