"""Train the bundled toxicity model and measure it: python tools/train/toxicity.py --data ../shared/data

Needs scikit-learn and scipy, about 4 GB of memory and some minutes of one core. Writes weights.npz into the package
and prints the tables of its model card. The same data and the same Python (its standard library is training text) give
the same weights: every draw is seeded, every hash is fixed.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score

sys.path.insert(0, str(Path(__file__).parent))
import toxicity_encoder
from toxicity_data import SEED, Data, Row, canonical, load
from toxicity_labels import ABOUT, TEACHERS, rejudged

from aigc_eval.intervals import wilson
from aigc_eval.scorers import toxicity
from aigc_eval.scorers.toxicity.features import BUCKETS, cut, substrings
from aigc_eval.scorers.toxicity.model import WEIGHTS, Model
from aigc_eval.text import has_hanzi

LABELLED = (
    "cold",
    "swsr",
    "toxic_spans",
    "paradetox",
    "context_toxicity",
    "implicit_hate",
    "edos",
    "davidson",
    "functions",
)
MIN_TEXTS = 2


def matrix(texts: Sequence[str]) -> sp.csr_matrix:
    """Each text's distinct features, scaled to unit length: one row a text."""
    parts = []
    for i in range(0, len(texts), 2000):
        chunk = texts[i : i + 2000]
        window, bucket = substrings(chunk).distinct()
        values = (1 / np.sqrt(np.bincount(window)[window])).astype(np.float32)
        parts.append(sp.csr_matrix((values, (window, bucket)), shape=(len(chunk), BUCKETS)))
    return sp.vstack(parts, format="csr")


def log_ratios(x: sp.csr_matrix, y: np.ndarray) -> np.ndarray:
    """Naive Bayes log-count ratio of each bucket; 0 for buckets of fewer than MIN_TEXTS texts (Wang & Manning 2012)."""
    present = x.copy()
    present.data = np.ones_like(present.data)
    toxic, clean = (np.asarray(present[y == label].sum(axis=0)).ravel() for label in (1, 0))
    ratio = np.log((toxic + 1) / (toxic + 1).sum()) - np.log((clean + 1) / (clean + 1).sum())
    return np.where(toxic + clean >= MIN_TEXTS, ratio, 0.0).astype(np.float32)


def indicators(rows: Sequence[Row]) -> sp.csr_matrix:
    """Which labelled set a row is from: takes up the sets' different shares of toxic texts, and is dropped after."""
    names = [row.source.split("/")[0] for row in rows]
    return sp.csr_matrix(np.array([[3.0 * (name == known) for known in LABELLED] for name in names], np.float32))


