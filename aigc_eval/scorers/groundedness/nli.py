"""The same question put to a natural-language-inference model: whether evidence entails each sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from aigc_eval import huggingface as hf
from aigc_eval.errors import UsageError
from aigc_eval.text import sentences

__all__ = ["Judged", "Nli", "verdict"]

_ENTAILMENT = ("entail", "蕴含", "support")
_CONTRADICTION = ("contra", "矛盾", "refute")
_TOKENS_A_BATCH = 4096


class Judged(NamedTuple):
    """The best entailment and the best contradiction of one sentence over all chunks of evidence, 0..1 each."""

    entailment: float
    contradiction: float


class _Pair(NamedTuple):
    sentence: int
    ids: Any
    length: int


@dataclass(frozen=True)
class Nli:
    """A loaded sequence classifier over (premise, hypothesis) and the meaning of its classes."""

    model: Any
    tokenizer: Any
    entailment: int
    contradiction: int | None
    most: int

    @classmethod
    def load(cls, name: str) -> Nli:
        """Open the model; UsageError where its `id2label` does not name an entailment class."""
        settings = hf.config(name)
        entailment, contradiction = _classes(hf.label(name), dict(settings.id2label))
        tokenizer = hf.tokenizer(name)
        if tokenizer.pad_token is None:
            raise UsageError(f"groundedness: the tokenizer of {hf.label(name)!r} has no pad token")
        limits = (hf.context_length(settings), getattr(tokenizer, "model_max_length", None), 512)
        # RoBERTa counts positions from the padding index on, so two of its positions cannot be used.
        reserved = 2 if "roberta" in str(getattr(settings, "model_type", "")) else 0
        most = min(limit for limit in limits if limit) - reserved
        model = hf.load("AutoModelForSequenceClassification", name, dtype="float32")
        return cls(model, tokenizer, entailment, contradiction, most)

    def judge(self, items: Sequence[tuple[Sequence[str], Sequence[str]]], chunk: int) -> list[list[Judged]]:
        """For each (evidence, sentences): every sentence against every chunk of evidence of at most `chunk` tokens."""
        pairs: list[_Pair] = []
        owners: list[tuple[int, int]] = []
        for i, (evidence, hypotheses) in enumerate(items):
            premises = [p for passage in evidence for p in self.chunks(passage, chunk)]
            for j, hypothesis in enumerate(hypotheses):
                owners.append((i, j))
                pairs += [self._pair(len(owners) - 1, premise, hypothesis) for premise in premises]
        best = [Judged(0.0, 0.0)] * len(owners)
        for batch in hf.batches([pair.length for pair in pairs], _TOKENS_A_BATCH):
            chosen = [pairs[k] for k in batch]
            for pair, (yes, no) in zip(chosen, self._probabilities(chosen), strict=True):
                old = best[pair.sentence]
                best[pair.sentence] = Judged(max(old.entailment, yes), max(old.contradiction, no))
        found: list[list[Judged]] = [[] for _ in items]
        for (i, _), judged in zip(owners, best, strict=True):
            found[i].append(judged)
        return found

    def chunks(self, passage: str, size: int) -> list[str]:
        """The passage in runs of whole sentences of at most `size` tokens; a longer sentence is cut."""
        passage = hf.encodable(passage)
        size = min(size, self.most // 2)
        found: list[str] = []
        start, end, used = 0, 0, 0
        for a, b, length in self._pieces(passage, size):
            if end and used + length > size:
                found.append(passage[start:end])
                start, used = a, 0
            start = start if end and used else a
            end, used = b, used + length
        return [*found, passage[start:end]] if end else found

    def _pieces(self, passage: str, size: int) -> list[tuple[int, int, int]]:
        """Start, end and tokens of each sentence, cut where it has more than `size` tokens."""
        found = []
        for a, b in sentences(passage):
            coded = self.tokenizer(passage[a:b], add_special_tokens=False, return_offsets_mapping=True, verbose=False)
            places = coded["offset_mapping"]
            for at in range(0, len(places), size):
                run = places[at : at + size]
                if run[-1][1] > run[0][0]:
                    found.append((a + run[0][0], a + run[-1][1], len(run)))
        return found

    def _pair(self, sentence: int, premise: str, hypothesis: str) -> _Pair:
        coded = self.tokenizer(
            premise, hf.encodable(hypothesis), truncation="longest_first", max_length=self.most, verbose=False
        )
        return _Pair(sentence, coded, len(coded["input_ids"]))

    def _probabilities(self, pairs: Sequence[_Pair]) -> list[tuple[float, float]]:
        import torch

        columns = {key: [pair.ids[key] for pair in pairs] for key in pairs[0].ids}
        padded = self.tokenizer.pad(columns, return_tensors="pt").to(self.model.device)
        with torch.inference_mode():
            rows = self.model(**padded).logits.double().softmax(dim=-1).tolist()
        if any(not math.isfinite(p) for row in rows for p in row):
            raise ValueError("the model's probabilities are not finite numbers")
        return [(row[self.entailment], 0.0 if self.contradiction is None else row[self.contradiction]) for row in rows]


def _classes(name: str, labels: dict[int, str]) -> tuple[int, int | None]:
    """Index of entailment and of contradiction (None where there is no such class) by the model's own names."""

    def only(stems: tuple[str, ...]) -> list[int]:
        return [int(i) for i, label in labels.items() if str(label).lower().startswith(stems)]

    entailment, contradiction = only(_ENTAILMENT), only(_CONTRADICTION)
    if len(entailment) != 1 or len(contradiction) > 1:
        raise UsageError(
            f"groundedness: model {name!r} has the classes {sorted(map(str, labels.values()))}; one must be named "
            "entailment and at most one contradiction: set id2label in its config.json"
        )
    return entailment[0], contradiction[0] if contradiction else None


def verdict(judged: Judged) -> str:
    """What to call a sentence that is not entailed."""
    return "unsupported:contradiction" if judged.contradiction > judged.entailment else "unsupported:content"
