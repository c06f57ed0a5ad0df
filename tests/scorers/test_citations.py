"""Citations: marks and quotations in two languages, verbatim and lexical support, ALCE's counts, a real tiny model."""

from __future__ import annotations

import pickle
import time
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aigc_eval.errors import UsageError
from aigc_eval.models.nli import Nli
from aigc_eval.plugin import ModelRef
from aigc_eval.records import Generation, Message, Prompt, Request, Score
from aigc_eval.scorers.citations import Citations
from aigc_eval.scorers.citations.attribution import attribute
from aigc_eval.scorers.citations.marks import cited_sentences, marks, prose, quotes
from aigc_eval.scorers.citations.support import has_words, is_quoted
from tests import tiny

PASSAGES = (
    "The Eiffel Tower was completed in 1889. “It is a useless monster,” wrote the artists of Paris.",
    "铁塔高330米，每年约有六百万人参观。它是巴黎的象征，也是工程师的杰作。",
    "Visitors climb 1,665 steps, or take one of five lifts.",
)


def generation(text: str, *passages: str, question: str = "") -> Generation:
    prompt = Prompt("p", question, evidence=passages, messages=(Message("user", "tell me of the iron lady"),))
    return Request(prompt).answer(text, "truncated")


def score(text: str, *, question: str = "", required: bool = False) -> Score:
    [found] = Citations(required=required).score([generation(text, *PASSAGES, question=question)])
    return found


def labels(text: str) -> list[tuple[str, str]]:
    return [(s.label, text[s.start : s.end]) for s in score(text).spans]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("It is tall [1].", [(1,)]), ("It is tall [1][2].", [(1,), (2,)]), ("It is tall [1, 3].", [(1, 3)]),
        ("It is tall [1-3].", [(1, 2, 3)]), ("它很高【2】。", [(2,)]), ("它很高【2†source】。", [(2,)]),
        ("It is tall [^1].", [(1,)]), ("Tall (Source 2).", [(2,)]), ("Tall (sources 1 and 3).", [(1, 3)]),
        ("Tall [Document 2].", [(2,)]), ("它很高（来源2）。", [(2,)]), ("它很高（资料：1、2）。", [(1, 2)]),
        ("它很高①。", [(1,)]), ("它很高①②。", [(1, 2)]), ("Tall ［１］.", [(1,)]),
        ("三种：①苹果，②香蕉", []), ("① 苹果", []), ("in [2023] he", []), ("(1) first (2) second", []),
        ("x in [0, 1]", []), ("see [0].", [(0,)]), ("[3-2]", []), ("[1-999]", [tuple(range(1, 52))]), ("[]", []),
        ("nums1[0] = 1, f(x)[1], v = [1, 2], v=[3]", []), ("in 1889[1], 高330米[2]。", [(1,), (2,)]),
    ],
)  # fmt: skip
def test_marks(text: str, wanted: list[tuple[int, ...]]) -> None:
    assert [m.numbers for m in marks(text)] == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("He said “it is so tall”.", ["it is so tall"]), ('他写道"这座铁塔真的很高"。', ["这座铁塔真的很高"]),
        ("他说「这座铁塔真的很高」", ["这座铁塔真的很高"]), ("> the tower is tall", ["the tower is tall"]),
        ("『这座铁塔真的很高』", ["这座铁塔真的很高"]), ("a «tour de fer» b", ["tour de fer"]),
        ("《这座铁塔真的很高》", []), ("a “monster” of “iron”", []), ("所谓“人工智能”", []),
        ('5" and 6" and 7" wide', []),
        ("“The Tower of London” and “Of Mice and Men”", []), ("“Paris is in France”", ["Paris is in France"]),
        ('an open " and then', []), ("“open\nquote that is long”", []),
        ("“GPT 模型真的很好用”", ["GPT 模型真的很好用"]),
    ],
)  # fmt: skip
def test_quotes(text: str, wanted: list[str]) -> None:
    assert [text[a:b] for a, b in quotes(text)] == wanted


