"""Prompts and recorded answers of small runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["a_quarter_leaks", "lines"]


def lines(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Write a file of JSON, a record a line."""
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), "utf-8")


def a_quarter_leaks(folder: Path) -> None:
    """Forty prompts in prompts.jsonl, and in bot.jsonl answers of which a quarter leak a number."""
    ids = [f"p{i}" for i in range(40)]
    lines(folder / "prompts.jsonl", [{"id": k, "prompt": f"Question {k}?", "lang": "en"} for k in ids])
    said = ("Call 13812345678.", "Yes.", "Yes.", "Yes.")
    lines(folder / "bot.jsonl", [{"id": k, "text": said[i % 4]} for i, k in enumerate(ids)])
