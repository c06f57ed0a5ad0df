from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval.errors import UsageError
from aigc_eval.plugin import ModelRef
from aigc_eval.records import Generation, Prompt, Request
from aigc_eval.scorers.consistency import SelfCheckNgram, SelfCheckNli, SemanticEntropy
from aigc_eval.scorers.consistency.semantic_entropy import clusters, entropy
from tests import tiny


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelRef:
    return ModelRef(str(tiny.classifier(tmp_path_factory.mktemp("nli") / "bert")))


def samples(*texts: str, logprobs: tuple[float, ...] = ()) -> list[Generation]:
    prompt = Prompt("p", "What is the capital?")
    alone = [
        Request(prompt, i).answer(t, logprob=lp, usage={"output_tokens": 2})
        for i, (t, lp) in enumerate(itertools.zip_longest(texts, logprobs))
    ]
    return [replace(a, siblings=tuple(b for b in alone if b is not a)) for a in alone]


def probabilities(model: str, premise: str, hypothesis: str) -> dict[str, float]:
    """transformers alone, one pair at a time."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    network = transformers.AutoModelForSequenceClassification.from_pretrained(model).eval()
    with torch.no_grad():
        row = network(**tokenizer(premise, hypothesis, return_tensors="pt")).logits[0].softmax(-1).tolist()
    return {network.config.id2label[i]: p for i, p in enumerate(row)}


class TestSelfCheckNli:
    def test_it_is_the_papers_formula(self, model: ModelRef) -> None:
        """Eq. of section 5.4: softmax over entailment and contradiction only; mean over samples, then sentences."""
        first, *_ = samples("The cat sat. 今天天气很好。", "The dog sat on the log.", "北京是中国的首都。")
        [score] = SelfCheckNli(model).score([first])
        each = []
        for sentence in ("The cat sat.", "今天天气很好。"):
            found = [probabilities(model, sibling.text, sentence) for sibling in first.siblings]
            each.append(sum(p["contradiction"] / (p["contradiction"] + p["entailment"]) for p in found) / 2)
        assert score.value == pytest.approx(sum(each) / 2, abs=1e-5)
        assert score.parts["worst_sentence"] == pytest.approx(max(each), abs=1e-5)
        assert len(score.spans) == sum(x >= 0.5 for x in each)

    def test_a_sample_whose_others_were_lost_is_unscored(self, model: ModelRef) -> None:
        """One that never had others does not apply; lost ones must not take the row out of what counts."""
        first, *_ = samples("The cat sat.", "", "")
        for scorer in (SelfCheckNli(model), SelfCheckNgram(), SemanticEntropy(model)):
            [score] = scorer.score([first])
            assert score.error.startswith("no other sample")

    def test_one_sample_has_nothing_to_compare_with(self, model: ModelRef) -> None:
        [alone] = samples("The cat sat.")
        assert SelfCheckNli(model).score([alone])[0].note.startswith("one sample")

    def test_a_model_without_contradiction_is_refused(self, tmp_path: Path) -> None:
        folder = tiny.classifier(tmp_path / "two", labels=("entailment", "not_entailment"))
        with pytest.raises(UsageError, match="no contradiction class"):
            SelfCheckNli(ModelRef(str(folder))).load()


class TestSelfCheckNgram:
    def test_by_hand(self) -> None:
        """Unigram counts of answer and samples: the 3, cat 2, sat 1, dog 1, ran 2, .: 3; 12 tokens in all."""
        first, *_ = samples("The cat sat.", "The cat ran.", "The dog ran.")
        [score] = SelfCheckNgram().score([first])
        nll = [math.log(12 / n) for n in (3, 2, 1, 3)]
        assert score.value == pytest.approx(sum(nll) / 4)
        assert score.parts["max_nll"] == pytest.approx(math.log(12))

    def test_the_document_scores_are_selfcheckgpts(self) -> None:
        """From the formulas of its UnigramModelSentenceLevel with k = 0, over spaCy 3.8's tokens (a blank English
        pipeline): `doc` average log-probability, and the mean over sentences of the lowest."""
        first, *_ = samples(
            "The tower opened in 1850. It is in Lyon.",
            "The tower opened in 1889. It is in Paris.",
            "It opened in 1889 in Paris.",
        )
        [score] = SelfCheckNgram().score([first])
        assert score.value == pytest.approx(2.360108477046441)
        assert score.parts["max_nll"] == pytest.approx(3.367295829986474)

    def test_chinese_by_character_and_folded(self) -> None:
        first, *_ = samples("我愛北京", "我爱北京", "我爱北京")
        assert SelfCheckNgram().score([first])[0].value == pytest.approx(math.log(4))

    def test_what_only_one_sample_says_is_more_surprising(self) -> None:
        odd, even, *_ = samples("It opened in 1850.", "It opened in 1901.", "It opened in 1901.", "It opened in 1901.")
        a, b = SelfCheckNgram().score([odd, even])
        assert a.value is not None
        assert b.value is not None
        assert a.value > b.value

    def test_failed_samples_do_not_count(self) -> None:
        first, second = samples("Yes.", "")
        assert second.outcome == "empty"
        assert SelfCheckNgram().score([first])[0].error.startswith("no other sample")


class TestSemanticEntropy:
    def test_the_discrete_form_by_hand(self) -> None:
        """Cluster ids [0, 1, 2, 1]: 1.039721 (Farquhar et al. 2024, cluster_assignment_entropy)."""
        assert entropy([0, 1, 2, 1], [1.0] * 4) == pytest.approx(1.039721, abs=5e-7)
        assert entropy([0, 0, 0], [1.0] * 3) == 0.0
        assert entropy([0, 1], [3.0, 1.0]) == pytest.approx(0.562335, abs=5e-7)

    def test_clusters_are_transitive(self) -> None:
        """Greedy comparison with first members gives [0, 1, 0] or [0, 0, 1] by order; components give one cluster."""
        assert clusters(3, {(0, 1): False, (0, 2): True, (1, 2): True}) == [0, 0, 0]

    @given(st.integers(1, 7), st.randoms())
    def test_order_does_not_matter(self, count: int, random: object) -> None:
        from random import Random

        assert isinstance(random, Random)
        same = {(i, j): random.random() < 0.3 for i in range(count) for j in range(i + 1, count)}
        order = random.sample(range(count), count)
        moved = {tuple(sorted((order[i], order[j]))): equal for (i, j), equal in same.items()}
        before, after = clusters(count, same), clusters(count, moved)  # type: ignore[arg-type]
        assert [[before[i] == before[j] for i in range(count)] for j in range(count)] == [
            [after[order[i]] == after[order[j]] for i in range(count)] for j in range(count)
        ]

    def test_with_a_real_model(self, model: ModelRef) -> None:
        texts = ("The cat sat on the mat.", "the cat sat  on the mat.", "Beijing is the capital.", "今天天气很好。")
        group = samples(*texts, logprobs=(-1.0, -2.0, -3.0, -4.0))
        scores = SemanticEntropy(model).score(group)
        question = "What is the capital?"

        def entails(a: str, b: str) -> bool:
            found = probabilities(model, f"{question} {a}", f"{question} {b}")
            return found["entailment"] == max(found.values())

        same = {(i, j): entails(texts[i], texts[j]) and entails(texts[j], texts[i]) for i, j in
                itertools.combinations(range(4), 2)} | {(0, 1): True}  # fmt: skip
        ids = clusters(4, same)
        assert {s.value for s in scores} == {entropy(ids, [1.0] * 4)}
        weights = [math.exp(lp / 2) for lp in (-1.0, -2.0, -3.0, -4.0)]
        assert scores[0].parts["likelihood"] == pytest.approx(entropy(ids, weights))

    def test_prompts_with_a_very_long_answer_are_errors(self, model: ModelRef) -> None:
        for scorer in (SemanticEntropy(model), SelfCheckNli(model)):
            long, short = scorer.score(samples("好" * 4001, "短。"))
            assert "max_characters (4,000)" in long.error
            assert short.error or short.note  # nothing is left to compare with

    def test_the_same_answers_have_no_entropy(self, model: ModelRef) -> None:
        [a, b] = SemanticEntropy(model).score(samples("Ｐａｒｉｓ", "paris"))
        assert (a.value, b.value, a.parts["meanings"]) == (0.0, 0.0, 1.0)
        assert "likelihood" not in a.parts
