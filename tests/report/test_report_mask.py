"""Sensitive values are nowhere in a report, wherever they occurred; equal values share a tag."""

from __future__ import annotations

import random
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_run import build_run, sample_rows

from aigc_eval import report
from aigc_eval.records import Run, Span
from aigc_eval.report import known
from aigc_eval.report.excerpts import excerpt, pieces
from aigc_eval.report.mask import Hit, Masker, compact, masked

KEY = b"a key of sixteen"


def masker_of(*values: tuple[str, str], key: bytes = KEY) -> Masker:
    """A masker that saw each value marked once."""
    rows = pd.DataFrame(
        {
            "text": pd.Series([v for v, _ in values], dtype="object"),
            "prompt_text": "",
            "s:spans": [(Span(0, len(v), label, sensitive=True),) for v, label in values],
        }
    )
    return Masker.of_run(rows, key)


def _value(draw: random.Random, number: int) -> str:
    kinds = (
        f"user{number}.{draw.randrange(10**6)}@mail{number % 7}.example",
        f"13{draw.randrange(10**9):09d}",
        f"{draw.choice('赵钱孙李周吴郑王')}{chr(0x4E00 + draw.randrange(3000))}{chr(0x4E00 + draw.randrange(3000))}",
        f"11010119{draw.randrange(10**10):010d}",
        f"sk-{draw.randrange(16**32):032x}",
        f"{draw.choice(['Anna', 'Bob', 'Chloe'])} {draw.choice(['Kovač', 'Müller', 'Ng'])}-{draw.randrange(10**4):04d}",
    )
    return kinds[number % len(kinds)]


def planted(count: int) -> tuple[Run, list[str]]:
    """A run with values marked in outputs and prompts, and repeated unmarked in every other text."""
    draw = random.Random(7)
    values = [_value(draw, i) for i in range(count)]
    rows = sample_rows(prompts=60)
    columns: dict[str, list[Any]] = {c: rows[c].tolist() for c in ("text", "prompt_text", "detail", "references")}
    columns |= {c: rows[c].tolist() for c in ("evidence", "factuality:note", "pii:spans", "tag.category")}
    for i, value in enumerate(values):
        at = i % len(rows)
        other = (at * 7 + 3) % len(rows)
        text = columns["text"][at] + "." * (i % 3 * 300) + " "
        span = Span(len(text), len(text) + len(value), f"KIND_{i % 6}", sensitive=True)
        columns["text"][at] = f"{text}{value}; "
        if i % 5 == 0:  # marked in the prompt instead
            columns["text"][at] = text
            span = Span(0, len(value), f"KIND_{i % 6}", sensitive=True, target="prompt")
            if not any(s.target == "prompt" for s in columns["pii:spans"][at]):
                columns["prompt_text"][at] = f"{value} {columns['prompt_text'][at]}"
            else:
                columns["text"][at] = f"{text}{value}; "
                span = Span(len(text), len(text) + len(value), f"KIND_{i % 6}", sensitive=True)
        columns["pii:spans"][at] = (*columns["pii:spans"][at], span)
        columns["text"][other] += f" again: {value} "
        columns["references"][other] = (*columns["references"][other], f"see {value}.")
        columns["evidence"][other] = (*columns["evidence"][other], f"known as {value}!")
        columns["detail"][other] += f" about {value}"
        columns["factuality:note"][other] += f" found {value}"
    for name, texts_of in columns.items():
        rows[name] = pd.Series(texts_of, dtype="object")
    return build_run(rows, key=KEY), values


