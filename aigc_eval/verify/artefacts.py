"""The reports and the verdict made again in another folder, and compared byte by byte with those of the run."""

from __future__ import annotations

import json
import stat
import tempfile
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from aigc_eval import report
from aigc_eval.config.shape import EDITIONS, FORMATS, LANGUAGES
from aigc_eval.journal import NAME
from aigc_eval.printing import PRINTS
from aigc_eval.publishing import REPORTS, Written, edition_of, lost_of, verdict_text, with_lost
from aigc_eval.records import Run
from aigc_eval.verify.differing import differing
from aigc_eval.verify.finding import Unfit, first_difference

__all__ = ["Again", "Recorded", "prints"]

VERDICT = "verdict.json"
_OTHER = "is not what the journal gives"


class Recorded:
    """What verdict.json and run.json say. Neither is trusted: they only tell which reports to make again, and how."""

    def __init__(self, folder: Path, terms: Mapping[str, Any]) -> None:
        self.folder = folder
        self.verdict = _object(folder, VERDICT)
        try:
            told = self.verdict.get("editions", {})
            self.editions = {name: told.get(name, "reviewer") for name in self.verdict["reports"]}
            self.languages = {name: tuple(self.verdict["languages"][name]) for name in self.verdict["reports"]}
            self.lost = lost_of(self.verdict["reasons"])
            sound = self.languages.keys() <= REPORTS.keys() and all(map(_spoken, self.languages.values()))
            sound = sound and set(self.editions.values()) <= set(EDITIONS)
        except (LookupError, TypeError, AttributeError):
            sound = False
        asked = terms["bench"].get("report") or {}
        formats = {"json", *(asked.get("formats") or FORMATS)}
        self.asked = [name for name, form in REPORTS.items() if form in formats]
        if not sound:  # what is wrong shows when it is compared: make the reports that are there as the bench asks
            spoken = asked.get("languages") or LANGUAGES
            self.languages = {name: tuple(spoken) for name in REPORTS if (folder / name).exists()}
            self.editions = dict.fromkeys(self.languages, edition_of(folder, terms["bench"]))
            self.lost = []

    @property
    def facts(self) -> Mapping[str, Any]:
        """All facts as written: those of facts.json where run.json does not tell them all."""
        return _object(self.folder, "facts.json" if "facts.json" in self.languages else "run.json")


def _spoken(languages: Sequence[object]) -> bool:
    return len(languages) > 0 and set(languages) <= set(LANGUAGES)


def _read(folder: Path, name: str) -> bytes:
    """A plain file of the run; raises `Unfit`."""
    path = folder / name
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise Unfit(name, None, "is no plain file")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Unfit(name, None, "is missing") from error
    except OSError as error:
        raise Unfit(name, None, f"cannot be read: {error.strerror}") from error


def _object(folder: Path, name: str) -> Mapping[str, Any]:
    """A JSON file of the run; empty where it is no JSON, which shows when its bytes are compared."""
    try:
        found = json.loads(_read(folder, name))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}


def prints(folder: Path) -> list[str]:
    """The prints that lie beside the reports: no verdict is about them, for they are another browser's other bytes."""
    return [name for name in PRINTS if (folder / name).is_file() and not (folder / name).is_symlink()]


class Again:
    """The reports and the verdict that a run gives, as bytes; `run` is the run as they tell it."""

    def __init__(self, run: Run, checksum: str, recorded: Recorded) -> None:
        self.run = run = with_lost(run, recorded.lost) if recorded.lost else run
        with tempfile.TemporaryDirectory(prefix="aigc-eval-verify-") as place:
            made = _rendered(run, Path(place), recorded)
        self.reports = {name: made[name] for name in REPORTS if name in made and name in recorded.languages}
        self.missing = [name for name in made if name not in self.reports]
        told = {
            name: Written(sha256(data).hexdigest(), recorded.languages[name], recorded.editions[name])
            for name, data in self.reports.items()
        }
        shown = report.edited(run, recorded.editions.get("run.json", "reviewer"))[0]
        self.verdict = verdict_text(shown, checksum, told).encode("utf-8")
        self.recorded = recorded

    def numbers(self) -> None:
        """Whether run.json holds what the journal gives; raises `Unfit` with the first number that differs."""
        if "run.json" not in self.reports:
            raise Unfit(VERDICT, None, "is about no run.json")
        for name in ("run.json", "facts.json"):
            if again := self.reports.get(name):
                there = _object(self.recorded.folder, name)
                what = there and differing(there, json.loads(again))
                _compare(self.recorded.folder, name, again, str(what or _OTHER))

    def others(self) -> list[Unfit]:
        """Every other report that is missing, has other bytes, or is there though no verdict is about it."""
        unfit = []
        for name in (n for n in self.reports if n not in ("run.json", "facts.json")):
            try:
                _compare(self.recorded.folder, name, self.reports[name], _OTHER)
            except Unfit as found:
                unfit.append(found)
        written = {REPORTS[n] for n in (*self.reports, *self.missing)}
        never = (n for n in self.recorded.asked if REPORTS[n] not in written)
        lost = [n for n in (*self.missing, *never) if REPORTS[n] not in self.recorded.lost]
        unfit += [Unfit(name, None, "is missing; the bench asks for it") for name in lost]
        known = {NAME, VERDICT, *self.reports, *lost, *prints(self.recorded.folder)}
        extra = sorted(path.name for path in self.recorded.folder.iterdir() if path.name not in known)
        return unfit + [Unfit(name, None, "no verdict is about this file") for name in extra]

    def judged(self) -> None:
        """Whether verdict.json is the verdict on this journal and these reports; raises `Unfit`."""
        what = self.recorded.verdict and differing(self.recorded.verdict, json.loads(self.verdict))
        _compare(self.recorded.folder, VERDICT, self.verdict, str(what or _OTHER))


def _rendered(run: Run, place: Path, recorded: Recorded) -> dict[str, bytes]:
    """What the formats of the files that are there give, other files of these formats included."""
    found: dict[str, bytes] = {}
    ways = {name: (spoken, recorded.editions[name]) for name, spoken in recorded.languages.items()}
    for number, way in enumerate(dict.fromkeys(ways.values())):
        names = [name for name, own in ways.items() if own == way]
        formats = list(dict.fromkeys(REPORTS[name] for name in names))
        folder = place / str(number)
        try:
            report.write(run, folder, formats=formats, languages=way[0], edition=way[1])
        except report.ReportError as error:
            raise Unfit(names[0], None, f"cannot be made again: {error}") from error
        found |= {path.name: path.read_bytes() for path in folder.iterdir() if ways.get(path.name, way) == way}
    return found


def _compare(folder: Path, name: str, data: bytes, what: str) -> None:
    byte = first_difference(_read(folder, name), data)
    if byte is not None:
        raise Unfit(name, byte, what)
