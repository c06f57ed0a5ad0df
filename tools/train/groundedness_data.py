"""What the groundedness model learns from, is tuned on and is measured on: claims, evidence, whether it supports them.

Labels are 1 (supported) and 0. Rows that share a question, a response or a passage are never in two parts.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from groundedness_edits import FALSE, Pool, change, falsify, reword

from aigc_eval.scorers.groundedness.claims import is_claim
from aigc_eval.scorers.groundedness.numerals import flat
from aigc_eval.text import has_hanzi, sentences

SEED = 20250101
SHA256 = dict(
    line.split()[::-1]
    for line in """
4fa8b1429197c531d1432aa0a1535342ecc182f0733e6f1223d671081abe60db corpora/en-openstax.txt.xz
3305a6dc669f003531b445f5fb0eac87207c8af997f64f429a89a01f99b4e3cb corpora/en-digitalgov.txt.xz
82c2163e6aa598c93f2c627187ec4be44b8effbf90df1b74a2ce0c545b1ac1cd corpora/zh-lctt.txt.xz
e451d2cbe01395af783d83958cafc35c97311ce13adfad46cadcc632f5ce607d corpora/zh-laws.txt.xz
0a20b17cd40dfe65b5aa2916ef6b280882ae29023a435f240d8e16a1cf305207 corpora/zh-kdconv.txt.xz
c95082996cbc66164f00957e4bdf371500e90657841e468b59e2f85573260607 corpora/zh-d2l.txt.xz
2b0af836c7a18734fed4b8632f876f1ac4522314cf3db9fae58eaca5dceda354 corpora/zh-howtocook.txt.xz
73302cd97666b808fb94b5d8a4a2c924049c9484e609017a2f808c4a6d539219 labelled/halueval/general_data.json
9ba867364f705ab37af202bc1c47528c8e143d159c4d217e813f0bf47e56e5bb labelled/factcheck-gpt/Factbench.jsonl
3bfa17d7b37bca82bcc0aacf69a8bbd85cffe117d337c95cf7c3b00e34b98d1a labelled/factcheck-gpt/subtask3_claim_evidence_stance.jsonl
c626ca34be9bdd2203a45a70af9fed177d48d9f12ba10ebe9bf10f0c6b1eb484 labelled/chinese_simpleqa/chinese_simpleqa.jsonl
022ad225b3e888d127e97ef8f1ecbf044596e5882d09f2aae0061f2701db985d labelled/chinese_facteval/dataset_chinese.jsonl
6e5e80def7deaf4a3410f7de6c638c13f100ce5ece09ee84a47f6f14ab69a0cd labelled/paradetox/paradetox.tsv
c21fff0bb3cdc4a2a885930e9291ca26af1e70174ee9e7b785c300023d55ea66 outputs/halluqa/prompts.json
e01709ec6b979d3976f2f8f676dab2e2aea50e0a07f3c66d70dae358e5360d23 outputs/evouna/TQ.json
ff04ae4dc9754418e8de1001cd642579f36e2020b7b08826a2519c9058cc354b outputs/halluqa/baichuan2-7b-base.json
9d5ab90e2842cca2e4e2b6ce56f646e8a3452e021c14e73b06581086092815b8 outputs/halluqa/chatglm2-6b.json
78949d649f8b09f2664c40ef3b2b62905d84c0fbce0c315519497c4517707419 outputs/halluqa/ernie_bot.json
4baa18ab10b94d67d272f7199160892654576e4c5fa7f28c33295ad4816a69b8 outputs/halluqa/gpt-4-0613.json
9974ae7dbdc9f133d169e43c43bdf32a93e670784493e31a147f07c289f00cd0 outputs/halluqa/qwen-14b-chat.json
""".strip().splitlines()  # noqa: E501
)
"""Every file that is read, with the digest of the version that the bundled weights were learned from."""


class Row(NamedTuple):
    """One claim (or answer) against its evidence."""

    text: str
    evidence: tuple[str, ...]
    question: str
    label: int
    source: str
    group: str
    kind: str
    weight: float = 1.0

    @property
    def lang(self) -> str:
        return "zh" if has_hanzi(self.text) else "en"


class Data(NamedTuple):
    train: list[Row]
    dev: list[Row]
    tests: dict[str, list[Row]]


def share(*key: str) -> float:
    """A number from 0 to 1 that follows from the key alone."""
    return int(hashlib.sha256("\0".join(key).encode("utf-8", "surrogatepass")).hexdigest()[:8], 16) / 0xFFFFFFFF


def check_digests(root: Path) -> None:
    """Raise where a file is not the version that the weights were learned from."""
    for name, wanted in SHA256.items():
        found = hashlib.sha256((root / name).read_bytes()).hexdigest()
        if found != wanted:
            raise SystemExit(f"{name} is another version: sha256 {found}, not {wanted}")


def jsonl(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line.strip()]


# --- constructed pairs ---------------------------------------------------------------------------------------------


def split(text: str) -> list[str]:
    return [text[a:b] for a, b in sentences(text)]


def claimable(sentence: str) -> bool:
    low, high = (10, 110) if has_hanzi(sentence) else (35, 300)
    return low <= len(sentence) <= high and not re.search("\ufffd|https?:", sentence) and is_claim(flat(sentence))


def passages(path: Path, most: int) -> list[list[str]]:
    """Passages of 3 to 12 sentences of neighbouring paragraphs, in order, evenly drawn over the corpus."""
    with lzma.open(path, "rt", encoding="utf-8", newline="\n") as file:
        lines = [line.strip() for line in file if line.strip()]
    found: list[list[str]] = []
    held: list[str] = []
    target = 3
    for line in lines:
        held += split(line)
        if len(held) >= target:
            found.append(held[:12])
            held, target = [], 3 + int(share(line) * 7)
    step = max(1, len(found) // (2 * most))
    return [p for i, p in enumerate(found) if i // 2 % step == 0][: 2 * most]


def constructed(name: str, texts: Sequence[list[str]], questions: Sequence[str] | None = None) -> list[Row]:
    """For each passage: a supported sentence, edited ones, one whose passage lost it, and one of the next passage."""
    pool = Pool([s for passage in texts for s in passage if claimable(s)][:20000])
    found: list[Row] = []
    for i, passage in enumerate(texts):
        r = random.Random(f"{SEED}/{name}/{i}")
        able = [j for j, s in enumerate(passage) if claimable(s)]
        if not able or len(passage) < 2:
            continue
        following = [s for s in texts[(i + 1) % len(texts)] if claimable(s)]
        whole = shown(passage, texts, r)
        for label, kind, text, j in variants(passage, able, following, r, pool):
            evidence = whole
            if kind == "absent":
                evidence = (("" if has_hanzi(text) else " ").join(passage[:j] + passage[j + 1 :]),)
            elif kind != "invented" and r.random() < 0.12:
                evidence = (passage[j],)
            question = questions[i] if questions else ""
            found.append(Row(text, evidence, question, label, name, f"{name}/{i // 20}", kind))
    return found


def variants(
    passage: list[str], able: list[int], following: list[str], r: random.Random, pool: Pool
) -> Iterator[tuple[int, str, str, int]]:
    for _ in range(2):
        j = r.choice(able)
        text, kind = reword(passage[j], r, pool)
        if j + 1 in able and r.random() < 0.15:
            both = ("，", "") if has_hanzi(text) else (" and ", "")
            text, kind = text.rstrip(".。") + both[0] + reword(passage[j + 1], r, pool)[0], "joined"
        yield 1, kind, text, j
    for kind in r.sample(sorted(FALSE), len(FALSE))[:3]:
        j = r.choice(able)
        text = falsify(reword(passage[j], r, pool)[0], kind, r, pool)
        if text:
            yield 0, kind, text, j
    j = r.choice(able)
    if len(passage) > 2:
        yield 0, "absent", reword(passage[j], r, pool)[0], j
    if following:
        yield 0, "invented", r.choice(following), j


def shown(passage: list[str], texts: Sequence[list[str]], r: random.Random) -> tuple[str, ...]:
    """The passage, now and then among others."""
    gap = "" if has_hanzi("".join(passage)) else " "
    others = [gap.join(r.choice(texts)) for _ in range(r.choice([1, 2, 4]))] if r.random() < 0.2 else []
    return tuple(r.sample([gap.join(passage), *others], 1 + len(others)))


def corpus(root: Path, name: str, most: int) -> list[Row]:
    return constructed(name, passages(root / f"corpora/{name}.txt.xz", most))


def halueval(root: Path) -> list[Row]:
    """Answers of a chat model as passages; whether they are true of the world does not matter here."""
    rows = [
        r for r in jsonl(root / "labelled/halueval/general_data.json") if 3 <= len(split(r["chatgpt_response"])) <= 25
    ]
    rows = sorted(rows, key=lambda r: share(r["ID"]))[:900]
    return constructed("halueval", [split(r["chatgpt_response"]) for r in rows], [r["user_query"] for r in rows])


def facteval(root: Path) -> list[Row]:
    """Chinese answers of chat models as passages, one a question."""
    texts, questions = [], []
    for r in jsonl(root / "labelled/chinese_facteval/dataset_chinese.jsonl"):
        for answer in r["responses_and_factuality"]:
            if 3 <= len(split(str(answer["response"]))) <= 25:
                texts.append(split(str(answer["response"])))
                questions.append(r["prompt"])
    return constructed("chinese_facteval", texts[::2], questions[::2])


# --- labelled by people, or by whether the answer is the right one ---------------------------------------------------


def factcheck(root: Path) -> list[Row]:
    """Claims of chat answers with passages that people read: does this one completely support the claim?"""
    folder = root / "labelled/factcheck-gpt"
    source: dict[str, str] = {}
    for record in jsonl(folder / "Factbench.jsonl"):
        for claim in record["claims"]:
            source.setdefault(claim, record["response"])
    return [
        Row(r["claim"], (r["evidence"],), "", int(r["stance"] == "completely-support"), "factcheck-gpt",
            source[r["claim"]], r["stance"], 0.5 if r["stance"] == "partially-support" else 1.0)
        for r in jsonl(folder / "subtask3_claim_evidence_stance.jsonl")
    ]  # fmt: skip


def halluqa(root: Path) -> list[Row]:
    """Right and wrong answers against the other right ones (or, of a single one, parts of it reworded)."""
    found = []
    for r in json.loads((root / "outputs/halluqa/prompts.json").read_text("utf-8")):
        question, draw = r["Question"], random.Random(f"{SEED}/{r['Question']}")
        best = [r[k].strip() for k in r if k.startswith("Best") and r[k].strip()]
        wrong = [r[k].strip() for k in r if k.startswith("Wrong") and r[k].strip()]
        for i, text in enumerate(best if len(best) > 1 else []):
            found.append(Row(text, tuple(best[:i] + best[i + 1 :]), question, 1, "halluqa", question, "right"))
        if len(best) == 1:
            pool = Pool(wrong)
            found += [
                Row(reword(s, draw, pool)[0], (best[0],), question, 1, "halluqa", question, "reworded", 0.5)
                for s in split(best[0])[:2]
            ]
        for text in wrong:
            evidence = tuple(draw.sample(best, len(best) - 1)) if len(best) > 1 else (best[0],)
            found.append(Row(text, evidence, question, 0, "halluqa", question, "wrong"))
    return found


def halluqa_models(root: Path) -> list[Row]:
    """Answers of five models against every right answer, judged by GPT-4."""
    found = []
    for path in sorted((root / "outputs/halluqa").glob("*.json")):
        for r in json.loads(path.read_text("utf-8")) if path.name != "prompts.json" else ():
            if isinstance(r.get("is_hallucination"), bool) and isinstance(r.get("response"), str):
                best = tuple(str(r[k]) for k in r if k.startswith("Best") and r[k])
                label = int(not r["is_hallucination"])
                found.append(Row(r["response"], best, r["question"], label, "halluqa-models", r["question"], path.stem))
    return found


_WHO = re.compile(
    "(?:是|叫|为)?(?:什么|谁|哪一年|哪年|哪里|哪儿|哪座城市|哪个国家|哪位|哪一位|哪部|多少|几|哪个|哪一个|何时|何)"
    "(?:名字|人|年份|时候|地方)?"
)


def simpleqa(root: Path) -> list[Row]:
    """A question answered in a statement, rightly or by the answer to another question of its kind."""
    rows = jsonl(root / "labelled/chinese_simpleqa/chinese_simpleqa.jsonl")
    by_kind: dict[str, list[str]] = {}
    for r in rows:
        by_kind.setdefault(r["secondary_category"], []).append(r["answer"])
    found = []
    for r in rows:
        draw = random.Random(f"{SEED}/{r['id']}")
        stem = r["question"].rstrip("？?。")
        if not (m := _WHO.search(stem)):
            continue
        alike = [a for a in by_kind[r["secondary_category"]] if a != r["answer"] and a not in r["answer"]]
        alike.sort(key=lambda a: (abs(len(a) - len(r["answer"])), share(r["id"], a)))
        others = draw.sample(rows, 3)
        facts = [q["question"] + q["answer"] + "。" for q in [r, *others]]
        evidence = ("".join(draw.sample(facts, 4)),) if draw.random() < 0.5 else (r["answer"],)
        question = r["question"] if draw.random() < 0.7 or len(evidence[0]) < 30 else ""
        for label, answer in ((1, r["answer"]), *((0, a) for a in alike[:1])):
            text = change(stem, m.span(), ("是" if m.group()[0] in "是叫为" else "") + answer) + "。"
            group = f"{r['primary_category']}/{r['question']}"
            found.append(Row(text, evidence, question, label, "chinese_simpleqa", group, "right" if label else "wrong"))
    return found


def paradetox(root: Path, most: int = 1200) -> list[Row]:
    """Two people's rewrites of one sentence say the same; the second one edited does not."""
    lines = (root / "labelled/paradetox/paradetox.tsv").read_text("utf-8").split("\n")[1:]
    pairs = [c[1:3] for c in (line.split("\t") for line in lines) if len(c) >= 3 and c[1].strip() and c[2].strip()]
    pairs = [(a, b) for a, b in pairs if a.lower() != b.lower() and len(b) > 20][:most]
    pool, found = Pool([b for _, b in pairs]), []
    for i, (one, other) in enumerate(pairs):
        r = random.Random(f"{SEED}/paradetox/{i}")
        evidence = tuple(r.sample([one, *(a for a, _ in r.sample(pairs, 3))], 4)) if r.random() < 0.5 else (one,)
        found.append(Row(other, evidence, "", 1, "paradetox", f"paradetox/{i}", "paraphrase"))
        for kind in r.sample(sorted(FALSE), len(FALSE)):
            if text := falsify(other, kind, r, pool):
                found.append(Row(text, evidence, "", 0, "paradetox", f"paradetox/{i}", kind))
                break
    return found


