"""Where a run's answers come from: what decides them, and in which words two such origins differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict

from aigc_eval.plugin import MadeOf, identity_of
from aigc_eval.records import canonical, digest

__all__ = ["Origin", "PromptsRead", "differences", "digests_of"]


class PromptsRead(TypedDict):
    """A prompt set: the name and the SHA-256 of its file, and how it is read (`fields`, `tags`)."""

    name: str
    sha256: str
    read: dict[str, Any]


class Origin(TypedDict):
    """All that decides answers. The name of a file does not, nor the defaults in `MadeOf`."""

    prompts: list[PromptsRead]
    candidates: dict[str, MadeOf]
    samples: int
    seed: int


def digests_of(origin: Origin) -> dict[str, Any]:
    """The same, each part as short as it can be told apart."""
    return {
        "prompts": digest([[s["sha256"], s["read"]] for s in origin["prompts"]]),
        "candidates": {name: identity_of(made) for name, made in origin["candidates"].items()},
        "samples": origin["samples"],
        "seed": origin["seed"],
    }


def differences(before: Origin, now: Origin) -> list[str]:
    """What has changed, a line each: `candidates.deepseek.temperature: 0.2 -> 0.7`."""
    return [
        *_candidates(before["candidates"], now["candidates"]),
        *_prompts(before["prompts"], now["prompts"]),
        *(f"{part}: {before[part]} -> {now[part]}" for part in ("samples", "seed") if before[part] != now[part]),
    ]


def _candidates(before: Mapping[str, MadeOf], now: Mapping[str, MadeOf]) -> Iterator[str]:
    for name in dict.fromkeys([*before, *now]):
        label = f"candidates.{name}"
        if name not in before or name not in now:
            yield f"{label}: {'added' if name in now else 'removed'}"
        elif before[name]["plugin"] != now[name]["plugin"]:
            yield f"{label}: {before[name]['plugin']} -> {now[name]['plugin']}"
        elif identity_of(before[name]) != identity_of(now[name]):
            changes = _changes(_options(before[name]), _options(now[name]))
            yield from [f"{label}.{change}" for change in changes] or [f"{label}: other defaults"]


def _options(made: MadeOf) -> dict[str, Any]:
    """Every option with its value, then what they lead to, then the version."""
    facts = {f"{name} (what it holds)" if name in made["options"] else name: v for name, v in made["facts"].items()}
    return {**made["defaults"], **made["options"], **facts, "version": made["version"]}


def _prompts(before: Sequence[PromptsRead], now: Sequence[PromptsRead]) -> list[str]:
    if [_content(s) for s in before] == [_content(s) for s in now]:  # whatever the files are called
        return []
    old, new = _by_name(before), _by_name(now)
    lines: list[str] = []
    for name in dict.fromkeys([*old, *new]):
        if name not in old or name not in new:
            lines.append(f"prompts {name}: {'added' if name in new else 'removed'}")
        else:
            lines += [f"prompts {name}: {change}" for change in _changes(_content(old[name]), _content(new[name]))]
    return lines or [f"prompts: the same files in another order, {', '.join(new)}"]


def _content(read: PromptsRead) -> dict[str, Any]:
    return {"sha256": read["sha256"], **read["read"]}


def _by_name(sets: Sequence[PromptsRead]) -> dict[str, PromptsRead]:
    """Prompt sets by the name of their file; a second file of the same name gets a number."""
    found: dict[str, PromptsRead] = {}
    for read in sets:
        number = 1 + sum(s["name"] == read["name"] for s in found.values())
        found[f"{read['name']} #{number}" if number > 1 else read["name"]] = read
    return found


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """`name: old -> new` for every value that differs."""
    lines = []
    for name in dict.fromkeys([*before, *now]):
        if canonical(before.get(name)) != canonical(now.get(name)):
            old, new = _shown(before.get(name)), _shown(now.get(name))
            lines.append(f"{name}: {old} -> {new}" if old != new else f"{name}: another text, {new}")
    return lines


def _shown(value: Any) -> str:
    """A value in one short line; a digest by its beginning."""
    text = value if isinstance(value, str) and value.isprintable() else json.dumps(value, ensure_ascii=False)
    if len(text) >= 32 and all(c in "0123456789abcdef" for c in text):
        return f"{text[:8]}.."
    return "nothing" if value is None else text if len(text) <= 60 else f"{text[:57]}..."
