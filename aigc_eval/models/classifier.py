"""Probabilities of a sequence classifier's labels for texts and pairs of texts, long ones in windows."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from aigc_eval import huggingface as hf
from aigc_eval.errors import UsageError
from aigc_eval.models.packing import Packer, Row
from aigc_eval.windows import strides

__all__ = ["Array", "Classifier"]

Array = npt.NDArray[np.float64]
"""Probabilities, float64."""


class Classifier:
    """A Hugging Face sequence classifier (toxicity, refusal, guard, sentiment, entailment ...), loaded once.

    Args:
        model: a folder, or an id that the local Hugging Face cache holds; nothing is downloaded.
        device, dtype: as in `aigc_eval.huggingface`: "auto" is CUDA, MPS or CPU, and float32 on a CPU.
        batch_tokens: most tokens, padding included, of one forward batch.
        activation: "softmax" (labels exclude each other, a row sums to 1), "sigmoid" (each label on its own), or
            "auto": sigmoid where the configuration says multi-label or there is one label only, else softmax.
        most_tokens: most tokens of one input, where fewer than the model takes are wanted.

    Attributes:
        labels: the names in `id2label`, in the order of the model's outputs.
        multi_label: whether each label has a probability of its own (sigmoid).
        limit: most tokens of one input, special tokens included.

    Probabilities are float64, 0..1, and do not depend on what shares a batch beyond 1e-5 (in float32). Nothing is
    truncated: `probabilities` refuses what does not fit, the windowed methods read all of it. Special tokens written
    out in a text are plain text; lone surrogates are U+FFFD; an empty text is read as the special tokens alone.

    Raises UsageError or MissingExtra when the model cannot be opened, ValueError when its outputs are not finite.
    """

    def __init__(
        self,
        model: str,
        *,
        device: str = "auto",
        dtype: str = "auto",
        batch_tokens: int = 8192,
        activation: Literal["auto", "softmax", "sigmoid"] = "auto",
        most_tokens: int | None = None,
    ) -> None:
        self.name = hf.label(model)
        self._model: Any = hf.load("AutoModelForSequenceClassification", model, device=device, dtype=dtype)
        self._packer = Packer.of(model, self._model, most_tokens)
        self._batch_tokens = batch_tokens
        settings = self._model.config
        if settings.problem_type == "regression":
            raise UsageError(f"model {self.name!r} is a regression model: it has no probabilities")
        self.labels = tuple(str(settings.id2label[i]) for i in range(settings.num_labels))
        several = settings.problem_type == "multi_label_classification" or len(self.labels) == 1
        self.multi_label = several if activation == "auto" else activation == "sigmoid"
        self.limit = self._packer.limit

    def label_index(self, names: Sequence[str]) -> list[int]:
        """Where labels of these names stand, whatever their case; UsageError with the nearest name for one unknown."""
        known = {label.casefold(): i for i, label in enumerate(self.labels)}
        for name in names:
            if name.casefold() not in known:
                near = difflib.get_close_matches(name.casefold(), known, n=1)
                hint = f"did you mean {self.labels[known[near[0]]]!r}?" if near else "it has none like it"
                raise UsageError(
                    f"model {self.name!r} has no label {name!r}; {hint} (its labels: {', '.join(self.labels)})"
                )
        return [known[name.casefold()] for name in names]

    def tokens(self, texts: Sequence[str]) -> list[int]:
        """Number of tokens of each text, without special tokens."""
        return [len(ids) for ids in self._packer.ids(texts)]

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Start and end in the text of each of its tokens; the text must be `huggingface.encodable` already."""
        return self._packer.offsets(text)

    def room(self, *, pairs: bool = False) -> int:
        """Tokens of text (of both texts together, with `pairs`) that fit into one input."""
        return self._packer.room(pair=pairs)

    def probabilities(self, texts: Sequence[str], pairs: Sequence[str] | None = None) -> Array:
        """Shape (texts, labels): of each text, or of each text followed by its pair, read whole.

        Raises ValueError, with its number, for one that does not fit into the model's context.
        """
        firsts = self._packer.ids(texts)
        if pairs is None:
            rows = [self._packer.row(ids) for ids in firsts]
        else:
            rows = [self._packer.row(a, b) for a, b in zip(firsts, self._packer.ids(pairs), strict=True)]
        for i, row in enumerate(rows):
            if len(row.ids) > self.limit:
                raise ValueError(f"text {i} has {len(row.ids)} tokens, {self.name!r} takes {self.limit}: read windows")
        return self._run(rows)

    def windowed(self, texts: Sequence[str], *, overlap: float = 0.25) -> list[Array]:
        """For each text the probabilities of its windows, shape (windows, labels), at least one window.

        Windows hold as many tokens as fit, in order, neighbours sharing at least the share `overlap`; together they
        cover the text. A label's evidence anywhere in a text is the largest value of its column.
        """
        room = self._packer.room()
        cut = [_windows(ids, room, overlap) for ids in self._packer.ids(texts)]
        found = self._run([self._packer.row(window) for windows in cut for window in windows])
        return _split(found, [len(windows) for windows in cut])

    def windowed_pairs(
        self,
        first: Sequence[str],
        second: Sequence[str],
        *,
        keep: Literal["first", "second"] = "first",
        overlap: float = 0.25,
    ) -> list[Array]:
        """For each pair the probabilities of its windows, shape (windows of first, windows of second, labels).

        The text named by `keep` stays whole up to half of the room, and the other fills what is left with windows that
        overlap as in `windowed`. A kept text longer than half of the room is cut into windows too, and every window of
        the one is read with every window of the other, so nothing goes unread; the cost is the product.
        """
        room = self._packer.room(pair=True)
        rows: list[Row] = []
        shapes: list[tuple[int, int]] = []
        for one, other in zip(self._packer.ids(first), self._packer.ids(second), strict=True):
            whole, rest = (one, other) if keep == "first" else (other, one)
            kept = _windows(whole, max(min(len(whole), room - len(rest)), room // 2), overlap)
            cut = _windows(rest, room - len(kept[0]), overlap)
            ones, others = (kept, cut) if keep == "first" else (cut, kept)
            rows += [self._packer.row(a, b) for a in ones for b in others]
            shapes.append((len(ones), len(others)))
        parts = _split(self._run(rows), [a * b for a, b in shapes])
        return [part.reshape(*shape, -1) for part, shape in zip(parts, shapes, strict=True)]

    def _run(self, rows: Sequence[Row]) -> Array:
        import torch

        found = np.empty((len(rows), len(self.labels)))
        for batch in self._packer.batches(rows, self._batch_tokens):
            features = self._packer.features([rows[i] for i in batch], self._model.device)
            with torch.inference_mode():
                logits = self._model(**features).logits.to("cpu", torch.float64)
            if not bool(logits.isfinite().all()):
                raise ValueError(f"the outputs of {self.name!r} are not finite numbers (dtype {self._model.dtype})")
            found[batch] = (logits.sigmoid() if self.multi_label else logits.softmax(dim=-1)).numpy()
        return found


def _windows(ids: list[int], size: int, overlap: float) -> list[list[int]]:
    """Windows of at most `size` tokens that cover all of them; one empty window where there are none."""
    if len(ids) <= size:
        return [ids]
    return [ids[a:b] for a, b in strides(len(ids), size, min(int(size * overlap), size - 1))]


def _split(rows: Array, counts: Sequence[int]) -> list[Array]:
    return np.split(rows, np.cumsum(counts)[:-1]) if counts else []
