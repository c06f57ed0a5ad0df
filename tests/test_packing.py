"""`aigc-eval pack` and `verify PACK.zip`: the same bytes each time, nothing inside that should not be, none changed."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from aigc_eval import config, packing, runner
from aigc_eval.cli import main
from aigc_eval.errors import JournalError, UsageError
from aigc_eval.journal import NAME
from aigc_eval.packing import archive, check, pack
from aigc_eval.packing.contents import completed
from aigc_eval.packing.readme import _FILES
from aigc_eval.packing.statement import attestation, checksums
from aigc_eval.publishing import REPORTS
from aigc_eval.records import Edition
from aigc_eval.report.mask import WITHHELD
from aigc_eval.reviewing import import_files
from aigc_eval.verify import Unfit
from tests.test_reviewing import BENCH, PHONE, carry_out, decisions, saved, third

EDITIONS: tuple[Edition, ...] = ("public", "reviewer", "internal")
ALWAYS = {"README.txt", "SHA256SUMS", "attestation.json", "bench.json", "junit.xml", "manifest.json", "policy.json",
          "report.html", "run.json", "summary.csv", "summary.md", "verdict.json"}  # fmt: skip
Files = dict[str, bytes]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with decisions."""
    folder = carry_out(tmp_path_factory.mktemp("packed"))
    file = decisions(folder, "Zhang Sanfeng", decide=third, note=f"calls {PHONE}")
    import_files(folder, [saved(file, folder.parent / "d.json")])
    return folder


