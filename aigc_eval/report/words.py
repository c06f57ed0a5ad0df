"""Verdicts, reasons and labels as sentences, in English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from aigc_eval.records import POLICY, Bilingual, Edition, MetricFacts, PluginFacts, Reason, Run, Verdict
from aigc_eval.report.numbers import about, count, difference_of, figure, limit
from aigc_eval.report.remarks import label_words, labels_words, mask_words, needs_words, note_words, source_words
from aigc_eval.report.vocabulary import VOCABULARY
from aigc_eval.report.vocabulary.editions import POOLED

__all__ = [
    "SIGNS",
    "both",
    "confidence",
    "direction",
    "edition_words",
    "gate_reason",
    "gate_sentence",
    "headline",
    "label_words",
    "labels_words",
    "level",
    "mask_words",
    "method",
    "needs_words",
    "note_words",
    "say",
    "sentence",
    "slice_words",
    "source_words",
    "state",
    "unit_name",
    "verdict_line",
    "why",
]

SIGNS: Mapping[str, str] = {"pass": "✓", "fail": "✕", "undetermined": "?", "not_gated": "–"}
"""A sign for each verdict, so that colour is never alone."""
ARROWS: Mapping[str | None, str] = {"lower": "↓", "higher": "↑", None: "·"}
_COUNTS = frozenset({"failed", "prompts", "scored", "planned", "n"})
_RATES = frozenset({"error_rate", "empty_rate", "truncated_rate", "refused_rate", "filtered_rate", "low_sensitivity",
                    "low_specificity"})  # fmt: skip
_REQUIRED = {
    "required.slice": re.compile(r"at least (?P<n>\d+) prompts (?P<slice>\[.*\])", re.DOTALL),
    "required.validation": re.compile("validated: (?P<scorer>.*)", re.DOTALL),
    "required.waiver": re.compile("waiver: (?P<gate>.*)", re.DOTALL),
}


def both(words: Callable[[str], str]) -> Bilingual:
    """The same words made in each language."""
    return Bilingual(words("en"), words("zh"))


def say(key: str, /, **figures: object) -> Bilingual:
    """A phrase of the vocabulary with its figures, which may be Bilingual themselves."""
    return both(lambda lang: _fill(key, figures, lang))


def _fill(key: str, figures: Mapping[str, object], lang: str) -> str:
    known = {k: v.in_(lang) if isinstance(v, Bilingual) else v for k, v in figures.items()}
    return Bilingual(*VOCABULARY[key]).in_(lang).format_map(known)


def sentence(reason: Reason, lang: str, unit: str = "", better: str | None = None) -> str:
    """A reason in words. `unit` and `better` are the metric's; an unknown code is printed with its figures.

    >>> sentence(Reason("meets", {"bound": 0.0072, "limit": 0.01}), "en", unit="share")
    'upper bound 0.720 % is within the limit 1 %'
    >>> sentence(Reason("gate_fails", {"n": 2}), "zh")
    '2 项门限不通过。'
    """
    try:
        return _fill(_key(reason, better), _figures(reason, unit), lang)
    except (KeyError, TypeError, ValueError, OverflowError):
        told = ", ".join(f"{k} {v}" for k, v in sorted(reason.figures.items()))
        return _fill("unknown_reason", {"code": reason.code, "figures": told}, lang)


def _key(reason: Reason, better: str | None) -> str:
    code, figures = reason.code, reason.figures
    if code in ("meets", "beyond"):
        under = float(figures["bound"]) <= float(figures["limit"])
        return f"{code}.{better or ('lower' if under == (code == 'meets') else 'higher')}"
    if code == "straddles" and "more" in figures:
        return "straddles.more"
    if code == "adverse":
        code = "adverse" if "adverse" in figures else "adverse.unbounded"
        return f"{code}.one" if figures.get("failed") == 1 else code
    if code == "not_gated":
        return "run_not_gated"
    single = figures.get("n", figures.get("limit") if code == "limited" else None) == 1
    return f"{code}.one" if single and f"{code}.one" in VOCABULARY else code


def _figures(reason: Reason, unit: str) -> dict[str, str | Bilingual]:
    unit = "share" if reason.code in _RATES else unit
    raw = reason.figures.get("limit")
    border = float(raw) if isinstance(raw, int | float) else None
    known: dict[str, str | Bilingual] = {}
    for name, value in reason.figures.items():
        if name == "languages":
            known[name] = spoken(str(value).split(", "))
        elif isinstance(value, str):
            known[name] = value
        elif name == "more":
            known[name] = about(value)
        elif name in _COUNTS or (name == "needed" and value > 1) or reason.code == "limited":
            known[name] = count(value)
        elif name == "limit":
            known[name] = limit(value, unit)
        else:
            shown = "share" if name == "saved" else unit
            known[name] = limit(value, "share") if name == "needed" else figure(value, shown, apart=border)
    return known


def state(run: Run) -> str:
    """The run's verdict: pass, fail, undetermined or not_gated."""
    return "not_gated" if not run.verdicts and run.status != "undetermined" else str(run.status)


