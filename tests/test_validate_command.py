"""`aigc-eval validate`: figures, thresholds, cards and pictures of scorers on labelled examples."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from sklearn import metrics as sk

from aigc_eval import cards, config
from aigc_eval.cli import main
from aigc_eval.records import ReliabilityBin
from aigc_eval.validation.picture import reliability_svg

PROBE = '''
from dataclasses import dataclass
from aigc_eval.metrics import Mean, Rate
from aigc_eval.plugin import Scorer, require
from aigc_eval.records import Score

@dataclass(frozen=True)
class Said(Scorer):
    """The probability that a text begins with; "fail" fails, "na" does not apply."""
    threshold: float = 0.5
    needs_package: str = ""
    def load(self):
        if self.needs_package:
            require(self.needs_package, extra="more")
    def score(self, batch):
        return [self.one(g.text.split()[0]) for g in batch]
    def one(self, word):
        if word == "fail":
            return Score(error="the text says fail")
        if word == "na":
            return Score(note="the text says na")
        return Score(float(word), {"high": float(float(word) >= 0.9)})
    def metrics(self):
        return (Rate("flagged", at_least=self.threshold), Mean("mean"), Rate("high", of="high", at_least=1.0))

@dataclass(frozen=True)
class Counts(Said):
    def metrics(self):
        return (Rate("flagged", at_least=self.threshold),)

@dataclass(frozen=True)
class Bare(Said):
    def metrics(self):
        return (Mean("mean"),)
'''


def drawn(n: int = 400, seed: int = 0) -> list[dict[str, Any]]:
    """Examples in two languages, each with a score that goes with its label."""
    rng = np.random.default_rng(seed)
    labels = rng.random(n) < 0.4
    scores = np.round(np.clip(0.25 * labels + rng.beta(2, 4, n), 0, 1), 3)
    words = ["你好，这是回答", *["this is the answer"] * 3]
    return [
        {"text": f"{p} {words[i % 4]}", "label": int(y), "source": "ab"[i % 2]}
        for i, (y, p) in enumerate(zip(labels, scores, strict=True))
    ]


@dataclass
class Home:
    """A folder with a scorer of its own, in which the command is given."""

    path: Path
    out: Callable[[], tuple[str, str]]

    def write(self, records: Sequence[dict[str, Any]], name: str = "data.jsonl") -> None:
        (self.path / name).write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), "utf-8")

    def validate(self, *args: str, scorer: str = "own_probe:Said", trust: bool = True) -> tuple[int, str, str]:
        trusted = ["--trust-bench"] if trust else []
        named = [scorer] if scorer else []
        code = main(["validate", *named, "--data", "data.jsonl", "--in-process", *trusted, *args])
        return code, *self.out()

    def told(self, *args: str, **more: Any) -> dict[str, Any]:
        code, out, err = self.validate(*args, "--json", **more)
        assert code == 0, err
        found: dict[str, Any] = json.loads(out)
        return found


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Home:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    (tmp_path / "own_probe.py").write_text(PROBE, "utf-8")

    def out() -> tuple[str, str]:
        captured = capsys.readouterr()
        return captured.out, captured.err

    found = Home(tmp_path, out)
    found.write(drawn())
    return found


def arrays(records: Sequence[dict[str, Any]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([bool(r["label"]) for r in records]), np.array([float(r["text"].split()[0]) for r in records])


def test_figures_are_those_of_scikit_learn_for_all_and_for_each_language(home: Home) -> None:
    told = home.told()
    records = drawn()
    for name, chosen in (
        ("", records),
        ("lang=en", [r for i, r in enumerate(records) if i % 4]),
        ("lang=zh", records[::4]),
    ):
        (found,) = [s for s in told["card"]["slices"] if s.get("slice", "") == name]
        labels, scores = arrays(chosen)
        hits = scores >= 0.5
        expected = {
            "accuracy": sk.accuracy_score(labels, hits),
            "precision": sk.precision_score(labels, hits),
            "recall": sk.recall_score(labels, hits),
            "macro_f1": sk.f1_score(labels, hits, average="macro"),
            "mcc": sk.matthews_corrcoef(labels, hits),
            "auc": sk.roc_auc_score(labels, scores),
            "average_precision": sk.average_precision_score(labels, scores),
            "brier": sk.brier_score_loss(labels, scores),
        }
        for figure, value in expected.items():
            assert found["figures"][figure][0] == pytest.approx(value, abs=1e-6), (name, figure)
            assert found["figures"][figure][1] < value < found["figures"][figure][2]
        assert (found["positives"], found["found"]) == (labels.sum(), (labels & hits).sum())


def test_a_terminal_gets_a_table_in_its_language(home: Home) -> None:
    code, out, _ = home.validate()
    assert code == 0
    assert out.startswith("said.flagged on data.jsonl\n")
    for words in ("English", "Chinese", "macro-F1", "specificity", "best threshold", "at 0.5, the scorer's own", "AUC"):
        assert words in out
    assert "nan" not in out.lower()
    code, out, _ = home.validate("--language", "zh")
    assert code == 0
    for words in ("标注集 data.jsonl", "英文", "中文", "宏平均 F1", "特异度", "最佳阈值"):
        assert words in out
    assert all(word not in out for word in ("accuracy", "threshold", "examples"))


def test_slices_by_other_tags(home: Home) -> None:
    told = home.told("--slices", "source,lang")
    assert told["card"]["slices"] == home.told("--slices", "source", "--slices", "lang")["card"]["slices"]
    names = [s.get("slice", "") for s in told["card"]["slices"]]
    assert names == ["", "source=a", "source=b", "lang=en", "lang=zh"]
    code, _, err = home.validate("--slices", "sorce")
    assert code == 2
    assert "--slices sorce: no example has this tag" in err


def test_unscored_and_not_applicable_are_counted_apart_and_unscored_is_wrong_in_the_adverse_figures(home: Home) -> None:
    failed = [{"text": "fail so", "label": 1}] * 6 + [{"text": "fail so", "label": 0}] * 2
    home.write([*drawn(), *failed, *[{"text": "na", "label": 1}] * 3])
    told = home.told()
    found = told["card"]["slices"][0]
    plain = home_figures(drawn())
    assert found["unscored"] == 8
    assert told["not_applicable"][""] == 3
    assert found["figures"]["accuracy"][0] == pytest.approx(plain["right"] / 400, abs=1e-6)
    assert found["figures"]["adverse_accuracy"][0] == pytest.approx(plain["right"] / 408, abs=1e-6)
    assert found["figures"]["adverse_recall"][0] == pytest.approx(plain["found"] / (plain["positives"] + 6), abs=1e-6)
    assert "unscored wrong" in home.validate()[1]


def home_figures(records: Sequence[dict[str, Any]]) -> dict[str, int]:
    labels, scores = arrays(records)
    hits = scores >= 0.5
    return {
        "right": int((labels == hits).sum()),
        "found": int((labels & hits).sum()),
        "positives": int(labels.sum()),
    }


def test_the_threshold_is_chosen_on_the_dev_split_and_judged_on_the_rest(home: Home) -> None:
    records = [{**r, "split": "dev" if i < 200 else "test"} for i, r in enumerate(drawn())]
    home.write(records)
    best = home.told()["best"]
    labels, scores = arrays(records)
    reached = {t: sk.f1_score(labels[:200], scores[:200] >= t, average="macro") for t in np.unique(scores[:200])}
    assert best["split"] == "given"
    assert best["chosen_on"] == 200
    assert best["reached"] == pytest.approx(max(reached.values()))
    hits = scores[200:] >= best["threshold"]
    assert best["best"]["figures"]["macro_f1"][0] == pytest.approx(sk.f1_score(labels[200:], hits, average="macro"))
    assert best["own"]["found"] == (labels[200:] & (scores[200:] >= 0.5)).sum()
    # What the card says of the scorer's own threshold is of the examples that nothing was chosen on, too.
    whole = home.told()["card"]["slices"][0]
    assert whole["positives"] + whole["negatives"] == 200


def test_labels_of_the_judged_examples_do_not_move_the_threshold(home: Home) -> None:
    records = [{**r, "split": "dev" if i < 200 else "test"} for i, r in enumerate(drawn())]
    home.write(records)
    before = home.told()["best"]["threshold"]
    home.write([r if r["split"] == "dev" else {**r, "label": 1 - r["label"]} for r in records])
    assert home.told()["best"]["threshold"] == before


def test_without_a_split_half_of_the_groups_are_drawn_and_it_says_so(home: Home) -> None:
    grouped = [{**r, "group": f"t{i // 4}"} for i, r in enumerate(drawn())]
    home.write(grouped)
    one, again, other = (home.told("--seed", seed) for seed in ("1", "1", "2"))
    assert one["best"] == again["best"]
    assert one["best"]["split"] == "hashed"
    assert one["best"]["own"] != other["best"]["own"]
    assert one["groups"] == 100
    assert one["best"]["chosen_on"] % 4 == 0  # whole groups
    assert one["card"]["slices"][0]["positives"] == home_figures(grouped)["positives"]  # of all examples
    _, out, _ = home.validate("--seed", "1")
    assert "half of the groups, drawn with seed 1, since the file names no split" in out


def test_groups_on_both_sides_of_a_split_are_told(home: Home) -> None:
    home.write([{**r, "group": f"t{i // 4}", "split": "dev" if i % 2 else "test"} for i, r in enumerate(drawn())])
    _, out, _ = home.validate()
    assert "100 groups stand in the dev split and among the judged examples" in out


@pytest.mark.parametrize(
    ("split", "reason"),
    [("test", "there is no example to choose it on"), ("", "the examples to choose it on are all positive")],
)
def test_where_there_is_no_best_threshold_the_reason_is_told(home: Home, split: str, reason: str) -> None:
    home.write([{**r, "split": split, "label": 1 if not split else r["label"]} for r in drawn(40)])
    code, out, _ = home.validate()
    assert code == 0
    assert f"no best threshold: {reason}" in out


def test_a_card_holds_for_exactly_this_scorer(home: Home) -> None:
    told = home.told("--options", '{"threshold": 0.4}', "--card", "card.json", "--note", "drawn; nobody labelled it")
    card = cards.read(home.path / "card.json")
    assert card.to_json() | {"digest": ""} == {**told["card"], "digest": ""}
    assert card.sha256 == hashlib.sha256((home.path / "data.jsonl").read_bytes()).hexdigest()
    assert (card.metric, card.threshold, card.note) == ("flagged", 0.4, "drawn; nobody labelled it")
    assert card.signature == "Said|threshold:0.4|version:1"
    assert sum(b.n for b in card.reliability) == 400
    spelled = home.told(scorer="own_probe:Said: {threshold: 0.4}")["card"]
    assert spelled["identity"] == card.identity
    assert home.told()["card"]["identity"] != card.identity


def test_exactly_what_a_bench_uses_is_validated(home: Home) -> None:
    (home.path / "p.jsonl").write_text('{"id": "a", "prompt": "Good day."}\n', "utf-8")
    (home.path / "bench.yaml").write_text(
        "name: x\nprompts: [p.jsonl]\ncandidates: [echo]\n"
        "scorers: [{name: strict, scorer: {'own_probe:Said': {threshold: 0.3}}}, pii]\n",
        "utf-8",
    )
    told = home.told("--bench", "bench.yaml", "--scorer", "strict", scorer="")
    (used, _) = config.load(home.path / "bench.yaml", trust=True).scorers
    assert told["card"]["identity"] == used.plugin.identity()
    assert told["card"]["scorer"] == "strict"
    for args, said in (
        (("--bench", "bench.yaml"), "several scorers; name one of strict, pii"),
        (("--bench", "bench.yaml", "--scorer", "strikt"), "did you mean 'strict'?"),
        (("--bench", "bench.yaml", "--scorer", "pii", "--options", "{}"), "change the bench"),
        ((), "name a scorer, or a bench"),
    ):
        code, _, err = home.validate(*args, scorer="")
        assert (code, said in err) == (2, True), err


def test_code_of_ones_own_needs_trust(home: Home) -> None:
    code, _, err = home.validate(trust=False)
    assert code == 2
    assert "'own_probe:Said' runs Python code by its module's name; add --trust-bench" in err
    (home.path / "allow.yaml").write_text("code: ['own_probe:Said']\n", "utf-8")
    assert home.validate("--allow-list", "allow.yaml", trust=False)[0] == 0


@pytest.mark.parametrize(
    ("scorer", "args", "said"),
    [
        ("toxicty", (), "unknown scorer 'toxicty'; did you mean 'toxicity'?"),
        ("own_probe:Said", ("--options", "{treshold: 1}"), "there is no option 'treshold'; did you mean 'threshold'?"),
        ("own_probe:Said", ("--options", "{threshold: high}"), "threshold: should be a number"),
        ("own_probe:Said", ("--metric", "mean"), "has no rate 'mean'; known: flagged, high"),
        ("own_probe:Bare", (), "bare has no rate"),
        ("own_probe:Said", ("--best", "f1"), "--best 'f1' is none"),
        ("own_probe:Said", ("--card", "nowhere/card.json"), "cannot write nowhere/card.json"),
        ("own_probe:Said", ("--fields", "text"), "--fields 'text' is no mapping"),
        ("own_probe:Said", ("--options", "{needs_package: no_such_package}"), "pip install 'aigc-eval[more]'"),
        ("[a, b]", (), "should be the name of a scorer"),
        ("a: 1\na: 2", (), "SCORER:2"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_scored(
    home: Home, scorer: str, args: tuple[str, ...], said: str
) -> None:
    code, out, err = home.validate(*args, scorer=scorer)
    assert (code, out) == (2, "")
    assert said in err


def test_another_rate_by_its_name(home: Home) -> None:
    told = home.told("--metric", "high")
    assert (told["card"]["metric"], told["card"]["threshold"]) == ("high", 1.0)
    assert "ece" not in told["card"]["slices"][0]["figures"]  # nothing declares that this part is a probability


def test_numbers_that_are_no_probabilities_have_no_calibration(home: Home) -> None:
    home.write([{**r, "text": f"{i % 7} leaks"} for i, r in enumerate(drawn())])
    code, out, err = home.validate("--svg", "curve.svg", scorer="own_probe:Counts")
    assert code == 0
    assert "no calibration" in out
    assert "curve.svg is not drawn" in err
    assert not (home.path / "curve.svg").exists()
    assert "ECE" not in out


def test_where_nothing_can_be_scored_nothing_is_written(home: Home) -> None:
    home.write([{"text": "fail", "label": 1}, {"text": "na", "label": 0}] * 10)
    code, _, err = home.validate("--card", "card.json")
    assert code == 3
    assert "no example has a score: 10 failed, 10 are not applicable; first reason: the text says fail" in err
    assert not (home.path / "card.json").exists()


def test_ten_examples_of_one_group_have_no_interval(home: Home) -> None:
    home.write([{**r, "group": "one"} for r in drawn(40)])
    told = home.told()
    assert all(f[1:] == [None, None] for f in told["card"]["slices"][0]["figures"].values())
    assert "no intervals: fewer than 10 independent groups" in home.validate()[1]


def test_the_picture_is_an_svg_of_shapes_and_words_in_either_language(home: Home) -> None:
    for lang, word in (("en", "share of positives, with intervals"), ("zh", "正例占比及其区间")):
        assert home.validate("--svg", "curve.svg", "--language", lang)[0] == 0
        root = ElementTree.fromstring((home.path / "curve.svg").read_text("utf-8"))
        tags = {e.tag.removeprefix("{http://www.w3.org/2000/svg}") for e in root.iter()}
        assert tags <= {"svg", "title", "rect", "path", "line", "text"}
        texts = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]
        assert word in texts
        assert ("English" in texts) == (lang == "en")
        assert float(root.get("width", "")) <= 600  # of a page
        assert not [name for e in root.iter() for name in e.attrib if "href" in name or name.startswith("on")]


def test_hostile_texts_and_tags_are_scored_told_and_written(home: Home) -> None:
    odd = ["\ud800", "\u202e", "\x1b[31m", "</svg>", "=1+1", "\x00", "你" * 100_000, "🙂", ""]
    records = [{**r, "text": f"{r['text']} {odd[i % 9]}", "source": odd[i % 9]} for i, r in enumerate(drawn(90))]
    records = [{**r, "source": r["source"][:20], "lang": r["source"][:3]} for r in records]
    (home.path / "data.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records), "utf-8")
    code, out, err = home.validate("--slices", "source,lang", "--card", "card.json", "--svg", "curve.svg")
    assert code == 0, err
    assert "\x1b" not in out
    assert "\u202e" not in out
    names = {one.slice for one in cards.read(home.path / "card.json").slices}
    assert {"source=\ud800", "source=\x1b[31m", "lang=</s"} <= names
    ElementTree.fromstring((home.path / "curve.svg").read_text("utf-8"))


def test_hostile_names_stay_words_in_the_picture() -> None:
    bins = (ReliabilityBin(0.0, 0.5, 60, 0.2, 0.1), ReliabilityBin(0.5, 1.0, 60, 0.8, 0.7))
    curves = {"": bins, "lang=</svg><script>": bins, 'lang="&': bins, "lang=\ud800\x1b": bins}
    root = ElementTree.fromstring(reliability_svg("<script>&.rate", curves, "en"))
    assert root[0].text == "Reliability of <script>&.rate"
    assert {"</svg><script>", '"&'} <= {e.text for e in root.iter()}
    assert not [e for e in root.iter() if e.tag.endswith("script")]


def test_scored_in_a_process_of_its_own_it_is_the_same(home: Home) -> None:
    inside = home.told()
    code = main(["validate", "own_probe:Said", "--data", "data.jsonl", "--trust-bench", "--json"])
    outside = json.loads(home.out()[0])
    assert code == 0
    for told in (inside, outside):
        del told["card"]["created"]
    assert inside == outside


def test_schema_of_cards_and_list_of_cards(home: Home) -> None:
    assert main(["schema", "--card"]) == 0
    assert json.loads(home.out()[0]) == cards.schema()
    assert main(["list", "cards", "--json"]) == 0
    rows = json.loads(home.out()[0])
    assert [row["rate"] for row in rows] == [f"{c.scorer}.{c.metric}" for c in cards.bundled()]
    assert all(row["holds"] == "yes" for row in rows)
    assert main(["list", "scorers", "--json"]) == 0
    known = {row["name"]: row["validated"] for row in json.loads(home.out()[0])}
    assert all(known[row["scorer"]] for row in rows)
