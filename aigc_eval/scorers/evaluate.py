"""Any module of Hugging Face's `evaluate` as a scorer: a local script or folder, or one that the local cache holds."""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import json
import math
import os
import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

from aigc_eval import huggingface as hf
from aigc_eval.errors import UsageError
from aigc_eval.metrics import Mean, Metric
from aigc_eval.plugin import ModelRef, Scorer, require
from aigc_eval.records import Better, Bilingual, Generation, Score

__all__ = ["Evaluate"]

References = Literal["none", "one", "all"]
_TEXT_INPUTS = ("predictions", "data", "texts")
_OFFLINE = {"evaluate.config": "HF_EVALUATE_OFFLINE", "huggingface_hub.constants": "HF_HUB_OFFLINE"}
_OFFLINE_TOO = {"datasets.config": "HF_HUB_OFFLINE"}


@dataclass(frozen=True)
class Evaluate(Scorer):
    """What the `compute` of a module of the `evaluate` library says of each answer alone.

    `module` is a script, a folder that holds a script of the same name, or an id that the local cache of `evaluate`
    holds; nothing is downloaded. `field` is the key of the result to use. The text is the one prediction; `references`
    are passed as the module's features ask: not at all, all of them, or one at a time (then the best of them by
    `better` counts, or the first where there is no `better`). `kwargs` go to `compute`; `better`, `bounds` and `unit`
    say how to read the value.

    Where `field` is a list with one value for each prediction, a batch is one call, else every answer is a call of its
    own, so that no value depends on other answers. A missing or not finite value is an error of that answer. Prompts
    without references do not apply where the module needs them. A module is code: the bench must be trusted.
    """

    module: Path | ModelRef
    field: str
    kwargs: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    config: str | None = None
    better: Better | None = None
    bounds: tuple[float | None, float | None] = (None, None)
    unit: str = ""

    batch_size: ClassVar[int] = 64
    title: ClassVar[Bilingual] = Bilingual("Module of the evaluate library", "evaluate 库中的评估模块")
    needs: ClassVar[str] = "an evaluate module on this machine, and references where it asks for them"
    source: ClassVar[str] = "Hugging Face evaluate"

    def needs_trust(self) -> str:
        """A module is Python code, and so may be what it is told."""
        told = {name: value for name, value in (("config", self.config), ("kwargs", dict(self.kwargs))) if value}
        more = f" with {json.dumps(told, sort_keys=True, default=str)}" if told else ""
        return f"runs the code of the evaluate module {hf.label(str(self.module))!r}{more}"

    def load(self) -> None:
        """Import the module; UsageError where it is not here, fails to import, or cannot read text."""
        self._loaded  # noqa: B018

    def options(self) -> dict[str, object]:
        """The options that differ from their defaults, the module by name."""
        given = {**super().options(), "module": hf.label(str(self.module)), "kwargs": dict(self.kwargs)}
        return {name: value for name, value in given.items() if value != {}}

    def facts(self) -> Mapping[str, str]:
        """Hash of the module's script and the scripts that it imports, and the library's version."""
        return {"module": self._loaded.digest, "evaluate": str(require("evaluate").__version__)}

    def metrics(self) -> tuple[Metric, ...]:
        """The mean of the values."""
        low, high = self.bounds
        return (
            Mean(
                re.sub(r"\W", "_", self.field),
                better=self.better,
                bounds=(-math.inf if low is None else low, math.inf if high is None else high),
                unit=self.unit,
                title=Bilingual(self.field, self.field),
                about=Bilingual(
                    f"Mean over outputs of {self.field!r} as the evaluate module computes it for each output alone.",
                    f"evaluate 模块对每个输出单独计算的 {self.field!r}，再对所有输出取平均。",
                ),
            ),
        )

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """One score a generation."""
        found: list[Score] = [Score(note="no reference")] * len(batch)
        due = [i for i, g in enumerate(batch) if self._loaded.references == "none" or _references(g)]
        with self._loaded.lock, _offline():
            for i, score in zip(due, self._scores([batch[i] for i in due]), strict=True):
                found[i] = score
        return found

    @cached_property
    def _loaded(self) -> _Module:
        return _Module.load(self.module, self.config)

    def _scores(self, batch: Sequence[Generation]) -> list[Score]:
        """The first alone shows whether `field` is a list; then the rest is one call, or one call each."""
        scores = [self._alone(g) for g in batch[:1]]
        rest = batch[1:]
        if rest and self._loaded.references != "one" and scores[0].note == _LISTED:
            values = self._together(rest)
            if values is not None:
                return [*scores, *(Score(value, note=_LISTED) for value in values)]
        return [*scores, *(self._alone(g) for g in rest)]

    def _alone(self, generation: Generation) -> Score:
        try:
            found = [self._value(row) for row in self._loaded.rows(generation)]
        except Exception as error:  # whatever a module's own code raises
            self._loaded.reset()
            return Score(error=f"{type(error).__name__}: {str(error)[:300]}")
        best = {"higher": max, "lower": min}.get(self.better or "", lambda values: values[0])
        value, listed = best(found)
        return Score(value, note=_LISTED if listed else "")

    def _value(self, row: Mapping[str, Any]) -> tuple[float, bool]:
        """The value of one item, and whether it came as a list of one."""
        value = self._computed([row])
        listed = isinstance(value, list)
        if listed and len(value) == 1:
            value = value[0]
        return _number(value, self.field), listed

    def _together(self, batch: Sequence[Generation]) -> list[float] | None:
        """One value each from one call; None where the call does not give that many good numbers."""
        try:
            values = self._computed([row for g in batch for row in self._loaded.rows(g)])
            if isinstance(values, list) and len(values) == len(batch):
                return [_number(value, self.field) for value in values]
        except Exception:  # each answer alone says which one is at fault
            self._loaded.reset()
        return None

    def _computed(self, rows: Sequence[Mapping[str, Any]]) -> Any:
        inputs = {name: [row[name] for row in rows] for name in rows[0]}
        result = self._loaded.module.compute(**inputs, **self.kwargs)
        if not isinstance(result, Mapping) or self.field not in result:
            names = sorted(result) if isinstance(result, Mapping) else type(result).__name__
            raise ValueError(f"the result has no field {self.field!r}; it has {names}")
        value = result[self.field]
        return value.tolist() if hasattr(value, "tolist") else list(value) if isinstance(value, tuple) else value


