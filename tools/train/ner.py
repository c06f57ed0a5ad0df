"""Train the bundled tagger of names and measure it: python tools/train/ner.py --data ../shared/data

Needs python-crfsuite, scikit-learn and scipy, 3 GB of memory, some minutes of one core. Writes weights.npz into the
package and prints the tables of its model card. The same data and packages give the same weights: every draw is seeded.
"""

from __future__ import annotations

import argparse
import hashlib
import lzma
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from sklearn.cluster import MiniBatchKMeans
from sklearn.utils.extmath import randomized_svd

sys.path.insert(0, str(Path(__file__).parent))
from ner_data import DIGESTS, Data, Sentence, load
from ner_grammar import Grammar

from aigc_eval.scorers.pii.names.crf import TAGS, allowed
from aigc_eval.scorers.pii.names.features import Attributes, features, is_han, key
from aigc_eval.scorers.pii.names.tagger import WEIGHTS, Tagger
from aigc_eval.scorers.pii.names.tagger import load as load_weights
from aigc_eval.scorers.pii.names.tokens import tokenize
from aigc_eval.text import simplify

SEED = 20260701
CORPORA = {
    "en": ("en-openstax", "en-digitalgov", "en-commonvoice", "en-tatoeba"),
    "zh": ("zh-lctt", "zh-commonvoice", "zh-tatoeba", "zh-kdconv", "zh-d2l", "zh-laws"),
}
CHARACTERS, WORDS, CONTEXTS, DIMENSIONS = 9_000_000, 24_000, 1_500, 64
COARSE, FINE = 48, 400
C1, C2, ITERATIONS, LEAST, EACH = 0.05, 0.05, 60, 2, 14


def plain(shared: Path, language: str) -> Iterator[list[str]]:
    """Tokens of each paragraph of the plain corpora."""
    for name in CORPORA[language]:
        path = next((shared / "corpora").glob(f"{name}*"))
        DIGESTS[f"corpora/{path.name}"] = hashlib.sha256(path.read_bytes()).hexdigest()
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            left = CHARACTERS
            for line in lines:
                left -= len(line)
                if left < 0:
                    break
                yield [t.text for t in tokenize(simplify(line))]


def clusters(shared: Path) -> tuple[np.ndarray, np.ndarray]:
    """Words by their neighbours: k-means over the left singular vectors of positive PMI with the two on either side."""
    hashes, numbers = [], []
    for offset, language in enumerate(CORPORA):
        count: Counter[str] = Counter()
        text: list[list[str]] = []
        for tokens in plain(shared, language):
            words = [t if is_han(t) else t.lower() for t in tokens]
            text.append(words)
            count.update(words)
        known = {w: i for i, (w, n) in enumerate(count.most_common(WORDS)) if n > 4}
        vectors = _vectors(text, known)
        columns = []
        for size in (COARSE, FINE):
            means = MiniBatchKMeans(size, random_state=SEED, n_init=3, batch_size=4096)
            columns.append(means.fit_predict(vectors) + offset * size)
        hashes += [key("w", w) for w in known]
        numbers.append(np.array(columns).T)
    order = np.argsort(hashes)
    return np.array(hashes, np.uint32)[order], np.concatenate(numbers).astype(np.uint16)[order]


def _vectors(text: Sequence[Sequence[str]], known: dict[str, int]) -> np.ndarray:
    flat = np.array([known.get(w, -1) for words in text for w in (*words, "", "")], np.int32)
    parts = []
    for distance in (-2, -1, 1, 2):
        near = np.roll(flat, -distance)
        keep = (flat >= 0) & (near >= 0) & (near < CONTEXTS)
        cells = sp.coo_matrix((np.ones(keep.sum(), np.float32), (flat[keep], near[keep])), (len(known), CONTEXTS))
        parts.append(cells.tocsr())
    counts = sp.hstack(parts).tocoo()
    rows, columns = np.asarray(counts.sum(1)).ravel(), np.asarray(counts.sum(0)).ravel()
    pmi = np.log(counts.data * counts.data.sum() / (rows[counts.row] * columns[counts.col]))
    positive = sp.csr_matrix((np.maximum(pmi, 0), (counts.row, counts.col)), counts.shape)
    u, s, _ = randomized_svd(positive, DIMENSIONS, random_state=SEED)
    scaled = u * np.sqrt(s)
    return scaled / (np.linalg.norm(scaled, axis=1, keepdims=True) + 1e-9)


def english_places() -> list[str]:
    """Names of localities from the tables of phonenumbers (Apache-2.0), in the Latin alphabet."""
    from phonenumbers.geodata import GEOCODE_DATA
    from phonenumbers.geodata.locale import LOCALE_DATA

    full = {
        part.strip() for by in GEOCODE_DATA.values() if "en" in by for part in by["en"].replace("/", ",").split(",")
    }
    full |= {by["en"] for by in LOCALE_DATA.values() if isinstance(by.get("en"), str)}
    return sorted(
        n for n in full if len(n) > 3 and n[:1].isupper() and len(n.split()) <= 4 and not any(map(str.isdigit, n))
    )


def tags_of(sentence: Sentence) -> list[int]:
    tags = [0] * len(sentence.tokens)
    for first, last, kind in sentence.names:
        for i in range(first, last + 1):
            part = "S" if first == last else "B" if i == first else "E" if i == last else "I"
            tags[i] = TAGS.index(f"{part}-{kind}")
    return tags


