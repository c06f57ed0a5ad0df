"""The protected texts: a folder read piece by piece into an index that is built once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from io import TextIOBase
from pathlib import Path

from aigc_eval.errors import DataError, Problem, UsageError
from aigc_eval.scorers.memorisation.index import Index
from aigc_eval.scorers.memorisation.words import words
from aigc_eval.tables.strict_json import kind, whole
from aigc_eval.text import HANZI

__all__ = ["Corpus", "Source", "files_of", "indexed"]

_KINDS = (".txt", ".md", ".jsonl")
_PIECE = 1 << 18
_MOST_BAD = 0.01
"""Share of characters that may be undecodable before a file counts as written in another encoding."""
_LAST_BREAK = re.compile(rf".*[\s{HANZI}]", re.S)


@dataclass(frozen=True)
class Source:
    """The files of a corpus. `digest` covers their names below `root`, which evidence shows, and their content."""

    digest: str
    root: Path = field(compare=False)
    files: tuple[Path, ...] = field(compare=False)
    key: str = ""
    """The field of a .jsonl record that holds its text."""

    def name(self, file: Path) -> str:
        """The file's name below the folder."""
        return file.relative_to(self.root).as_posix()


@dataclass(frozen=True, eq=False)
class Corpus:
    """Indexed texts, what each is called, and how many characters could not be decoded."""

    index: Index
    labels: Sequence[str]
    bad: int = 0

    @property
    def words(self) -> int:
        """Words of all texts."""
        return len(self.index.text) - len(self.labels)


def files_of(path: Path, key: str) -> Source:
    """The readable files of a folder (recursive; nothing hidden), or one file; UsageError where there are none."""
    found = [path] if path.is_file() else sorted(p for p in path.rglob("*") if _wanted(p, path))
    if not found:
        raise UsageError(
            f"memorisation: corpus {path} holds no {', '.join(_KINDS)} file; put the protected texts there as UTF-8"
        )
    root = path.parent if path.is_file() else path
    for file in found:
        if not file.resolve().is_relative_to(root.resolve()):
            raise UsageError(f"memorisation: {file} is a link out of the corpus; put the text itself there")
    try:
        marks = tuple((f, (s := f.stat()).st_size, s.st_mtime_ns) for f in found)
        return Source(_digest(root, marks), root, tuple(found), key)
    except OSError as error:
        raise UsageError(f"memorisation: the corpus cannot be read: {error}; check the file and its rights") from None


@lru_cache(maxsize=8)
def _digest(root: Path, marks: tuple[tuple[Path, int, int], ...]) -> str:
    """Names and contents; sizes and times in the key keep a changed file from being taken for the old one."""
    total = hashlib.sha256()
    for path, _, _ in marks:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        name = path.relative_to(root).as_posix()
        total.update(f"{name}\0{content}\n".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def _wanted(path: Path, root: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
    return not hidden and path.suffix.lower() in _KINDS and path.is_file()


@lru_cache(maxsize=2)
def indexed(files: Source) -> Corpus:
    """The index of a source, built once a content; UsageError where it cannot be read or holds no words."""
    reading = _Reading(files)
    try:
        index = Index.of(reading.documents())
    except OSError as error:
        raise UsageError(f"memorisation: the corpus cannot be read: {error}; check the file and its rights") from None
    if not index.vocabulary:
        raise UsageError(f"memorisation: the texts in {files.root} hold no words; put the protected texts there")
    return Corpus(index, tuple(reading.labels), reading.bad)


class _Reading:
    """One pass over the files, which notes what each document is called and what could not be decoded."""

    def __init__(self, files: Source) -> None:
        self.files, self.labels, self.bad = files, list[str](), 0

    def documents(self) -> Iterator[Iterator[list[str]]]:
        """The words of each document, in pieces."""
        for path in self.files.files:
            with path.open(encoding="utf-8-sig", errors="replace") as file:
                yield from self._records(path, file) if path.suffix.lower() == ".jsonl" else self._text(path, file)

    def _text(self, path: Path, file: TextIOBase) -> Iterator[Iterator[list[str]]]:
        self.labels.append(self.files.name(path))
        yield self._pieces(path, file)

    def _pieces(self, path: Path, file: TextIOBase) -> Iterator[list[str]]:
        """Pieces cut where no word can be cut: behind white space or a Han character."""
        rest, size, bad = "", 0, 0
        while piece := file.read(_PIECE):
            size, bad = size + len(piece), bad + _undecoded(piece)
            border = _LAST_BREAK.match(piece)
            cut = border.end() if border else 0
            yield words(rest + piece[:cut]) if cut else []
            rest = piece[cut:] if cut else rest + piece
        self._judge(path, size, bad)
        yield words(rest)

    def _records(self, path: Path, file: TextIOBase) -> Iterator[Iterator[list[str]]]:
        size = bad = 0
        for number, line in enumerate(file, 1):
            size, bad = size + len(line), bad + _undecoded(line)
            if line.strip():
                self.labels.append(f"{self.files.name(path)}:{number}")
                yield iter([words(_field(path, number, line, self.files.key))])
        self._judge(path, size, bad)

    def _judge(self, path: Path, size: int, bad: int) -> None:
        if bad > _MOST_BAD * size:
            raise UsageError(
                f"memorisation: {path} is not UTF-8 ({bad:,} of {size:,} characters cannot be decoded); convert it, "
                "for instance with: iconv -f GB18030 -t UTF-8"
            )
        self.bad += bad


def _undecoded(text: str) -> int:
    """Replacement characters, and the NULs that UTF-16 leaves."""
    return text.count("\ufffd") + text.count("\0")


def _field(path: Path, number: int, line: str, key: str) -> str:
    try:
        record = whole(line)
    except ValueError as error:
        raise _problem(path, number, "", f"not JSON: {error}", "write one JSON object a line") from None
    if not isinstance(record, dict):
        raise _problem(path, number, "", f"{kind(record)} instead of an object", "write one JSON object a line")
    text = record.get(key)
    if not isinstance(text, str):
        raise _problem(path, number, key, "is missing" if key not in record else f"is {kind(text)}", "give a text")
    return text


def _problem(path: Path, number: int, key: str, what: str, remedy: str) -> DataError:
    return DataError([Problem(str(path), number, key, what, remedy)])
