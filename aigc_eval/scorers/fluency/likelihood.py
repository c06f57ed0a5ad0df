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

    Nothing for an answer without a scored token. No `slor` where the packaged table is used on a text without letters
    or mostly in a script other than Latin and Han.
    """
    contexts = [model.context(g.prompt) if condition_on_prompt else None for g in batch]
    found = model.tokens([g.text for g in batch], contexts)
    return [
        _parts(losses, _scored_part(model, hf.encodable(g.text), losses, bare=context is None), unigrams)
        for g, losses, context in zip(batch, found, contexts, strict=True)
    ]


def _parts(losses: TokenLosses, text: str, unigrams: TokenUnigrams | None) -> dict[str, float]:
    if not losses.ids:
        return {}
    nll = math.fsum(losses.nll)
    sizes = {"tokens": len(losses.ids), "words": words(text), "characters": len(text), "bytes": losses.bytes}
    ratio = _slor(nll, losses.ids, text, unigrams)
    return {"nll": nll, **{k: float(v) for k, v in sizes.items()}, **({} if ratio is None else {"slor": ratio})}


def _slor(nll: float, ids: Sequence[int], text: str, unigrams: TokenUnigrams | None) -> float | None:
    if unigrams is not None:
        return slor(-nll, unigrams.log_probability(ids), len(ids))
    if language(text) not in ("en", "zh"):
        return None
    return slor(-nll, *packaged().log_probability(text))


def _scored_part(model: LanguageModel, text: str, losses: TokenLosses, *, bare: bool) -> str:
    """The part of the text that the scored tokens cover: `losses.bytes` of it.

    Not all of it where the text has more than `most_tokens` tokens (then its end is missing) or where nothing stood
    before the first token (then that token is).
    """
    coded = text.encode()
    if losses.bytes == len(coded) or not losses.ids:
        return text
    if not (bare and model.bos == "none"):
        return coded[: losses.bytes].decode()
    cut = len(losses.ids) + 1 >= model.most_tokens
    end = len(text[: losses.places[-1][1]].encode()) if cut else len(coded)
    return coded[end - losses.bytes : end].decode()
