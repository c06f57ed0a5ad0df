"""A linear-chain conditional random field (Lafferty et al. 2001): best tags by Viterbi, and how sure each span is.

Tags are BIOES of three types. Sequences are worked on together, padded: one step of every sequence at a time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["TAGS", "TYPES", "allowed", "decode", "may_end", "may_start", "spans"]

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

TYPES = ("PERSON", "LOCATION", "ORGANIZATION")
TAGS = ("O", *(f"{part}-{kind}" for kind in TYPES for part in "BIES"))
_BLOCKED = np.float32(-1e4)


def may_start(tag: str) -> bool:
    """Whether a sequence may begin with this tag."""
    return tag[0] in "OBS"


def may_end(tag: str) -> bool:
    """Whether a sequence may end with this tag."""
    return tag[0] in "OES"


def allowed() -> NDArray[np.bool_]:
    """Which tag (column) may follow which (row)."""
    return np.array(
        [[may_start(b) if may_end(a) else b[0] in "IE" and b[2:] == a[2:] for b in TAGS] for a in TAGS], bool
    )


_START = np.where([may_start(t) for t in TAGS], np.float32(0), _BLOCKED)
_STOP = np.where([may_end(t) for t in TAGS], np.float32(0), _BLOCKED)


def _logsumexp(x: Floats, axis: int) -> Floats:
    top = x.max(axis=axis, keepdims=True)
    return np.asarray(np.log(np.exp(x - top).sum(axis=axis)) + top.squeeze(axis), np.float32)


def decode(emissions: Floats, lengths: Integers, transitions: Floats) -> tuple[Integers, Floats, Floats, Floats]:
    """Best tags, forward and backward log sums, and log Z, of a padded batch.

    `emissions` is (batch, step, tag), `transitions` (tag, tag). Padding behind a sequence's end is never read.
    """
    batch, steps, tags = emissions.shape
    best = emissions[:, 0] + _START
    forward = np.zeros_like(emissions)
    forward[:, 0] = best
    back = np.zeros((batch, steps, tags), np.int8)
    for t in range(1, steps):
        on = (lengths > t)[:, None]
        scores = best[:, :, None] + transitions
        back[:, t] = np.where(on, scores.argmax(axis=1), np.arange(tags))
        best = np.where(on, scores.max(axis=1) + emissions[:, t], best)
        sums = _logsumexp(forward[:, t - 1, :, None] + transitions, 1) + emissions[:, t]
        forward[:, t] = np.where(on, sums, forward[:, t - 1])
    backward = np.zeros_like(emissions)
    backward[:, steps - 1] = _STOP
    for t in range(steps - 2, -1, -1):
        on = (lengths > t + 1)[:, None]
        ahead = transitions + (emissions[:, t + 1] + backward[:, t + 1])[:, None, :]
        backward[:, t] = np.where(on, _logsumexp(ahead, 2), _STOP)
    path = np.zeros((batch, steps), np.int64)
    path[:, -1] = (best + _STOP).argmax(axis=1)
    rows = np.arange(batch)
    for t in range(steps - 1, 0, -1):
        path[:, t - 1] = back[rows, t, path[:, t]]
    total = _logsumexp(forward[:, -1] + _STOP, 1)
    return path, forward, backward, total


def spans(tags: Sequence[int]) -> list[tuple[int, int, str]]:
    """First token, last token (inclusive) and type of each span.

    >>> spans([TAGS.index(t) for t in ("O", "B-PERSON", "E-PERSON", "S-LOCATION")])
    [(1, 2, 'PERSON'), (3, 3, 'LOCATION')]
    """
    found, first = [], 0
    for i, tag in enumerate(TAGS[t] for t in tags):
        if tag[0] in "BS":
            first = i
        if tag[0] in "ES":
            found.append((first, i, tag[2:]))
    return found
