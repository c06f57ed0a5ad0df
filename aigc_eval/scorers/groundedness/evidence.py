"""The passages that may support an answer, read once."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from aigc_eval.scorers.groundedness.claims import NAME, units
from aigc_eval.scorers.groundedness.dates import Date, dates
from aigc_eval.scorers.groundedness.numerals import flat
from aigc_eval.scorers.groundedness.polarity import clauses, negations, opposites
from aigc_eval.scorers.groundedness.quantities import Quantity, quantities
from aigc_eval.text import has_hanzi, ngrams, sentences, tokens

__all__ = ["Evidence", "squeeze", "words"]


@dataclass(frozen=True)
class Evidence:
    """The passages that may support a sentence, read once."""

    passages: tuple[str, ...]
    question: str = ""
    text: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", flat("\n".join(self.passages)))

    @cached_property
    def dates(self) -> list[Date]:
        """Dates of the passages."""
        return dates(self.text)

    @cached_property
    def quantities(self) -> list[Quantity]:
        """Every number of the passages, those inside dates too."""
        return quantities(self.text, claims=False, skip=self.dates) + quantities(self.text, claims=False)

    @cached_property
    def units(self) -> frozenset[str]:
        """Content of the passages."""
        return frozenset().union(*(content for _, content in self.sentences))  # no word reaches over a sentence's end

    @cached_property
    def sentences(self) -> list[tuple[str, frozenset[str]]]:
        """Each sentence of the passages and its content."""
        spans = sentences(self.text)
        return [(sentence, frozenset(units(sentence))) for sentence in (self.text[a:b] for a, b in spans)]

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of the passages and of the question, as names are compared."""
        bare = unicodedata.normalize("NFD", self.text + "\n" + flat(self.question)).lower()
        plain = "".join(c for c in bare if not unicodedata.combining(c))
        found = re.findall(r"[a-z0-9]+(?:[.&+'’-][a-z0-9]+)*", plain)
        return frozenset(
            w for word in found for w in (word, re.sub(r"['’]s?$", "", word), *re.split(r"[.&+'’-]", word))
        )

    @cached_property
    def common(self) -> frozenset[str]:
        """Words that the passages write in lower case: no names, even where a name has them (River, Justice)."""
        return frozenset(re.findall(r"\b[a-z][a-z'’-]+", self.text))

    @cached_property
    def initials(self) -> frozenset[str]:
        """Initials of the capitalised runs, so that UN is found where the United Nations stand."""
        runs = (re.findall(r"\b[A-Z]", m.group()) for m in NAME.finditer(self.text))
        return frozenset("".join(run).lower() for run in runs if len(run) > 1)

    @cached_property
    def squeezed(self) -> str:
        """Letters, digits and Han characters of the passages and the question only, lower case."""
        return squeeze(self.text + flat(self.question))

    @cached_property
    def bigrams(self) -> frozenset[tuple[str, ...]]:
        """Pairs of neighbouring words (Chinese: characters) of each sentence."""
        return frozenset(pair for row in self._words for pair in ngrams(row, 2))

    @cached_property
    def trigrams(self) -> frozenset[tuple[str, ...]]:
        """Three neighbouring words (Chinese: characters) of each sentence."""
        return frozenset(triple for row in self._words for triple in ngrams(row, 3))

    @cached_property
    def _words(self) -> list[tuple[str, ...]]:
        return [words(sentence) for sentence, _ in self.sentences]

    @cached_property
    def asked(self) -> frozenset[str]:
        """Content of the question, less the passages where it quotes them."""
        left = self.question
        for passage in self.passages:
            left = left.replace(passage.strip(), "\n")
        return frozenset(units(flat(left)))

    @cached_property
    def answers(self) -> list[frozenset[str]]:
        """Content of each passage beyond the question's: what an answer should have where a passage is a short one."""
        if len(self.passages) == 1:
            return [self.units - self.asked]
        return [frozenset(units(flat(passage))) - self.asked for passage in self.passages]

    def nearest(self, mine: frozenset[str]) -> tuple[int, list[int]]:
        """Index of the sentence with most of these units, the shorter one of two, and those of its neighbours."""
        if mine not in self._near:
            self._near[mine] = self._nearest(mine)
        return self._near[mine]

    @cached_property
    def _near(self) -> dict[frozenset[str], tuple[int, list[int]]]:
        return {}

    def _nearest(self, mine: frozenset[str]) -> tuple[int, list[int]]:
        if not self.sentences:
            return 0, []
        shared = [len(mine & theirs) - 0.01 * len(theirs) for _, theirs in self.sentences]
        best = max(range(len(shared)), key=shared.__getitem__)
        return best, [i for i in (best - 1, best + 1) if 0 <= i < len(shared)]

    def negates(self, sentence: str, alike: float) -> bool:
        """Whether the sentence that has at least `alike` of this sentence's content has the opposite polarity."""
        mine = frozenset(units(sentence))
        if not self.sentences or len(mine) < (1 if has_hanzi(sentence) else 2):
            return False
        best, theirs = self.sentences[self.nearest(mine)[0]]
        if len(mine & theirs) < alike * len(mine):
            return False
        near = best
        if len(mine & theirs) < alike * len(theirs):  # it says more than this sentence: only what this speaks of counts
            near = " ".join(c for c in clauses(best) if len(mine & frozenset(units(c))) >= 0.4 * len(mine))
        return bool(near) and (negations(sentence) + negations(near) + opposites(sentence, near)) % 2 == 1


def squeeze(text: str) -> str:
    """Letters and digits only, lower case."""
    return re.sub(r"[\W_]+", "", text).lower()


@lru_cache(maxsize=256)
def words(text: str) -> tuple[str, ...]:
    """Words in lower case, Han characters one by one, no punctuation."""
    return tuple(token for token in tokens(text.lower()) if token.isalnum() or len(token) > 1)
