"""Train the bundled groundedness model and measure it: python tools/train/groundedness.py --data ../shared/data

Needs scikit-learn and about two minutes of one core. Writes weights.npz into the package and prints the tables of its
model card. Every draw is seeded, every file is checked by its sha256: the same data give the same weights.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

sys.path.insert(0, str(Path(__file__).parent))
from groundedness_data import SEED, Data, Row, check_digests, load

from aigc_eval.scorers import groundedness
from aigc_eval.scorers.groundedness.check import check
from aigc_eval.scorers.groundedness.evidence import Evidence, words
from aigc_eval.scorers.groundedness.measures import MEASURES, measure, subsequence
from aigc_eval.scorers.groundedness.model import WEIGHTS, Model, Trees
from aigc_eval.scorers.groundedness.numerals import flat

SHARES = {"factcheck-gpt": 3.0, "halluqa": 2.0, "halluqa-models": 1.0, "chinese_simpleqa": 1.0, "paradetox": 1.0}
"""Weight of a source, shared out equally over its two labels; 1 for passages with edited sentences."""
DRAWS = 1000


class Measured(NamedTuple):
    """Rows with their sentences' measures: `rows` shape (sentences, measures), `owner` the row each is of."""

    rows: np.ndarray
    owner: np.ndarray
    label: np.ndarray
    found: np.ndarray
    rouge: np.ndarray
    given: list[Row]

    def kept(self) -> np.ndarray:
        """Whether each row has a sentence that asserts something."""
        return np.bincount(self.owner, minlength=len(self.label)) > 0


@lru_cache(maxsize=64)
def evidence_of(passages: tuple[str, ...], question: str) -> Evidence:
    return Evidence(passages, question)


def measured(rows: Sequence[Row]) -> Measured:
    """The measures of every asserting sentence, the share of sentences without a finding, and ROUGE-L precision."""
    table, owner, found, rouge = [], [], [], []
    for i, row in enumerate(rows):
        whole, evidence = flat(row.text), evidence_of(row.evidence, row.question)
        checked = check(row.text, evidence)
        table += [measure(c, whole[slice(*c.place)], evidence) for c in checked]
        owner += [i] * len(checked)
        found.append(sum(not c.findings for c in checked) / max(len(checked), 1))
        spoken = words(flat(row.text))[:400]
        rouge.append(max(subsequence(spoken, words(flat(p))[:2000]) for p in row.evidence) / max(len(spoken), 1))
    label = np.array([row.label for row in rows])
    return Measured(np.array(table), np.array(owner), label, np.array(found), np.array(rouge), list(rows))


def weights_of(part: Measured) -> np.ndarray:
    """A weight for each sentence: a source's share, equal over both labels and over the sentences of each."""
    total: dict[tuple[str, int], float] = {}
    sentences = np.bincount(part.owner, minlength=len(part.given))
    for row, n in zip(part.given, sentences, strict=True):
        total[row.source, row.label] = total.get((row.source, row.label), 0.0) + row.weight * (n > 0)
    each = [row.weight / total[row.source, row.label] * SHARES.get(row.source, 1.0) if n else 0.0
            for row, n in zip(part.given, sentences, strict=True)]  # fmt: skip
    scale = 1000 * np.array(each) / np.maximum(sentences, 1)
    return scale[part.owner]


def fit(part: Measured, trees: int, leaves: int) -> HistGradientBoostingClassifier:
    model = HistGradientBoostingClassifier(
        max_iter=trees, learning_rate=0.06, max_leaf_nodes=leaves, min_samples_leaf=60, l2_regularization=5.0,
        max_features=0.4, monotonic_cst=[sign for _, sign in MEASURES], early_stopping=False, random_state=SEED,
    )  # fmt: skip
    return model.fit(part.rows, part.label[part.owner], sample_weight=weights_of(part))