_LISTED = "one value for each text"


def _number(value: Any, name: str) -> float:
    if isinstance(value, str | bytes | list | dict) or value is None:
        raise ValueError(f"field {name!r} is {type(value).__name__}, not a number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"field {name!r} is not finite: {number}")
    return number


def _references(generation: Generation) -> list[str]:
    return [hf.encodable(reference) for reference in generation.prompt.references if reference.strip()]


@dataclass(frozen=True)
class _Module:
    """A loaded module, what it asks for, and its scratch folder, which goes when the program ends."""

    module: Any
    text: str
    references: References
    digest: str
    lock: Any
    scratch: str

    @classmethod
    def load(cls, name: Path | str, config: str | None) -> _Module:
        library = require("evaluate")
        scratch = tempfile.mkdtemp(prefix="aigc-eval-")
        atexit.register(shutil.rmtree, scratch, ignore_errors=True)
        try:
            with _offline():
                module = library.load(str(name), config_name=config, keep_in_memory=True, cache_dir=scratch)
        except (FileNotFoundError, ConnectionError) as error:
            raise UsageError(
                f"evaluate: module {hf.label(str(name))!r} is not on this machine; give a script or a folder, or fetch "
                f"it once on a connected machine: python -c \"import evaluate; evaluate.load('{hf.label(str(name))}')\""
            ) from error
        except Exception as error:  # whatever a module's own code raises
            what = f"{type(error).__name__}: {str(error)[:300]}"
            raise UsageError(f"evaluate: module {hf.label(str(name))!r} cannot be loaded: {what}") from error
        module.seed = 0  # the library's default is numpy's state, another one in every process
        text, references = _asked(hf.label(str(name)), module.features)
        digest = type(module).__module__.split(".")[-2]  # the library's hash of the sources
        return cls(module, text, references, digest, threading.Lock(), scratch)

    def rows(self, generation: Generation) -> list[dict[str, Any]]:
        """The inputs for one answer; several where references go in one at a time."""
        text = {self.text: hf.encodable(generation.text)}
        if self.references == "none":
            return [text]
        references = _references(generation)
        if self.references == "all":
            return [{**text, "references": references}]
        return [{**text, "references": reference} for reference in references]

    def reset(self) -> None:
        """Forget what a failed call left behind, which would count with the next one."""
        self.module.writer = self.module.buf_writer = self.module.data = None
        self.module.selected_feature_format = None


def _asked(name: str, features: Any) -> tuple[str, References]:
    """Which input takes the text, and how references go in, by the module's features."""
    choices = list(features) if isinstance(features, list) else [features]
    text = next((n for n in _TEXT_INPUTS if n in choices[0]), "")
    others = sorted(set(choices[0]) - {text, "references"})
    readable = [f for f in choices if text and getattr(f[text], "dtype", "") == "string"]
    if others or not readable:
        asks = ", ".join(f"{key}: {value}" for key, value in choices[0].items())
        raise UsageError(f"evaluate: module {name!r} asks for {asks}; only text and references can be given")
    kinds = [_kind(f["references"]) for f in readable if "references" in f]
    if not kinds:
        return text, "none"
    if "all" in kinds:
        return text, "all"
    if "one" in kinds:
        return text, "one"
    raise UsageError(f"evaluate: module {name!r} asks for references that are no texts: {readable[0]['references']}")


def _kind(feature: Any) -> References:
    if getattr(feature, "dtype", "") == "string":
        return "one"
    inner = feature[0] if isinstance(feature, list) else getattr(feature, "feature", None)
    return "all" if getattr(inner, "dtype", "") == "string" else "none"


@contextlib.contextmanager
def _offline() -> Iterator[None]:
    """No downloads by the libraries that a module may call; each reads its switch once, at import."""
    names = dict.fromkeys(("HF_EVALUATE_OFFLINE", "HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"), "1")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    switches = [(sys.modules[m], n) for m, n in (*_OFFLINE.items(), *_OFFLINE_TOO.items()) if m in sys.modules]
    kept = [(module, name, getattr(module, name, False)) for module, name in switches]
    for module, name in switches:
        setattr(module, name, True)
    try:
        yield
    finally:
        for module, name, value in kept:
            setattr(module, name, value)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
