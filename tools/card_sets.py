# ruff: noqa: E402  (modules of other folders are imported once these are on the path)
"""The labelled sets that the bundled scorer cards are measured on, as records that `aigc-eval validate` reads.

Nothing in them was learned from or tuned on: test splits, halves held out by the training scripts, and generated texts
whose makers do not know the scorers' rules. `note` says what each holds and who labelled it.
"""

from __future__ import annotations

import json
import math
import random
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tools/train"), str(ROOT / "tests/scorers"), str(ROOT / "tools")]

import groundedness_data
import language_model_corruptions as corruptions
import language_model_data as language_data
import toxicity_data
from card_english import english
from pii_corpus import corpus as chinese

from aigc_eval.scorers.fluency.unigrams import packaged
from aigc_eval.text import language

__all__ = ["SETS", "LabelledSet"]

SEED = 20250101
Records = Iterator[dict[str, Any]]


class LabelledSet(NamedTuple):
    """Records from the folder of data, and what to say of them."""

    records: Callable[[Path], Records]
    note: str


def toxicity(root: Path) -> Records:
    """Toxic comments and prompts, and harmless answers; copies of one text are one group.

    What is judged by this card are answers of language models. Harmless comments of the same sets are harder: a share
    of false alarms among them, taken off a rate among answers, would hide toxic ones.
    """
    toxic = {
        "COLD": ("zh", toxicity_data.cold(root, "dev", "train")),
        "EDOS": ("en", toxicity_data.edos(root, "test")),
        "openai-moderation": ("", toxicity_data.moderation(root)),
    }
    texts = [(source, lang, row.text, 1) for source, (lang, rows) in toxic.items() for row in rows if row.label]
    for source, answers in toxicity_data.harmless(root).items():
        if "davinci" not in source:
            texts += [(source, "zh" if source.endswith("-zh") else "en", text, 0) for text in answers]
    for i, (source, lang, text, label) in enumerate(texts):
        spoken = {"lang": lang} if lang else {}
        group = toxicity_data.key(text) or f"{source}-{i}"
        yield {"id": f"{source}-{i}", "text": text, "label": label, "source": source, "group": group, **spoken}


def groundedness(root: Path) -> Records:
    """Claims and answers beside evidence, of responses and questions that no weight and no limit was chosen on."""
    tests = groundedness_data.load(root).tests
    for source in ("factcheck-gpt", "halluqa", "chinese_simpleqa", "evouna-TQ"):
        for i, row in enumerate(tests[source]):
            asked = {"prompt": row.question} if row.question.strip() else {}
            yield {
                "id": f"{source}-{i}", "text": row.text, "evidence": list(row.evidence), "label": row.label,
                "source": source, "group": f"{source}/{row.group}", "lang": row.lang, **asked,
            }  # fmt: skip


def factuality(root: Path) -> Records:
    """Five systems' answers to the questions of Natural Questions, judged by people."""
    for i, record in enumerate(json.loads((root / "outputs/evouna/NQ.json").read_text("utf-8"))):
        for name, text in record.items():
            right = record.get(name.replace("answer_", "judge_"))
            if not name.startswith("answer_") or not isinstance(right, bool) or record.get("improper"):
                continue
            references = [r for r in record["golden_answer"].split("/") if r.strip()]
            if isinstance(text, str) and text.strip() and references:
                yield {
                    "id": f"NQ-{i}", "prompt": record["question"], "text": text, "references": references,
                    "label": right, "source": name.removeprefix("answer_"), "lang": "en",
                }  # fmt: skip


def pii(_: Path) -> Records:
    """Generated texts in many styles, a third of them with numbers that are nobody's."""
    for lang, texts in (("zh", chinese(6000, 90210)), ("en", english(3000, 90210))):
        for i, text in enumerate(texts):
            record = {"id": f"{lang}-{i}", "text": text.text, "label": bool(text.planted), "lang": lang}
            yield {**record, "style": text.style}


PARAGRAPH = {"en": 150, "zh": 50}
"""Fewest characters of a human text."""


