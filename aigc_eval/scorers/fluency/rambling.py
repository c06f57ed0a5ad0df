"""Whether a text runs on past its answer into new prompts, as a model does that only continues text."""

from __future__ import annotations

import re
from collections import Counter

from aigc_eval.text import tokens

__all__ = ["ramble"]

_LABEL = re.compile(r"^[ \t>#*_]*([^\W\d_][^\n:：]{0,24}?)[*_]*[ \t]*[:：]", re.MULTILINE)
_ASKING = frozenset({"input", "q", "question", "instruction", "输入", "问", "问题", "指令"})
_TURN = re.compile(
    r"^[ \t]*(?:#{2,}\s*(?:Instruction|Input|Human|User|Question|Task|Example|指令|输入|问题|用户)s?\b[^\n]*|"
    r"(?:Human|User|Instruction|Prompt|用户|人类|指令|提问者?)[ \t]*[:：]|<\|(?:im_start|user|prompter|endoftext)\|>|"
    r"\[INST\])",
    re.MULTILINE,
)


def ramble(text: str, prompt: str) -> int | None:
    """Where a text, past its answer, goes on with a new prompt (a character offset); None where it does not.

    A new prompt is a line that starts with the label that the prompt ended with ("Output:", "A:", "答：") or with one
    that asked there ("Input:", "Q:", "问："); two pairs of "Input:" and "Output:"; the prompt's first line, of 8 tokens
    or more, said again; a turn of somebody else ("User:", "用户：", "### Instruction", "[INST]"), unless the prompt has
    such turns. What an answer starts with is no new prompt, unless it asks, and neither is what a code block holds.

    >>> ramble(" Bonsoir.\\n\\nInput: Good night?\\nOutput: Bonne nuit.", "In French:\\nInput: Good evening?\\nOutput:")
    11
    >>> ramble("Dear all,\\nInput: welcome.", "Write a mail.") is None
    True
    """
    code = [m.span() for m in re.finditer(r"```.*?(?:```|\Z)", text, re.DOTALL)]
    found = [*_labels(text, prompt), *_turns(text, prompt), *_said_again(text, prompt)]
    return min((at for at in found if not any(a <= at < b for a, b in code)), default=None)


def _labels(text: str, prompt: str) -> list[int]:
    """Where labels stand that the prompt ended with or asked with, or several pairs of input and output."""
    here = [(m.start(1), m[1].strip().lower()) for m in _LABEL.finditer(text)]
    given = [m[1].strip().lower() for m in _LABEL.finditer(prompt)]
    cue = {given[-1]} if given and prompt.rstrip().endswith((":", "：")) else set()
    asked = _ASKING & set(given) if cue else set()
    count = Counter(name for _, name in here)
    for ask, reply in (("input", "output"), ("输入", "输出")):
        if min(count[ask], count[reply]) >= 2:
            asked |= {ask}
    first = len(text) - len(text.lstrip())
    return [at for at, name in here if name in asked or (name in cue and at > first)]


def _turns(text: str, prompt: str) -> list[int]:
    """Where somebody else's turn starts after the answer's first line."""
    if _TURN.search(prompt):
        return []
    first = len(text) - len(text.lstrip())
    return [m.start() for m in _TURN.finditer(text) if m.start() > first]


def _said_again(text: str, prompt: str) -> list[int]:
    """Where the prompt's first line stands again as a line, after something else was said."""
    line = next((line.strip() for line in prompt.splitlines() if line.strip()), "")
    if len(tokens(line)) < 8:
        return []
    first = len(text) - len(text.lstrip())
    places = re.finditer(rf"^[ \t]*{re.escape(line)}[ \t]*$", text, re.MULTILINE)
    return [m.start() for m in places if m.start() > first]
