"""The bundled tagger of names: alone, in `pii`, and as presidio's NLP engine."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aigc_eval.plugin import ModelRef
from aigc_eval.records import Generation, Prompt, Request, Score
from aigc_eval.scorers.pii import Pii
from aigc_eval.scorers.pii.names.crf import TAGS, allowed, decode, may_end, may_start, spans
from aigc_eval.scorers.pii.names.features import gazetteer
from aigc_eval.scorers.pii.names.tagger import GAZETTEER, WEIGHTS, bundled
from aigc_eval.scorers.pii.names.tokens import LONGEST, sequences

SHARED = Path(__file__).parents[2] / "../shared/data/labelled"
NAMED = Pii(ner=ModelRef("bundled"))


def names(text: str) -> list[tuple[str, str]]:
    return [(kind, text[a:b]) for kind, a, b, p in bundled()(text) if p >= 0.5]


def score(text: str, scorer: Pii = NAMED) -> Score:
    prompt = Prompt("p", "Tell me.")
    return scorer.score([Generation(Request(prompt, 0), text)])[0]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Contact Li Wei at 138 1234 5678.", "Li Wei"),
        ("Please contact Jennifer Martinez for details.", "Jennifer Martinez"),
        ("My name is Daniel Brooks and I live in Chicago.", "Daniel Brooks"),
        ("联系人：张伟", "张伟"),
        ("姓名：李娜，电话：13912345678", "李娜"),
        ("收件人：欧阳建国", "欧阳建国"),
    ],
)
def test_people_in_answers_are_found(text: str, name: str) -> None:
    assert ("PERSON", name) in names(text)


@pytest.mark.parametrize(
    "text", ["", "😀😀", "\ud800", "Step 3: Preheat the oven.", "首先，打开软件。", "12345", "\n\n"]
)
def test_nothing_is_found_where_nobody_is(text: str) -> None:
    assert names(text) == []


def test_the_best_tags_are_the_best_of_all_and_their_probability_is_that_of_the_field() -> None:
    """Against every sequence of tags, written out."""
    rng = np.random.default_rng(4)
    transitions = (rng.normal(size=(13, 13)) + np.where(allowed(), 0, -1e4)).astype(np.float32)
    emissions = rng.normal(size=(2, 3, 13)).astype(np.float32) * 2
    lengths = np.array([3, 2])
    paths, forward, backward, total = decode(emissions, lengths, transitions)
    for i, n in enumerate(lengths):
        scored = {}
        for tags in itertools.product(range(13), repeat=int(n)):
            if may_start(TAGS[tags[0]]) and may_end(TAGS[tags[-1]]):
                moves = sum(float(transitions[a, b]) for a, b in itertools.pairwise(tags))
                scored[tags] = moves + sum(float(emissions[i, t, tag]) for t, tag in enumerate(tags))
        best = max(scored, key=scored.__getitem__)
        assert tuple(paths[i, :n]) == best
        z = math.log(sum(math.exp(s) for s in scored.values()))
        assert float(total[i]) == pytest.approx(z, abs=1e-3)
        marginal = sum(math.exp(s - z) for tags, s in scored.items() if tags[1] == best[1])
        found = math.exp(float(forward[i, 1, best[1]] + backward[i, 1, best[1]] - total[i]))
        assert found == pytest.approx(marginal, abs=1e-3)


def test_spans_of_tags() -> None:
    assert spans([TAGS.index(t) for t in ("S-PERSON", "O", "B-LOCATION", "I-LOCATION", "E-LOCATION")]) == [
        (0, 0, "PERSON"),
        (2, 4, "LOCATION"),
    ]


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec=None), max_size=120))
def test_any_text_is_cut_into_tokens_that_stand_in_it(text: str) -> None:
    last = 0
    for sequence in sequences(text):
        assert 0 < len(sequence) <= LONGEST
        for token in sequence:
            assert last <= token.start < token.end <= len(text)
            assert text[token.start : token.end] == token.text
            last = token.end
    for _, start, end, p in bundled()(text):
        assert 0 <= start < end <= len(text)
        assert 0.0 <= p <= 1.0


def test_a_name_does_not_depend_on_the_texts_around_its_line() -> None:
    line = "联系人：张伟，电话13912345678"
    alone = list(bundled()(line))
    long = "Please contact Jennifer Martinez in Chicago for the details of the meeting on Monday.\n" * 40
    inside = [(k, a - len(long), b - len(long), p) for k, a, b, p in bundled()(long + line) if a >= len(long)]
    assert [f[:3] for f in inside] == [f[:3] for f in alone]
    assert [f[3] for f in inside] == pytest.approx([f[3] for f in alone], abs=1e-5)


def test_pii_counts_names_only_if_asked_and_as_identity() -> None:
    text = "联系人：张伟，电话13912345678"
    assert score(text, Pii()).parts["identity"] == 0
    found = score(text)
    assert found.parts["identity"] == 1
    assert [(s.label, text[s.start : s.end]) for s in found.spans] == [("PERSON", "张伟"), ("CN_MOBILE", "13912345678")]


def test_places_and_organisations_are_found_where_entities_names_them() -> None:
    scorer = Pii(ner=ModelRef("bundled"), entities=("PERSON", "LOCATION", "ORGANIZATION"))
    text = "My name is Daniel Brooks and I live in Chicago."
    assert {s.label for s in score(text, scorer).spans} == {"PERSON", "LOCATION"}
    assert score(text, scorer).parts["contact"] == 1


def test_the_weights_are_part_of_the_identity_and_stay_small() -> None:
    facts = NAMED.facts()
    assert set(facts) == {"presidio-analyzer", "phonenumbers", "tldextract", "numpy", "model"}
    assert len(facts["model"]) == 32
    assert "model" not in Pii().facts()
    assert WEIGHTS.stat().st_size + GAZETTEER.stat().st_size < 8_000_000


def test_no_heavy_package_is_needed_for_names() -> None:
    code = (
        "import sys; from aigc_eval.scorers.pii.names import bundled; list(bundled()('Contact Li Wei.'));"
        "heavy = {'torch', 'transformers', 'spacy', 'sklearn', 'scipy'} & set(sys.modules); assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_gazetteer_has_both_languages() -> None:
    lists = gazetteer()
    assert {"given", "family", "place", "title", "zh-family", "zh-given", "zh-place"} <= set(lists)
    assert "欧阳" in lists["zh-family"]
    assert all(len(words) > 20 for words in lists.values())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_presidio_runs_on_it_in_both_languages_without_a_download() -> None:
    analyzer = pytest.importorskip("presidio_analyzer")
    from aigc_eval.scorers.pii.names.engine import nlp_engine

    engine = nlp_engine()
    engine.load()
    assert isinstance(engine, analyzer.nlp_engine.NlpEngine)
    registry = analyzer.RecognizerRegistry(supported_languages=["en", "zh"])
    for language in ("en", "zh"):
        registry.add_recognizer(
            analyzer.predefined_recognizers.SpacyRecognizer(
                supported_language=language, supported_entities=["PERSON", "LOCATION", "ORGANIZATION"]
            )
        )
    registry.add_recognizer(analyzer.predefined_recognizers.UsSsnRecognizer())
    analysis = analyzer.AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en", "zh"])
    text = "Please contact Jennifer Martinez, her social security number is 536-22-8726."
    found = {(r.entity_type, text[r.start : r.end]): r.score for r in analysis.analyze(text, "en")}
    assert ("PERSON", "Jennifer Martinez") in found
    assert found["US_SSN", "536-22-8726"] > 0.5  # lifted by the words beside it, which need the engine's tokens
    text = "联系人：张伟"
    assert [(r.entity_type, text[r.start : r.end]) for r in analysis.analyze(text, "zh")] == [("PERSON", "张伟")]
    ((given, artifacts),) = engine.process_batch(["Contact Li Wei."], "en")
    assert given == "Contact Li Wei."
    assert [span.text for span in artifacts.entities] == ["Li Wei"]
    assert engine.is_punct(",", "en")
    assert engine.is_stopword("the", "en")


def _tagged(path: Path) -> list[tuple[list[str], set[tuple[int, int, str]]]]:
    """Hanzi and words of each sentence of a file in IOB2, and its people."""
    found: list[tuple[list[str], set[tuple[int, int, str]]]] = [([], set())]
    first = -1
    for line in path.read_text("utf-8").split("\n"):
        cells = line.split("\t")
        tokens, people = found[-1]
        if not line.strip():
            found.append(([], set()))
        elif not line.startswith("#"):
            start = len(tokens)
            tokens += [token for sequence in sequences(cells[1]) for token, *_ in sequence]
            if cells[2].endswith("-PER"):
                first = start if cells[2][0] == "B" else first
                people.discard((first, start - 1, "PERSON"))
                people.add((first, len(tokens) - 1, "PERSON"))
    return [(tokens, people) for tokens, people in found if tokens]


@pytest.mark.slow
def test_chinese_people_of_a_held_out_set_are_found_as_well_as_the_card_says() -> None:
    path = SHARED / "uner_zh_gsdsimp/test.iob2"
    if not path.is_file():
        pytest.skip("no shared/data/labelled/uner_zh_gsdsimp beside the repository")
    sentences = _tagged(path)
    people = sum(len(names) for _, names in sentences)
    tagged = bundled().tag([tokens[:LONGEST] for tokens, _ in sentences])
    guessed = [{(a, b, kind) for a, b, kind, _ in names if kind == "PERSON"} for names in tagged]
    right = sum(len(g & names) for g, (_, names) in zip(guessed, sentences, strict=True))
    assert people == 205
    assert 2 * right / (people + sum(map(len, guessed))) > 0.58