def logistic(
    texts: Sequence[str], rows: Sequence[Row], c: float, iterations: int, base: str = ""
) -> tuple[np.ndarray, float]:
    """Weight of each bucket, and the intercept for rows of the set `base`."""
    y = np.array([row.label for row in rows])
    x = matrix(texts)
    ratio = log_ratios(x, y)
    scaled = x @ sp.diags(ratio)
    scaled.eliminate_zeros()
    model = LogisticRegression(C=c, max_iter=iterations, tol=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(sp.hstack([scaled, indicators(rows)], format="csr"), y, sample_weight=[row.weight for row in rows])
    known = model.coef_[0][BUCKETS:]
    shift = 3.0 * known[LABELLED.index(base)] if base else 0.0
    return model.coef_[0][:BUCKETS] * ratio, float(model.intercept_[0] + shift)


def second_judgement(train: list[Row], dev: list[Row]) -> tuple[list[Row], list[Row]]:
    """Train and dev rows with COLD's doubtful labels judged again."""
    taught = [row for row in train if row.source.split("/")[0] in TEACHERS and has_hanzi(row.text)]
    taught = [
        row._replace(weight=1.0) for row in taught if not (row.source.startswith("cold") and ABOUT.search(row.text))
    ]
    weights, intercept = logistic([canonical(row.text) for row in taught], taught, 2.0, 100, "cold")
    judge = lambda texts: matrix([canonical(text) for text in texts]) @ weights + intercept  # noqa: E731
    train, least = rejudged(train, judge)
    return train, rejudged(dev, judge, least)[0]


ENCODED = {
    **{"corpora": 0.2, "answers": 0.2, "code": 0.1, "own": 0.25, "functions": 0.6, "paradetox": 0.25, "davidson": 0.7},
    **{"context_toxicity": 0.25, "implicit_hate": 0.4, "edos": 0.5, "toxic_spans": 0.5},
}
"""Share of a source's rows that the encoder reads; of the others, all."""


def encode(rows: Sequence[Row], epochs: int) -> dict[str, np.ndarray]:
    rng = random.Random(SEED)
    rows = [row for row in rows if rng.random() < ENCODED.get(row.source.split("/")[0], 1.0)]
    labels, weights = np.array([row.label for row in rows]), np.array([row.weight for row in rows])
    print(f"encoder: {len(rows):,} texts", flush=True)
    texts = [canonical(row.text) for row in rows]
    return toxicity_encoder.arrays(
        toxicity_encoder.train(texts, labels, weights, [row.source.split("/")[0] for row in rows], epochs)
    )


def sums(model: Model, rows: Sequence[Row]) -> np.ndarray:
    """Both uncalibrated sums of each text's worst window, shape (n, 2); the worst by the sum of both."""
    forms = [canonical(row.text) for row in rows]
    ranges = [cut(form) or [(0, 0)] for form in forms]
    found = model.sums([form[a:b] for form, spans in zip(forms, ranges, strict=True) for a, b in spans])
    first = np.cumsum([0, *(len(spans) for spans in ranges)])
    return np.array([max(found[a:b], key=sum) for a, b in itertools.pairwise(first)])


EVEN = (0.5, 0.0)
"""How far toxic and harmless tuning rows are made to weigh the same, without and with Hanzi: 0 not at all, 1 wholly.

In Chinese, that finds nothing more on tuning rows; in English, all the way would flag 2 % of harmless answers.
"""


def calibrate(model: Model, dev: Sequence[Row], ordinary: float) -> np.ndarray:
    """Factors of both sums and an offset for each script (Platt); texts of the ordinary sources weigh `ordinary`."""
    z, han = sums(model, dev), np.array([has_hanzi(row.text) for row in dev])
    y = np.array([row.label for row in dev])
    plain = np.array([row.source.split("/")[0] in ("corpora", "answers") for row in dev])
    w = np.array([row.weight for row in dev]) * np.where(plain, ordinary / 2, 1.0)
    lines = []
    for script, even in zip((False, True), EVEN, strict=True):
        part = han == script
        sets = [part & ~plain & (y == label) for label in (0, 1)]
        half = sum(w[own].sum() for own in sets) / 2
        for own in sets:
            w[own] *= (half / w[own].sum()) ** even
        line = LogisticRegression(C=1e6).fit(z[part], y[part], sample_weight=w[part])
        lines.append([*line.coef_[0].tolist(), float(line.intercept_[0])])
    return np.array(lines)


def table(model: Model, data: Data) -> None:
    """One line a held-out set: size, AUC, accuracy and macro-F1 where both labels occur, false positives."""
    print(
        "| set | texts | toxic | AUC | accuracy | macro-F1 | recall | false positives | ECE |",
        "|---|---|---|---|---|---|---|---|---|",
        sep="\n",
    )
    by_source: dict[str, list[Row]] = {}
    for row in data.dev:
        by_source.setdefault(f"dev: {row.source.split('/')[0]}", []).append(row)
    for name, rows in {**by_source, **data.tests}.items():
        y = np.array([row.label for row in rows])
        p = scores(model, [row.text for row in rows])
        print("|", " | ".join([name, f"{len(y):,}", f"{y.sum():,}", *figures(y, p)]), "|", flush=True)
    for name in [name for name in data.tests if name.startswith("functions")]:
        kinds(model, name, data.tests[name])


def kinds(model: Model, name: str, rows: list[Row]) -> None:
    """Share of right answers of each kind of functional sentence."""
    p = scores(model, [row.text for row in rows])
    for kind in dict.fromkeys(row.source for row in rows):
        hits = np.array([(v >= 0.5) == row.label for v, row in zip(p, rows, strict=True) if row.source == kind])
        print(f"| {name} | {kind} | {len(hits)} | {share(hits)} |")


def scores(model: Model, texts: Sequence[str]) -> np.ndarray:
    """The largest probability over each text's windows."""
    forms = [canonical(text) for text in texts]
    ranges = [cut(form) or [(0, 0)] for form in forms]
    found = model.probabilities([form[a:b] for form, spans in zip(forms, ranges, strict=True) for a, b in spans])
    return np.maximum.reduceat(found, np.cumsum([0, *(len(spans) for spans in ranges)])[:-1])


def score(model: Model, text: str) -> float:
    return float(scores(model, [text])[0])


def calibration_error(y: np.ndarray, p: np.ndarray) -> float:
    """Expected calibration error, ten equal bins: sum of |mean p - share toxic| by share of texts (Guo 2017)."""
    bins = np.minimum((10 * p).astype(int), 9)
    return float(sum(abs(p[bins == b].mean() - y[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)))


def figures(y: np.ndarray, p: np.ndarray) -> list[str]:
    hit = p >= 0.5
    auc = accuracy = macro = ""
    if 0 < y.mean() < 1:
        auc, accuracy = f"{roc_auc_score(y, p):.3f}", share(hit == y)
        macro = f"{f1_score(y, hit, average='macro'):.3f}"
    error = f"{calibration_error(y, p):.3f}" if auc else ""
    return [auc, accuracy, macro, share(hit[y == 1]), share(hit[y == 0], 2), error]


def share(hits: np.ndarray, digits: int = 1) -> str:
    """A share with its 95 % Wilson interval; nothing where no text has that label."""
    if not len(hits):
        return ""
    low, high, _ = wilson(float(hits.sum()), len(hits))
    return f"{100 * hits.mean():.{digits}f} % ({100 * low:.{digits}f} to {100 * high:.{digits}f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "../shared/data")
    parser.add_argument("--out", type=Path, default=Path(toxicity.__file__).with_name(WEIGHTS))
    parser.add_argument("--inverse-penalty", type=float, default=3.0)
    parser.add_argument("--iterations", type=int, default=300)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--ordinary", type=float, default=0.1)
    parser.add_argument("--only-measure", action="store_true", help="the tables of the weights in --out")
    given = parser.parse_args()
    data = load(given.data)
    train, dev = second_judgement(data.train, data.dev)
    data = data._replace(train=train, dev=dev)
    if not given.only_measure:
        print(f"{len(train):,} texts", flush=True)
        arrays = learn(data, given.inverse_penalty, given.iterations, given.epochs, given.ordinary)
        np.savez_compressed(given.out, **arrays)
    with np.load(given.out, allow_pickle=False) as stored:
        model = Model.of(stored, "")
    print(f"{np.count_nonzero(model.weights):,} weights; calibration {model.calibration.tolist()}")
    table(model, data)


def learn(data: Data, c: float, iterations: int, epochs: int, ordinary: float) -> dict[str, np.ndarray]:
    """The arrays of the weights file."""
    weights, _ = logistic([canonical(row.text) for row in data.train], data.train, c, iterations)
    found = {"weights": weights.astype(np.float16), **encode(data.train, epochs), "calibration": np.zeros((2, 3))}
    return {**found, "calibration": calibrate(Model.of(found, ""), data.dev, ordinary)}


if __name__ == "__main__":
    main()
