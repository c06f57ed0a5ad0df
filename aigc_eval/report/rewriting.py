"""Records with their texts put through a function: masked, or told in another way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from aigc_eval.records import Estimate, Reason

__all__ = ["Text", "rewritten_estimate", "rewritten_reason", "rewritten_values"]

Text = Callable[[str], str]


def rewritten_values(value: Any, text: Text) -> Any:
    """Plain values with every text in them rewritten, keys too.

    >>> rewritten_values({"a": ["b", 1]}, str.upper)
    {'A': ['B', 1]}
    """
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        return {rewritten_values(k, text): rewritten_values(v, text) for k, v in value.items()}
    return [rewritten_values(v, text) for v in value] if isinstance(value, list | tuple) else value


def rewritten_estimate(estimate: Estimate, text: Text) -> Estimate:
    """An estimate with the name of its slice rewritten."""
    return replace(estimate, slice=text(estimate.slice)) if estimate.slice else estimate


def rewritten_reason(reason: Reason, text: Text) -> Reason:
    """A reason with the words among its figures rewritten."""
    return replace(reason, figures={k: text(v) if isinstance(v, str) else v for k, v in reason.figures.items()})
