"""A YAML list of records, through the strict reader of `aigc_eval.yaml_file`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aigc_eval import yaml_file
from aigc_eval.errors import ConfigError, DataError, Problem
from aigc_eval.tables.strict_json import kind
from aigc_eval.tables.table import Parsed, bad, stop

__all__ = ["read_yaml"]

MOST_BYTES = 4_000_000
MOST_VALUES = 100_000
"""YAML is read at about a megabyte a second; larger sets are kept in other formats."""


def read_yaml(path: Path, data: bytes) -> Parsed:
    """A list of mappings: no aliases, no tags, no key twice; texts keep their spelling (`no` is a text)."""
    if len(data) > MOST_BYTES:
        raise stop(path, None, f"is larger than {MOST_BYTES:,} bytes", "keep a set of this size in a .jsonl file")
    try:
        document = yaml_file.read(data, str(path), MOST_VALUES)
    except ConfigError as error:
        raise DataError(error.problems) from None
    items = document.root.value
    if items is None and not document.problems:
        return Parsed(path)
    if not isinstance(items, tuple):
        shown = "a mapping" if isinstance(items, Mapping) else kind(document.root.plain())
        raise bad(document.problems or [Problem(str(path), 1, "", f"holds {shown}", "write a list of records")])
    found = Parsed(path)
    wrong = _by_record(document.problems)
    for index, item in enumerate(items):
        if index in wrong:
            found.refuse(wrong[index])
        elif isinstance(item.value, Mapping):
            found.add(item.plain(), item.line)
        else:
            found.refuse(Problem(str(path), item.line, "", f"{kind(item.plain())}, not a mapping"))
    return found


def _by_record(problems: tuple[Problem, ...]) -> Mapping[int, Problem]:
    """The first problem of each record, its key without the record's index; one of the whole file is an error."""
    found: dict[int, Problem] = {}
    for problem in problems:
        index, _, key = problem.key.partition(".")
        if not index:
            raise bad(problems)
        own = Problem(problem.file, problem.line, key, problem.what, problem.remedy)
        found.setdefault(int(index), own)
    return found
