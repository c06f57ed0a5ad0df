"""Texts and pairs of texts as rows of token ids, framed as an encoder was trained to see them; nothing is cut off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from aigc_eval import huggingface as hf
from aigc_eval.errors import UsageError

__all__ = ["Packer", "Row", "plain"]


def plain(tokenizer: Any, ids: Sequence[int]) -> list[list[int]]:
    """Token ids of a text, in one list for each given id, with special tokens spelled out character by character.

    `split_special_tokens` alone does not keep a text from holding them: unigram vocabularies (XLM-R, DeBERTa) contain
    "</s>" and "[SEP]" as pieces, which the model then finds in the text itself.
    """
    special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    return [
        list(map(int, tokenizer.convert_tokens_to_ids(list(tokenizer.convert_ids_to_tokens(i)))))
        if i in special
        else [int(i)]
        for i in ids
    ]


class Row(NamedTuple):
    """One input: its token ids and, for each, which of the two texts it belongs to as the tokenizer counts."""

    ids: list[int]
    types: list[int]


class _Frame(NamedTuple):
    """The special tokens before, between and after the texts, and the token types of these and of the texts."""

    special: tuple[tuple[int, ...], ...]
    types: tuple[tuple[int, ...], ...]
    text_types: tuple[int, ...]

    @property
    def size(self) -> int:
        return sum(map(len, self.special))

    def row(self, *texts: Sequence[int]) -> Row:
        ids, types = list(self.special[0]), list(self.types[0])
        for text, kind, special, special_types in zip(
            texts, self.text_types, self.special[1:], self.types[1:], strict=True
        ):
            ids += [*text, *special]
            types += [kind] * len(text) + [*special_types]
        return Row(ids, types)


@dataclass(frozen=True)
class Packer:
    """A tokenizer, the most tokens that its model takes (`limit`), and the id that the model reads as padding.

    Special tokens written out in a text are plain text: no text can close its own segment.
    """

    tokenizer: Any
    limit: int
    pad: int | None

    @classmethod
    def of(cls, name: str, model: Any, most_tokens: int | None = None) -> Packer:
        """The tokenizer of the loaded model `name`.

        `limit` is the smallest of the model's positions, the tokenizer's `model_max_length` and `most_tokens`; 512
        where none of them says anything.
        """
        tokenizer = hf.tokenizer(name)
        positions = _positions(model)
        stated = getattr(tokenizer, "model_max_length", None)
        limits = [n for n in (positions, stated, most_tokens) if n and n < 10**9] or [512]
        pad = getattr(model.config.get_text_config(), "pad_token_id", None)
        packer = cls(tokenizer, int(min(limits)), tokenizer.pad_token_id if pad is None else pad)
        if packer.room() < 1 or packer.room(pair=True) < 2:
            raise UsageError(f"model {name!r} takes {packer.limit} tokens, which leaves no room for text")
        return packer

    def room(self, *, pair: bool = False) -> int:
        """Tokens of text that one input can hold beside its special tokens."""
        return self.limit - (self._pair if pair else self._single).size

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """All tokens of each text, without special tokens."""
        if not texts:
            return []
        coded = self._encode([hf.encodable(text) for text in texts])["input_ids"]
        return [[i for spelled in plain(self.tokenizer, row) for i in spelled] for row in coded]

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Start and end in the text of each of its tokens. The text must be encodable (`huggingface.encodable`)."""
        coded = self._encode([text], return_offsets_mapping=True)
        spelled = plain(self.tokenizer, coded["input_ids"][0])
        places = zip(coded["offset_mapping"][0], spelled, strict=True)
        return [(int(a), int(b)) for (a, b), ids in places for _ in ids]

    def row(self, first: Sequence[int], second: Sequence[int] | None = None) -> Row:
        """Token ids of a text or a pair with the special tokens that belong to them."""
        row = self._single.row(first) if second is None else self._pair.row(first, second)
        if row.ids:
            return row
        known = (self.tokenizer.bos_token_id, self.tokenizer.eos_token_id, self.pad, 0)
        return Row([next(i for i in known if i is not None)], [0])  # a model reads at least one token

    def features(self, rows: Sequence[Row], device: Any) -> dict[str, Any]:
        """The model's arguments, each of shape (rows, longest), padded on the right and masked there."""
        import torch

        longest = max(len(row.ids) for row in rows)
        fill = 0 if self.pad is None else self.pad
        made = {
            "input_ids": [row.ids + [fill] * (longest - len(row.ids)) for row in rows],
            "attention_mask": [[1] * len(row.ids) + [0] * (longest - len(row.ids)) for row in rows],
        }
        if "token_type_ids" in self.tokenizer.model_input_names:
            made["token_type_ids"] = [row.types + [0] * (longest - len(row.types)) for row in rows]
        return {name: torch.tensor(table, device=device) for name, table in made.items()}

    def batches(self, rows: Sequence[Row], budget: int) -> list[list[int]]:
        """Numbers of rows of similar length, at most `budget` tokens together; one by one where there is no pad id."""
        lengths = [len(row.ids) for row in rows]
        return hf.batches(lengths, budget if self.pad is not None else 1)

    def _encode(self, texts: Sequence[str], **kwargs: Any) -> Any:
        return self.tokenizer(
            list(texts),
            add_special_tokens=False,
            split_special_tokens=True,
            truncation=False,
            padding=False,
            verbose=False,
            **kwargs,
        )

    @cached_property
    def _single(self) -> _Frame:
        return self._frame("a")

    @cached_property
    def _pair(self) -> _Frame:
        return self._frame("a", "b")

    def _frame(self, *probe: str) -> _Frame:
        """What the tokenizer puts around texts, found by looking at what it does with two short ones."""
        coded = self.tokenizer(*probe)
        ids: list[int] = coded["input_ids"]
        types: list[int] = coded.get("token_type_ids") or [0] * len(ids)
        parts: list[tuple[int, int]] = []
        kinds, at = [], 0
        for text in self.ids(probe):
            start = next(i for i in range(at, len(ids)) if ids[i : i + len(text)] == text)
            parts.append((at, start))
            kinds.append(types[start])
            at = start + len(text)
        parts.append((at, len(ids)))
        return _Frame(
            tuple(tuple(ids[a:b]) for a, b in parts), tuple(tuple(types[a:b]) for a, b in parts), tuple(kinds)
        )


def _positions(model: Any) -> int | None:
    """Most tokens that the model has positions for; RoBERTa and its kin number them from the padding index on."""
    length = hf.context_length(model.config.get_text_config())
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and getattr(module, "padding_idx", None) is not None:
            return int(module.num_embeddings) - int(module.padding_idx) - 1
    return length
