"""Names of people, places and organisations, by the bundled tagger or by a spaCy or transformers model."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from aigc_eval.errors import MissingExtra, UsageError
from aigc_eval.plugin import require
from aigc_eval.scorers.pii.clock import UNLIMITED, Clock
from aigc_eval.scorers.pii.findings import Finding
from aigc_eval.scorers.pii.names.tagger import GAZETTEER, WEIGHTS, bundled

__all__ = ["BUNDLED", "NER_ENTITIES", "Finder", "Names", "fingerprint", "open_model"]

BUNDLED = "bundled"
"""What `ner` is called where the package's own tagger is meant."""

_SPELLINGS = {
    "PERSON": "PERSON PER PATIENT STAFF HCW DOCTOR NAME FIRSTNAME LASTNAME MIDDLENAME GIVENNAME SURNAME NR NRF 人名",
    "LOCATION": "LOCATION LOC GPE FAC CITY STATE COUNTY COUNTRY SCENE NS 地名",
    "ADDRESS": "ADDRESS STREET STREETADDRESS STREETNAME SECONDARYADDRESS BUILDINGNUM BUILDINGNUMBER 地址",
    "ORGANIZATION": "ORGANIZATION ORG HOSP HOSPITAL PATORG VENDOR COMPANY GOVERNMENT NT 机构名",
    "NRP": "NRP NORP",
    "AGE": "AGE",
    "ID": "ID",
    "EMAIL": "EMAIL",
    "MEDICAL_DISEASE_DISORDER": "DISEASEDISORDER",
    "MEDICAL_MEDICATION": "MEDICATION",
    "MEDICAL_THERAPEUTIC_PROCEDURE": "THERAPEUTICPROCEDURE",
    "MEDICAL_CLINICAL_EVENT": "CLINICALEVENT",
    "MEDICAL_BIOLOGICAL_ATTRIBUTE": "BIOLOGICALATTRIBUTE",
    "MEDICAL_BIOLOGICAL_STRUCTURE": "BIOLOGICALSTRUCTURE",
    "MEDICAL_FAMILY_HISTORY": "FAMILYHISTORY",
    "MEDICAL_HISTORY": "HISTORY",
}
_LABELS = {spelling: entity for entity, spellings in _SPELLINGS.items() for spelling in spellings.split()}
NER_ENTITIES = frozenset(_LABELS.values())
"""What a model can find, under presidio's names and ADDRESS, in the labels of OntoNotes, CoNLL, MSRA, CLUENER, CTB,
i2b2 and presidio's medical model."""

_WINDOW, _OVERLAP = 1200, 200
_SCORE = 0.85  # what presidio gives a model without scores of its own


class _Model(Protocol):
    def __call__(self, text: str) -> Iterator[tuple[str, int, int, float]]:
        """Label, start, end, score of each name."""


@dataclass(frozen=True)
class Names:
    """Names found in windows of 1,200 characters that overlap by 200, so that a model's limit truncates nothing."""

    model: _Model
    wanted: frozenset[str]
    entity: str = "NER"
    digits: int = 0

    def find(self, text: str, clock: Clock = UNLIMITED) -> Iterator[Finding]:
        """Findings of the wanted types. Raises OutOfTime."""
        for start in range(0, max(len(text) - _OVERLAP, 1), _WINDOW - _OVERLAP):
            clock.check()
            for label, a, b, score in self.model(text[start : start + _WINDOW]):
                entity = _LABELS.get(label.upper().rpartition("-")[2].replace("_", ""), "")
                if entity in self.wanted and a < b:
                    yield Finding(entity, start + a, start + b, score)


@dataclass(frozen=True)
class _Bundled:
    """The package's own tagger, which reads line by line and needs no windows."""

    wanted: frozenset[str]
    entity: str = "NER"
    digits: int = 0

    def find(self, text: str, clock: Clock = UNLIMITED) -> Iterator[Finding]:
        """Findings of the wanted types, their score the probability of the name. Raises OutOfTime."""
        for kind, start, end, p in bundled()(text, clock):
            if kind in self.wanted:
                yield Finding(kind, start, end, p)


