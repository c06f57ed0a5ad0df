"""The form of a text that is scored, and the way back to the characters it came from."""

from __future__ import annotations

import re
import unicodedata

from aigc_eval.scorers.toxicity.spellings import EMOJI, Edit, edits
from aigc_eval.text import HANZI, fold, has_hanzi, simplify, visible

__all__ = ["canonical", "offsets"]

_BETWEEN_HANZI = rf"(?<=[{HANZI}])[ \t*_\-~^|/\\·•+=#&@$%{EMOJI}]+(?=[{HANZI}])"
_LISTED = rf"(?<![{HANZI}])[{HANZI}](?P<stop>[，。、,;；!！]|\.{{1,3}})[{HANZI}](?:(?P=stop)[{HANZI}])+(?![{HANZI}])"
_SPELLED = r"(?<![^\W_])[^\W\d_](?:[ .*_\-~|/\\][^\W\d_]){2,}(?![^\W_])"
_REPEATED = r"(?P<c>\S)(?P=c){3,}"
_BLANK = r"\s{2,}"
_HIDDEN = re.compile(
    f"(?P<between>{_BETWEEN_HANZI})|(?P<spelled>{_SPELLED})|(?P<repeated>{_REPEATED})|(?P<blank>{_BLANK})"
    f"|(?P<listed>{_LISTED})"
)
_LEET = re.compile(r"(?<=[a-z])[@$!013457](?=[a-z])|(?<![^\W_])[@$](?=[a-z])")
_LETTER = dict(zip("@$!013457", "asioieast", strict=True))


def canonical(text: str) -> str:
    """The folded text with what hides a word undone: spaced letters, symbols between Han characters, leet, and the
    spellings of Chinese abuse by sound, by halves of characters, in pinyin and in initials.

    Runs of white space, and of one character, are shortened.

    >>> canonical("S.T.U.P.I.D  st\\u200bup1d 笨*蛋 sooooooo")
    'stupid stupid 笨蛋 sooo'
    >>> canonical("你这个煞笔，亻尔 女马 死了")
    '你这个傻逼,你妈死了'
    """
    folded = fold(text)
    plain = _without(folded, _deletions(folded))
    return _read_leet(_edited(plain, edits(plain)))


def offsets(text: str) -> list[int]:
    """Index in `text` of the character behind each character of `canonical(text)`.

    >>> offsets("a\\u200bＢ笨*蛋")
    [0, 2, 3, 5]
    """
    folded, back = _fold_with_offsets(text)
    ranges = _deletions(folded)
    back = [place for start, end in _kept(ranges, len(back)) for place in back[start:end]]
    found: list[int] = []
    at = 0
    for start, end, word in edits(_without(folded, ranges)):
        found += back[at:start]
        found += [back[start + i * (end - start) // len(word)] for i in range(len(word))]
        at = end
    return found + back[at:]


def _edited(text: str, found: list[Edit]) -> str:
    pieces, at = list[str](), 0
    for start, end, word in found:
        pieces += [text[at:start], word]
        at = end
    return "".join([*pieces, text[at:]])


def _deletions(folded: str) -> list[tuple[int, int]]:
    """Ranges to leave out, in order and disjoint."""
    found: list[tuple[int, int]] = []
    for match in _HIDDEN.finditer(folded):
        start, end = match.span()
        if match["spelled"]:
            found += [(i, i + 1) for i in range(start + 1, end, 2)]
        elif match["listed"]:
            found += [(start + i, start + i + 1) for i, c in enumerate(match[0]) if not has_hanzi(c)]
        elif match["blank"]:
            found.append((start + 1, end))
        else:
            found.append((start + 3, end) if match["repeated"] else (start, end))
    return found


def _without(text: str, ranges: list[tuple[int, int]]) -> str:
    return "".join(text[a:b] for a, b in _kept(ranges, len(text))) if ranges else text


def _kept(ranges: list[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    """What is left between the ranges."""
    return list(zip([0, *(end for _, end in ranges)], [*(start for start, _ in ranges), length], strict=True))


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
