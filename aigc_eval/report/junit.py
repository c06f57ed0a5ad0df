"""junit.xml for CI: a suite a candidate, a case a gate. Fail is a failure, undetermined an error."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from aigc_eval.records import Edition, Run
from aigc_eval.report.escape import visible
from aigc_eval.report.files import Unreadable
from aigc_eval.report.view import waived
from aigc_eval.report.words import gate_sentence, gate_title, headline, say, state, why

__all__ = ["check", "junit"]


def junit(run: Run, languages: Sequence[str], edition: Edition = "reviewer") -> str:
    """The XML text, in the first language.

    A run that does not pass although no gate says so (none was set, a report failed) gets a suite of its own with one
    error, so that CI never reads it as green.
    """
    lang = languages[0]
    root = ET.Element("testsuites", _counts(run, ""), name=visible(run.name))
    for name in dict.fromkeys([*(c.name for c in run.candidates), *(v.candidate for v in run.verdicts)]):
        suite = ET.SubElement(root, "testsuite", _counts(run, name), name=visible(name))
        _marked(suite, edition)
        for verdict in [v for v in run.verdicts if v.candidate == name]:
            case = ET.SubElement(suite, "testcase", name=visible(verdict.gate), classname=visible(name))
            if verdict.waiver is not None:
                told = f"{gate_sentence(run, verdict, lang)}; {waived(verdict)[0].in_(lang)}"
                ET.SubElement(case, "system-out").text = visible(told)
            elif verdict.status != "pass":
                reason = visible(gate_sentence(run, verdict, lang))
                kind = "failure" if verdict.status == "fail" else "error"
                found = ET.SubElement(case, kind, message=reason, type=verdict.status)
                found.text = visible(say("colon", what=gate_title(run, verdict), said=reason).in_(lang))
    if _silent(run):
        suite = ET.SubElement(root, "testsuite", name="run", tests="1", failures="0", errors="1", skipped="0")
        _marked(suite, edition)
        case = ET.SubElement(suite, "testcase", name="verdict", classname="run")
        ET.SubElement(case, "error", message=visible(why(run, lang)), type=state(run)).text = headline(run).in_(lang)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _marked(suite: ET.Element, edition: Edition) -> None:
    """Properties come first in a suite, and nowhere else in the format's usual schemas."""
    ET.SubElement(ET.SubElement(suite, "properties"), "property", name="edition", value=edition)


def _silent(run: Run) -> bool:
    """Whether the run has no pass and no gate that says why."""
    return state(run) != "pass" and all(v.counts_as == "pass" for v in run.verdicts)


def _counts(run: Run, candidate: str) -> dict[str, str]:
    own = [v.counts_as for v in run.verdicts if candidate in ("", v.candidate)]
    extra = not candidate and _silent(run)
    return {
        "tests": str(len(own) + extra),
        "failures": str(own.count("fail")),
        "errors": str(own.count("undetermined") + extra),
        "skipped": "0",
    }


def check(text: str, run: Run) -> None:
    """Raise unless the written XML parses, its counts are right, and it has a case for every verdict."""
    root = ET.fromstring(text.encode("utf-8"))  # noqa: S314 (our own file, just written)
    cases = list(root.iter("testcase"))
    for suite in [root, *root.iter("testsuite")]:
        for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
            if int(suite.get(attribute, "-1")) != len(list(suite.iter(tag))):
                raise Unreadable(f"junit.xml counts {attribute} wrongly")
    if len(cases) != len(run.verdicts) + _silent(run):
        raise Unreadable(f"junit.xml has {len(cases)} cases for {len(run.verdicts)} verdicts")
