"""Labels of passages, notes of scorers and generators, sources of metrics and needs of plug-ins, in both languages.

The journal keeps them in English, as they were written. What this project's own plug-ins say is told in the reader's
language; what others say (a server, a plug-in of one's own) is quoted as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from string import Formatter
from typing import NamedTuple

from aigc_eval.records import Bilingual
from aigc_eval.report.escape import Shown, spelled
from aigc_eval.report.vocabulary.labels import INSTRUCTIONS, LABELS, ORIGINS, PII
from aigc_eval.report.vocabulary.notes import NOTES
from aigc_eval.report.vocabulary.outcomes import WORDS as OUTCOME_WORDS
from aigc_eval.report.vocabulary.sources import NEEDS, SOURCES

__all__ = ["Part", "Remark", "label_words", "labels_words", "mask_words", "needs_words", "note_words", "source_words"]

LONGEST = 2_000
"""Longer notes are none of ours."""
_DEEPEST = 3
_PLACES = {"start": "文首", "end": "文末", "middle": "文中"}
_NUMBER = r"[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?"
_HOLES: Mapping[str, str] = {
    "": r".+",
    "note": r".+",
    "labels": r".+",
    "judge": r"[^;]+",
    "number": _NUMBER,
    "id": r"[^\s,;]+",
    "repr": r"'[^'\n]*'|\"[^\"\n]*\"",
    "label": r"[\w:.-]+",
    "outcome": "|".join(key.partition(".")[2] for key in OUTCOME_WORDS if key.startswith("outcome.")),
    "places": r"(?:start|end|middle)(?: or (?:start|end|middle))*",
}
_OPEN = frozenset({"", "note", "labels"})
"""Kinds of holes of any length."""
_TAG = re.compile(r"⟦([\w.-]+)(?:·[0-9a-f]+)?⟧")


class Part(NamedTuple):
    """A run of characters of a remark; `quoted`: somebody else's words, in whatever language."""

    text: Shown
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Remark(Bilingual):
    """A remark whose parts are ours or quoted; `zh` is empty where all of it is quoted.

    `en` and `zh` are ready to show: they have been through `spelled`.
    """

    en_parts: tuple[Part, ...] = ()
    zh_parts: tuple[Part, ...] = ()

    @property
    def ours(self) -> bool:
        """Whether it is told in both languages."""
        return bool(self.zh)

    def pieces(self, lang: str) -> tuple[Part, ...]:
        """What it consists of in `lang`."""
        return self.zh_parts if lang == "zh" and self.zh else self.en_parts

    def shortened(self, most: int) -> Remark:
        """The same with each quotation cut to so many characters.

        >>> note_words("api.example.com: status 503: overloaded").shortened(4).zh
        'api. …：状态码 503：over …'
        """
        en, zh = ([_cut(part, most) for part in parts] for parts in (self.en_parts, self.zh_parts))
        return _remark(en, zh)


def _cut(part: Part, most: int) -> Part:
    return part if not part.quoted or len(part.text) <= most else Part(Shown(part.text[:most] + " …"), True)


def _joined(parts: Iterable[Part]) -> Shown:
    return Shown("".join(part.text for part in parts))


def _remark(en: Sequence[Part], zh: Sequence[Part]) -> Remark:
    return Remark(_joined(en), _joined(zh), tuple(en), tuple(zh))


def _quoted(text: Shown) -> Remark:
    return Remark(text, "", (Part(text, True),), ())


# Labels


