"""Labelled examples: what a record says, what is left out, and what is wrong with a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from aigc_eval.errors import DataError, UsageError
from aigc_eval.validation.examples import About, Examples, load


def read(tmp_path: Path, *records: dict[str, Any], name: str = "a.jsonl", **about: Any) -> Examples:
    path = tmp_path / name
    path.write_text("".join(json.dumps(r) + "\n" for r in records), "utf-8")
    return load(path, About(**about))


def test_an_example_carries_what_a_prompt_can(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {
            "id": "q1", "prompt": "Where?", "text": "Here.", "label": 1, "references": ["Here", "there"], "lang": "en",
            "evidence": "It is here.", "messages": [{"role": "system", "content": "Be brief."}], "source": "books",
            "fields": {"known": ["a", "b"]}, "split": "dev", "group": "t7",
        },
    )  # fmt: skip
    (answer,) = found.answers
    assert (answer.text, answer.prompt.text, answer.prompt.id) == ("Here.", "Where?", "q1")
    assert answer.prompt.references == ("Here", "there")
    assert answer.prompt.evidence == ("It is here.",)
    assert answer.prompt.messages[0].content == "Be brief."
    assert answer.prompt.tags == {"lang": "en", "source": "books"}
    assert answer.prompt.fields == {"known": '["a", "b"]'}
    assert (found.labels.tolist(), found.groups, found.splits) == ([True], ("t7",), ("dev",))


def test_a_text_and_a_label_are_enough(tmp_path: Path) -> None:
    records = [{"text": text, "label": label} for text, label in (("你好。", 0), ("Good day.", True), ("42", 1))]
    found = read(tmp_path, *records)
    assert [a.prompt.id for a in found.answers] == ["#1", "#2", "#3"]
    assert found.groups == ("#1", "#2", "#3")
    assert found.tag("lang") == ["zh", "en", ""]
    assert [a.prompt.text for a in found.answers] == ["", "", ""]


def test_answers_to_one_prompt_are_one_group_and_several_samples(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {"id": "p", "text": "a", "label": 0},
        {"id": "p", "text": "b", "label": 1},
        {"id": "v", "variant_of": "t", "text": "c", "label": 1},
    )
    assert found.groups == ("p", "p", "t")
    assert [a.request.sample for a in found.answers] == [0, 1, 0]


@pytest.mark.parametrize(
    ("value", "label"),
    [
        *[(v, True) for v in (1, True, 1.0, "1", "true", "Yes", " YES ", "true_positive", "是")],
        *[(v, False) for v in (0, False, 0.0, "0", "False", "no", "false_positive", "否")],
    ],
)
def test_spellings_of_yes_and_no(tmp_path: Path, value: object, label: bool) -> None:
    assert read(tmp_path, {"text": "a", "label": value}).labels.tolist() == [label]


def test_named_labels_need_to_know_which_is_positive(tmp_path: Path) -> None:
    records = [{"text": t, "label": t} for t in ("sexist", "not sexist", "unclear", "sexist")]
    with pytest.raises(DataError, match=r"a.jsonl:1: label: 'sexist' is neither yes nor no; .*--positive NAME"):
        read(tmp_path, *records)
    assert read(tmp_path, *records, positive=("sexist",)).labels.tolist() == [True, False, False, True]
    assert read(tmp_path, *records, positive=("sexist", "unclear")).labels.sum() == 3
    with pytest.raises(UsageError, match=r"--positive 'sexits': no example has this label; did you mean 'sexist'\?"):
        read(tmp_path, *records, positive=("sexits",))


def test_what_is_no_example_is_left_out_and_counted(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {"text": "a", "label": 1, "split": "test"},
        {"text": "b", "label": None, "split": "test"},
        {"text": "c", "label": "", "split": "dev"},
        {"text": "d", "label": 0, "split": "train"},
        {"text": "e", "label": 0, "split": "validation", "scorer": "toxicity"},
        {"text": "f", "label": 0, "scorer": "pii"},
        {"text": "g", "label": 0, "scorer": "toxicity", "metric": "mean"},
        scorer="toxicity",
        metric="toxic_fraction",
    )
    assert [a.text for a in found.answers] == ["a", "e"]
    assert found.splits == ("test", "dev")
    assert found.left_out == {"unlabelled": 2, "train": 1, "other": 2}


def test_everything_wrong_is_told_at_once_with_its_line_and_key(tmp_path: Path) -> None:
    with pytest.raises(DataError) as raised:
        read(
            tmp_path,
            {"text": "a", "label": "maybe"},
            {"label": 1},
            {"text": 7, "label": 1},
            {"text": "a", "label": 1, "split": "elsewhere"},
            {"text": "a", "label": 1, "references": {"a": 1}},
            {"text": "a", "label": 1, "group": ["x"]},
            {"text": "a", "label": 1, "id": True},
            {"text": "a", "label": [1]},
            {"text": "a", "label": 2},
        )
    told = [(p.line, p.key) for p in raised.value.problems]
    assert told == [
        (1, "label"), (2, "text"), (3, "text"), (4, "split"), (5, "references"), (6, "group"), (7, "id"), (8, "label"),
        (9, "label"),
    ]  # fmt: skip
    assert all(p.remedy for p in raised.value.problems if p.key != "references")


def test_a_file_of_which_nothing_is_left_says_why(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no example is left of 2: 2 unlabelled"):
        read(tmp_path, {"text": "a", "label": ""}, {"text": "b", "label": None})
    with pytest.raises(DataError, match=r"1 other; they are about pii\.leak_rate; validate that scorer"):
        read(tmp_path, {"text": "a", "label": 1, "scorer": "pii", "metric": "leak_rate"}, scorer="toxicity")
    with pytest.raises(DataError, match="has no records"):
        read(tmp_path)


def test_a_field_map_takes_other_files_as_they_are(tmp_path: Path) -> None:
    fields = {"text": "COMMENT", "label": "toxic", "source": "meta.from"}
    records = [{"id": 7, "COMMENT": "a", "toxic": "1", "meta": {"from": "x"}, "noise": {"deep": [1]}}]
    found = read(tmp_path, *records, fields=fields)
    assert found.tag("source") == ["x"]
    assert found.answers[0].prompt.id == "7"
    with pytest.raises(UsageError, match=r"no record has 'COMENT'"):
        read(tmp_path, *records, fields={**fields, "text": "COMENT"})


def test_tables_of_other_formats(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('text,label,split\n"one, two",1,dev\nthree,0,test\n', "utf-8")
    pd.DataFrame({"text": ["one, two", "three"], "label": [1, 0], "split": ["dev", "test"]}).to_parquet(
        tmp_path / "a.parquet"
    )
    for name in ("a.csv", "a.parquet"):
        found = load(tmp_path / name, About())
        assert [a.text for a in found.answers] == ["one, two", "three"]
        assert (found.labels.tolist(), found.splits) == ([True, False], ("dev", "test"))


def test_a_tag_of_another_name_says_the_split(tmp_path: Path) -> None:
    found = read(tmp_path, {"text": "a", "label": 1, "part": "dev"}, split_by="part")
    assert found.splits == ("dev",)


def test_an_answer_is_to_one_prompt(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="variants: an answer is to one prompt"):
        read(tmp_path, {"id": "a", "prompt": "Is {x} good?", "text": "yes", "label": 1, "variants": {"x": ["a", "b"]}})
