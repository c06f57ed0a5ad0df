"""Identity of a plug-in whose options hold paths, wherever in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from aigc_eval.plugin import Generator
from aigc_eval.records import Generation, Request


@dataclass(frozen=True)
class Reads(Generator):
    """Answers from files."""

    files: tuple[Path, ...] = ()
    named: Mapping[str, Path] = field(default_factory=dict)

    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        return [request.answer(file.read_text("utf-8")) for request in batch for file in self.files[:1]]


@pytest.mark.parametrize("made", [lambda p: Reads(files=(p,)), lambda p: Reads(named={"a": p})])
def test_files_in_lists_and_mappings_count_by_content_and_not_by_place(
    made: Callable[[Path], Reads], tmp_path: Path
) -> None:
    here, there = tmp_path / "here" / "a.txt", tmp_path / "there" / "a.txt"
    for path in (here, there):
        path.parent.mkdir()
        path.write_text("one", "utf-8")
    before = made(here).identity()
    assert made(there).identity() == before
    assert str(tmp_path) not in made(here).signature()
    here.write_text("two", "utf-8")
    assert made(here).identity() != before
