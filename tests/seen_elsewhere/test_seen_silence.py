"""A run in which nobody answered is no success, gates or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from aigc_eval import config, runner
from aigc_eval.errors import CallError
from aigc_eval.plugin import Generator
from aigc_eval.records import Generation, Request


@dataclass(frozen=True)
class Silent(Generator):
    """Answers the first `answers` prompts, and fails on the others."""

    by_call = True
    answers: int = 0

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        if int(batch[0].prompt.id) < self.answers:
            return [batch[0].answer("Here it is, as you asked.")]
        raise CallError("server", "status 500", again=False)


@pytest.mark.parametrize(("answers", "code", "status"), [(0, 3, "undetermined"), (1, 0, "not_gated")])
def test_seen_a_run_without_gates_in_which_every_call_failed(
    tmp_path: Path, answers: int, code: int, status: str
) -> None:
    """trivy discussion 11403: exit 0 where the target could not be read at all."""
    (tmp_path / "p.jsonl").write_text("".join(f'{{"id": {n}, "prompt": "q{n}"}}\n' for n in range(12)), "utf-8")
    text = (
        "name: x\nprompts: [p.jsonl]\ncandidates: [{name: c, generator: {NAME: {answers: N}}}]\nscorers: [diversity]\n"
    )
    bench = tmp_path / "bench.yaml"
    bench.write_text(text.replace("NAME", f"'{__name__}:Silent'").replace("N}", f"{answers}}}"), "utf-8")
    done = runner.run(config.load(bench, trust=True), tmp_path / "out")
    assert (done.exit_code, done.status, done.release) == (code, status, False)
    assert ("unanswered" in {reason.code for reason in done.reasons}) == (answers == 0)
    assert ("of c is an error" in (tmp_path / "out" / "summary.md").read_text("utf-8")) == (answers == 0)
