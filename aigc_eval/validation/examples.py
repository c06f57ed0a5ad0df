"""Labelled examples: answers with what people say of them, from any record file.

An example is a record of a prompt set (`aigc_eval.prompts`), whose id and prompt may be missing, with

    text         the answer
    label        whether a hit of the rate is right: 1, 0, true, false, yes, no; or names of labels, of which `positive`
                 says which stand for yes. Without one (null, "") an example is left out and counted
    split        dev (a threshold is chosen there), test (it is judged there) or train (left out and counted)
    group        what is not independent: examples of one template or source; else `variant_of`, else the id
    scorer, metric   what the label is about, where a file holds labels of several: others are left out and counted

Anything else is a tag or a part of the prompt. The language is the tag `lang`, else the script of the answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from aigc_eval.errors import DataError, Problem, UsageError
from aigc_eval.prompts import prompt_of_answer
from aigc_eval.records import Generation, Request
from aigc_eval.registry import suggest
from aigc_eval.tables import BadValue, Record, Table, bad, check_found, check_map, read, scalar, values
from aigc_eval.text import language
from aigc_eval.validation.measures import Bools

__all__ = ["About", "Examples", "Split", "load"]

Split = Literal["dev", "test", ""]
_OWN = ("text", "label", "split", "group")
_PLAIN = ("id", "prompt", "text", "label", "split", "group", "lang", "scorer", "metric")
"""Keys that stand for themselves where a field map does not name them."""
_WORDS: Mapping[str, bool] = {
    **dict.fromkeys(("1", "1.0", "true", "yes", "true_positive", "是"), True),
    **dict.fromkeys(("0", "0.0", "false", "no", "false_positive", "否"), False),
}
_SPLITS: Mapping[str, Split | Literal["train"]] = {
    **dict.fromkeys(("dev", "development", "val", "valid", "validation"), "dev"),
    "test": "test",
    "train": "train",
}


@dataclass(frozen=True)
class About:
    """What is being validated, and how the examples of a file are to be read."""

    scorer: str = ""
    metric: str = ""
    fields: Mapping[str, object] | None = None
    positive: Sequence[str] = ()
    split_by: str = "split"


@dataclass(frozen=True)
class Examples:
    """The examples of a file, in its order; `left_out` counts those that are none, by reason.

    `reasons`: unlabelled, train, other (labels about another scorer or rate).
    """

    path: Path
    sha256: str
    answers: tuple[Generation, ...] = field(repr=False)
    labels: Bools = field(repr=False)
    groups: tuple[str, ...] = field(repr=False)
    splits: tuple[Split, ...] = field(repr=False)
    left_out: Mapping[str, int] = field(default_factory=dict)

    def tag(self, name: str) -> list[str]:
        """The value of a tag of each example; the language falls back to the script of the answer."""
        if name == "lang":
            return [a.prompt.tags.get("lang") or language(a.text) for a in self.answers]
        return [a.prompt.tags.get(name, "") for a in self.answers]


def load(path: Path, about: About) -> Examples:
    """Read the examples of a file.

    Raises `DataError` listing every record without a text or with a label, a split or a part of a prompt that cannot
    be, and `UsageError` for a field map that cannot be.
    """
    for name, spec in (about.fields or {}).items():
        check_map(name, spec)
    table = read(path)
    for name, spec in (about.fields or {}).items():
        check_found(table, name, spec)
    found, problems = _Found(about), list(table.left_out)
    for index, record in enumerate(table.records):
        try:
            found.add(record, index + 1)
        except BadValue as error:
            problems.append(table.problem(index, error.key, error.what, error.remedy))
    if problems:
        raise bad(problems)
    _check_positive(about, found.names)
    if not found.answers:
        raise _nothing(table, found)
    return Examples(
        path,
        table.sha256,
        tuple(found.answers),
        np.array(found.labels, np.bool_),
        tuple(found.groups),
        tuple(found.splits),
        dict(found.left_out),
    )


def _nothing(table: Table, found: _Found) -> DataError:
    """Why nothing is left of a file."""
    why = ", ".join(f"{count:,} {reason}" for reason, count in found.left_out.items())
    what = f"no example is left of {len(table.records):,}: {why}" if why else "has no records"
    remedy = "write an answer with its label a line"
    if found.others:
        remedy = f"they are about {', '.join(sorted(found.others)[:5])}; validate that scorer, with --metric RATE"
    return DataError([Problem(str(table.path), None, "", what, remedy)])


def _check_positive(about: About, names: Counter[str]) -> None:
    """A label that nothing has is a slip of the pen, and everything would count as negative."""
    for name in about.positive:
        if name not in names:
            raise UsageError(f"--positive {name!r:.80}: no example has this label; {suggest(name, names)}")


class _Found:
    """The examples so far."""

    def __init__(self, about: About) -> None:
        self.about = about
        self.answers: list[Generation] = []
        self.labels: list[bool] = []
        self.groups: list[str] = []
        self.splits: list[Split] = []
        self.left_out: Counter[str] = Counter()
        self.names: Counter[str] = Counter()
        self.others: set[str] = set()
        self._samples: Counter[str] = Counter()

    def add(self, record: Record, number: int) -> None:
        """One more; raises `BadValue`."""
        told = self._told(record, number)
        label, split = self._label(told.get("label")), self._split(told)
        text = told.get("text")
        if not isinstance(text, str):
            what = "has no text" if text is None else f"{text!r:.60} is not a text"
            raise BadValue("text", what, "write the answer as `text`, or map one: --fields '{text: answer}'")
        prompt = prompt_of_answer({k: v for k, v in told.items() if k not in (*_OWN, self.about.split_by)})
        group = told.get("group")
        if group is not None and not isinstance(group, str | int | float | bool):
            raise BadValue("group", f"{group!r:.60} is not a text", "write the name of the template or source")
        if why := self._reason(told, label, split):
            self.left_out[why] += 1
            if why == "other":
                self.others.add(".".join(str(told[name]) for name in ("scorer", "metric") if told.get(name)))
            return
        self.answers.append(Request(prompt, self._samples[prompt.id]).answer(text))
        self._samples[prompt.id] += 1
        self.labels.append(bool(label))
        self.groups.append(scalar(group) if group not in (None, "") else prompt.variant_of or prompt.id)
        self.splits.append("" if split == "train" else split)

    def _told(self, record: Record, number: int) -> dict[str, object]:
        """The record under our own names, with an id."""
        told = dict(record)
        if self.about.fields is not None:
            plain = {**{name: name for name in (*_PLAIN, self.about.split_by)}, **self.about.fields}
            told = values(record, number, plain)
        if told.get("id") in (None, ""):
            told["id"] = f"#{number}"
        return told

    def _reason(self, told: Mapping[str, object], label: bool | None, split: str) -> str:
        """Why a record is no example; "" if it is."""
        for name in ("scorer", "metric"):
            if (wanted := getattr(self.about, name)) and told.get(name) not in (None, "", wanted):
                return "other"
        return "unlabelled" if label is None else "train" if split == "train" else ""

    def _label(self, value: object) -> bool | None:
        if value is None or value == "":
            return None
        if self.about.positive:
            try:
                name = scalar(value)
            except ValueError as error:
                raise BadValue("label", str(error), "write the name of a label") from None
            self.names[name] += 1
            return name in self.about.positive
        known = _WORDS.get(scalar(value).strip().lower()) if isinstance(value, str | int | float | bool) else None
        if known is None:
            remedy = "write 1 or 0, true or false, yes or no; name labels of other words with --positive NAME"
            raise BadValue("label", f"{value!r:.60} is neither yes nor no", remedy)
        return known

    def _split(self, told: Mapping[str, object]) -> Split | Literal["train"]:
        value = told.get(self.about.split_by)
        if value is None or value == "":
            return ""
        found = _SPLITS.get(value.strip().lower()) if isinstance(value, str) else None
        if found is None:
            what = f"{value!r:.60} is no split"
            raise BadValue(self.about.split_by, what, "write dev, test or train, or name another tag with --split-by")
        return found
