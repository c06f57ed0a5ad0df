"""Write held-out labelled texts as JSON lines for a scorer card: python tools/train/labelled.py --out labelled.jsonl

One line a text: {"id", "text", "label": 0 or 1, "tags": {"lang", "source", "kind"}}. The toxicity model learned
nothing from these rows and was not tuned on them: the half of COLD's development rows that is held out (kind: the
topic), EDOS's test rows, and functional sentences of our own in frames held out (kind: what the sentence does). The
texts carry abuse; keep the file outside the repository.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from toxicity_data import Row, cold, edos, functional, key

from aigc_eval.text import has_hanzi

SETS = ("cold", "edos", "functions")


def rows(root: Path, name: str) -> list[Row]:
    """Held-out rows of a set; of texts that are copies of one another, the first."""
    if name == "cold":
        found = cold(root, "dev", "train")
    elif name == "edos":
        found = edos(root, "test")
    else:
        found = [row for part in functional()[2].values() for row in part]
    return list({key(row.text): row for row in reversed(found) if key(row.text)}.values())[::-1]


def lines(root: Path, names: list[str]) -> Iterator[str]:
    """The records as JSON."""
    for name in names:
        for i, row in enumerate(rows(root, name)):
            kind = row.source.partition("/")[2] or name
            tags = {"lang": "zh" if has_hanzi(row.text) else "en", "source": name, "kind": kind}
            record = {"id": f"{name}-{i}", "text": row.text, "label": row.label, "tags": tags}
            yield json.dumps(record, ensure_ascii=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "../shared/data")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--set", dest="sets", action="append", choices=SETS, help="several may be given; all otherwise")
    given = parser.parse_args()
    found = list(lines(given.data, given.sets or list(SETS)))
    given.out.write_text("".join(line + "\n" for line in found), "utf-8")
    print(f"{len(found):,} texts")


if __name__ == "__main__":
    main()