def headline(run: Run) -> Bilingual:
    """The verdict as a heading."""
    return say(f"headline.{state(run)}" if f"headline.{state(run)}" in VOCABULARY else "headline.undetermined")


def edition_words(edition: Edition) -> Bilingual:
    """Which edition a report is, and what that means.

    >>> edition_words("internal").en
    'INTERNAL EDITION: personal data and secrets are not masked'
    """
    return say("edition.marked", edition=say(f"edition.{edition}"), note=say(f"edition.{edition}.note"))


def spoken(languages: Sequence[str]) -> Bilingual:
    """The languages that a scorer is for.

    >>> spoken(("en", "zh")).zh, spoken(("any",)).en, spoken(("eo",)).en
    ('英文、中文', 'any', 'eo')
    """
    names = [say(f"lang.{tag}") if f"lang.{tag}" in VOCABULARY else Bilingual(tag) for tag in languages]
    return both(lambda lang: ("、" if lang == "zh" else ", ").join(name.in_(lang) for name in names))


def level(run: Run) -> str:
    """The confidence level of the run's intervals."""
    return limit(run.estimates[0].level if run.estimates else 0.95, "share")


def confidence(run: Run) -> str:
    """The confidence of the gates' bounds, each of one side; both ends of a range where gates differ: `95–99 %`."""
    found = sorted({(1 + v.estimate.level) / 2 for v in run.verdicts if v.estimate is not None})
    shown = dict.fromkeys(limit(round(each, 12), "share") for each in (found[:1] + found[-1:]) or [0.95])
    return "–".join(shown).replace(" %–", "–")


def metric_facts(run: Run) -> dict[tuple[str, str], tuple[PluginFacts, MetricFacts]]:
    """(scorer, metric) -> their facts."""
    return {(s.name, m.name): (s, m) for s in run.scorers for m in s.metrics}


def metric_title(facts: MetricFacts) -> Bilingual:
    """A metric's title, or its name."""
    return facts.title if facts.title.en else Bilingual(facts.name.replace("_", " "), facts.name)


def scorer_title(scorer: PluginFacts) -> Bilingual:
    """A scorer's title, or its name."""
    return scorer.title if scorer.title.en else Bilingual(scorer.name)


def _facts_of(run: Run, verdict: Verdict) -> MetricFacts | None:
    estimate = verdict.estimate
    found = metric_facts(run).get((estimate.scorer, estimate.metric)) if estimate else None
    return found[1] if found else None


def gate_unit(run: Run, verdict: Verdict) -> str:
    """The unit of a gate's number: the metric's, or that of its differences; "" where it is unknown."""
    estimate, facts = verdict.estimate, _facts_of(run, verdict)
    if estimate is not None and estimate.relative:
        return "share"
    unit = facts.unit if facts else ""
    return difference_of(unit) if estimate is not None and estimate.against else unit


def direction(verdict: Verdict) -> str | None:
    """The good direction of a gate: "lower" where only its upper bound is limited, "higher" for the lower one."""
    low, high = verdict.zone
    return "lower" if low is None and high is not None else "higher" if high is None and low is not None else None


def gate_title(run: Run, verdict: Verdict) -> Bilingual:
    """What a gate measures: the metric's title and the slice, or the gate as written where nothing was measured."""
    facts, estimate = _facts_of(run, verdict), verdict.estimate
    if verdict.candidate == POLICY:
        return _required(verdict.gate)
    if facts is None or estimate is None:
        return Bilingual(verdict.gate)
    title = metric_title(facts)
    if (kind := verdict.gate.partition(" ")[0]) in ("corrected", "ppi"):
        title = say(f"rate.{kind}", title=title)
    if not estimate.against:
        return _in_slice(title, estimate.slice)
    if " - " in estimate.against:
        groups = [slice_words(name) for name in estimate.against.split(" - ")]
        other = both(lambda lang: " − ".join(group.in_(lang) for group in groups))
        return _in_slice(say("against.groups", title=title, other=other), estimate.slice)
    key = "against.relative" if estimate.relative else "against"
    return _in_slice(say(key, title=title, other=estimate.against), estimate.slice)


def _in_slice(title: Bilingual, name: str) -> Bilingual:
    return say("in_slice", title=title, slice=slice_words(name)) if name else title


