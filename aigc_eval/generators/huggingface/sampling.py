"""How tokens are drawn and where an answer ends, row by row, as `transformers` hooks for greedy search.

Both are callables of (input_ids, scores): `Sampler` leaves one token possible a row, so that greedy search takes the
token drawn, with random numbers that belong to the row alone; `Ending` finds end tokens and stop strings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["Ending", "Sampler"]


class Sampler:
    """Repetition penalty, temperature, top-k, top-p, then a draw by inverting the cumulative distribution.

    `seeds`: one a row. Row r at step t uses the t-th number of `numpy.random.default_rng(seeds[r])`, whatever the
    other rows are. `prompt`: shape (rows, tokens at the first step), 1 where a token counts as used already, 0 for
    padding. `broken[r]` turns true when the model's scores of a row are not numbers. Scores: shape (rows, vocabulary).
    `logprobs` gets one tensor of shape (rows,) a step: ln p of the token taken, under the model's own distribution
    (temperature 1, nothing cut off or penalised).
    """

    def __init__(
        self,
        seeds: Sequence[int],
        prompt: Any,
        *,
        steps: int,
        temperature: float = 0.0,
        top_k: int | None = None,
        top_p: float = 1.0,
        penalty: float = 1.0,
    ) -> None:
        self.temperature, self.top_k, self.top_p, self.penalty = temperature, top_k, top_p, penalty
        self.draws = np.stack([np.random.default_rng(seed % 2**64).random(steps) for seed in seeds])
        self.broken = np.zeros(len(seeds), dtype=bool)
        self.step = 0
        self.logprobs: list[Any] = []
        self.prompt = prompt
        self.used: Any = None

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Scores that allow one token a row where something is drawn; penalised scores where the best is taken."""
        scores = own = scores.float()
        self.broken |= scores.isnan().any(dim=1).cpu().numpy()
        if self.penalty != 1.0:
            scores = self._penalised(input_ids, scores)
        if self.temperature > 0:
            scores = self._drawn(scores / self.temperature)
        self.logprobs.append(own.log_softmax(dim=1).gather(1, scores.argmax(dim=1, keepdim=True))[:, 0])
        self.step += 1
        return scores

    def _penalised(self, input_ids: Any, scores: Any) -> Any:
        import torch

        if self.used is None:
            self.used = torch.zeros_like(scores).scatter_add_(1, input_ids, self.prompt.to(scores.dtype))
        else:
            self.used.scatter_(1, input_ids[:, -1:], 1.0)
        less = torch.where(scores > 0, scores / self.penalty, scores * self.penalty)
        return torch.where(self.used > 0, less, scores)

    def _drawn(self, scores: Any) -> Any:
        import torch

        chances = self._likeliest(scores.nan_to_num(nan=0.0).softmax(dim=-1))
        exact = torch.float32 if chances.device.type == "mps" else torch.float64
        below = chances.cumsum(dim=-1, dtype=exact)
        draw = torch.as_tensor(self.draws[:, self.step : self.step + 1], dtype=exact, device=below.device)
        # the first token whose cumulated probability exceeds the draw; never one of probability 0
        token = torch.searchsorted(below, draw * below[:, -1:], right=True)
        last = chances.shape[1] - 1 - (chances > 0).flip(1).int().argmax(dim=1, keepdim=True)
        return torch.full_like(scores, -torch.inf).scatter_(1, torch.minimum(token, last), 0.0)

    def _likeliest(self, chances: Any) -> Any:
        """Probabilities with those outside top-k, then outside top-p of what is left, set to zero."""
        if self.top_k is not None and self.top_k < chances.shape[1]:
            least = chances.topk(self.top_k, dim=1).values[:, -1:]
            chances = chances.masked_fill(chances < least, 0.0)
        if self.top_p < 1.0:
            ordered, order = chances.sort(dim=1, descending=True, stable=True)
            before = ordered.cumsum(dim=1) - ordered
            outside = before >= self.top_p * ordered.sum(dim=1, keepdim=True)
            chances = chances.masked_fill(outside.scatter(1, order, outside), 0.0)
        return chances


class Ending:
    """Where each row ends: at an end token, or as soon as its text holds a stop string.

    After generation `lengths[r]` is the number of tokens up to and with the end, `done[r]` whether there was one.
    """

    def __init__(self, start: int, ends: Sequence[int], stop: Sequence[str], tokenizer: Any, rows: int) -> None:
        self.start, self.ends, self.stop, self.tokenizer = start, frozenset(ends), tuple(stop), tokenizer
        self.done, self.lengths = [False] * rows, [0] * rows
        # a token is at least one byte, so this many last tokens hold any stop string that the newest completed
        self.tail = 8 + max((len(s.encode()) for s in self.stop), default=0)

    def __call__(self, input_ids: Any, _scores: Any, **_: Any) -> Any:
        """Which rows are done, shape (rows,)."""
        import torch

        newest = input_ids[:, -1].tolist()
        for r, token in enumerate(newest):
            if not self.done[r]:
                self.lengths[r] = input_ids.shape[1] - self.start
                self.done[r] = token in self.ends or self._stopped(input_ids[r])
        return torch.tensor(self.done, device=input_ids.device)

    def _stopped(self, ids: Any) -> bool:
        if not self.stop:
            return False
        text = self.tokenizer.decode(ids[self.start :][-self.tail :], skip_special_tokens=True)
        return any(s in text for s in self.stop)

    def cut(self, text: str) -> str:
        """The text before the first stop string.

        >>> Ending(0, [], ["\\n", "Q:"], None, 1).cut("Paris. Q: and Rome?\\n")
        'Paris. '
        """
        return text[: min((at for s in self.stop if (at := text.find(s)) >= 0), default=len(text))]
