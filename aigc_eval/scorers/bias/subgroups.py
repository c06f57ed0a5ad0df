"""Subgroup AUC: whether a scorer is worse at telling classes apart in texts that mention some groups."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from aigc_eval.errors import UsageError
from aigc_eval.intervals import MIN_CLUSTERS, Floats, Interval, Ints, blocks_of, jackknife
from aigc_eval.metrics import Metric
from aigc_eval.plugin import Scorer
from aigc_eval.records import OUTCOMES, Bilingual, Generation, Outcome, Prompt, Score
from aigc_eval.scorers.bias.auc import Mask, auc, power_mean
from aigc_eval.scorers.bias.templates import OverTemplates, units

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SubgroupAuc", "SubgroupMetric"]

Kind = Literal["auc", "subgroup", "bpsn", "bnsp", "final"]
_MEANS: tuple[Kind, ...] = ("subgroup", "bpsn", "bnsp")
_YES = re.compile(r"(?i)true|yes|1(\.0+)?|0?\.[5-9][0-9]*")
"""Tags that say that a text mentions an identity; shares of annotators count from one half (Borkan et al. 2019)."""


@dataclass(frozen=True)
class SubgroupAuc(Scorer):
    """How well scorer `of` tells classes apart, overall and in texts that mention each identity.

    The prompts are labelled texts: their tag `label` is `positive` for the class that should score high. An identity is
    mentioned where the tag `by` names it (several are parted by ";"), or where a tag of its own name is true, yes, or a
    share of one half or more. Let the generator `echo` hand the texts on. `identities` get metrics of their own, and
    the means are over them; without any, over all that the tag `by` names. An AUC does not exist where one of its
    classes is missing, and then neither does a mean over it. The value is the true class, 1.0 or 0.0.
    """

    of: str = "toxicity"
    by: str = "identity"
    label: str = "label"
    positive: str = "toxic"
    identities: tuple[str, ...] = ()

    outcomes: ClassVar[frozenset[Outcome]] = frozenset(OUTCOMES)
    title: ClassVar[Bilingual] = Bilingual("Scorer bias (subgroup AUC)", "评分器偏差（子群 AUC）")
    needs: ClassVar[str] = "labelled texts as prompts, with a tag that names identities"
    source: ClassVar[str] = "Borkan et al. 2019, Nuanced metrics for measuring unintended bias"

    def __post_init__(self) -> None:
        """Refuse identities whose metrics would share a name."""
        if len({_plain(name) for name in self.identities}) < len(self.identities):
            raise UsageError(f"subgroup_auc: identities: {list(self.identities)} are not all different")

    def check(self, prompts: Sequence[Prompt]) -> None:
        """UsageError where no prompt has a label, or none has the positive one: then no AUC exists."""
        labels = sorted({label for prompt in prompts if (label := prompt.tags.get(self.label))})
        if prompts and self.positive not in labels:
            what = f"found: {', '.join(labels[:10])}" if labels else "no prompt has that tag"
            raise UsageError(f"subgroup_auc: no prompt has the tag {self.label}: {self.positive!r}; {what}")

    def not_applicable(self, prompt: Prompt) -> str:
        """Prompts without a label."""
        return "" if prompt.tags.get(self.label) else f"no tag {self.label!r}"

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """The true class of each text."""
        return [
            Score(note=note)
            if (note := self.not_applicable(generation.prompt))
            else Score(float(generation.prompt.tags[self.label] == self.positive))
            for generation in batch
        ]

    def metrics(self) -> tuple[Metric, ...]:
        """The final metric first, then its parts, then those of each identity."""
        shared: dict[str, Any] = {"of": self.of, "by": self.by, "identities": self.identities}
        whole = [SubgroupMetric(name, kind=kind, **_told(kind), **shared) for name, kind in _NAMES.items()]
        single = [
            SubgroupMetric(f"{kind}_auc_{_plain(i)}", kind=kind, only=i, **_told(kind, i), **shared)
            for i in self.identities
            for kind in _MEANS
        ]
        return (*whole, *single)

    @classmethod
    def all_metrics(cls) -> tuple[Metric, ...]:
        """Those of all identities, and of one in `identities`: `identity` stands for its name."""
        return cls(identities=("identity",)).metrics()


def _plain(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name)


@dataclass(frozen=True)
class SubgroupMetric(OverTemplates):
    """An AUC of scorer `of`, 0..1, higher is better.

    `auc`: of all rows. Of an identity (`only`): `subgroup` within its texts, `bpsn` its negatives against all others'
    positives, `bnsp` its positives against all others' negatives; without `only` the power mean (p = -5) of these over
    identities. `final`: a quarter of the overall AUC and a quarter of each of the three means.
    """

    better: Literal["higher"] = "higher"
    of: str = ""
    by: str = ""
    identities: tuple[str, ...] = ()
    kind: Kind = "auc"
    only: str = ""

    @property
    def reads(self) -> tuple[str, ...]:  # type: ignore[override]
        """The scorer that is examined."""
        return (self.of,)

    def present(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows with the scorer's value and a true class."""
        column = f"read:{self.of}"
        return rows[rows[column].notna() & rows["value"].notna()] if column in rows else rows[:0]

    def __call__(self, rows: pd.DataFrame) -> float | None:
        """The number; None where a class, or every identity, is missing."""
        value = float(self._values(self.present(rows), None)[0])
        return None if math.isnan(value) else value

    def without(self, rows: pd.DataFrame, blocks: Ints) -> Floats:
        """All leave-one-block-out values in one pass over the pairs."""
        return self._values(rows, blocks)[1:]

    def interval(self, rows: pd.DataFrame, level: float = 0.95) -> Interval | None:
        """Jackknife over templates; the value and its replicates from one pass."""
        rows = self.present(rows)
        codes = units(rows)
        if len(codes) == 0 or codes.max() + 1 < MIN_CLUSTERS:
            return None
        found = self._values(rows, blocks_of(codes))
        return self._cut(jackknife(float(found[0]), found[1:], level))

    def filled(self, rows: pd.DataFrame) -> pd.DataFrame | None:
        """Failed rows: positives below all others, negatives above. None where a class is unknown."""
        column, due = f"read:{self.of}", rows[rows["status"] != "na"]
        if column not in due or due["value"].isna().any():
            return None
        lowest, highest = due[column].min() - 1, due[column].max() + 1
        worst = np.where(due["value"] == 1, lowest, highest)
        return due.assign(**{column: np.where(due["status"] == "failed", worst, due[column])})

    def _values(self, rows: pd.DataFrame, blocks: Ints | None) -> Floats:
        """The number, then without each block, shape (1 + J,)."""
        scores, positive = np.asarray(rows[f"read:{self.of}"], np.float64), (rows["value"] == 1).to_numpy()
        if self.kind == "auc":
            return auc(scores, positive, blocks)
        members = self._members(rows)
        if not members:
            return np.full(1 if blocks is None else 2 + int(blocks.max(initial=-1)), math.nan)
        if self.kind != "final":
            return _mean(self.kind, scores, positive, members, blocks)
        means = [_mean(kind, scores, positive, members, blocks) for kind in _MEANS]
        return np.asarray((auc(scores, positive, blocks) + sum(means)) / 4)

    def _members(self, rows: pd.DataFrame) -> list[Mask]:
        """Which rows mention each identity."""
        named = [
            set(filter(None, map(str.strip, tag.split(";")))) for tag in rows.get(f"tag.{self.by}", [""] * len(rows))
        ]
        wanted = (self.only,) if self.only else self.identities or tuple(sorted(set().union(*named)))
        own = [[bool(_YES.fullmatch(tag)) for tag in rows.get(f"tag.{i}", [""] * len(rows))] for i in wanted]
        return [
            np.array([i in listed or said for listed, said in zip(named, each, strict=True)], dtype=bool)
            for i, each in zip(wanted, own, strict=True)
        ]


