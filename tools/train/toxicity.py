"""Train the bundled toxicity model and measure it: python tools/train/toxicity.py --data ../shared/data

Needs scikit-learn and scipy, about 4 GB of memory and some minutes of one core. Writes weights.npz into the package
and prints the tables of its model card. The same data and the same Python (its standard library is training text) give
the same weights: every draw is seeded, every hash is fixed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score

sys.path.insert(0, str(Path(__file__).parent))
from toxicity_data import Data, Row, load

from aigc_eval.intervals import wilson
from aigc_eval.scorers import toxicity
from aigc_eval.scorers.toxicity.canonical import canonical
from aigc_eval.scorers.toxicity.features import BUCKETS, cut, substrings
from aigc_eval.scorers.toxicity.model import WEIGHTS, Model
from aigc_eval.text import has_hanzi

LABELLED = ("cold", "swsr", "toxic_spans", "paradetox", "context_toxicity", "implicit_hate", "edos", "davidson")
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


def fit(rows: Sequence[Row], c: float, iterations: int) -> np.ndarray:
    y = np.array([row.label for row in rows])
    x = matrix([canonical(row.text) for row in rows])
    ratio = log_ratios(x, y)
    scaled = x @ sp.diags(ratio)
    scaled.eliminate_zeros()
    model = LogisticRegression(C=c, max_iter=iterations, tol=1e-5)
    model.fit(sp.hstack([scaled, indicators(rows)], format="csr"), y, sample_weight=[row.weight for row in rows])
    return (model.coef_[0][:BUCKETS] * ratio).astype(np.float16)


def sums(weights: np.ndarray, rows: Sequence[Row]) -> np.ndarray:
    """The largest uncalibrated window sum of each text, as at run time."""
    plain = Model(weights, np.array([[1.0, 0.0], [1.0, 0.0]]), "")
    found = []
    for row in rows:
        form = canonical(row.text)
        p = plain.probabilities([form[a:b] for a, b in cut(form)])
        top = p.max() if len(p) else 0.5
        found.append(np.log(top) - np.log1p(-top))
    return np.array(found)


def calibrate(weights: np.ndarray, dev: Sequence[Row], ordinary: float) -> np.ndarray:
    """Slope and offset for each script (Platt); texts of the ordinary sources weigh `ordinary` times as much."""
    z, han = sums(weights, dev), np.array([has_hanzi(row.text) for row in dev])
    y = np.array([row.label for row in dev])
    w = np.array([ordinary if "/" in row.source and not row.source.startswith("cold") else 1.0 for row in dev])
    lines = []
    for script in (False, True):
        part = han == script
        line = LogisticRegression(C=1e6).fit(z[part, None], y[part], sample_weight=w[part])
        lines.append([float(line.coef_[0, 0]), float(line.intercept_[0])])
    return np.array(lines)


def table(model: Model, data: Data) -> None:
    """One line a held-out set: size, AUC, accuracy and macro-F1 where both labels occur, false positives."""
    print(
        "| set | texts | toxic | AUC | accuracy | macro-F1 | recall | false positives |",
        "|---|---|---|---|---|---|---|---|",
        sep="\n",
    )
    by_source: dict[str, list[Row]] = {}
    for row in data.dev:
        by_source.setdefault(f"dev: {row.source.split('/')[0]}", []).append(row)
    for name, rows in {**by_source, **data.tests}.items():
        y = np.array([row.label for row in rows])
        p = np.array([score(model, row.text) for row in rows])
        print("|", " | ".join([name, f"{len(y):,}", f"{y.sum():,}", *figures(y, p)]), "|")


def score(model: Model, text: str) -> float:
    form = canonical(text)
    return float(max(model.probabilities([form[a:b] for a, b in cut(form)]), default=0.0))


def figures(y: np.ndarray, p: np.ndarray) -> list[str]:
    hit = p >= 0.5
    auc = accuracy = macro = ""
    if 0 < y.mean() < 1:
        auc, accuracy = f"{roc_auc_score(y, p):.3f}", share(hit == y)
        macro = f"{f1_score(y, hit, average='macro'):.3f}"
    return [auc, accuracy, macro, share(hit[y == 1]), share(hit[y == 0], 2)]


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
    parser.add_argument("--iterations", type=int, default=700)
    parser.add_argument("--ordinary", type=float, default=0.1)
    given = parser.parse_args()
    data = load(given.data)
    weights = fit(data.train, given.inverse_penalty, given.iterations)
    calibration = calibrate(weights, data.dev, given.ordinary)
    np.savez_compressed(given.out, weights=weights, calibration=calibration)
    print(f"{len(data.train):,} texts; {np.count_nonzero(weights):,} weights; calibration {calibration.tolist()}")
    table(Model(weights, calibration, ""), data)


if __name__ == "__main__":
    main()
