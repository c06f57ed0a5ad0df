"""Files: whole or absent, re-read, one failing format does not stop the others; CSV, JSON and JUnit hold the run."""

from __future__ import annotations

import csv
import json
import math
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
from sample_run import build_run, sample_rows, sample_run

from aigc_eval import report
from aigc_eval.publishing import OPTIONAL, REPORTS
from aigc_eval.records import Reason, Run
from aigc_eval.report import ReportError, csv_table, junit, markdown
from aigc_eval.report.files import write_atomically
from aigc_eval.report.mask import Masker


@pytest.fixture(scope="module")
def run() -> Run:
    return sample_run()


@pytest.fixture(scope="module")
def files(run: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return report.write(run, tmp_path_factory.mktemp("r"), formats=report.FORMATS, languages=("en", "zh"))


def test_every_format_is_written_and_nothing_else(files: dict[str, Path]) -> None:
    names = ["report.html", "rows.csv", "run.json", "summary.csv", "junit.xml", "summary.md"]
    names += ["annotations.txt", "gl-code-quality.json", "report.sarif", "summary.parquet", "rows.parquet"]
    assert sorted(p.name for p in files["html"].parent.iterdir()) == sorted(names)
    assert set(names) == REPORTS.keys() - OPTIONAL
    assert list(files) == ["html", "csv", "rows", "json", "junit", "markdown", "github", "gitlab", "sarif",
                           "parquet", "parquet rows"]  # fmt: skip


def test_summary_has_every_estimate_in_long_format(run: Run, files: dict[str, Path]) -> None:
    table = pd.read_csv(files["csv"], keep_default_na=False, encoding="utf-8-sig")
    assert list(table) == [
        *("candidate", "scorer", "metric", "slice", "value", "low", "high", "adverse", "level", "method"),
        *("planned", "scored", "failed", "not_applicable", "prompts", "unit", "better"),
        *("corrected", "corrected_low", "corrected_high", "ppi", "ppi_low", "ppi_high", "edition"),
    ]
    assert len(table) == len(run.estimates)
    for line, estimate in zip(table.to_dict("records"), run.estimates, strict=True):
        assert (line["candidate"], line["scorer"], line["slice"]) == (
            estimate.candidate,
            estimate.scorer,
            estimate.slice,
        )
        assert (float(line["value"]) if line["value"] != "" else None) == estimate.value
        assert int(line["planned"]) == estimate.planned


def test_rows_hold_every_output_and_numbers_stay_numbers(run: Run, files: dict[str, Path]) -> None:
    table = pd.read_csv(files["rows"], encoding="utf-8-sig")
    assert len(table) == len(run.rows)
    assert table["sample"].tolist() == run.rows["sample"].tolist()
    pd.testing.assert_series_equal(table["toxicity"], run.rows["toxicity"])
    pd.testing.assert_series_equal(table["fluency.nll"], run.rows["fluency.nll"])
    assert table["text_chars"].tolist() == [len(t) for t in run.rows["text"]]
    assert set(table["candidate"]) == {"baseline-v1", "candidate-v2"}


def test_texts_are_quoted_and_numbers_are_bare(files: dict[str, Path]) -> None:
    for name in ("csv", "rows"):
        line = files[name].read_bytes().decode("utf-8-sig").split("\r\n")[1]
        assert line.startswith('"')
        assert ",0." in line
        assert '"0.' not in line


def test_long_outputs_are_cut_but_counted_and_fingerprinted() -> None:
    rows = sample_rows(prompts=12)
    rows["text"] = pd.Series(["字" * 40_000, *rows["text"][1:]], dtype="object")
    run = build_run(rows)
    text = csv_table.rows(run, Masker.of_run(run.rows, run.key))
    csv.field_size_limit(131_072)
    first = next(csv.DictReader(text.removeprefix("\ufeff").splitlines(keepends=True)))
    assert len(first["text"]) <= 30_000
    assert first["text_chars"] == "40000"
    import hashlib

    assert first["text_sha256"] == hashlib.sha256(("字" * 40_000).encode()).hexdigest()


def test_run_json_gives_the_run_back(run: Run, files: dict[str, Path]) -> None:
    facts = json.loads(files["json"].read_text("utf-8"))
    assert facts.pop("edition") == "reviewer"
    assert (
        Run.from_facts(facts, run.rows, run.key) == run
        or Run.from_facts(facts, run.rows, run.key).facts() == run.facts()
    )


def test_what_is_not_finite_becomes_null(run: Run, tmp_path: Path) -> None:
    odd = replace(run, bench={"a": math.inf, "b": [math.nan]})
    report.write(odd, tmp_path, formats=["json"], languages=["en"])
    facts = json.loads((tmp_path / "run.json").read_text(), parse_constant=pytest.fail)
    assert facts["bench"] == {"a": None, "b": [None]}


def test_junit_has_a_case_a_gate_with_the_right_kind(run: Run, files: dict[str, Path]) -> None:
    root = ET.parse(files["junit"]).getroot()
    suites = list(root.iter("testsuite"))
    assert [s.get("name") for s in suites] == ["baseline-v1", "candidate-v2"]
    kinds = {"pass": None, "fail": "failure", "undetermined": "error"}
    for suite in suites:
        due = [v for v in run.verdicts if v.candidate == suite.get("name")]
        found = [(c.get("name"), c[0].tag if len(c) else None) for c in suite.iter("testcase")]
        assert found == [(v.gate, kinds[v.status]) for v in due]
        assert int(suite.get("failures", "")) == sum(v.status == "fail" for v in due)
        assert int(suite.get("errors", "")) == sum(v.status == "undetermined" for v in due)
    assert not list(root.iter("skipped"))


@pytest.mark.parametrize("status", ["undetermined", "not_gated"])
def test_junit_is_never_green_without_a_pass(status: str) -> None:
    gates = ("fluency.perplexity <= 90",) if status == "undetermined" else ()
    run = sample_run(gates, status=status, reasons=(Reason("report_failed", {"format": "html"}),))
    text = junit.junit(run, ("en",))
    junit.check(text, run)
    assert ET.fromstring(text.encode()).get("errors") == "1"


def test_markdown_says_the_verdict_the_gates_and_the_metrics(run: Run, files: dict[str, Path]) -> None:
    text = files["markdown"].read_text("utf-8")
    assert text.startswith("## release-2026-11: ? Undetermined\n\n1 gate fails. 4 gates are")
    assert text.count("`pii.leak_rate <= 2 %`") == 4
    assert "| ✕ fail | `candidate-v2` | `pii.leak_rate <= 2 %` | 7.22 % | 3.66–13.7 % | ≤ 2 % | even the lower" in text
    assert "困惑度" in text


def test_markdown_stays_under_its_cap(run: Run) -> None:
    many = replace(run, verdicts=run.verdicts * 300)
    text = markdown.markdown(many, ("en", "zh"))
    assert len(text.encode()) <= markdown.CAP
    assert text.startswith("## release")
    assert text.rstrip().endswith("report.html.")


def test_a_failing_format_does_not_stop_the_others(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> str:
        raise RuntimeError("secret text a@b.example")

    (tmp_path / "report.html").write_text("an old green report")
    monkeypatch.setattr(report, "_WRITERS", {**report._WRITERS, "html": (("html", "report.html", broken, broken),)})
    green = sample_run(("fluency.perplexity <= 90",))
    with pytest.raises(ReportError) as caught:
        report.write(green, tmp_path, formats=["html", "junit", "json"], languages=["en"])
    assert caught.value.exit_code == 3
    assert str(caught.value) == "html: report.html: RuntimeError"
    assert sorted(caught.value.written) == ["json", "junit"]
    assert not (tmp_path / "report.html").exists()
    assert json.loads((tmp_path / "run.json").read_text())["status"] == "undetermined"
    assert ET.parse(tmp_path / "junit.xml").getroot().get("errors") == "1"


def test_unknown_formats_are_named(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="pdf: unknown format; known are html, csv"):
        report.write(run, tmp_path, formats=["pdf", "json"], languages=["en"])
    assert (tmp_path / "run.json").exists()


def test_counts_that_do_not_read_back_are_an_error(run: Run) -> None:
    text = csv_table.summary(run)
    with pytest.raises(ValueError, match="reads back"):
        csv_table.check(text.rsplit("\r\n", 2)[0], len(run.estimates))
    with pytest.raises(ValueError, match="junit"):
        junit.check(junit.junit(run, ("en",)).replace('errors="4"', 'errors="0"'), run)


def test_writing_leaves_the_old_file_where_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    write_atomically(path, "old")
    assert stat.S_IMODE(path.stat().st_mode) & 0o600 == 0o600
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
