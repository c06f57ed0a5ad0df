"""Scorer cards: how good one rate of one scorer is on labelled examples, as a file that a bench can name.

A card is one JSON object in UTF-8, `{"format": "aigc-eval scorer card", "version": 1, ...}` with the fields of
`records.ScorerCard`; `aigc-eval validate` writes it, `aigc-eval schema --card` prints its schema. It holds for the
scorer of its `identity` only: with other options, weights or another version it is another scorer. `*.json` in this
folder are the bundled ones, made by `tools/cards.py` of what `made.MADE` lists.
"""

from aigc_eval.cards.reading import FORMAT, VERSION, bundled, by_file, encode, matching, read
from aigc_eval.cards.shape import schema

__all__ = ["FORMAT", "VERSION", "bundled", "by_file", "encode", "matching", "read", "schema"]
