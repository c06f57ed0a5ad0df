"""The release gate that a compliance reviewer can trust: content-safety and quality evaluation of generated text.

The names below are the public interface; each is imported when it is first used, so `import aigc_eval` costs nothing.
"""

from __future__ import annotations

from importlib import import_module

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

__all__ = sorted(_HOMES)  # noqa: PLE0605


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'aigc_eval' has no attribute {name!r}")
    return getattr(import_module(f"aigc_eval.{_HOMES[name]}"), _RENAMED.get(name, name))