def slice_words(name: str) -> Bilingual:
    """A slice such as `lang=zh, category=advice`, its tags by their names; one that is no such pairs as it is.

    >>> slice_words("lang=zh, category=advice").zh, slice_words("person=she").in_("zh")
    ('语言：中文、类别：advice', 'person=she')
    """
    pairs = [part.partition("=") for part in name.split(", ")]
    if not all(value and f"tag.{tag}" in VOCABULARY for tag, _, value in pairs):
        return Bilingual(name)
    named = [say("slice_of", tag=tag_name(tag), value=tag_value(tag, value)).zh for tag, _, value in pairs]
    return Bilingual(name, "、".join(named))


def _required(gate: str) -> Bilingual:
    """What a policy asks for beside gates.

    >>> _required("at least 50 prompts [lang=zh]").zh, _required("validated: toxicity").zh
    ('至少 50 题［语言：中文］', '已验证：toxicity')
    """
    for key, pattern in _REQUIRED.items():
        if found := pattern.fullmatch(gate):
            return say(key, **{k: slice_words(v[1:-1]) if k == "slice" else v for k, v in found.groupdict().items()})
    return Bilingual(gate)


def gate_reason(run: Run, verdict: Verdict, reason: Reason, lang: str) -> str:
    """One reason of a gate, in the metric's unit and direction."""
    return sentence(reason, lang, gate_unit(run, verdict), direction(verdict))


def gate_sentence(run: Run, verdict: Verdict, lang: str) -> str:
    """All reasons of a gate in one phrase."""
    return ("；" if lang == "zh" else "; ").join(gate_reason(run, verdict, r, lang) for r in verdict.reasons)


def why(run: Run, lang: str) -> str:
    """The reason of the run's verdict in a few sentences: what happened, then the gates that decided."""
    waived = any(v.waiver for v in run.verdicts)
    none = Reason("gates_pass", {"n": 0})  # where all are waived
    told = [sentence(_beside_waived(r) if waived else r, lang) for r in run.reasons if r != none]
    counted = ("gates_pass", "gate_fails", "gates_open", "gates_waived")
    after = sum(r.code in counted and r != none for r in run.reasons)
    first = [next((v for v in run.verdicts if v.counts_as == status), None) for status in ("fail", "undetermined")]
    told[after:after] = [_decisive(run, v, lang) for v in first if v is not None]
    if run.verdicts and run.status == "pass" and not waived:
        told.insert(after, _fill("gates.all_met", {}, lang))
    if not run.release and not any(r.code == "limited" for r in run.reasons):
        told.append(_fill("no_release.why", {}, lang))
    return ("" if lang == "zh" else " ").join(told)


def _beside_waived(reason: Reason) -> Reason:
    """Not all gates pass where some are waived."""
    return replace(reason, code="gates_pass.others") if reason.code == "gates_pass" else reason


def _decisive(run: Run, verdict: Verdict, lang: str) -> str:
    """What one gate found, as a sentence."""
    reason = gate_sentence(run, verdict, lang)
    title = gate_title(run, verdict).in_(lang)
    if verdict.candidate == POLICY:
        return _fill("decisive.policy", {"metric": title, "reason": reason}, lang)
    return _fill("decisive", {"candidate": verdict.candidate, "metric": title, "reason": reason}, lang)


def verdict_line(run: Run, lang: str) -> str:
    """The verdict and its reason in one line, for a terminal."""
    mark = "" if run.release else f" [{say('no_release').in_(lang)}]"
    colon = "：" if lang == "zh" else ": "
    return f"{SIGNS.get(state(run), '?')} {headline(run).in_(lang)}{mark}{colon}{why(run, lang)}"


def method(name: str) -> Bilingual:
    """An interval's method, such as `wilson(n=231)`, in words; unknown methods as they are."""
    kind, _, rest = name.partition("(")
    key = f"method.{kind}" if name else "method.none"
    if key not in VOCABULARY or (name and not rest):
        return Bilingual(name)
    return say(key, n=rest.rstrip(")").removeprefix("n="))


def unit_name(unit: str) -> Bilingual:
    """A metric's unit where readers are told it; shares are printed as per cent.

    >>> unit_name("s").zh, unit_name("share").en, unit_name("furlongs").zh
    ('秒', '', '')
    """
    if unit == "share":
        return Bilingual("")
    return say(f"unit.{unit}") if f"unit.{unit}" in VOCABULARY else Bilingual(unit)


def tag_name(tag: str) -> Bilingual:
    """The name of a tag that slices rows."""
    return say(f"tag.{tag}") if f"tag.{tag}" in VOCABULARY else Bilingual(tag)


def tag_value(tag: str, value: str) -> Bilingual:
    """The value of a tag; languages by their name."""
    if value == POOLED:
        return say("edition.few")
    return say(f"lang.{value}") if tag == "lang" and f"lang.{value}" in VOCABULARY else Bilingual(value)
