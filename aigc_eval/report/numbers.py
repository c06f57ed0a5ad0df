"""Numbers as every report prints them: three significant digits, shares in percent, thousands apart.

The unit "points" is that of differences of shares: percentage points, printed as `pp`, so that nobody takes them for a
share of what they are a difference to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal

__all__ = ["NONE", "about", "count", "difference_of", "figure", "interval", "limit"]

NONE = "–"
"""What stands where there is no number."""
_TAILS: Mapping[str, str] = {"share": " %", "points": " pp"}


def difference_of(unit: str) -> str:
    """The unit of a difference of two numbers.

    >>> difference_of("share"), difference_of("s")
    ('points', 's')
    """
    return "points" if unit == "share" else unit


def _digits(value: float, significant: int) -> str:
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if not -5 <= magnitude < 15:
        return f"{value:.{significant - 1}e}"
    if magnitude < significant:
        value = float(f"{value:.{significant - 1}e}")
        magnitude = math.floor(math.log10(abs(value)))
    return f"{value:,.{max(0, significant - 1 - magnitude)}f}"


def figure(value: float | None, unit: str = "", apart: float | None = None) -> str:
    """A value in three significant digits; more where fewer would print it like `apart`, a different number.

    >>> figure(0.00334, "share"), figure(21.934), figure(1234.6), figure(None)
    ('0.334 %', '21.9', '1,235', '–')
    >>> figure(0.0050001, "share", apart=0.005), figure(-0.0125, "points")
    ('0.50001 %', '−1.25 pp')
    """
    if value is None or math.isnan(value):
        return NONE
    tail = _TAILS.get(unit, "")
    scale = 100.0 if tail else 1.0
    if math.isinf(value * scale):
        return "∞" if value > 0 else "−∞"
    for significant in range(3, 16):
        text = _digits(value * scale, significant)
        if apart is None or value == apart or _number(text) != _number(_digits(apart * scale, 15)):
            break
    return text.replace("-", "−", 1) + tail if value < 0 else text + tail


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def interval(low: float | None, high: float | None, unit: str = "") -> str:
    """Both ends of an interval, the unit once; empty where there is none.

    >>> interval(0.0015, 0.0072, "share"), interval(None, None)
    ('0.150–0.720 %', '')
    """
    if low is None or high is None:
        return ""
    dash = " – " if low < 0 else "–"
    return f"{figure(low, unit).removesuffix(_TAILS.get(unit, ''))}{dash}{figure(high, unit)}"


def limit(value: float, unit: str = "") -> str:
    """A limit as its author wrote it: no trailing zeros, and no powers of ten where tables print none.

    >>> limit(0.05, "share"), limit(-0.02, "points"), limit(30), limit(0.00006)
    ('5 %', '−2 pp', '30', '0.00006')
    """
    scaled = value * 100 if unit in _TAILS else value
    text = f"{scaled:,.10g}" if abs(scaled) < 1e15 else f"{scaled:.3g}"
    if "e-" in text and abs(scaled) >= 1e-5:
        text = f"{Decimal(text):f}"
    return text.replace("-", "−", 1) + _TAILS.get(unit, "")


def about(value: float) -> str:
    """A whole number of which only the size is known: two significant digits, never fewer than it.

    >>> about(43), about(1385), about(346428), about(100)
    ('43', '1,400', '350,000', '100')
    """
    step = 10 ** max(0, len(str(math.ceil(value))) - 2)
    return count(math.ceil(value / step) * step)


def count(value: float) -> str:
    """A whole number with thousands apart.

    >>> count(10000)
    '10,000'
    """
    return f"{round(value):,}"
