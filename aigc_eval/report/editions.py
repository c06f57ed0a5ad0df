"""Editions: for whom a report is, as a function from a run to what that reader may see of it.

    public      no text of any prompt or output, none that could quote one, nothing of a single prompt: counts only
    reviewer    everything, with personal data and secrets masked
    internal    everything as it is; asked for by name, and marked wherever it is

Every writer is given the run of its edition, so none of them can show what is not there. Numbers are never altered.
Tags can tell who a person is: the public edition has no group of fewer than `FEWEST` prompts, none that can be
computed as the difference of others, and no group of several tags at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from aigc_eval.records import OUTCOMES, Edition, Estimate, PluginFacts, Reason, Reviewed, Run, Span, Verdict
from aigc_eval.report.accuracy_edition import counted_accuracy, rewritten_accuracy
from aigc_eval.report.groups import FEWEST, pooled_in
from aigc_eval.report.mask import Masker, withheld
from aigc_eval.report.rewriting import Text, rewritten_estimate, rewritten_reason, rewritten_values
from aigc_eval.report.standards_edition import counted, rewritten
from aigc_eval.report.vocabulary.editions import POOLED

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FEWEST", "POOLED", "edited"]

HIDDEN = "[*]"
"""Stands for the group of a gate whose group is not told."""
_SAID = frozenset({"candidate", "format", "metric", "scorer", "expires", "grade", "worst", "best", "by"})
"""Words in a reason that no prompt or output wrote."""
_NOTES = frozenset(f"output is {outcome}" for outcome in OUTCOMES)
_LABEL = re.compile(r"(?:echo:)?[A-Za-z][A-Za-z_-]{0,39}", re.ASCII)
_OPTION = re.compile(r"\w{1,40}:[\w.+-]{0,40}|model\w{0,20}:\w[\w.-]{0,60}/\w[\w.-]{0,60}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{8,128}", re.ASCII)
_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|x([0-9a-f]{2})|(.))", re.DOTALL)


def edited(run: Run, edition: Edition) -> tuple[Run, Masker]:
    """What an edition shows of a run, and the masker for the texts of its rows."""
    if edition == "internal":
        return run, Masker(run.key, {}, open=True)
    run = withheld(run)
    masker = Masker.of_run(run.rows, run.key)
    told = replace(_masked(run, masker.long()), **_reviews(run, masker))
    return (_public(told, run) if edition == "public" else told), masker


# Masked: what the run says beside its rows


def _masked(run: Run, masker: Masker) -> Run:
    """The run with the values masked in all that the bench, the policy and tags say; names stay what they are."""
    if not masker.tags:
        return run
    texts: dict[str, str] = {}
    _through(run, lambda text: texts.setdefault(text, text))
    known = dict(zip(texts, masker.replaced([*texts]), strict=True))
    # A signature spells options as Python does; what is masked in what they mean must not stay in how they are spelled.
    meant = {text: _ESCAPE.sub(_meaning, known[text]) for text in texts if "\\" in text}
    told = dict(zip(meant, masker.replaced([*meant.values()]), strict=True))
    known |= {text: shown for text, shown in told.items() if shown != meant[text]}
    return run if all(text == shown for text, shown in known.items()) else _through(run, known.__getitem__)


def _meaning(escape: re.Match[str]) -> str:
    """What an escape of a Python text stands for."""
    code = escape[1] or escape[2] or escape[3]
    if code is None:
        return {"n": "\n", "r": "\r", "t": "\t"}.get(escape[4], escape[4])
    return chr(int(code, 16)) if int(code, 16) < 0x110000 else escape[0]


def _through(run: Run, text: Text) -> Run:
    """The run with every text that the bench, the policy or tags wrote put through a function."""
    deep = partial(rewritten_values, text=text)
    return replace(
        run,
        bench=deep(run.bench),
        policy={k: v if k == "sha256" else deep(v) for k, v in run.policy.items()},
        slices=tuple(map(text, run.slices)),
        candidates=tuple(_plugin(c, text) for c in run.candidates),
        scorers=tuple(_plugin(s, text) for s in run.scorers),
        estimates=tuple(rewritten_estimate(e, text) for e in run.estimates),
        verdicts=tuple(_verdict(v, text) for v in run.verdicts),
        reasons=tuple(rewritten_reason(r, text) for r in run.reasons),
        digests={text(k): v for k, v in run.digests.items()},
        places={text(k): text(v) for k, v in run.places.items()},
        standards=rewritten(run.standards, text),
        **rewritten_accuracy(run, text),
    )


def _plugin(plugin: PluginFacts, text: Text) -> PluginFacts:
    defaults, facts = rewritten_values(plugin.defaults, text), rewritten_values(plugin.facts, text)
    return replace(plugin, signature=text(plugin.signature), defaults=defaults, facts=facts)


def _verdict(verdict: Verdict, text: Text) -> Verdict:
    leave = verdict.waiver
    return replace(
        verdict,
        gate=text(verdict.gate),
        reasons=tuple(rewritten_reason(r, text) for r in verdict.reasons),
        estimate=verdict.estimate and rewritten_estimate(verdict.estimate, text),
        waiver=leave and replace(leave, gate=text(leave.gate), owner=text(leave.owner), reason=text(leave.reason)),
    )


def _reviews(run: Run, masker: Masker) -> dict[str, Any]:
    """What people decided, with the values masked in their notes and in what names a person or a prompt."""
    if not run.reviews:
        return {}
    written = [r.note for r in run.reviews] + [r.reviewer for r in run.reviews]
    known = dict(zip(written, masker.replaced(written), strict=True))
    ids = [r.prompt for r in run.reviews]
    prompts = dict(zip(ids, masker.long().replaced(ids), strict=True))
    told = (replace(r, prompt=prompts[r.prompt], reviewer=known[r.reviewer], note=known[r.note]) for r in run.reviews)
    agreed = (replace(c, one=known[c.one], other=known[c.other]) for c in run.reviewed.agreement)
    return {"reviews": tuple(told), "reviewed": replace(run.reviewed, agreement=tuple(agreed))}


def _counts_of_reviews(reviewed: Reviewed) -> Reviewed:
    """What follows from decisions, with the reviewers numbered."""
    numbers: dict[str, str] = {}
    for found in reviewed.agreement:
        for name in (found.one, found.other):
            numbers.setdefault(name, str(len(numbers) + 1))
    agreed = (replace(c, one=numbers[c.one], other=numbers[c.other]) for c in reviewed.agreement)
    return replace(reviewed, agreement=tuple(agreed))


# Public: what is counted


def _public(run: Run, whole: Run) -> Run:
    """Counts only. `whole` is the run before its tags were masked, as its rows are."""
    named = dict(zip(whole.slices, run.slices, strict=True))
    judged = (v.estimate.slice for v in whole.verdicts if v.estimate)
    hidden_in = pooled_in(whole.rows, {s.partition("=")[0] for s in (*whole.slices, *judged)})
    shown = {named.get(name, name) for name, pool in hidden_in.items() if not pool}
    hidden = {named.get(name, name): pool for name, pool in hidden_in.items() if pool}
    return replace(
        run,
        bench={k: run.bench[k] for k in ("name", "samples", "seed") if k in run.bench},
        policy={k: v for k, v in run.policy.items() if k != "source"},
        slices=tuple(s for s in run.slices if not s or s in shown),
        candidates=tuple(map(_brief, run.candidates)),
        scorers=tuple(map(_brief, run.scorers)),
        estimates=_estimates(run.estimates, shown, hidden),
        verdicts=tuple(_counted(v, shown) for v in run.verdicts),
        reasons=tuple(map(partial(_said, shown=shown), run.reasons)),
        places={},
        rows=_rows(run.rows),
        standards=counted(run.standards, shown, lambda gate: _gate(gate, shown), FEWEST),
        reviews=(),
        reviewed=_counts_of_reviews(run.reviewed),
        **counted_accuracy(run, shown, _signature, FEWEST),
    )


def _estimates(estimates: tuple[Estimate, ...], shown: set[str], hidden: Mapping[str, str]) -> tuple[Estimate, ...]:
    """Those of all rows and of groups that are shown; the counts of those pooled, added up, without any value."""
    found: dict[object, Estimate] = {}
    for number, e in enumerate(estimates):
        if not e.slice or e.slice in shown:
            found[number] = e
        elif pool := hidden.get(e.slice):
            key = (e.candidate, e.scorer, e.metric, pool)
            before = found.get(key)
            found[key] = Estimate(
                e.candidate,
                e.scorer,
                e.metric,
                pool,
                level=e.level,
                **{n: getattr(e, n) + (getattr(before, n) if before else 0) for n in _COUNTS},
            )
    return tuple(found.values())


_COUNTS = ("planned", "scored", "failed", "not_applicable", "prompts")


def _counted(verdict: Verdict, shown: set[str]) -> Verdict:
    """A verdict; of a group that is not told, only what it is."""
    leave = verdict.waiver
    group = _group(verdict.gate)
    gate = _gate(verdict.gate, shown)
    untold = (group and group not in shown) or (verdict.estimate and verdict.estimate.slice not in {"", *shown})
    return replace(
        verdict,
        gate=gate,
        reasons=(Reason("few_in_group"),) if untold else tuple(_said(r, shown) for r in verdict.reasons),
        estimate=None if untold else verdict.estimate,
        waiver=leave and replace(leave, gate=_gate(leave.gate, shown), owner="", reason=""),
    )


def _group(gate: str) -> str:
    """The group that a gate names."""
    return gate.partition(" [")[2].removesuffix("]")


def _gate(gate: str, shown: set[str]) -> str:
    """A gate as written, without a group that is not told."""
    group = _group(gate)
    return gate if not group or group in shown else f"{gate.partition(' [')[0]} {HIDDEN}"


def _said(reason: Reason, shown: set[str]) -> Reason:
    """A reason without words that may quote anything."""
    told = {k: _gate(v, shown) if k == "gate" else v if k in _SAID else "…" for k, v in reason.figures.items()
            if isinstance(v, str)}  # fmt: skip
    return replace(reason, figures={**reason.figures, **told})


def _brief(plugin: PluginFacts) -> PluginFacts:
    """A plug-in by its class, its version and those options that are a number, a word or the name of a model."""
    return replace(
        plugin,
        signature=_signature(plugin.signature),
        defaults={k: _plain(k, v) for k, v in plugin.defaults.items()},
        facts={k: _plain(k, v) for k, v in plugin.facts.items()},
    )


def _signature(signature: str) -> str:
    name, *options = signature.split("|")
    told = [option for option in options if _OPTION.fullmatch(option)]
    return "|".join([name, *told, *(["…"] if len(told) < len(options) else [])])


def _plain(name: str, value: Any) -> Any:
    """A number, a word, a digest or the name of a model; of anything else, that there is something."""
    if value is None or isinstance(value, bool | int | float) or _DIGEST.fullmatch(str(value)):
        return value
    return value if isinstance(value, str) and _OPTION.fullmatch(f"{name}:{value}") else "…"


def _rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows to count: numbers, outcomes and kinds of findings; prompts are numbered, every text is empty."""
    import pandas as pd

    kept = rows[[c for c in rows.columns if not c.startswith("tag.") and not c.endswith(":vector")]].copy()
    kept["prompt"] = [str(code + 1) for code in pd.factorize(rows["prompt"])[0]]
    for name in kept.columns:
        if name in ("prompt_text", "text", "detail", "lang", "variant_of"):
            kept[name] = ""
        elif name in ("references", "evidence", "likelihoods"):
            kept[name] = pd.Series([()] * len(kept), dtype="object", index=kept.index)
        elif name.endswith(":note"):
            kept[name] = [note if note in _NOTES else "" for note in kept[name]]
        elif name.endswith(":spans"):
            kept[name] = pd.Series([_kinds(spans) for spans in kept[name]], dtype="object", index=kept.index)
    return kept


def _kinds(spans: tuple[Span, ...] | None) -> tuple[Span, ...]:
    """Which kinds of sensitive values were found, not where."""
    sensitive = (s for s in spans or () if s.sensitive)
    return tuple(replace(s, start=0, end=1, label=s.label if _LABEL.fullmatch(s.label) else "OTHER") for s in sensitive)
