"""The form in which a canary and an answer are compared: width, case, script, spacing and dashes do not matter."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cached_property

from aigc_eval.text import CharacterMap, simplify, visible

__all__ = ["Folded"]


def _folded(c: str) -> str:
    digit = unicodedata.decimal(c, None)
    if digit is not None:
        return str(digit)
    kept = (x for x in unicodedata.normalize("NFKC", visible(c)) if not x.isspace() and unicodedata.category(x) != "Pd")
    return simplify("".join(kept)).lower()


_TABLE = CharacterMap(_folded)


@dataclass(frozen=True)
class Folded:
    """A text and its folded form.

    >>> Folded("ＡＢ-12 34\\u200b").text
    'ab1234'
    """

    raw: str

    @cached_property
    def text(self) -> str:
        """The folded form."""
        return self.raw.translate(_TABLE)

    @cached_property
    def _starts(self) -> list[int]:
        return [i for i, c in enumerate(self.raw) for _ in _TABLE[ord(c)]]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where characters start..end of the folded form stand in the text.

        >>> Folded("it is 12-34.").span(4, 8)
        (6, 11)
        """
        return self._starts[start], self._starts[end - 1] + 1
