"""All that a plug-in author must read: `Generator`, `Scorer` and `require`.

A plug-in is a frozen dataclass. Its fields are its options in bench.yaml, its documentation and its identity. It has
one batch function: *same length, same order, each item a function of its own input only*. An option that decides no
result (where a key is found) is declared `field(compare=False)`: it may change when a run is resumed.

    @dataclass(frozen=True)
    class Shout(Generator):
        "Answers with the prompt in capitals."
        def generate(self, batch):
            return [request.answer(request.prompt.text.upper()) for request in batch]

    @dataclass(frozen=True)
    class Length(Scorer):
        "Number of characters."
        def score(self, batch):
            return [Score(float(len(g.text))) for g in batch]
        def metrics(self):
            return (Mean("mean_length", better=None, bounds=(0, math.inf)),)

Name it in a bench as `my_package.module:Shout`, or give it a short name through the entry-point groups
`aigc_eval.generators` and `aigc_eval.scorers`. Options are checked against the field types: use `Path` for a file or
folder and `ModelRef` for a model (a folder, or an id in the local Hugging Face cache); both arrive resolved.
"""

from __future__ import annotations

import hashlib
import importlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, NewType, TypedDict

from aigc_eval import huggingface
from aigc_eval.errors import MissingExtra
from aigc_eval.metrics import Metric
from aigc_eval.records import Bilingual, Dimension, Generation, Outcome, Prompt, Request, Score, Sees, canonical, digest
from aigc_eval.text import token_estimate

__all__ = ["Generator", "MadeOf", "ModelRef", "Plugin", "Scorer", "identity_of", "require"]

ModelRef = NewType("ModelRef", str)
"""A model: a folder (resolved and confined like a `Path`), or an id that the local Hugging Face cache holds."""


def require(module: str, *, extra: str = "") -> ModuleType:
    """Import an optional package, or say how to install it.

    Call it inside `load` or a cached property, never at the top of a module.

    >>> require("json").dumps([])
    '[]'
    >>> require("no_such_package", extra="toxicity")
    Traceback (most recent call last):
    ...
    aigc_eval.errors.MissingExtra: 'no_such_package' is not installed; run: pip install 'aigc-eval[toxicity]'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        wanted = f"'aigc-eval[{extra}]'" if extra else module.partition(".")[0]
        raise MissingExtra(f"{error.name!r} is not installed; run: pip install {wanted}") from error


def _default(option: Field[object]) -> object:
    return option.default if option.default_factory is MISSING else option.default_factory()


def _plain(value: object) -> Any:
    """An option as JSON can hold it: "1" and 1 stay apart, the order of a mapping or a set does not count."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(map(_plain, value), key=canonical)
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else str(value)


