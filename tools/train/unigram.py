"""Count units for SLOR.

    python tools/train/unigram.py --data ../shared/data                     the table that the package ships
    python tools/train/unigram.py --model FOLDER --out counts.json TEXTS    counts of a model's own tokens, for the
                                                                            option `unigrams` of the scorer fluency

TEXTS are text files, one text a line. Nothing is drawn at random and everything is sorted: the same data give the same
file, byte for byte (with the same numpy and zlib).
"""

from __future__ import annotations

import argparse
import json
import lzma
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from aigc_eval.models.language_model import LanguageModel
from aigc_eval.scorers import fluency
from aigc_eval.scorers.fluency.unigrams import TABLE, units

FEWEST = 2
"""Occurrences from which on a unit has a probability of its own."""


def corpora(folder: Path) -> Iterator[str]:
    """The paragraphs of every corpus, in the order of the files' names."""
    for path in sorted(folder.glob("*.txt.xz")):
        with lzma.open(path, "rt", encoding="utf-8-sig") as file:
            yield from file


def table(texts: Iterable[str]) -> dict[str, np.ndarray]:
    """The arrays of the packaged table: see `WordUnigrams`."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(units(text))
    kept = sorted(unit for unit, n in counts.items() if n >= FEWEST)
    spelled: Counter[str] = Counter()
    for unit, n in counts.items():
        if n < FEWEST:
            for character in ("", *unit):
                spelled[character] += n
    characters = sorted(spelled)  # "", the end of a unit, comes first
    return {
        "units": np.frombuffer("\n".join(kept).encode(), np.uint8),
        "counts": np.array([counts[unit] for unit in kept], np.int32),
        "characters": np.frombuffer("".join(characters).encode(), np.uint8),
        "character_counts": np.array([spelled[c] for c in characters], np.int32),
        "unseen": np.array(sum(n for n in counts.values() if n <= FEWEST) / counts.total()),
    }


def token_counts(model: str, paths: Sequence[Path]) -> dict[str, int]:
    """Counts of the tokens that the model would score, by id."""
    lines = [line.rstrip("\n") for path in paths for line in path.read_text("utf-8").split("\n")]
    reader = LanguageModel(model, device="cpu", most_tokens=10**9)
    counts: Counter[int] = Counter()
    for ids in reader.token_ids([line for line in lines if line.strip()]):
        counts.update(ids)
    return {str(i): counts[i] for i in sorted(counts)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=Path, nargs="*")
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "../shared/data")
    parser.add_argument("--model")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if given.model:
        if not given.texts or not given.out:
            parser.error("--model needs --out and text files")
        given.out.write_text(json.dumps(token_counts(given.model, given.texts)), "utf-8")
        return
    arrays = table(corpora(given.data / "corpora"))
    out = given.out or Path(fluency.__file__).with_name(TABLE)
    np.savez_compressed(out, **arrays)
    print(f"{len(arrays['counts']):,} units of {arrays['counts'].sum():,}, unseen {arrays['unseen']:.6f}, {out}")


if __name__ == "__main__":
    main()