class Finder(Protocol):
    """Finds names in a text."""

    @property
    def entity(self) -> str:
        """What it is called in an error."""

    @property
    def digits(self) -> int:
        """0: a name needs no digit."""

    def find(self, text: str, clock: Clock) -> Iterator[Finding]:
        """Findings in any order."""


@dataclass(frozen=True)
class _Spacy:
    pipeline: Any

    def __call__(self, text: str) -> Iterator[tuple[str, int, int, float]]:
        for name in self.pipeline(_clean(text)).ents:
            yield name.label_, name.start_char, name.end_char, _SCORE


@dataclass(frozen=True)
class _Transformers:
    pipeline: Any

    def __call__(self, text: str) -> Iterator[tuple[str, int, int, float]]:
        for name in self.pipeline(_clean(text)):
            yield name["entity_group"], int(name["start"]), int(name["end"]), float(name["score"])


def _clean(text: str) -> str:
    """Lone surrogates as U+FFFD, which tokenisers can encode; one for one."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if _has_surrogate(text) else text


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= c <= "\udfff" for c in text)


@cache
def open_model(name: str, wanted: frozenset[str]) -> Finder:
    """The bundled tagger, a folder (with config.cfg: spaCy, config.json: transformers), a package, a cached id."""
    if name == BUNDLED:
        bundled()
        return _Bundled(wanted)
    folder = Path(name)
    if folder.is_dir():
        if (folder / "config.cfg").is_file():
            return Names(_open_spacy(name), wanted)
        if (folder / "config.json").is_file():
            return Names(_open_transformers(name), wanted)
        raise UsageError(f"pii: {name} holds neither a spaCy model (config.cfg) nor a transformers model (config.json)")
    if name.isidentifier() and importlib.util.find_spec(name) is not None:
        return Names(_open_spacy(name), wanted)
    return Names(_open_transformers(name), wanted)


@cache
def fingerprint(name: str) -> str:
    """Digest of a model folder's files; of an installed package or cached id, the name, which says its version."""
    folder, total = WEIGHTS.parent if name == BUNDLED else Path(name), hashlib.blake2b(digest_size=16)
    if not folder.is_dir():
        return name
    inside = [WEIGHTS, GAZETTEER] if name == BUNDLED else [f for f in folder.rglob("*") if f.is_file()]
    for file in sorted(inside):
        total.update(f"{file.relative_to(folder).as_posix()}\n".encode())
        with file.open("rb") as opened:
            total.update(hashlib.file_digest(opened, "blake2b").digest())
    return total.hexdigest()


def _open_spacy(name: str) -> _Model:
    spacy = require("spacy")
    try:
        return _Spacy(spacy.load(name))
    except (OSError, ValueError) as error:
        raise UsageError(f"pii: cannot open the spaCy model {name!r}: {error}") from error


def _open_transformers(name: str) -> _Model:
    transformers = require("transformers")
    try:
        model = transformers.AutoModelForTokenClassification.from_pretrained(name, local_files_only=True)
        tokenizer = transformers.AutoTokenizer.from_pretrained(name, local_files_only=True)
    except (OSError, ValueError) as error:
        raise MissingExtra(
            f"pii: no model {name!r}: it is no folder, no installed spaCy package and not in the Hugging Face cache; "
            f"run: python -m spacy download {name.rpartition('/')[2]}, or download it and name its folder"
        ) from error
    return _Transformers(_token_pipeline(transformers, model.eval(), tokenizer))


def _token_pipeline(transformers: Any, model: Any, tokenizer: Any) -> Any:
    longest = min(getattr(model.config, "max_position_embeddings", 512), tokenizer.model_max_length)
    tokenizer.model_max_length = longest
    return transformers.pipeline(
        "token-classification",
        model=model,
        tokenizer=tokenizer,
        aggregation_strategy="simple",
        stride=longest // 4,
        device=-1,
    )
