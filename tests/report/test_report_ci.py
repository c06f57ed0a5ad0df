"""Reports for CI systems: what they require is there, and nothing without a pass is ever left out or made light of."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest
from sample_run import limited, sample_run

from aigc_eval import report
from aigc_eval.records import Reason, Run, Waiver
from aigc_eval.report import github, gitlab, sarif
from aigc_eval.report.findings import findings
from aigc_eval.report.words import say

CI = ("github", "gitlab", "sarif")
STRING = {"type": "string", "minLength": 1}
INDEX = {"type": "integer", "minimum": 0}
LINE = {"type": "integer", "minimum": 1}


def record(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """A JSON object with these members and no others."""
    members = {**required, **(optional or {})}
    return {"type": "object", "required": [*required], "properties": members, "additionalProperties": False}


def listed(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


TEXT = record({"text": STRING})
LEVEL = {"enum": ["none", "note", "warning", "error"]}
RULE = record(
    {"id": STRING},
    {"shortDescription": TEXT, "fullDescription": TEXT, "defaultConfiguration": record({"level": LEVEL})},
)
LOCATION = record(
    {
        "physicalLocation": record(
            {
                "artifactLocation": record({"uri": {"type": "string", "format": "uri-reference"}, "uriBaseId": STRING}),
                "region": record({"startLine": LINE}),
            }
        )
    }
)
RESULT = record(
    {"message": TEXT, "ruleId": STRING, "ruleIndex": INDEX, "level": LEVEL, "locations": listed(LOCATION)},
    {
        "partialFingerprints": {"type": "object", "additionalProperties": STRING},
        "suppressions": listed(record({"kind": {"enum": ["inSource", "external"]}, "justification": STRING})),
        "properties": {"type": "object"},
    },
)
RUN = record(
    {
        "tool": record({"driver": record({"name": STRING, "version": STRING, "rules": listed(RULE)})}),
        "results": listed(RESULT),
    },
    {
        "automationDetails": record({"id": STRING}),
        "invocations": listed(record({"executionSuccessful": {"type": "boolean"}, "exitCode": {"type": "integer"}})),
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "properties": {"type": "object"},
    },
)
SARIF = record({"version": {"const": "2.1.0"}, "runs": listed(RUN)}, {"$schema": STRING})
"""What SARIF 2.1.0 (OASIS, sections 3.13 to 3.58) says of the members that are written, and of no others."""
GITLAB = listed(
    record(
        {
            "description": STRING,
            "check_name": STRING,
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": record({"path": {"type": "string", "pattern": "^[^./]"}, "lines": record({"begin": LINE})}),
        }
    )
)
"""The members that GitLab's documentation of the code quality report format asks for."""
COMMAND = re.compile(r"::(error|warning|notice) file=([^,:]+),line=(\d+),title=([^,:]+)::([^\r\n]+)")


@pytest.fixture(scope="module")
def run() -> Run:
    """Gates of every outcome, two of them with a place of their own."""
    places = {"": "benches/a b.yaml:1", "pii.leak_rate <= 2 %": "benches/a b.yaml:12", "gone <= 1": "policy.yaml:3"}
    return sample_run(places=places)


def written(run: Run, folder: Path, lang: str = "en") -> dict[str, str]:
    files = report.write(run, folder, formats=CI, languages=[lang])
    assert [files[name].name for name in CI] == ["annotations.txt", "gl-code-quality.json", "report.sarif"]
    return {name: path.read_bytes().decode("utf-8") for name, path in files.items()}


def commands(text: str) -> list[tuple[str, str, int, str, str]]:
    """Level, file, line, title and message of each line, decoded as GitHub's runner does it."""
    found = []
    for line in text.splitlines():
        match = COMMAND.fullmatch(line)
        assert match, line
        level, file, number, title, message = match.groups()
        found.append((level, unquote(file), int(number), unquote(title), unquote(message)))
    return found


def due(run: Run) -> list[tuple[str, str, str]]:
    return [(v.gate, v.candidate, v.status) for v in run.verdicts if v.status != "pass"]


def failed_first(run: Run) -> list[tuple[str, str, str]]:
    return sorted(due(run), key=lambda found: found[2] != "fail")


def test_annotations_are_the_verdict_and_every_gate_without_a_pass(run: Run, tmp_path: Path) -> None:
    first, *others = commands(written(run, tmp_path)["github"])
    assert first[:4] == ("error", "benches/a b.yaml", 1, "release-2026-11: Undetermined")
    assert first[4].startswith("1 gate fails. 4 gates are undetermined.")
    assert [(level, title) for level, _, _, title, _ in others] == [
        ("error", f"{s}: {g}") for g, _, s in failed_first(run)
    ]
    assert all(candidate in told[4] for told, (_, candidate, _) in zip(others, failed_first(run), strict=True))
    lines = {title.partition(": ")[2]: line for _, _, line, title, _ in others}
    assert lines["pii.leak_rate <= 2 %"] == 12
    assert set(lines.values()) == {1, 12}
    leak = next(m for *_, t, m in others if t == "fail: pii.leak_rate <= 2 %")
    assert leak.startswith("candidate-v2, outputs that leak personal data: even the lower bound")
    assert "observed 7.22 % (3.66–13.7 %)" in leak


