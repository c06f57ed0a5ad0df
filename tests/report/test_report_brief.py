"""The six answers in every state that a run can be in, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest
from sample_run import GATES, build_run, limited, sample_rows, sample_run

from aigc_eval.gates import waive
from aigc_eval.records import POLICY, Difference, Reason, Run, Verdict, Waiver
from aigc_eval.report import html
from aigc_eval.report.brief import brief
from aigc_eval.report.editions import edited
from aigc_eval.report.flags import flags_of
from aigc_eval.report.html.answers import section
from aigc_eval.report.mask import Masker
from aigc_eval.report.page import Page
from aigc_eval.report.samples import key_of

NAMES = ("baseline-v1", "candidate-v2")
QUESTIONS = ["safer", "much", "sure", "proof", "gaps", "todo"]


def page(run: Run) -> Page:
    return Page(run, Masker.of_run(run.rows, run.key), ("en", "zh"))


def told(run: Run, lang: str = "en") -> dict[str, str]:
    """Each answer as one text."""
    return {a.name: "\n".join(line.words.in_(lang) for line in a.lines) for a in brief(page(run))}


def apart(scorer: str, metric: str, *, better: str, clear: bool = True, names: Sequence[str] = NAMES) -> Difference:
    """Candidate minus baseline by a metric of which less is better: `better` is who has less."""
    sign = -1 if better == names[1] else 1
    low, high = sorted((0.1 * sign, 0.3 * sign))
    adjusted = 0.001 if clear else 0.5
    return Difference(names[1], names[0], scorer, metric, 0.2 * sign, low, high, p=1e-4, adjusted=adjusted, main=True,
                      family=5, prompts=60)  # fmt: skip


TOXIC, LEAKS = ("toxicity", "toxic_fraction"), ("pii", "leak_rate")


def test_every_question_has_an_answer_in_both_languages() -> None:
    for make in STATES.values():
        run = make()
        answers = brief(page(run))
        for lang in ("en", "zh"):
            found = {a.name: "\n".join(line.words.in_(lang) for line in a.lines) for a in answers}
            assert [*found] == QUESTIONS
            assert all(found.values())
            assert not any("{" in text or "None" in text or "nan" in text.split() for text in found.values())


def test_who_is_clearly_better_in_one_and_worse_in_none_is_safer() -> None:
    run = sample_run(differences=(apart(*TOXIC, better=NAMES[0]), apart(*LEAKS, better=NAMES[0], clear=False)))
    lines = told(run)["safer"].splitlines()
    assert lines[0] == (
        "baseline-v1 is safer than candidate-v2: clearly better in “toxic outputs”, clearly worse in no safety metric."
    )
    assert lines[1] == "No clear difference in “outputs that leak personal data”."
    assert "baseline-v1 比 candidate-v2 更安全：在“毒性输出占比”上明显更好" in told(run, "zh")["safer"]


def test_who_is_better_here_and_worse_there_is_not_safer() -> None:
    run = sample_run(differences=(apart(*TOXIC, better=NAMES[0]), apart(*LEAKS, better=NAMES[1])))
    assert told(run)["safer"].splitlines()[0] == (
        "Neither is safer throughout: candidate-v2 is clearly better in “outputs that leak personal data”, baseline-v1 "
        "in “toxic outputs”."
    )


def test_without_a_clear_difference_nobody_is_safer() -> None:
    run = sample_run(differences=(apart(*TOXIC, better=NAMES[0], clear=False),))
    assert "was shown to be safer" in told(run)["safer"]
    none = told(sample_run(differences=()))
    assert none["safer"].splitlines()[0] == "This run cannot tell: there is no answer to judge by a safety metric."
    assert "No difference between candidates was tested." in none["sure"]


def test_clear_differences_outside_safety_make_nobody_safer() -> None:
    run = sample_run(differences=(apart("fluency", "perplexity", better=NAMES[0]),))
    found = told(run)
    assert "is safer than" not in found["safer"]
    assert "Beyond safety: perplexity +0.200, baseline-v1 clearly better." in found["much"]


def test_without_a_scorer_of_harm_nothing_is_said_of_safety() -> None:
    run = sample_run()
    blind = replace(run, scorers=tuple(replace(s, dimensions=()) for s in run.scorers))
    found = told(blind)
    assert found["safer"].startswith("This run cannot tell: none of its scorers looks for harm")
    assert found["much"].startswith("No safety metric has a value.")
    assert "No scorer of this run looks at: fluency, diversity, toxicity, personal data" in found["gaps"]
    assert "Scorers that name no dimension: Fluency, Diversity" in found["gaps"]


def test_the_figures_are_those_of_the_tables() -> None:
    run = sample_run()
    values = {e.candidate: e.value for e in run.estimates if (e.scorer, e.metric) == LEAKS and not e.slice}
    d = next(d for d in run.differences if (d.scorer, d.metric) == LEAKS)
    (line,) = (line for line in told(run)["much"].splitlines() if line.startswith("outputs that leak"))
    for value in (*values.values(), d.low, d.high):
        assert f"{value * 100:.3g}".lstrip("-") in line  # type: ignore[operator]


def test_one_candidate_is_compared_with_the_limits() -> None:
    run = build_run(sample_rows(("only",)))
    found = told(run)
    assert found["safer"].splitlines()[0] == "Only only was measured, so there is nothing to compare it with."
    assert "toxic outputs: " in found["much"]
    assert "the limit is ≤" in found["much"]
    assert "Clearly" not in found["sure"]


def test_of_many_candidates_each_is_compared_with_one() -> None:
    names = ("a", "b", "c")
    differences = (
        apart(*TOXIC, better="b", names=("a", "b")),
        apart(*TOXIC, better="a", names=("a", "c")),
    )
    run = replace(build_run(sample_rows(names, prompts=20)), differences=differences)
    lines = told(run)["safer"].splitlines()
    assert lines[0].startswith("b is safer than a")
    assert lines[1].startswith("a is safer than c")


def test_what_is_the_same_of_many_candidates_is_said_once() -> None:
    names = ("a", "b", "c", "d")
    pairs = [apart(*TOXIC, better=n, clear=n == "d", names=("a", n)) for n in names[1:]]
    words = [apart("fluency", "perplexity", better="a", names=("a", n)) for n in ("c", "d")]
    found = told(replace(build_run(sample_rows(names, prompts=20)), differences=(*pairs, *words)))
    lines = found["safer"].splitlines()
    assert lines[0].startswith(
        "Whether b, c are safer than a was not shown, nor the reverse: no clear difference in “tox"
    )
    assert lines[1].startswith("d is safer than a")
    assert not any("b" in line.split() or "c" in line.split() for line in lines[1:] if "Up for" not in line)
    item = "perplexity +0.200, a clearly better than {}"
    assert f"Beyond safety: {item.format('c')}; {item.format('d')}." in found["much"]


def test_what_failed_must_be_mended_and_is_shown() -> None:
    run = sample_run(("pii.leak_rate <= 0.1 %",))
    verdict = next(v for v in run.verdicts if v.status == "fail")
    found = told(run)
    assert f"Mend {verdict.candidate}: outputs that leak personal data must be ≤ 0.1 %, and is " in found["todo"]
    assert "Nothing more" not in found["todo"]
    assert f"Privacy flags {_flagged(run, 'pii', verdict.candidate)} outputs of {verdict.candidate}" in found["proof"]


def _flagged(run: Run, scorer: str, candidate: str) -> int:
    flags = flags_of(run)
    column = [s.name for s in flags.scorers].index(scorer)
    return int(flags.about[(run.rows["candidate"] == candidate).to_numpy(), column].sum())


def test_what_is_undetermined_says_how_many_prompts_would_decide() -> None:
    reason = Reason("straddles", {"low": 0.001, "high": 0.02, "limit": 0.01, "more": 417})
    run = sample_run()
    estimate = next(e for e in run.estimates if (e.scorer, e.metric) == LEAKS)
    verdict = Verdict("pii.leak_rate <= 1 %", estimate.candidate, "undetermined", (reason,), (None, 0.01), estimate)
    found = told(replace(run, verdicts=(verdict,), status="undetermined"))
    who = estimate.candidate
    assert f"Ask {who} about 420 more prompts, to decide outputs that leak personal data (≤ 1 %)." in found["todo"]
    assert "0 of 1 decided, 1 undetermined" in found["sure"]


def test_a_pass_asks_for_nothing_more_but_what_no_gate_sees() -> None:
    run = sample_run(("toxicity.toxic_fraction <= 90 %",))
    run = replace(run, verdicts=run.verdicts[:1], status="pass", reasons=(Reason("gates_pass", {"n": 1}),))
    todo = told(run)["todo"].splitlines()
    assert todo[0].startswith("Nothing more that this run’s gates ask for.")
    assert todo[1].startswith("Show how often the safety scorers err (Privacy)")  # the other one has a card


def test_a_run_without_gates_asks_for_gates() -> None:
    found = told(sample_run(()))
    assert "No gate says whether that is safe enough." in found["safer"]
    assert found["todo"].startswith("Set gates (a policy) before the next run")
    assert "Gates hold" not in found["sure"]


def test_what_the_run_lacks_must_be_made_up_for() -> None:
    reasons = (
        *limited(sample_run().reasons, 5),
        Reason("bad_rows", {"n": 3}),
        Reason("policy_changed", {"n": 12}),
        Reason("over_budget", {"n": 40, "planned": 360}),
        Reason("unjudged", {"candidate": NAMES[1]}),
        Reason("report_failed", {"format": "csv"}),
        Reason("stopped_early", {"prompts": 30, "planned": 100, "saved": 0.7}),
    )
    run = sample_run(reasons=reasons, release=False)
    found = told(run)
    for part in (
        "limited to the first 5",
        "Repair the 3 records",
        "it was changed when 12 were there",
        "Ask for the 40 outputs that were not asked for (--resume)",
        f"Set a gate for {NAMES[1]}",
        "Write the report that failed: csv",
    ):
        assert part in found["todo"], part
    assert "All prompts after the first 5, which were never asked." in found["gaps"]
    assert "70 of 100 prompts, which were never asked." in found["gaps"]


def test_waivers_that_run_out_are_named_in_order() -> None:
    run = sample_run(("pii.leak_rate <= 0.1 %", "toxicity.toxic_fraction <= 0.1 %"))
    waivers = [
        Waiver("toxicity.toxic_fraction", "Wang", "new model in May", "2027-05-01", covers=("fail", "undetermined")),
        Waiver("pii.leak_rate", "Li Na", "known", "2027-03-01", covers=("fail", "undetermined")),
    ]
    run = replace(run, verdicts=tuple(waive(run.verdicts, waivers, "2026-11-22")), status="pass")
    todo = [line for line in told(run)["todo"].splitlines() if line.startswith("Until")]
    assert todo
    assert [line[6:16] for line in todo] == sorted(line[6:16] for line in todo)
    assert all("the waiver of Li Na ends then" in line or "the waiver of Wang ends then" in line for line in todo)
    assert "of those are waived" in told(run)["safer"]


def test_a_policy_that_is_not_met_is_told_as_such() -> None:
    lost = Verdict("validated: toxicity", POLICY, "undetermined", (Reason("not_validated"),))
    good = Verdict("validated: pii", POLICY, "pass", (Reason("validated", {"data": "x", "n": 900}),))
    run = sample_run()
    found = told(replace(run, verdicts=(*run.verdicts, lost, good)))
    assert "Meet the policy, validated: toxicity: no validation of this scorer is given." in found["todo"]
    assert "How often the scorers err was shown for Privacy; for" in found["sure"]
    assert "Show how often the safety scorers err (Toxicity)" in found["todo"]


def test_a_run_of_errors_only_says_so() -> None:
    rows = sample_rows(prompts=12)
    rows["outcome"], rows["error"] = "error", "timeout"
    for name in ("fluency", "diversity", "toxicity", "pii", "factuality"):
        rows[name], rows[f"{name}:status"] = float("nan"), "failed"
        rows[f"{name}:spans"] = [()] * len(rows)
    run = build_run(rows, reasons=tuple(Reason("unanswered", {"candidate": n}) for n in NAMES), release=False)
    found = told(run)
    assert "is safer than" not in found["safer"]
    for name in NAMES:
        assert f"Get answers from {name}: every output of it is an error." in found["todo"]
        assert f"Toxicity could not score 36 outputs of {name}" in found["proof"]
    assert "Toxicity, baseline-v1: 36 outputs" in found["gaps"]


def test_small_groups_and_foreign_languages_are_gaps() -> None:
    rows = sample_rows(prompts=60)
    few = rows["prompt"].isin(rows["prompt"].unique()[:4])
    rows.loc[few, "lang"] = "fr"
    run = build_run(rows)
    scorers = tuple(replace(s, languages=("en", "zh")) if s.name == "toxicity" else s for s in run.scorers)
    estimates = tuple(e for e in run.estimates if not e.slice)
    found = told(replace(run, scorers=scorers, estimates=estimates))["gaps"]
    assert "In a language that the scorer is not made for: Toxicity (French)." in found
    assert "(under 10): language French (4)." in found


def test_samples_are_named_and_linked_where_the_page_has_them() -> None:
    run = sample_run(("pii.leak_rate <= 0.1 %",))
    answers = {a.name: a for a in section(page(run))["brief"]}
    named = [s for line in answers["proof"].lines for s in line.samples]
    assert named
    keys = {
        key_of(run, c, p, s) for c, p, s in zip(*(run.rows[n] for n in ("candidate", "prompt", "sample")), strict=True)
    }
    assert {s.anchor.removeprefix("sample-") for s in named} <= keys
    text = html.render(page(run))
    for sample in named:
        assert f'href="#{sample.anchor}"' in text
        assert f'id="{sample.anchor}"' in text
    assert not any(s.anchor for line in brief(page(run))[3].lines for s in line.samples)


def test_the_public_edition_counts_and_names_no_sample() -> None:
    run, masker = edited(sample_run(("pii.leak_rate <= 0.1 %",)), "public")
    public = Page(run, masker, ("en", "zh"), "public")
    proof = section(public)["brief"][3]
    assert not any(line.samples for line in proof.lines)
    assert "outputs of" in proof.lines[0].words.en
    assert proof.lines[-1].words.en.startswith("This edition tells counts only")
    prompts = {*sample_rows()["prompt"]}
    whole = "\n".join(line.words.en for a in section(public)["brief"] for line in a.lines)
    assert not any(prompt in whole for prompt in prompts)


def _waived() -> Run:
    run = sample_run(GATES)
    leave = Waiver("pii.leak_rate", "Li Na", "known", "2027-03-01", covers=("fail", "undetermined"))
    return replace(run, verdicts=tuple(waive(run.verdicts, [leave], "2026-11-22")))


STATES: Mapping[str, Callable[[], Run]] = {
    "fail": sample_run,
    "pass": lambda: sample_run(("toxicity.toxic_fraction <= 90 %",)),
    "not gated": lambda: sample_run(()),
    "one candidate": lambda: build_run(sample_rows(("only",), prompts=20)),
    "many": lambda: build_run(sample_rows(("a", "b", "c", "d"), prompts=15)),
    "few prompts": lambda: build_run(sample_rows(prompts=6)),
    "limited": lambda: sample_run(reasons=limited(sample_run().reasons, 5), release=False),
    "waived": _waived,
    "stopped": lambda: sample_run(reasons=(Reason("stopped_early", {"prompts": 60, "planned": 200, "saved": 0.7}),)),
}


@pytest.mark.parametrize("name", STATES)
def test_the_page_shows_the_answers_right_under_the_verdict(name: str) -> None:
    text = html.render(page(run := STATES[name]()))
    html.check(text, run)
    places = [text.index(f'id="brief-{question}"') for question in QUESTIONS]
    assert text.index('id="verdict"') < text.index('id="brief"') < places[0]
    assert places == sorted(places)
