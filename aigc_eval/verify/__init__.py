"""A completed run, checked: everything is computed again from its journal and compared, byte by byte.

    journal     every line continues the checksums of all lines before it; every record is one that a run writes there;
                each answer and score that was planned stands there once (after an error, again), under the key of what
                was asked, of what answered and of what scored it
    numbers     run.json holds the estimates and verdicts that follow from the recorded scores, byte for byte
    reports     so are the other reports; none is missing, and no file is there beside them
    verdict     so is verdict.json, which names the journal's last checksum and every report's

What this shows: nobody has changed, dropped, added or swapped anything in the folder, down to a single byte, without
doing all the rest again. A journal with a new chain no longer has the checksum that verdict.json names; a changed
answer no longer fits the keys of its scores; from changed scores the numbers no longer follow, nor from those the
verdict.

What it cannot show: nothing here is secret, so who changes the journal and makes every key, report and the verdict anew
has a run that fits. Keep the journal's last checksum (printed here and by `verdict.json`) where they cannot write. And
nothing is asked or scored again: that a candidate wrote these answers and that a scorer gave these scores is what the
journal says. Files that the bench read are known by their SHA-256 only; they may be gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aigc_eval import standards
from aigc_eval.baselines import reference
from aigc_eval.conclusion import Measured, conclude, measure, versions
from aigc_eval.config.standards import shipped
from aigc_eval.errors import AigcEvalError
from aigc_eval.evidence import Reference
from aigc_eval.frames import build
from aigc_eval.gates import BASELINE, Against, Policy
from aigc_eval.journal import NAME
from aigc_eval.plugin import Scorer
from aigc_eval.publishing import sha256_of
from aigc_eval.records import Adopted, Correction, Coverage, Difference, Edition, Estimate, PluginFacts, Run, Verdict
from aigc_eval.report.samples import key_of
from aigc_eval.runner import reused
from aigc_eval.verify.artefacts import Again, Recorded, prints
from aigc_eval.verify.cores import check_cores
from aigc_eval.verify.finding import Check, Findings, Unfit, first_difference
from aigc_eval.verify.rebuild import rebuild
from aigc_eval.verify.replay import Replay, replay

__all__ = ["Check", "Findings", "Unfit", "Verified", "examine", "first_difference", "verify"]


class _Protocol:
    """What was checked so far."""

    def __init__(self) -> None:
        self.checks: list[Check] = []
        self.unfit: Unfit | None = None
        self.notes: list[str] = []
        self.journal = ""

    @contextmanager
    def check(self, name: str) -> Iterator[list[str]]:
        """Within it something is checked, up to the first `Unfit`; the list takes what there is to say about it."""
        said: list[str] = []
        try:
            yield said
        except Unfit as unfit:
            self.different(name, unfit)
        else:
            self.checks.append(Check(name, "ok", "; ".join(said)))

    def different(self, name: str, unfit: Unfit) -> None:
        """Something does not fit."""
        self.unfit = self.unfit or unfit
        self.checks.append(Check(name, "different", str(unfit)))


def verify(folder: Path, *, trust: bool = False) -> Findings:
    """Check the completed run in a folder; nothing is written there, no model is loaded, nothing is sent.

    `trust` lets the bench's own Python classes be imported, without which their metrics are not computed again.
    """
    return examine(folder, trust=trust)[0]


@dataclass(frozen=True)
class Verified:
    """A run as its journal gives it: the journal's last checksum, and how its reports were asked for.

    `languages` are by file, `edition` is that of the reports, and `lost` are formats that could not be written.
    """

    folder: Path
    run: Run
    journal: str
    languages: Mapping[str, tuple[str, ...]]
    edition: Edition
    lost: tuple[str, ...]


def examine(folder: Path, *, trust: bool = False) -> tuple[Findings, Verified | None]:
    """What `verify` finds, and the run where everything fits that could be looked at."""
    protocol = _Protocol()
    verified = None
    with protocol.check("journal") as said:
        found = replay(folder)
        protocol.journal = found.checksum
        said.append(f"{found.planned:,} answers, {sum(map(len, found.scores.values())):,} scores")
    if protocol.unfit is None:
        verified = _compare(folder, found, trust, protocol)
    told = Findings(tuple(protocol.checks), protocol.unfit, tuple(protocol.notes), protocol.journal)
    return told, verified if protocol.unfit is None else None


def _compare(folder: Path, found: Replay, trust: bool, protocol: _Protocol) -> Verified | None:
    protocol.notes += [*_other_versions(found.terms), *_other_standards(found.terms), *_prints(folder)]
    scorers, lost = rebuild(found.terms, trust=trust)
    with protocol.check("files"):
        recorded = Recorded(folder, found.terms)
        run = _concluded(found, scorers, lost, recorded.facts)
        protocol.notes += check_cores(found.labelling, run, scorers)
        again = Again(run, found.checksum, recorded)
    if protocol.unfit is not None:
        return None
    with protocol.check("numbers") as said:
        again.numbers()
        said.append(f"{len(run.estimates):,} estimates, {len(run.verdicts):,} verdicts")
    protocol.checks += [Check(f"numbers of {name}", "not_checked", why) for name, why in lost.items()]
    with protocol.check("reports") as said:
        wrong = again.others()
        for other in wrong[1:]:
            protocol.different("reports", other)
        if wrong:
            raise wrong[0]
        said.append(", ".join(again.reports))
    with protocol.check("verdict") as said:
        again.judged()
        said.append(f"{again.run.status}, exit code {again.run.exit_code}")
    edition = recorded.editions.get("run.json", "reviewer")
    return Verified(folder, run, found.checksum, recorded.languages, edition, tuple(recorded.lost))


def _other_versions(terms: Mapping[str, Any]) -> list[str]:
    then, now = terms["versions"], versions()
    return [
        f"computed with {name} {then.get(name, '(none)')}, checked with {now.get(name, '(none)')}"
        for name in sorted({*then, *now})
        if then.get(name) != now.get(name)
    ]


def _prints(folder: Path) -> list[str]:
    """Which files are copies for people that nothing here vouches for."""
    return [
        f"{name} is a print of report.html and was not compared; `report --pdf` makes it again"
        for name in prints(folder)
    ]


def _other_standards(terms: Mapping[str, Any]) -> list[str]:
    """Which standards came with the tool in other words or numbers than they do now; the run's own are used."""
    used = [Adopted.from_json(one) for one in terms.get("standards", ())]
    own = [one for one in used if one.shipped]
    now = {one.standard.id: sha256_of(path) if (path := shipped().get(one.standard.id)) else "" for one in own}
    return [
        f"standard {one.standard.id}: compared with the text and numbers that the run had (sha256 {one.sha256[:12]}), "
        f"not with those installed here ({now[one.standard.id][:12] or 'none'})"
        for one in own
        if one.sha256 != now[one.standard.id]
    ]


