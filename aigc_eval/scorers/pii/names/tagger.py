"""The bundled tagger: names of people, places and organisations in English and Chinese text, without a download."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aigc_eval.scorers.pii.clock import UNLIMITED, Clock
from aigc_eval.scorers.pii.names.crf import TAGS, decode, spans
from aigc_eval.scorers.pii.names.features import Attributes, features, is_han
from aigc_eval.scorers.pii.names.tokens import Token, sequences

__all__ = ["GAZETTEER", "WEIGHTS", "Field", "Tagger", "bundled", "load"]

WEIGHTS, GAZETTEER = Path(__file__).with_name("weights.npz"), Path(__file__).with_name("gazetteer.txt")
_TOGETHER, _PADDED = 64, 16


@dataclass(frozen=True, eq=False)
class Field:
    """The weights of one language: features in ascending order, a row of weights for each, and the transitions."""

    keys: NDArray[np.uint32]
    weights: NDArray[np.float32]
    transitions: NDArray[np.float32]

    def emissions(self, found: NDArray[np.uint32]) -> NDArray[np.float32]:
        """Scores of each tag for tokens with these features."""
        at = np.minimum(np.searchsorted(self.keys, found), len(self.keys) - 1)
        known = (self.keys[at] == found) & (found != 0)
        return np.asarray(self.weights[np.where(known, at + 1, 0)].sum(axis=1), np.float32)


@dataclass(frozen=True, eq=False)
class Tagger:
    """One field for sequences with Hanzi and one for those without, and the attributes that both see."""

    english: Field
    chinese: Field
    attributes: Attributes

    def __call__(self, text: str, clock: Clock = UNLIMITED) -> Iterator[tuple[str, int, int, float]]:
        """Type, start, end and probability of each name, in order of position. Raises OutOfTime."""
        waiting: list[list[Token]] = []
        for sequence in sequences(text):
            waiting.append(sequence)
            if len(waiting) == _TOGETHER:
                clock.check()
                yield from self._names(waiting)
                waiting = []
        clock.check()
        yield from self._names(waiting)

    def _names(self, batch: Sequence[Sequence[Token]]) -> Iterator[tuple[str, int, int, float]]:
        found = self.tag([[token.text for token in tokens] for tokens in batch])
        for tokens, names in zip(batch, found, strict=True):
            for first, last, kind, p in names:
                yield kind, tokens[first].start, tokens[last].end, p

    def tag(self, batch: Sequence[Sequence[str]]) -> list[list[tuple[int, int, str, float]]]:
        """First token, last token, type and probability of each name in each of the sequences of tokens."""
        found: list[list[tuple[int, int, str, float]]] = [[] for _ in batch]
        chinese = [any(map(is_han, tokens)) for tokens in batch]
        for field, han in ((self.english, False), (self.chinese, True)):
            # Short beside short: a long line must not make every step of short ones.
            order = sorted(
                (i for i in range(len(batch)) if batch[i] and chinese[i] == han), key=lambda i: len(batch[i])
            )
            for start in range(0, len(order), _PADDED):
                part = order[start : start + _PADDED]
                for i, names in zip(part, self._decoded(field, [batch[i] for i in part]), strict=True):
                    found[i] = names
        return found

    def _decoded(self, field: Field, batch: Sequence[Sequence[str]]) -> Iterator[list[tuple[int, int, str, float]]]:
        lengths = np.array([len(tokens) for tokens in batch])
        emissions = np.zeros((len(batch), int(lengths.max()), len(TAGS)), np.float32)
        for i, tokens in enumerate(batch):
            han = np.array([is_han(token) for token in tokens], bool)
            emissions[i, : len(tokens)] = field.emissions(features(self.attributes.of(tokens), han))
        paths, forward, backward, total = decode(emissions, lengths, field.transitions)
        for i, n in enumerate(lengths):
            path = paths[i, :n].tolist()
            names = []
            for first, last, kind in spans(path):
                log_p = float(forward[i, first, path[first]] + backward[i, last, path[last]] - total[i])
                for t in range(first + 1, last + 1):
                    log_p += float(field.transitions[path[t - 1], path[t]] + emissions[i, t, path[t]])
                names.append((first, last, kind, math.exp(min(log_p, 0.0))))
            yield names


def _field(arrays: Mapping[str, NDArray[Any]], language: str) -> Field:
    small = arrays[f"{language}_weights"]
    weights = np.zeros((len(small) + 1, len(TAGS)), np.float32)  # the first row is that of no feature
    weights[1:] = small * arrays[f"{language}_scale"]
    return Field(arrays[f"{language}_keys"], weights, arrays[f"{language}_transitions"])


def load(path: Path) -> Tagger:
    """A tagger from its file."""
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    attributes = Attributes(arrays["words"], arrays["clusters"], frozenset(arrays["places"].tolist()))
    return Tagger(_field(arrays, "en"), _field(arrays, "zh"), attributes)


@cache
def bundled() -> Tagger:
    """The tagger that the package brings."""
    return load(WEIGHTS)
