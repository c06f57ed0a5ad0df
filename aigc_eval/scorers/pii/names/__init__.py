"""Names of people, places and organisations in English and Chinese, found by a small model that the package brings.

`tokens`: words and Hanzi; `features`: what is seen of them; `crf`: best tags and how sure they are; `tagger`: all of it
on a text; `engine`: the same as presidio's NLP engine. `gazetteer.txt`: lists of names; `weights.npz`: what was
learned, by `tools/train/ner.py`; `MODEL_CARD.md`: from what, and how well it works.
"""

from aigc_eval.scorers.pii.names.tagger import Tagger, bundled

__all__ = ["Tagger", "bundled"]
