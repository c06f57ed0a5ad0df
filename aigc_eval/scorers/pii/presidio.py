"""Presidio's own recognisers for western identifiers, without the eight seconds that importing its package takes.

`import presidio_analyzer` imports every engine that it can drive: spaCy, transformers, torch. A recogniser needs none
of them: it is an expression and a checksum. `_Private` loads a recogniser's module file by file into a name space of
its own, where `presidio_analyzer` means "the module file that defines this name". Nothing is put into `sys.modules`
and no other import is changed, so a program may import the real package before, after or at the same time.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import inspect
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from aigc_eval.errors import MissingExtra
from aigc_eval.scorers.pii.clock import OutOfTime, remaining
from aigc_eval.scorers.pii.findings import Finding

__all__ = ["analyze", "known", "phone_recognizers", "recognizers"]

_PACKAGE = "presidio_analyzer"
_LEAVES = f"{_PACKAGE}.predefined_recognizers"
_COMMON = {
    "PHONE_NUMBER": "generic.phone_recognizer:PhoneRecognizer",
    "IBAN_CODE": "generic.iban_recognizer:IbanRecognizer",
    "CRYPTO": "generic.crypto_recognizer:CryptoRecognizer",
    "US_SSN": "country_specific.us.us_ssn_recognizer:UsSsnRecognizer",
    "US_ITIN": "country_specific.us.us_itin_recognizer:UsItinRecognizer",
    "US_PASSPORT": "country_specific.us.us_passport_recognizer:UsPassportRecognizer",
    "UK_NHS": "country_specific.uk.uk_nhs_recognizer:NhsRecognizer",
    "UK_NINO": "country_specific.uk.uk_nino_recognizer:UkNinoRecognizer",
}


class _Private:
    """Loads single modules of a package that is never imported as a whole."""

    def __init__(self) -> None:
        spec = importlib.util.find_spec(_PACKAGE)
        if spec is None or spec.origin is None:
            raise MissingExtra(f"{_PACKAGE!r} is not installed; run: pip install presidio-analyzer")
        self.root = Path(spec.origin).parent
        self.modules: dict[str, ModuleType] = {}

    def load(self, name: str) -> ModuleType:
        """The module of that full name, executed once."""
        if name not in self.modules:
            path = self.root.joinpath(*name.split(".")[1:]).with_suffix(".py")
            spec = importlib.util.spec_from_file_location(name, path)
            if spec is None or spec.loader is None:
                raise ImportError(f"no module file {path}")
            module = importlib.util.module_from_spec(spec)
            vars(module)["__builtins__"] = {**vars(builtins), "__import__": self._import}
            self.modules[name] = module  # before it runs: modules may import each other in a ring
            try:
                spec.loader.exec_module(module)
            except BaseException:
                del self.modules[name]
                raise
            if name == f"{_PACKAGE}.pattern_recognizer":
                vars(module).update(REGEX_TIMEOUT_SECONDS=_Limit(), logger=_Strict())
        return self.modules[name]

    def _import(
        self,
        name: str,
        scope: Mapping[str, Any] | None = None,
        names: Mapping[str, Any] | None = None,
        wanted: tuple[str, ...] = (),
        level: int = 0,
    ) -> Any:
        if level:
            name = importlib.util.resolve_name("." * level + name, str((scope or {})["__name__"]).rpartition(".")[0])
        if name.partition(".")[0] != _PACKAGE:
            return builtins.__import__(name, scope, names, wanted, 0)
        if name == f"{_PACKAGE}.nlp_engine":  # named in type hints only
            return SimpleNamespace(**dict.fromkeys(wanted, object))
        if name == _PACKAGE:
            return SimpleNamespace(**{n: getattr(self.load(f"{_PACKAGE}.{_snake(n)}"), n) for n in wanted})
        return self.load(name)


class _Limit:
    """Presidio's time limit for one expression: what the text at hand has left."""

    def __float__(self) -> float:
        return float(remaining.get())


class _Strict:
    """In place of presidio's logger: an expression that is given up is an error, not a line in a log."""

    def debug(self, *_: object, **__: object) -> None:
        """Nothing to say."""

    def warning(self, *_: object, **__: object) -> None:
        """What presidio calls when it skips an expression that ran out of time."""
        raise OutOfTime("an expression was given up")


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


@cache
def _private() -> _Private:
    return _Private()


@cache
def _recognizer(entity: str, place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(_private().load(f"{_LEAVES}.{module}"), name)()


def _is_concrete(kind: type, module: ModuleType) -> bool:
    parameters = inspect.signature(kind).parameters.values()
    return kind.__module__ == module.__name__ and all(p.default is not p.empty for p in parameters)


@cache
def _others() -> dict[str, Any]:
    """Every other pattern recogniser that presidio ships, by the entity type it finds."""
    found: dict[str, Any] = {}
    folder = _private().root / "predefined_recognizers"
    base = _private().load(f"{_PACKAGE}.entity_recognizer").EntityRecognizer
    for path in sorted([*folder.glob("generic/*.py"), *folder.glob("country_specific/*/*.py")]):
        if path.name == "__init__.py":
            continue
        module = _private().load(".".join([_LEAVES, *path.relative_to(folder).with_suffix("").parts]))
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, base) and _is_concrete(kind, module):
                made = kind()
                found.update(dict.fromkeys(made.supported_entities, made))
    return found


def known() -> frozenset[str]:
    """Every entity type that presidio's recognisers without a model find."""
    return frozenset(_others())


def recognizers(entities: frozenset[str]) -> dict[str, Any]:
    """Presidio's recognisers of these entity types; types that it does not know are left out.

    >>> sorted(recognizers(frozenset({"US_SSN", "NO_SUCH_TYPE"})))
    ['US_SSN']
    """
    common = {e: _recognizer(e, _COMMON[e]) for e in sorted(entities & _COMMON.keys())}
    rest = entities - common.keys()
    return common | ({e: _others()[e] for e in sorted(rest & _others().keys())} if rest else {})


@cache
def phone_recognizers() -> tuple[Any, Any]:
    """Presidio's phone recogniser with its own list of countries, and with one: enough for numbers written with a +."""
    kind = type(_recognizer("PHONE_NUMBER", _COMMON["PHONE_NUMBER"]))
    return kind(), kind(supported_regions=("US",))


def analyze(recognizer: Any, entity: str, text: str) -> Iterator[Finding]:
    """A presidio recogniser's findings, with presidio's scores.

    Raises OutOfTime where the text at hand has no time left: presidio would log that and go on, which here would be a
    leak nobody saw.
    """
    for r in recognizer.analyze(text, [entity], None):
        if r.entity_type == entity:
            yield Finding(entity, r.start, r.end, float(r.score))
