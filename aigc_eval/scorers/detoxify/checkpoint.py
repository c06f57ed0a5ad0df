"""Detoxify's checkpoints, read as tensors and plain values: nothing in them is ever run, nothing is downloaded."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from aigc_eval.errors import MissingExtra, UsageError
from aigc_eval.plugin import require

if TYPE_CHECKING:
    import torch

__all__ = ["MODELS", "Loaded", "load"]

_ORIGINAL = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack")
_UNBIASED = ("toxicity", "severe_toxicity", "obscene", "identity_attack", "insult", "threat", "sexual_explicit")
_RENAMED = {"toxic": "toxicity", "identity_hate": "identity_attack", "severe_toxic": "severe_toxicity"}
_ENGLISH = ("en",)


class _Known(NamedTuple):
    """One of Detoxify's releases: its file, its labels, the Hugging Face base whose config and tokenizer it uses."""

    file: str
    labels: tuple[str, ...]
    base: str
    family: str
    languages: tuple[str, ...] = _ENGLISH


MODELS = {
    "original": _Known("v0.1-alpha/toxic_original-c1212f89.ckpt", _ORIGINAL, "bert-base-uncased", "Bert"),
    "unbiased": _Known("v0.3-alpha/toxic_debiased-c7548aa0.ckpt", _UNBIASED, "roberta-base", "Roberta"),
    "multilingual": _Known(
        "v0.4-alpha/multilingual_debiased-0b549669.ckpt",
        _UNBIASED,
        "xlm-roberta-base",
        "XLMRoberta",
        ("en", "fr", "es", "it", "pt", "tr", "ru"),
    ),
    "original-small": _Known("v0.1.2/original-albert-0e1d6498.ckpt", _ORIGINAL, "albert-base-v2", "Albert"),
    "unbiased-small": _Known("v0.1.2/unbiased-albert-c8519128.ckpt", _UNBIASED, "albert-base-v2", "Albert"),
}
_RELEASES = "https://github.com/unitaryai/detoxify/releases/download/"
_UNUSED = re.compile(r"\w+\.embeddings\.(position_ids|token_type_ids)|roberta\.pooler\.dense\.(weight|bias)")
"""Left over in checkpoints of older transformers; nothing that the classification head reads."""

_MOST_TOKENS = 512


@dataclass(frozen=True)
class Loaded:
    """A model ready to run: `capacity` is how many text tokens fit between the tokens `first` and `last`."""

    model: torch.nn.Module
    tokenizer: Any
    labels: tuple[str, ...]
    digest: str
    first: int
    last: int
    pad: int
    capacity: int

    def tokens(self, text: str) -> list[int]:
        """All tokens of a text, nothing cut off, without the first and last token of a window."""
        ids = self.tokenizer(text, add_special_tokens=False, truncation=False, verbose=False)["input_ids"]
        return [int(i) for i in ids]

    def logits(self, windows: Sequence[list[int]]) -> torch.Tensor:
        """Raw outputs, shape (windows, outputs), of token windows; padding is masked out."""
        torch = require("torch")
        longest = max(len(window) for window in windows) + 2
        ids = torch.full((len(windows), longest), self.pad, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, window in enumerate(windows):
            ids[row, : len(window) + 2] = torch.tensor([self.first, *window, self.last])
            mask[row, : len(window) + 2] = 1
        device = next(self.model.parameters()).device
        with torch.inference_mode():
            return self.model(input_ids=ids.to(device), attention_mask=mask.to(device)).logits.float().cpu()


@lru_cache(maxsize=2)
def load(name: str, checkpoint: Path | None, config: Path | None, device: str) -> Loaded:
    """The model of that name, from its checkpoint and base; errors say which file is missing or wrong."""
    require("torch")
    transformers = require("transformers")
    known = MODELS[name]
    path = checkpoint or _released(known)
    digest = _sha256(path)
    if checkpoint is None and not digest.startswith(path.stem.rpartition("-")[2]):
        raise UsageError(f"{path} is damaged: its SHA-256 {digest} does not begin as its name ends; fetch it again")
    state, labels, outputs, family = _read(path, known)
    tokenizer, settings = _base(str(config or known.base), family, outputs, config is not None)
    model = getattr(transformers, f"{family}ForSequenceClassification")(settings)
    _fill(model, state, path)
    first, last = tokenizer("")["input_ids"]
    offset = settings.pad_token_id + 1 if "oberta" in family else 0
    room = min(_MOST_TOKENS, tokenizer.model_max_length, settings.max_position_embeddings - offset) - 2
    loaded = Loaded(model.to(device).eval(), tokenizer, labels, digest, first, last, tokenizer.pad_token_id, room)
    _self_test(loaded, outputs, path)
    return loaded


def _base(base: str, family: str, outputs: int, is_folder: bool) -> tuple[Any, Any]:
    """Tokenizer and config of the base model, from a folder or the local cache."""
    transformers = require("transformers")
    tokenizer, settings = (getattr(transformers, f"{family}{kind}") for kind in ("Tokenizer", "Config"))
    find = require("transformers.utils.hub").cached_file
    try:
        # Without the file, `from_pretrained` would fall back on a default config.
        if find(base, "config.json", local_files_only=True) is None:
            raise FileNotFoundError(base)
        return (
            tokenizer.from_pretrained(base, local_files_only=True),
            settings.from_pretrained(base, local_files_only=True, num_labels=outputs),
        )
    except (OSError, ValueError) as error:
        raise MissingExtra(_no_base(base, is_folder)) from error


def _released(known: _Known) -> Path:
    """The release's file in the local torch hub cache, where Detoxify itself would put it."""
    torch = require("torch")
    path = Path(torch.hub.get_dir()) / "checkpoints" / known.file.rpartition("/")[2]
    if not path.is_file():
        raise MissingExtra(f"{path} does not exist; download {_RELEASES}{known.file} to there, or set checkpoint")
    return path


def _no_base(base: str, is_folder: bool) -> str:
    if is_folder:
        return f"{base} lacks a usable config.json or tokenizer files; copy them there from the base model"
    return (
        f"config and tokenizer of {base!r} are not in the local Hugging Face cache; "
        f"run: hf download {base} --include '*.json' '*.txt' '*.model', or set config to a folder with these files"
    )


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"cannot read the checkpoint {path}: {error.strerror}; set checkpoint to a file") from error


