from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval.engines.local import map_batches
from aigc_eval.errors import MissingExtra, PluginError


@given(st.lists(st.integers(-3, 3), max_size=40), st.integers(1, 9))
def test_only_the_culprits_fail(items: list[int], size: int) -> None:
    def inverse(batch: Sequence[int]) -> list[float | str]:
        return [1 / x for x in batch]

    batches = [items[i : i + size] for i in range(0, len(items), size)]
    found = [r for results in map_batches(inverse, batches, lambda item, error: "failed") for r in results]
    assert found == [1 / x if x else "failed" for x in items]


def test_a_wrong_number_of_results_is_a_broken_plug_in() -> None:
    with pytest.raises(PluginError, match="1 results for 2 items"):
        list(map_batches(lambda batch: list(batch)[:1], [[1, 2]], lambda item, error: 0))


def test_our_own_errors_are_not_a_samples_fault() -> None:
    def missing(batch: Sequence[int]) -> list[int]:
        raise MissingExtra("pip install x")

    with pytest.raises(MissingExtra):
        list(map_batches(missing, [[1]], lambda item, error: 0))
