"""report.html: verdict first, complete, self-contained, the same bytes for the same run."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib
import pandas as pd
import pytest
from sample_run import build_run, sample_rows, sample_run

from aigc_eval import report
from aigc_eval.publishing import OPTIONAL, REPORTS
from aigc_eval.records import Difference, Estimate, Run, Verdict
from aigc_eval.report import html
from aigc_eval.report.glance import glance
from aigc_eval.report.html.charts.colours import ZONE
from aigc_eval.report.mask import Masker

SVG = "{http://www.w3.org/2000/svg}"
SECTIONS = [
    "brief",
    "gates",
    "overview",
    "compare",
    "slices",
    "examples",
    "samples",
    "accuracy",
    "standards",
    "unscored",
    "methods",
    "deviations",
    "run",
    "signoff",
]


def page(run: Run, *languages: str) -> str:
    return html.html(run, Masker.of_run(run.rows, run.key), languages or ("en",))


def tree(text: str) -> Element:
    return html5lib.parse(text, namespaceHTMLElements=False)


def words(element: Element | None) -> str:
    assert element is not None
    return " ".join(" ".join(element.itertext()).split())


def by_class(root: Element, tag: str, name: str) -> list[Element]:
    return [e for e in root.iter(tag) if name in (e.get("class") or "").split()]


def test_the_verdict_comes_first_and_the_sections_in_order() -> None:
    root = tree(page(sample_run()))
    sections = list(root.iter("section"))
    assert "verdict" in (sections[0].get("class") or "")
    assert [s.get("id") for s in sections[1:]] == SECTIONS
    assert words(sections[0]).startswith("? Undetermined 1 gate fails.")


@pytest.mark.parametrize(
    ("gates", "said"),
    [
        (("fluency.perplexity <= 90",), "✓ Pass All 4 gates pass. Every bound meets its limit"),
        (("fluency.perplexity <= 2",), "✕ Fail 2 gates fail. baseline-v1, perplexity: even the lower bound"),
        ((), "– NOT GATED Not for release No gate was set, so nothing was decided."),
    ],
)
def test_each_verdict_is_said_with_its_reason(gates: tuple[str, ...], said: str) -> None:
    run = sample_run(gates)
    (card,) = by_class(tree(page(run)), "section", "verdict")
    assert words(card).startswith(said)


def test_it_loads_nothing_and_allows_only_its_own_style() -> None:
    text = page(sample_run(), "en", "zh")
    found = list(tree(text).iter())
    assert not {str(e.tag) for e in found} & {"link", "img", "iframe", "object", "embed", "base"}
    attributes = [(name, value) for e in found for name, value in e.attrib.items()]
    assert not [name for name, _ in attributes if re.match(r"src|srcset|style$|action|on\w+", str(name))]
    assert all(value.startswith("#") for name, value in attributes if str(name).endswith("href"))
    (style,), (script,) = ([e.text or "" for e in found if e.tag == tag] for tag in ("style", "script"))
    assert not re.search(r"https?://|url\(|import\s*\(|@import", style + script)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in text.replace("&#39;", "'")
    assert "&lt;" not in style
    assert "&#" not in style


def test_templates_never_switch_escaping_off() -> None:
    folder = Path(report.__file__).parent
    for path in [*folder.rglob("*.html"), *folder.rglob("*.py"), *folder.rglob("*.js")]:
        assert not re.search(r"\|\s*safe|Markup\(|autoescape\s*=\s*False|\{%-?\s*autoescape", path.read_text("utf-8"))


def test_every_gate_has_a_row_with_its_picture() -> None:
    run = sample_run()
    rows = by_class(tree(page(run)), "tr", "gate")
    assert len(rows) == len(run.verdicts)
    for row in rows:
        (svg,) = row.iter(f"{SVG}svg")
        assert svg.get("role") == "img"
        assert svg.get("aria-label")
        assert sum(e.get("fill") == ZONE for e in svg) == 1
        assert sum(e.get("stroke-dasharray") == "4,2" for e in svg) == 1


def test_what_stands_out_is_told_for_each_candidate() -> None:
    told = dict(glance(sample_run()))
    lines = [line.en for line in told["candidate-v2"]]
    assert any("Found in" in line and "mobile number" in line for line in lines), lines
    for line in (line for own in told.values() for line in own):
        assert line.zh != line.en or not line.en.isascii()


def test_a_candidate_of_which_nothing_was_scored_is_not_said_to_be_unremarkable() -> None:
    run = sample_run()
    none = replace(run, estimates=tuple(replace(e, value=None) for e in run.estimates), differences=())
    rows = none.rows.assign(**{"pii:spans": [()] * len(none.rows)})
    assert [line.en for lines in dict(glance(replace(none, rows=rows))).values() for line in lines] == [
        "Nothing was scored.",
        "Nothing was scored.",
    ]


def test_one_candidate_is_not_said_to_be_behind_another() -> None:
    assert "较为突出的问题占比" in page(build_run(sample_rows(("only",), prompts=10)), "zh")
    assert "较为突出的问题占比" not in page(sample_run(), "zh")


def test_the_tags_of_masks_are_explained_in_both_languages() -> None:
    found = page(sample_run(), "en", "zh")
    assert "CN_MOBILE：手机号" in found
    assert "CN_MOBILE: mobile number" in found


def test_a_candidate_stands_out_only_where_it_is_clearly_behind() -> None:
    run = sample_run()
    names, facts = ("baseline-v1", "candidate-v2"), ("pii", "leak_rate")
    clear = Difference(names[1], names[0], *facts, 0.2, 0.1, 0.3, p=1e-4, adjusted=1e-3, prompts=60)
    told = {
        who: dict(glance(replace(run, differences=(found,))))[who][0].en
        for who, found in (
            (names[1], clear),
            (names[0], replace(clear, value=-0.2, low=-0.3, high=-0.1)),
        )
    }
    assert told[names[1]].startswith("Privacy: outputs that leak personal data")
    assert f"({names[0]}: " in told[names[1]]
    assert f"({names[1]}: " in told[names[0]]
    for change in ({"adjusted": 0.051}, {"low": -0.01}, {"adjusted": None, "p": None}):
        found = dict(glance(replace(run, differences=(replace(clear, **change),))))  # type: ignore[arg-type]
        assert not any("leak personal data" in line.en for line in found[names[1]])


def test_the_comparison_tells_differences_and_only_clear_ones_as_such() -> None:
    run = sample_run()
    assert len(run.differences) >= 5
    section = next(s for s in tree(page(run)).iter("section") if s.get("id") == "compare")
    text, clear = words(section), [d for d in run.differences if d.clear]
    assert clear
    assert text.count("clearly better") == len(clear)
    assert "candidate-v2 − baseline-v1" in text
    untested = replace(run.differences[0], value=1.0, low=0.5, high=1.5, p=None, adjusted=None, method="mover(x, y)")
    text = words(tree(page(replace(run, differences=(untested,)))))
    assert "baseline-v1 ahead, not tested" in text
    none = words(tree(page(replace(run, differences=()))))
    assert "no interval, no comparison" in none


def test_of_many_candidates_each_is_compared_with_one() -> None:
    rows = sample_rows(("a", "b", "c"), prompts=40)
    run = build_run(rows)
    assert {(d.candidate, d.against) for d in run.differences} == {("b", "a"), ("c", "a")}
    found = next(d for d in run.differences if d.scorer == "pii")
    worse = replace(found, value=0.2, low=0.1, high=0.3, p=1e-4, adjusted=1e-3)
    text = words(tree(page(replace(run, differences=(worse,)))))
    assert "clearly worse +20.0 pp (10.0–30.0 pp)" in text.replace("\u00a0", " ")


def test_harmful_text_is_folded_and_evidence_is_marked() -> None:
    root = tree(page(sample_run()))
    examples = next(s for s in root.iter("section") if s.get("id") == "examples")
    folded = list(examples.iter("details"))
    assert folded
    assert all(d.get("open") is None for d in folded)
    insulted = [a for a in examples.iter("article") if "idiot" in words(a) or "蠢货" in words(a)]
    assert insulted
    assert all(list(a.iter("details")) for a in insulted)
    assert any("idiot" in words(m) or "蠢货" in words(m) for m in examples.iter("mark"))
    assert by_class(examples, "mark", "pii")
    assert "@example.com" not in words(examples)


def test_examples_are_the_worst_and_say_how_many_there_are() -> None:
    run = sample_run()
    found = {w.title.en: w for w in html.worst_examples(run, Masker.of_run(run.rows, run.key))}
    for group in found["Diversity"].groups:
        rows = run.rows[run.rows["candidate"] == group.candidate]
        assert group.examples[0].score == f"{rows['diversity'].min():.3f}"
        assert len({e.prompt for e in group.examples}) == len(group.examples) == 3
    leaks = found["Privacy"].groups[1]
    total = int((run.rows.loc[run.rows["candidate"] == "candidate-v2", "pii"] > 0).sum())
    assert leaks.counted.en == f"The worst 3 of {total} outputs short of the best score."


def test_what_was_not_scored_is_counted_with_its_reasons() -> None:
    rows = sample_rows(prompts=40)
    rows.loc[[3, 5], "toxicity:status"] = "failed"
    rows.loc[[3, 5], "toxicity:note"] = "window too long <b>"
    rows.loc[[3, 5], "toxicity"] = float("nan")
    rows.loc[7, "outcome"] = "refused"
    text = words(next(s for s in tree(page(build_run(rows))).iter("section") if s.get("id") == "unscored"))
    assert "refused" in text
    assert "Toxicity baseline-v1 118 2 0 2 × window too long <b>" in text
    assert "no reference" in text


def test_errors_are_told_by_kind_and_retries_counted() -> None:
    rows = sample_rows(prompts=40)
    for place, kind in ((3, "rate_limited"), (5, "over_budget")):
        rows.loc[place, ["outcome", "error", "attempts"]] = ["error", kind, 4]
    page_tree = tree(page(build_run(rows)))
    text = words(next(s for s in page_tree.iter("section") if s.get("id") == "unscored"))
    assert "error: rate limited not asked: cap reached asked again" in text
    methods = words(next(s for s in page_tree.iter("section") if s.get("id") == "methods"))
    assert "Scores outputs that are ok, truncated; any other is unscored, and gates count it as the worst." in methods


def test_a_run_without_anything_still_gives_a_page() -> None:
    rows = sample_rows(prompts=12)
    for name in ("fluency", "diversity", "toxicity", "pii", "factuality"):
        rows[name] = float("nan")
        rows[f"{name}:status"] = "failed"
        rows[f"{name}:note"] = "model crashed"
        rows[f"{name}:spans"] = pd.Series([()] * len(rows), dtype="object")
    run = build_run(rows)
    text = page(run, "zh", "en")
    html.check(text, run)
    assert not re.search(r"\bnan\b", words(tree(text)).lower())


def test_unknown_gates_and_metrics_do_not_break_the_page() -> None:
    found = Estimate("nobody", "no", "such", value=2.0)
    lost = Verdict("no.such <= 1", "nobody", "undetermined", (), (None, 1.0), found)
    run = sample_run()
    run = replace(run, verdicts=(*run.verdicts, replace(lost, candidate="candidate-v2")))
    html.check(page(run), run)


@pytest.mark.slow
def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); from sample_run import sample_run;"
        "from aigc_eval import report; report.write(sample_run(), Path(sys.argv[2]), formats=report.FORMATS,"
        "languages=('en', 'zh'))"
    )
    found = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        env = {"PYTHONHASHSEED": seed, "TZ": f"Etc/GMT+{seed}", "PATH": "/usr/bin:/bin"}
        subprocess.run([sys.executable, "-c", code, str(Path(__file__).parent), str(folder)], check=True, env=env)
        found.append({p.name: p.read_bytes() for p in sorted(folder.iterdir())})
    assert found[0] == found[1]
    assert found[0].keys() == REPORTS.keys() - OPTIONAL


@pytest.mark.slow
def test_ten_thousand_prompts_and_seven_candidates_stay_readable(tmp_path: Path) -> None:
    small = sample_rows(prompts=60)
    small = small[small["candidate"] == "candidate-v2"]
    parts = []
    for name in range(7):
        for copy in range(56):
            part = small.assign(candidate=f"candidate-{name}", prompt=small["prompt"] + f"-{copy}")
            parts.append(part)
    rows = pd.concat(parts, ignore_index=True)
    assert len(rows) > 70_000
    run = build_run(rows)
    started = time.process_time()
    files = report.write(run, tmp_path, formats=report.FORMATS, languages=("en", "zh"))
    assert time.process_time() - started < 60
    assert files["html"].stat().st_size < 20_000_000
    assert files["samples"].stat().st_size < 20_000_000
    assert files["markdown"].stat().st_size < 900_000
