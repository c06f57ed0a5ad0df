"""report.sarif: SARIF 2.1.0, for code scanning. Rules are the gates, results those without a pass."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from aigc_eval.records import Edition, Run
from aigc_eval.report.escape import sarif_text
from aigc_eval.report.files import Unreadable
from aigc_eval.report.findings import RUN, Finding, findings, rule_of
from aigc_eval.report.words import gate_title, headline, metric_facts, state

__all__ = ["SCHEMA", "check", "sarif"]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

Json = Mapping[str, Any]


def sarif(run: Run, languages: Sequence[str], edition: Edition = "reviewer") -> str:
    """The log as JSON, in the first language, ASCII only."""
    found = findings(run, languages[0], edition)
    rules = _rules(run, found, languages[0])
    index = {rule: number for number, rule in enumerate(rules)}
    driver = {"name": "aigc-eval", "version": run.versions.get("aigc-eval", "unknown"), "rules": [*rules.values()]}
    told: Json = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"aigc-eval/{sarif_text(run.name)}/"},
        "invocations": [{"executionSuccessful": True, "exitCode": run.exit_code}],
        "columnKind": "unicodeCodePoints",
        "results": [_result(f, index[f.rule]) for f in found],
        "properties": {"status": state(run), "release": run.release, "edition": edition},
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [told]}, indent=1, allow_nan=False) + "\n"


def _rules(run: Run, found: Sequence[Finding], lang: str) -> dict[str, Json]:
    """Every gate that judged, in the bench's order, and what a finding about the run is of."""
    facts = metric_facts(run)
    rules: dict[str, Json] = {}
    for verdict in run.verdicts:
        name = rule_of(verdict.gate)
        estimate = verdict.estimate
        known = facts.get((estimate.scorer, estimate.metric)) if estimate else None
        about = known[1].about.in_(lang) if known else ""
        rules.setdefault(name, _rule(name, gate_title(run, verdict).in_(lang), about))
    if any(f.rule == RUN for f in found):
        rules[RUN] = _rule(RUN, headline(run).in_(lang), "")
    return rules


def _rule(name: str, title: str, about: str) -> Json:
    text = sarif_text(title)
    return {
        "id": name,
        "shortDescription": {"text": text},
        "fullDescription": {"text": sarif_text(about) or text},
        "defaultConfiguration": {"level": "error"},
    }


def _result(finding: Finding, rule: int) -> Json:
    place = {
        "artifactLocation": {"uri": quote(finding.file, errors="surrogatepass"), "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": finding.line},
    }
    leave = [{"kind": "external", "justification": sarif_text(finding.waiver)}] if finding.waiver else []
    return {
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": finding.level,
        "message": {"text": sarif_text(f"{finding.title}. {finding.message}")},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"primaryLocationLineHash": finding.fingerprint},  # the name that GitHub looks for
        "suppressions": leave,
        "properties": {"status": finding.status},
    }


def check(text: str, run: Run) -> None:
    """Raise unless the written log parses and has a result for every finding, each of a rule that it names."""
    (told,) = json.loads(text)["runs"]
    rules = [rule["id"] for rule in told["tool"]["driver"]["rules"]]
    due = len(findings(run, "en"))
    if len(told["results"]) != due or any(rules[r["ruleIndex"]] != r["ruleId"] for r in told["results"]):
        raise Unreadable(f"report.sarif has {len(told['results'])} results for {due} findings")