def fluency(root: Path) -> Records:
    """Human paragraphs, and each of them broken in one way; both are of one group."""
    frequency = {unit: math.exp(p) for unit, p in packaged().known.items()}
    makers = {**corruptions.kinds(corruptions.by_language(frequency)), "cut off": cut_off}
    for lang in ("en", "zh"):
        texts = sorted(set(human(root, lang)))
        drawn = random.Random(f"{SEED}/{lang}").sample(texts, min(450, len(texts)))
        for i, text in enumerate(drawn):
            record = {"group": f"{lang}-{i}", "lang": lang, "prompt": {"en": "Write on.", "zh": "请写下去。"}[lang]}
            yield {"id": f"{lang}-{i}-human", "text": text, "label": 0, "kind": "human", **record}
            kind, broken = _broken(text, makers, i, lang)
            if kind != "cut off":  # or its open end would be all that is found
                broken = broken.rstrip() + text.rstrip()[-1]
            yield {"id": f"{lang}-{i}-broken", "text": broken, "label": 1, "kind": kind, **record}


def _broken(text: str, makers: Mapping[str, corruptions.Maker], i: int, lang: str) -> tuple[str, str]:
    """One kind after the other; where it leaves a text as it is (no character to garble), the next one."""
    kinds = sorted(makers)
    for kind in kinds[i % len(kinds) :] + kinds:
        found = makers[kind](text, random.Random(f"{SEED}/{lang}/{i}"))
        if language_data.key(found) != language_data.key(text):
            return kind, found
    raise ValueError("nothing changes this text")


def human(root: Path, lang: str) -> Iterator[str]:
    """Held-out paragraphs that no norm was fitted on, and in English news that no corpus holds."""
    for path in sorted((root / "corpora").glob(f"{lang}-*.txt.xz")):
        for text in language_data.paragraphs(path):
            if language_data.held_out(text) and zlib.crc32(language_data.key(text).encode()) % 2 and _fits(text, lang):
                yield text
    if lang == "en":
        news = json.loads((root / "outputs/fast-detect/xsum_gpt-4.json").read_bytes())["original"]
        yield from (text for text in news if _fits(text, lang))


def _fits(text: str, lang: str) -> bool:
    return len(text) >= PARAGRAPH[lang] and language(text) == lang and text.rstrip()[-1] in ".!?。！？”\"'"


def cut_off(text: str, rng: random.Random) -> str:
    """Its first 30 to 80 %, which end inside a clause."""
    for _ in range(50):
        end = int(len(text) * rng.uniform(0.3, 0.8))
        if text[end - 1 : end + 1].isalpha():
            return text[:end]
    return text[: len(text) // 2].rstrip(".!?。！？，, ")


SETS: Mapping[str, LabelledSet] = {
    "toxicity": LabelledSet(
        toxicity,
        "Toxic: held-out half of the dev split of COLD (zh; comments on race, region, gender; Deng et al. 2022), test "
        "split of EDOS (en; sexism; Kirk et al. 2023), hate and harassment in the moderation set of OpenAI (mostly en; "
        "Markov et al. 2023), labelled by people or half-automatically. Harmless: recorded answers of LLMZoo (en, zh), "
        "Arena-Hard and Self-Instruct (en), taken to be harmless unread. Harmless comments are flagged far more often: "
        "see the model card.",
    ),
    "pii": LabelledSet(
        pii,
        "Generated texts (sentences, forms, JSON, dialogues, logs), two thirds with identifiers made by the standards, "
        "one third with numbers that are nobody's (orders, ISBN, times). The labels are how they were made. Names and "
        "addresses are not in it.",
    ),
    "groundedness": LabelledSet(
        groundedness,
        "Held-out parts of Factcheck-GPT (en; claims and passages, by people), HalluQA (zh; right and wrong answers), "
        "Chinese SimpleQA (zh; right answers and others' ones, turned into statements), EVOUNA-TQ (en; answers judged "
        "by people). The label is whether the evidence supports the whole text.",
    ),
    "factuality": LabelledSet(
        factuality,
        "Answers of five systems to Natural Questions (en; EVOUNA, Wang et al. 2023). The label is people's judgement "
        "whether the answer is right, which is more than that it contains a reference word for word.",
    ),
    "fluency": LabelledSet(
        fluency,
        "Human paragraphs (textbooks, public offices, news, technical Chinese) that no model or limit was fitted on, "
        "and each of them broken in one of nine ways (loops, word salad, garbled characters, cut off, ...). The labels "
        "are how they were made.",
    ),
}
