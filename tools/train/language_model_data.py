"""Text that the bundled language model learns from, and what is held out: paragraphs, by a hash of what they say."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import lzma
import random
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SEED = 20250101
HELD_OUT = 50
"""One paragraph in so many is held out."""
CORPORA = {
    "en-commonvoice": "5fe714f5e449712a0bdd7e478e37f844065e04bcec0406caac5297c2ac5f613e",
    "en-digitalgov": "3305a6dc669f003531b445f5fb0eac87207c8af997f64f429a89a01f99b4e3cb",
    "en-openstax": "4fa8b1429197c531d1432aa0a1535342ecc182f0733e6f1223d671081abe60db",
    "en-tatoeba": "a3278558c91571fe027f714d017fe60b03a10b62b091c9878ddc39987c91e479",
    "zh-commonvoice": "ccebde898ea2aa9e23d14a76ad669e0c31c08818cfa0d47a5834b42da18a47b7",
    "zh-d2l": "c95082996cbc66164f00957e4bdf371500e90657841e468b59e2f85573260607",
    "zh-howtocook": "2b0af836c7a18734fed4b8632f876f1ac4522314cf3db9fae58eaca5dceda354",
    "zh-kdconv": "0a20b17cd40dfe65b5aa2916ef6b280882ae29023a435f240d8e16a1cf305207",
    "zh-laws": "e451d2cbe01395af783d83958cafc35c97311ce13adfad46cadcc632f5ce607d",
    "zh-lctt": "82c2163e6aa598c93f2c627187ec4be44b8effbf90df1b74a2ce0c545b1ac1cd",
    "zh-tatoeba": "af759efa1502c38535c0cf9e0e5275cf14a8415d858387edfb50f004fd8b28ad",
}
JOINED = {"en-openstax", "en-digitalgov", "zh-d2l", "zh-howtocook", "zh-kdconv", "zh-laws"}
"""Corpora whose paragraphs stand in the order of their source: neighbours are joined into one document."""
LONGEST = 1200
"""Characters of a joined document, in English; a third of that in Chinese."""


class Corpus(NamedTuple):
    """One corpus: its name, its training documents (several paragraphs where they follow on), held-out paragraphs."""

    name: str
    train: list[str]
    dev: list[str]

    @property
    def language(self) -> str:
        return self.name[:2]


def key(text: str) -> str:
    """What two texts share if one is a copy of the other: letters and digits, without case and width."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())


def held_out(text: str) -> bool:
    """Whether a paragraph is kept from training: a hash of its key, so that copies fall on the same side."""
    return int.from_bytes(hashlib.blake2b(key(text).encode(), digest_size=8).digest()) % HELD_OUT == 0


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def paragraphs(path: Path) -> list[str]:
    with lzma.open(path, "rt", encoding="utf-8-sig", newline="\n") as file:
        return [line.strip() for line in file if line.strip()]


def load(root: Path, *, check: bool = True) -> list[Corpus]:
    """Every corpus, without repeats (the first copy stays) and without what stands in a test row."""
    seen = {key(text) for text in test_texts(root)}
    found = []
    for path in sorted((root / "corpora").glob("*.txt.xz")):
        name = path.name.removesuffix(".txt.xz")
        if check and sha256(path) != CORPORA.get(name):
            raise SystemExit(f"{path} is not the file this script was written for (sha256 differs)")
        blocks: list[list[str]] = [[]]
        dev = []
        for text in paragraphs(path):
            k = key(text)
            if not k or k in seen:
                continue
            seen.add(k)
            if held_out(text):
                dev.append(text)
                blocks.append([])  # what follows a gap does not follow on
            else:
                blocks[-1].append(text)
        found.append(Corpus(name, list(documents(name, blocks)), dev))
    return found


def documents(name: str, blocks: list[list[str]]) -> Iterator[str]:
    """Each paragraph alone, or, where neighbours follow on, runs of one to six of them, apart by one or two breaks."""
    rng = random.Random(f"{SEED} {name}")
    longest = LONGEST if name.startswith("en") else LONGEST // 3
    for block in blocks:
        start = 0
        while start < len(block):
            n = rng.randint(1, 6) if name in JOINED else 1
            while n > 1 and sum(map(len, block[start : start + n])) > longest:
                n -= 1
            yield rng.choice(("\n", "\n\n")).join(block[start : start + n])
            start += n


def test_texts(root: Path) -> Iterator[str]:
    """What is never trained on: the test rows of the labelled data, and the texts that the AUC is measured on."""
    labelled = root / "labelled"
    with gzip.open(labelled / "openai-moderation/samples-1680.jsonl.gz", "rt", encoding="utf-8") as file:
        yield from (json.loads(line)["prompt"] for line in file)
    with (labelled / "edos/edos_labelled_aggregated.csv").open(encoding="utf-8-sig", newline="") as file:
        yield from (row["text"] for row in csv.DictReader(file) if row["split"] == "test")
    for name, column in (("uner_zh_gsdsimp/test.iob2", 1), ("wnut17/emerging.dev.conll", 0)):
        for block in (labelled / name).read_text("utf-8").split("\n\n"):
            rows = [line.split("\t") for line in block.split("\n") if line and not line.startswith("# ")]
            yield " ".join(row[column] for row in rows)
    for path in sorted((root / "outputs/fast-detect").glob("*.json")):
        for text in json.loads(path.read_bytes())["original"]:
            yield from (text, *text.split("\n"))
