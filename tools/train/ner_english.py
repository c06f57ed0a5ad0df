# ruff: noqa: E501  (tables of sentences)
"""Measure `pii` on generated English sentences as presidio-research measures it: python tools/train/ner_english.py

1,500 sentences from templates that no training used, with names, of which half stand in no list of the tagger. A finding
is right where its type is right and it covers nine tenths of the characters (intersection over union at least 0.9); F2
weighs recall twice as much as precision. Prints the tables of the model card, intervals by a bootstrap over templates.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aigc_eval.scorers.pii.detector import DEFAULT_ENTITIES, detector
from aigc_eval.scorers.pii.names.features import gazetteer

SEED, SENTENCES, OVERLAP = 41, 1500, 0.9
FIRST = (
    "Oriol",
    "Tamsin",
    "Ezekiel",
    "Birgitta",
    "Caoimhe",
    "Dashiell",
    "Efrosini",
    "Fabrizio",
    "Ginevra",
    "Hjalmar",
    "Ikechukwu",
    "Jolanda",
    "Kasimir",
    "Leocadia",
    "Maximilian",
    "Nkechi",
    "Orsolya",
    "Perpetua",
    "Quentin",
    "Rutendo",
    "Saoirse",
    "Thandeka",
    "Umberto",
    "Vasilisa",
    "Wendell",
    "Xiomara",
    "Yaroslav",
    "Zebedee",
    "Anneliese",
    "Bogdan",
)
LAST = (
    "Abernathy",
    "Bjornstad",
    "Castellanos",
    "Drummondville",
    "Eberhardt",
    "Featherstone",
    "Guillaume",
    "Hathaway",
    "Ibekwe",
    "Jankowski",
    "Kirkpatrick",
    "Lindqvist",
    "Mazzarella",
    "Nakagawa",
    "Oyelaran",
    "Pemberton",
    "Quesnel",
    "Rautiainen",
    "Szczepanski",
    "Trevelyan",
    "Uchida",
    "Vandenberg",
    "Wolstenholme",
    "Yellowhorse",
    "Zamparelli",
    "Ashworth",
    "Brennecke",
    "Chowdhury",
    "Dragomir",
    "Etxeberria",
)
CITIES = (
    "Boise",
    "Duluth",
    "Leicester",
    "Winnipeg",
    "Bristol",
    "Sacramento",
    "Albuquerque",
    "Cardiff",
    "Nairobi",
    "Perth",
    "Calgary",
    "Tampa",
    "Leeds",
    "Oakland",
    "Spokane",
    "Auckland",
    "Galway",
    "Tucson",
    "Omaha",
    "Hobart",
)
STREETS = ("Maple", "Elm", "Cedar", "Washington", "Sunset", "Highland", "Church", "Victoria", "Lakeview", "Mill")
FIRMS = (
    "Northwind Traders",
    "Contoso Ltd",
    "Blue Heron Logistics",
    "Stark & Daughters LLC",
    "Meridian Health Group",
    "Pinecrest Bank",
    "Harbour Insurance Company",
    "Westbrook University",
    "Apex Robotics Inc",
    "Silverline Airways",
)
TEMPLATES = (
    "Could you please forward the contract to {person} before {date}?", "I'd like to change the phone on file to {phone}.",
    "{person} just moved to {city} and works for {firm} now.", "What's the balance on card {card}?",
    "Wire it to IBAN {iban}, the beneficiary is {person}.", "My social security number is {ssn}, is that enough to verify me?",
    "You may drop me a line at {email} or ring {phone}.", "The package for {person} goes to {street}.",
    "We met {person} at {firm} on {date}.", "See {url} for the whole story about {firm}.",
    "Subject: invoice\n\nHello {person},\nplease pay by {date}.\n\n{person}\n{firm}\n{phone}", "{person} ({email}) asked for a refund to {card}.",
    "Has anyone from {firm} spoken with {person} lately?", "He grew up in {city}, but {person} is from {city}.",
    "Applicant {person}\nSSN {ssn}\nPhone {phone}\nE-mail {email}", "The server at {ip} was last used by {person}.",
    "Book a table for {person} in {city}, call {phone} to confirm.", "As {person} wrote on {url}, the offer ends on {date}.",
    "Our office in {city} is closed; write to {email}.", "Please ship order 55821 to {person}, {street}, {city}.",
    "I lost my card {card}, can you block it?", "Transfer from {iban} was rejected on {date}.",
    "'{person}' is the name on the account, the number is {phone}.", "Sources at {firm} say that {person} will resign.",
    "The patient, {person}, was admitted in {city} on {date}.", "dear {person}, thanks for writing to {firm}",
    "Reach out to {person} or {person} with questions.", "The landlord of {street} is {person}.", "Login from {ip} at {city} failed.",
    "There is nothing personal in this sentence about gardening.", "Version 2.4.1 was released with 35 fixes.",
    "The meeting room on the third floor seats twelve people.", "Add 200 g of flour and bake for 40 minutes.",
    "Python lists are mutable, tuples are not.", "Order 449201 has shipped and costs $35.20.",
)  # fmt: skip
TYPES = {
    "person": "PERSON", "city": "LOCATION", "street": "LOCATION", "firm": "ORGANIZATION", "phone": "PHONE_NUMBER", "card": "CREDIT_CARD",
    "iban": "IBAN_CODE", "ssn": "US_SSN", "email": "EMAIL_ADDRESS", "url": "URL", "ip": "IP_ADDRESS", "date": "DATE_TIME",
}  # fmt: skip
SETTINGS = {
    "default": ((), ""),
    "`ner: bundled`": ((), "bundled"),
    "`ner: bundled`, PERSON LOCATION ORGANIZATION URL DATE_TIME named": (
        (*DEFAULT_ENTITIES, "PERSON", "LOCATION", "ORGANIZATION", "URL", "DATE_TIME"),
        "bundled",
    ),
}


@dataclass(frozen=True)
class Example:
    """A sentence, what stands where in it, and the template it is from."""

    text: str
    spans: tuple[tuple[str, int, int], ...]
    template: int


def luhn(body: str) -> str:
    total = sum(sum(divmod(int(d) * (1 + (i + 1) % 2), 10)) for i, d in enumerate(reversed(body)))
    return body + str(-total % 10)


def iban(r: random.Random) -> str:
    """ISO 13616: the number with its country and check digits moved behind it leaves 1 when divided by 97."""
    country, body = r.choice((("DE", 18), ("GB", 0), ("FR", 0)))[0], ""
    body = {"DE": "".join(r.choices("0123456789", k=18)), "GB": "NWBK" + "".join(r.choices("0123456789", k=14)),
            "FR": "".join(r.choices("0123456789", k=23))}[country]  # fmt: skip
    number = "".join(str(int(c, 36)) for c in f"{body}{country}00")
    return f"{country}{98 - int(number) % 97:02d}{body}"


def value(r: random.Random, slot: str) -> str:
    digits = lambda n: "".join(r.choices("0123456789", k=n))  # noqa: E731
    lists = gazetteer()
    first, last = r.choice((FIRST, lists["given"])), r.choice((LAST, lists["family"]))
    phone = f"{r.randint(201, 989)}", f"{r.randint(212, 989)}", digits(4)
    return {
        "person": lambda: r.choice((f"{r.choice(first)} {r.choice(last)}", f"{r.choice(first)} {r.choice(last)}", r.choice(first), f"{r.choice(first)} {r.choice('ABCDEJKLMR')}. {r.choice(last)}")),
        "city": lambda: r.choice(CITIES),
        "street": lambda: f"{r.randint(1, 999)} {r.choice(STREETS)} {r.choice(('Street', 'Ave', 'Road', 'Lane', 'Drive'))}",
        "firm": lambda: r.choice(FIRMS),
        "phone": lambda: r.choice((f"({phone[0]}) {phone[1]}-{phone[2]}", f"{phone[0]}-{phone[1]}-{phone[2]}", f"+1 {phone[0]} {phone[1]} {phone[2]}", f"+44 20 7{digits(3)} {digits(4)}")),
        "card": lambda: r.choice((luhn("4" + digits(14)), luhn("53" + digits(13)), luhn("37" + digits(12)))),
        "iban": lambda: iban(r),
        "ssn": lambda: f"{r.randint(100, 665)}-{r.randint(10, 99)}-{r.randint(1000, 9999)}",
        "email": lambda: f"{r.choice(FIRST).lower()}.{r.choice(LAST).lower()}@{r.choice(('gmail.com', 'outlook.com', 'proton.me', 'company.co.uk'))}",
        "url": lambda: f"https://www.{r.choice(LAST).lower()}.{r.choice(('com', 'org', 'net'))}/{r.choice(('about', 'news/12', ''))}",
        "ip": lambda: f"{r.randint(31, 180)}.{r.randint(30, 250)}.{r.randint(1, 250)}.{r.randint(1, 250)}",
        "date": lambda: r.choice((f"{r.randint(1, 12)}/{r.randint(1, 28)}/{r.randint(1990, 2025)}", f"{r.randint(1990, 2025)}-{r.randint(1, 12):02d}-{r.randint(1, 28):02d}")),
    }[slot]()  # fmt: skip


def examples() -> list[Example]:
    r, made = random.Random(SEED), []
    for i in range(SENTENCES):
        number = i % len(TEMPLATES)
        text, spans = "", []
        for j, part in enumerate(re.split(r"\{([a-z]+)\}", TEMPLATES[number])):
            filled = value(r, part) if j % 2 else part
            if j % 2:
                spans.append((TYPES[part], len(text), len(text) + len(filled)))
            text += filled
        made.append(Example(text, tuple(spans), number))
    return made


def overlap(a: tuple[int, int], b: tuple[int, int]) -> float:
    both = min(a[1], b[1]) - max(a[0], b[0])
    return max(both, 0) / (max(a[1], b[1]) - min(a[0], b[0]))


def counted(example: Example, found: Sequence[tuple[str, int, int]]) -> Counter[tuple[str, str]]:
    """Right, found and there, of each type and of all."""
    right = [f for f in found if any(f[0] == s[0] and overlap(f[1:], s[1:]) >= OVERLAP for s in example.spans)]
    c: Counter[tuple[str, str]] = Counter()
    for name, spans in (("right", right), ("found", found), ("there", example.spans)):
        c.update((kind, name) for kind, _, _ in spans)
        c["all", name] += len(spans)
    return c


def scores(right: float, found: float, there: float) -> tuple[float, float, float]:
    p, r = right / max(found, 1), right / max(there, 1)
    return p, r, 5 * p * r / max(4 * p + r, 1e-9)


def interval(tables: np.ndarray, templates: np.ndarray) -> tuple[float, float]:
    by_template = np.array([tables[templates == t].sum(0) for t in np.unique(templates)])
    draws = np.random.default_rng(SEED).integers(0, len(by_template), (1000, len(by_template)))
    f2 = [scores(*sums)[2] for sums in by_template[draws].sum(1)]
    return float(np.quantile(f2, 0.025)), float(np.quantile(f2, 0.975))


def main() -> None:
    made = examples()
    print("| setting | type | there | P | R | F2 | 95 % |", "|---|---|---|---|---|---|---|", sep="\n")
    for setting, (entities, ner) in SETTINGS.items():
        finder = detector(tuple(entities), 0.5, ner)
        each = []
        for example in made:
            found = [(f.entity, f.start, f.end) for f in finder.find(example.text)]
            each.append(counted(example, found))
        total = sum(each, Counter())
        for kind in ("all", *(sorted(set(TYPES.values())) if ner else ())):
            sums = [total[kind, name] for name in ("right", "found", "there")]
            cells = f"{sums[2]:,}", *(f"{x:.3f}" for x in scores(*sums))
            span = ""
            if kind == "all":
                table = np.array([[c["all", name] for name in ("right", "found", "there")] for c in each], float)
                span = "{:.3f}-{:.3f}".format(*interval(table, np.array([e.template for e in made])))
            print("|", " | ".join((setting, kind, *cells, span)), "|")


if __name__ == "__main__":
    main()
