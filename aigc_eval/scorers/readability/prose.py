"""The sentences that a readability measure counts, and the script each is in."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from aigc_eval.text import HANZI, language, visible

__all__ = ["Sentence", "sentences"]

# Not prose: fenced code, comments, tags, table rows, addresses; of a link only its words stay.
_NOT_PROSE = re.compile(
    r"^[ \t]*(`{3,}+|~{3,}+)[^\n]*+\n.*?(?:^[ \t]*\1[^\n]*$|\Z)|^[ \t]*\|[^\n]*$|<!--.*?(?:-->|\Z)"
    r"|</?[a-zA-Z][^<>\n]{0,300}>|(?<=\])\([^()\s]{1,300}\)|(?:https?://|www\.)[!-~]{1,2000}",
    re.DOTALL | re.MULTILINE,
)
# A line of 40 or more characters that goes on in lower case was wrapped by an editor.
_WRAPPED = re.compile(r"(?<=[^\n]{40})[ \t]{0,8}\n[ \t]{0,8}(?=[a-z])")
_CLOSERS = "\"'”’」』）)]】》*_"
_END = re.compile(
    rf"(?:[。！？!?｡]+|\.+(?=[\s{re.escape(_CLOSERS)}]|\Z)|(?<![0-9.])\.(?=[{HANZI}]))[{re.escape(_CLOSERS)}]*[^\S\n]*|\n+"
)
_ABBREVIATED = re.compile(
    r"(?:\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|Rev|Gen|Sen|Rep|Gov|Lt|Col|Capt|vs|etc|e\.g|i\.e|cf|al|approx|ca|fig|Figs?"
    r"|No|Nos|pp|Vol|vol|ed|Eds?|Inc|Ltd|Co|Corp|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|a\.m|p\.m|U\.S|U\.K)\.)\Z"
)


class Sentence(NamedTuple):
    """One sentence and its script: "en" (Latin), "zh" (Han) or "other"."""

    text: str
    script: str


def sentences(text: str) -> list[Sentence]:
    """The sentences of a text that have letters, in order.

    Unlike `text.sentences`, which cuts for matching, a semicolon ends none (it parts clauses), nor does the full stop
    of an abbreviation or any mark before a small letter. A line break ends one unless an editor wrapped the line.

    >>> [s.text for s in sentences("Dr. Lee paid 3.5 yuan; it was late. “Why?” he asked.\\n- 今天好；明天更好。")]
    ['Dr. Lee paid 3.5 yuan; it was late.', '“Why?” he asked.', '- 今天好；明天更好。']
    """
    plain = unicodedata.normalize("NFC", visible(text)).replace("\r\n", "\n")
    plain = _WRAPPED.sub(" ", _NOT_PROSE.sub(" ", plain))
    found, start = [], 0
    for end in [m.end() for m in _END.finditer(plain)] + [len(plain)]:
        if end < len(plain) and _goes_on(plain, start, end):
            continue
        piece = plain[start:end].strip()
        script = language(piece)
        if script:
            found.append(Sentence(piece, script))
        start = end
    return found


def _goes_on(text: str, start: int, end: int) -> bool:
    """Whether what stops at `end` is no end of a sentence."""
    if text[end - 1] == "\n":
        return False
    return "a" <= text[end] <= "z" or bool(_ABBREVIATED.search(text[max(start, end - 12) : end].rstrip()))
