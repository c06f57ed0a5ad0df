"""What durability costs: the time that one append to the journal takes, with its sync, and a scan of the journal.

    python benchmarks/speed/journal.py [FOLDER] [APPENDS]

The folder decides it: another disk is another figure. Beside it stands the bare cost of writing and syncing as much.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from aigc_eval.journal import Journal

ANSWER = {"candidate": "a", "prompt": "p", "sample": 0, "text": "It is a wooden box with a brass lock. " * 20}


def record(number: int) -> dict[str, object]:
    return {"kind": "generation", "key": f"{number:032x}", "data": ANSWER}


def timed(action: Callable[[int], object], times: int) -> list[float]:
    """Milliseconds that each call takes."""
    found = []
    for number in range(times):
        begun = time.perf_counter()
        action(number)
        found.append(1000 * (time.perf_counter() - begun))
    return found


def shown(name: str, milliseconds: list[float]) -> None:
    parts = statistics.quantiles(milliseconds, n=100)
    print(f"{name:28} median {statistics.median(milliseconds):7.3f} ms, 99 of 100 below {parts[98]:7.3f} ms")


def main(folder: Path, times: int) -> None:
    bare = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT, 0o600)
    data = b"x" * 900

    def written(number: int) -> None:
        os.pwrite(bare, data, number * len(data))
        os.fsync(bare)

    with Journal(folder) as journal:
        shown("one answer, synced", timed(lambda n: journal.append([record(n)]), times))
        shown(
            "64 answers, synced once", timed(lambda n: journal.append([record(64 * n + i) for i in range(64)]), times)
        )
    shown("bare write and fsync", timed(written, times))
    os.close(bare)
    begun = time.perf_counter()
    with Journal(folder, write=False) as journal:
        print(f"scan of {len(journal):,} records    {time.perf_counter() - begun:.2f} s")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as temporary:
        main(Path(temporary), int(sys.argv[2]) if len(sys.argv) > 2 else 500)
