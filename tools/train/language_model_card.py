"""Measure the bundled language model: python tools/train/language_model_card.py --data ../shared/data

Fits the norms of human text that `fluency` uses (human_text.json), on one half of the held-out paragraphs, then fills
language_model_card.md with figures from the other half and from texts of other sources, and writes MODEL_CARD.md beside
the weights. Some minutes of one core; every draw is seeded.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import random
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import NamedTuple

import numpy as np
from language_model_corruptions import by_language, kinds
from language_model_data import SEED, Corpus, key, load
from language_model_pairs import RULES, Pair, pairs

from aigc_eval import huggingface as hf
from aigc_eval.intervals import wilson
from aigc_eval.models.language_model import LanguageModel
from aigc_eval.plugin import ModelRef
from aigc_eval.records import Generation, Prompt, Request, Score
from aigc_eval.scorers.fluency import Fluency
from aigc_eval.scorers.fluency.likelihood import likelihoods
from aigc_eval.scorers.fluency.typicality import BITS, NORMS, norms
from aigc_eval.scorers.fluency.unigrams import packaged
from aigc_eval.text import language

CARD = Path(__file__).with_name("language_model_card.md")
QUANTILE = 0.995
"""Share of human texts that stay within each limit."""
SHORTEST = {"en": 150, "zh": 50}
"""Characters of a paragraph; shorter texts are sentences."""
LONGEST = {"en": 600, "zh": 300}
"""Characters of a text that is corrupted, so that loops and garbled copies of it stay short."""
MOST = 150
"""Texts of one set."""
COMMENTS = 400
"""Comments of each language that norms are fitted on, beside the held-out paragraphs."""


class Set(NamedTuple):
    """Human texts of one source."""

    name: str
    texts: list[str]


def generation(text: str) -> Generation:
    return Request(Prompt("text", "")).answer(text)


def drawn(texts: Sequence[str], most: int = MOST) -> list[str]:
    known = sorted(set(texts))
    return random.Random(SEED).sample(known, min(most, len(known)))


def calibration(text: str) -> bool:
    """The half of human texts that norms are fitted on."""
    return zlib.crc32(key(text).encode()) % 2 == 0


def comments(root: Path) -> dict[str, list[str]]:
    """Comments by language that nobody found toxic: human text of a kind that the model has not seen."""
    with (root / "labelled/cold/train.csv").open(encoding="utf-8", newline="") as file:
        chinese = [r["TEXT"] for r in csv.DictReader(file) if r["label"] == "0"]
    with (root / "labelled/context_toxicity/gn.csv").open(encoding="utf-8-sig", newline="") as file:
        english = [r["text"] for r in csv.DictReader(file) if float(r["label"]) == 0]
    return {"en": english, "zh": [t for t in chinese if language(t) == "zh"]}


def remarks(root: Path) -> list[Set]:
    """Comments of sites that nothing was fitted on."""
    with (root / "labelled/toxic_spans/comments.csv").open(encoding="utf-8-sig", newline="") as file:
        english = [r["comment_text"] for r in csv.DictReader(file)]
    with (root / "labelled/swsr/SexComment.csv").open(encoding="utf-8-sig", newline="") as file:
        chinese = [r["comment_text"] for r in csv.DictReader(file) if r["label"] == "0"]
    return [
        Set("en comments of another site (toxic_spans)", drawn(english)),
        Set("zh microblog (swsr)", drawn(chinese)),
    ]


def fitted(model: LanguageModel, corpora: Sequence[Corpus], others: Mapping[str, list[str]]) -> dict[str, object]:
    """Mean and variance of each measure by length, and its limit, for each language."""
    found: dict[str, object] = {}
    for spoken in ("en", "zh"):
        texts = [t for c in corpora for t in c.dev if language(t) == spoken and calibration(t)]
        texts += drawn([t for t in others[spoken] if calibration(t)], COMMENTS)
        parts = likelihoods(model, [generation(t) for t in texts], condition_on_prompt=False, unigrams=None)
        parts = [p for p in parts if "slor" in p]
        size = np.array([p["bytes"] for p in parts])
        bits = np.array([BITS * p["nll"] for p in parts]) / size
        below = np.array([-p["slor"] for p in parts])
        found[spoken] = {"texts": len(parts), "bits_per_byte": band(bits, size), "slor": band(below, size)}
    return found


def band(values: np.ndarray, size: np.ndarray) -> dict[str, object]:
    """Least squares of the values, and of their squared residuals, on 1 and 1 / n."""
    x = np.column_stack([np.ones_like(size), 1 / size])
    mean = np.linalg.lstsq(x, values, rcond=None)[0]
    squares = (values - x @ mean) ** 2
    v0, v1 = np.linalg.lstsq(x, squares, rcond=None)[0]
    if v0 <= 0 or v1 < 0:  # one of them explains it all
        v0, v1 = float(squares.mean()), 0.0
    z = (values - x @ mean) / np.sqrt(v0 + v1 / size)
    limit = float(np.quantile(z, QUANTILE))
    return {"mean": rounded(mean), "variance": rounded((v0, v1)), "limit": round(limit, 4)}


def rounded(values: Sequence[float]) -> list[float]:
    return [float(f"{v:.6g}") for v in values]


def auc(human: np.ndarray, other: np.ndarray) -> float:
    """Probability that a degenerate text has the higher value, ties one half."""
    order = np.sort(human)
    below = np.searchsorted(order, other, "left") + np.searchsorted(order, other, "right")
    return float(below.mean() / 2 / len(human))


def bootstrapped(human: np.ndarray, others: Sequence[np.ndarray], draws: int = 500) -> tuple[float, float]:
    """95 % percentile interval of the AUC: human texts are drawn together with what was made from them."""
    rng = np.random.default_rng(SEED)
    picks = [rng.integers(0, len(human), len(human)) for _ in range(draws)]
    found = [auc(human[p], np.concatenate([other[p] for other in others])) for p in picks]
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))


def interval(hits: float, n: int) -> str:
    low, high, _ = wilson(hits, n)
    return f"{hits / n:.3f} ({low:.3f} to {high:.3f})"


class Measures(NamedTuple):
    """What sets of texts are ranked by: all of it is a part of the scorer, but the last, which is the table alone."""

    atypicality: np.ndarray
    bits_per_byte: np.ndarray
    minus_slor: np.ndarray
    unigrams: np.ndarray

    @classmethod
    def of(cls, texts: Sequence[str], scores: Sequence[Score]) -> Measures:
        """Texts that a measure does not apply to rank as the most degenerate by it."""
        worst = 1e9
        bits = [BITS * s.parts["nll"] / s.parts["bytes"] if s.parts.get("bytes") else worst for s in scores]
        table = [packaged().log_probability(t) for t in texts]
        return cls(
            np.array([s.parts.get("atypicality", worst) for s in scores]),
            np.array(bits),
            np.array([-s.parts.get("slor", -worst) for s in scores]),
            np.array([-p / n if n else worst for p, n in table]),
        )


def degenerate(scorer: Fluency, sets: Sequence[Set]) -> list[str]:
    """Rows of the table: a set and a kind each, and all kinds of a set together."""
    rows = []
    makers = kinds(by_language({u: math.exp(p) for u, p in packaged().known.items()}))
    for name, texts in sets:
        human = Measures.of(texts, scorer.score([generation(t) for t in texts]))
        found: dict[str, Measures] = {}
        for kind, maker in makers.items():
            rng = random.Random(f"{SEED} {kind}")
            made = [new for text in texts if (new := maker(text, rng)) != text]
            found[kind] = Measures.of(made, scorer.score([generation(t) for t in made]))
            columns = [auc(h, d) for h, d in zip(human, found[kind], strict=True)]
            rows.append(f"| {name} | {kind} | {len(made)} | " + " | ".join(f"{c:.3f}" for c in columns) + " |")
            print(rows[-1], flush=True)
        whole = [m.atypicality for m in found.values() if len(m.atypicality) == len(texts)]
        low, high = bootstrapped(human.atypicality, whole)
        columns = [
            auc(h, np.concatenate([getattr(m, field) for m in found.values()]))
            for field, h in zip(Measures._fields, human, strict=True)
        ]
        first = f"**{columns[0]:.3f}** ({low:.3f} to {high:.3f})"
        rest = " | ".join(f"{c:.3f}" for c in columns[1:])
        total = sum(len(m.atypicality) for m in found.values())
        rows.append(f"| **{name}** | **all kinds** | {total} | {first} | {rest} |")
        print(rows[-1], flush=True)
    return rows


def false_positives(scorer: Fluency, sets: Sequence[Set]) -> list[str]:
    rows = []
    for name, texts in sets:
        scores = [s for s in scorer.score([generation(t) for t in texts]) if "atypical" in s.parts]
        hits = sum(int(s.parts["atypical"]) for s in scores)
        rows.append(f"| {name} | {len(scores)} | {interval(hits, len(scores))} |")
        print(rows[-1], flush=True)
    return rows


def minimal_pairs(model: LanguageModel, known: Sequence[Pair]) -> list[str]:
    """Rows by rule and by language: how often the better sentence has the higher likelihood."""
    texts = list(dict.fromkeys(text for pair in known for text in (pair.good, pair.bad)))
    scored = dict(zip(texts, model.score(texts, [None] * len(texts)), strict=True))
    wins: dict[str, list[tuple[float, ...]]] = {}
    for pair in known:
        good, bad = scored[pair.good], scored[pair.bad]
        table = packaged().log_probability(pair.good)[0] - packaged().log_probability(pair.bad)[0]
        better = (bad.nll - good.nll, bad.nll / bad.tokens - good.nll / good.tokens, table)
        wins.setdefault(pair.rule, []).append(tuple(1.0 if b > 1e-9 else 0.5 if b > -1e-9 else 0.0 for b in better))
    rows = []
    for spoken in ("en", "zh"):
        names = [name for name in dict.fromkeys(r.name for r in RULES if r.language == spoken) if name in wins]
        rows += [row(spoken, name, wins[name]) for name in names]
        rows.append(row(f"**{spoken}**", "**all**", [win for name in names for win in wins[name]]))
    print("\n".join(rows), flush=True)
    return rows


def row(spoken: str, name: str, wins: Sequence[tuple[float, ...]]) -> str:
    n = len(wins)
    whole, by_token, table = (sum(column) for column in zip(*wins, strict=True))
    return f"| {spoken} | {name} | {n} | {interval(whole, n)} | {interval(by_token, n)} | {table / n:.3f} |"


def bits(model: LanguageModel, corpora: Sequence[Corpus]) -> list[str]:
    """Rows by corpus and by language: bits per byte of held-out paragraphs, with a bootstrap over paragraphs."""
    rows = []
    for spoken in ("en", "zh"):
        every: list[tuple[float, int]] = []
        for corpus in (c for c in corpora if c.language == spoken):
            found = [(s.nll, s.bytes) for s in model.score(corpus.dev, [None] * len(corpus.dev))]
            rows.append(f"| {corpus.name} | {len(found)} | {ratio(found)} |")
            every += found
        rows.append(f"| **{spoken}** | {len(every)} | **{ratio(every)}** |")
    print("\n".join(rows), flush=True)
    return rows


def ratio(found: Sequence[tuple[float, int]]) -> str:
    values, rng = np.array(found), np.random.default_rng(SEED)
    draws = values[rng.integers(0, len(values), (500, len(values)))].sum(1)
    low, high = np.quantile(BITS * draws[:, 0] / draws[:, 1], (0.025, 0.975))
    return f"{BITS * values[:, 0].sum() / values[:, 1].sum():.3f} ({low:.3f} to {high:.3f})"


def sizes(folder: Path) -> list[str]:
    names = sorted(p.name for p in folder.iterdir() if p.suffix in (".json", ".safetensors"))
    return [f"| `{name}` | {(folder / name).stat().st_size:,} |" for name in names]


def human_sets(root: Path, corpora: Sequence[Corpus]) -> list[Set]:
    news = json.loads((root / "outputs/fast-detect/xsum_gpt-4.json").read_bytes())["original"]
    sets = [Set("en news (fast-detect, human)", drawn(news))]
    for spoken in ("en", "zh"):
        kept = [t for c in corpora for t in c.dev if language(t) == spoken and not calibration(t)]
        long = [t for t in kept if len(t) >= SHORTEST[spoken]]
        short = [t for t in kept if 10 <= len(t) < SHORTEST[spoken]]
        sets += [Set(f"{spoken} held-out paragraphs", drawn(long)), Set(f"{spoken} held-out sentences", drawn(short))]
    return [Set(name, [t[: LONGEST[name[:2]]] for t in texts]) for name, texts in sets]


def write(corpora: Sequence[Corpus], data: Path, folder: Path) -> None:
    model, others = LanguageModel(hf.BUNDLED, device="cpu"), comments(data)
    held = {
        "about": "Human text under this model: mean and variance by UTF-8 bytes n (a + b / n), limit in deviations."
    }
    text = json.dumps({**held, "languages": fitted(model, corpora, others)}, indent=1) + "\n"
    (folder / NORMS).write_text(text, "utf-8")
    norms.cache_clear()
    scorer = Fluency(model=ModelRef(hf.BUNDLED), device="cpu")
    humans = human_sets(data, corpora)
    unseen = [Set(f"{spoken} comments", drawn([t for t in others[spoken] if not calibration(t)])) for spoken in others]
    unseen += remarks(data)
    figures: Mapping[str, Callable[[], list[str]]] = {
        "bits": lambda: bits(model, corpora),
        "pairs": lambda: minimal_pairs(model, pairs([t for c in corpora for t in c.dev], SEED)),
        "false_positives": lambda: false_positives(scorer, [*humans, *unseen]),
        "auc": lambda: degenerate(scorer, humans),
        "sizes": lambda: sizes(folder),
    }
    filled = Template(CARD.read_text("utf-8")).substitute(
        {name: "\n".join(make()) for name, make in figures.items()},
        parameters=f"{model.model.num_parameters():,}",
        tokens=f"{model.model.config.trained_tokens:,}",
    )
    (folder / "MODEL_CARD.md").write_text(filled, "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "../shared/data")
    given = parser.parse_args()
    write(load(given.data), given.data, hf.locate(hf.BUNDLED))


if __name__ == "__main__":
    main()
