"""Measure the bundled scorer cards again: python tools/cards.py ../shared/data [NAME...]

Builds each labelled set (`card_sets`), scores it with the scorer as it is now, prints the figures, and writes
aigc_eval/cards/NAME.json. Some minutes on one core. Everything is seeded: the same data and scorers give the same
cards, but for the day on which they were made.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from card_sets import ROOT, SETS

from aigc_eval.cards import encode
from aigc_eval.cards.made import MADE
from aigc_eval.config import Named
from aigc_eval.plugin import Scorer
from aigc_eval.records import Score, ScorerCard
from aigc_eval.report.files import write_atomically
from aigc_eval.validation import telling
from aigc_eval.validation.examples import About, Examples, load
from aigc_eval.validation.judging import Wanted, card_of, validated
from aigc_eval.validation.scored import rate_of, scores_of

SCORED: dict[tuple[str, str], list[Score]] = {}
SLICES = {"pii": ("lang",), "fluency": ("lang", "kind")}


def quiet(stage: str, done: int, total: int, errors: int) -> None:
    print(f"\r{stage}: {done:,}/{total:,}", end="\n" if done == total else "", file=sys.stderr, flush=True)


def examples_of(scorer: str, data: Path, folder: Path) -> Examples:
    """The labelled set of a scorer, written and read as anybody's would be. Rows of a test are never tuned on."""
    path = folder / f"{scorer}.jsonl"
    if not path.exists():
        lines = (json.dumps({**record, "split": "test"}, ensure_ascii=True) for record in SETS[scorer].records(data))
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return load(path, About())


def scored(scorer: Named[Scorer], examples: Examples, known: dict[tuple[str, str], list[Score]]) -> list[Score]:
    """The scores; two rates of one scorer are of the same."""
    key = scorer.plugin.identity(), examples.sha256
    if key not in known:
        known[key] = scores_of(scorer, examples, quiet, isolated=False)
    return known[key]


def measured(name: str, data: Path, folder: Path, created: str) -> ScorerCard:
    """The card of one entry of `MADE`, printed as `aigc-eval validate` prints it."""
    made = MADE[name]
    examples = examples_of(made.scorer, data, folder)
    scorer = Named(made.scorer, made.plugin())
    rate = rate_of(scorer, made.metric)
    scores = scored(scorer, examples, SCORED)
    found = validated(scorer, rate, examples, scores, Wanted(SLICES.get(made.scorer, ("lang", "source"))))
    print("\n".join(telling.head(found, "en")))
    for table in telling.tables(found, "en"):
        print_table([table.header, *table.rows])
    print("\n".join(telling.notes(found, "en")))
    return card_of(found, created, SETS[made.scorer].note)


def print_table(rows: list[list[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    print()
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path, help="the folder of labelled data")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which cards [all]: {', '.join(MADE)}")
    parser.add_argument("--out", type=Path, default=ROOT / "aigc_eval/cards", help="where the cards go")
    given = parser.parse_args()
    if odd := sorted({*given.names} - {*MADE}):
        parser.error(f"there is no card {odd[0]!r}; there are {', '.join(MADE)}")
    created, begun = time.strftime("%Y-%m-%d", time.gmtime()), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for name in given.names or MADE:
            card = measured(name, given.data, Path(folder), created)
            write_atomically(given.out / f"{name}.json", encode(card))
            print(f"wrote {given.out / f'{name}.json'} ({time.monotonic() - begun:.0f} s)\n", flush=True)


if __name__ == "__main__":
    main()
