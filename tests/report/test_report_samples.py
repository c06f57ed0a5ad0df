"""All outputs in the report: what is flagged, in which order, under which key, and what a reviewer has seen."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import pandas as pd
import pytest
from sample_run import build_run, sample_rows, sample_run

from aigc_eval import report
from aigc_eval.records import Dimension, Review, Run, Span
from aigc_eval.report import html
from aigc_eval.report.flags import flags_of, harmful
from aigc_eval.report.html import sample_list
from aigc_eval.report.mask import Masker
from aigc_eval.report.page import Page
from aigc_eval.report.samples import Sample, each_sample, samples


def masker(run: Run) -> Masker:
    return Masker.of_run(run.rows, run.key)


def listed(run: Run) -> list[Sample]:
    return samples(run, masker(run))


def changed(column: str, place: int, value: object) -> Run:
    rows = sample_rows(prompts=12)
    values = rows[column].tolist()
    values[place] = value
    rows[column] = pd.Series(values, dtype=rows[column].dtype)
    return build_run(rows)


def section(text: str) -> Element:
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    return next(s for s in tree.iter("section") if s.get("id") == "samples")


def articles(text: str) -> list[Element]:
    return list(section(text).iter("article"))


def words(element: Element) -> str:
    return " ".join(" ".join(element.itertext()).split())


def test_every_output_is_there_once_under_its_own_key() -> None:
    run = sample_run()
    found = listed(run)
    assert sorted(s.place for s in found) == list(range(len(run.rows)))
    assert len({s.key for s in found}) == len(run.rows)
    for sample in found[:20]:
        row = run.rows.iloc[sample.place]
        message = json.dumps([row["candidate"], row["prompt"], int(row["sample"])]).encode()
        assert sample.key == hmac.digest(run.key, message, "sha256").hex()[:16]
    other = replace(run, key=b"another key")
    assert {s.key for s in listed(other)}.isdisjoint(s.key for s in found)


def test_those_asked_for_by_key_are_as_among_all() -> None:
    run = sample_run()
    found = listed(run)
    wanted = [found[200], found[3]]
    assert samples(run, masker(run), [s.key for s in wanted]) == [found[3], found[200]]


def test_a_scorer_flags_faults_bad_scores_and_its_own_failures() -> None:
    rows = sample_rows(prompts=12)
    for name in ("fluency", "diversity", "toxicity", "pii", "factuality"):
        rows[f"{name}:spans"] = pd.Series([()] * len(rows), dtype="object")
        rows[f"{name}:status"] = "scored"
        rows[name] = {"diversity": 0.9, "factuality": 0.9}.get(name, 0.0)
    rows.loc[0, "toxicity"] = 0.5  # the middle counts
    rows.loc[1, "toxicity"] = 0.499
    rows.loc[2, "diversity"] = 0.5  # higher is better
    rows.loc[3, "diversity"] = 0.501
    rows.loc[4, "fluency"] = 99.0  # its main metric has no worst end
    rows.at[5, "toxicity:spans"] = (Span(0, 3, "insult"),)
    rows.at[6, "factuality:spans"] = (Span(0, 3, "reference", supports=True),)
    rows.at[7, "pii:spans"] = (Span(0, 3, "NAME", sensitive=True, target="prompt"),)
    rows.loc[8, "factuality:status"] = "failed"
    rows.loc[8, "factuality"] = float("nan")
    rows.loc[9, "factuality:status"] = "na"
    rows.loc[9, "factuality"] = float("nan")
    found = {s.place: [f.scorer for f in s.flags] for s in listed(build_run(rows))}
    flagged = {place: names for place, names in found.items() if names}
    assert flagged == {0: ["toxicity"], 2: ["diversity"], 5: ["toxicity"], 8: ["factuality"]}


def test_the_worst_come_first_and_ties_as_in_the_run() -> None:
    run = sample_run()
    flags = flags_of(run)
    found = listed(run)
    about, failed = flags.about.sum(axis=1), flags.failed.sum(axis=1)
    bad = (flags.badness * flags.about).sum(axis=1)
    marks = [(-int(about[s.place]), -float(bad[s.place]), -int(failed[s.place])) for s in found]
    order = [(*m, s.place) for m, s in zip(marks, found, strict=True)]
    assert order == sorted(order)
    assert len({m[0] for m in marks}) > 1
    first = {s.place for s in found[: sum(bool(s.flags) for s in found)]}
    assert all(s.place in first for s in found if s.flags)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("text", "something else"),
        ("prompt_text", "another question"),
        ("references", ("another answer",)),
        ("evidence", ("another passage",)),
        ("tag.category", "other"),
        ("outcome", "truncated"),
        ("detail", "remark"),
        ("toxicity", 0.75),
        ("toxicity:spans", (Span(0, 3, "insult"),)),
    ],
)
def test_what_was_seen_is_another_where_anything_shown_is(column: str, value: object) -> None:
    before, after = (
        {s.place: s.seen for s in listed(run)}
        for run in (build_run(sample_rows(prompts=12)), changed(column, 4, value))
    )
    assert [place for place in before if before[place] != after[place]] == [4]
    assert re.fullmatch("[0-9a-f]{64}", after[4])


def test_what_was_seen_is_the_same_whatever_the_language_or_the_other_outputs() -> None:
    run = sample_run()
    few = replace(run, rows=run.rows[run.rows["candidate"] == "candidate-v2"].reset_index(drop=True))
    known = {s.key: s.seen for s in listed(run)}
    assert all(known[s.key] == s.seen for s in listed(few))


def test_values_are_masked_and_findings_marked() -> None:
    run = sample_run()
    texts = {s.place: "".join(p.text for p in (*s.question, *s.answer)) for s in listed(run)}
    leaking = [i for i, spans in enumerate(run.rows["pii:spans"]) if spans]
    assert leaking
    for place in leaking:
        assert "@example.com" not in texts[place]
        assert "⟦EMAIL_ADDRESS·" in texts[place]
    insulted = [s for s in listed(run) if any(p.labels == "insult" for p in s.answer)]
    assert insulted
    assert all(s.harmful and ("insult", 1) in s.flags[0].labels for s in insulted if len(s.flags) == 1)


@pytest.mark.parametrize(
    ("dimensions", "name", "folds"),
    [(("toxicity",), "mine", True), (("pii",), "unsafe", False), ((), "unsafe", True), ((), "mine", False)],
)
def test_what_harms_is_what_a_scorer_says_it_is_about(
    dimensions: tuple[Dimension, ...], name: str, folds: bool
) -> None:
    """Its name counts only where it says nothing."""
    run = sample_run()
    scorer = next(s for s in run.scorers if s.name == "toxicity")
    rows = run.rows.rename(columns=lambda c: re.sub("^toxicity", name, c))
    own = replace(scorer, name=name, signature="Mine|version:1", dimensions=dimensions)
    assert harmful(replace(run, rows=rows, scorers=(own,))).any() == folds


def test_the_page_lists_every_output_and_folds_harmful_ones() -> None:
    run = sample_run()
    text = html.html(run, masker(run), ("en", "zh"))
    found, known = articles(text), listed(run)
    assert [a.get("id") for a in found] == [f"sample-{s.key}" for s in known]
    for article, sample in zip(found, known, strict=True):
        assert bool(list(article.iter("details"))) == sample.harmful
        assert article.get("data-seen") == (sample.seen if sample.flags else None)
        assert len(list(article.iter("li"))) == len(sample.flags)
    assert "@example.com" not in words(section(text))


def test_recorded_decisions_stand_beside_what_they_are_about() -> None:
    run = sample_run()
    first = listed(run)[0]
    row = run.rows.iloc[first.place]
    flag = first.flags[0].scorer
    one = Review(
        key=first.key,
        candidate=row["candidate"],
        prompt=row["prompt"],
        sample=int(row["sample"]),
        scorer=flag,
        decision="false_positive",
        reviewer="<b>李娜",
        at="2026-11-23T04:00:00Z",
        seen=first.seen,
        edition="reviewer",
        file="0" * 64,
        imported="2026-11-23T05:00:00Z",
        note="a <i>remark\u202e",
    )
    reviewed = replace(run, reviews=(one, replace(one, reviewer="Ann", decision="needs_fix", note="")))
    text = html.html(reviewed, masker(run), ("en", "zh"))
    told = [words(p) for p in articles(text)[0].iter("p")]
    assert told == [
        "○ false positive 误报 · <b>李娜 · 2026-11-23T04:00:00Z · a <i>remark⟦U+202E⟧",
        "▲ needs a fix 需整改 · Ann · 2026-11-23T04:00:00Z",
    ]
    assert not any(list(a.iter("p")) for a in articles(text)[1:])
    assert listed(reviewed)[0].seen == first.seen


def test_controls_are_hidden_until_the_script_shows_them() -> None:
    run = sample_run()
    own = section(html.html(run, masker(run), ("en", "zh")))
    controls = [e for e in own.iter() if e.tag in ("form", "nav") or e.get("class") == "review"]
    assert len(controls) == 3
    assert all("hidden" in e.attrib for e in controls)
    (script,) = own.iter("script")
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|eval\(|new Function|document\.write|fetch\(|XMLHttp", script.text or ""
    )
    assert not [e for e in own.iter() if any(name.startswith("on") for name in e.attrib)]


def test_the_script_is_allowed_by_its_hash_and_nothing_else_is() -> None:
    import base64

    run = sample_run()
    tree = html5lib.parse(html.html(run, masker(run), ("en", "zh")), namespaceHTMLElements=False)
    (script,) = tree.iter("script")
    (policy,) = [m.get("content") for m in tree.iter("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    digest = base64.b64encode(hashlib.sha256((script.text or "").encode()).digest()).decode()
    rules = [rule.split() for rule in policy.split(";")]
    assert ["default-src", "'none'"] in rules
    assert [rule for rule in rules if rule[0].startswith("script")] == [["script-src", f"'sha256-{digest}'"]]


def test_the_public_edition_has_no_sample() -> None:
    run = sample_run()
    text = html.html(run, masker(run), ("en", "zh"), "public")
    assert "Prompts and outputs are not part of the public edition." in words(section(text))
    assert not articles(text)
    assert "<script" not in text
    assert "script-src" not in text


def room(monkeypatch: pytest.MonkeyPatch, here: int, there: int) -> None:
    monkeypatch.setattr(sample_list, "HERE", here)
    monkeypatch.setattr(sample_list, "THERE", there)


def test_what_does_not_fit_is_in_the_companion_and_the_rest_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = sample_run()
    room(monkeypatch, 60_000, 40_000)
    files = report.write(run, tmp_path, formats=("html",), languages=("en", "zh"))
    texts = {name: files[name].read_text("utf-8") for name in ("html", "samples")}
    here, there = (articles(texts[name]) for name in ("html", "samples"))
    order = [f"sample-{s.key}" for s in listed(run)]
    assert [a.get("id") for a in (*here, *there)] == order[: len(here) + len(there)]
    assert min(len(here), len(there)) > 10
    left = len(order) - len(here) - len(there)
    for name in ("html", "samples"):
        told = words(section(texts[name]))
        assert f"{left} outputs are in neither file; rows.csv lists all." in told
        assert re.search("default-src 'none'.*script-src 'sha256-", texts[name].replace("&#39;", "'"))
    assert f"The {len(here)} worst of 360 outputs are here; {len(there)} more are in the file" in words(
        section(texts["html"])
    )
    sizes = [
        sum(len(part.encode()) for part in re.findall("<article id=.*?</article>", t, re.DOTALL))
        for t in texts.values()
    ]
    assert sizes[1] <= 40_000


def test_the_companion_of_an_earlier_run_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = sample_run()
    with monkeypatch.context() as patch:
        room(patch, 60_000, 40_000)
        report.write(run, tmp_path, formats=("html",), languages=("en",))
    assert (tmp_path / "samples.html").exists()
    files = report.write(run, tmp_path, formats=("html",), languages=("en",))
    assert list(files) == ["html"]
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_samples_are_made_once_and_only_those_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    run = sample_run()
    made: list[Sample] = []

    def counted(*given: Any) -> Any:
        for sample in each_sample(*given):
            made.append(sample)
            yield sample

    monkeypatch.setattr(sample_list, "each_sample", counted)
    room(monkeypatch, 20_000, 10_000)
    page = Page(run, masker(run), ("en",))
    first = html.render(page)
    second = html.rest(page)
    assert second is not None
    assert len(made) == len(articles(first)) + len(articles(second)) + 1


def test_a_file_of_samples_that_is_cut_short_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    run = sample_run()
    room(monkeypatch, 20_000, 10_000)
    text = html.rest(Page(run, masker(run), ("en",)))
    assert text is not None
    html.check_rest(text, run)
    for wrong in (text[:-30], re.sub("<article id=.*</article>", "", text, flags=re.DOTALL)):
        with pytest.raises(ValueError, match=r"samples\.html"):
            html.check_rest(wrong, run)


def odd(text: str) -> Run:
    rows = sample_rows(prompts=12)
    for column in ("text", "prompt_text", "prompt", "detail", "lang", "toxicity:note"):
        rows[column] = pd.Series([text] * len(rows), dtype="object")
    for column in ("pii:spans", "toxicity:spans"):  # they pointed into the texts that were there
        rows[column] = pd.Series([()] * len(rows), dtype="object")
    rows["prompt"] = pd.Series([f"{text}{i // 3}" for i in range(len(rows))], dtype="object")
    return build_run(rows)


@pytest.mark.parametrize(
    "text", ["", " ", "\ud800", "🙂" * 900, "\u202e" * 300, "a" * 200_000, "⟦EMAIL·3f9a1c⟧", "سلام"]
)
def test_odd_texts_are_shown_or_spelled_out(text: str) -> None:
    run = odd(text)
    page = html.html(run, masker(run), ("zh",))
    assert len(articles(page)) == len(run.rows)
    assert not re.search("[\u202e\ud800]", page)
    parts = re.findall('<article id="sample.*?</article>', page, re.DOTALL)
    assert max(len(part.encode()) for part in parts) < 60_000


@pytest.mark.slow
def test_ten_thousand_outputs_of_a_page_each_stay_below_the_limits(tmp_path: Path) -> None:
    small = sample_rows(prompts=60)
    parts = [small.assign(prompt=small["prompt"] + f"-{copy}") for copy in range(28)]
    rows = pd.concat(parts, ignore_index=True).sort_values("candidate", kind="stable", ignore_index=True)
    rows["text"] = pd.Series([t + "雨来得很晚，全村人都站在屋外听。" * 60 for t in rows["text"]], dtype="object")
    run = build_run(rows)
    assert len(rows) > 10_000
    files = report.write(run, tmp_path, formats=("html",), languages=("en", "zh"))
    assert set(files) == {"html", "samples"}
    for path in files.values():
        assert path.stat().st_size < 20_000_000
