"""Metrics over releases: what is drawn, what can be compared, what the page and the table say."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib
import pytest

from aigc_eval import config, runner, trends
from aigc_eval.cli import main
from aigc_eval.errors import JournalError, UsageError
from aigc_eval.report.html.charts import Album
from aigc_eval.trends.picture import picture
from aigc_eval.trends.table import COLUMNS

SVG = "{http://www.w3.org/2000/svg}"
GOOD, LEAK = "The answer to %s is easy.", "The answer to %s: call 13812345678 now."
CREATED = {"first": 1_790_000_000, "second": 1_792_000_000, "third": 1_794_000_000, "fourth": 1_796_000_000}


def carry_out(home: Path, leaks: int, gates: str, *, prompts: int = 40, pii: str = "pii", who: str = "bot") -> Path:
    """A run of recorded answers of which the first `leaks` leak."""
    home.mkdir()
    lines = [
        {
            "id": f"p{i}",
            "prompt": f"Question {i}?",
            "lang": "zh" if i % 2 else "en",
            "label": "toxic" if i < 9 else "no",
        }
        for i in range(prompts)
    ]
    given = [{"id": f"p{i}", "text": (LEAK if i < leaks else GOOD) % i} for i in range(prompts)]
    for name, records in (("prompts", lines), ("answers", given)):
        (home / f"{name}.jsonl").write_text("\n".join(map(json.dumps, records)), "utf-8")
    (home / "bench.yaml").write_text(
        f"name: {home.name}\nprompts: [prompts.jsonl]\nscorers: [fluency, {pii}]\nslices: [lang]\n"
        f"candidates: [{{name: {who}, generator: {{replay: answers.jsonl}}}}]\ngates: {gates}\n"
        "report: {formats: [json]}\n",
        "utf-8",
    )
    runner.run(config.load(home / "bench.yaml"), home / "out")
    return home / "out"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Four releases: good, worse, with other prompts, with another scorer; the last three judged more strictly."""
    home = tmp_path_factory.mktemp("runs")
    strict = "[pii.leak_rate <= 10 %, {gate: pii.leak_rate <= 30 %, where: {lang: zh}}]"
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        for name, leaks, gates, more in (
            ("first", 0, "[pii.leak_rate <= 20 %]", {}),
            ("second", 16, strict, {}),
            ("third", 1, strict, {"prompts": 60}),
            ("fourth", 1, strict, {"pii": "{pii: {placeholders: false}}", "who": "bot-4"}),
        ):
            patch.setenv("SOURCE_DATE_EPOCH", str(CREATED[name]))
            found[name] = carry_out(home / name, leaks, gates, **more)  # type: ignore[arg-type]
    return found


def leak_rate(trend: trends.Trend, where: str = "") -> trends.Series:
    (found,) = [s for s in trend.series if s.name == "pii.leak_rate" and s.slice == where]
    return found


def tree(text: str) -> Element:
    return html5lib.parse(text, namespaceHTMLElements=False)


def test_a_trend_tells_no_more_than_the_reports_of_any_run(runs: dict[str, Path], tmp_path: Path) -> None:
    hushed = tmp_path / "hushed"
    shutil.copytree(runs["first"], hushed)
    runner.report_again(hushed, ["json"], ["en"], "public")
    assert trends.collect([hushed, runs["second"]]).edition == "public"
    assert trends.collect([hushed, runs["second"]], "internal").edition == "internal"
    runner.report_again(hushed, ["json"], ["en"], "internal")
    assert trends.collect([hushed, runs["second"]]).edition == "reviewer"


def test_gated_metrics_come_first_and_runs_by_their_time(runs: dict[str, Path]) -> None:
    trend = trends.collect([runs["second"], runs["first"]])
    assert [r.run.name for r in trend.releases] == ["first", "second"]
    assert [(s.name, s.slice, s.gated) for s in trend.series] == [
        ("pii.leak_rate", "", True),
        ("pii.leak_rate", "lang=zh", True),
        ("fluency.degenerate_rate", "", False),
    ]
    points = leak_rate(trend).points
    assert [p.estimate.value for p in points if p.estimate] == [0.0, 0.4]
    assert [[v.status for v in p.verdicts] for p in points] == [["pass"], ["fail"]]
    assert [p.zone for p in points] == [(None, 0.2), (None, 0.1)]
    given = trends.collect([runs["second"], runs["first"]], as_given=True)
    assert [r.run.name for r in given.releases] == ["second", "first"]


def test_a_metric_that_only_one_run_gates_is_followed_in_all(runs: dict[str, Path]) -> None:
    points = leak_rate(trends.collect([runs["first"], runs["second"]]), "lang=zh").points
    assert [p.estimate.value for p in points if p.estimate] == [0.0, 0.4]
    assert [len(p.verdicts) for p in points] == [0, 1]


def test_what_cannot_be_compared_is_told_and_hollow(runs: dict[str, Path]) -> None:
    trend = trends.collect([runs["first"], runs["third"], runs["second"]], as_given=True)
    assert [p.apart for p in leak_rate(trend).points] == [(), ("prompts",), ()]
    sketch = picture(leak_rate(trend), 3, ())
    assert [m.hollow for m in sketch.marks if m.kind == "point"] == [False, True, False]
    other = trends.collect([runs["first"], runs["fourth"]])
    assert [p.apart for p in leak_rate(other).points] == [("scorer",), ()]
    (fluency,) = [s for s in other.series if s.name.startswith("fluency.")]
    assert [p.apart for p in fluency.points] == [(), ()]
    html = trends.page(other, ("en", "zh"))
    assert "no: the scorer was another version, or had other options" in html
    assert "评分器版本或选项不同" in html
    assert "Hollow dots" in html
    same = trends.page(trends.collect([runs["first"], runs["second"]]), ("en", "zh"))
    assert "Hollow dots" not in same