@pytest.mark.parametrize(
    "text",
    [
        "```python\nprint('x', a[1])\ns = \"this is a string\"\n```", "Use `a[1]` and `\"so it is here\"`.",
        "Text.\n\n[^1]: The source of it all", "Text.\nSources:\n[1] The Tower\n[2] Paris",
        "正文。\n参考文献：\n1. 铁塔 [1]",
        "Text.\n\n**References**\n\n- [1] Tower", "```\nunclosed [1]",
    ],
)  # fmt: skip
def test_code_notes_and_lists_of_sources_cite_nothing(text: str) -> None:
    read = prose(text)
    assert len(read) == len(text)
    assert marks(read) == []
    assert quotes(read) == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("It is tall [1]. It is old.", [("It is tall .", (1,))]),
        ("The tower is tall. [1] The tower is old.", [("The tower is tall.", (1,)), ("The tower is old.", ())]),
        ("它真的很高。[1]它真的很老。", [("它真的很高。", (1,)), ("它真的很老。", ())]),
        ("它真的很高[1]。它真的很老[2]。", [("它真的很高 。", (1,)), ("它真的很老 。", (2,))]),
        ("[2] It is tall", [("It is tall", (2,))]),
        ("Line one is here\n[2] It is tall", [("Line one is here", ()), ("It is tall", (2,))]),
        ("[3]", [("", (3,))]),
        ("Is it tall? Yes. The answer is:", []),
    ],
)  # fmt: skip
def test_which_sentence_a_mark_belongs_to(text: str, wanted: list[tuple[str, tuple[int, ...]]]) -> None:
    assert [(s.words, s.numbers) for s in cited_sentences(text, marks(text))] == wanted


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("it is a useless monster", True), ("It is a USELESS monster!", True), ("it is a … monster", True),
        ("[I]t is a useless [iron] monster,", True), ("It is an useless monster", False), ("monster it is", False),
        ("monster ... it is", False), ("鐵塔高３３０米", True), ("铁塔高300米", False),
        ("六百万人参观，它是巴黎", True),
        ("completed in 1889 铁塔高", False), ("...", False), ("use monster", False),
    ],
)  # fmt: skip
def test_verbatim(quote: str, found: bool) -> None:
    assert is_quoted(quote, PASSAGES) == found


def test_numbers_with_points_are_not_glued() -> None:
    assert not is_quoted("it is 15 metres", ["it is 1.5 metres"])
    assert is_quoted("don't stop there", ["Don’t stop there."])


def test_words_in_support() -> None:
    assert has_words("The tower was completed in 1889.", PASSAGES[:1])
    assert not has_words("The tower was completed in 1890.", PASSAGES[:1])
    assert has_words("Visitors climb 1665 steps.", PASSAGES[2:])
    assert not has_words("Bananas ripen inside closed bags.", PASSAGES)
    assert has_words("铁塔高330米。", PASSAGES[1:2])
    assert not has_words("香蕉在袋子里成熟。", PASSAGES)
    assert not has_words("It is.", [])


def test_every_finding_has_its_place() -> None:
    text = (
        "The tower was completed in 1889 [1]. It is “a useless monster” with “a million tiny stairs”. "
        "铁塔高300米[2]。Visitors take one of five lifts [7]."
    )
    assert labels(text) == [
        ("quote", "a useless monster"),
        ("fabricated_quote", "a million tiny stairs"),
        ("unsupported_citation", "铁塔高300米[2]。"),
        ("invalid_citation", "[7]"),
    ]
    found = score(text)
    assert found.value == pytest.approx(2 / 5)  # one of two quotations, one of three cited sentences
    wanted = {
        "right": 2, "checked": 5, "quotes": 2, "quotes_found": 1, "fabricated": 1, "citations": 3, "citations_valid": 2,
        "sentences": 4, "uncited": 1, "cited_sentences": 3, "cited_supported": 1,
    }  # fmt: skip
    assert found.parts == wanted


