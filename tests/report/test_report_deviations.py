"""What departed from plan, and the facts about candidates: as recorded, without secrets and places."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sample_run import build_run, limited, sample_rows, sample_run

from aigc_eval.gates import waive
from aigc_eval.records import POLICY, Reason, Run, Verdict, Waiver
from aigc_eval.report import html
from aigc_eval.report.deviations import deviations
from aigc_eval.report.facts import candidate_facts, prompt_facts
from aigc_eval.report.mask import Masker

NAMES = ("baseline-v1", "candidate-v2")


def told(run: Run, lang: str = "en") -> dict[str, list[str]]:
    return {d.title.en: [line.in_(lang) for line in d.lines] for d in deviations(run)}


def test_none_is_said_outright_of_every_kind() -> None:
    run = sample_run()
    assert not any(told(run).values())
    text = html.html(run, Masker.of_run(run.rows, run.key), ("en", "zh"))
    section = text[text.index('<section id="deviations"') :].partition("</section>")[0]
    assert section.count(">none<") == section.count(">无<") == len(deviations(run))


def test_retries_and_errors_are_counted_by_candidate_and_kind() -> None:
    rows = sample_rows(prompts=20)
    rows.loc[[0, 1, 2, 3], "attempts"] = [2, 3, 5, 5]
    rows.loc[[2, 3, 4], "outcome"] = "error"
    rows.loc[[2, 3, 4], "error"] = ["timeout", "timeout", "server"]
    rows.loc[[60, 61], "outcome"], rows.loc[[60, 61], "error"] = "error", "over_budget"
    found = told(build_run(rows))
    assert found["asked more than once"] == [
        "baseline-v1: 4 outputs took 11 calls beyond the first; 2 of them still have no answer "
        "(2 × error: no answer in time)."
    ]
    assert found["outputs without an answer"] == [
        "baseline-v1: 3 of 60 (2 × error: no answer in time, 1 × error: server failure)."
    ]
    assert found["outputs never asked for"] == ["candidate-v2: 2 (2 × not asked: cap reached)."]


def test_what_the_run_says_of_itself_is_told_under_its_kind() -> None:
    reasons = (
        *limited((), 5),
        Reason("bad_rows", {"n": 2}),
        Reason("policy_changed", {"n": 7}),
        Reason("stopped_early", {"prompts": 60, "planned": 200, "saved": 0.7}),
        Reason("unjudged", {"candidate": NAMES[0]}),
        Reason("report_failed", {"format": "csv"}),
    )
    digests = {"bench": "3f" * 16, "reused from 0a1b2c3d: 1,200 answers, 40 scores": "0a1b2c3d" * 4}
    found = told(sample_run(reasons=reasons, digests=digests))
    assert found["limited to the first prompts"] == ["Only the first 5 prompts were run, so this is not for release."]
    assert found["records left out"][0].startswith("2 records of the prompt files")
    assert found["policy changed after the first answer"] == [
        "The policy was changed when 7 answers were already there."
    ]
    assert found["stopped early"][0].startswith("The run stopped after 60 of 200 prompts")
    assert found["up for release without a gate"][0].startswith(f"No gate judges {NAMES[0]}")
    assert found["reports that could not be written"] == ["A report could not be written: csv."]
    assert found["taken over from other runs"] == [
        f"1,200 answers and 40 scores of the run whose journal ends in {'0a1b2c3d' * 4}."
    ]


def test_waivers_tell_whose_why_until_when_and_what_they_cover() -> None:
    run = sample_run(("pii.leak_rate <= 0.1 %",))
    leave = Waiver("pii.leak_rate", "Li Na", "known leak, fix in May", "2027-03-01", candidate=NAMES[1])
    idle = Verdict("waiver: fluency.perplexity", POLICY, "fail", (
        Reason("waiver_expired", {"owner": "Wang", "expires": "2026-01-01"}),))  # fmt: skip
    run = replace(run, verdicts=(*waive(run.verdicts, [leave], "2026-11-22"), idle))
    covered, void = told(run)["waivers"]
    assert covered == (
        "outputs that leak personal data, candidate-v2: measured fail; waived by Li Na until 2027-03-01: known leak, "
        "fix in May."
    )
    assert void.startswith("waiver: fluency.perplexity: the waiver of Wang ended on 2026-01-01")
    assert told(run, "zh")["waivers"][0].endswith("由 Li Na 豁免至 2027-03-01：known leak, fix in May。")


def test_an_unmasked_run_is_a_deviation() -> None:
    run = sample_run()
    open_ = replace(run, scorers=tuple(replace(s, masks=False) for s in run.scorers))
    assert told(open_)["personal data not masked"]


BENCH = {
    "candidates": [
        {
            "name": NAMES[0],
            "note": "the one in use",
            "generator": {
                "openai_compatible": {
                    "model": "qwen3-8b",
                    "base_url": "https://me:hunter2@api.example.com:8443/v1?token=abc",
                    "temperature": 0.7,
                    "stop": ["###"],
                    "system": "You are the assistant of a bank. " * 5,
                    "extra": {"guided": {"choice": ["a", "b"]}},
                    "cert": "/home/me/secret/cert.pem",
                }
            },
            "limits": {"concurrency": 4},
            "price": {"input": 2, "output": 8, "currency": "CNY"},
        },
        {"name": NAMES[1], "generator": "echo"},
    ]
}


def test_parameters_are_readable_without_secrets_and_places() -> None:
    rows = sample_rows(prompts=20)
    rows["usage.input_tokens"], rows["usage.output_tokens"], rows["seconds"] = 1000.0, 500.0, 0.5
    run = build_run(rows, bench=BENCH)
    candidates = (replace(run.candidates[0], defaults={"top_p": None}, facts={"model": "ab" * 32}), run.candidates[1])
    one, other = candidate_facts(replace(run, candidates=candidates))
    options = {name: value.en for name, value in one.options}
    assert options["base_url"] == "https://api.example.com:8443/v1"
    assert (options["model"], options["temperature"], options["stop"]) == ("qwen3-8b", "0.7", "###")
    assert options["system"].startswith("text of 165 characters, SHA-256 ")
    assert options["extra"].startswith("SHA-256 ")
    assert options["cert"] == "cert.pem"
    assert not any(word in str(one) for word in ("hunter2", "token=abc", "/home", "bank", "guided"))
    assert [(name, value.en) for name, value in one.defaults] == [("top_p", "null")]
    assert [(name, value.en) for name, value in one.contents] == [("model", "ab" * 32)]
    assert [line.en for line in one.usage] == [
        "tokens read: 60,000 (60 outputs)",
        "tokens written: 30,000 (60 outputs)",
        "time in calls: 30.0 s over 60 outputs, 0.500 s each",
        "cost: 0.360 CNY, at 2.00 for a million tokens read and 8.00 for a million written",
    ]
    assert (other.options, other.limits) == ((), ())


@pytest.mark.parametrize(
    "bench", [{}, {"candidates": ["odd", 3]}, {"candidates": [{"name": NAMES[0], "generator": 7}]}]
)
def test_a_bench_that_tells_nothing_breaks_nothing(bench: dict[str, object]) -> None:
    found = candidate_facts(sample_run(bench=bench))
    assert [f.name for f in found] == [*NAMES]
    assert not any(f.options for f in found)


def test_licence_and_author_are_told_where_prompts_record_them() -> None:
    rows = sample_rows(prompts=20)
    assert [line.en for line in prompt_facts(build_run(rows))] == [
        "The prompts say nothing of their licence or author."
    ]
    rows["tag.license"] = ["CC BY 4.0", "MIT"] * (len(rows) // 2)
    assert [line.en for line in prompt_facts(build_run(rows))] == ["licence as the prompts say: CC BY 4.0, MIT"]