@pytest.fixture(scope="module")
def packs(run: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("packs")
    return {edition: pack(run, edition, home / f"{edition}.zip").path for edition in EDITIONS}


def members(path: Path) -> Files:
    return archive.read(path.read_bytes())[0]


def found(data: bytes, place: Path) -> tuple[int, str, str]:
    """Exit code, file and fault of what is taken for a pack."""
    place.write_bytes(data)
    told = check(place)
    return told.exit_code, told.unfit.file if told.unfit else "", told.unfit.what if told.unfit else ""


# --- what is in a pack ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_pack_fits_and_any_tool_reads_it(packs: dict[str, Path], edition: Edition) -> None:
    told = check(packs[edition])
    assert (told.status, told.exit_code, told.unfit) == ("ok", 0, None)
    with zipfile.ZipFile(packs[edition]) as other:
        assert other.testzip() is None
        assert {i.filename: other.read(i) for i in other.infolist()} == members(packs[edition])
        assert {i.external_attr >> 16 for i in other.infolist()} == {0o100600 if edition == "internal" else 0o100644}
        assert other.infolist()[0].filename == "README.txt"
    extra = {"public": {"journal.public.jsonl"}, "reviewer": {"journal.public.jsonl", "rows.csv"},
             "internal": {"journal.jsonl", "rows.csv"}}  # fmt: skip
    assert members(packs[edition]).keys() - {"samples.html", "standards.csv"} == ALWAYS | extra[edition]
    assert packs[edition].stat().st_mode & 0o777 == (0o600 if edition == "internal" else 0o644)


def test_sha256sum_alone_checks_it(packs: dict[str, Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(packs["reviewer"]) as other:
        other.extractall(tmp_path)
    done = subprocess.run(["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout.count(b": OK") == len(members(packs["reviewer"])) - 1
    readme = (tmp_path / "README.txt").read_text("utf-8")
    assert "sha256sum -c SHA256SUMS" in readme
    assert "解压" in readme
    assert [n for n in members(packs["reviewer"]) if readme.count(f"\n{n}") != 2] == []
    lines = [line for line in readme.splitlines() if line.split(" ")[0] in members(packs["reviewer"])]
    assert all(len(line.split(None, 1)) == 2 for line in lines), "every file is told"


def test_the_same_run_gives_the_same_bytes(run: Path, packs: dict[str, Path], tmp_path: Path) -> None:
    moved = Path(shutil.copytree(run, tmp_path / "elsewhere" / "out"))
    assert pack(moved, "reviewer", tmp_path / "again.zip").path.read_bytes() == packs["reviewer"].read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "zone", "lang"), [
    ("1", "Asia/Shanghai", "zh_CN.UTF-8"), ("12345", "America/St_Johns", "tr_TR.UTF-8"),
])  # fmt: skip
def test_nothing_depends_on_where_and_when(
    run: Path, packs: dict[str, Path], tmp_path: Path, seed: str, zone: str, lang: str
) -> None:
    moved = Path(shutil.copytree(run, tmp_path / "out"))
    env = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LANG": lang, "LC_ALL": lang}
    known = json.loads((run / "verdict.json").read_bytes())
    subprocess.run([sys.executable, "-m", "aigc_eval", "report", str(moved)], env=env, check=True, capture_output=True)
    assert json.loads((moved / "verdict.json").read_bytes()) == known
    for edition in ("public", "internal"):
        out = tmp_path / f"{edition}.zip"
        command = [sys.executable, "-m", "aigc_eval", "pack", str(moved), "--edition", edition, "--out", str(out)]
        subprocess.run(command, env=env, check=True, capture_output=True)
        assert out.read_bytes() == packs[edition].read_bytes()


def test_the_internal_edition_holds_the_run_itself(run: Path, packs: dict[str, Path]) -> None:
    inside = members(packs["internal"])
    assert inside[NAME] == (run / NAME).read_bytes()
    assert PHONE.encode() in inside["rows.csv"]
    assert [c.name for c in check(packs["internal"]).checks][-5:] == [
        f"run: {name}" for name in ("journal", "files", "numbers", "reports", "verdict")
    ]


def test_no_other_edition_holds_a_value_a_key_or_who_it_was(run: Path, packs: dict[str, Path]) -> None:
    head = json.loads((run / NAME).read_bytes().splitlines()[0][33:])
    for edition, words in {
        "reviewer": [PHONE, head["mask_key"], str(run)],
        "public": [
            PHONE,
            head["mask_key"],
            str(run),
            "Zhang",
            "calls ",
            '"p1"',
            "Question",
            "The answer to",
            "prompts.jsonl",
        ],
    }.items():
        for name, data in members(packs[edition]).items():
            for word in words:
                if not (word == "prompts.jsonl" and name != "journal.public.jsonl"):
                    assert word.encode() not in data, (edition, name, word)


def test_the_public_journal_gives_the_measured_numbers(packs: dict[str, Path]) -> None:
    inside = members(packs["public"])
    first, *outputs = [json.loads(line) for line in inside["journal.public.jsonl"].splitlines()]
    facts = json.loads(inside["run.json"])
    assert (first["run"], first["prompts"], len(outputs)) == (facts["id"], 20, 40)
    assert set(outputs[0]) == {"kind", "output", "group", "candidate", "outcome", "error", "attempts", "scores"}
    rates = {
        e["candidate"]: e["value"] for e in facts["estimates"] if e["metric"] == "leak_rate" and not e.get("slice")
    }
    for name, rate in rates.items():
        own = [o["scores"]["pii"]["value"] for o in outputs if o["candidate"] == name]
        assert sum(v > 0 for v in own) / len(own) == rate
    assert len({o["group"] for o in outputs}) == 20
    assert [o["output"] for o in outputs] == [
        o["output"] for o in sorted(outputs, key=lambda o: (o["candidate"], o["output"]))
    ]


def test_the_manifest_and_the_statement(run: Path, packs: dict[str, Path]) -> None:
    inside = members(packs["public"])
    manifest, statement = (json.loads(inside[f"{n}.json"]) for n in ("manifest", "attestation"))
    verdict = json.loads((run / "verdict.json").read_bytes())
    assert (manifest["edition"], manifest["journal"]) == ("public", verdict["journal"])
    assert manifest["files"].keys() == inside.keys() - {"manifest.json", "SHA256SUMS"}
    assert manifest["files"]["report.html"] == {
        "sha256": hashlib.sha256(inside["report.html"]).hexdigest(), "size": len(inside["report.html"])
    }  # fmt: skip
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    named = {s["name"]: s["digest"]["sha256"] for s in statement["subject"]}
    listed = {n: f["sha256"] for n, f in manifest["files"].items() if n != "attestation.json"}
    assert named == listed
    predicate = statement["predicate"]
    assert (predicate["result"], predicate["passedTests"]) == ("PASSED", ["good: pii.leak_rate <= 20 %"])
    read = {c["name"]: c["digest"]["sha256"] for c in predicate["configuration"]}
    assert read["bench.json"] == named["bench.json"]
    assert read["policy.json"] == named["policy.json"]
    assert read["read: bench"] == hashlib.sha256((run.parent / "bench.yaml").read_bytes()).hexdigest()


def test_every_report_is_told_in_the_readme() -> None:
    assert not {*REPORTS, NAME, "verdict.json"} - {*_FILES}


def gate(status: str, waived: bool = False) -> dict[str, Any]:
    return {"candidate": "a", "gate": f"g.{status}", "status": status, **({"waiver": {"owner": "x"}} if waived else {})}


@pytest.mark.parametrize(("status", "release", "gates", "result"), [
    ("pass", True, [gate("pass")], "PASSED"),
    ("pass", True, [gate("pass"), gate("fail", waived=True)], "WARNED"),
    ("pass", False, [gate("pass")], "FAILED"),
    ("fail", True, [gate("pass"), gate("fail")], "FAILED"),
    ("undetermined", True, [gate("pass"), gate("undetermined")], "FAILED"),
    ("undetermined", False, [], "FAILED"),
    ("not_gated", False, [], "FAILED"),
    ("pass", True, [], "FAILED"),
])  # fmt: skip
def test_only_a_pass_for_a_release_is_passed(status: str, release: bool, gates: list[Any], result: str) -> None:
    code = {"pass": 0, "fail": 1, "undetermined": 3, "not_gated": 0}[status]
    verdict = {"status": status, "exit_code": code, "release": release, "gates": gates, "journal": "0"}
    said = json.loads(attestation({"bench.json": b"", "policy.json": b""}, verdict, {}))["predicate"]
    assert said["result"] == result
    told = [*said["passedTests"], *said["warnedTests"], *said["failedTests"]]
    assert sorted(told) == sorted(f"a: {g['gate']}" for g in gates)
    assert said["undeterminedTests"] == [f"a: {g['gate']}" for g in gates if g["status"] == "undetermined"]
    assert not {*said["undeterminedTests"]} - {*said["failedTests"]}


# --- what is refused --------------------------------------------------------------------------------------------------


def test_a_run_that_does_not_verify_is_not_packed(run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    spoilt = Path(shutil.copytree(run, tmp_path / "out"))
    (spoilt / "summary.md").write_text("all is well\n")
    assert main(["pack", str(spoilt)]) == 2
    assert "does not verify" in (told := capfd.readouterr().err)
    assert "summary.md" in told
    assert main(["pack", str(tmp_path / "none")]) == 2
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.slow
def test_a_run_that_cannot_be_verified_in_full_is_not_packed(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "from aigc_eval.plugin import Scorer\nfrom aigc_eval.records import Score\nfrom aigc_eval.metrics import Mean\n"
        "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass Own(Scorer):\n"
        "    def score(self, batch): return [Score(1.0) for _ in batch]\n"
        "    def metrics(self): return (Mean('m', better='lower', bounds=(0.0, 1.0)),)\n"
    )
    sys.path.insert(0, str(tmp_path))
    try:
        config_of = BENCH.replace("[pii]", '[pii, {name: own, scorer: "own:Own"}]')
        with pytest.raises(Exception, match="trust"):
            carry_out(tmp_path, config_of)
        runner.run(config.load(tmp_path / "bench.yaml", trust=True), tmp_path / "out")
        with pytest.raises(JournalError, match=r"cannot be verified in full.*--trust-bench"):
            pack(tmp_path / "out")
        assert check(pack(tmp_path / "out", trust=True).path).status == "ok"
        internal = pack(tmp_path / "out", "internal", trust=True).path
        assert (check(internal).exit_code, check(internal, trust=True).exit_code) == (3, 0)
    finally:
        sys.path.remove(str(tmp_path))


def test_nothing_else_is_overwritten(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "thesis.zip"
    other.write_bytes(b"PK\3\4 all my work")
    with pytest.raises(UsageError, match="is no pack"):
        pack(run, "public", other)
    with pytest.raises(UsageError, match="in the run's folder"):
        pack(run, "public", run / "pack.zip")
    assert other.read_bytes() == b"PK\3\4 all my work"
    old = tmp_path / "p.zip"
    old.write_bytes(archive.laid_out({"README.txt": b"of another pack"}))
    assert pack(run, "public", old).sha256 == hashlib.sha256(old.read_bytes()).hexdigest()


def test_a_pack_that_would_be_too_large(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "MOST_BYTES", 10)
    with pytest.raises(UsageError, match="more than 10; pack another edition"):
        pack(run, "public", tmp_path / "q.zip")


def test_the_commands(run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "p.zip"
    assert main(["pack", str(run), "--out", str(out), "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert main(["verify", str(out)]) == 0
    assert "everything fits" in capfd.readouterr().err
    out.write_bytes(out.read_bytes()[:-1])
    assert main(["verify", str(out), "--json"]) == 2
    assert json.loads(capfd.readouterr().out)["first_difference"]["file"] == "(archive)"
    capfd.readouterr()
    assert main(["verify", str(tmp_path / "none.zip")]) == 2
    assert "none.zip: there is no such folder or file" in capfd.readouterr().err


# --- archives that were changed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("edition", EDITIONS)
def test_any_flipped_byte_is_found(packs: dict[str, Path], tmp_path: Path, edition: Edition) -> None:
    data, rng = packs[edition].read_bytes(), random.Random(edition)
    starts = [data.index(f"{name}".encode(), 0) for name in members(packs[edition])]
    directory = data.index(b"PK\1\2")
    places = [0, len(data) - 1, *starts, *range(directory, directory + 60), *rng.sample(range(len(data)), 150)]
    for place in places:
        broken = bytearray(data)
        broken[place] ^= 1 << rng.randrange(8)
        assert found(bytes(broken), tmp_path / "p.zip")[0] == 2, place


def test_the_file_that_was_changed_is_named(packs: dict[str, Path], tmp_path: Path) -> None:
    files = members(packs["internal"])
    for name, content in files.items():
        for place in {0, len(content) // 2, len(content) - 1}:
            broken = bytearray(content)
            broken[place] ^= 1
            told = found(archive.laid_out({**files, name: bytes(broken)}, 0o600), tmp_path / "p.zip")
            assert told[0] == 2
            assert told[1] == name or name in ("manifest.json", "SHA256SUMS"), (name, told)


def remade(files: Files, edition: Edition, **changed: Callable[[Any], object]) -> bytes:
    """A pack by somebody who changes some JSON files and makes manifest, attestation and checksums anew."""
    made = dict(files)
    for name, change in changed.items():
        value = json.loads(made[f"{name}.json"])
        change(value)
        made[f"{name}.json"] = (json.dumps(value, indent=1) + "\n").encode()
    made = completed(made, edition, packing.__version__)
    return archive.laid_out(made, 0o600 if edition == "internal" else 0o644)


REMADE: dict[str, tuple[dict[str, Callable[[Any], object]], str]] = {
    "another verdict": ({"verdict": lambda v: v.update(status="fail")}, "verdict.json"),
    "another gate": ({"verdict": lambda v: v["gates"][0].update(status="fail")}, "verdict.json"),
    "another report": ({"verdict": lambda v: v["reports"].update({"report.html": "0" * 64})}, "report.html"),
    "a report less": ({"verdict": lambda v: v["reports"].pop("summary.md")}, "summary.md"),
    "another bench": ({"bench": lambda v: v.update(name="x")}, "bench.json"),
    "another policy": ({"policy": lambda v: v.update(confidence=0.5)}, "policy.json"),
    "another number": ({"run": lambda v: v["estimates"][0].update(value=0.125)}, "run.json"),
}


@pytest.mark.parametrize("edition", ["public", "internal"])
@pytest.mark.parametrize("name", REMADE)
def test_files_that_contradict_each_other_are_found(
    packs: dict[str, Path], tmp_path: Path, edition: Edition, name: str
) -> None:
    changes, file = REMADE[name]
    code, where, what = found(remade(members(packs[edition]), edition, **changes), tmp_path / "p.zip")
    assert (code, where) == (2, file), what


def test_a_file_of_no_pack_is_found_though_everything_names_it(packs: dict[str, Path], tmp_path: Path) -> None:
    more = completed({**members(packs["public"]), "approved.html": b"Pass."}, "public", packing.__version__)
    assert found(archive.laid_out(more), tmp_path / "t.zip") == (2, "approved.html", "is no file that a pack has")


def test_a_whole_forgery_is_found_where_the_journal_is_inside(packs: dict[str, Path], tmp_path: Path) -> None:
    """Who makes even verdict.json fit is found by the journal, or not at all: a pack is not signed."""
    for edition, code in (("internal", 2), ("reviewer", 0)):
        files = members(packs[edition])
        facts, verdict = json.loads(files["run.json"]), json.loads(files["verdict.json"])
        facts["estimates"][0]["value"] = 0.5
        files["run.json"] = (json.dumps(facts, indent=1) + "\n").encode()
        verdict["reports"]["run.json"] = hashlib.sha256(files["run.json"]).hexdigest()
        files["verdict.json"] = (json.dumps(verdict, indent=1) + "\n").encode()
        data = remade(files, cast("Edition", edition))
        assert found(data, tmp_path / "p.zip")[0] == code


# --- archives that nobody packed --------------------------------------------------------------------------------------


def zipped(files: dict[str, bytes], **options: Any) -> bytes:
    """What other programs write."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", options.pop("method", zipfile.ZIP_STORED)) as other:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = other.compression
            info.external_attr = options.get("mode", 0o100644) << 16
            other.writestr(info, data)
        other.comment = options.get("comment", b"")
    return buffer.getvalue()


@pytest.mark.parametrize("name", [
    "../evil", "/etc/passwd", "a/b", "..", ".hidden", "a\\b", "C:x", "a b", "é", "a\n", "x" * 101, "-rf",
])  # fmt: skip
def test_names_that_leave_the_folder_or_hide(packs: dict[str, Path], tmp_path: Path, name: str) -> None:
    code, where, what = found(zipped({**members(packs["public"]), name: b"x"}), tmp_path / "p.zip")
    assert (code, where) == (2, "(archive)")
    assert "is called" in what


def test_links_bombs_and_other_archives(packs: dict[str, Path], tmp_path: Path) -> None:
    files, place = members(packs["public"]), tmp_path / "p.zip"
    assert "is a link" in found(zipped(files, mode=0o120777), place)[2]
    assert found(zipped(files, mode=0o100755), place)[0] == 2
    assert found(zipped(files, comment=b"hello"), place)[0] == 2
    assert (
        "is compressed" in found(zipped({**files, "zeros": b"0" * 10_000_000}, method=zipfile.ZIP_DEFLATED), place)[2]
    )
    assert "more than 64 files" in found(zipped({f"f{i:03}": b"" for i in range(65)}), place)[2]
    assert found(b"MZ" + packs["public"].read_bytes(), place)[2] == "this is no pack"
    assert found(packs["public"].read_bytes() + b"\0", place)[0] == 2
    assert found(b"", place)[2] == "this is no pack"
    assert check(tmp_path).exit_code == 2


def test_files_twice_or_of_a_false_size(packs: dict[str, Path], tmp_path: Path) -> None:
    data, place = packs["public"].read_bytes(), tmp_path / "p.zip"
    head = struct.calcsize("<4s5H3L2H") + len("README.txt")
    size = struct.unpack_from("<L", data, 22)[0]
    assert found(data[: head + size] + data, place)[1:] == ("README.txt", "is there twice")
    large = bytearray(data)
    struct.pack_into("<2L", large, 18, 0xFFFFFFF0, 0xFFFFFFF0)
    assert found(bytes(large), place)[2] == "is cut short"
    with pytest.raises(Unfit, match="in another order"):
        archive.read(swapped(members(packs["public"])))


def swapped(files: Files) -> bytes:
    """The same files the other way round."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive, "_ordered", lambda names: sorted(names, reverse=True))
        return archive.laid_out(files)


@pytest.mark.parametrize("change", [
    lambda f: {**f, "more.txt": b"x"},
    lambda f: {n: d for n, d in f.items() if n != "summary.md"},
    lambda f: {n: d for n, d in f.items() if n != "manifest.json"},
    lambda f: {**f, "manifest.json": b"[]\n"},
    lambda f: {**f, "manifest.json": b"{}\n"},
    lambda f: {**f, "manifest.json": f["manifest.json"].replace(b'"public"', b'"secret"')},
    lambda f: {**f, "manifest.json": f["manifest.json"].replace(b'"files": {', b'"files": {"../x": {}, ')},
    lambda f: {**f, "SHA256SUMS": f["SHA256SUMS"] + b"\n"},
])  # fmt: skip
def test_a_file_more_or_less_is_found(packs: dict[str, Path], tmp_path: Path, change: Callable[[Files], Files]) -> None:
    files = change(members(packs["public"]))
    assert found(archive.laid_out(files), tmp_path / "p.zip")[0] == 2
    if "manifest.json" in files:
        files = {**files, "SHA256SUMS": checksums(files)}
        told = found(archive.laid_out(files), tmp_path / "p.zip")
        assert told[0] == 2 or files == members(packs["public"])


@pytest.mark.slow
def test_a_thousand_planted_values_are_in_no_pack_for_others(tmp_path: Path) -> None:
    """Phone numbers in answers, prompts, ids, tags and evidence: none in any file of the public and reviewer packs."""
    rng = random.Random(1000)
    planted = [f"1{rng.choice('35789')}{rng.randrange(10**9):09d}" for _ in range(1000)]
    for start, name in ((0, "good"), (500, "bad")):
        own = planted[start : start + 500]
        lines = [
            {"id": f"p{i}", "text": f"Call {own[5 * i]} or {'; '.join(own[5 * i + 1 : 5 * i + 5])}."}
            for i in range(100)
        ]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n", "utf-8")
    asked = [{"id": f"p{i}", "prompt": f"Who has {planted[5 * i]}?", "city": planted[5 * i + 1]} for i in range(100)]
    (tmp_path / "prompts.jsonl").write_text("\n".join(map(json.dumps, asked)) + "\n", "utf-8")
    (tmp_path / "bench.yaml").write_text(BENCH.replace("slices: [lang]", "slices: [city]"), "utf-8")
    runner.run(config.load(tmp_path / "bench.yaml"), tmp_path / "out")
    inside = members(pack(tmp_path / "out", "internal", tmp_path / "internal.zip").path)
    assert all(value.encode() in inside[NAME] for value in planted), "all values were to be planted"
    for edition in ("public", "reviewer"):
        files = members(pack(tmp_path / "out", cast("Edition", edition), tmp_path / f"{edition}.zip").path)
        text = b"\n".join(files.values()).decode("utf-8")
        assert [value for value in planted if value in text] == []
        assert WITHHELD not in text