def fit(sentences: Sequence[Sentence], attributes: Attributes, language: str, folder: Path) -> dict[str, np.ndarray]:
    """A field of one language by L-BFGS with elastic net (Lavergne et al. 2010); weights in 8 bits, a scale a tag."""
    import pycrfsuite

    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params({"c1": C1, "c2": C2, "max_iterations": ITERATIONS, "feature.minfreq": LEAST})
    for sentence in sentences:
        han = np.array([is_han(t) for t in sentence.tokens], bool)
        rows = features(attributes.of(sentence.tokens), han)
        trainer.append([[str(v) for v in row if v] for row in rows.tolist()], [TAGS[t] for t in tags_of(sentence)])
    path = folder / f"{language}.crfsuite"
    trainer.train(str(path))
    tagger = pycrfsuite.Tagger()
    tagger.open(str(path))
    learned = tagger.info()
    keys = np.array(sorted({int(name) for name, _ in learned.state_features}), np.uint32)
    places = {value: i for i, value in enumerate(keys.tolist())}
    weights = np.zeros((len(keys), len(TAGS)), np.float32)
    for (name, tag), weight in learned.state_features.items():
        weights[places[int(name)], TAGS.index(tag)] = weight
    transitions = np.where(allowed(), 0.0, -1e4).astype(np.float32)
    for (before, after), weight in learned.transitions.items():
        transitions[TAGS.index(before), TAGS.index(after)] += weight
    scale = np.abs(weights).max(axis=0).clip(1e-6) / 127
    small = np.round(weights / scale).astype(np.int8)
    kept = small.any(axis=1)
    return {
        f"{language}_keys": keys[kept],
        f"{language}_weights": small[kept],
        f"{language}_scale": scale.astype(np.float32),
        f"{language}_transitions": transitions,
    }


def counts(tagger: Tagger, sentences: Sequence[Sentence]) -> Counter[tuple[str, str]]:
    """Names found and right, found, and there, of each type."""
    found: Counter[tuple[str, str]] = Counter()
    tagged = tagger.tag([s.tokens for s in sentences])
    for sentence, names in zip(sentences, tagged, strict=True):
        guessed = {(a, b, kind) for a, b, kind, _ in names}
        for name, group in (
            ("right", guessed & set(sentence.names)),
            ("found", guessed),
            ("there", set(sentence.names)),
        ):
            found.update((kind, name) for _, _, kind in group)
    return found


def prf(c: Counter[tuple[str, str]], kinds: Sequence[str]) -> tuple[float, float, float, int]:
    right, found, there = (sum(c[kind, name] for kind in kinds) for name in ("right", "found", "there"))
    p, r = right / max(found, 1), right / max(there, 1)
    return p, r, 2 * p * r / max(p + r, 1e-9), there


KINDS = ("PERSON", "LOCATION", "ORGANIZATION")


def f1_interval(blocks: Sequence[Counter[tuple[str, str]]], kinds: Sequence[str]) -> tuple[float, float]:
    """95 % bootstrap over blocks of neighbouring sentences."""
    table = np.array([[sum(c[k, n] for k in kinds) for n in ("right", "found", "there")] for c in blocks], float)
    drawn = np.random.default_rng(SEED).integers(0, len(table), (1000, len(table)))
    right, found, there = table[drawn].sum(1).T
    low, high = np.quantile(2 * right / np.maximum(found + there, 1), (0.025, 0.975))
    return float(low), float(high)


def table(tagger: Tagger, data: Data) -> None:
    """Span precision, recall and F1 of each set and type, intervals over blocks of five sentences."""
    print("| set | type | names | P | R | F1 | 95 % |", "|---|---|---|---|---|---|---|", sep="\n")
    for name, sentences in {**data.dev, **data.test}.items():
        blocks = [counts(tagger, sentences[i : i + 5]) for i in range(0, len(sentences), 5)]
        total = sum(blocks, Counter())
        for kinds in (("PERSON",), ("LOCATION",), ("ORGANIZATION",), KINDS):
            p, r, f, n = prf(total, kinds)
            low, high = f1_interval(blocks, kinds)
            label = kinds[0] if len(kinds) == 1 else "all"
            print(
                "|",
                " | ".join((name, label, f"{n:,}", f"{p:.3f}", f"{r:.3f}", f"{f:.3f}", f"{low:.3f}-{high:.3f}")),
                "|",
            )


def training(data: Data, places: Sequence[str]) -> dict[str, list[Sentence]]:
    """Of each language: real sentences, copies with other names in them, sentences of the grammar."""
    grammar = Grammar(SEED, places)
    parts: dict[str, list[Sentence]] = {"en": [], "zh": []}
    copies = [grammar.renamed(s) for s in data.train if s.names and s.source != "broad_twitter"]
    for sentence in (*data.train, *copies, *grammar.sentences(EACH)):
        parts["zh" if any(map(is_han, sentence.tokens)) else "en"].append(sentence)
    return parts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    began = time.time()
    data, places = load(options.data), english_places()
    words, numbers = clusters(options.data)
    attributes = Attributes(words, numbers, frozenset(key("g", name.lower()) for name in places))
    print(f"{len(words):,} words in clusters, {len(places):,} places, {time.time() - began:.0f} s", flush=True)
    arrays: dict[str, np.ndarray] = {"words": words, "clusters": numbers}
    arrays["places"] = np.array(sorted(attributes.places), np.uint32)
    for language, sentences in training(data, places).items():
        print(f"{language}: {len(sentences):,} sentences", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            arrays |= fit(sentences, attributes, language, Path(folder))
        print(f"{len(arrays[f'{language}_keys']):,} features, {time.time() - began:.0f} s", flush=True)
    np.savez_compressed(options.out, **arrays)
    print(f"{options.out.stat().st_size / 1e6:.1f} MB after {time.time() - began:.0f} s")
    table(load_weights(options.out), data)
    print(*(f"{digest}  {name}" for name, digest in sorted(DIGESTS.items())), sep="\n")


if __name__ == "__main__":
    main()