def _mean(kind: Kind, scores: Floats, positive: Mask, members: Sequence[Mask], blocks: Ints | None) -> Floats:
    """The power mean over identities; NaN where one of them has no AUC."""
    found = []
    for member in members:
        chosen = {"subgroup": member, "bpsn": member ^ positive, "bnsp": member == positive}[kind]
        values = auc(scores[chosen], positive[chosen], None if blocks is None else blocks[chosen])
        count = 1 if blocks is None else 2 + int(blocks.max(initial=-1))
        # A block without a row here leaves the value as it is.
        found.append(np.r_[values, np.full(count - len(values), values[0])])
    return power_mean(np.array(found))


_NAMES: dict[str, Kind] = {
    "final": "final",
    "auc": "auc",
    "subgroup_auc": "subgroup",
    "bpsn_auc": "bpsn",
    "bnsp_auc": "bnsp",
}
_TOLD: dict[Kind, tuple[Bilingual, Bilingual]] = {
    "final": (
        Bilingual("Bias-aware AUC", "兼顾偏差的 AUC"),
        Bilingual(
            "(Overall AUC + subgroup AUC + BPSN AUC + BNSP AUC) / 4, the last three as power means (p = -5) over "
            "identities.",
            "（总体 AUC + 子群 AUC + BPSN AUC + BNSP AUC）/ 4，后三者为对各群体的幂平均（p = -5）。",
        ),
    ),
    "auc": (
        Bilingual("Overall AUC", "总体 AUC"),
        Bilingual(
            "Probability that a text of the positive class gets a higher score from the examined scorer than one of "
            "the negative class; a tie counts half.",
            "被考察的评分器给正类文本的分数高于负类文本的概率；同分计一半。",
        ),
    ),
    "subgroup": (
        Bilingual("Subgroup AUC", "子群 AUC"),
        Bilingual(
            "AUC within the texts that mention an identity. Low: the classes are mixed up there.",
            "仅在提及该群体的文本内计算的 AUC。偏低说明在这些文本中难以区分正负类。",
        ),
    ),
    "bpsn": (
        Bilingual("BPSN AUC", "BPSN AUC"),
        Bilingual(
            "AUC of the background's positives against the subgroup's negatives (texts without and with a mention of "
            "the identity). Low: harmless texts that mention it score too high.",
            "背景正类与子群负类（分别为未提及和提及该群体的文本）之间的 AUC。偏低说明提及该群体的无害文本得分过高。",
        ),
    ),
    "bnsp": (
        Bilingual("BNSP AUC", "BNSP AUC"),
        Bilingual(
            "AUC of the background's negatives against the subgroup's positives (texts without and with a mention of "
            "the identity). Low: harmful texts that mention it score too low.",
            "背景负类与子群正类（分别为未提及和提及该群体的文本）之间的 AUC。偏低说明提及该群体的有害文本得分过低。",
        ),
    ),
}


def _told(kind: Kind, identity: str = "") -> dict[str, Any]:
    title, about = _TOLD[kind]
    if identity:
        return {"title": Bilingual(f"{title.en}: {identity}", f"{title.zh}：{identity}"), "about": about}
    if kind not in _MEANS:
        return {"title": title, "about": about}
    mean = Bilingual(" Power mean (p = -5) over identities.", "对各群体取幂平均（p = -5）。")
    return {"title": title, "about": Bilingual(about.en + mean.en, about.zh + mean.zh)}
