"""Controllability: whether an answer follows those instructions of its prompt that a program can check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import product
from typing import ClassVar

from aigc_eval.errors import DataError, MissingExtra, Problem
from aigc_eval.metrics import Metric
from aigc_eval.plugin import Scorer
from aigc_eval.records import Bilingual, Dimension, Generation, Outcome, Prompt, Score, Span
from aigc_eval.scorers.control.declared import BadDeclaration, Instruction, declared, declares
from aigc_eval.scorers.control.finding import CannotTell, Finding
from aigc_eval.scorers.control.metrics import METRICS
from aigc_eval.text import blank

__all__ = ["Control"]


@dataclass(frozen=True)
class Control(Scorer):
    """Whether an answer follows all of its prompt's instructions; value: 1.0 or 0.0, higher is better.

    A prompt declares them in its fields, as JSON: either IFEval's `instruction_id_list` and `kwargs`, or
    `instructions`, a list of objects with an `id` and its options (`{"id": "length:words", "at_most": 100}`) or of bare
    ids. IFEval's file is read by the field map

        {id: key, prompt: prompt, fields: {instruction_id_list: instruction_id_list, kwargs: kwargs}}

    An IFEval id means the reference's check on an English prompt and its Chinese twin on a Chinese one (tag `lang`,
    else the prompt's script); `en:` or `zh:` before an id decides it. Ids and options: `rules.py` in this package.

    Parts: `instructions` that apply, how many of them are `followed_strict` and `followed_loose` (by the best of eight
    variants: with or without first line, last line and asterisks), `prompt_loose` (0 or 1), and for each family of
    instructions `<family>_followed` and `<family>_instructions`. Forbidden words, commas, letters and matches are spans
    labelled with the instruction's id; the note lists the instructions that are not followed.

    A null option is not given; 0 and false are (the reference drops them and draws a number instead). An unknown id and
    an option that is missing or does not fit are found before the first request; a language that cannot be told and a
    regular expression that takes too long are errors, never passes. A rule on English letters is void on a Chinese
    answer without any: it does not count. Languages that share a script and the two IFEval rules on case need the extra
    `control` (langdetect, seeded), JSON Schema too. An empty answer follows nothing.
    """

    batch_size: ClassVar[int] = 128
    outcomes: ClassVar[frozenset[Outcome]] = frozenset({"ok", "truncated", "empty", "refused"})
    dimensions: ClassVar[tuple[Dimension, ...]] = ("control",)
    title: ClassVar[Bilingual] = Bilingual("Controllability (checkable instructions)", "可控性（可验证指令的遵循）")
    languages: ClassVar[tuple[str, ...]] = ("en", "zh")
    needs: ClassVar[str] = "prompts with instructions"
    source: ClassVar[str] = "Zhou et al. 2023, Instruction-Following Evaluation for Large Language Models (IFEval)"

    def facts(self) -> Mapping[str, str]:
        """Versions of the packages that decide languages, schemas and regular expressions."""
        return {name: _version(name) for name in ("langdetect", "jsonschema", "regex")}

    def check(self, prompts: Sequence[Prompt]) -> None:
        """DataError with every prompt whose instructions cannot be used; MissingExtra where one needs a package."""
        problems = [problem for prompt in prompts if declares(prompt) for problem in _problems(prompt)]
        if problems:
            raise DataError(problems)

    def not_applicable(self, prompt: Prompt) -> str:
        """Prompts that declare no instruction."""
        return "" if declares(prompt) else "no instructions"

    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """One score a generation."""
        return [_score(generation.text, generation.prompt) for generation in batch]

    def metrics(self) -> tuple[Metric, ...]:
        """Prompt-level strict first, then loose, by instruction, by family, and steadiness."""
        return METRICS


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


_TRIAL = "A sentence to try instructions on."


def _problems(prompt: Prompt) -> list[Problem]:
    try:
        for instruction in declared(prompt):
            with suppress(CannotTell):
                instruction.check(_TRIAL)  # finds out whether its packages are there
    except BadDeclaration as error:
        return [Problem("prompts", None, f"prompt {prompt.id!r:.80}", str(error), "correct its instructions")]
    return []


def _score(text: str, prompt: Prompt) -> Score:
    if not declares(prompt):
        return Score(note="no instructions")
    try:
        instructions = declared(prompt)
    except BadDeclaration as error:
        return Score(error=f"prompt {prompt.id!r}: {error}")
    found = []
    for instruction in instructions:
        try:
            found.append((instruction, *_both(text, instruction)))
        except (CannotTell, MissingExtra) as error:
            return Score(error=f"prompt {prompt.id!r}, {instruction.id}: {error}")
    return _summary([one for one in found if not one[1].void])


def _both(text: str, instruction: Instruction) -> tuple[Finding, bool]:
    """What is found of the text itself, and whether it or one of its variants follows; blank text follows nothing."""
    if blank(text):
        return Finding(False), False
    strict = instruction.check(text)
    return strict, strict.followed or any(_follows(variant, instruction) for variant in _variants(text))


def _follows(variant: str, instruction: Instruction) -> bool:
    try:
        found = instruction.check(variant)
    except CannotTell:
        return False
    return found.followed and not found.void


def _variants(text: str) -> Iterator[str]:
    """The other seven: without first line, last line, asterisks, in every combination; blank ones are left out.

    >>> sorted(_variants("a\\nb *c*\\nd"))
    ['a\\nb *c*', 'a\\nb c', 'a\\nb c\\nd', 'b *c*', 'b *c*\\nd', 'b c', 'b c\\nd']
    """
    lines = text.split("\n")
    for first, last, stars in product((0, 1), (0, 1), (True, False)):
        cut = "\n".join(lines[first : len(lines) - last]).strip() if first or last else text
        variant = cut if stars else cut.replace("*", "")
        if variant != text and not blank(variant):
            yield variant


def _summary(found: Sequence[tuple[Instruction, Finding, bool]]) -> Score:
    if not found:
        return Score(note="no instruction applies to this answer")
    total = Counter(one.family for one, _, _ in found)
    followed = Counter(one.family for one, strict, _ in found if strict.followed)
    parts = {
        "instructions": float(len(found)),
        "followed_strict": float(followed.total()),
        "followed_loose": float(sum(loose for _, _, loose in found)),
        "prompt_loose": float(all(loose for _, _, loose in found)),
        **{f"{name}_instructions": float(number) for name, number in total.items()},
        **{f"{name}_followed": float(followed[name]) for name in total},
    }
    failed = [one.id for one, strict, _ in found if not strict.followed]
    spans = tuple(Span(*place, one.id) for one, strict, _ in found for place in strict.faults)
    return Score(float(not failed), parts, spans, f"not followed: {', '.join(failed)}" if failed else "")
