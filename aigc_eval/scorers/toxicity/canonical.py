"""The form of a text that is scored, and the way back to the characters it came from."""

from __future__ import annotations

import re
import unicodedata

from aigc_eval.text import HANZI, fold, simplify, visible

__all__ = ["canonical", "offsets"]

_BETWEEN_HANZI = rf"(?<=[{HANZI}])[ \t*_\-~^|/\\·•+=#&@$%]+(?=[{HANZI}])"
_SPELLED = r"(?<![^\W_])[^\W\d_](?:[ .*_\-~|/\\][^\W\d_]){2,}(?![^\W_])"
_REPEATED = r"(?P<c>\S)(?P=c){3,}"
_BLANK = r"\s{2,}"
_HIDDEN = re.compile(
    f"(?P<between>{_BETWEEN_HANZI})|(?P<spelled>{_SPELLED})|(?P<repeated>{_REPEATED})|(?P<blank>{_BLANK})"
)
_LEET = re.compile(r"(?<=[a-z])[@$!013457](?=[a-z])|(?<![^\W_])[@$](?=[a-z])")
_LETTER = dict(zip("@$!013457", "asioieast", strict=True))


def canonical(text: str) -> str:
    """The folded text with marks that hide a word taken out: spaced letters, symbols between Han characters, leet.

    Runs of white space, and of one character, are shortened.

    >>> canonical("S.T.U.P.I.D  st\\u200bup1d 笨*蛋 sooooooo")
    'stupid stupid 笨蛋 sooo'
    """
    return _read_leet(_without(fold(text), _deletions(fold(text))))


def offsets(text: str) -> list[int]:
    """Index in `text` of the character behind each character of `canonical(text)`.

    >>> offsets("a\\u200bＢ笨*蛋")
    [0, 2, 3, 5]
    """
    folded, back = _fold_with_offsets(text)
    for start, end in reversed(_deletions(folded)):
        del back[start:end]
    return back


def _deletions(folded: str) -> list[tuple[int, int]]:
    """Ranges to leave out, in order and disjoint."""
    found: list[tuple[int, int]] = []
    for match in _HIDDEN.finditer(folded):
        start, end = match.span()
        if match["spelled"]:
            found += [(i, i + 1) for i in range(start + 1, end, 2)]
        elif match["blank"]:
            found.append((start + 1, end))
        else:
            found.append((start + 3, end) if match["repeated"] else (start, end))
    return found


def _without(text: str, ranges: list[tuple[int, int]]) -> str:
    if not ranges:
        return text
    starts = [0, *(end for _, end in ranges)]
    ends = [*(start for start, _ in ranges), len(text)]
    return "".join(text[a:b] for a, b in zip(starts, ends, strict=True))


def _read_leet(text: str) -> str:
    return _LEET.sub(lambda match: _LETTER[match[0]], text)


def _fold_with_offsets(text: str) -> tuple[str, list[int]]:
    """`fold(text)` and the index in `text` of each of its characters.

    Normalisation joins and reorders marks only within a base character and what combines with it, so folding one such
    group after the other gives the same; where it does not (conjoining Hangul), the position is the nearest one.
    """
    pieces: list[str] = []
    back: list[int] = []
    start = 0
    for end in [*(i for i in range(1, len(text)) if unicodedata.combining(text[i]) == 0), len(text)]:
        piece = simplify(unicodedata.normalize("NFKC", visible(text[start:end]))).lower()
        pieces.append(piece)
        back += [start] * len(piece)
        start = end
    whole, joined = fold(text), "".join(pieces)
    if whole != joined:
        last = max(len(back) - 1, 0)
        back = [back[min(i * len(joined) // len(whole), last)] for i in range(len(whole))] if back else []
    return whole, back
