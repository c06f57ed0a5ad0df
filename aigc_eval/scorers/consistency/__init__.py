"""Consistency: what a model says about itself by answering the same prompt again. No reference and no evidence."""

from aigc_eval.scorers.consistency.selfcheck import SelfCheckNgram, SelfCheckNli
from aigc_eval.scorers.consistency.semantic_entropy import SemanticEntropy

__all__ = ["SelfCheckNgram", "SelfCheckNli", "SemanticEntropy"]
