"""Contextual embeddings of every token of a text, by one hidden layer of any encoder; long texts in windows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from aigc_eval import huggingface as hf
from aigc_eval.errors import UsageError
from aigc_eval.models.packing import Packer
from aigc_eval.scorers.bertscore.match import Array, Embedded
from aigc_eval.windows import strides

__all__ = ["TokenEncoder"]


class TokenEncoder:
    """An encoder (BERT, RoBERTa, XLM-R, DeBERTa, ALBERT ..., or the encoder of T5 or BART) cut after `layer` layers.

    A text that does not fit is read in windows that overlap by a quarter; each token's embedding comes from the window
    in which it stands farther from the border. (The reference implementation drops what does not fit.)
    """

    def __init__(self, model: str, layer: int, *, device: str = "auto", batch_tokens: int = 8192) -> None:
        self.name = hf.label(model)
        loaded = hf.load("AutoModel", model, device=device, **hf.unpooled(model))
        self._model = loaded.get_encoder() if getattr(loaded.config, "is_encoder_decoder", False) else loaded
        _cut(self._model, layer, self.name)
        self._packer = Packer.of(model, self._model)
        self._before = self._packer.row([-1]).ids.index(-1)
        self._space = _wants_space(self._packer.tokenizer)
        self._batch_tokens = batch_tokens

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text without white space at its ends, special tokens left out."""
        return self._packer.ids([self._space + stripped if (stripped := text.strip()) else "" for text in texts])

    def embed(self, texts: Sequence[str], weight: Callable[[int], float]) -> list[Embedded]:
        """Embeddings of the tokens of each text, weighed by their ids; of no token where the text has none."""
        tokens = self.ids(texts)
        cuts = [_windows(len(ids), self._packer.room()) for ids in tokens]
        rows = [self._packer.row(ids[a:b]) for ids, cut in zip(tokens, cuts, strict=True) for a, b, _, _ in cut]
        read = iter(self._run(rows))
        return [
            self._joined([weight(i) for i in ids], cut, [next(read) for _ in cut])
            for ids, cut in zip(tokens, cuts, strict=True)
        ]

    def _joined(self, weights: list[float], cut: list[tuple[int, int, int, int]], read: list[Array]) -> Embedded:
        """The kept tokens of each window, and each window's special tokens with the weight 0."""
        vectors, found = [np.zeros((0, 1), np.float32)] * (not cut), []
        for (start, end, first, last), table in zip(cut, read, strict=True):
            inside = self._before + np.arange(first - start, last - start)
            special = [*range(self._before), *range(self._before + end - start, len(table))]
            vectors += [table[inside], table[special]]
            found += [*weights[first:last], *[0.0] * len(special)]
        return Embedded(np.concatenate(vectors), np.array(found, np.float32))

    def _run(self, rows: Sequence[Any]) -> list[Array]:
        import torch

        found: list[Array] = [np.zeros((0, 0), np.float32)] * len(rows)
        for batch in self._packer.batches(rows, self._batch_tokens):
            features = self._packer.features([rows[i] for i in batch], self._model.device)
            with torch.inference_mode():
                hidden = self._model(**features).last_hidden_state.float()
                hidden = torch.nn.functional.normalize(hidden, dim=-1).cpu().numpy()
            if not np.isfinite(hidden).all():
                raise ValueError(f"the outputs of {self.name!r} are not finite numbers (dtype {self._model.dtype})")
            for i, table in zip(batch, hidden, strict=True):
                found[i] = table[: len(rows[i].ids)].copy()  # not a view: it would keep the padding alive
        return found


def _windows(length: int, room: int) -> list[tuple[int, int, int, int]]:
    """Start and end of each window, and of what is kept of it: overlaps are parted in the middle.

    >>> _windows(10, 6)
    [(0, 6, 0, 5), (4, 10, 5, 10)]
    """
    places = strides(length, room, room // 4)
    borders = [(end + start) // 2 for (_, end), (start, _) in itertools.pairwise(places)]
    kept = zip([0, *borders], [*borders, length], strict=True)
    return [(*place, *keep) for place, keep in zip(places, kept, strict=False)]


def _cut(model: Any, layer: int, name: str) -> None:
    """Take the layers above `layer` away, so that what follows the last layer (a norm) follows this one."""
    settings = model.config
    if layer == settings.num_hidden_layers:
        return
    if settings.model_type == "albert":  # one layer, used again and again
        settings.num_hidden_layers = layer
        return
    import torch

    for module in model.modules():
        for child, layers in module.named_children():
            if isinstance(layers, torch.nn.ModuleList) and len(layers) == settings.num_hidden_layers:
                setattr(module, child, layers[:layer])
                return
    raise UsageError(
        f"bertscore: the layers of {name!r} ({type(model).__name__}) cannot be told apart; leave out layer"
    )


def _wants_space(tokenizer: Any) -> str:
    """A space before the first word, where the reference implementation gives one: GPT-2's and RoBERTa's tokenizers."""
    import transformers

    return " " * isinstance(tokenizer, transformers.GPT2Tokenizer | transformers.RobertaTokenizer)
