"""Which hidden layer to read: the one whose scores went best with people's judgements, where that was measured."""

from __future__ import annotations

__all__ = ["recommended"]

_BY_LAYER = {
    4: "distilbert-base-uncased-distilled-squad deberta-v3-small",
    5: "distilroberta-base distilbert-base-uncased distilbert-base-multilingual-cased xlnet-base-cased",
    6: "t5-small bart-base",
    7: "xlnet-large-cased longformer-base-4096",
    8: "bert-base-chinese albert-xxlarge-v1 albert-xxlarge-v2 mpnet-base spanbert-base-cased mt5-small",
    9: "bert-base-uncased bert-base-multilingual-cased xlm-roberta-base albert-base-v2 deberta-base deberta-base-mnli "
    "deberta-v3-base electra-base-discriminator bertweet-base",
    10: "roberta-base albert-base-v1 mdeberta-v3-base deberta-v3-xsmall bart-large bart-large-cnn deberta-v2-xlarge",
    11: "bart-large-mnli electra-small-discriminator t5-base mt5-base",
    12: "deberta-v3-large",
    13: "albert-xlarge-v2",
    14: "albert-large-v2 electra-large-discriminator longformer-large-4096",
    16: "deberta-large albert-xlarge-v1",
    17: "roberta-large xlm-roberta-large albert-large-v1 spanbert-large-cased deberta-v2-xlarge-mnli",
    18: "bert-large-uncased deberta-large-mnli deberta-xlarge",
    19: "roberta-large-mnli mt5-large",
    21: "deberta-v2-xxlarge",
    22: "deberta-v2-xxlarge-mnli",
    23: "t5-large",
    24: "mt5-xl",
    40: "deberta-xlarge-mnli",
}
"""Layers that Zhang et al. chose on WMT16, as the package bert-score 0.3.13 lists them; encoders in use today only."""
_LAYERS = {name: layer for layer, names in _BY_LAYER.items() for name in names.split()}


def recommended(name: str, layers: int) -> int:
    """The layer to read of a model called `name` (the part after the owner counts), else its last one.

    >>> recommended("google-bert/bert-base-chinese", 12), recommended("org/our-own-encoder", 6)
    (8, 6)
    """
    found = _LAYERS.get(name.rstrip("/").rpartition("/")[2].lower(), layers)
    return found if found <= layers else layers
