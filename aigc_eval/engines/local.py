"""Maps batches in this process, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from aigc_eval.errors import AigcEvalError, CallError, PluginError

__all__ = ["map_batches"]

T = TypeVar("T")
R = TypeVar("R")


def map_batches(
    call: Callable[[Sequence[T]], list[R]],
    batches: Iterable[Sequence[T]],
    failed: Callable[[T, Exception], R],
) -> Iterator[list[R]]:
    """Results of `call` for each batch, in order. A batch that raises is halved until the culprit stands alone.

    The culprit's result is `failed(item, error)`; the others are called again in smaller batches. Errors of this
    package end the run, but for a CallError, which is its item's. A result list of the wrong length is a broken
    plug-in, not a broken item, and raises `PluginError`.

    >>> def inverse(batch): return [1 / x for x in batch]
    >>> list(map_batches(inverse, [[1, 2, 0, 4]], lambda item, error: type(error).__name__))
    [[1.0, 0.5, 'ZeroDivisionError', 0.25]]
    """
    for batch in batches:
        yield _call(call, batch, failed)


def _call(call: Callable[[Sequence[T]], list[R]], batch: Sequence[T], failed: Callable[[T, Exception], R]) -> list[R]:
    try:
        results = call(batch)
    except Exception as error:
        if isinstance(error, AigcEvalError) and not isinstance(error, CallError):
            raise
        if len(batch) == 1:
            return [failed(batch[0], error)]
        middle = len(batch) // 2
        return _call(call, batch[:middle], failed) + _call(call, batch[middle:], failed)
    if len(results) != len(batch):
        raise PluginError(f"{call.__qualname__} returned {len(results)} results for {len(batch)} items")
    return results
