"""One encoder per sink. Every text that a model, a prompt set or a plug-in wrote is hostile until it went through here.

`visible` comes first everywhere: characters that nobody sees (controls, zero width, direction, tags, surrogates) are
spelled out as `⟦U+202E⟧`, and so is the bracket `⟦` itself, so that no text can forge such an escape. It leaves the tag
of a masked value as it is, since a run's own words (a gate, a slice) may hold one by then; `spelled`, for texts that
models and prompt sets wrote, spells that out too. A `Shown` string has been through either and is not treated again.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = [
    "Shown",
    "csv_cell",
    "github_message",
    "github_property",
    "markdown_code",
    "markdown_text",
    "sarif_text",
    "spelled",
    "terminal",
    "visible",
]

CELL = 30_000
"""Most characters of a CSV cell: spreadsheets cut at 32,767."""

_EMOJI = "\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff"
_HIDDEN = re.compile(
    f"(?<=[{_EMOJI}])\ufe0f|(?<=[0-9#*])\ufe0f(?=\u20e3)|(?<=[{_EMOJI}\ufe0f])\u200d(?=[{_EMOJI}])|"
    "([\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u27e6\u3164\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    + "".join(chr(plane + 0xFFFE) + chr(plane + 0xFFFF) for plane in range(0x10000, 0x110000, 0x10000))
    + "])"
)
_TAG = "\u27e6(?=[A-Za-z0-9_.-]{1,40}·[0-9a-f]{6,64}\u27e7)"
_HIDDEN_BUT_TAGS = re.compile(f"{_TAG}|{_HIDDEN.pattern}")
_FORMULA = frozenset("=+-@|%\t\r\n")
_LOG_COMMAND = re.compile(r"\A\s*:(?=:)|#(?=#\w*\[)")
"""What starts a command in a CI log: `::name` at a line's start (GitHub), `##[name]` and `##name[` anywhere (Azure)."""
_GITHUB = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_GITHUB_PROPERTY = {**_GITHUB, ":": "%3A", ",": "%2C"}
_MARKUP = re.compile(
    r"^(?P<lead>\s*)[-+=>#\[]|^(?P<number>\s*\d+)[.)](?=\s|$)|[`*$^{|}~<&\\]|!(?=\[)|\[(?=\^)|\](?=[(\[])|"
    r"(?<![^\W_])_|_(?![^\W_])|:(?=\S)|(?<=www)\.|#(?=\d)",
    re.IGNORECASE,
)
"""Markdown that would be acted on; what is no markup where it stands (a colon before a space, 4.5) stays readable."""
_PLAIN_CODE = re.compile(r"[^`|\n]*\Z")


class Shown(str):
    """Text that already went through `visible`."""

    __slots__ = ()


def _spell(match: re.Match[str]) -> str:
    hidden = match[1]
    return match[0] if hidden is None else f"⟦U+{ord(hidden):04X}⟧"


def visible(text: str) -> Shown:
    """Text with every invisible character spelled out; line feeds and tabs stay, emoji keep their joiners.

    >>> print(visible("a\\u202eb\\x1b[31m"))
    a⟦U+202E⟧b⟦U+001B⟧[31m
    """
    return _shown(text, _HIDDEN_BUT_TAGS)


def spelled(text: str) -> Shown:
    """As `visible`, also what looks like the tag of a masked value and is none.

    >>> print(visible("⟦EMAIL·3f9a1c⟧"), spelled("⟦EMAIL·3f9a1c⟧"))
    ⟦EMAIL·3f9a1c⟧ ⟦U+27E6⟧EMAIL·3f9a1c⟧
    """
    return _shown(text, _HIDDEN)


def _shown(text: str, hidden: re.Pattern[str]) -> Shown:
    if isinstance(text, Shown) or (text.isascii() and text.isprintable()):
        return Shown(text)
    return Shown(hidden.sub(_spell, text.replace("\r\n", "\n")))


def csv_cell(text: str) -> str:
    """A text cell: visible, cut to `CELL` characters, never a formula.

    A leading apostrophe keeps spreadsheets from calculating; the check looks through white space, invisible characters
    and full-width forms. Spreadsheets may drop the apostrophe when they save the file again.

    >>> csv_cell("＝1+1"), csv_cell("a=1"), csv_cell("\\u200b -2")
    ("'＝1+1", 'a=1', "'⟦U+200B⟧ -2")
    """
    shown = visible(text)
    if len(shown) > CELL - 1:
        shown = Shown(shown[: CELL - 2] + "…")
    return f"'{shown}" if _starts_formula(text) or _starts_formula(shown) else str(shown)


def _starts_formula(text: str) -> bool:
    first = text[:1]
    if first.isalnum() or first in _FORMULA:
        return first in _FORMULA
    bare = _HIDDEN.sub(lambda m: "" if m[1] not in (None, "⟦") else m[0], text[:200]).lstrip()
    return unicodedata.normalize("NFKC", bare[:1])[:1] in _FORMULA and bool(bare)


def terminal(text: str) -> str:
    """One line without control characters: nothing that a terminal or a CI log would act on.

    >>> terminal("ok\\x1b]52;c;x\\x07\\n::error::no")
    'ok⟦U+001B⟧]52;c;x⟦U+0007⟧ ::error::no'
    """
    line = " ".join(visible(text).split("\n")).replace("\t", " ")
    return _LOG_COMMAND.sub(lambda m: f"{m[0][:-1]}⟦U+{ord(m[0][-1]):04X}⟧", line)


def github_message(text: str) -> str:
    """The message of a workflow command: one line, percent signs and line ends encoded as GitHub asks.

    >>> github_message("5 % of\\n::error::all")
    '5 %25 of ::error::all'
    """
    return "".join(_GITHUB.get(c, c) for c in terminal(text))


def github_property(text: str) -> str:
    """The value of a property of a workflow command.

    >>> github_property("pii.leak_rate [a=b,c::d]")
    'pii.leak_rate [a=b%2Cc%3A%3Ad]'
    """
    return "".join(_GITHUB_PROPERTY.get(c, c) for c in terminal(text))


def sarif_text(text: str) -> str:
    """A plain-text message of SARIF: no placeholder, no link (`[text](target)`).

    >>> sarif_text("{0} [x](http://y)")
    '{{0}} [x]⟦U+0028⟧http://y)'
    """
    line = terminal(text).replace("](", "]⟦U+0028⟧")
    return line.replace("{", "{{").replace("}", "}}")


def markdown_text(text: str) -> str:
    """Text that stays text in Markdown: markup as entities, so no broken table, link, image, mention or tag.

    >>> markdown_text("![x](http://y) @z")
    '&#33;[x&#93;(http&#58;//y) ⟦U+0040⟧z'
    >>> markdown_text("pii.leak_rate [lang=zh]: 4.5 % at most"), markdown_text("1. one")
    ('pii.leak_rate [lang=zh]: 4.5 % at most', '1&#46; one')
    """
    line = terminal(text).replace("@", "⟦U+0040⟧")
    return _MARKUP.sub(_entity, line)


def _entity(markup: re.Match[str]) -> str:
    kept = markup["lead"] or markup["number"] or ""
    return f"{kept}&#{ord(markup[0][-1])};"


def markdown_code(text: str) -> str:
    """An identifier as a code span, or as escaped text where a code span could be broken out of.

    >>> markdown_code("pii.rate <= 0.01"), markdown_code("a`b")
    ('`pii.rate <= 0.01`', 'a&#96;b')
    """
    line = terminal(text)
    plain = line and line == line.strip() and _PLAIN_CODE.match(line)
    return f"`{line}`" if plain else markdown_text(text)
