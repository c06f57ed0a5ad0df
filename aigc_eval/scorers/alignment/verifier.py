"""A model trained to say whether a document supports a claim: AlignScore's, MiniCheck's, and any of their shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from aigc_eval import huggingface as hf
from aigc_eval.errors import UsageError
from aigc_eval.models.packing import Packer, Row
from aigc_eval.windows import sentence_chunks, strides

__all__ = ["Frame", "Verifier", "frame_of"]

Frame = Literal["pair", "minicheck"]
_NAMES = frozenset(
    ("aligned", "supported", "supports", "support", "entailment", "entailed", "consistent", "1", "true", "支持", "蕴含")
)
_T5_TOKENS = 2048
"""Most tokens that MiniCheck gives its T5, whose positions are relative and have no end of their own."""


def frame_of(model: str) -> Frame:
    """How the two texts are put before the model, unless an option says so.

    "minicheck" for encoder-decoders and for models whose name has MiniCheck in it; "pair", the way of AlignScore and
    of every classifier of two texts, for others.
    """
    seq2seq = bool(getattr(hf.config(model), "is_encoder_decoder", False))
    return "minicheck" if seq2seq or "minicheck" in hf.label(model).lower() else "pair"


class Verifier:
    """P(the claim is supported by the document), by a sequence classifier or by MiniCheck's Flan-T5.

    Frames: "pair" is the tokenizer's own form of two texts. "minicheck" is one text, "{document}</s>{claim}" with the
    model's own end (or separator) token; an encoder-decoder gets "predict: " before it and answers with its first
    token: P is the share of "1" in the softmax of the logits of the first tokens of "0" and "1".

    `supported` names the classifier's label; without it exactly one label must be named aligned, supported,
    entailment, consistent or 1. A classifier with a single label gives that label's probability (sigmoid).
    Raises UsageError where the label cannot be told.
    """

    def __init__(
        self, model: str, frame: Frame, supported: str = "", *, device: str = "auto", batch_tokens: int = 8192
    ) -> None:
        self.name, self._frame, self._batch_tokens = hf.label(model), frame, batch_tokens
        self._seq2seq = bool(getattr(hf.config(model), "is_encoder_decoder", False))
        if self._seq2seq and frame == "pair":
            raise UsageError(f"alignment: {self.name!r} is an encoder-decoder, so its frame is minicheck")
        kind = "AutoModelForSeq2SeqLM" if self._seq2seq else "AutoModelForSequenceClassification"
        self._model = hf.load(kind, model, device=device)
        if self._seq2seq:
            tokenizer = hf.tokenizer(model)
            self._packer = Packer(tokenizer, _T5_TOKENS, tokenizer.pad_token_id)
            self._columns = [ids[0] for ids in self._packer.ids(["0", "1"])]
        else:
            self._packer = Packer.of(model, self._model)
            self._columns = [_label(self.name, self._model.config, supported)]
        if len({*self._columns}) < len(self._columns) or (self._seq2seq and supported):
            raise UsageError(f"alignment: {self.name!r} does not answer with 0 or 1, or has no labels to name")

    def chunks(self, passage: str, size: int) -> list[str]:
        """The passage in runs of whole sentences of at most `size` tokens; a longer sentence is cut.

        A chunk takes three quarters of an input at most; a blank passage has none.
        """
        size = max(1, min(size, self._room * 3 // 4))
        return sentence_chunks(hf.encodable(passage), size, self._packer.offsets)

    def rows(self, chunk: str, claim: str) -> list[Row]:
        """The inputs that read a chunk with a claim: one, or one for each window of a claim that does not fit."""
        document, said = self._packer.ids([f"predict: {chunk}" if self._seq2seq else chunk, claim])
        room = max(1, self._room - len(document))
        windows = strides(len(said), room, room // 4) or [(0, 0)]
        if self._frame == "pair":
            return [self._packer.row(document, said[a:b]) for a, b in windows]
        return [self._packer.row([*document, self._border, *said[a:b]]) for a, b in windows]

    def supported(self, rows: Sequence[Row]) -> npt.NDArray[np.float64]:
        """P(supported) of each input, shape (rows,), 0..1."""
        import torch

        found = np.empty(len(rows))
        for batch in self._packer.batches(rows, self._batch_tokens):
            features = self._packer.features([rows[i] for i in batch], self._model.device)
            with torch.inference_mode():
                logits = self._logits(features).to("cpu", torch.float64)
            if not bool(logits.isfinite().all()):
                raise ValueError(f"the outputs of {self.name!r} are not finite numbers (dtype {self._model.dtype})")
            if self._seq2seq:
                found[batch] = logits[:, self._columns].softmax(dim=-1)[:, 1].numpy()
            elif logits.shape[1] == 1:
                found[batch] = logits.sigmoid()[:, 0].numpy()
            else:
                found[batch] = logits.softmax(dim=-1)[:, self._columns[0]].numpy()
        return found

    def _logits(self, features: dict[str, Any]) -> Any:
        """Shape (rows, labels); of an encoder-decoder (rows, vocabulary), for its first token."""
        if not self._seq2seq:
            return self._model(**features).logits
        features.pop("token_type_ids", None)
        start = features["input_ids"].new_full(
            (len(features["input_ids"]), 1), self._model.config.decoder_start_token_id
        )
        return self._model(**features, decoder_input_ids=start).logits[:, 0]

    @property
    def _room(self) -> int:
        return self._packer.room(pair=True) if self._frame == "pair" else self._packer.room() - 1

    @property
    def _border(self) -> int:
        tokenizer = self._packer.tokenizer
        known = (tokenizer.eos_token_id, tokenizer.sep_token_id)
        found = next((i for i in known if i is not None), None)
        if found is None:
            raise UsageError(f"alignment: the tokenizer of {self.name!r} has no end token to part the texts with")
        return int(found)


def _label(name: str, settings: Any, supported: str) -> int:
    """Index of the label that means supported."""
    labels = {int(i): str(label) for i, label in settings.id2label.items()}
    wanted = {supported.casefold()} if supported else _NAMES
    found = [i for i, label in labels.items() if label.strip().casefold() in wanted]
    if not supported and len(labels) == 1:
        return 0
    if len(found) != 1:
        raise UsageError(
            f"alignment: model {name!r} has the labels {', '.join(labels.values())}; name the one that means supported "
            "as option supported"
        )
    return found[0]