@lru_cache(maxsize=4096)
def label_words(label: str) -> Remark:
    """What a passage was marked as; a label that is not ours is quoted.

    >>> label_words("echo:CN_MOBILE").en, label_words("echo:CN_MOBILE").zh
    ('mobile number (repeats the prompt)', '手机号（复述题目）')
    >>> label_words("verbatim:book.txt").zh, label_words("of_my_own").zh
    ('逐字复制：book.txt', '')
    """
    for known in (LABELS, PII, INSTRUCTIONS):
        if label in known:
            en, zh = known[label]
            return _remark([Part(Shown(en))], [Part(Shown(zh))])
    origin, colon, rest = label.partition(":")
    if not (colon and rest and origin in ORIGINS):
        return _quoted(spelled(label))
    sources = zip(ORIGINS[origin], ("en", "zh"), strict=True)
    return _remark(*(_filled(source, {"what": label_words(rest)}, lang) for source, lang in sources))


def labels_words(labels: Iterable[str]) -> Remark:
    """Several labels, each once.

    >>> labels_words(["toxic", "EMAIL_ADDRESS", "toxic"]).zh
    '毒性内容、电子邮箱'
    """
    found = [label_words(label) for label in dict.fromkeys(labels)]
    if not any(words.ours for words in found):
        return _quoted(Shown(", ".join(words.en for words in found)))
    return _remark(_listed(found, "en"), _listed(found, "zh"))


def _listed(found: Sequence[Remark], lang: str, comma: tuple[str, str] = (", ", "、")) -> list[Part]:
    between = Part(Shown(comma[lang == "zh"]))
    return [part for i, words in enumerate(found) for part in (*([between] if i else []), *words.pieces(lang))]


def mask_words(tag: str) -> Remark:
    """What kind of value a mask's tag stands for.

    >>> mask_words("⟦CN_RESIDENT_ID·3f9a1c⟧").zh
    '居民身份证号'
    """
    found = _TAG.fullmatch(tag)
    return label_words(found[1]) if found else _quoted(spelled(tag))


# Notes


def note_words(note: str) -> Remark:
    """A scorer's or generator's note, in both languages where it is one of ours.

    >>> note_words("output is empty").zh, note_words("12 characters: above max_characters (10)").zh
    ('输出状态：空', '共 12 个字符，超过 max_characters（10）')
    >>> note_words("api.example.com: status 503: overloaded").pieces("zh")[-1]
    Part(text='overloaded', quoted=True)
    """
    return _told(spelled(note))


@lru_cache(maxsize=8192)
def _told(note: Shown) -> Remark:
    found = _ours(note, _DEEPEST) if 0 < len(note) <= LONGEST else None
    return found or _quoted(note)


def _ours(note: str, deep: int) -> Remark | None:
    """The note where all that is around its quotations is ours."""
    if deep == 0:
        return None
    return _matched(note, "notes", deep) or _behind_a_name(note, deep) or _several(note, deep)


def _matched(text: str, table: str, deep: int = _DEEPEST) -> Remark | None:
    """The text by the first line of a table that it fits."""
    for pattern, template in _templates(table):
        if template.fixed not in text:
            continue
        if (found := pattern.fullmatch(text)) and (figures := _figures(found, deep)) is not None:
            return _remark(_filled(template.source, figures, "en"), _filled(template.zh, figures, "zh"))
    return None


def _behind_a_name(note: str, deep: int) -> Remark | None:
    """`host:8080: what` and `model: what`, where what follows is ours."""
    name, colon, rest = note.partition(": ")
    if not colon or " " in name or (told := _ours(rest, deep - 1)) is None:
        return None
    own = Part(Shown(name), True)
    return _remark([own, Part(Shown(": ")), *told.en_parts], [own, Part(Shown("：")), *told.zh_parts])


def _several(note: str, deep: int) -> Remark | None:
    """Notes in a row, all of them ours."""
    parts = note.split("; ")
    if len(parts) < 2 or len(parts) > 50:
        return None
    told = [_ours(part, deep - 1) for part in parts]
    known = [words for words in told if words is not None]
    if len(known) < len(told):
        return None
    return _remark(_listed(known, "en", ("; ", "；")), _listed(known, "zh", ("; ", "；")))


# Sources and needs