def _by_name(value: object) -> object:
    """An option with every path in it, however deep, replaced by its name."""
    if isinstance(value, Path):
        return value.name
    if isinstance(value, Mapping):
        return {name: _by_name(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [*map(_by_name, value)]
    return tuple(map(_by_name, value)) if isinstance(value, tuple) else value


def _paths(name: str, value: object) -> Iterator[tuple[str, Path]]:
    """Every path in an option, with its place: `files.0`."""
    if isinstance(value, Path):
        yield name, value
    elif isinstance(value, Mapping | list | tuple):
        for key, inner in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _paths(f"{name}.{key}", inner)


def _content(path: Path) -> str:
    if not path.is_file():
        return digest(str(path))  # where things lie on this machine is nobody's business
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class MadeOf(TypedDict):
    """What a plug-in's results depend on: its class, its version, the options given and what they lead to.

    `defaults` are the options that were not given; they are not part of the identity, or a new option would change it.
    """

    plugin: str
    version: str
    options: dict[str, Any]
    facts: dict[str, str]
    defaults: dict[str, Any]


def identity_of(made: MadeOf) -> str:
    """The identity of a plug-in so made: the digest of all but the defaults."""
    return digest(made["plugin"], made["options"], made["version"], made["facts"])


@dataclass(frozen=True)
class Plugin(ABC):  # noqa: B024 (the batch functions of the two kinds differ)
    """What generators and scorers share.

    Class attributes: `version` is bumped whenever a change makes earlier results invalid; `batch_size` is how many
    items one call gets; `by_length` asks for batches of similar length; `imports` says that an option names a Python
    module, which may lie beside a trusted bench. `title`, `languages`, `needs` and `source` are what `aigc-eval list`
    and the report print.
    """

    version: ClassVar[str] = "1"
    batch_size: ClassVar[int] = 256
    by_length: ClassVar[bool] = False
    imports: ClassVar[bool] = False
    title: ClassVar[Bilingual] = Bilingual("")
    languages: ClassVar[tuple[str, ...]] = ("any",)
    needs: ClassVar[str] = "nothing"
    source: ClassVar[str] = ""

    def load(self) -> None:  # noqa: B027 (optional)
        """Import, open and check everything needed; raise what is missing. Called before the first request."""

    def close(self) -> None:  # noqa: B027 (optional)
        """Let go of what `load` opened; what is used again is opened again. Called when the plug-in's stage is over."""

    def facts(self) -> Mapping[str, str]:
        """Identity beyond the options: by default the content of every file and model that options name.

        A folder that is no model counts by its place. With a model, the options `device` and `dtype` count as what
        they stand for here ("auto" is the CPU on one machine, a GPU on another). Override it to describe what is read
        from a folder, or to leave out a file that decides nothing.
        """
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        found = (place for f in fields(self) if f.compare for place in _paths(f.name, given[f.name]))
        facts = {name: _content(path) for name, path in found}
        if models := self._models():
            facts |= {name: huggingface.fingerprint(model) for name, model in models.items()}
            if "device" in given:
                facts["device"] = huggingface.device_of(given["device"])
                facts |= {"dtype": huggingface.dtype_of(given["dtype"], facts["device"])} if "dtype" in given else {}
        return facts

    def _models(self) -> dict[str, str]:
        """The models that options name."""
        refs = (f.name for f in fields(self) if "ModelRef" in str(f.type))
        return {name: str(model) for name in refs if (model := getattr(self, name)) and not isinstance(model, Path)}

    def __getstate__(self) -> dict[str, object]:
        """Only the options travel to another process; whatever else is cached here is opened there."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def needs_trust(self) -> str:
        """Why only a trusted bench may use these options ("runs a command", "sends answers to HOST"); "" if any may."""
        return ""

    def hosts(self) -> tuple[str, ...]:
        """Hosts (`name` or `name:port`) that these options send prompts or answers to; the command line allows them."""
        return ()

    def options(self) -> dict[str, object]:
        """The options that decide results and differ from their defaults, paths and models by name."""
        given = ((f, getattr(self, f.name)) for f in fields(self) if f.compare)
        named = {f.name: _by_name(v) for f, v in given if v != _default(f)}
        return named | {name: huggingface.label(model) for name, model in self._models().items()}

    def signature(self) -> str:
        """Name, options and version in one line, to print beside every number.

        >>> from aigc_eval.generators.echo import Echo
        >>> Echo().signature()
        'Echo|version:1'
        """
        options = (f"{name}:{value}" for name, value in self.options().items())
        return "|".join([type(self).__name__, *options, f"version:{self.version}"])

    def made_of(self) -> MadeOf:
        """What `identity` is the digest of, for people to compare, and beside it the options left alone."""
        given = {name: _plain(value) for name, value in self.options().items()}
        return {
            "plugin": f"{type(self).__module__}:{type(self).__qualname__}",
            "version": self.version,
            "options": given,
            "facts": {name: str(value) for name, value in self.facts().items()},
            "defaults": {f.name: _plain(_default(f)) for f in fields(self) if f.compare and f.name not in given},
        }

    def identity(self) -> str:
        """Digest of everything that decides this plug-in's results; the journal's keys start with it."""
        return identity_of(self.made_of())


@dataclass(frozen=True)
class Generator(Plugin):
    """Answers requests.

    `by_call`: each answer is a call of its own, to a server or a program, that may fail, wait and be asked again.
    Such a generator gets batches of one, from many threads at once, within the bench's `limits`; it raises `CallError`
    where a call brought no answer, and stops waiting when `deadline.remaining()` is over.
    """

    by_call: ClassVar[bool] = False

    def check(self, prompts: Sequence[Prompt], samples: int) -> None:
        """Raise if these prompts cannot be answered (a field or a recorded output is missing). Called after `load`."""

    def most_calls(self) -> int | None:
        """How many calls can be under way at once; None: as many as the bench's limits allow."""
        return None

    def expected_tokens(self, request: Request) -> tuple[int, int]:
        """About how many tokens a call reads and writes: for plans, and for limits of tokens a minute.

        The prompt's are estimated from its script (`text.token_estimate`), the answer's are the option `max_tokens`
        where there is one, else 256.
        """
        asked = [*(m.content for m in request.prompt.messages), request.prompt.text]
        most = getattr(self, "max_tokens", None)
        return sum(map(token_estimate, asked)), most if isinstance(most, int) else 256

    @abstractmethod
    def generate(self, batch: Sequence[Request]) -> list[Generation]:
        """One generation a request, in order, made with `request.answer(...)`."""


@dataclass(frozen=True)
class Scorer(Plugin):
    """Scores generations one by one; its metrics turn rows of scores into numbers."""

    outcomes: ClassVar[frozenset[Outcome]] = frozenset({"ok", "truncated"})
    """Outcomes that are scored. Any other outcome is recorded as unscored, which gates count as the worst."""
    masks: ClassVar[bool] = False
    """Whether it marks personal data or secrets as sensitive spans, so that reports can mask them."""
    sees: ClassVar[Sees] = "answer"
    """What a score depends on: the prompt and the answer; the candidate's other answers to that prompt too
    (`Generation.siblings`, self-consistency); or facts about the call too (seconds, usage, detail)."""

    dimensions: ClassVar[tuple[Dimension, ...]] = ()
    """What it is about: reports say which dimensions nobody looked at, and which candidate is safer."""

    def check(self, prompts: Sequence[Prompt]) -> None:
        """Raise if what prompts say to this scorer cannot be (an unknown instruction). Called after `load`."""

    def not_applicable(self, prompt: Prompt) -> str:
        """Why no answer to this prompt can be scored ("no reference"); "" if it can."""
        return ""

    @abstractmethod
    def score(self, batch: Sequence[Generation]) -> list[Score]:
        """One score a generation, in order."""

    @abstractmethod
    def metrics(self) -> tuple[Metric, ...]:
        """The numbers to report, the main one first."""

    @classmethod
    def all_metrics(cls) -> tuple[Metric, ...]:
        """Every metric that some options give, for `aigc-eval list metrics`; by default those without any option."""
        return cls().metrics()
