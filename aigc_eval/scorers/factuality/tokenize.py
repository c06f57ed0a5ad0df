"""Sacrebleu's tokenisers `13a` and `zh`, with the same tokens in a third of the time.

Both part most marks from their neighbours whatever these are, so one `str.translate` does for all of them; only full
stops, commas and dashes need to look around.

`zh` is kept as it is for the sake of comparable numbers, flaws included: characters beyond U+FFFF (rare Han characters
such as U+20BB7) are not parted from each other, while those from U+2000 to U+2A6D (— … ” ℃ ≤) are. chrF has neither.
"""

from __future__ import annotations

import re

from aigc_eval.text import CharacterMap

__all__ = ["bleu_tokens"]

_AROUND = (
    (re.compile(r"([^0-9])([\.,])"), r"\1 \2 "),
    (re.compile(r"([\.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)
_MARKS = {ord(c): f" {c} " for c in '!"#$%&()*+/:;<=>?@[\\]^_`{|}~'}


def _parted(character: str) -> str:
    """Marks, and what sacrebleu takes for a Chinese character, with a space on both sides."""
    from sacrebleu.tokenizers.tokenizer_zh import TokenizerZh

    apart = ord(character) in _MARKS or TokenizerZh._is_chinese_char(character)
    return f" {character} " if apart else character


_CHINESE = CharacterMap(_parted)


def bleu_tokens(text: str, chinese: bool) -> list[str]:
    """Tokens of `zh` or `13a` as sacrebleu's BLEU makes them.

    >>> bleu_tokens("It's 3.5, ok?", chinese=False), bleu_tokens("今天GPT-4。", chinese=True)
    (["It's", '3.5', ',', 'ok', '?'], ['今', '天', 'GPT-4', '。'])
    """
    line = text.strip().translate(_CHINESE) if chinese else _western(text)
    for pattern, parted in _AROUND:
        line = pattern.sub(parted, line)
    return line.split()


def _western(text: str) -> str:
    line = text.rstrip().replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for entity, char in (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")):
        line = line.replace(entity, char)
    return f" {line} ".translate(_MARKS)
