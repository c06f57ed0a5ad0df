"""Characters that should not be there: another language than asked for, and text decoded wrongly."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from itertools import accumulate

from aigc_eval.text import HANZI, language

__all__ = ["expected_language", "foreign", "mojibake"]

_LATIN = re.compile(
    "(?:en|fr|de|es|pt|it|nl|sv|da|no|nb|nn|fi|pl|cs|sk|sl|hr|ro|hu|tr|id|ms|vi|sw|ca|eu|gl|et|lv|lt|is|ga|cy|af|sq|tl)$"
)
_ASKS_FOR_ANOTHER = re.compile(
    r"translat|\b(?:chinese|mandarin|cantonese|english|french|german|spanish|italian|portuguese|latin|russian|japanese|"
    r"korean|arabic|hindi|greek|hebrew|dutch|turkish|vietnamese|thai|pinyin|bilingual|multilingual)\b|"
    r"翻译|译成|译为|译文|中文|汉语|普通话|英文|英语|法语|法文|德语|德文|西班牙语|葡萄牙语|意大利语|俄语|俄文|日语|日文|韩语|韩文|"
    r"阿拉伯语|拉丁语|双语|外语|拼音",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+|[\w.+-]{1,64}@[\w.-]{1,99}|《[^《》\n]{0,300}》|“[^“”\n]{0,300}”|"
    r"\"[^\"\n]{0,300}\"|「[^「」\n]{0,300}」|\([^()\n]{0,300}\)|（[^（）\n]{0,300}）|"
    r"-----[A-Z ]{1,40}-----|(?=[A-Za-z_+/=.-]{0,64}\d)[A-Za-z0-9_+/=.-]{20,}",
    re.DOTALL,
)
_PIECES = re.compile(rf"(?P<zh>[{HANZI}]+)|(?P<en>[A-Za-z\u00c0-\u024f]+(?:['’][A-Za-z]+)*)|(?P<other>[^\W\d_])")

_CP1252 = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_TAIL = f"[\u0080-\u00bf{_CP1252}]"
_WRONG = re.compile(
    rf"[ÃÂ]{_TAIL}|[à-ï]{_TAIL}{{2}}|ð{_TAIL}{{3}}|[\ufffd\ud800-\udfff]+|锟斤拷|烫烫烫|屯屯屯|"
    "[\ue000-\uf8ff\U000f0000-\U0010fffd]+|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f]+"
)
# three characters of UTF-8 text in a row (Hanzi, full-width forms, Chinese punctuation), as bytes
_UTF8 = re.compile(rb"(?:[\xe4-\xe9][\x80-\xbf]{2}|\xef\xbc[\x80-\xbf]|\xe3\x80[\x80-\xbf]){3,}")


def expected_language(prompt: str, tags: Mapping[str, str]) -> str:
    """The language an answer should have: "zh", "en" (any Latin script) or "" where there is nothing to judge by.

    The tag `answer_lang` decides; else the tag `lang`; else the script of the prompt. Without `answer_lang`, a prompt
    that speaks of a language or of translation is not judged.

    >>> expected_language("Translate into French: cat", {}), expected_language("你好吗？", {"lang": "zh-CN"})
    ('', 'zh')
    """
    tag = tags.get("answer_lang", "")
    if not tag:
        if _ASKS_FOR_ANOTHER.search(prompt):
            return ""
        tag = tags.get("lang", "")
    primary = re.split("[-_]", tag.strip().lower())[0]
    if primary in ("zh", "cmn", "yue"):
        return "zh"
    if _LATIN.match(primary):
        return "en"
    found = "" if primary else language(prompt)
    return found if found in ("zh", "en") else ""


def foreign(text: str, expected: str, prompt: str = "", least: float = 4.0) -> tuple[float, tuple[int, int] | None]:
    """Share of a text that is in another script than `expected`, 0..1, and its longest such passage (start, end).

    Under `least` foreign words there is none: a name, "C语言", a good morning in Chinese.

    A Chinese character and a word of another script weigh the same, each letter of a script other than these two
    half a word. Code, addresses, keys, quotations, titles, what stands in brackets, single letters and the prompt's own
    words count on neither side. This tells scripts apart, not languages: French in an English answer is not found.

    >>> foreign("今天天气很好 today the weather is good", "zh")
    (0.45454545454545453, (7, 32))
    """
    masked = _NAMED.sub(lambda m: "\0" * len(m[0]), text)
    known = {word.lower() for word in re.findall(r"[A-Za-z\u00c0-\u024f]+", prompt)}
    right = wrong = 0.0
    passages: list[tuple[float, int, int]] = []
    for piece in _PIECES.finditer(masked):
        kind = str(piece.lastgroup)
        if kind == "en" and (len(piece[0]) == 1 or piece[0].lower() in known):
            continue
        weight = {"zh": float(len(piece[0])), "en": 1.0, "other": 0.5}[kind]
        if kind == expected:
            right += weight
            continue
        wrong += weight
        if passages and not re.search(r"[^\W\d_]|\0", masked[passages[-1][2] : piece.start()]):
            before, start, _ = passages[-1]
            passages[-1] = (before + weight, start, piece.end())
        else:
            passages.append((weight, piece.start(), piece.end()))
    if wrong < least:
        return 0.0, None
    return wrong / (right + wrong), max(passages)[1:]


def mojibake(text: str, prompt: str = "") -> list[tuple[int, int]]:
    """Passages that were decoded with the wrong table, or hold characters that no text has; in order.

    UTF-8 read as Latin-1 or Windows-1252 (`Ã©`, `â€™`), UTF-8 read as GBK (decided by reading it back), `锟斤拷` and
    `烫烫烫`, U+FFFD (not at the very end, where it is half a character), lone surrogates, private-use and control
    characters. What the prompt holds itself does not count.

    >>> [ "cafÃ© donâ€™t"[a:b] for a, b in mojibake("cafÃ© donâ€™t")]
    ['Ã©', 'â€™']
    """
    body = text.rstrip("\ufffd")
    found = [m.span() for m in _WRONG.finditer(body)]
    found += _utf8_as_gbk(body)
    merged: list[tuple[int, int]] = []
    given = {part: part in prompt for part in {body[a:b] for a, b in found}}
    for a, b in sorted(span for span in found if not given[body[slice(*span)]]):
        if merged and a <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(b, merged[-1][1]))
        else:
            merged.append((a, b))
    return merged


def _utf8_as_gbk(text: str) -> list[tuple[int, int]]:
    """Where the GBK bytes of a text are UTF-8 for three characters or more: chance hardly ever does that."""
    if text.isascii():
        return []
    data = text.encode("gb18030", "replace")
    hits = [m.span() for m in _UTF8.finditer(data)]
    if not hits:
        return []
    starts = [0, *accumulate(1 if c < "\x80" else len(c.encode("gb18030", "replace")) for c in text)]
    return [(bisect_right(starts, a) - 1, bisect_left(starts, b)) for a, b in hits]
