"""The files of a pack, made from a run that was verified."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from aigc_eval import report
from aigc_eval.errors import AigcEvalError
from aigc_eval.journal import NAME
from aigc_eval.packing.archive import FIRST
from aigc_eval.packing.public import FILE, public_journal
from aigc_eval.packing.readme import readme
from aigc_eval.packing.statement import ATTESTATION, MANIFEST, SUMS, attestation, checksums, manifest
from aigc_eval.publishing import REPORTS, Written, verdict_text, with_lost
from aigc_eval.records import Edition
from aigc_eval.verify import Verified

__all__ = ["VERDICT", "completed", "contents"]

VERDICT = "verdict.json"
_PRIVATE = "facts.json"


def contents(verified: Verified, edition: Edition, packed_with: str) -> dict[str, bytes]:
    """Every file of the pack, by name; the same run gives the same bytes."""
    run = with_lost(verified.run, verified.lost) if verified.lost else verified.run
    told, _ = report.edited(run, edition)
    reports = _reports(verified, edition)
    written = {name: Written(sha256(data).hexdigest(), spoken, edition) for name, (data, spoken) in reports.items()}
    files = {name: data for name, (data, _) in reports.items()}
    files[VERDICT] = verdict_text(told, verified.journal, written).encode("utf-8")
    files["bench.json"], files["policy.json"] = _json(told.bench), _json(told.policy)
    if edition == "internal":
        files[NAME] = (verified.folder / NAME).read_bytes()
    else:
        files[FILE] = public_journal(run, report.edited(run, "public")[0], verified.journal)
    return completed(files, edition, packed_with)


def completed(files: Mapping[str, bytes], edition: Edition, packed_with: str) -> dict[str, bytes]:
    """The files with those that are about them: README.txt, attestation.json, manifest.json, SHA256SUMS."""
    verdict, facts = json.loads(files[VERDICT]), json.loads(files["run.json"])
    found = {name: data for name, data in files.items() if name not in (FIRST, ATTESTATION, MANIFEST, SUMS)}
    found[FIRST] = readme(edition, (*found, FIRST, ATTESTATION, MANIFEST, SUMS))
    found[ATTESTATION] = attestation(found, verdict, facts["digests"])
    found[MANIFEST] = manifest(found, facts, verdict["journal"], packed_with)
    found[SUMS] = checksums(found)
    return found


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, allow_nan=False) + "\n").encode("ascii")


def _reports(verified: Verified, edition: Edition) -> dict[str, tuple[bytes, tuple[str, ...]]]:
    """The run's reports in an edition, and the languages of each."""
    run = with_lost(verified.run, verified.lost) if verified.lost else verified.run
    spoken: dict[str, tuple[str, ...]] = {}
    for name, own in verified.languages.items():
        spoken.setdefault(REPORTS[name], own)
    found: dict[str, tuple[bytes, tuple[str, ...]]] = {}
    with tempfile.TemporaryDirectory(prefix="aigc-eval-pack-") as place:
        for number, languages in enumerate(dict.fromkeys(spoken.values())):
            formats = [form for form, own in spoken.items() if own == languages]
            try:
                files = report.write(
                    run, Path(place) / str(number), formats=formats, languages=languages, edition=edition
                )
            except report.ReportError as error:
                raise AigcEvalError(f"a report cannot be made in the {edition} edition: {error}") from error
            known = (path for path in files.values() if edition == "internal" or path.name != _PRIVATE)
            found |= {path.name: (path.read_bytes(), languages) for path in known}
    return {name: found[name] for name in REPORTS if name in found}
