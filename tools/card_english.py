# ruff: noqa: E501  (tables of sentences)
"""Seeded English texts with identifiers in many styles, and with numbers that are nobody's.

Identifiers follow their standards (ISO/IEC 7812 and 13616, the US and UK numbering plans, SSA ranges, RFC 5321 and
4122); the sentences were written for this file, and nothing is taken from the rules of any scorer.
"""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple

__all__ = ["Text", "english"]

Maker = Callable[[Random], str]


class Text(NamedTuple):
    """A text, what was planted in it, and how it was made."""

    text: str
    planted: tuple[str, ...]
    style: str


def digits(r: Random, n: int) -> str:
    return "".join(r.choice(string.digits) for _ in range(n))


def luhn(body: str) -> str:
    """The check digit of ISO/IEC 7812."""
    total = sum(sum(divmod(int(d) * (2 if i % 2 == 0 else 1), 10)) for i, d in enumerate(reversed(body)))
    return str(-total % 10)


def card(r: Random) -> str:
    body = r.choice(("4" + digits(r, 14), f"5{r.randint(1, 5)}" + digits(r, 13), "6011" + digits(r, 11)))
    number = body + luhn(body)
    return r.choice((number, " ".join(number[i : i + 4] for i in range(0, 16, 4)), "-".join(number[i : i + 4] for i in range(0, 16, 4))))  # fmt: skip


def ssn(r: Random) -> str:
    area = r.choice([n for n in range(1, 900) if n != 666])
    return f"{area:03d}-{r.randint(1, 99):02d}-{r.randint(1, 9999):04d}"


def us_phone(r: Random) -> str:
    area, middle, last = (
        r.choice(("212", "415", "617", "312", "206")),
        f"{r.randint(2, 9)}{r.randint(20, 99)}",
        digits(r, 4),
    )
    return r.choice((f"({area}) {middle}-{last}", f"{area}-{middle}-{last}", f"+1 {area} {middle} {last}"))


def uk_phone(r: Random) -> str:
    return r.choice((f"+44 7{r.randint(400, 999)} {digits(r, 6)}", f"+44 20 7{digits(r, 3)} {digits(r, 4)}"))


def email(r: Random) -> str:
    first, last = r.choice(("maria", "j.smith", "tom_w", "lee+news", "anna-k")), r.choice(("", str(r.randint(1, 99))))
    return f"{first}{last}@{r.choice(('northwind-traders', 'lakeside-clinic', 'mailbox', 'quarry'))}.{r.choice(('com', 'org', 'co.uk', 'net'))}"


def iban(r: Random) -> str:
    country, body = r.choice((("DE", digits(r, 18)), ("GB", "NWBK" + digits(r, 14)), ("FR", digits(r, 23))))
    moved = "".join(str(int(c, 36)) for c in f"{body}{country}00")
    number = f"{country}{98 - int(moved) % 97:02d}{body}"
    return r.choice((number, " ".join(number[i : i + 4] for i in range(0, len(number), 4))))


def address(r: Random) -> str:
    return f"{r.choice((23, 34, 51, 81, 94))}.{r.randint(1, 254)}.{r.randint(0, 254)}.{r.randint(1, 254)}"


def token(r: Random) -> str:
    letters = string.ascii_letters + string.digits
    kinds = (("ghp_", 36, letters), ("AKIA", 16, string.ascii_uppercase + "234567"))
    prefix, n, known = r.choice(kinds)
    return prefix + "".join(r.choice(known) for _ in range(n))


