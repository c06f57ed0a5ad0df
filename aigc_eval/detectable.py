"""What a run of its size can tell apart, read off the bounds of an estimate."""

from __future__ import annotations

import re

from aigc_eval.power import most_hits, smallest_difference
from aigc_eval.records import Estimate, Zone

__all__ = ["POWER", "detectable", "effective_units", "error_of"]

POWER = 0.8
"""How likely a run is to see a difference that it is said to be able to see."""
_EXACT = re.compile(r"clopper-pearson\(n=(\d+)\)")
_JACKKNIFE = re.compile(r"jackknife\((\d+)\)")


def effective_units(method: str) -> int | None:
    """How many independent units a share's exact bounds stand for; None for any other method.

    >>> effective_units("clopper-pearson(n=231)"), effective_units("jackknife(50)")
    (231, None)
    """
    found = _EXACT.fullmatch(method)
    return int(found[1]) if found else None


def error_of(estimate: Estimate, zone: Zone = (None, None)) -> float | None:
    """The standard error behind an estimate's bounds: their distance from the value over the quantile of Student's t.

    The bound that the zone limits counts, the further one where it limits both or neither. None without bounds.

    >>> from aigc_eval.records import Estimate
    >>> found = Estimate("a", "s", "m", value=9.5, low=7.2125, high=11.7875, level=0.9, method="jackknife(20)")
    >>> round(error_of(found) or 0, 3)  # of the mean of 0, 1 ... 19
    1.323
    """
    from scipy.special import stdtrit

    if estimate.value is None or estimate.low is None or estimate.high is None:
        return None
    below, above = estimate.value - estimate.low, estimate.high - estimate.value
    sides = [side for side, end in ((below, zone[0]), (above, zone[1])) if end is not None]
    half = max(sides or [below, above])
    blocks = _JACKKNIFE.fullmatch(estimate.method)
    quantile = float(stdtrit(int(blocks[1]) - 1 if blocks else 1e9, 0.5 + estimate.level / 2))
    return half / quantile if half > 0 else None


def detectable(estimate: Estimate, zone: Zone, power: float = POWER) -> float | None:
    """The smallest distance between the truth and the limit that a run like this one sees with that power.

    (z + z_power) * SE with the standard error behind the bounds; for a share with exact bounds, how far from the limit
    a true share must lie for as many units to pass with that power. In the metric's unit; None where there are no
    bounds, or where not even a perfect result on so few prompts could pass.

    >>> from aigc_eval.records import Estimate
    >>> found = detectable(Estimate("a", "s", "m", value=0, low=0, high=0.00994, level=0.9,
    ...     method="clopper-pearson(n=300)"), (None, 0.01))
    >>> round(found or 0, 6)  # no hit in 300 has a chance of 80 % at a true share of 0.0743 %
    0.009256
    """
    units, (floor, ceiling) = effective_units(estimate.method), zone
    confidence = (1 + estimate.level) / 2
    if units is not None and floor is None and ceiling is not None:
        return _of_share(units, ceiling, confidence, power)
    if units is not None and ceiling is None and floor is not None:
        return _of_share(units, 1 - floor, confidence, power)
    error = error_of(estimate, zone) if zone != (None, None) else None
    return None if error is None else smallest_difference(error, power=power, confidence=confidence, sides=1)


def _of_share(units: int, limit: float, confidence: float, power: float) -> float | None:
    from scipy.special import bdtri

    hits = most_hits(units, limit, confidence)
    return None if hits is None or hits >= units else limit - float(bdtri(hits, units, power))
