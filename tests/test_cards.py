"""Scorer cards: files in and out, and that the bundled ones are about the scorers as they are."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from aigc_eval.cards import bundled, by_file, encode, matching, read, schema
from aigc_eval.cards.made import MADE
from aigc_eval.errors import DataError
from aigc_eval.huggingface import device_of
from aigc_eval.metrics import Rate
from aigc_eval.records import Accuracy, ReliabilityBin, ScorerCard

RENEW = "python tools/cards.py ../shared/data"
CARD = ScorerCard(
    scorer="toxicity",
    metric="toxic_fraction",
    identity="ab12" * 8,
    signature="Toxicity|version:2",
    data="a.jsonl",
    sha256="0" * 64,
    created="2026-11-23T00:00:00Z",
    slices=(
        Accuracy("", 10, 8, 90, 5, 1, {"recall": (0.8, 0.49, 0.943), "mcc": (-0.2, None, None)}),
        Accuracy("lang=zh", 4, 4, 0, 0),
    ),
    best_threshold=0.42,
    best_by="macro_f1",
    reliability=(ReliabilityBin(0.0, 0.5, 90, 0.2, 0.1),),
    note="毒性",
)


def written(tmp_path: Path, **changes: Any) -> Path:
    data = {**json.loads(encode(CARD)), **changes}
    path = tmp_path / "card.json"
    path.write_text(json.dumps({k: v for k, v in data.items() if v is not ...}), "utf-8")
    return path


def test_a_card_comes_back_as_it_was_with_the_digest_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_text(encode(replace(CARD, digest="f" * 64)), "utf-8")
    found = read(path)
    assert found == CARD
    assert found.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.of("lang=zh") == CARD.slices[1]


def test_the_schema_takes_what_is_written_and_nothing_else(tmp_path: Path) -> None:
    Draft202012Validator.check_schema(schema())
    validator = Draft202012Validator(schema())
    assert validator.is_valid(json.loads(encode(CARD)))
    assert not validator.is_valid({**json.loads(encode(CARD)), "colour": "red"})
    assert not validator.is_valid({**json.loads(encode(CARD)), "sha256": "ab"})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "something"}, "is no scorer card of version 1"),
        ({"version": 2}, "is no scorer card of version 1"),
        ({"metric": ...}, "metric: is missing"),
        ({"colour": "red"}, "colour: is nothing that a card holds"),
        ({"threshold": "0.5"}, "threshold: '0.5' is no number"),
        ({"threshold": True}, "threshold: True is no number"),
        ({"level": 1}, "level: 1 is out of range"),
        ({"slices": []}, "slices: has 0 items"),
        ({"slices": [{"positives": 1.5}]}, "slices.0.positives: 1.5 is no integer"),
        ({"slices": [{"positives": 3, "found": 4}]}, "slices.0.found: 4 of 3 positives cannot be"),
        ({"slices": [{"false_alarms": 1}]}, "slices.0.false_alarms: 1 of 0 negatives cannot be"),
        ({"slices": [{"figures": {"auc": [1.2, None, None]}}]}, "slices.0.figures.auc.0: 1.2 is out of range"),
        ({"slices": [{"figures": {"auc": [0.5]}}]}, "slices.0.figures.auc: has 1 items"),
        ({"slices": [{}, {}]}, "slices: the slice '' is there twice"),
        ({"reliability": [{"low": 0}]}, "reliability.0.high: is missing"),
    ],
)
def test_what_is_no_card_is_told_with_file_key_and_remedy(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    path = written(tmp_path, **changes)
    with pytest.raises(DataError) as raised:
        read(path)
    text = str(raised.value)
    assert text.startswith(f"{path}: ")
    assert said in text
    assert "aigc-eval validate SCORER" in text


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(DataError) as raised:
        read(written(tmp_path, metric=..., level=3, note=7))
    assert {p.key for p in raised.value.problems} == {"metric", "level", "note"}


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b'{"a": NaN}', b"{" * 5000])
def test_what_is_no_json_object_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "card.json").write_bytes(content)
    with pytest.raises(DataError):
        read(tmp_path / "card.json")
    with pytest.raises(DataError, match="no such file"):
        read(tmp_path / "nothing.json")


def test_the_first_card_that_fits_wins() -> None:
    other = replace(CARD, data="b.jsonl")
    assert matching([other, CARD], CARD.identity, "toxic_fraction") is other
    assert matching([other], CARD.identity, "mean_toxicity") is None
    assert matching([other], "0" * 32, "toxic_fraction") is None


def test_bundled_cards_are_about_the_scorers_as_they_are() -> None:
    """Whoever changes a scorer measures it again."""
    for name, card in by_file().items():
        made = MADE[name]
        scorer = made.plugin()
        if "model" in made.options and device_of("auto") != "cpu":
            continue  # numbers of another device are another scorer's
        assert scorer.identity() == card.identity, f"{name} has changed since its card was made; run: {RENEW} {name}"
        assert (card.scorer, card.metric, card.signature) == (made.scorer, made.metric, scorer.signature())
        (rate,) = (m for m in scorer.metrics() if m.name == card.metric)
        assert isinstance(rate, Rate)
        assert rate.at_least == card.threshold
        whole = card.of()
        assert whole is not None
        assert whole.positives >= 100 <= whole.negatives
        assert {a.slice for a in card.slices} >= {"lang=en"}


def test_bundled_cards_are_those_that_are_said_to_be() -> None:
    assert {*by_file()} in ({*MADE}, set())
    keys = [(card.identity, card.metric) for card in bundled()]
    assert len(keys) == len(set(keys))
