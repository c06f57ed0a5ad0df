"""What every chat model offers, wherever it runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from aigc_eval.errors import AigcEvalError
from aigc_eval.records import Message

__all__ = ["Array", "Chat", "ChatError", "Conversation"]

Array = npt.NDArray[np.float64]
Conversation = Sequence[Message]


class ChatError(AigcEvalError):
    """One conversation got no answer; the message says from where and why, and holds no secret."""


class Chat(ABC):
    """A model that answers conversations, deterministically where it can. `name` is what to call it in print."""

    name: str

    @abstractmethod
    def attempt(self, conversations: Sequence[Conversation], *, max_tokens: int) -> list[str | ChatError]:
        """One answer of at most `max_tokens` tokens a conversation, in order, or why there is none.

        A conversation ends with the turn to be answered. An answer cut off by `max_tokens` is returned as it is.
        """

    def reply(self, conversations: Sequence[Conversation], *, max_tokens: int) -> list[str]:
        """As `attempt`, but raises the first ChatError."""
        found = self.attempt(conversations, max_tokens=max_tokens)
        answers = [answer for answer in found if isinstance(answer, str)]
        if len(answers) < len(found):
            raise next(answer for answer in found if isinstance(answer, ChatError))
        return answers

    @abstractmethod
    def token_probabilities(self, conversations: Sequence[Conversation], words: Sequence[str]) -> Array | None:
        """Probability that the answer begins with each word, among all answers: shape (conversations, words), 0..1.

        A row need not sum to 1. None where the model cannot tell. Raises ChatError where it could but did not.
        """
