"""The release gate that a compliance reviewer can trust: content-safety and quality evaluation of generated text.

The names below are the public interface; each is imported when it is first used, so `import aigc_eval` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for type checkers and editors; at run time `__getattr__` below imports what is asked for
    from aigc_eval.config import Bench
    from aigc_eval.config import load as load_bench
    from aigc_eval.errors import AigcEvalError
    from aigc_eval.metrics import AnyPerPrompt, Mean, Metric, Rate, Ratio, WorstPerPrompt
    from aigc_eval.plugin import Generator, ModelRef, Scorer, require
    from aigc_eval.records import Bilingual, Estimate, Generation, Prompt, Request, Run, Score, Span, Verdict
    from aigc_eval.runner import load as load_run
    from aigc_eval.runner import run

__version__ = "0.1.0"

_HOMES = {
    "AigcEvalError": "errors",
    "AnyPerPrompt": "metrics",
    "Bench": "config",
    "Bilingual": "records",
    "Estimate": "records",
    "Generation": "records",
    "Generator": "plugin",
    "Mean": "metrics",
    "Metric": "metrics",
    "ModelRef": "plugin",
    "Prompt": "records",
    "Rate": "metrics",
    "Ratio": "metrics",
    "Request": "records",
    "Run": "records",
    "Score": "records",
    "Scorer": "plugin",
    "Span": "records",
    "Verdict": "records",
    "WorstPerPrompt": "metrics",
    "load_bench": "config",
    "load_run": "runner",
    "require": "plugin",
    "run": "runner",
}
_RENAMED = {"load_bench": "load", "load_run": "load"}

__all__ = [
    "AigcEvalError",
    "AnyPerPrompt",
    "Bench",
    "Bilingual",
    "Estimate",
    "Generation",
    "Generator",
    "Mean",
    "Metric",
    "ModelRef",
    "Prompt",
    "Rate",
    "Ratio",
    "Request",
    "Run",
    "Score",
    "Scorer",
    "Span",
    "Verdict",
    "WorstPerPrompt",
    "load_bench",
    "load_run",
    "require",
    "run",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'aigc_eval' has no attribute {name!r}")
    return getattr(import_module(f"aigc_eval.{_HOMES[name]}"), _RENAMED.get(name, name))
