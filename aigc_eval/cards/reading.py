"""Card files in and out."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from aigc_eval.cards.shape import FORMAT, VERSION, faults
from aigc_eval.errors import DataError, Problem
from aigc_eval.records import ScorerCard
from aigc_eval.tables.strict_json import whole

__all__ = ["FORMAT", "VERSION", "bundled", "by_file", "encode", "matching", "read"]

MOST_BYTES = 4 << 20
_AGAIN = "write it again with aigc-eval validate SCORER --data FILE --card CARD"


def read(path: Path) -> ScorerCard:
    """The card in a file, with the file's SHA-256 as its digest; `DataError` lists everything that is wrong with it."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        what = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
        raise _bad(path, ("", f"cannot be read: {what}", "name a card that aigc-eval validate wrote")) from None
    if len(data) > MOST_BYTES:
        raise _bad(path, ("", f"is larger than {MOST_BYTES >> 20} MiB", "name a scorer card"))
    try:
        found = whole(data.decode("utf-8"))
    except ValueError as error:
        raise _bad(path, ("", f"is no JSON in UTF-8: {error!s:.200}", _AGAIN)) from None
    if not isinstance(found, dict) or (found.get("format"), found.get("version")) != (FORMAT, VERSION):
        raise _bad(path, ("", f"is no scorer card of version {VERSION} (`format` {FORMAT!r})", _AGAIN))
    del found["format"], found["version"]
    if wrong := [(key, what, _AGAIN) for key, what in faults(found)]:
        raise _bad(path, *wrong)
    return replace(ScorerCard.from_json(found), digest=hashlib.sha256(data).hexdigest())


def _bad(path: Path, *wrong: tuple[str, str, str]) -> DataError:
    return DataError([Problem(str(path), None, *one) for one in wrong[:20]])


def encode(card: ScorerCard) -> str:
    """The text of a card's file, whose digest is not in it."""
    told = {"format": FORMAT, "version": VERSION, **replace(card, digest="").to_json()}
    text = json.dumps(told, ensure_ascii=False, allow_nan=False, indent=1)
    text = re.sub("[\ud800-\udfff]", lambda m: f"\\u{ord(m[0]):04x}", text)  # no UTF-8 has them
    # Lists of numbers on one line each; a line break inside a text is written as \\n, so that none is touched.
    return re.sub(r"\[\n\s+([^\[\]{}\"]*?)\n\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text) + "\n"


def bundled() -> tuple[ScorerCard, ...]:
    """The cards that come with the package."""
    return tuple(by_file().values())


@cache
def by_file() -> Mapping[str, ScorerCard]:
    """The cards that come with the package by the name of their file, which `made.MADE` knows."""
    return {path.stem: read(path) for path in sorted(Path(__file__).parent.glob("*.json"))}


def matching(cards: Iterable[ScorerCard], identity: str, metric: str) -> ScorerCard | None:
    """The first card about this rate of exactly this scorer; None where there is none.

    Cards come in order of precedence: those that a bench names first, then `bundled()`.
    """
    return next((card for card in cards if card.identity == identity and card.metric == metric), None)