def test_percent_signs_are_encoded_once(run: Run, tmp_path: Path) -> None:
    text = written(run, tmp_path)["github"]
    assert "title=fail%3A pii.leak_rate <= 2 %25::" in text
    assert not re.search("%(?!25|0A|0D|2C|3A)", text)


def test_gitlab_gets_what_it_asks_for(run: Run, tmp_path: Path) -> None:
    entries = json.loads(written(run, tmp_path)["gitlab"])
    jsonschema.validate(entries, GITLAB)
    assert [e["check_name"] for e in entries] == [gate for gate, *_ in due(run)]
    severities = {"fail": "blocker", "undetermined": "critical"}
    assert [e["severity"] for e in entries] == [severities[status] for *_, status in due(run)]
    assert len({e["fingerprint"] for e in entries}) == len(entries) == 5


def test_sarif_has_a_rule_a_gate_and_a_result_for_each_without_a_pass(run: Run, tmp_path: Path) -> None:
    log = json.loads(written(run, tmp_path)["sarif"])
    jsonschema.validate(log, SARIF, format_checker=jsonschema.FormatChecker())
    (told,) = log["runs"]
    rules = [rule["id"] for rule in told["tool"]["driver"]["rules"]]
    assert rules == list(dict.fromkeys(v.gate for v in run.verdicts))
    assert [(r["ruleId"], r["properties"]["status"]) for r in told["results"]] == [(g, s) for g, _, s in due(run)]
    for result in told["results"]:
        assert result["level"] == "error"
        assert rules[result["ruleIndex"]] == result["ruleId"]
    assert {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in told["results"]} == {
        "benches/a%20b.yaml"
    }
    assert told["automationDetails"]["id"] == "aigc-eval/release-2026-11/"
    assert told["invocations"] == [{"executionSuccessful": True, "exitCode": 3}]
    assert told["tool"]["driver"]["version"] == "0.1.0"


def test_what_was_measured_does_not_change_a_fingerprint(run: Run) -> None:
    worse = replace(run, verdicts=tuple(replace(v, status="fail", reasons=()) for v in run.verdicts), places={})
    known = {(f.rule, f.candidate): f.fingerprint for f in findings(worse, "zh")}
    assert all(known[f.rule, f.candidate] == f.fingerprint for f in findings(run, "en"))
    assert len(set(known.values())) == len(run.verdicts)
    assert not {f.fingerprint for f in findings(replace(run, name="other"), "en")} & set(known.values())


def test_a_gate_that_is_there_twice_is_found_twice(run: Run, tmp_path: Path) -> None:
    twice = replace(run, verdicts=run.verdicts * 2)
    told = written(twice, tmp_path)
    assert len(commands(told["github"])) == 1 + 2 * len(due(run))
    assert len({e["fingerprint"] for e in json.loads(told["gitlab"])}) == 2 * len(due(run))


def test_the_first_language_is_spoken(run: Run, tmp_path: Path) -> None:
    told = written(run, tmp_path, "zh")
    assert commands(told["github"])[0][3] == "release-2026-11：未定"
    assert json.loads(told["gitlab"])[0]["description"].startswith("未定：")
    (log,) = json.loads(told["sarif"])["runs"]
    assert any(r["message"]["text"].startswith("不通过：pii.leak_rate") for r in log["results"])
    assert log["tool"]["driver"]["rules"][0]["shortDescription"]["text"] == "毒性输出占比"


