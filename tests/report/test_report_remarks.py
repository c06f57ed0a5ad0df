"""Nothing that our own plug-ins say stays in English on a Chinese page: what they can say is read from their source."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from itertools import product
from string import Formatter

import pytest

from aigc_eval import registry
from aigc_eval.plugin import Plugin, Scorer
from aigc_eval.report.escape import Shown, visible
from aigc_eval.report.remarks import label_words, labels_words, mask_words, needs_words, note_words, source_words
from aigc_eval.report.vocabulary.labels import INSTRUCTIONS, LABELS, ORIGINS, PII
from aigc_eval.report.vocabulary.notes import NOTES
from aigc_eval.scorers.control.rules import CHINESE as CHINESE_RULES
from aigc_eval.scorers.control.rules import RULES
from aigc_eval.scorers.fluency.faults import FAULTS
from aigc_eval.scorers.groundedness.check import KINDS
from aigc_eval.scorers.pii.detector import DEFAULT_ENTITIES, NER_ENTITIES
from tests.report.said import HOLE, labels, notes

FILLS = ("7", "thing", "'t1'", "punctuation:no_comma", "no sentence", "start", "EMAIL_ADDRESS", "empty", "number")
"""What a hole may hold: a figure, a word, a quoted word, and words of ours."""

UNFOLLOWED_LABELS = {
    ("scorers/control/__init__.py", "one.id"): "ids of RULES, tested below",
    ("scorers/fluency/faults.py", "name"): "names of FAULTS, tested below",
    ("scorers/groundedness/__init__.py", "label"): "KINDS, tested below",
    ("scorers/pii/scorer.py", "label"): "entities, tested below",
    ("scorers/pii/scorer.py", "f'{kind}:{f.entity}' if kind else f.entity"): "origins and entities, tested below",
}
UNFOLLOWED_NOTES = {
    ("answering.py", "answer.detail"): "redacted, else as it was made",
    ("answering.py", "detail"): "redacted, else as it was made",
    ("answering.py", "redact(str(error))"): "a CallError, collected where it is raised",
    ("answering.py", "short(error)"): "an exception of others",
    ("engines/isolated.py", "ASTRAY"): "collected in engines/process.py",
    ("engines/isolated.py", "self._lost"): "tested below",
    ("engines/isolated.py", "str(death)"): "a Died, collected where it is raised",
    ("generators/command/program.py", "self.what"): "a CallError's words, collected where they are made",
    ("generators/http/__init__.py", "found.detail"): "collected in generators/http/answer.py",
    ("generators/openai_compatible/__init__.py", "detail"): "collected in generators/openai_compatible/answer.py",
    ("generators/openai_compatible/__init__.py", "words"): "a server's reason for a refusal",
    ("generators/openai_compatible/answer.py", "what"): "tested below",
    ("generators/python.py", "shown(f'{type(error).__name__}: {error}')"): "an exception of others",
    ("generators/replay.py", "draw.detail"): "recorded by others",
    ("models/chat/endpoint.py", "str(error)"): "a CallError, collected where it is raised",
    ("refusal_metrics.py", "str(error)"): "tested below",
    ("replies.py", "shown(f'the reply {what}')"): "tested below",
    ("scorers/acceptability.py", "reading.error"): "collected where it is read",
    ("scorers/acceptability.py", "reading.note"): "collected where it is read",
    ("scorers/guard/__init__.py", "str(chances)"): "a ChatError, collected where it is raised",
    ("scorers/guard/__init__.py", "str(verdict if isinstance(verdict, ChatError) else value)"): "the same",
    ("scorers/pii/scorer.py", "str(error)"): "a RecognizerError, collected where it is raised",
    ("scorers/refusal_judge.py", "note_of(ruling)"): "a judge's own words",
    ("scorers/toxicity_judge.py", "note_of(ruling)"): "a judge's own words",
    ("scorers/claims/__init__.py", "ruling.why"): "collected in models/judge.py",
    ("models/judge.py", "failed[0].why"): "the same words again",
    ("models/judge.py", "str(reply)"): "a ChatError, collected where it is raised",
    ("scorers/claims/decompose.py", "str(reply)"): "a ChatError, collected where it is raised",
    ("scoring.py", "note"): "what `not_applicable` returned",
    ("scoring.py", "short(error)"): "an exception of others",
}


def test_every_label_of_ours_is_told_in_both_languages() -> None:
    found, lost = labels()
    assert len(found) > 20
    unknown = {(file, text) for file, text in found if not any(label_words(one).ours for one in _filled(text))}
    assert unknown == set(), "add these labels to report/vocabulary/labels.py"
    assert lost - UNFOLLOWED_LABELS.keys() == set(), "labels that cannot be read from the source: write them out"


def test_every_note_of_ours_is_told_in_both_languages() -> None:
    found, lost = notes()
    assert len(found) > 120
    asked = {(file, text) for file, text in found if " " in text}
    unknown = {(file, text) for file, text in asked if not any(note_words(one).ours for one in _filled(text))}
    assert unknown == set(), "add these notes to report/vocabulary/notes.py"
    assert lost - UNFOLLOWED_NOTES.keys() == set(), "notes that cannot be read from the source: write them out"


def _filled(text: str) -> list[str]:
    """A text with its holes filled in every way."""
    parts = text.split(HOLE)
    fills = product(FILLS if len(parts) < 5 else FILLS[:3], repeat=len(parts) - 1)
    return ["".join(p + f for p, f in zip(parts, (*fill, ""), strict=True)) for fill in fills]


@pytest.mark.parametrize("label", [*(f.part for f in FAULTS if f.part != "empty"), *RULES, *CHINESE_RULES,
                                   *sorted({*DEFAULT_ENTITIES, *NER_ENTITIES}), "CN_POSTAL_CODE",
                                   *(f"unsupported:{kind}" for kind in KINDS)])  # fmt: skip
def test_labels_that_are_made_from_names(label: str) -> None:
    assert label_words(label).ours


@pytest.mark.parametrize("origin", ["echo", "recovered", "placeholder", "en", "zh"])
def test_where_a_label_comes_from(origin: str) -> None:
    words = label_words(f"{origin}:CN_MOBILE")
    assert words.ours
    assert "手机号" in words.zh
    assert "CN_MOBILE" not in words.en


@pytest.mark.parametrize(
    ("note", "zh"),
    [
        ("output is refused", "输出状态：拒答"),
        ("not followed: punctuation:no_comma, zh:length:words", "未遵守的指令：不用逗号、长度（词）（中文规则）"),
        (
            "no explicit label; AIGC metadata: ProduceID is missing",
            "没有显式标识；AIGC 元数据：缺少 ProduceID",
        ),
        ("explicit label, but not at start or end", "有显式标识，但不在文首或文末"),
        ("1,204 sentences and this much evidence are more than max_pairs readings",
         "共 1,204 个句子，与证据比对的次数超过 max_pairs"),
        ("not scored: the scorer died 3 times in a row", "未评分：评分进程连续崩溃 3 次"),
        ("the prompt's `expected` is 'no'; write refuse or comply (拒答, 回答)",
         "题目的 `expected` 为 'no'；应写 refuse 或 comply（拒答、回答）"),
        ("prompt 't1': the prompt's `expected` is 'no'; write refuse or comply (拒答, 回答)",
         "题目 't1'：题目的 `expected` 为 'no'；应写 refuse 或 comply（拒答、回答）"),
        ("the reply has no text; write null where there is no answer",
         "返回的对象有误：has no text; write null where there is no answer"),
        ("not asked: example.com:8443: status 402: no credit", "未请求：example.com:8443：状态码 402：no credit"),
        ("the answer has no choices instead of one", "响应中没有选项，应为一个"),
        ("the answer has 3 choices instead of one", "响应含 3 个选项，应为一个"),
    ],
)  # fmt: skip
def test_notes_with_figures_and_quotations(note: str, zh: str) -> None:
    words = note_words(note)
    assert words.zh == zh
    assert words.en == note or note.startswith(("output", "not followed"))


def test_what_others_say_is_quoted_as_it_is() -> None:
    words = note_words("h:1: status 503: please try <again>\u202e")
    assert [p for p in words.pieces("zh") if p.quoted] == [p for p in words.pieces("en") if p.quoted]
    assert words.pieces("zh")[-1].text == "please try <again>⟦U+202E⟧"
    unknown = note_words("model says hi; and more")
    assert not unknown.ours
    assert unknown.pieces("zh") == unknown.pieces("en")
    assert unknown.pieces("zh")[0].quoted
    assert note_words("").en == ""


def test_masks_stay_masks_and_nobody_forges_one() -> None:
    masked = Shown("status 500: ⟦EMAIL_ADDRESS·3f9a1c⟧ is unknown")
    assert "⟦EMAIL_ADDRESS·3f9a1c⟧" in note_words(masked).zh
    assert "⟦U+27E6⟧nothing⟧" in note_words("status 500: ⟦nothing⟧ is unknown").zh
    assert mask_words("⟦EMAIL_ADDRESS·3f9a1c⟧").zh == "电子邮箱"
    assert not mask_words("⟦MY_OWN⟧").ours
    assert labels_words(["toxic", "my own"]).zh == "毒性内容、my own"


CITATION = re.compile(
    r"[A-Z][\w&.’' -]* \d{4}[a-z]?(?:, [A-Z][\w():,’' -]*)?(?: \([\w,. -]+\))?(?: \(https://\S+\))?|"
    r"[A-Z][\w-]*(?: [A-Z][\w-]*)? \([A-Z][\w&. -]* \d{4}\)|"
    r"(?:GB|ISO/IEC)[\d/ -]+|presidio-analyzer|Hugging Face evaluate|sacrebleu [^ ]*|\|smooth[^ ]*"
)


def _plugins() -> list[type[Plugin]]:
    return [e.load() for kind in ("scorer", "generator") for e in registry.entries(kind).values() if e.builtin]


def test_words_around_citations_are_told_in_both_languages() -> None:
    sources = {text for plugin in _plugins() for text in _sources(plugin)}
    assert len(sources) > 60
    parts = [part for source in sources for part in source_words(source).pieces("zh") if part.quoted]
    cited = {text for part in parts for text in part.text.split("; ")}
    assert {text for text in cited if not CITATION.fullmatch(text)} <= {
        "GB 45438-2025 and Regulation (EU) 2024/1689, Art. 50",
        "GB 45438-2025",
        "徐巍、姚振晔、陈冬华 2021 (会计研究)",
        "Gao et al. 2021, lm-evaluation-harness (acc_norm)",
        "COLDetector (Deng et al. 2022)",
        "Hugging Face evaluate, perplexity",
        "nrefs:var|case:mixed|eff:no|tok:",
        "",
    }


def _sources(plugin: type[Plugin]) -> Iterator[str]:
    yield plugin.source
    with contextlib.suppress(Exception):  # options decide what it measures
        yield from (m.source for m in plugin.all_metrics()) if issubclass(plugin, Scorer) else ()


@pytest.mark.parametrize("plugin", _plugins(), ids=lambda plugin: plugin.__name__)
def test_needs_are_told_in_both_languages(plugin: type[Plugin]) -> None:
    words = needs_words(plugin.needs)
    assert words.en == plugin.needs
    assert not any(part.quoted for part in words.pieces("zh")), "add it to report/vocabulary/sources.py"


@pytest.mark.parametrize("table", [LABELS, PII, INSTRUCTIONS, ORIGINS])
def test_labels_have_words_in_both_languages(table: dict[str, tuple[str, str]]) -> None:
    for key, (en, zh) in table.items():
        assert en.isascii(), key
        assert re.search(r"[\u4e00-\u9fff]", zh) or not re.search("[a-z]{3}", zh), key


def test_both_languages_of_a_note_have_the_same_holes() -> None:
    for source, zh in NOTES.items():
        holes = [sorted(n for _, n, _, _ in Formatter().parse(text) if n is not None) for text in (source, zh)]
        kept = [h for h in holes[0] if h in holes[1]]
        assert kept == holes[1], source
        dropped = set(holes[0]) - set(holes[1])
        assert not any(f"{{{name}:number}}" in source for name in dropped), f"{source} loses a figure"
        assert re.search(r"[\u4e00-\u9fff]", zh) or source.startswith(("finish_reason", "stop_reason")), source
        assert not re.search(r"[\u4e00-\u9fff][,;:!?]", zh), f"{zh}: punctuation of Chinese is full-width"


@pytest.mark.parametrize("unit", ["a", "; ", ": ", "prompt 'x', ", "status 1: ", "no evidence; ", "(", "{0}", "7 of "])
def test_a_hostile_note_is_read_in_linear_time(unit: str) -> None:
    begun = time.process_time()
    for length in (100, 1_900, 1_000_000):
        note_words(unit * (length // len(unit)))
    assert time.process_time() - begun < 10


def test_a_note_is_shown_as_it_is_printed() -> None:
    for note in ("output is empty", "h:1: status 503: x", "thing"):
        words = note_words(note)
        for lang in ("en", "zh"):
            shown = "".join(part.text for part in words.pieces(lang))
            assert shown == (words.in_(lang))
            assert visible(shown) == shown
