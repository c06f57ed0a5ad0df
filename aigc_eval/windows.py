"""Overlapping windows that cover the whole of a long text, so that nothing in it goes unscored. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aigc_eval.text import sentences

__all__ = ["sentence_chunks", "sentence_windows", "strides"]


def strides(length: int, size: int, overlap: int) -> list[tuple[int, int]]:
    """Start and end of windows of `size` items that cover `length` items, neighbours sharing at least `overlap`.

    Every window is full where length >= size: the last one is moved back rather than cut short. Length 0 gives none.

    >>> strides(10, 4, 1)
    [(0, 4), (3, 7), (6, 10)]
    >>> strides(9, 4, 1), strides(3, 4, 1), strides(0, 4, 1)
    ([(0, 4), (3, 7), (5, 9)], [(0, 3)], [])
    """
    if not 0 <= overlap < size:
        raise ValueError(f"windows of {size} items cannot overlap by {overlap}")
    if length <= size:
        return [(0, length)] if length else []
    starts = [*range(0, length - size, size - overlap), length - size]
    return [(start, start + size) for start in starts]


def sentence_windows(text: str, size: int) -> list[tuple[int, int]]:
    """Start and end (half-open) of windows of whole sentences, at most `size` characters each.

    A window starts with the last sentence of the one before where that leaves room, so that two neighbouring
    sentences are seen together. A sentence longer than `size` is cut into windows that overlap by half. Every visible
    character lies in at least one window.

    >>> [text[a:b] for text in ["One. Two three. Four."] for a, b in sentence_windows(text, 16)]
    ['One. Two three.', 'Two three. Four.']
    """
    pieces = [piece for sentence in sentences(text) for piece in _cut(sentence, size)]
    return _pack(pieces, size)


def sentence_chunks(text: str, size: int, tokens: Callable[[str], Sequence[tuple[int, int]]]) -> list[str]:
    """The text in runs of whole sentences of at most `size` tokens; a longer sentence is cut; a blank text has none.

    `tokens` gives the start and end of each token of a text.

    >>> each_word = lambda text: [m.span() for m in __import__("re").finditer(r"\\w+", text)]
    >>> sentence_chunks("One. Two three. Four five six seven.", 3, each_word)
    ['One. Two three', 'Four five six', 'seven']
    """
    found: list[tuple[int, int, int]] = []
    for a, b in sentences(text):
        places = tokens(text[a:b])
        for at in range(0, len(places), size):
            run = places[at : at + size]
            start, end = a + run[0][0], a + run[-1][1]
            if found and found[-1][2] + len(run) <= size:
                found[-1] = (found[-1][0], end, found[-1][2] + len(run))
            elif end > start:
                found.append((start, end, len(run)))
    return [text[a:b] for a, b, _ in found]


def _cut(sentence: tuple[int, int], size: int) -> list[tuple[int, int]]:
    start, end = sentence
    if end - start <= size:
        return [sentence]
    return [(start + a, start + b) for a, b in strides(end - start, size, size // 2)]


def _pack(pieces: Sequence[tuple[int, int]], size: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    first = 0
    for i, (_, end) in enumerate(pieces):
        if end - pieces[first][0] > size:
            found.append((pieces[first][0], pieces[i - 1][1]))
            first = i - 1 if i - 1 > first and end - pieces[i - 1][0] <= size else i
    if pieces:
        found.append((pieces[first][0], pieces[-1][1]))
    return found
