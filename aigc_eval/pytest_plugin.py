"""For teams that gate in their tests: the pytest fixture `aigc_eval`.

    def test_the_bot_may_be_released(aigc_eval):
        result = aigc_eval.run("benchmarks/release.yaml")
        result.assert_passes()

    def test_it_leaks_nothing(aigc_eval):
        aigc_eval.run("benchmarks/release.yaml").assert_gate("pii.leak_rate")

A bench is run once a session, whoever asks; `pytest --aigc-eval-out DIR` keeps runs, and goes on with them next time.
Undetermined fails, as does a bench without gates. Nothing is imported before the fixture is used.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from aigc_eval.config import Bench
    from aigc_eval.records import Run, Verdict
    from aigc_eval.report.findings import Finding

__all__ = ["AigcEval", "Result"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option of this plug-in."""
    told = "keep the runs of the fixture aigc_eval in this folder, and go on with them next time"
    parser.getgroup("aigc-eval").addoption("--aigc-eval-out", metavar="DIR", default=None, help=told)


@pytest.fixture(scope="session", name="aigc_eval")
def _aigc_eval(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AigcEval]:
    """Runs benches: `aigc_eval.run("bench.yaml").assert_passes()`; paths are seen from pytest's rootdir."""
    kept = pytestconfig.getoption("--aigc-eval-out")
    out = pytestconfig.invocation_params.dir / kept if kept else tmp_path_factory.mktemp("aigc-eval")
    with _offline():
        yield AigcEval(pytestconfig.rootpath, out)


@dataclass(frozen=True)
class AigcEval:
    """Runs benches, each of them once."""

    root: Path
    out: Path
    _done: dict[tuple[str, Path], Result] = field(default_factory=dict, repr=False)

    def run(
        self,
        bench: str | Path,
        *,
        policy: str | Path | None = None,
        limit: int | None = None,
        trust: bool = False,
        hosts: Sequence[str] = (),
        allow_list: str | Path | None = None,
        paths: Sequence[str | Path] = (),
        out: str | Path | None = None,
    ) -> Result:
        """Carry out a bench as `aigc-eval run` does, once a session; a bench with mistakes fails the test.

        `policy` judges instead of the bench's gates, `limit` takes the first prompts only and never passes, `trust`,
        `hosts`, `allow_list` and `paths` are what `--trust-bench`, `--allow-host`, `--allow-list` and `--allow-path`
        say, `out` is the folder of the run.
        """
        __tracebackhide__ = True
        from aigc_eval import config
        from aigc_eval.config.trust import Trust, in_ci
        from aigc_eval.credentials import redact
        from aigc_eval.errors import AigcEvalError

        listed = None if allow_list is None else self.root / allow_list
        try:
            trusted = Trust.given(everything=trust, hosts=hosts, listed=listed, in_ci=in_ci())
            loaded = config.load(
                self.root / bench,
                allow=[self.root / path for path in paths],
                trust=trusted,
                policy=None if policy is None else self.root / policy,
            )
            return self._once(loaded, limit, None if out is None else self.root / out)
        except AigcEvalError as error:
            told = redact(str(error))
        pytest.fail(told)

    def _once(self, bench: Bench, limit: int | None, out: Path | None) -> Result:
        from aigc_eval import runner
        from aigc_eval.records import digest

        judged_by = bench.policy.to_json()
        key = digest({"bench": bench.digest, "policy": judged_by, **bench.generated_from(), "limit": limit})
        folder = self.out / f"{bench.name}-{key[:12]}" if out is None else out
        if (key, folder) not in self._done:
            # What a plug-in warns of must not become an error because the tests say so.
            with _alone(folder), warnings.catch_warnings():
                warnings.simplefilter("default")
                done = runner.run(bench, folder, resume=True, limit=limit, isolated=True)
            self._done[key, folder] = Result(done, folder, bench.languages[0])
        return self._done[key, folder]


@dataclass(frozen=True)
class Result:
    """A finished run: `run` holds all of it, `folder` its reports and its journal."""

    run: Run
    folder: Path
    lang: str = "en"

    def assert_passes(self) -> None:
        """Fail the test unless the run is a pass: there is a gate, and every one passes or is waived."""
        __tracebackhide__ = True
        from aigc_eval.report.findings import findings

        found = [f for f in findings(self.run, self.lang) if not f.waiver]
        if found:
            pytest.fail(self._told(found))

    def assert_gate(self, gate: str, candidate: str | None = None) -> None:
        """Fail the test unless a gate passes or is waived, whatever the others do.

        `gate` is the gate as written, with its slice (`pii.leak_rate <= 5 % [lang=zh]`), or the metric's name, which
        means all gates on it. Without `candidate` it must pass for all that it judges. A gate that does not exist
        fails, and so does every gate of a run that is not for release (`limit`) or has lost a report.
        """
        __tracebackhide__ = True
        from aigc_eval.report.findings import RUN, findings, overall

        judged = tuple(v for v in self.run.verdicts if _means(gate, v) and candidate in (None, v.candidate))
        if not judged:
            known = dict.fromkeys(f"{v.gate} ({v.candidate})" for v in self.run.verdicts)
            there = "\n  ".join(["there are:", *known]) if known else "there are none"
            pytest.fail(f"there is no gate {gate!r} on {candidate or 'any candidate'}; {there}")
        found = [f for f in findings(replace(self.run, verdicts=judged), self.lang) if f.rule != RUN and not f.waiver]
        if not found and (not self.run.release or any(f.rule == RUN for f in findings(self.run, self.lang))):
            found = [overall(self.run, self.lang)]
        if found:
            pytest.fail(self._told(found))

    def _told(self, found: Sequence[Finding]) -> str:
        """Why a test fails: the gates that are to blame, and where the report is."""
        page = self.folder / "report.html"
        lines = [f"{f.title}\n  {f.message}" for f in found]
        return "\n".join([*lines, f"report: {page if page.is_file() else self.folder}"])


def _means(gate: str, verdict: Verdict) -> bool:
    written = " ".join(gate.split())
    measured = verdict.estimate.name if verdict.estimate else verdict.gate.partition(" ")[0]
    return written in (verdict.gate, measured)


@contextmanager
def _offline() -> Iterator[None]:
    """Within it nothing is downloaded, unless the environment asks for it."""
    from aigc_eval.offline import OFFLINE

    missing = [name for name in OFFLINE if name not in os.environ]
    os.environ.update({name: OFFLINE[name] for name in missing})
    try:
        yield
    finally:
        for name in missing:
            os.environ.pop(name, None)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Within it no other process of the tests carries out a run in a folder: it waits, and finds it complete."""
    import fcntl

    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
