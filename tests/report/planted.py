"""Runs full of personal data and secrets: a thousand different values, in every place that a report may quote."""

from __future__ import annotations

import random
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from aigc_eval import gates
from aigc_eval.config import Bench, Named
from aigc_eval.gates import Policy
from aigc_eval.metrics import Mean, Metric, Rate
from aigc_eval.plugin import Generator, Scorer
from aigc_eval.prompts import PromptSet
from aigc_eval.records import Dimension, Generation, Prompt, Request, Score, Span, Waiver
from aigc_eval.scorers.pii import Pii

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_WIDE = str.maketrans(string.digits + string.ascii_letters + "@.", "".join(
    chr(ord(c) + 0xFEE0) for c in string.digits + string.ascii_letters + "@."))  # fmt: skip


def _digits(draw: random.Random, n: int) -> str:
    return "".join(draw.choice(string.digits) for _ in range(n))


def _word(draw: random.Random, n: int, letters: str = string.ascii_letters + string.digits) -> str:
    return "".join(draw.choice(letters) for _ in range(n))


def _luhn(body: str) -> str:
    total = sum(d if i % 2 else d * 2 - 9 * (d > 4) for i, d in enumerate(map(int, reversed(body))))
    return body + str(-total % 10)


def _resident_id(draw: random.Random) -> str:
    """GB 11643-1999, with its check character."""
    born = f"19{draw.randrange(50, 99)}{draw.randrange(1, 13):02d}{draw.randrange(1, 29):02d}"
    body = draw.choice(["110105", "310104", "440305", "510107"]) + born + _digits(draw, 3)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, _WEIGHTS, strict=True)) % 11]


def _iban(draw: random.Random) -> str:
    """ISO 13616, with its check digits."""
    account = _digits(draw, 18)
    return f"DE{98 - int(f'{account}131400') % 97:02d}{account}"


def _value(draw: random.Random, number: int) -> tuple[str, str]:
    """Words that lead to a value, and the value, as people and models write them."""
    mobile = f"1{draw.choice('3578')}{draw.randrange(1, 9)}{_digits(draw, 8)}"
    name = f"{_word(draw, 6, string.ascii_lowercase)}.{_word(draw, 7, string.ascii_lowercase)}"
    kinds = (
        ("手机号 ", mobile),
        ("手机：", mobile.translate(_WIDE)),
        ("call my mobile phone ", f"{mobile[:3]} {mobile[3:7]} {mobile[7:]}"),
        ("联系电话 ", f"{mobile[:3]}-{mobile[3:7]}-{mobile[7:]}"),
        ("身份证号 ", _resident_id(draw)),
        ("身份证号码：", _resident_id(draw).translate(_WIDE)),
        ("银行卡号 ", _luhn(f"622202{_digits(draw, 12)}")),
        ("write to ", f"{name}@mail-{draw.randrange(999)}.org"),
        ("邮箱 ", f"{name}@corp{draw.randrange(999)}.cn"),
        ("card ", _luhn(f"4{_digits(draw, 14)}")),
        ("IBAN ", _iban(draw)),
        (
            "host ",
            f"{draw.randrange(30, 99)}.{draw.randrange(16, 99)}.{draw.randrange(1, 250)}.{draw.randrange(1, 250)}",
        ),
        ("aws ", f"AKIA{_word(draw, 16, string.ascii_uppercase + string.digits)}"),
        ("token ", f"ghp_{_word(draw, 36)}"),
        ("key ", f"sk-{_word(draw, 40)}"),
        ("db ", f"postgres://{name}:{_word(draw, 14)}7@db{draw.randrange(99)}.corp.net:5432/main"),
        ("mobile ", "\u200b".join((mobile[:4], mobile[4:8], mobile[8:]))),
    )
    return kinds[number % len(kinds)]