def test_sentences_that_cite_are_judged_by_what_they_cite() -> None:
    assert score("The tower was completed in 1889 [1].").value == 1.0
    assert score("The tower was completed in 1889 [2].").value == 0.0
    assert score("The tower was completed in 1889 [2][1].").value == 1.0
    assert score("铁塔高330米【2】。").value == 1.0
    assert score("[1]").value == 0.0


def test_what_does_not_apply() -> None:
    assert score("The tower is tall.").note == "neither a quotation nor a citation"
    assert score("").note == "neither a quotation nor a citation"
    assert Citations().score([generation("x [1]")])[0].note == "no evidence"
    assert Citations().score([]) == []
    assert score("You asked of “the height of it all”.", question="What is the height of it all?").value is None
    assert score("You said “tell me of the iron lady”.").value is None


def test_required_citations_that_are_missing() -> None:
    found = score("The tower is tall. 铁塔真的很高。", required=True)
    assert found.value == 0.0
    assert (found.parts["sentences"], found.parts["uncited"], found.parts["checked"]) == (2, 2, 0)
    assert score("Yes!", required=True).value is None


def test_metrics_read_the_parts() -> None:
    texts = [
        "Completed in 1889 [1]. The tower is so very tall.",
        "It is “a useless monster”.",
        "“a tiny little hut” [9]",
    ]
    scores = [score(text) for text in texts]
    rows = pd.DataFrame([{"prompt": str(i), "value": s.value, **s.parts} for i, s in enumerate(scores)])
    found = {m.name: m(rows) for m in Citations().metrics()}
    assert found == {
        "verified": 2 / 4, "quote_accuracy": 1 / 2, "fabricated_quote_rate": 1 / 2, "citation_validity": 1 / 2,
        "supported_cited_share": 1 / 2, "uncited_sentence_share": 1 / 3,
    }  # fmt: skip
    assert [m.name for m in Citations.all_metrics()][-2:] == ["citation_recall", "citation_precision"]


ALCE = [
    # cited, sets of passages that entail -> (supported, precise), by the loop of princeton-nlp/ALCE's eval.py
    ((), [], (0, 0)),
    ((1,), [(1,)], (1, 1)),
    ((1,), [], (0, 0)),
    ((1, 2), [(1, 2), (1,)], (1, 1)),  # 2 alone does not entail, 1 without it does: 2 is irrelevant
    ((1, 2), [(1, 2)], (1, 2)),  # both are needed
    ((1, 2), [(1, 2), (1,), (2,)], (1, 2)),
    ((1, 2, 3), [(1, 2, 3), (1, 2)], (1, 2)),
    ((1, 2, 3), [(1,), (2,), (3,)], (0, 0)),  # not together, so none counts
    ((1, 9), [(1,)], (0, 0)),
]  # fmt: skip


@pytest.mark.parametrize(("cited", "entailing", "wanted"), ALCE)
def test_attribution_is_alces(
    cited: tuple[int, ...], entailing: list[tuple[int, ...]], wanted: tuple[int, int]
) -> None:
    assert attribute(cited, 3, lambda read: read in entailing) == wanted


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelRef:
    return ModelRef(str(tiny.classifier(tmp_path_factory.mktemp("nli") / "nli")))


