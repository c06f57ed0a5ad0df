"""How templates become text: autoescape on, and every printed text first through `escape.visible`."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING

from aigc_eval.records import Bilingual
from aigc_eval.report.escape import visible
from aigc_eval.report.vocabulary import VOCABULARY

if TYPE_CHECKING:
    import jinja2

__all__ = ["allowed_by", "css_text", "environment", "fixed_words"]


@cache
def environment() -> jinja2.Environment:
    """The one environment of all templates, which are compiled once."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("aigc_eval.report", "html"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
    )


def _finalize(value: object) -> object:
    """What a template prints: texts with nothing hidden; what a macro rendered is left alone."""
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


@cache
def fixed_words() -> SimpleNamespace:
    """The words without figures, by their key with `_` for `.`: the templates' `w`."""
    fixed = {key.replace(".", "_"): Bilingual(*words) for key, words in VOCABULARY.items() if "{" not in words[0]}
    return SimpleNamespace(**fixed)


def allowed_by(text: str) -> str:
    """What the Content-Security-Policy allows a text of ours by."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}"


def css_text(text: str) -> str:
    r"""What stands between the quotes of a CSS string for a text of anybody's.

    >>> css_text('a"}')
    'a\\22 \\7d '
    """
    return "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):x} " for c in visible(text))