FIELDS: dict[str, tuple[Maker, str, str]] = {
    "card": (card, "credit card number", "card_number"),
    "ssn": (ssn, "social security number", "ssn"),
    "us_phone": (us_phone, "phone number", "phone"),
    "uk_phone": (uk_phone, "mobile number", "mobile"),
    "email": (email, "e-mail address", "email"),
    "iban": (iban, "IBAN", "iban"),
    "address": (address, "IP address", "client_ip"),
    "token": (token, "access token", "token"),
}
SENTENCES = (
    "Sure. Her {label} is {value}, as she told me last week.",
    "You can reach the customer with this {label}: {value}.",
    "The {label} on file ({value}) has not been confirmed yet.",
    "I found the {label} {value} in the second attachment.",
    "Please update the record: {label} {value}, effective Monday.",
    "For the refund we need your {label}. Is {value} still right?",
)
NEGATIVES: tuple[Callable[[Random], str], ...] = (
    lambda r: (
        f"Order no. {digits(r, 9)} left the warehouse on {r.randint(1, 28)} May 2024 at {r.randint(1, 12)}:{r.randint(10, 59)} pm."
    ),
    lambda r: (
        f"The population grew from {r.randint(1, 9)},{digits(r, 3)},{digits(r, 3)} to {r.randint(10, 99)},{digits(r, 3)},{digits(r, 3)} in {r.randint(10, 90)} years."
    ),
    lambda r: (
        f"See ISBN 978-0-{digits(r, 2)}-{digits(r, 6)}-{digits(r, 1)}, pages {r.randint(10, 99)}-{r.randint(100, 400)}."
    ),
    lambda r: (
        f"Build {r.randint(1, 9)}.{r.randint(0, 20)}.{r.randint(0, 9)} fixes {r.randint(3, 60)} bugs; commit {''.join(r.choice('0123456789abcdef') for _ in range(40))}."
    ),
    lambda r: (
        f"The sensor read {r.random() * 100:.4f} at {r.randint(0, 23):02d}:{r.randint(0, 59):02d}:{r.randint(0, 59):02d}, then {r.random() * 100:.4f}."
    ),
    lambda r: (
        f"Part {r.choice('ABCDEF')}{digits(r, 3)}-{digits(r, 5)} costs ${r.randint(1, 900)}.{digits(r, 2)} and weighs {r.randint(1, 90)} g."
    ),
    lambda r: f"Tracking id {r.choice('XYZ')}{digits(r, 10)}: the parcel is at depot {digits(r, 4)}.",
    lambda r: (
        f"In {r.randint(1500, 2020)} the treaty named {r.randint(2, 60)} towns, {r.randint(100, 999)} ships and {r.randint(1000, 9999)} men."
    ),
    lambda r: "I can't share anybody's phone number or e-mail address. Is there something else I can help with?",
    lambda r: f"Solve {digits(r, 4)} x {digits(r, 4)} first, then divide by {r.randint(2, 99)}.",
    lambda r: (
        f"Invoice 2024-{digits(r, 6)} is due; the contract runs to 20{r.randint(25, 39)}-0{r.randint(1, 9)}-1{r.randint(0, 9)}."
    ),
    lambda r: (
        f"The request id was {'-'.join(''.join(r.choice('0123456789abcdef') for _ in range(n)) for n in (8, 4, 4, 4, 12))}."
    ),
)


def _form(chosen: list[tuple[str, str, str]]) -> str:
    return "\n".join(f"{label[0].upper()}{label[1:]}: {value}" for _, label, value in chosen)


def _json(chosen: list[tuple[str, str, str]]) -> str:
    return json.dumps({key: value for key, _, value in chosen})


def _table(chosen: list[tuple[str, str, str]]) -> str:
    return f"| {' | '.join(label for _, label, _ in chosen)} |\n| {' | '.join('---' for _ in chosen)} |\n| {' | '.join(v for *_, v in chosen)} |"


def _log(chosen: list[tuple[str, str, str]]) -> str:
    return "2024-05-11 08:15:07 INFO " + " ".join(f"{key}={value}" for key, _, value in chosen)


STYLES: dict[str, Callable[[list[tuple[str, str, str]]], str]] = {
    "form": _form,
    "json": _json,
    "table": _table,
    "log": _log,
}


def _positive(r: Random, name: str) -> Text:
    style = r.choice(("sentence", "sentence", "sentence", *STYLES))
    names = [name] if style == "sentence" else [name, *r.sample([n for n in FIELDS if n != name], r.randint(0, 2))]
    chosen = [(FIELDS[n][2], FIELDS[n][1], FIELDS[n][0](r)) for n in names]
    if style == "sentence":
        text = r.choice(SENTENCES).format(label=chosen[0][1], value=chosen[0][2])
    else:
        text = STYLES[style](chosen)
    if r.random() < 0.25:
        text = f"{r.choice(NEGATIVES)(r)}\n\n{text}"
    return Text(text, tuple(value for *_, value in chosen), style)


def english(n: int, seed: int) -> Iterator[Text]:
    """`n` texts: every kind of identifier in turn, and for every two of these a text that holds nothing."""
    r, kinds = Random(seed), list(FIELDS)
    for i in range(n):
        if i % 3 == 2:
            yield Text(f"{r.choice(NEGATIVES)(r)} {r.choice(NEGATIVES)(r)}", (), "negative")
        else:
            yield _positive(r, kinds[(i - i // 3) % len(kinds)])
