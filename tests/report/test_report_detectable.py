"""What a run could have seen stands beside every gate, in each report for people and in both languages."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console
from sample_run import build_run, sample_rows

from aigc_eval.detectable import detectable
from aigc_eval.records import Run
from aigc_eval.report import html, terminal_table
from aigc_eval.report.junit import junit
from aigc_eval.report.markdown import markdown
from aigc_eval.report.mask import Masker
from aigc_eval.report.numbers import figure

SAID = {
    "en": "smallest visible distance from the limit: ",
    "zh": "本次运行可检出的与限值的最小差异：",
}
GATES = ("fluency.perplexity <= 90", "fluency.perplexity <= 2")


@pytest.fixture(scope="module")
def run() -> Run:
    return build_run(sample_rows(), gates=GATES)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_beside_every_gate_that_has_bounds(run: Run, lang: str) -> None:
    screen = io.StringIO()
    Console(file=screen, width=10_000).print(terminal_table(run, lang))
    seen = [(v, detectable(v.estimate, v.zone)) for v in run.verdicts if v.estimate]
    bounded = [(v, d) for v, d in seen if d is not None]
    assert len(bounded) >= 2 * len(GATES)
    for printed in (html.html(run, Masker.of_run(run.rows, run.key), [lang]), markdown(run, [lang]), screen.getvalue()):
        assert printed.count(SAID[lang]) == len(bounded)
        for verdict, distance in bounded:
            unit = "points" if verdict.estimate and verdict.estimate.metric == "toxic_fraction" else ""
            assert SAID[lang] + figure(distance, unit) in re.sub("\N{NO-BREAK SPACE}", " ", printed)
    assert SAID[lang] not in junit(run, [lang])


def test_a_difference_of_shares_is_told_in_points(run: Run) -> None:
    page = html.html(run, Masker.of_run(run.rows, run.key), ["en"]).replace("\N{NO-BREAK SPACE}", " ")
    assert re.search(SAID["en"] + r"[\d.]+ pp \(power 80 %\)", page)
