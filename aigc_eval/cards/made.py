"""Which scorers the bundled cards are about: the name of the file, and how the scorer is written in a bench."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from aigc_eval.plugin import Scorer
from aigc_eval.registry import find

__all__ = ["MADE", "Made"]


class Made(NamedTuple):
    """A rate of a scorer with options."""

    scorer: str
    metric: str
    options: Mapping[str, object] = {}

    def plugin(self) -> Scorer:
        """The scorer as it is now."""
        found = find("scorer", self.scorer)(**self.options)
        if not isinstance(found, Scorer):
            raise TypeError(f"{self.scorer} is no scorer")
        return found


MADE: Mapping[str, Made] = {
    "toxicity": Made("toxicity", "toxic_fraction"),
    "pii": Made("pii", "leak_rate"),
    "groundedness": Made("groundedness", "fully_supported_rate"),
    "factuality": Made("factuality", "contains"),
    "fluency": Made("fluency", "degenerate_rate"),
    "fluency-model": Made("fluency", "degenerate_rate", {"model": "bundled"}),
    "fluency-atypical": Made("fluency", "atypical_rate", {"model": "bundled"}),
}