def test_a_pass_is_a_notice_and_nothing_else(tmp_path: Path) -> None:
    told = written(sample_run(("fluency.perplexity <= 90",)), tmp_path)
    ((level, file, line, title, _),) = commands(told["github"])
    assert (level, file, line, title) == ("notice", "bench.yaml", 1, "release-2026-11: Pass")
    assert json.loads(told["gitlab"]) == []
    (log,) = json.loads(told["sarif"])["runs"]
    assert log["results"] == []
    assert log["tool"]["driver"]["rules"][0]["id"] == "fluency.perplexity <= 90"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_waived_is_told_and_blocks_nothing(run: Run, lang: str, tmp_path: Path) -> None:
    leave = Waiver("pii.leak_rate", "Li Wei", "known, fixed in 2.1", "2027-01-31", covers=("fail", "undetermined"))
    waived = tuple(v if v.status == "pass" else replace(v, waiver=leave) for v in run.verdicts)
    told = written(replace(run, verdicts=waived, status="pass", exit_code=0), tmp_path, lang)
    first, *others = commands(told["github"])
    assert first[0] == "notice"
    assert [(level, t) for level, _, _, t, _ in others] == [
        ("warning", say("colon", what=say(s), said=g).in_(lang)) for g, _, s in failed_first(run)
    ]
    assert all("Li Wei" in message and "2027-01-31" in message for *_, message in others)
    entries = json.loads(told["gitlab"])
    assert {e["severity"] for e in entries} == {"minor"}
    log = json.loads(told["sarif"])
    jsonschema.validate(log, SARIF)
    for result in log["runs"][0]["results"]:
        assert result["level"] == "warning"
        (suppression,) = result["suppressions"]
        assert "Li Wei" in suppression["justification"]
    assert [f.fingerprint for f in findings(run, lang)] == [e["fingerprint"] for e in entries]


def test_a_waiver_of_all_gates_does_not_hide_another_reason(run: Run) -> None:
    leave = Waiver("pii.leak_rate", "Li Wei", "known", "2027-01-31", covers=("fail", "undetermined"))
    limited_run = replace(run, verdicts=tuple(replace(v, waiver=leave) for v in run.verdicts), release=False)
    found = findings(limited_run, "en")
    assert [(f.rule, f.level) for f in found if not f.waiver] == [("verdict", "error")]
    github.check(github.github(limited_run, ("en",)), limited_run)


@pytest.mark.parametrize(
    ("status", "level", "severity"), [("undetermined", "error", "critical"), ("not_gated", "warning", "major")]
)
def test_a_run_that_no_gate_stops_is_stopped_all_the_same(
    status: str, level: str, severity: str, tmp_path: Path
) -> None:
    """A limited run, a report that failed, no gates at all."""
    green = sample_run(("fluency.perplexity <= 90",))
    told = replace(green, status="undetermined", release=False, reasons=limited(green.reasons, 10))
    run = told if status == "undetermined" else sample_run(())
    text = written(run, tmp_path)
    ((found, _, _, title, _),) = commands(text["github"])
    assert (found, "[Not for release]" in title) == (level, True)
    (entry,) = json.loads(text["gitlab"])
    assert (entry["check_name"], entry["severity"]) == ("verdict", severity)
    (log,) = json.loads(text["sarif"])["runs"]
    assert [(r["ruleId"], r["level"]) for r in log["results"]] == [("verdict", level)]
    jsonschema.validate(json.loads(text["sarif"]), SARIF)


def test_a_report_that_fails_makes_the_others_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> str:
        raise RuntimeError

    monkeypatch.setattr(report, "_WRITERS", {**report._WRITERS, "html": (("html", "report.html", broken, broken),)})
    green = sample_run(("fluency.perplexity <= 90",))
    with pytest.raises(report.ReportError):
        report.write(green, tmp_path, formats=["html", *CI], languages=["en"])
    assert commands((tmp_path / "annotations.txt").read_text("utf-8"))[0][0] == "error"
    assert len(json.loads((tmp_path / "gl-code-quality.json").read_text("utf-8"))) == 1


def test_files_that_do_not_read_back_are_an_error(run: Run) -> None:
    text = github.github(run, ("en",))
    for changed in (text.partition("\n")[2], text + "::error ::more\n", text.rstrip("\n"), "::notice " + text[8:]):
        with pytest.raises(ValueError, match="annotations"):
            github.check(changed, run)
    entries = json.loads(gitlab.gitlab(run, ("en",)))
    for wrong in (entries[1:], [entries[0], *entries[:-1]]):
        with pytest.raises(ValueError, match="entries"):
            gitlab.check(json.dumps(wrong), run)
    log = json.loads(sarif.sarif(run, ("en",)))
    results = log["runs"][0]["results"]
    for other in (results[1:], [{**results[0], "ruleIndex": 2}, *results[1:]]):
        with pytest.raises(ValueError, match="results"):
            sarif.check(json.dumps({"runs": [{**log["runs"][0], "results": other}]}), run)


def test_long_reasons_are_cut(run: Run, tmp_path: Path) -> None:
    long = tuple(replace(v, reasons=(Reason("x" * 9_000),)) for v in run.verdicts)
    for text in written(replace(run, verdicts=long), tmp_path).values():
        assert max(map(len, text.splitlines())) < 3_000


def test_they_are_written_for_those_who_ask() -> None:
    from aigc_eval.config.shape import FORMATS

    assert not set(CI) & set(FORMATS)
    assert {*CI, *FORMATS, "parquet"} == set(report.FORMATS)
