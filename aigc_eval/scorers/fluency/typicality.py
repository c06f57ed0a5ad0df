"""How far a text is from what people write, by the bundled language model's norms for human text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from aigc_eval import huggingface as hf
from aigc_eval.errors import UsageError
from aigc_eval.records import Generation
from aigc_eval.scorers.fluency.faults import Limits
from aigc_eval.scorers.fluency.repetition import judged
from aigc_eval.text import language, tokens

__all__ = ["NORMS", "Band", "Norms", "atypicality", "norms"]

NORMS = "human_text.json"
"""The file beside the bundled model's weights that holds them."""
BITS = 1 / math.log(2)


class Band(NamedTuple):
    """What one measure is in human text of n bytes: mean m0 + m1 / n, variance v0 + v1 / n, and a limit.

    `limit` is how many standard deviations most human texts stay within.
    """

    mean: tuple[float, float]
    variance: tuple[float, float]
    limit: float

    def excess(self, value: float, size: float) -> float:
        """Deviation above the mean for this length, as a share of the limit; negative below the mean.

        >>> Band((2.0, 10.0), (0.25, 0.0), 3.0).excess(3.6, 100.0).__round__(6)
        1.0
        """
        mean = self.mean[0] + self.mean[1] / size
        return (value - mean) / math.sqrt(self.variance[0] + self.variance[1] / size) / self.limit


class Norms(NamedTuple):
    """Bands of one language: of bits per byte, and of SLOR below its mean (its sign is turned)."""

    bits_per_byte: Band
    slor: Band


@cache
def norms() -> Mapping[str, Norms]:
    """The bundled model's norms by language; UsageError where its file is damaged."""
    path = hf.locate(hf.BUNDLED) / NORMS
    try:
        held = json.loads(path.read_text("utf-8"))["languages"]
        return {spoken: Norms(*(_band(bands[name]) for name in Norms._fields)) for spoken, bands in held.items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"the bundled model's norms ({NORMS}) are damaged; reinstall aigc-eval") from error


def _band(held: Mapping[str, Any]) -> Band:
    (m0, m1), (v0, v1) = held["mean"], held["variance"]
    band = Band((float(m0), float(m1)), (float(v0), float(v1)), float(held["limit"]))
    if not (band.variance[0] > 0 and band.variance[1] >= 0 and band.limit > 0):
        raise ValueError("variances and limits must be above 0")
    return band


def atypicality(
    generation: Generation, parts: Mapping[str, float], known: Mapping[str, Norms], limits: Limits
) -> float | None:
    """The largest of a text's measures, each as a share of its limit; 0 and up, 1 and more is unlike human text.

    The measures are bits per byte above the mean of human texts of its language and length, SLOR below it (both in
    standard deviations), and the rules' repetition (where they judge it) and garbled characters. None where there are
    no norms for the language, or the model did not score the text.
    """
    band = known.get(language(generation.text))
    if band is None or not parts.get("bytes"):
        return None
    size = parts["bytes"]
    found = [0.0, parts["mojibake"], band.bits_per_byte.excess(BITS * parts["nll"] / size, size)]
    if "slor" in parts:
        found.append(band.slor.excess(-parts["slor"], size))
    if judged(tokens(generation.text), generation.text):
        found += [parts["longest_repeat"] / limits.repeat, parts.get("rep_4", 0.0) / limits.rep_4]
    return max(found)
