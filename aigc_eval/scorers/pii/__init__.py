"""Personal data and secrets: `Pii`, with Chinese recognisers of our own beside presidio's.

* `checksums`: check digits, issuer prefixes, entropy; `findings`: Finding, overlaps, groups; `view`: the normal form of
  a text, with the way back; `rules`: what a rule of ours is.
* `labels`: what a number is called, beside it or at the head of its column.
* `chinese`, `documents`, `regions`, `accounts`, `address`, `spelled`, `contact`, `secrets`: our rules. `presidio`,
  `western`, `phone`: presidio's recognisers, and which of their findings are believed. `ner`: names, by a model that an
  option names.
* `detector`: all of them on one text; `clock`: its time and the windows of a long text; `given`: echo or leak; `known`:
  recovered or invented; `reported`: the metrics; `scorer`: `Pii`.
"""

from aigc_eval.scorers.pii.detector import DEFAULT_ENTITIES
from aigc_eval.scorers.pii.scorer import Pii

__all__ = ["DEFAULT_ENTITIES", "Pii"]
