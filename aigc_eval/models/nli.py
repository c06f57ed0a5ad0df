"""Natural-language inference: whether a premise entails, contradicts or leaves open a hypothesis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aigc_eval import huggingface as hf
from aigc_eval.errors import UsageError
from aigc_eval.models.classifier import Array, Classifier
from aigc_eval.windows import sentence_chunks

__all__ = ["Judged", "Nli"]

_ENTAILMENT = ("entail", "蕴含", "support")
_CONTRADICTION = ("contra", "矛盾", "refute")


class Judged(NamedTuple):
    """What a model says about one (premise, hypothesis): probabilities, 0..1 each, that sum to 1."""

    entailment: float
    neutral: float
    contradiction: float


class Nli:
    """A sequence classifier over (premise, hypothesis) whose classes are found by name, never by position.

    Args:
        model: a folder, or an id that the local Hugging Face cache holds, such as an mDeBERTa trained on XNLI.
        device, dtype, batch_tokens: as in `Classifier`; float32 unless told otherwise.
        most_tokens: most tokens of one input; NLI models are trained on short ones.

    Attributes:
        three_way: whether there is a contradiction class. Where there is none (entailment / not_entailment),
            `Judged.contradiction` is 0 and `Judged.neutral` is the probability of everything but entailment.

    Class names count in English ("entailment", "contradiction", "supports", "refutes") and Chinese (蕴含, 矛盾).
    Raises UsageError where `id2label` does not name exactly one entailment and at most one contradiction class.
    """

    def __init__(
        self,
        model: str,
        *,
        device: str = "auto",
        dtype: str = "float32",
        batch_tokens: int = 4096,
        most_tokens: int | None = 512,
    ) -> None:
        self._entailment, self._contradiction = _classes(hf.label(model), dict(hf.config(model).id2label))
        self._classifier = Classifier(
            model, device=device, dtype=dtype, batch_tokens=batch_tokens, activation="softmax", most_tokens=most_tokens
        )
        self.three_way = self._contradiction is not None

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Judged]:
        """One verdict a (premise, hypothesis), in order; each is a function of its own pair to 1e-5.

        A pair that fits is read whole. Of a longer one every part is read: the hypothesis stays whole up to half of
        the room and the premise fills the rest, in overlapping windows. Then contradiction is the largest of all
        windows, entailment the largest over the premise's windows (of a cut hypothesis, the smallest of its parts: all
        of it must follow), but no more than contradiction leaves; neutral is the rest.
        """
        found = self._classifier.windowed_pairs([p for p, _ in pairs], [h for _, h in pairs], keep="second")
        return [self._judged(windows) for windows in found]

    def chunks(self, passage: str, size: int) -> list[str]:
        """The passage in runs of whole sentences of at most `size` tokens; a longer sentence is cut.

        A chunk never takes more than half of the room of an input; a blank passage has none.
        """
        size = min(size, self._classifier.room(pairs=True) // 2)
        return sentence_chunks(hf.encodable(passage), size, self._classifier.offsets)

    def _judged(self, windows: Array) -> Judged:
        """One verdict of shape (premise windows, hypothesis windows, labels)."""
        entailment = float(windows[:, :, self._entailment].max(axis=0).min())
        contradiction = 0.0 if self._contradiction is None else float(windows[:, :, self._contradiction].max())
        entailment = min(entailment, 1.0 - contradiction)
        return Judged(entailment, max(0.0, 1.0 - entailment - contradiction), contradiction)


def _classes(name: str, labels: dict[int, str]) -> tuple[int, int | None]:
    """Index of entailment and of contradiction (None where there is no such class) by the model's own names."""

    def only(stems: tuple[str, ...]) -> list[int]:
        return [int(i) for i, label in labels.items() if str(label).lower().startswith(stems)]

    entailment, contradiction = only(_ENTAILMENT), only(_CONTRADICTION)
    if len(entailment) != 1 or len(contradiction) > 1:
        raise UsageError(
            f"model {name!r} has the classes {sorted(map(str, labels.values()))}; one must be named "
            "entailment and at most one contradiction: set id2label in its config.json"
        )
    return entailment[0], contradiction[0] if contradiction else None
