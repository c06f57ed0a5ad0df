"""The bundled model: a linear one and a small encoder, and for each script what turns their sums into a probability."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from aigc_eval.errors import UsageError
from aigc_eval.scorers.toxicity.encoder import Encoder
from aigc_eval.scorers.toxicity.features import BUCKETS, substrings
from aigc_eval.text import has_hanzi

__all__ = ["WEIGHTS", "Model", "bundled"]

Floats = npt.NDArray[np.float64]

WEIGHTS = "weights.npz"
_CHUNK = 768
"""Windows hashed at once: their substrings then stay in the processor's cache."""


@dataclass(frozen=True)
class Model:
    """p = sigmoid(a * linear + b * encoder + c), with a, b, c of the window's script.

    `weights`: shape (BUCKETS,), float16, mostly zero: the linear part is the sum of the weights of a window's distinct
    features / sqrt(their number). `encoder`: gives a logit. `calibration`: shape (2, 3), a, b and c for windows without
    and with Han characters (Platt 1999, of two scores). `digest`: of the file they came from.
    """

    weights: npt.NDArray[np.float16]
    encoder: Encoder
    calibration: Floats
    digest: str

    @classmethod
    def of(cls, arrays: Mapping[str, npt.NDArray[np.generic]], digest: str) -> Model:
        """From the arrays of the weights file; a ValueError or KeyError where they do not fit."""
        weights, calibration = np.asarray(arrays["weights"], np.float16), np.asarray(arrays["calibration"], np.float64)
        if weights.shape != (BUCKETS,) or calibration.shape != (2, 3) or not np.isfinite(weights).all():
            raise ValueError("weights or calibration of another shape")
        return cls(weights, Encoder.of(arrays), calibration, digest)

    def probabilities(self, windows: Sequence[str]) -> Floats:
        """P(toxic) of each window of canonical text, shape (n,), each a function of that window alone."""
        slope, second, offset = self.calibration[[int(has_hanzi(w)) for w in windows]].T
        linear, encoded = self.sums(windows).T
        return np.asarray(0.5 * (1 + np.tanh((slope * linear + second * encoded + offset) / 2)))

    def sums(self, windows: Sequence[str]) -> Floats:
        """The linear sum and the encoder's logit of each window, shape (n, 2)."""
        parts = [self._chunk(windows[i : i + _CHUNK]) for i in range(0, len(windows), _CHUNK)]
        return np.concatenate(parts) if parts else np.zeros((0, 2))

    def _chunk(self, windows: Sequence[str]) -> Floats:
        window, bucket = substrings(windows).distinct()
        count = np.bincount(window, minlength=len(windows))
        linear = np.bincount(window, self.weights[bucket], minlength=len(windows)) / np.sqrt(count)
        return np.stack([linear, self.encoder.logits(windows)], axis=1)


@cache
def bundled() -> Model:
    """The model that ships with the package; numpy arrays only, no pickle."""
    raw = resources.files(__package__).joinpath(WEIGHTS).read_bytes()
    try:
        with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
            return Model.of(arrays, hashlib.sha256(raw).hexdigest())
    except (ValueError, KeyError) as problem:
        raise UsageError(f"the bundled toxicity weights ({WEIGHTS}) are damaged; reinstall aigc-eval") from problem
