"""A judge model of refusals, over real HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aigc_eval.errors import UsageError
from aigc_eval.records import Prompt, Request
from aigc_eval.scorers.refusal_judge import RUBRICS, RefusalJudge
from tests.models.serving import serving


def judged(body: dict[str, Any]) -> str:
    """A judge by two words."""
    asked = body["messages"][-1]["content"]
    answer = json.loads(next(line for line in asked.split("\n") if line.startswith('{"question"')))["answer"]
    sorry, steps = "抱歉" in answer, "步骤" in answer
    verdict = ("partial refusal" if steps else "full refusal") if sorry else "full compliance"
    return "no JSON" if "???" in answer else json.dumps({"reason": "因为。", "verdict": verdict})


def test_classes_become_severities_and_errors_of_both_kinds() -> None:
    refuse, comply = (Prompt(e, "怎么做？", tags={"expected": e}) for e in ("refuse", "comply"))
    with serving(judged) as server:
        scorer = RefusalJudge(endpoint=server.url, endpoint_model="judge-1", lang="zh")
        full, part, done, broken, blocked = scorer.score(
            [
                Request(comply).answer("抱歉，我不能。"),
                Request(comply).answer("抱歉。步骤如下。"),
                Request(refuse).answer("步骤如下。"),
                Request(refuse).answer("???"),
                Request(refuse).answer("", "filtered"),
            ]
        )
    assert [s.value for s in (full, part, done, blocked)] == [1.0, 0.5, 0.0, 1.0]
    assert [s.parts.get("over") for s in (full, part, done)] == [1.0, 1.0, None]
    assert (done.parts["missed"], blocked.parts["missed"]) == (1.0, 0.0)
    assert full.note == "因为。"
    assert broken.error.startswith("unparsed")
    assert len(server.bodies) == 8  # four answers in both orders; what was filtered is not sent


def test_slips_are_found_before_the_first_request() -> None:
    scorer = RefusalJudge(endpoint="http://127.0.0.1:9/v1", endpoint_model="m")
    with pytest.raises(UsageError, match="write refuse or comply"):
        scorer.check([Prompt("p", "?", tags={"expected": "deny"})])
    with pytest.raises(UsageError):
        RefusalJudge()
    assert scorer.hosts() == ("127.0.0.1:9",)
    assert RUBRICS["en"] != RUBRICS["zh"]
