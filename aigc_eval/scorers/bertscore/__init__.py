"""BERTScore: agreement with reference answers by the contextual embeddings of their tokens."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from aigc_eval import huggingface as hf
from aigc_eval.errors import UsageError
from aigc_eval.metrics import Mean, Metric
from aigc_eval.plugin import ModelRef, Scorer
from aigc_eval.records import Bilingual, Generation, Prompt, Score
from aigc_eval.scorers.bertscore.encoder import TokenEncoder
from aigc_eval.scorers.bertscore.layers import recommended
from aigc_eval.scorers.bertscore.match import Embedded, match

__all__ = ["BertScore"]

_NO_REFERENCE = Score(note="no reference")


@dataclass(frozen=True)
class BertScore(Scorer):
    """How well the tokens of an answer and of a reference match by their embeddings; value: F1, in practice 0..1.

    Precision is the mean over the answer's tokens of the best cosine similarity to any token of the reference, recall
    the same the other way round, F1 their harmonic mean; each is the best over the prompt's `references`, by itself.
    Parts: `precision`, `recall`. Special tokens are not scored, but may be matched, as in the reference implementation.

    `model` is any encoder on disk, in any language it was trained on (bert-base-chinese, roberta-large ...). `layer`
    is the hidden layer to read (1 is the first), by default the one recommended by the paper's authors where the
    model's name is known, else the last. `idf` is a UTF-8 text file, one text a line: tokens that few of them have
    count for more (log((M + 1) / (m + 1)) with m of M lines); without it all count the same. Texts above
    `max_characters` are errors, as the cost of a pair grows with the product of the lengths.

    Values are raw: the published baselines for rescaling need a download. Raw values crowd near the top of the range,
    so compare candidates, and do not compare models, layers or languages. A wrong number or a denial changes little.
    """

    model: ModelRef
    layer: int | None = None
    idf: Path | None = None
    max_characters: int = 10_000
    device: str = "auto"

    batch_size: ClassVar[int] = 32
    by_length: ClassVar[bool] = True
    title: ClassVar[Bilingual] = Bilingual("BERTScore", "BERTScore")
    needs: ClassVar[str] = "prompts with references; an encoder model"
    source: ClassVar[str] = "Zhang et al. 2020, BERTScore"

    def __post_init__(self) -> None:
        if (self.layer is not None and self.layer < 1) or self.max_characters < 1:
            raise UsageError("bertscore: layer and max_characters must be 1 or more")

    def load(self) -> None:
        """Open the model and count the idf file; UsageError where the model has no such layer."""
        self._encoder  # noqa: B018
        self._weights  # noqa: B018

    def facts(self) -> Mapping[str, str]:
        """Content digests of model and idf file, and the layer that is read."""
        return {**super().facts(), "read_layer": str(self._layer)}

    def signature(self) -> str:
        """Name, options and version, and what was done, in the words of the package bert-score."""
        return f"{super().signature()}|L{self._layer}_{'no-idf' if self.idf is None else 'idf'}|rescaled:no"

    @property
    def _layer(self) -> int:
        layers = int(hf.config(self.model).num_hidden_layers)
        if self.layer is not None and self.layer > layers:
            raise UsageError(f"bertscore: {hf.label(self.model)!r} has {layers} layers, so there is no {self.layer}")
        return self.layer or recommended(hf.label(self.model), layers)

    @cached_property
    def _encoder(self) -> TokenEncoder:
        return TokenEncoder(self.model, self._layer, device=self.device)

    @cached_property
    def _weights(self) -> Mapping[int, float] | None:
        """Weight of each token of the idf file, and of any other under -1; None where all weigh the same."""
        if self.idf is None:
            return None
        try:
            lines = [line for line in self.idf.read_text("utf-8").splitlines() if line.strip()]
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"bertscore: cannot read the idf file {self.idf.name}: {error}") from error
        if not lines:
            raise UsageError(f"bertscore: the idf file {self.idf.name} is empty")
        counts = Counter(i for ids in self._encoder.ids(lines) for i in set(ids))
        return {-1: math.log(len(lines) + 1)} | {i: math.log((len(lines) + 1) / (n + 1)) for i, n in counts.items()}

    def _weight(self, token: int) -> float:
        return 1.0 if self._weights is None else self._weights.get(token, self._weights[-1])

    def not_applicable(self, prompt: Prompt) -> str:
        """Prompts without references."""
        return "" if _references(prompt) else _NO_REFERENCE.note

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """One score a generation; every text of the batch is read once."""
        due = [g for g in batch if _references(g.prompt) and not self._too_long(g)]
        texts = dict.fromkeys(text for g in due for text in (g.text, *_references(g.prompt)))
        embedded = dict(zip(texts, self._encoder.embed(list(texts), self._weight), strict=True))
        return [self._score(g, embedded) for g in batch]

    def _too_long(self, generation: Generation) -> str:
        longest = max(map(len, (generation.text, *_references(generation.prompt))))
        return f"a text of {longest:,} characters (max_characters {self.max_characters:,})" * (
            longest > self.max_characters
        )

    def _score(self, generation: Generation, embedded: Mapping[str, Embedded]) -> Score:
        references = _references(generation.prompt)
        if not references:
            return _NO_REFERENCE
        if error := self._too_long(generation):
            return Score(error=error)
        found = [match(embedded[generation.text], embedded[reference]) for reference in references]
        return Score(
            max(f.f1 for f in found),
            {"precision": max(f.precision for f in found), "recall": max(f.recall for f in found)},
        )

    def metrics(self) -> tuple[Metric, ...]:
        """F1 first."""
        return _METRICS

    @classmethod
    def all_metrics(cls) -> tuple[Metric, ...]:
        """The same with every option."""
        return _METRICS


def _references(prompt: Prompt) -> list[str]:
    return [reference for reference in prompt.references if reference.strip()]


def _mean(name: str, of: str, title: Bilingual, about: Bilingual, low: float = -1.0) -> Mean:
    return Mean(name, of=of, better="higher", bounds=(low, 1.0), title=title, about=about, source=BertScore.source)


_METRICS: tuple[Metric, ...] = (
    _mean(
        "f1",
        "value",
        Bilingual("BERTScore F1", "BERTScore F1"),
        Bilingual(
            "Harmonic mean of BERTScore precision and recall (best cosine similarity of each token's embedding to "
            "those of the other text) against the best reference, mean over outputs. Not rescaled with a baseline: "
            "values crowd near 1 and compare only under the same model and layer.",
            "BERTScore 精确率与召回率（每个词元与对方词元的最高余弦相似度）的调和平均（取最好的参考答案），"
            "再对输出取平均。未经基线缩放：数值集中在接近 1 处，只有模型和层数相同才可比较。",
        ),
        0.0,
    ),
    _mean(
        "precision",
        "precision",
        Bilingual("BERTScore precision", "BERTScore 精确率"),
        Bilingual(
            "Best cosine similarity of a token's embedding to those of the reference, mean over the output's tokens, "
            "then over outputs: how much of the output the best reference bears out. Not rescaled.",
            "输出中每个词元与参考答案词元的最高余弦相似度的平均值（取最好的参考答案），再对输出取平均："
            "输出有多少能在参考答案中找到依据。未经基线缩放。",
        ),
    ),
    _mean(
        "recall",
        "recall",
        Bilingual("BERTScore recall", "BERTScore 召回率"),
        Bilingual(
            "Best cosine similarity of a reference token's embedding to those of the output, mean over the reference's "
            "tokens, then over outputs: how much of the best reference the output has. Not rescaled.",
            "参考答案中每个词元与输出词元的最高余弦相似度的平均值（取最好的参考答案），再对输出取平均："
            "参考答案有多少被输出覆盖。未经基线缩放。",
        ),
    ),
)
