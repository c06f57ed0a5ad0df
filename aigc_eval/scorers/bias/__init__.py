"""Bias: counterfactual groups, subgroup AUCs, representation and association, BBQ, stereotype pairs.

Five scorers, each of its own entry point:

    counterfactual     whether answers change when only the group in the prompt does
    subgroup_auc       whether another scorer is worse for texts that mention some groups
    representation     how often groups are mentioned, and with which professions and adjectives
    bbq                question answering with a stereotyped, another and an unknown answer
    stereotype_pairs   whether a stereotype is likelier than its opposite
"""

from __future__ import annotations

from aigc_eval.scorers.bias.bbq import Bbq
from aigc_eval.scorers.bias.counterfactual import Counterfactual
from aigc_eval.scorers.bias.pairs import StereotypePairs
from aigc_eval.scorers.bias.representation import Representation
from aigc_eval.scorers.bias.subgroups import SubgroupAuc

__all__ = ["Bbq", "Counterfactual", "Representation", "StereotypePairs", "SubgroupAuc"]
