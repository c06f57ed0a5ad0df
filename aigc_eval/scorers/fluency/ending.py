"""Whether a text stops in mid-sentence."""

from __future__ import annotations

import re

from aigc_eval.text import HANZI, tokens

__all__ = ["cut_ending"]

_END = "[.!?。！？…～~]"
_OPEN = "(（[【{「『《“‘<,，、：:-—–&+=/\\"
_BULLET = re.compile(
    r"\s*(?:[-*+•·●○▪◦]\s|\(?\d{1,3}[.)、．）:](?!\d)|[(（]?[一二三四五六七八九十]{1,3}[)）、.．]|\(?[a-zA-Z][.)]\s|#{1,6}\s|>\s)"
)
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+$|\S@\S+\.\w+$|[#@]\w+$")
_ABBREVIATION = re.compile(
    r"(?:^|[\s.(\"“])(?:[A-Za-z]|St|Dr|Mr|Mrs|Ms|Jr|Sr|Prof|Gen|Mt|vs|etc|No|Vol|Inc|Ltd|approx|e\.g|i\.e)\.$"
)
_BOLD = re.compile(r"(?:^|\s)\*\*(?:\w(?:[^*]*\w)?)?$")
_NAME_ZH = re.compile(
    rf"(?:{_END}[\"”’」』]?\s*\n\s*\n|\n\s*(?:祝|顺|此致|敬|谢|盼)[^\n]{{0,40}}\n)\s*[{HANZI}]{{2,4}}$"
)
"""The name under a Chinese letter: alone after a blank line, or under its greeting."""
_SIGNED = re.compile(r"[-—–~]+\s*\w")
_SENTENCE_END = re.compile(rf"{_END}[\"'”’」』）)\]】》*_]*(?:\s|$)|[。！？]")
_DANGLING = frozenset(
    re.findall(
        r"\S+",
        """a an the and or but nor so if because although though while which that who whose whom this these those of to
        in on at by for with from into onto upon about as than between through during is are was were be been being
        has have had having will would can could should may might must do does did its their his her our my your very
        such including e.g i.e not it's they're we're i'm you're whether when where how what every each""",
    )
)
_DANGLING_ZH = ("和", "与", "及", "或", "以及", "并且", "而且", "因为", "所以", "但是", "如果", "例如", "比如", "包括",
                "在", "对", "把", "被", "从", "向", "由", "为了", "通过", "关于", "由于")  # fmt: skip


def cut_ending(text: str, most_words: int = 40) -> int | None:
    """Where the unfinished last piece of a text starts (a character offset); None where the text ends properly.

    Unfinished is: a code block or bold passage that was opened and not closed, half a character (U+FFFD), an opening
    bracket or a comma at the end, a last word after which something must follow ("of the", "以及"), and a last sentence
    without a full stop in a text whose other lines have theirs. Finished without a full stop are: a short answer (one
    line of up to `most_words` words or Hanzi), a list, table, verse or signature whose other lines have none either,
    code, an address, a hashtag, a symbol or emoji.

    >>> cut_ending("Boil water. Then make a to"), cut_ending("Paris"), cut_ending("北京是首都。上海是最大的城")
    (12, None, 6)
    """
    body = text.rstrip()
    if body.count("```") % 2:
        return body.rindex("```")
    if not body:
        return None
    start = _last_piece(body)
    last = body[start:]
    if not last:  # the number of a list item that never came
        return body.rfind("\n") + 1 if "\n" in body else None
    return start if _goes_on(last) or not (_may_stop(last) or _fits(body, start, most_words)) else None


def _goes_on(last: str) -> bool:
    """Whether something must follow, whatever stood before."""
    if last.endswith("---"):  # a rule, or the end of a PEM block
        return False
    if last.endswith("\ufffd") or last[-1] in _OPEN or _BOLD.search(last):
        return True
    words = tokens(last)
    if len(words) < 2:
        return False
    if re.match(f"[{HANZI}]", words[-1]):
        return last.endswith(_DANGLING_ZH) and len(words) > 4
    return last.rsplit(maxsplit=1)[-1] in _DANGLING


def _may_stop(last: str) -> bool:
    """Whether a text may stop here, whatever stood before."""
    return not last[-1].isalnum() or bool(_ADDRESS.search(last[-200:]) or _SIGNED.match(last)) or last.isupper()


def _last_piece(body: str) -> int:
    """Start of the last sentence of the last line."""
    line = body.rfind("\n") + 1
    if bullet := _BULLET.match(body, line):
        line = bullet.end()
    ends = [m.end() for m in _SENTENCE_END.finditer(body, line) if m.end() < len(body)]
    return next(
        (end for end in reversed(ends) if not _ABBREVIATION.search(body[max(line, end - 12) : end].rstrip())), line
    )


def _fits(body: str, start: int, most_words: int) -> bool:
    """Whether a last line without a full stop is a short answer, or like the other lines of its kind."""
    if "\n" not in body and len(tokens(body)) <= (most_words if start == 0 else 6):
        return True
    *lines, last = [line.rstrip() for line in body.splitlines() if line.strip()]
    listed = _BULLET.match(last)
    if start > len(body) - len(last) + (listed.end() if listed else 0):
        return False  # a whole sentence stands before the unfinished one on the same line
    peers = [line for line in lines if (_BULLET.match(line) is not None) == bool(listed) and line[-1] not in "：:"]
    bare = [line for line in peers if not re.search(rf"{_END}[\"'”’」』）)\]】》*_`]*$", line)]
    if _NAME_ZH.search(body[-200:]):
        return True
    short = len(tokens(last)) <= 12
    if lines and short and not listed and lines[-1][-1] in ",，":
        return True  # the name under a letter
    return len(bare) * 2 >= len(peers) if peers else short