def exported(model: HistGradientBoostingClassifier) -> Trees:
    """The classifier's trees, one after the other; its constant is a tree of one leaf."""
    columns: dict[str, list] = {name: [] for name in Trees.__annotations__}
    constant = float(model._baseline_prediction.ravel()[0])
    for nodes in [None, *(stage[0].nodes for stage in model._predictors)]:
        start = len(columns["value"])
        columns["roots"].append(start)
        for i, node in enumerate(nodes if nodes is not None else [None]):
            leaf = node is None or bool(node["is_leaf"])
            columns["feature"].append(0 if leaf else int(node["feature_idx"]))
            columns["threshold"].append(0.0 if leaf else float(node["num_threshold"]))
            columns["left"].append(start + (i if leaf else int(node["left"])))
            columns["right"].append(start + (i if leaf else int(node["right"])))
            columns["value"].append(constant if node is None else float(node["value"]))
    kinds = {"threshold": np.float64, "value": np.float64}
    return Trees(**{name: np.array(column, kinds.get(name, np.int64)) for name, column in columns.items()})


def calibrate(trees: Trees, dev: Measured) -> np.ndarray:
    """Slope and offset for each script (Platt), both labels of a source weighing the same."""
    sums, w, y = trees.sums(dev.rows), weights_of(dev), dev.label[dev.owner]
    hanzi = dev.rows[:, -1] > 0
    lines = []
    for script in (False, True):
        part = hanzi == script
        line = LogisticRegression(C=1e6).fit(sums[part, None], y[part], sample_weight=w[part])
        lines.append([float(line.coef_[0, 0]), float(line.intercept_[0])])
    return np.array(lines)


def save(path: Path, trees: Trees, calibration: np.ndarray) -> None:
    arrays = {name: getattr(trees, name) for name in Trees.__annotations__}
    np.savez_compressed(path, measures=np.array([name for name, _ in MEASURES]), calibration=calibration, **arrays)


def support(model: Model, part: Measured) -> np.ndarray:
    """Mean P(supported) of each row's sentences; nan where none asserts anything."""
    odds = model.probabilities(part.rows)
    count = np.bincount(part.owner, minlength=len(part.label))
    return np.where(count > 0, np.bincount(part.owner, odds, minlength=len(part.label)) / np.maximum(count, 1), np.nan)


def balanced(y: np.ndarray, said: np.ndarray) -> float:
    return float((said[y == 1].mean() + (~said[y == 0]).mean()) / 2) if 0 < y.mean() < 1 else float("nan")


def auc(y: np.ndarray, p: np.ndarray) -> float:
    return float(roc_auc_score(y, p)) if 0 < y.mean() < 1 else float("nan")


def best_threshold(y: np.ndarray, p: np.ndarray) -> float:
    return max(np.unique(np.quantile(p, np.linspace(0, 1, 200))), key=lambda t: balanced(y, p >= t))


