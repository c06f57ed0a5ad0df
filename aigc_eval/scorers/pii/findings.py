"""What a recogniser reports, how overlaps are settled, and which group an entity type belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

__all__ = ["GROUPS", "Finding", "group_of", "resolve"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Characters `start` to `end` (half-open) are of type `entity`, with a confidence `score` in 0..1.

    `placeholder` marks a documentation value: well formed, but by convention nobody's (an address at example.com).
    """

    entity: str
    start: int
    end: int
    score: float
    placeholder: bool = False

    def shifted(self, by: int) -> Finding:
        """The same finding `by` characters further on."""
        return replace(self, start=self.start + by, end=self.end + by)


GROUPS: dict[str, tuple[str, ...]] = {
    "contact": (
        "CN_MOBILE", "CN_LANDLINE", "CN_WECHAT", "CN_QQ", "CN_ADDRESS", "CN_POSTAL_CODE", "PHONE_NUMBER",
        "EMAIL_ADDRESS", "EMAIL", "LOCATION", "ADDRESS", "ZA_MOBILE_NUMBER", "ZA_TELEPHONE_NUMBER",
    ),
    "financial": ("CN_BANK_CARD", "CREDIT_CARD", "IBAN_CODE", "CRYPTO", "US_BANK_NUMBER", "ABA_ROUTING_NUMBER"),
    "network": ("IP_ADDRESS", "MAC_ADDRESS", "UUID", "URL"),
    "organisation": (
        "CN_CREDIT_CODE", "CN_ORGANIZATION_CODE", "ORGANIZATION", "AU_ABN", "AU_ACN", "DE_HANDELSREGISTER", "DE_VAT_ID",
        "KR_BRN", "SE_ORGANISATIONSNUMMER", "SG_UEN", "ZA_COMPANY_REGISTRATION", "ZA_VAT_NUMBER",
    ),
}  # fmt: skip
"""Entity types of each group; SECRET_* form the group "secret", every other type counts as "identity"."""

_GROUP_OF = {entity: group for group, entities in GROUPS.items() for entity in entities}

# Which of two overlapping findings is right: first the more specific kind, then the longer one.
_LOOSE = frozenset(
    {
        "PHONE_NUMBER",
        "PERSON",
        "LOCATION",
        "ORGANIZATION",
        "ADDRESS",
        "NRP",
        "AGE",
        "ID",
        "EMAIL",
        "DATE_TIME",
        "URL",
        "UUID",
    }
    | {"US_BANK_NUMBER", "CN_POSTAL_CODE"}
)
_CHECKED = frozenset({"CN_RESIDENT_ID", "CN_CREDIT_CODE", "CN_BANK_CARD", "CREDIT_CARD", "IBAN_CODE", "CRYPTO"})


def group_of(entity: str) -> str:
    """The group that an entity type is counted in.

    >>> group_of("CN_MOBILE"), group_of("SECRET_JWT"), group_of("US_SSN")
    ('contact', 'secret', 'identity')
    """
    return "secret" if entity.startswith("SECRET_") else _GROUP_OF.get(entity, "identity")


def _rank(finding: Finding) -> tuple[int, int, float, int, str]:
    loose, checked = finding.entity in _LOOSE, finding.entity in _CHECKED
    tier = 2 if checked or finding.entity.startswith("SECRET_") else 0 if loose else 1
    return (-tier, finding.start - finding.end, -finding.score, finding.start, finding.entity)


def resolve(findings: Iterable[Finding]) -> list[Finding]:
    """Findings without overlaps, in order of position.

    Secrets and checksummed numbers beat other patterns, which beat phone numbers and names; then the longest wins,
    then the higher score.

    >>> both = [Finding("PHONE_NUMBER", 0, 11, 0.4), Finding("CN_MOBILE", 0, 11, 0.8)]
    >>> [f.entity for f in resolve(both)]
    ['CN_MOBILE']
    """
    kept: list[Finding] = []
    taken: set[int] = set()
    for finding in sorted(set(findings), key=_rank):
        cells = range(finding.start, finding.end)
        if taken.isdisjoint(cells):
            taken.update(cells)
            kept.append(finding)
    return sorted(kept, key=lambda f: f.start)
