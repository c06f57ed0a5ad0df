"""bench.yaml -> `Bench`: everything is checked before anything runs, and all problems are told at once."""

from aigc_eval.config.bench import Bench, Named
from aigc_eval.config.reading import load, load_policy
from aigc_eval.config.schema import json_schema, policy_schema, standard_schema
from aigc_eval.config.trust import Trust

__all__ = ["Bench", "Named", "Trust", "json_schema", "load", "load_policy", "policy_schema", "standard_schema"]