def test_a_thousand_planted_values_are_in_no_artefact(tmp_path: Path) -> None:
    run, values = planted(1000)
    files = report.write(run, tmp_path, formats=report.FORMATS, languages=("en", "zh"))
    assert len(files) >= 11  # all but those that only some runs need
    for path in (p for p in files.values() if p.suffix != ".parquet"):  # for these see test_report_editions
        text = path.read_text("utf-8-sig")
        text = text.encode().decode("unicode_escape") if path.suffix in (".json", ".sarif") else text
        loose = compact(text)
        leaked = [v for v in values if v in text or (len(compact(v)) >= 6 and compact(v) in loose)]
        assert leaked == [], path.name
    assert files["rows"].read_text("utf-8-sig").count("⟦KIND_") > 4000


def test_equal_values_share_a_tag_however_they_are_written() -> None:
    masker = masker_of(("138-0013-8000", "PHONE"))
    (tag,) = set(masker.tags.values())
    assert re.fullmatch(r"⟦PHONE·[0-9a-f]{6}⟧", tag)
    texts = ["call 13800138000", "１３８ 0013 8000!", "138\u200b00138000x", "no 1380013"]
    assert masker.shown(texts) == [f"call {tag}", f"{tag}!", f"{tag}x", "no 1380013"]


def test_tags_depend_on_the_key_and_need_one() -> None:
    value = ("a@b.example", "EMAIL")
    tags = {tuple(masker_of(value, key=key).tags.values()) for key in (b"one", b"two")}
    assert len(tags) == 2
    assert list(masker_of(value, key=b"").tags.values()) == ["⟦EMAIL⟧"]


def test_labels_cannot_break_out_of_a_tag() -> None:
    (tag,) = masker_of(("a@b.example", "X⟧<b>\u202e")).tags.values()
    assert re.fullmatch(r"⟦X__b__·[0-9a-f]+⟧", tag)


@pytest.mark.parametrize(
    ("value", "text", "found"),
    [
        ("Ann", "Ann and Anna", 1),
        ("张三", "张三丰见张三", 2),
        ("30", "2030 or 30", 1),
        ("李", "李李", 0),
        ("sk-abcdef", "xsk-abcdefx", 1),
        ("Li Na", "Li Na, li-na, Lina2", 2),
    ],
)
def test_short_values_are_whole_words_elsewhere(value: str, text: str, found: int) -> None:
    assert masker_of((value, "X")).shown([text])[0].count("⟦X") == found


def test_excerpts_never_cut_a_hidden_value() -> None:
    secret = "k" * 50 + "SECRET" * 200
    for before in range(0, 1500, 37):
        text = "a " * before + secret + " b" * 800
        start = len("a " * before)
        shown = excerpt(pieces(text, [Hit(start, start + len(secret), "⟦KEY·abcdef⟧")]))
        joined = "".join(p.text for p in shown)
        assert "SECRET" not in joined
        assert "kkk" not in joined
        assert "⟦KEY·abcdef⟧" in joined


def test_overlapping_spans_become_one_tag() -> None:
    assert masked("0123456789", [Hit(2, 5, "⟦A⟧"), Hit(4, 9, "⟦B⟧"), Hit(3, 4, "⟦C⟧")]) == "01⟦B⟧9"


def test_a_span_of_the_wrong_length_stays_inside_its_text() -> None:
    rows = sample_rows(prompts=12)
    spans = (Span(0, 10**6, "X", sensitive=True), Span(10**6, 10**6 + 1, "Y", sensitive=True))
    rows["pii:spans"] = pd.Series([spans] * len(rows), dtype="object")
    run = build_run(rows)
    assert "paris" not in "".join(Masker.of_run(run.rows, KEY).shown(run.rows["text"].tolist())).lower()


texts = st.text(st.sampled_from("ab1 -@.\u200b中文ＡＢ１"), min_size=0, max_size=12)


@settings(max_examples=100, deadline=None)
@given(st.lists(texts.filter(lambda t: len(compact(t)) >= 6), min_size=1, max_size=5), st.lists(texts, max_size=4))
def test_long_values_never_survive(values: list[str], around: list[str]) -> None:
    masker = masker_of(*((v, "X") for v in values))
    whole = [f"{left}{v}{left}" for v in values for left in (*around, "")]
    for shown in masker.shown(whole):
        bare = compact(re.sub("⟦X·[0-9a-f]+⟧", "\u4e00", shown.replace("⟦U+200B⟧", "")))
        assert not any(compact(v) in bare for v in values)


