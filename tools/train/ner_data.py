"""Tagged sentences for the bundled tagger: read, cut into its tokens, split, and freed of what stands in a test set."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from aigc_eval.scorers.pii.names.tokens import LONGEST, tokenize
from aigc_eval.text import fold

KINDS = {
    "PER": "PERSON", "PERSON": "PERSON", "LOC": "LOCATION", "LOCATION": "LOCATION", "ORG": "ORGANIZATION",
    "CORPORATION": "ORGANIZATION", "GROUP": "ORGANIZATION",
}  # fmt: skip
"""Labels of the sets; MISC, product and creative-work are no names here."""

EVERY, HELD_OUT = 10, 0
DIGESTS: dict[str, str] = {}


@dataclass(frozen=True)
class Sentence:
    """Tokens, and first token, last token and type of each name in them."""

    tokens: tuple[str, ...]
    names: tuple[tuple[int, int, str], ...]
    source: str

    @property
    def text(self) -> str:
        """For comparison with other sentences: letters only."""
        return re.sub(r"[\W_]+", "", fold("".join(self.tokens)))


@dataclass(frozen=True)
class Data:
    """Training, development and test sentences; `test` by the name of the set."""

    train: list[Sentence]
    dev: dict[str, list[Sentence]]
    test: dict[str, list[Sentence]]


def _rows(path: Path, word: int, tag: int) -> Iterator[list[tuple[str, str]]]:
    raw = path.read_bytes()
    DIGESTS[f"{path.parent.name}/{path.name}"] = hashlib.sha256(raw).hexdigest()
    rows: list[tuple[str, str]] = []
    for line in raw.decode("utf-8").split("\n"):
        cells = re.split(r"[\t ]", line.strip("\r"))
        if not line.strip() or "DOCSTART" in line:
            if rows:
                yield rows
            rows = []
        elif not line.startswith("# ") and len(cells) > max(word, tag):
            rows.append((cells[word], cells[tag].strip()))
    if rows:
        yield rows


def _with_handles(rows: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Handles in one piece: one set writes "@ name", and calls every one a person."""
    sign = False
    for word, tag in rows:
        if sign:
            yield "@" + word, "O"
        elif word != "@":
            yield word, tag
        sign = word == "@" and not sign


def _sentence(rows: Sequence[tuple[str, str]], source: str) -> Sentence:
    tokens: list[str] = []
    names: list[tuple[int, int, str]] = []
    before = "O"
    for word, tag in _with_handles(rows):
        parts = [token.text for token in tokenize(word)]
        if not parts:
            continue
        handle = word.startswith(("@", "#", "http"))
        kind = "" if tag == "O" or handle else KINDS.get(tag[2:].upper(), "")
        last = len(tokens) + len(parts) - 1
        if kind and names and names[-1][1] == len(tokens) - 1 and tag[0] == "I" and before[2:] == tag[2:]:
            names[-1] = (names[-1][0], last, kind)
        elif kind:
            names.append((len(tokens), last, kind))
        tokens += parts
        before = tag if kind else "O"
    return Sentence(tuple(tokens[:LONGEST]), tuple(n for n in names if n[1] < LONGEST), source)


def _read(folder: Path, name: str, word: int, tag: int) -> list[Sentence]:
    source = name.partition("/")[0]
    return [_sentence(rows, source) for rows in _rows(folder / name, word, tag)]


def _split(sentences: Sequence[Sentence], block: int) -> tuple[list[Sentence], list[Sentence]]:
    """Every tenth block of neighbours is for development, so that a document is hardly ever in both."""
    parts: tuple[list[Sentence], list[Sentence]] = ([], [])
    for i, sentence in enumerate(sentences):
        parts[i // block % EVERY == HELD_OUT].append(sentence)
    return parts


def _without(sentences: Iterable[Sentence], tests: Iterable[Sentence]) -> list[Sentence]:
    known = {sentence.text for sentence in tests}
    return [s for s in sentences if s.names or len(s.tokens) > 2 if s.text not in known]


def load(shared: Path) -> Data:
    """Everything, from the folder `labelled` of the shared data."""
    folder = shared / "labelled"
    test = {
        "wnut17 dev (en)": _read(folder, "wnut17/emerging.dev.conll", 0, 1),
        "uner_zh_gsdsimp test (zh)": _read(folder, "uner_zh_gsdsimp/test.iob2", 1, 2),
    }
    wiki, wiki_dev = _split(_read(folder, "wikigold/wikigold.conll.txt", 0, 1), 20)
    tweets, tweets_dev = [], []
    for name in "abefgh":
        parts = _split(_read(folder, f"broad_twitter/{name}.conll", 0, 1), 50)
        tweets += parts[0]
        tweets_dev += parts[1]
    train = [
        *wiki,
        *tweets,
        *_read(folder, "wnut17/wnut17train.conll", 0, 1),
        *_read(folder, "uner_zh_gsdsimp/train.iob2", 1, 2),
    ]
    dev = {
        "wikigold, tenth (en)": wiki_dev,
        "broad_twitter, tenth (en)": tweets_dev,
        "uner_zh_gsdsimp dev (zh)": _read(folder, "uner_zh_gsdsimp/dev.iob2", 1, 2),
    }
    held = [s for part in (*test.values(), *dev.values()) for s in part]
    return Data(_without(train, held), dev, test)