def test_recall_and_precision_by_hand(model: ModelRef) -> None:
    sentences = ["The cat sat on the mat.", "Paris is the capital of France.", "北京是中国的首都。"]
    text = "The cat sat on the mat [1][2]. Paris is the capital of France [3]. 北京是中国的首都。"
    nli = Nli(model)

    def entails(*numbers: int, of: str) -> bool:
        return nli.judge([("\n".join(PASSAGES[n - 1] for n in numbers), of)])[0].entailment >= threshold

    chances = sorted(
        nli.judge([("\n".join(PASSAGES[n - 1] for n in read), of)])[0].entailment
        for read, of in [((1, 2), sentences[0]), ((1,), sentences[0]), ((2,), sentences[0]), ((3,), sentences[1])]
    )
    for threshold in (chances[0] / 2, (chances[1] + chances[2]) / 2, (1 + chances[-1]) / 2):
        [found] = Citations(model, threshold=threshold).score([generation(text, *PASSAGES)])
        first, second = entails(1, 2, of=sentences[0]), entails(3, of=sentences[1])
        needed = sum(entails(n, of=sentences[0]) or not entails(3 - n, of=sentences[0]) for n in (1, 2)) * first
        assert found.parts["citation_recall"] == pytest.approx((first + second) / 3)
        assert found.parts["citation_precision"] == pytest.approx((needed + second) / 3)
        assert found.value == pytest.approx((first + second) / 2)


def test_batches_do_not_matter(model: ModelRef) -> None:
    texts = ["The cat sat [1]. It is old [2, 3].", "铁塔高330米[2]。", "no mark", "“a tiny little hut” [9]"]
    scorer = Citations(model, required=True)
    items = [generation(text, *PASSAGES) for text in texts]
    assert scorer.score(items) == [scorer.score([item])[0] for item in items]


def test_too_much_to_read_is_an_error(model: ModelRef) -> None:
    scorer = Citations(model, max_pairs=30)
    many = "The cat sat on the mat [1][2][3]. The dog sat [1][2]. 北京是首都[1][2][3]。北京[1-3]。It is [1-3]."
    long, short = scorer.score([generation(many, *PASSAGES), generation("The cat sat [1].", *PASSAGES)])
    assert "max_pairs" in long.error
    assert short.value is not None


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000, "好" * 300_000, "[1]" * 50_000, "“" * 300_000, '"a" ' * 50_000, "\n" * 500_000, "[1" * 200_000,
        "> " * 100_000, "①" * 200_000, "`" * 300_000, "“so it is here” " * 20_000, "😀“😀”[1]", "\ud800 “x y z w” [1]",
        "مرحبا بالعالم [1]", "[1, " * 100_000, "(source 1 and " * 50_000,
    ],
)  # fmt: skip
def test_odd_and_endless_texts(text: str) -> None:
    start = time.process_time()
    found = score(text)
    assert found.value is not None or found.note
    assert all(s.end <= len(text) for s in found.spans)
    assert not Citations().score([generation("“it is so tall” [1]", text, "x")])[0].error
    assert time.process_time() - start < 20


_PIECES = [
    "[1]",
    "[2, 3]",
    "【1】",
    "①",
    "“",
    "”",
    '"',
    "「",
    "」",
    "> ",
    "\n",
    "`",
    "```",
    "来源：\n",
    "The tower. ",
    "好。",
    " ",
]


@given(st.lists(st.sampled_from(_PIECES), max_size=30).map("".join))
@example("> The tower. \u2460")  # a quotation, and a mark in no sentence
def test_any_text_is_read(text: str) -> None:
    found = score(text, required=True)
    assert found.value is None or 0.0 <= found.value <= 1.0
    assert all(s.end <= len(text) for s in found.spans)
    read = prose(text)
    owned = [m for s in cited_sentences(read, marks(read)) for m in s.marks]
    assert sorted(owned) == marks(read)


def test_options_and_signatures(model: ModelRef) -> None:
    assert Citations().signature() == "Citations|version:1|support:words"
    scorer = Citations(model)
    scorer.load()
    assert scorer.signature() == "Citations|model:nli|version:1|support:nli"
    assert pickle.loads(pickle.dumps(scorer)) == scorer
    assert scorer.identity() != Citations().identity()
    with pytest.raises(UsageError, match="threshold"):
        Citations(threshold=0)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        Citations(ModelRef(str(tmp_path))).load()