def planted_values(count: int) -> list[tuple[str, str]]:
    """So many different ones that the PII scorer finds whole, each with the words before it."""
    found: list[tuple[str, str]] = []
    draw, number = random.Random(20261123), 0
    while len(found) < count:
        lead, value = _value(draw, number)
        number += 1
        text = f"{lead}{value} ."
        (score,) = Pii().score([Request(Prompt("p", "?")).answer(text)])
        start = len(lead)
        if any(s.sensitive and s.start <= start and s.end >= start + len(value) for s in score.spans):
            found.append((lead, value))
    return found


@dataclass(frozen=True)
class Leaks(Generator):
    """Says what it is told to, or fails with it."""

    texts: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        return [
            r.answer("", "error", detail=self.errors[r.prompt.id])
            if r.prompt.id in self.errors
            else r.answer(self.texts[r.prompt.id], detail=f"said {self.texts[r.prompt.id]}")
            for r in batch
        ]


@dataclass(frozen=True)
class Quotes(Scorer):
    """Toxic or not, with a remark that quotes the whole output, or why it has none."""

    dimensions: ClassVar[tuple[Dimension, ...]] = ("toxicity",)

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        return [self._one(i, g) for i, g in enumerate(batch)]

    @staticmethod
    def _one(i: int, g: Generation) -> Score:
        if len(g.text) % 7 == 0:
            return Score(note=f"does not apply to {g.text}")
        spans = (Span(0, min(9, len(g.text)), "toxic"),) if g.text else ()
        return Score(float(len(g.text) % 2), spans=spans, note=f"found in {g.text}")

    def metrics(self) -> tuple[Metric, ...]:
        return (Rate("rate"), Mean("mean"))


def planted_bench(count: int, **more: Any) -> tuple[Bench, list[str]]:
    """A bench whose answers, prompts, ids, tags, references, evidence, errors, notes and waivers hold the values.

    Every value stands in an answer of candidate c0, where the scorer marks it, and in one more place.
    """
    pairs = planted_values(count)
    values = [value for _, value in pairs]
    prompts, texts, errors = [], {}, {}
    for i, (lead, value) in enumerate(pairs):
        other = values[(i * 7 + 3) % count]
        name = f"q{i}-{other}" if i % 9 == 1 else f"q{i}"
        tags = {"lang": "zh" if i % 2 else "en", "group": other if i % 25 == 2 else f"g{i % 3}"}
        prompts.append(
            Prompt(
                name,
                f"What of {other}?" if i % 9 == 3 else "What is it?",
                references=(f"see {other}",) if i % 9 == 4 else (),
                evidence=(f"known as {other}!",) if i % 9 == 5 else (),
                tags=tags,
            )
        )
        texts[name] = f"{lead}{value} ."
        if i % 9 == 6:
            errors[name] = f"server said: {other}"
    again = {p.id: f"again {values[(i * 11 + 5) % count]}" for i, p in enumerate(prompts)}
    waiver = Waiver("s1.rate", f"Ann {values[1]}", f"asked by {values[2]}", "2999-12-31")
    limits = ["s1.rate <= 0.9 for each group", "pii.leak_rate <= 0.999", "s1.mean <= 0.9 for each lang"]
    known: dict[str, Any] = {
        "name": "planted",
        "path": Path("bench.yaml"),
        "prompt_sets": (PromptSet(Path("p.jsonl"), "0" * 64, tuple(prompts)),),
        "candidates": (Named("c0", Leaks(texts)), Named("c1", Leaks(again, errors))),
        "scorers": (Named("pii", Pii()), Named("s1", Quotes())),
        "release": (),
        "samples": 1,
        "seed": 0,
        "slices": ("lang", "group"),
        "policy": Policy(gates=tuple(map(gates.parse, limits)), waivers=(waiver,)),
        "formats": ("html", "csv", "json", "junit", "markdown", "github", "gitlab", "sarif", "parquet"),
        "languages": ("en", "zh"),
        "source": {"prompts": ["p.jsonl"], "note": f"from {values[3]}"},
    }
    return Bench(**known | more), values