def _by_hand(values: set[str], text: str) -> set[int]:
    """The characters that values cover, each looked for everywhere."""
    places = ((m, v) for v in values for m in range(len(text)) if text.startswith(v, m))
    return {i for m, v in places for i in range(m, m + len(v))}


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
def test_values_that_overlap_are_found_as_by_hand(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    monkeypatch.setattr(known, "_STEP", step)
    draw = random.Random(step)
    for _ in range(100):
        letters = draw.choice(("a", "ab", "abc中"))
        values = {"".join(draw.choices(letters, k=draw.randrange(2, 12))) for _ in range(draw.randrange(1, 6))}
        text = "".join(draw.choices(letters, k=60))
        found = [*known.Known.of(values, whole=6).found(text)]
        assert all(v in values and text.startswith(v, at) for at, v in found)
        assert {i for at, v in found for i in range(at, at + len(v))} == _by_hand(values, text)


def test_equal_hashes_of_other_texts_hide_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """With sums of characters for hashes: of three places that seem equal the first and the last would be enough."""
    monkeypatch.setattr(known, "_BASE", 1)
    monkeypatch.setattr(known, "_INVERSE", 1)
    found = known.Known.of({"aaaaaaaaaba"}, whole=6).found("aaaaaaaaaabaa")
    assert [*found] == [(1, "aaaaaaaaaba")]


def test_repeated_characters_take_no_time() -> None:
    """Every place of the text begins a thousand values, of up to half its length: it took hours to compare them all."""
    text = "a" * 100_000
    values = [("a" * n, "KEY") for n in range(100, 50_000, 50)]
    masker = masker_of(*values, ("b" * 9, "KEY"))
    start = time.process_time()
    shown = masker.replaced([text, f"{text}{'b' * 20}!"])
    assert time.process_time() - start < 20
    assert [re.sub("·[0-9a-f]+", "", text) for text in shown] == ["⟦KEY⟧", "⟦KEY⟧⟦KEY⟧!"]


def test_masking_reaches_bench_and_slices_but_not_names() -> None:
    run, values = planted(12)
    told = replace(run, bench={"seed": 1, "note": f"ask {values[0]}", "name": "toxicity"})
    text = report.json_file.json_file(report.edited(told, "reviewer")[0])
    assert values[0] not in text
    assert '"toxicity"' in text


def test_what_could_not_be_checked_is_withheld(tmp_path: Path) -> None:
    """A row on which the PII scorer failed: nobody knows what its text holds, so no report shows it."""
    run = build_run(sample_rows())
    rows = run.rows.copy()
    secret = "call 13912345678 now"
    failed = rows.index[:2]
    rows.loc[failed, "text"] = secret
    rows.loc[failed, "pii:status"] = "failed"
    rows.loc[failed, "pii"] = float("nan")
    report.write(replace(run, rows=rows), tmp_path, formats=report.FORMATS, languages=("en", "zh"))
    written = {path.name: path.read_text("utf-8-sig", "replace") for path in tmp_path.iterdir()}
    for name, text in written.items():
        assert "13912345678" not in text, name
    assert written["rows.csv"].count("[withheld: not checked for personal data]") >= 2


def test_a_run_without_such_a_scorer_says_that_nothing_is_masked(tmp_path: Path) -> None:
    run = build_run(sample_rows())
    bare = replace(run, scorers=tuple(s for s in run.scorers if s.name != "pii"))
    for one, said in ((run, "personal data masked"), (bare, "personal data NOT masked")):
        written = report.write(one, tmp_path, formats=("html",), languages=("en",))
        assert said in written["html"].read_text("utf-8")
