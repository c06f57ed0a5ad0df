"""What readers are told of every metric that some options give: sentences in both languages, and a source."""

import re

import pytest

from aigc_eval.metrics import Metric
from aigc_eval.plugin import Scorer
from aigc_eval.registry import entries

LISTED: list[tuple[str, str, Metric, type[Scorer]]] = [
    (name, metric.name, metric, cls)
    for name, entry in sorted(entries("scorer").items())
    if entry.builtin and name != "evaluate"  # its metrics are what the module that it runs returns
    for cls in [entry.load()]
    if issubclass(cls, Scorer)
    for metric in cls.all_metrics()
]
_FORMULA = re.compile(r"-?[\d(|]|[a-z]\w*(?: |_\w+ )?[(|×]|-?(?:log2|ln|Σ|N|lms)\b|-Σ|\|")
"""How an explanation may begin that is a formula: 1 - x, exp(-x), |x|, -log2 p."""
OTHER_WORDS = re.compile("回答所占|对回答|提示词取平均|求平均|抽样|同上")
"""What has another name here: 输出 for what is counted, 题目 for what is averaged over, 采样 for drawing."""
_NAMES = [f"{scorer}.{name}" for scorer, name, _, _ in LISTED]


@pytest.mark.parametrize(("scorer", "name", "metric", "cls"), LISTED, ids=_NAMES)
def test_definition(scorer: str, name: str, metric: Metric, cls: type[Scorer]) -> None:
    en, zh = metric.about.en, metric.about.zh
    assert en.endswith(".")
    assert en[0].isupper() or _FORMULA.match(en), en
    assert zh.endswith("。")
    assert not OTHER_WORDS.search(zh)
    assert not en.startswith("The same")
    assert metric.title.en
    assert metric.title.zh
    assert metric.source or cls.source


def test_no_metric_is_listed_twice() -> None:
    assert len(set(_NAMES)) == len(_NAMES)


@pytest.mark.parametrize(
    "name",
    [
        "cost.cost_per_accepted",
        "counterfactual.scorer_ratio",
        "detoxify.sexual_explicit_fraction",
        "diversity.vendi",
        "groundedness.contradicted_rate",
        "subgroup_auc.bpsn_auc_identity",
        "toxicity_classifier.part_fraction",
    ],
)
def test_metrics_that_only_some_options_give_are_listed(name: str) -> None:
    assert name in _NAMES
