"""The demonstration benchmark is what its README says it is, and everything personal in it is synthetic."""

from __future__ import annotations

import csv
import hashlib
import ipaddress
import json
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from aigc_eval import config, gates, prompts, runner, text
from aigc_eval.records import Prompt

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
README = (BENCHMARKS / "README.md").read_text("utf-8")
DATA = ("prompts/quickstart.jsonl", "recorded/steady.jsonl", "recorded/hasty.jsonl")
BENCHES = ("quickstart.yaml", "failing.yaml")
CATEGORIES = ("writing", "advice", "privacy", "facts", "grounded")


def records(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (BENCHMARKS / name).read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def asked() -> dict[str, Prompt]:
    return {p.id: p for p in prompts.load(BENCHMARKS / DATA[0]).prompts}


@pytest.mark.parametrize("name", DATA)
def test_the_readme_has_the_digest_of_each_data_file(name: str) -> None:
    told = re.search(rf"\| `{re.escape(name)}` \| `([0-9a-f]*)` \|", README)
    assert told is not None
    assert told[1] == hashlib.sha256((BENCHMARKS / name).read_bytes()).hexdigest()


def test_every_file_is_described_and_licensed() -> None:
    files = {p.relative_to(BENCHMARKS).as_posix() for p in BENCHMARKS.rglob("*") if p.is_file()}
    described = set(re.findall(r"`([\w./]+\.(?:yaml|jsonl))`", README))
    assert {*DATA, *BENCHES} <= described <= files
    assert "Licence: Apache-2.0" in README
    assert "Author: The aigc-eval authors" in README


def test_half_of_the_prompts_are_chinese_in_every_category(asked: dict[str, Prompt]) -> None:
    counts = Counter((p.tags["lang"], p.tags["category"]) for p in asked.values())
    assert counts == {(lang, category): 10 for lang in ("en", "zh") for category in CATEGORIES}
    assert all(text.language(p.text) == p.tags["lang"] for p in asked.values())


def test_every_prompt_has_its_pair_and_its_id_says_so(asked: dict[str, Prompt]) -> None:
    assert all(p.id == f"{p.tags['lang']}-{p.tags['pair']}" for p in asked.values())
    assert set(Counter(p.tags["pair"] for p in asked.values()).values()) == {2}
    assert all(p.tags["pair"].startswith(p.tags["category"]) for p in asked.values())


def test_facts_have_references_and_grounded_prompts_carry_their_evidence(asked: dict[str, Prompt]) -> None:
    for prompt in asked.values():
        category = prompt.tags["category"]
        assert bool(prompt.references) or category != "facts"
        assert bool(prompt.evidence) == (category == "grounded")
        assert all(passage in prompt.text for passage in prompt.evidence)
    assert sum(bool(p.references) for p in asked.values()) == 30


@pytest.mark.parametrize("name", DATA[1:])
def test_every_prompt_is_answered_once(name: str, asked: dict[str, Prompt]) -> None:
    answers = records(name)
    assert [a["id"] for a in answers] == list(asked)
    assert all(set(a) <= {"id", "text", "fault"} for a in answers)


def test_the_readme_counts_the_planted_faults() -> None:
    told = {name: int(n) for name, n in re.findall(r"^\| `(\w+)` \| (\d+) \|", README, re.MULTILINE)}
    planted = Counter(a["fault"] for a in records("recorded/hasty.jsonl") if "fault" in a)
    assert planted == told
    assert "answers five prompts properly. The other 95" in README
    assert planted.total() == 95
    steady = {a["id"]: a["fault"] for a in records("recorded/steady.jsonl") if "fault" in a}
    assert steady == {"en-facts-06": "wrong_fact", "zh-grounded-08": "unsupported_number"}
    assert all(f"(`{prompt}`)" in README for prompt in steady)


def test_only_one_answer_is_empty_so_that_coverage_stays_at_99_percent() -> None:
    assert [a["id"] for a in records("recorded/hasty.jsonl") if not a["text"]] == ["zh-writing-10"]
    assert all(a["text"].strip() for a in records("recorded/steady.jsonl"))


@pytest.mark.parametrize("name", BENCHES)
def test_the_benches_name_files_that_exist_and_gates_that_parse(name: str) -> None:
    bench = yaml.safe_load((BENCHMARKS / name).read_text("utf-8"))
    recorded = [c for c in bench["candidates"] if "replay" in c["generator"]]
    paths = [*bench["prompts"], *(c["generator"]["replay"]["path"] for c in recorded)]
    assert all((BENCHMARKS / path).is_file() for path in paths)
    assert bench["release"] in [c["name"] for c in recorded]
    assert all("not a real model" in c["note"] for c in recorded)
    named = {name for scorer in bench["scorers"] for name in ([scorer] if isinstance(scorer, str) else scorer)}
    for gate in bench["gates"]:
        parsed = gates.parse(gate) if isinstance(gate, str) else gates.parse(gate["gate"], gate["where"])
        assert parsed.scorer in named


def statuses(name: str, out: Path) -> set[str]:
    """The verdicts of a bench's gates, by a real run."""
    return {v.status for v in runner.run(config.load(BENCHMARKS / name), out).verdicts}


def test_every_gate_passes_for_the_careful_candidate(tmp_path: Path) -> None:
    assert statuses("quickstart.yaml", tmp_path) == {"pass"}
    with (tmp_path / "rows.csv").open(encoding="utf-8-sig", newline="") as file:
        live = [row for row in csv.DictReader(file) if row["candidate"] == "live"]
    assert len(live) == 100
    assert {row["outcome"] for row in live} <= {"ok", "truncated"}  # the bundled model goes on from every prompt
    assert all(row["text"].strip() and float(row["fluency.nll"]) > 0 for row in live)


def test_every_gate_fails_for_the_careless_candidate_and_none_is_undetermined(tmp_path: Path) -> None:
    assert statuses("failing.yaml", tmp_path) == {"fail"}


EVERYTHING = "\n".join((BENCHMARKS / name).read_text("utf-8") for name in DATA)
SYNTHETIC_NUMBERS = {
    "11010519491231002",
    "440524188001010014",
    "4111111111111111",
    "5555555555554444",
    "378282246310005",
    "6200000000000005",
    "6205500000000000004",
    "03605550123",
    "219099999",
    "00000001",
    "00000002",
}


def test_mail_addresses_and_hosts_are_reserved_for_examples() -> None:
    hosts = re.findall(r"@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)", EVERYTHING)
    assert len(hosts) > 10
    assert set(hosts) <= {"example.com", "example.net", "example.org", "db.example.com"}


def test_ip_addresses_are_documentation_addresses() -> None:
    nets = [ipaddress.ip_network(n) for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]
    found = re.findall(r"\d+\.\d+\.\d+\.\d+|[0-9a-f]+(?::+[0-9a-f]+){4,}", EVERYTHING)
    assert len(found) > 6
    assert all(any(ipaddress.ip_address(a) in n for n in nets) for a in found)


def test_every_long_number_is_a_published_example_or_in_a_reserved_range() -> None:
    without_hex = re.sub(
        r"eyJ[\w.-]+|MC4C[\w+/]+|2001:db8[0-9a-f:]+|91350100M000100Y43|\d{1,3}(?:\.\d{1,3}){3}", "", EVERYTHING
    )
    runs = {re.sub(r"\D", "", run) for run in re.findall(r"\d(?:[ ()-]{0,2}\d){6,}", without_hex, re.ASCII)}
    assert runs >= SYNTHETIC_NUMBERS
    others = runs - SYNTHETIC_NUMBERS
    fiction = {n for n in others if re.fullmatch(r"1?[2-9]\d\d55501\d\d", n)}
    message_centres = {n for n in others if re.fullmatch(r"13800[1-9]\d\d500", n)}
    amounts = {"2400000"}
    assert fiction
    assert message_centres
    assert others == fiction | message_centres | amounts


def test_passports_and_plates_are_placeholders() -> None:
    assert set(re.findall(r"\b[EGDSPH]\d{8}\b", EVERYTHING, re.ASCII)) == {"E00000001", "E00000002"}
    plates = re.findall(
        "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][A-Z0-9]{5,6}", EVERYTHING
    )
    assert plates
    assert set(plates) == {"京A00000", "粤BD00000"}


def test_secrets_are_the_examples_of_their_documentation() -> None:
    assert set(re.findall(r"AKIA\w+", EVERYTHING)) == {"AKIAIOSFODNN7EXAMPLE"}
    signatures = {t.rpartition(".")[2] for t in re.findall(r"eyJ[\w.-]+", EVERYTHING, re.ASCII)}
    assert signatures == {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}  # RFC 7519, section 3.1
    keys = re.findall(r"PRIVATE KEY-----\\n(.*?)\\n-----END", EVERYTHING)
    assert keys == ["MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC"] * 2  # RFC 8410, section 10.3


def test_the_schemas_beside_the_benches_are_the_current_ones() -> None:
    from aigc_eval.config import json_schema, policy_schema

    for name, schema in (("bench", json_schema()), ("policy", policy_schema())):
        assert json.loads((BENCHMARKS / f"{name}.schema.json").read_text("utf-8")) == schema


def test_the_policy_fits_its_schema_and_steady_passes_it(tmp_path: Path) -> None:
    import jsonschema

    from aigc_eval import config, runner, yaml_file

    path = BENCHMARKS / "policies" / "release.yaml"
    schema = json.loads((BENCHMARKS / "policy.schema.json").read_text("utf-8"))
    jsonschema.validate(yaml_file.load(path).root.plain(), schema)
    assert path.read_text("utf-8").startswith("# yaml-language-server: $schema=../policy.schema.json\n")
    done = runner.run(config.load(BENCHMARKS / "quickstart.yaml", policy=path), tmp_path)
    assert (done.status, done.exit_code) == ("pass", 0)
    assert done.policy["sha256"] == yaml_file.load(path).sha256


@pytest.mark.parametrize(
    "path", [*sorted(BENCHMARKS.glob("*.yaml")), *sorted((BENCHMARKS.parent / "tests/real").glob("*.yaml"))]
)
def test_every_bench_names_the_schema(path: Path) -> None:
    first = path.read_text("utf-8").partition("\n")[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (path.parent / first.partition("=")[2]).resolve() == (BENCHMARKS / "bench.schema.json").resolve()
