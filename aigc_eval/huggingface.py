"""Local Hugging Face models, opened safely: found offline, checked for missing weights, put on a device, batched.

A model is a folder, an id that the local Hugging Face cache holds, or `bundled`, the small English and Chinese causal
model that comes with the package; nothing is ever downloaded. Code that a model repository brings is never run,
safetensors are preferred and pickled weights are read with `weights_only=True`.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import warnings
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from aigc_eval.errors import MissingExtra, UsageError
from aigc_eval.records import Prompt

__all__ = [
    "BUNDLED",
    "batches",
    "config",
    "context_length",
    "device_of",
    "dtype_of",
    "encodable",
    "fingerprint",
    "label",
    "load",
    "locate",
    "opening",
    "render",
    "tokenizer",
    "unpooled",
]

BUNDLED = "bundled"
"""What the causal language model in the package is called; its card is models/bundled/MODEL_CARD.md."""
_DATA = ("*.json", "*.jinja", "*.txt", "*.model", "*.tiktoken")
_WEIGHTS = ("*.safetensors", "*.bin")


def locate(model: str) -> Path:
    """The folder that holds `model`: the package's own, itself, or its snapshot in the local Hugging Face cache.

    A folder of yours that is called `bundled` is written ./bundled. Raises UsageError, with the folder and the remedy,
    where there is none.
    """
    if model == BUNDLED:
        return Path(__file__).with_name("models") / BUNDLED
    folder = Path(model)
    if folder.is_dir():
        return folder
    if folder.is_absolute() or model.startswith("."):
        raise UsageError(f"model {model!r}: no such folder; give one that holds config.json, tokenizer and weights")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, local_files_only=True))
    except (HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise UsageError(
            f"model {model!r}: no such folder, and the local Hugging Face cache does not hold it; give a folder, or "
            f"fetch it once on a connected machine: hf download {model}"
        ) from error


def label(model: str) -> str:
    """What to call a model in print: a folder by its last part, an id in full.

    >>> label("/srv/models/base-7b"), label("org/base-7b")
    ('base-7b', 'org/base-7b')
    """
    path = Path(model)
    return path.name if path.is_absolute() or path.is_dir() else model


@cache
def _content(path: str, _size: int, _changed: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def fingerprint(model: str) -> str:
    """Digest of a model's configuration, tokenizer and weights, by content, so that a moved folder stays the same.

    Every byte is read: a fine-tune may change one layer only, which no sample of the file would show. That takes about
    as long as loading reads the files, and is remembered while a file's size and time of change stay the same.
    Files that decide nothing (a model card, optimizer state in subfolders) are left out.
    """
    folder = locate(model)
    found = sorted({path for pattern in (*_DATA, *_WEIGHTS) for path in folder.glob(pattern)})
    total = hashlib.blake2b(digest_size=16)
    for path in found:
        real = path.resolve()
        facts = real.stat()
        total.update(f"{path.name}\0{_content(str(real), facts.st_size, facts.st_mtime_ns)}\n".encode())
    return total.hexdigest()


def device_of(device: str = "auto") -> str:
    """The device to compute on: as given, or for "auto" the first of CUDA, Apple's MPS and the CPU."""
    if device != "auto":
        return device
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def dtype_of(dtype: str, device: str) -> str:
    """The number format to compute in: as given, or for "auto" float32 on a CPU, elsewhere "auto" (the checkpoint's).

    Not bfloat16 on a CPU: where the processor has no instructions for it a product costs about 60 times as long, and
    its 8 bits of precision let the composition of a batch change an answer.
    """
    return "float32" if dtype == "auto" and device.startswith("cpu") else dtype


@contextlib.contextmanager
def opening(model: str) -> Iterator[None]:
    """While a model is opened: whatever is raised becomes one clear error; no progress bars, no library's advice."""
    from transformers.utils import logging

    bars, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", (FutureWarning, DeprecationWarning))
            yield
    except ImportError as error:
        raise MissingExtra(f"model {model!r} needs a package that is not installed: {error}") from error
    except UsageError:
        raise
    except Exception as error:  # the formats' own error types share no base
        what = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UsageError(
            f"model {model!r} cannot be opened: {what}; the folder needs config.json, the tokenizer's files and whole "
            "weights (model.safetensors), as save_pretrained writes them"
        ) from error
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _options() -> dict[str, Any]:
    return {"local_files_only": True, "trust_remote_code": False}