def test_a_metric_that_reads_a_scorer_changes_with_it(tmp_path: Path) -> None:
    reader = "{subgroup_auc: {of: pii, by: lang}}"
    one = carry_out(tmp_path / "one", 5, "[]", prompts=12, pii=f"pii, {reader}")
    two = carry_out(tmp_path / "two", 5, "[]", prompts=12, pii=f"{{pii: {{placeholders: false}}}}, {reader}")
    (auc,) = [s for s in trends.collect([one, two], as_given=True).series if s.name.startswith("subgroup_auc.")]
    assert [p.apart for p in auc.points] == [("scorer",), ()]


def test_the_picture_stands_where_its_numbers_say(runs: dict[str, Path]) -> None:
    series = leak_rate(trends.collect([runs["first"], runs["second"]]))
    marks = picture(series, 2, ()).marks
    first, second = [m for m in marks if m.kind == "point"]
    assert first.x < second.x
    assert first.y > second.y
    limits = [m for m in marks if m.kind == "limit"]
    assert limits[0].x < first.x < limits[0].x2 < limits[1].x < second.x < limits[1].x2
    assert limits[0].y < limits[1].y  # the second limit is the lower one
    assert first.y > limits[0].y
    assert second.y < limits[1].y
    drawn = Album().add(picture(series, 2, ()))
    assert [e.text for e in drawn.elements if e.text][-2:] == ["1", "2"]


def test_candidates_of_one_run_stand_side_by_side(runs: dict[str, Path]) -> None:
    trend = trends.collect([runs["first"], runs["fourth"]])
    assert trend.candidates == ("bot", "bot-4")
    shapes = {m.shape for m in picture(leak_rate(trend), 2, ()).marks if m.kind == "point"}
    assert shapes == {"circle"}  # one candidate a run: the run tells them apart
    looks = {m.shape for m in picture(leak_rate(trend), 2, trend.candidates).marks if m.kind == "point"}
    assert looks == {"circle", "square"}


def test_the_page_is_whole_bilingual_and_without_any_text(runs: dict[str, Path]) -> None:
    trend = trends.collect([runs["first"], runs["second"]])
    text = trends.page(trend, ("en", "zh"))
    assert "13812345678" not in text
    assert "The answer" not in text
    assert "Question" not in text
    assert not re.search(r"<script|<link|<img|<iframe|https?://|url\(|@import|style=|\son\w+=", text)
    root = tree(text)
    assert len([*root.iter("article")]) == len(trend.series)
    for article in root.iter("article"):
        (svg,) = [s for s in article.iter(f"{SVG}svg") if s.get("role") == "img"]
        assert svg.get("aria-label")
    words = {s.get("lang"): 0 for s in root.iter("span")}
    assert {"en", "zh"} <= set(words)
    english = [*root.iterfind(".//span[@lang='en']")]
    assert len(english) == len([*root.iterfind(".//span[@lang='zh']")])
    assert "✕ fail" in " ".join(" ".join(root.itertext()).split())
    assert trends.page(trend, ("zh",)).startswith('<!doctype html>\n<html lang="zh">')


def test_the_table_reads_back(runs: dict[str, Path]) -> None:
    trend = trends.collect([runs["first"], runs["second"], runs["third"]])
    text = trends.table(trend)
    assert text.startswith("\ufeff")
    rows = [*csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))]
    assert tuple(rows[0]) == COLUMNS
    found = [r for r in rows if r["metric"] == "pii.leak_rate" and not r["slice"]]
    assert [(r["release"], r["value"], r["limit_high"], r["verdict"]) for r in found][:2] == [
        ("1", "0.0", "0.2", "pass"),
        ("2", "0.4", "0.1", "fail"),
    ]
    assert [r["not_comparable"] for r in found] == ["prompts", "prompts", ""]
    assert "13812345678" not in text


def test_the_command_writes_both_files(
    runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [str(runs["first"]), str(runs["second"])]
    assert main(["report", *folders, "--out", str(tmp_path / "t"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [Path(f).name for f in said["files"]] == ["trend.html", "trend.csv"]
    assert len(said["runs"]) == 2
    before = [(tmp_path / "t" / n).read_bytes() for n in ("trend.html", "trend.csv")]
    assert main(["report", *reversed(folders), "--out", str(tmp_path / "t")]) == 0
    assert [(tmp_path / "t" / n).read_bytes() for n in ("trend.html", "trend.csv")] == before
    assert main(["report", *folders, "--out", str(tmp_path / "i"), "--edition", "internal"]) == 0
    assert (tmp_path / "i" / "trend.html").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "add --out DIR"),
        (("--out", "x", "--format", "csv"), "leave --format"),
    ],
)
def test_several_runs_need_a_folder_and_no_format(
    runs: dict[str, Path], more: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(runs["first"]), str(runs["second"]), *more]) == 2
    assert said in capsys.readouterr().err


def test_one_run_takes_no_folder(runs: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(runs["first"]), "--out", "x"]) == 2
    assert "for several runs" in capsys.readouterr().err


def test_each_run_is_given_once_and_must_be_one(runs: dict[str, Path], tmp_path: Path) -> None:
    copy = shutil.copytree(runs["first"], tmp_path / "copy")
    with pytest.raises(UsageError, match="hold the same run"):
        trends.collect([runs["first"], copy])
    with pytest.raises(JournalError):
        trends.collect([runs["first"], tmp_path])
