"""A completed run judged by another policy: its journal gives the rows, nothing is generated or scored.

The journal takes note of it, as of a policy that was changed after the answers were there, which every report then
says. `aigc-eval verify` checks the result like that of a run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aigc_eval.baselines import reference
from aigc_eval.conclusion import conclude, judged_by, measure, values_of, versions
from aigc_eval.config import load_policy
from aigc_eval.errors import JournalError, UsageError
from aigc_eval.frames import build
from aigc_eval.gates import Baseline, Policy
from aigc_eval.journal import NAME, Journal
from aigc_eval.plugin import Scorer
from aigc_eval.printing import PRINTS
from aigc_eval.publishing import REPORTS, edition_of, publish, reports_of
from aigc_eval.records import Run
from aigc_eval.reviews import KIND as REVIEW
from aigc_eval.runner import reused
from aigc_eval.verify.finding import Unfit
from aigc_eval.verify.rebuild import rebuild
from aigc_eval.verify.replay import Replay, replay

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["conclude_again", "rejudge"]


def rejudge(
    folder: Path,
    policy: Path,
    *,
    baseline: Baseline | None = None,
    allow: Sequence[Path] = (),
    trust: bool = False,
    dry_run: bool = False,
) -> Run:
    """Judge the completed run in a folder by the policy in a file, and write its reports and verdict again.

    `baseline` stands in for the policy's own; the policy reads no run outside its folder and those in `allow`. `trust`
    lets the bench's own Python classes be imported, for their metrics. With `dry_run` nothing is written. Raises
    `JournalError` where the folder holds no run that can be judged, `ConfigError` for what is wrong with the policy.
    """
    found = _found(folder)
    judged = _judged(found, folder, policy, baseline, allow, trust)
    return judged.run if dry_run else _published(folder, found, judged)


def conclude_again(folder: Path, said: Sequence[Mapping[str, Any]] = (), *, trust: bool = False) -> Run:
    """Conclude the completed run in a folder again by its own policy, with what people `said` beside what it holds.

    These records are appended to its journal once the run can be concluded with them. Errors as for `rejudge`.
    """
    found = _found(folder)
    for record in said:
        (found.reviews if record["kind"] == REVIEW else found.labelling).append(dict(record))
    scorers = _scorers(found.terms, trust)
    policy = Policy.from_json(found.terms["policy"])
    return _published(folder, found, _concluded(found, build(found.answers, found.scores), scorers, policy), said)


def _published(folder: Path, found: Replay, judged: _Judged, said: Sequence[Mapping[str, Any]] = ()) -> Run:
    formats, languages = reports_of(folder, found.terms)
    edition = edition_of(folder, found.terms["bench"])
    with Journal(folder) as journal:
        if journal.head != found.checksum:
            raise JournalError(f"{folder}: another run has just written here; judge it again")
        terms = [judged.terms] if judged.terms != found.terms else []
        if said or terms:
            journal.append([*said, *terms, {"kind": "end"}])
        for name in ("verdict.json", *REPORTS, *PRINTS):  # no report of the earlier verdict is taken for one of this
            (folder / name).unlink(missing_ok=True)
        return publish(judged.run, folder, formats, languages, edition=edition, journal_head=journal.head)


@dataclass(frozen=True)
class _Judged:
    """A run as the new policy judges it, and the terms that say so."""

    run: Run
    terms: dict[str, Any]


def _found(folder: Path) -> Replay:
    try:
        found = replay(folder)
        if "looks" not in found.terms:
            raise Unfit(NAME, None, "written by another version")
        return found
    except Unfit as unfit:
        remedy = f"`aigc-eval run BENCH --out {folder}` carries it out again, and completes one that was interrupted"
        raise JournalError(f"{folder} holds no run that can be judged: {unfit}; {remedy}") from unfit


def _judged(  # noqa: PLR0917
    found: Replay, folder: Path, path: Path, baseline: Baseline | None, allow: Sequence[Path], trust: bool
) -> _Judged:
    rows = build(found.answers, found.scores)
    scorers = _scorers(found.terms, trust)
    baseline = _inside(baseline, folder)
    prompts = found.prompts if found.terms["limit"] is None else None  # those left out may have other tags
    policy = load_policy(path, [*found.identities], scorers, prompts, allow=allow, baseline=baseline)
    policy = replace(policy, baseline=_inside(policy.baseline, folder))
    return _concluded(found, rows, scorers, policy)


def _concluded(found: Replay, rows: pd.DataFrame, scorers: Mapping[str, Scorer], policy: Policy) -> _Judged:
    now = _terms(found, policy)
    against = reference(now, found.head, found.terms, _answers(found))
    said = found.labelling
    measured = [measure(now, rows, name, scorers[name], against, said) for name in now["scorers"]]
    return _Judged(conclude(now, found.head, rows, measured, reused(found.reused), found.reviews, said), now)


def _terms(found: Replay, policy: Policy) -> dict[str, Any]:
    """The run's terms with another policy, computed with what is installed now."""
    kept = {name: value for name, value in found.terms.items() if name != "baseline"}
    # Who looked while the run went on is judged accordingly; why it could not look no longer matters.
    looks = kept["looks"] if "every" in kept["looks"] else {}
    each = values_of(policy, found.prompts) if looks else {}
    now = {
        **kept,
        "versions": versions(),
        "looks": looks,
        "each": each,
        **judged_by(policy, found.terms, _answers(found)),
    }
    plain: dict[str, Any] = json.loads(json.dumps(now))
    return plain


def _answers(found: Replay) -> int:
    identities = found.identities.values()
    return found.planned // len(identities) * len({*identities})  # one plug-in under two names is asked once


def _scorers(terms: Mapping[str, Any], trust: bool) -> Mapping[str, Scorer]:
    scorers, lost = rebuild(terms, trust=trust)
    if lost:
        lines = "\n  ".join(f"{name}: {why}" for name, why in lost.items())
        raise UsageError(f"the metrics of some scorers cannot be computed here:\n  {lines}")
    return scorers


def _inside(baseline: Baseline | None, folder: Path) -> Baseline | None:
    """A baseline in the very run that is judged is a candidate of it: the journal cannot name its own checksum."""
    if baseline is None or not baseline.run or Path(baseline.run).resolve() != folder.resolve():
        return baseline
    if not baseline.candidate:
        raise UsageError("the baseline is the run that is judged; name one of its candidates")
    return Baseline(baseline.candidate)