def _concluded(found: Replay, scorers: Mapping[str, Scorer], lost: dict[str, str], facts: Mapping[str, Any]) -> Run:
    """The run as the journal gives it; for scorers that could not be built, with the numbers of run.json."""
    rows = build(found.answers, found.scores)
    baseline, missing = _baseline(found)
    policy = Policy.from_json(found.terms["policy"])
    if missing:
        asked = (g for g in policy.gates if isinstance(g.claim, Against) and g.claim.other == BASELINE)
        lost |= {gate.scorer: missing for gate in asked if gate.scorer not in lost}
    measured = []
    for name in found.terms["scorers"]:
        if name not in lost:
            try:
                measured.append(measure(found.terms, rows, name, scorers[name], baseline, found.labelling))
                continue
            except Exception as error:  # whatever a plug-in's metrics need that is not here
                lost[name] = f"its metrics cannot be computed here: {type(error).__name__}: {error}"
        measured.append(_as_recorded(name, policy, facts))
    run = conclude(found.terms, found.head, rows, measured, reused(found.reused), found.reviews, found.labelling)
    if any(r.key != key_of(run, r.candidate, r.prompt, r.sample) for r in run.reviews):
        raise Unfit(NAME, None, "a decision about another output than its key says")
    return run


def _baseline(found: Replay) -> tuple[Reference | None, str]:
    """The baseline of another run, or why it cannot be looked at."""
    try:
        terms = dict(found.terms)
        baseline = reference(terms, found.head)
    except AigcEvalError as error:
        return None, f"the baseline cannot be read: {error}"
    if terms.get("baseline") != found.terms.get("baseline"):
        return None, "the baseline is not the run that it was"
    return baseline, ""


def _as_recorded(name: str, policy: Policy, facts: Mapping[str, Any]) -> Measured:
    try:
        own = next(PluginFacts.from_json(s) for s in facts["scorers"] if s["name"] == name)
        verdicts = [Verdict.from_json({**v, "waiver": None}) for v in facts["verdicts"]]
        judged = {
            place: tuple(
                v for v in verdicts if v.gate == gate.name or (gate.each and v.gate.startswith(f"{gate.text} ["))
            )
            for place, gate in enumerate(policy.gates)
            if gate.scorer == name
        }
        estimates = tuple(Estimate(**e) for e in facts["estimates"] if e["scorer"] == name)
        apart = tuple(Difference(**d) for d in facts.get("differences", ()) if d["scorer"] == name)
        covered = map(Coverage.from_json, facts.get("standards", ()))
        corrected = tuple(Correction.from_json(c) for c in facts.get("corrections", ()) if c["scorer"] == name)
        return Measured(own, estimates, judged, apart, standards.recorded(covered, name), corrected)
    except (LookupError, TypeError, ValueError, AttributeError, StopIteration) as error:
        raise Unfit("run.json", None, f"has no numbers of {name} that can be read") from error
