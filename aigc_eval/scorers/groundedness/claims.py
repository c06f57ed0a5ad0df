"""What a sentence asserts besides numbers and dates: names and content; and whether it asserts anything."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from operator import add

from aigc_eval.scorers.groundedness.numerals import Place
from aigc_eval.text import HANZI, has_hanzi

__all__ = ["NAME", "is_claim", "name_words", "names", "stripped", "units"]

_LETTER = r"[A-Za-z\u00c0-\u024f]"
_CAPITAL = r"[A-Z\u00c0-\u00de]"
_WORD = re.compile(rf"{_LETTER}+(?:['’]{_LETTER}+)*|[^\W_a-zA-Z\u00c0-\u024f{HANZI}]+|[{HANZI}]+")
NAME = re.compile(
    rf"(?<![\w'’]){_CAPITAL}[\w.&'’-]*(?:\s(?:(?:of|de|van|von|der|la|the|for|and)\s){{0,2}}{_CAPITAL}[\w.&'’-]*)*"
)
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9.+&-]*(?: [A-Z][A-Za-z0-9.+&-]*)*")
_QUOTED = re.compile(r"《([^《》\n]{1,60})》|“([^“”\n]{2,20})”|「([^「」\n]{2,20})」|『([^『』\n]{2,20})』")
_STOP = frozenset(
    re.findall(
        r"\S+",
        "a about above after again all also although always am an and another any are as at be because been before "
        "being below between both but by can could did do does doing down during each either else ever every few for "
        "from further generally had has have having he her here hers him his how however i if in including into is it "
        "its itself just many may me might more most much must my no nor not now of often on once one only or other "
        "others our out over own per rather same several shall she should since so some such than that the their them "
        "then there these they this those through thus to too typically under until up upon us usually very was we "
        "well were what when where whether which while who whom whose why will with within without would yes yet you "
        "your additionally therefore furthermore moreover overall finally first second third next lastly never cannot "
        "can't don't doesn't didn't isn't wasn't aren't weren't won't it's i'm i've let's that's there's",
    )
)
_CALENDAR = frozenset(
    re.findall(
        r"\S+",
        "january february march april may june july august september october november december jan feb mar apr jun jul "
        "aug sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday ad bc ce bce am pm st",
    )
)
_PARTICLE = re.compile("[的了是在和与而也就这那着有为于之以及其被把将对从由等个一没不并且或者它他她们我你您]")
_SHORT = 4096
_CHATTER = re.compile(
    r"^(?:[-*•\s]*)(?:"
    r"(?:as|i am|i'm) an? (?:ai|artificial|language|large language)|(?:hi|hello|hey|dear|thanks|thank you|sure|"
    r"certainly|of course|okay|ok|great question|you're welcome|welcome)\b.{0,20}$|"
    r"i hope|hope (?:this|that)|let me know|feel free|"
    r"please (?:let|note|feel|consult|provide)|if you (?:have|need|would)|"
    r"i(?:'m| am) (?:sorry|afraid|unable|not able|not sure)|"
    r"sorry|i apologi[sz]e|unfortunately,? i|i (?:can't|cannot|can not|don't|do not|won't|will not|would|will|can)\b|"
    r"here (?:is|are)\b[^.]*:$|(?:is there|would you|do you|can i|how can)\b|"
    r"(?:你好|您好|好的|当然|谢谢|感谢|抱歉|对不起|很抱歉|很遗憾|不客气).{0,6}$|"
    r"(?:希望(?:这|以上|对你|对您|能)|如果(?:你|您)|如有)|"
    r"(?:很?抱歉|对不起|很遗憾)[，,\s]*(?:但|作为|我)|"
    r"作为(?:一个|一名|一款)?(?:AI|人工智能|语言模型|大模型|大语言模型)|我(?:是|只是)(?:一个|一名|一款)?(?:AI|人工智能|语言模型)|"
    r"我(?:无法|不能|不会|没办法|可以|不知道|不清楚|很乐意)|请(?:问|注意|您|告诉|提供|随时)|以下是[^。]*[：:]$)",
    re.IGNORECASE,
)
_MARKER = re.compile(r"^\s*(?:[-*•·#>]+|\(?\d{1,2}[.)、]|[（(]?[一二三四五六七八九十]{1,2}[)）、.])\s*")


def stripped(sentence: str) -> int:
    """Characters of a list marker or heading sign at the start."""
    found = _MARKER.match(sentence)
    return found.end() if found else 0


def _stem(word: str) -> str:
    """A word's stem for matching: no accents, no plural, tense or adverb ending, at most six letters."""
    bare = "".join(c for c in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(c))
    bare = re.sub(r"['’]s?$", "", bare)
    for ending in (
        "ations",
        "ation",
        "ingly",
        "ings",
        "ing",
        "edly",
        "ies",
        "ied",
        "ers",
        "ed",
        "es",
        "ly",
        "er",
        "s",
        "y",
        "e",
    ):
        if bare.endswith(ending) and len(bare) - len(ending) >= 3:
            bare = bare[: -len(ending)]
            break
    return bare[:6]