def _read(path: Path, known: _Known) -> tuple[dict[str, torch.Tensor], tuple[str, ...], int, str]:
    """Tensors, labels, number of outputs and family (Bert, Roberta, ...) of a checkpoint; no code in it is run."""
    if path.suffix == ".safetensors":
        return _read_safetensors(path, known)
    torch = require("torch")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        arch, data = content["config"]["arch"]["args"], content["config"]["dataset"]["args"]
        labels = tuple(_RENAMED.get(label, label) for label in data["classes"])
        state, outputs, class_name = content["state_dict"], int(arch["num_classes"]), str(arch["model_name"])
    except (KeyError, TypeError) as error:
        raise UsageError(f"{path} is not in Detoxify's layout: no usable {error}; use a Detoxify checkpoint") from error
    except Exception as error:  # torch raises a dozen kinds, from UnpicklingError to RuntimeError
        raise UsageError(
            f"{path} is refused: it cannot be read as plain tensors ({type(error).__name__}), because it is damaged "
            "or holds a pickle that would run code; use a Detoxify release or a .safetensors file"
        ) from error
    families = {f"{k.family}ForSequenceClassification": k.family for k in MODELS.values()}
    if class_name not in families:
        raise UsageError(f"{path}: model class {class_name!r} is not one of {', '.join(families)}")
    if "toxicity" not in labels or len(labels) > outputs:
        raise UsageError(f"{path}: labels {labels} do not fit {outputs} outputs with a 'toxicity' among them")
    return state, labels, outputs, families[class_name]


def _read_safetensors(path: Path, known: _Known) -> tuple[dict[str, torch.Tensor], tuple[str, ...], int, str]:
    try:
        state = require("safetensors.torch").load_file(path)
    except Exception as error:  # SafetensorError is no subclass of ValueError or OSError
        raise UsageError(f"{path} is not a readable .safetensors file: {error}") from error
    head = "classifier.out_proj.weight" if "oberta" in known.family else "classifier.weight"
    if head not in state:
        raise UsageError(f"{path}: missing {head}; set model to the one that these weights belong to")
    return state, known.labels, int(state[head].shape[0]), known.family


def _fill(model: torch.nn.Module, state: Mapping[str, torch.Tensor], path: Path) -> None:
    """Put the tensors into the model; a missing, surplus or misshapen one would leave random numbers in it."""
    try:
        missing, surplus = model.load_state_dict(state, strict=False)
    except (RuntimeError, AttributeError, TypeError) as error:
        raise UsageError(f"{path} does not fit the model's config: {str(error)[:500]}") from error
    surplus = [name for name in surplus if not _UNUSED.fullmatch(name)]
    if missing or surplus:
        named = [f"missing {', '.join(missing)}"] * bool(missing) + [f"unexpected {', '.join(surplus)}"] * bool(surplus)
        raise UsageError(f"{path} does not fit the model: {'; '.join(named)}")


def _self_test(loaded: Loaded, outputs: int, path: Path) -> None:
    """Two known texts must give the right number of finite, different answers."""
    torch = require("torch")
    words = loaded.tokens("You are very kind.")
    if set(words) <= {loaded.tokenizer.unk_token_id}:
        raise UsageError(f"{path}: the tokenizer knows no word; copy the base model's tokenizer files into config")
    logits = loaded.logits([[], words])
    if logits.shape != (2, outputs) or not torch.isfinite(logits).all():
        raise UsageError(f"{path}: the model answers {tuple(logits.shape)} or not finite, not (2, {outputs}) numbers")
