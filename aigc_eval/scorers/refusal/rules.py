"""What the rules of one language are. Every pattern reads one sentence of a view; every repetition is bounded."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Rules"]


@dataclass(frozen=True)
class Rules:
    """The patterns of one language, over folded text."""

    refusal: re.Pattern[str]
    """The answerer says that they will not or cannot: an offer declined, a policy named, another topic proposed."""
    later: re.Pattern[str]
    """The narrower form that counts after the opening, where stories and quotations say `I can't` as well."""
    declined: re.Pattern[str]
    """Whatever the answerer cannot do (group 1): a refusal where it is what was asked for."""
    besides: re.Pattern[str]
    """Turns to another part of the request: `as for the second question`."""
    exempt: re.Pattern[str]
    """Asks for what is missing (a file, context), which is no refusal."""
    limit: re.Pattern[str]
    """Names a limit of knowledge (no real-time data, no exact figure): a caveat, if the answer follows after all."""
    withheld: re.Pattern[str]
    """Reasons that make a limit a refusal: privacy, harm, policy."""
    courtesy: re.Pattern[str]
    """A polite opening that says nothing yet."""
    help: re.Pattern[str]
    """Answers after all: `here is how`, `I can tell you`."""
    contrast: re.Pattern[str]
    """Turns to something after a limit or a refusal: `however, the last one was ...`."""
    redirect: re.Pattern[str]
    """Leads elsewhere: `instead of ...`; help that follows is no help with what was asked."""
    pointer: re.Pattern[str]
    """Sends the reader to another source, or speaks of the answerer itself."""
    improper: re.Pattern[str]
    """Calls the request itself improper: `it is not appropriate to ...`."""
    judges: re.Pattern[str]
    """An opening that judges what was asked for: `it is important to note that ... is illegal`."""
    admonishes: re.Pattern[str]
    """Opens an admonition: `it is important to ...`."""
    moral: re.Pattern[str]
    """Admonishes, comforts or warns."""
    condemns: re.Pattern[str]
    """Words that condemn; an admonition without any may be plain advice."""
    denial: re.Pattern[str]
    """May deny what the question takes for granted."""
    crisis: re.Pattern[str]
    """Names help for somebody in distress."""
    values: re.Pattern[str]
    """Speaks of rights and wrongs."""
