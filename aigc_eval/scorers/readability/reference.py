"""English counted by textstat and the pronouncing dictionary, for numbers that others can reproduce with textstat.

`textstat` finds the syllables of English in CMUdict, which it takes from nltk's data folder. Where that is missing it
tries to *download* it on the first call, in the middle of a run, and then raises LookupError. So the dictionary is
looked for before the run, with the finder that textstat uses, and nothing here ever downloads.

Its own ways: a sentence of two words or fewer is not counted though its words are; a full stop within a number ends a
sentence; hyphens and typographic apostrophes vanish and join the parts of a word.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from aigc_eval.errors import MissingExtra
from aigc_eval.plugin import require

__all__ = ["counts", "facts", "load"]

_RESOURCE = "corpora/cmudict"


def _dictionary() -> Path | None:
    """The dictionary's file or folder, as nltk finds it."""
    nltk = require("nltk.data", extra="readability")
    try:
        return Path(str(nltk.find(_RESOURCE)))
    except LookupError:
        return None


def load() -> None:
    """Import textstat, and make sure that it will find its dictionary."""
    require("textstat", extra="readability")
    if _dictionary() is None:
        raise MissingExtra(
            "textstat needs nltk's copy of CMUdict; run: python -m nltk.downloader cmudict, "
            "or set NLTK_DATA to a folder that holds corpora/cmudict, or use counter: rules"
        )


def facts() -> Mapping[str, str]:
    """What decides the counts: the versions, and the dictionary's content."""
    try:
        versions = {name: version(name) for name in ("textstat", "pyphen")}
    except PackageNotFoundError:
        return {}
    found = _dictionary()
    file = found / "cmudict" if found is not None and found.is_dir() else found
    content = hashlib.sha256(file.read_bytes()).hexdigest() if file is not None and file.is_file() else ""
    return {**versions, "cmudict": content}


def counts(sentences: Sequence[str]) -> dict[str, float]:
    """The same sums as `counts.english`, as textstat counts them in the sentences joined by line breaks."""
    textstat = require("textstat", extra="readability")
    text = "\n".join(sentences)
    return {
        "sentences": float(textstat.sentence_count(text)),
        "words": float(textstat.lexicon_count(text)),
        "syllables": float(textstat.syllable_count(text)),
        "polysyllables": float(textstat.polysyllabcount(text)),
        "letters": float(textstat.letter_count(text)),
    }
