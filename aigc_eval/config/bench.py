"""A bench as checked: what a run needs to know, with every plug-in built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

from aigc_eval.calls import Budget, Limits, Price
from aigc_eval.config.origin import Origin, PromptsRead, digests_of
from aigc_eval.gates import Gate, Policy
from aigc_eval.plugin import Generator, MadeOf, Plugin, Scorer
from aigc_eval.prompts import PromptSet
from aigc_eval.records import Adopted, Edition, ScorerCard, digest

__all__ = ["Bench", "Named"]

P_co = TypeVar("P_co", bound=Plugin, covariant=True)


@dataclass(frozen=True)
class Named(Generic[P_co]):
    """A plug-in under the name that it has in the bench, and how calls to it are made and paid, or what it may take."""

    name: str
    plugin: P_co
    note: str = ""
    limits: Limits | None = None
    price: Price | None = None
    budget: Budget | None = None


@dataclass(frozen=True)
class Bench:
    """A bench file, checked. `release` names the candidates that gates judge; `source` is the file as plain values.

    `places` says where its gates stand, as that of a `Run` does; `cards` are the scorer cards that it names.
    """

    name: str
    path: Path
    prompt_sets: tuple[PromptSet, ...]
    candidates: tuple[Named[Generator], ...]
    scorers: tuple[Named[Scorer], ...]
    release: tuple[str, ...]
    samples: int
    seed: int
    slices: tuple[str, ...]
    policy: Policy
    formats: tuple[str, ...]
    languages: tuple[str, ...]
    source: Mapping[str, Any] = field(repr=False)
    digest: str = ""
    places: Mapping[str, str] = field(default_factory=dict, repr=False)
    edition: Edition = "reviewer"
    standards: tuple[Adopted, ...] = field(default=(), repr=False)
    cards: tuple[ScorerCard, ...] = field(default=(), repr=False)

    @property
    def gates(self) -> tuple[Gate, ...]:
        """The gates of the policy."""
        return self.policy.gates

    def identity(self) -> str:
        """Digest of everything that changes what is generated: not the scorers, gates, slices or reports."""
        return digest(self.generated_from())

    def generated_from(self) -> dict[str, Any]:
        """What the answers depend on, by name. Prompt sets count by content and how they are read; files may move."""
        return digests_of(self.made_of)

    @cached_property
    def made_of(self) -> Origin:
        """What the answers depend on, for people to compare; files are read once, so it is that of the first look."""
        sets: list[PromptsRead] = [
            {"name": found.path.name, "sha256": found.sha256, "read": _reading(source)}
            for found, source in zip(self.prompt_sets, self.source["prompts"], strict=True)
        ]
        candidates = {c.name: c.plugin.made_of() for c in self.candidates}
        return {"prompts": sets, "candidates": candidates, "samples": self.samples, "seed": self.seed}

    @cached_property
    def scored_with(self) -> dict[str, MadeOf]:
        """What each scorer's scores depend on, as `made_of`."""
        return {s.name: s.plugin.made_of() for s in self.scorers}


def _reading(source: Any) -> dict[str, Any]:
    """How a bench says that a prompt set is to be read."""
    return {k: v for k, v in source.items() if k != "path"} if isinstance(source, Mapping) else {}