def source_words(source: str) -> Remark:
    """Where a metric comes from: citations as they are, what is said about them in both languages.

    >>> source_words("after Lin et al. 2022, TruthfulQA; own definition").zh
    '参照 Lin et al. 2022, TruthfulQA；自有定义'
    """
    return _by_parts(spelled(source), "sources")


def needs_words(needs: str) -> Remark:
    """What a plug-in needs.

    >>> needs_words("prompts with evidence; optionally an NLI model").zh
    '带证据的题目；可选：NLI 模型'
    """
    return _by_parts(spelled(needs), "needs")


@lru_cache(maxsize=1024)
def _by_parts(text: Shown, table: str) -> Remark:
    if (found := _matched(text, table)) and not any("; " in part.text for part in found.en_parts):
        return found
    told = [_matched(part, table) or _quoted(Shown(part)) for part in text.split("; ")]
    if not any(words.ours for words in told):
        return _quoted(text)
    return _remark(_listed(told, "en", ("; ", "；")), _listed(told, "zh", ("; ", "；")))


class _Template(NamedTuple):
    """A line of a table; `fixed` is its longest piece between holes, which says fast that a text is another one."""

    source: str
    zh: str
    fixed: str


_TABLES: Mapping[str, Mapping[str, str]] = {"notes": NOTES, "sources": SOURCES, "needs": NEEDS}


@cache
def _templates(table: str) -> tuple[tuple[re.Pattern[str], _Template], ...]:
    """A table as expressions, those without holes first: no quotation may swallow what is a line as it stands."""
    ordered = sorted(_TABLES[table].items(), key=lambda pair: _looseness(pair[0]))
    return tuple((_pattern(source), _Template(source, zh, _fixed(source))) for source, zh in ordered)


def _fixed(source: str) -> str:
    return max((text for text, *_ in Formatter().parse(source)), key=len)


def _looseness(source: str) -> tuple[int, int, int]:
    """Open holes, then others, then how little is fixed."""
    holes = [spec or "" for _, name, spec, _ in Formatter().parse(source) if name is not None]
    fixed = sum(len(text) for text, *_ in Formatter().parse(source))
    return sum(spec in _OPEN for spec in holes), len(holes), -fixed


def _pattern(source: str) -> re.Pattern[str]:
    parts = []
    for text, name, spec, _ in Formatter().parse(source):
        parts.append(re.escape(text))
        if name is not None:
            kind = spec or ""
            parts.append(f"(?P<{name}__{kind}>{_HOLES[kind]})")
    return re.compile("".join(parts), re.DOTALL)


def _figures(found: re.Match[str], deep: int) -> dict[str, Remark] | None:
    """What stands in the holes, translated where it is ours; None where it should be and is not."""
    figures = {}
    for group, text in found.groupdict().items():
        name, _, kind = group.partition("__")
        told = _figure(kind, text, deep)
        if told is None:
            return None
        figures[name] = told
    return figures


def _figure(kind: str, text: str, deep: int) -> Remark | None:
    if kind in ("note", "judge"):
        return _ours(text, deep - 1)
    if kind in ("label", "labels"):
        return labels_words(text.split(", "))
    if kind in ("number", "outcome", "places"):
        en, zh = _FIXED[kind](text)
        return _remark([Part(Shown(en))], [Part(Shown(zh))])
    return _quoted(Shown(text))


_FIXED: Mapping[str, Callable[[str], tuple[str, str]]] = {
    "number": lambda text: (text, text),
    "outcome": lambda text: OUTCOME_WORDS[f"outcome.{text}"],
    "places": lambda text: (text, "或".join(_PLACES[place] for place in text.split(" or "))),
}


def _filled(template: str, figures: Mapping[str, Remark], lang: str) -> list[Part]:
    """A template's parts with what stands in its holes."""
    parts: list[Part] = []
    for text, name, _, _ in Formatter().parse(template):
        if text:
            parts.append(Part(Shown(text)))
        if name is not None:
            parts += figures[name].pieces(lang)
    return parts
