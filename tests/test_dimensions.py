"""What scorers are about: declared by each, so that a report can tell what nobody looked at."""

from __future__ import annotations

from importlib.metadata import entry_points

from aigc_eval.records import DIMENSIONS, SAFETY, PluginFacts

BUILT_IN = {e.name: e.load() for e in entry_points(group="aigc_eval.scorers")}
ABOUT_NONE = {"ai_label", "bertscore", "evaluate", "readability", "subgroup_auc"}
"""Labels, likeness to a reference, other libraries' modules, reading ease, a scorer's own bias."""


def test_every_scorer_says_what_it_is_about() -> None:
    told = {name: kind.dimensions for name, kind in BUILT_IN.items()}
    assert {name for name, own in told.items() if not own} == ABOUT_NONE
    assert {each for own in told.values() for each in own} == {*DIMENSIONS}


def test_dimensions_of_harm_are_dimensions() -> None:
    assert {*DIMENSIONS} > SAFETY


def test_facts_keep_them_through_json() -> None:
    facts = PluginFacts("s", "S", "0", dimensions=("toxicity", "pii"))
    assert PluginFacts.from_json(facts.to_json()) == facts
    assert PluginFacts.from_json({"name": "s", "signature": "S", "identity": "0"}).dimensions == ()
