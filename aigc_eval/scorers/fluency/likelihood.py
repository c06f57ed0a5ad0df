"""What a language model says of answers, in the units that perplexity is reported in."""

from __future__ import annotations

import math
from collections.abc import Sequence

from aigc_eval import huggingface as hf
from aigc_eval.models.language_model import LanguageModel, TokenLosses
from aigc_eval.records import Generation
from aigc_eval.scorers.fluency.unigrams import TokenUnigrams, packaged, slor, words
from aigc_eval.text import language

__all__ = ["likelihoods"]


def likelihoods(
    model: LanguageModel, batch: Sequence[Generation], *, condition_on_prompt: bool, unigrams: TokenUnigrams | None
) -> list[dict[str, float]]:
    """For each answer `nll` (nats), `tokens`, `words`, `characters` and `bytes`, all of its scored part, and `slor`.

    Nothing for an answer without a scored token. `nll` and `tokens` alone (and `slor` by token) where a part of the
    text is not scored and the tokenizer, a slow one, cannot say which. No `slor` where the packaged table is used on a
    text without letters or mostly in a script other than Latin and Han.
    """
    contexts = [model.context(g.prompt) if condition_on_prompt else None for g in batch]
    found = model.tokens([g.text for g in batch], contexts)
    return [
        _parts(losses, _scored_part(model, hf.encodable(g.text), losses, alone=context is None), unigrams)
        for g, losses, context in zip(batch, found, contexts, strict=True)
    ]


def _parts(losses: TokenLosses, text: str | None, unigrams: TokenUnigrams | None) -> dict[str, float]:
    if not losses.ids:
        return {}
    nll = math.fsum(losses.nll)
    parts = {"nll": nll, "tokens": float(len(losses.ids))}
    if text is not None:
        sizes = {"words": words(text), "characters": len(text), "bytes": losses.bytes}
        parts |= {unit: float(size) for unit, size in sizes.items()}
    if unigrams is not None:
        parts["slor"] = slor(-nll, unigrams.log_probability(losses.ids), len(losses.ids))
    elif text is not None and language(text) in ("en", "zh"):
        parts["slor"] = slor(-nll, *packaged().log_probability(text))
    return parts


def _scored_part(model: LanguageModel, text: str, losses: TokenLosses, *, alone: bool) -> str | None:
    """The part of the text that the scored tokens cover, `losses.bytes` of it; None where that is not known.

    Not all of it where the text has more than `most_tokens` tokens (then its end is missing) or where nothing stood
    before the first token (then that token is).
    """
    bare = alone and model.bos == "none"
    cut = len(losses.ids) + bare >= model.most_tokens
    if not model.tokenizer.is_fast:
        return None if bare or cut else text
    coded = text.encode()
    if not bare:
        return coded[: losses.bytes].decode()
    end = len(text[: losses.places[-1][1]].encode()) if cut and losses.ids else len(coded)
    return coded[end - losses.bytes : end].decode()