def calibration_error(y: np.ndarray, p: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error over equal bins, both labels weighing the same."""
    w = np.where(y == 1, 0.5 / max(y.sum(), 1), 0.5 / max((1 - y).sum(), 1))
    bin_of = np.minimum((p * bins).astype(int), bins - 1)
    return float(sum(abs((w * (y - p))[bin_of == b].sum()) for b in range(bins)))


def interval(figure: Callable[[np.ndarray], float], groups: Sequence[str]) -> str:
    """95 % percentile interval over sources (questions, responses, passages) drawn with replacement."""
    names, index = np.unique(np.array(groups, dtype=object).astype(str), return_inverse=True)
    members = np.split(np.argsort(index, kind="stable"), np.cumsum(np.bincount(index))[:-1])
    rng = np.random.default_rng(SEED)
    found = [
        figure(np.concatenate([members[j] for j in rng.integers(0, len(names), len(names))])) for _ in range(DRAWS)
    ]
    low, high = np.nanquantile(found, [0.025, 0.975])
    return f"({low:.3f} to {high:.3f})"


def line(name: str, part: Measured, p: np.ndarray, rouge_at: float) -> str:
    """One line of the table: sizes, then AUC and balanced accuracy of the model, of the findings alone, of ROUGE-L."""
    kept = part.kept()
    y, p, rouge, rule = part.label[kept], p[kept], part.rouge[kept], part.found[kept]
    groups = [row.group for row, k in zip(part.given, kept, strict=True) if k]
    cells = [name, f"{len(y):,}", f"{y.sum():,}", f"{len(set(groups)):,}"]
    cells += [f"{auc(y, p):.3f} {interval(lambda i: auc(y[i], p[i]), groups)}"]
    cells += [f"{auc(y, rouge):.3f}"]
    cells += [f"{balanced(y, p >= 0.5):.3f} {interval(lambda i: balanced(y[i], p[i] >= 0.5), groups)}"]
    cells += [f"{balanced(y, rule >= 0.5):.3f}", f"{balanced(y, rouge >= rouge_at):.3f}"]
    cells += [f"{max(y.mean(), 1 - y.mean()):.3f}", f"{calibration_error(y, p):.3f}"]
    return "| " + " | ".join(cells) + " |"


HEAD = (
    "| set | rows | supported | sources | AUC | AUC ROUGE-L | balanced accuracy | findings alone | ROUGE-L | "
    "accuracy of the majority | ECE |"
)


def report(model: Model, data: Data, dev: Measured) -> None:
    """The tables of the model card."""
    print(HEAD, "|" + "---|" * HEAD.count(" |"), sep="\n")
    kinds: dict[tuple[str, str], list[bool]] = {}
    for name, rows in data.tests.items():
        for title, chosen in parts_of(name, rows):
            part = measured(chosen)
            p = support(model, part)
            print(line(title, part, p, rouge_threshold(dev, chosen[0])), flush=True)
        for row, value in zip(part.given, p, strict=True) if "edited" in name else ():
            if not np.isnan(value):
                right = "supported, " + ("verbatim" if row.kind == "verbatim" else "reworded")
                kind = right if row.label else row.kind
                kinds.setdefault((row.lang, kind), []).append(value >= 0.5)
    print("| edited sentences | language | sentences | judged supported |", "|---|---|---|---|", sep="\n")
    for (lang, kind), said in sorted(kinds.items()):
        print(f"| {kind} | {lang} | {len(said):,} | {100 * np.mean(said):.1f} % |")


def rouge_threshold(dev: Measured, like: Row) -> float:
    """The best threshold for ROUGE-L on tuning rows of the same source, else of edited sentences in its language."""
    own = {row.source for row in dev.given} - set(SHARES)
    sources = {like.source} if like.source in SHARES else own
    part = np.array([row.source in sources and row.lang == like.lang for row in dev.given])
    return best_threshold(dev.label[part], dev.rouge[part])


def parts_of(name: str, rows: list[Row]) -> list[tuple[str, list[Row]]]:
    """A set, and for stance also without the passages that support a claim in part."""
    if name != "factcheck-gpt":
        return [(name, rows)]
    return [(f"{name}, without partial support", [r for r in rows if r.kind != "partially-support"]), (name, rows)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "../shared/data")
    parser.add_argument("--out", type=Path, default=Path(groundedness.__file__).with_name(WEIGHTS))
    parser.add_argument("--trees", type=int, default=150)
    parser.add_argument("--leaves", type=int, default=12)
    given = parser.parse_args()
    check_digests(given.data)
    data = load(given.data)
    train, dev = measured(data.train), measured(data.dev)
    trees = exported(fit(train, given.trees, given.leaves))
    calibration = calibrate(trees, dev)
    save(given.out, trees, calibration)
    print(f"{len(train.rows):,} sentences to learn from, {len(dev.rows):,} to tune on; {len(trees.roots)} trees")
    print(f"calibration {calibration.tolist()}")
    report(Model(trees, calibration, ""), data, dev)


if __name__ == "__main__":
    main()