def config(model: str) -> Any:
    """The model's configuration (a transformers PretrainedConfig)."""
    import transformers

    folder = locate(model)
    with opening(model):
        return transformers.AutoConfig.from_pretrained(folder, **_options())


def tokenizer(model: str, **kwargs: Any) -> Any:
    """The model's tokenizer (a transformers PreTrainedTokenizer), which must lie beside the weights."""
    import transformers

    folder = locate(model)
    if not any((folder / name).exists() for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt")) and not [
        *folder.glob("*.model")
    ]:
        raise UsageError(f"model {model!r} has no tokenizer: put tokenizer.json beside its weights in {folder}")
    with opening(model):
        return transformers.AutoTokenizer.from_pretrained(folder, **_options(), **kwargs)


def load(auto_class_name: str, model: str, *, device: str = "auto", dtype: str = "auto", **kwargs: Any) -> Any:
    """A model in evaluation mode on its device, such as `load("AutoModelForCausalLM", "models/base")`.

    Further options go to `from_pretrained`. Raises UsageError where the folder, its weights or *any* weight of the
    architecture is missing (transformers alone would fill those with random numbers), MissingExtra where the model
    needs a package that is not installed.
    """
    import torch
    import transformers

    folder, device = locate(model), device_of(device)
    kind = dtype_of(dtype, device)
    if not any(path for pattern in _WEIGHTS for path in folder.glob(pattern)):
        raise UsageError(f"model {model!r} has no weights: put model.safetensors (or its shards) in {folder}")
    with opening(model):
        loaded, info = getattr(transformers, auto_class_name).from_pretrained(
            folder,
            dtype=kind if kind == "auto" else getattr(torch, kind),
            weights_only=True,
            output_loading_info=True,
            **_options(),
            **kwargs,
        )
        if missing := sorted(info["missing_keys"]):
            raise UsageError(
                f"model {model!r} lacks {len(missing)} weights that {type(loaded).__name__} needs, such as "
                f"{missing[0]!r}: it is not such a model, or its files are incomplete"
            )
        return loaded.to(device).eval()


def unpooled(model: str) -> dict[str, Any]:
    """Options of `load` for an encoder without its pooling layer, where it can do without.

    Many checkpoints lack that layer's weights, and who reads tokens does not need it.
    """
    import transformers

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kind = transformers.MODEL_MAPPING.get(type(config(model)), None)
    optional = isinstance(kind, type) and "add_pooling_layer" in inspect.signature(kind).parameters
    return {"add_pooling_layer": False} if optional else {}


def context_length(settings: Any) -> int | None:
    """Most tokens that a model takes (`max_position_embeddings` of its configuration); None where it has no limit."""
    length = getattr(settings, "max_position_embeddings", None)
    return length if isinstance(length, int) and length > 0 else None


def encodable(text: str) -> str:
    """Text that a tokenizer can encode: surrogate pairs joined, lone surrogates replaced by U+FFFD.

    >>> encodable("a\\ud83d\\ude00 b\\ud800").encode("unicode_escape")
    b'a\\\\U0001f600 b\\\\ufffd'
    """
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def render(tokenizer: Any, prompt: Prompt, *, chat: bool) -> str:
    """The text that a model sees for a prompt.

    With `chat`, the tokenizer's chat template over the prompt's earlier messages and its text as the last user turn,
    up to where the assistant speaks. Without, the contents of the earlier messages and the text itself, a blank line
    between them and no role names: what a base model that only continues text can use.
    """
    if not chat:
        return encodable("\n\n".join([*(m.content for m in prompt.messages), prompt.text]))
    turns = [{"role": m.role, "content": encodable(m.content)} for m in prompt.messages]
    turns.append({"role": "user", "content": encodable(prompt.text)})
    return str(tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False))


def batches(lengths: Sequence[int], budget: int, spread: float = 0.1) -> list[list[int]]:
    """Indices in batches of similar length, the longest first: none holds more than `budget` tokens with padding.

    The shortest of a batch is at least 1 - `spread` of its longest (give or take a token): on a CPU, padding costs as
    much as text. An item longer than the budget goes alone. The longest go first, so that memory runs out at once.

    >>> batches([3, 100, 99, 3], budget=200)
    [[1, 2], [0, 3]]
    """
    found: list[list[int]] = []
    longest = 0
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if found and (len(found[-1]) + 1) * longest <= budget and lengths[i] >= longest * (1 - spread) - 1:
            found[-1].append(i)
        else:
            found.append([i])
            longest = max(1, lengths[i])
    return found
