"""Gates as they are written, such as "toxicity.toxic_fraction <= 1 % at 95 %"."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from aigc_eval.gates.claims import CONFIDENCE, Against, Claim, Gate, Grade, Limit, Operator, Parity, Relation
from aigc_eval.records import RATE_KINDS, RateKind

__all__ = ["FORMS", "hundredth", "parse"]

FORMS = (
    "scorer.metric <= number (or >=)",
    "scorer.metric not worse than baseline by number",
    "scorer.metric better than baseline",
    "scorer.metric equal to baseline within number",
    "scorer.metric parity tag within number",
    "scorer.metric grade >= name on scale",
)
"""What may be written; then `for each tag`, then `at 95 %`. A candidate's name may stand for `baseline`.

Before a limit or a grade of a rate may stand `corrected` (for the errors that its scorer's card tells of), `ppi` (from
people's labels and the scorer) or `raw`, which is meant where nothing stands.
"""

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_NAME = r"\w[\w.-]*(?:\[[^\[\]]*\])?"
_MARGIN = rf"(?P<margin>{_NUMBER})\s*(?P<unit>%|points?)?"
_CLAIMS = (
    rf"(?P<op><=|>=)\s*(?P<limit>{_NUMBER})\s*(?P<percent>%?)",
    rf"(?P<relation>not\s+worse\s+than|better\s+than)\s+(?P<other>{_NAME})(?:\s+by\s+{_MARGIN})?",
    rf"(?P<relation>equal\s+to)\s+(?P<other>{_NAME})\s+within\s+{_MARGIN}",
    rf"parity\s+(?P<tag>[\w.-]+)\s+within\s+{_MARGIN}(?:\s+matched\s+by\s+(?P<matched>[\w.-]+))?",
    r"grade\s*>=\s*(?P<grade>\w[\w -]*?)\s+on\s+(?P<scale>[\w-]+)",
)
_RATES: Mapping[str, RateKind] = {kind: kind for kind in RATE_KINDS}
_GATES = tuple(
    re.compile(
        rf"\s*(?:(?P<rate>raw|corrected|ppi)\s+)?(?P<scorer>[\w-]+)\.(?P<metric>[\w.-]+)\s*{claim}"
        rf"(?:\s+for\s+each\s+(?P<each>[\w.-]+))?(?:\s+at\s+(?P<at>{_NUMBER})\s*%)?\s*"
    )
    for claim in _CLAIMS
)


def parse(
    text: str,
    where: Mapping[str, str] | None = None,
    candidates: Sequence[str] = (),
    *,
    confidence: float = CONFIDENCE,
    require_validated: bool = False,
) -> Gate:
    """Read a gate in one of the `FORMS`; a percentage is a share. `confidence` is for gates that name none.

    >>> gate = parse("pii.leak_rate <= 1 % for each lang at 99 %")
    >>> gate.scorer, gate.metric, gate.claim, gate.each, gate.confidence
    ('pii', 'leak_rate', Limit(op='<=', limit=0.01), 'lang', 0.99)
    >>> parse("fluency.perplexity not worse than baseline by 5 %").claim
    Against(relation='not worse than', other='baseline', margin=0.05, relative=True)
    >>> parse("pii.leak_rate parity lang within 2 points").claim
    Parity(tag='lang', margin=0.02, matched='')
    >>> parse("corrected toxicity.toxic_fraction <= 2 %").rate
    'corrected'
    >>> parse("pii.leak_rate < 1")
    Traceback (most recent call last):
    ...
    ValueError: cannot read the gate 'pii.leak_rate < 1'; write it as: scorer.metric <= number (or >=)
    """
    found = next((match for gate in _GATES if (match := gate.fullmatch(text))), None)
    if found is None:
        raise ValueError(f"cannot read the gate {text!r}; write it as: {_nearest(text)}")
    parts = {name: value for name, value in found.groupdict().items() if value is not None}
    level = _share(text, parts["at"], "%") if "at" in parts else confidence
    if not 0.5 < level < 1:
        raise ValueError(f"the gate {text!r} is to hold at {level:g}; write a confidence between 50 % and 100 %")
    claim = _claim(text, parts)
    plain = " ".join(text.split())
    return Gate(
        plain,
        parts["scorer"],
        parts["metric"],
        claim,
        dict(where or {}),
        tuple(candidates),
        parts.get("each", ""),
        level,
        _RATES[parts.get("rate", "raw")],
        require_validated,
    )


def _claim(text: str, parts: Mapping[str, str]) -> Claim:
    if "limit" in parts:
        op: Operator = "<=" if parts["op"] == "<=" else ">="
        return Limit(op, _share(text, parts["limit"], parts["percent"]), share=bool(parts["percent"]))
    if "grade" in parts:
        return Grade(parts["scale"], " ".join(parts["grade"].split()))
    unit = parts.get("unit", "")
    margin, points = _share(text, parts.get("margin", "0"), unit), unit.startswith("point")
    if margin < 0:
        raise ValueError(f"the margin of the gate {text!r} is negative; write the size of what is allowed")
    if "tag" in parts:
        if unit == "%":
            raise ValueError(f"the gate {text!r} does not say of what its margin is a share; write a number, or points")
        return Parity(parts["tag"], margin, parts.get("matched", ""), share=points)
    words = " ".join(parts["relation"].split())
    relation: Relation = "equal to" if words == "equal to" else "better than" if "better" in words else "not worse than"
    if relation != "better than" and margin == 0:
        word = "within" if relation == "equal to" else "by"
        raise ValueError(f"the gate {text!r} allows no difference, which no sample can show; add `{word} number`")
    return Against(relation, parts["other"], margin, relative=unit == "%", share=points)


def _number(text: str, written: str) -> float:
    number = float(written)
    if not math.isfinite(number):
        raise ValueError(f"the limit of the gate {text!r} is too large")
    return number


def _share(text: str, written: str, unit: str) -> float:
    number = _number(text, written)
    return hundredth(written) if unit else number


def hundredth(written: str) -> float:
    """A decimal number over 100, the same float as with its point two places on: 1.1 / 100 is more than 0.011.

    >>> hundredth("1.1"), 1.1 / 100
    (0.011, 0.011000000000000001)
    """
    digits, _, exponent = written.lower().partition("e")
    return float(f"{digits}e{int(exponent or 0) - 2}")


def _nearest(text: str) -> str:
    """The form that somebody probably meant."""
    words = {"worse": 1, "better": 2, "equal": 3, "parity": 4, "grade": 5}
    return FORMS[next((form for word, form in words.items() if word in text), 0)]