def evouna(root: Path, most: int = 1000) -> list[Row]:
    """Answers of five systems to English questions against the reference answers, judged by people."""
    found = []
    for r in json.loads((root / "outputs/evouna/TQ.json").read_text("utf-8")):
        for k, text in r.items():
            judged = r.get(k.replace("answer_", "judge_"))
            if k.startswith("answer_") and isinstance(text, str) and isinstance(judged, bool) and not r.get("improper"):
                evidence = tuple(r["golden_answer"].split("/"))
                found.append(Row(text, evidence, r["question"], int(judged), "evouna-TQ", r["question"], k))
    return sorted(found, key=lambda row: share(row.question))[:most]


# --- parts -----------------------------------------------------------------------------------------------------------


def second_half(response: str) -> bool:
    """Whether a response's claims are kept for measuring: the half on which no threshold was ever chosen."""
    return hashlib.md5(response.encode()).digest()[0] % 2 == 1


def load(root: Path) -> Data:
    """Train, dev and test rows."""
    seen = [
        *corpus(root, "en-openstax", 400), *corpus(root, "zh-lctt", 400), *corpus(root, "zh-laws", 100),
        *corpus(root, "zh-kdconv", 150), *paradetox(root),
    ]  # fmt: skip
    tests: dict[str, list[Row]] = {}
    for row in factcheck(root):
        seen.append(row) if not second_half(row.group) else tests.setdefault("factcheck-gpt", []).append(row)
    for name, rows in (("halluqa", halluqa(root)), ("halluqa-models", halluqa_models(root))):
        for row in rows:
            held = share("halluqa", row.group) < 0.5
            tests.setdefault(name, []).append(row) if held else seen.append(row)
    for row in simpleqa(root):
        held = row.group.startswith(("社会/", "中华文化/"))
        tests.setdefault("chinese_simpleqa", []).append(row) if held else seen.append(row)
    for row in halueval(root):
        held = share(row.group) < 0.3
        tests.setdefault("halueval answers, edited", []).append(row) if held else seen.append(row)
    tests |= {
        "en-digitalgov, edited": corpus(root, "en-digitalgov", 100),
        "zh-d2l, edited": corpus(root, "zh-d2l", 60),
        "zh-howtocook, edited": corpus(root, "zh-howtocook", 60),
        "chinese_facteval answers, edited": facteval(root),
        "evouna-TQ": evouna(root),
    }
    dev = [row for row in seen if share("dev", row.group) < 0.15]
    return Data([row for row in seen if share("dev", row.group) >= 0.15], dev, tests)