def units(text: str) -> list[str]:
    """Content of a flat text: stems of words that are no stop words, and pairs of neighbouring Han characters.

    >>> units("The cats were sitting"), units("北京是首都")
    (['cat', 'sitt'], ['北京', '首都'])
    """
    return list(_short_units(text) if len(text) <= _SHORT else _units(text))


def _units(text: str) -> tuple[str, ...]:
    found: list[str] = []
    for word in _WORD.findall(text):
        if word >= HANZI[0] and has_hanzi(word[0]):
            for run in _PARTICLE.split(word):
                found.extend(map(add, run, run[1:]))
        elif stem := _content(word):
            found.append(stem)
    return tuple(found)


# A sentence is read for what it asserts, for its content and for its polarity.
_short_units = lru_cache(maxsize=256)(_units)


@lru_cache(maxsize=1 << 15)
def _content(word: str) -> str:
    """The word's stem, or nothing where the word is no content."""
    return "" if word.lower() in _STOP or word.isdecimal() or len(word) < 2 else _stem(word)


def is_claim(sentence: str) -> bool:
    """Whether a flat sentence asserts something: no question, greeting, offer, refusal, bare heading or lone word.

    >>> [is_claim(s) for s in ("Paris is in France.", "Is it?", "Hello!", "作为AI,我没有国籍。", "北京是首都。")]
    [True, False, False, False, True]
    """
    body = sentence[stripped(sentence) :].strip()
    bare = body.rstrip("\"'”’」』)》*_ ")
    if not bare or bare[-1] in "?:" or _CHATTER.match(body):
        return False
    found = set(units(body))
    return len(found) >= 2 or bool(found and (re.search(r"\d", body) or len(re.findall(f"[{HANZI}]", body)) >= 4))


def names(sentence: str) -> list[Place]:
    """Places of names in a flat sentence: capitalised runs; in Chinese, what is quoted or stands in Latin letters.

    A single capitalised word that opens an English sentence is none unless it holds further capitals or digits.

    >>> [s[a:b] for s in ["The King of Spain met Jo in May.", "他用GPT写了《红楼梦》。"] for a, b in names(s)]
    ['King of Spain', 'Jo', 'GPT', '红楼梦']
    """
    if has_hanzi(sentence):
        quoted = [Place(*m.span(m.lastindex or 0)) for m in _QUOTED.finditer(sentence)]
        latin = [Place(*m.span()) for m in _LATIN.finditer(sentence) if len(m.group()) > 1]
        inside = [p for p in latin if not any(q.start <= p.start < q.end for q in quoted)]
        return sorted(quoted + inside)
    return [place for m in NAME.finditer(sentence) if (place := _name(sentence, m))]


def _name(sentence: str, m: re.Match[str]) -> Place | None:
    start, end = m.span()
    while end > start and sentence[end - 1] in ".-'’&":
        end -= 1
    opening = not re.search(r"\w", sentence[:start])
    for word in re.finditer(r"\S+", m.group()):
        if word.group().lower().strip(".,") not in _STOP:
            break
        start = m.start() + word.end()
    start += len(sentence[start:end]) - len(sentence[start:end].lstrip())
    run = sentence[start:end]
    if not run or all(w.lower().strip(".,'’") in _CALENDAR | _STOP for w in run.split()):
        return None
    if len(run) < 2 or (opening and start == m.start() and not re.search(r"\s|[A-Z0-9].*[A-Z0-9]", run)):
        return None
    return Place(start, end)


def name_words(name: str) -> list[str]:
    """Words of a name that must be found, without accents, possessive endings and small words."""
    bare = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c)).lower()
    found = [re.sub(r"['’]s?$", "", w).strip(".-&") for w in re.findall(r"[^\s,]+", bare)]
    return [w for w in found if len(w) > 1 and w not in _STOP and w not in _CALENDAR] or [w for w in found if w]
