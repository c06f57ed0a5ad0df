"""What a pack says of itself: its manifest, an in-toto statement of the verdict, and checksums for any `sha256sum`.

The statement is in-toto's (Statement v1, predicate test-result v0.1, https://github.com/in-toto/attestation). There a
warning is something that passed. So a run is PASSED where every gate passes, WARNED where it passes by waivers, and
FAILED in any other case: undetermined, not gated, or not for a release. Nothing here is signed; who wants to vouch for
a pack signs `attestation.json`, or keeps the pack's own SHA-256 where others cannot write.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["ATTESTATION", "FORMAT", "MANIFEST", "SUMS", "attestation", "checksums", "manifest"]

MANIFEST, ATTESTATION, SUMS = "manifest.json", "attestation.json", "SHA256SUMS"
FORMAT = "aigc-eval pack"
_TYPE = "https://in-toto.io/Statement/v1"
_PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
_CONFIGURATION = ("bench.json", "policy.json")
Files = Mapping[str, bytes]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _text(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, allow_nan=False) + "\n").encode("ascii")


def attestation(files: Files, verdict: Mapping[str, Any], digests: Mapping[str, str]) -> bytes:
    """attestation.json about all files but itself, the manifest and the checksums.

    `verdict` is what verdict.json holds, `digests` are those of the files that the run read.
    """
    due = {name: files[name] for name in sorted(files) if name not in (MANIFEST, ATTESTATION, SUMS)}
    subject = [{"name": name, "digest": {"sha256": _sha256(data)}} for name, data in due.items()]
    return _text({"_type": _TYPE, "subject": subject, "predicateType": _PREDICATE, "predicate": {
        "result": _result(verdict),
        "configuration": _configuration(due, digests),
        "passedTests": _tests(g for g in verdict["gates"] if g["status"] == "pass"),
        "warnedTests": _tests(g for g in verdict["gates"] if g["status"] != "pass" and g.get("waiver")),
        "failedTests": _tests(g for g in verdict["gates"] if g["status"] != "pass" and not g.get("waiver")),
        "undeterminedTests": _tests(g for g in verdict["gates"] if g["status"] == "undetermined"),
        "verdict": {name: verdict[name] for name in ("status", "exit_code", "release", "journal")},
    }})  # fmt: skip


def _result(verdict: Mapping[str, Any]) -> str:
    if verdict["status"] != "pass" or verdict["exit_code"] != 0 or not verdict["release"] or not verdict["gates"]:
        return "FAILED"
    return "PASSED" if all(gate["status"] == "pass" for gate in verdict["gates"]) else "WARNED"


def _configuration(files: Files, digests: Mapping[str, str]) -> list[dict[str, Any]]:
    """The bench and the policy as in the pack, then what the run read, by name and digest."""
    own = [{"name": name, "digest": {"sha256": _sha256(files[name])}} for name in _CONFIGURATION]
    read = [{"name": f"read: {k}", "digest": {"sha256": v}} for k, v in sorted(digests.items()) if len(v) == 64]
    return own + read


def _tests(gates: Iterable[Mapping[str, Any]]) -> list[str]:
    return [f"{gate['candidate']}: {gate['gate']}" for gate in gates]


def manifest(files: Files, facts: Mapping[str, Any], journal: str, packed_with: str) -> bytes:
    """manifest.json about all files but itself and the checksums; `facts` are those of the pack's run.json."""
    listed = {
        name: {"sha256": _sha256(files[name]), "size": len(files[name])}
        for name in sorted(files)
        if name not in (MANIFEST, SUMS)
    }
    return _text({"format": FORMAT, "version": 1, "edition": facts["edition"], "run": facts["id"],
                  "name": facts["name"], "created": facts["created"], "journal": journal,
                  "packed_with": packed_with, "versions": facts["versions"], "files": listed})  # fmt: skip


def checksums(files: Files) -> bytes:
    """SHA256SUMS about all files but itself."""
    return "".join(f"{_sha256(files[name])}  {name}\n" for name in sorted(files) if name != SUMS).encode("ascii")
