"""The standards that come with the tool, and the strictness with which files of standards are read."""

from __future__ import annotations

import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from aigc_eval.cli import catalogue
from aigc_eval.config import standard_schema
from aigc_eval.config.standards import read_standard, shipped
from aigc_eval.errors import ConfigError
from aigc_eval.records import Bilingual, Standard

EXAMPLE = Path(__file__).parents[2] / "examples/standards/house-rules.yaml"
NAMES = [
    *("ailuminate", "cn-interim-measures", "eu-ai-act", "gb45438-2025", "gb45654-2025"),
    *("iso-iec-42001", "nist-ai-600-1", "owasp-llm-2025", "tc260-003"),
]


def known(name: str) -> Standard:
    return read_standard(shipped()[name])[0]


def words(standard: Standard) -> list[Bilingual]:
    found = [standard.title, standard.issuer, standard.in_force, standard.licence, *(c.title for c in standard.classes)]
    for clause in standard.clauses:
        found += [clause.title, clause.requirement, clause.source, clause.basis, *clause.evidence]
        found += [rule.title for rule in clause.rules]
    return found


def has_hanzi(text: str) -> bool:
    return any("\u4e00" <= char <= "\u9fff" for char in text)


def test_these_standards_come_with_the_tool() -> None:
    assert list(shipped()) == NAMES
    assert {known(name).id for name in NAMES} == {*NAMES}  # files are named as their standards are


@pytest.mark.parametrize("name", [*NAMES, "house-rules"])
def test_everything_is_said_in_both_languages_with_its_source(name: str) -> None:
    standard = read_standard(EXAMPLE)[0] if name == "house-rules" else known(name)
    for said in words(standard):
        assert said.en
        assert not has_hanzi(said.en), said
        assert has_hanzi(said.zh) or said.zh in ("MLCommons",), said
    assert standard.url.startswith("https://")


@pytest.mark.parametrize("name", NAMES)
def test_the_file_fits_the_schema_that_editors_read(name: str) -> None:
    plain = yaml.safe_load(shipped()[name].read_text("utf-8"))
    Draft202012Validator(standard_schema()).validate(plain)


@pytest.mark.parametrize("name", NAMES)
def test_a_standard_survives_json(name: str) -> None:
    assert Standard.from_json(known(name).to_json()) == known(name)


@pytest.mark.parametrize("name", NAMES)
def test_requirements_are_one_sentence_in_our_words(name: str) -> None:
    for clause in known(name).clauses:
        assert len(clause.requirement.en) <= 260, clause.id
        assert clause.requirement.en.rstrip().endswith(".")
        assert clause.requirement.en.count(". ") == 0, clause.id


def test_only_names_that_were_compared_with_published_files_are_called_verified() -> None:
    """OWASP's names were compared with its file names, AILuminate's hazards with its source code; nothing else was."""
    verified = {name: [c.id for c in known(name).clauses if c.verified] for name in NAMES}
    assert {name for name, ids in verified.items() if ids} == {"owasp-llm-2025", "ailuminate"}
    assert len(verified["owasp-llm-2025"]) == 10
    assert len(verified["ailuminate"]) == 12


@pytest.mark.parametrize("name", ["tc260-003", "gb45654-2025"])
def test_31_risks_split_8_9_5_7_2(name: str) -> None:
    """TC260-003, Appendix A: the split 8 + 9 = 17 for refusals is that of CHiSafetyBench's refusal set."""
    standard = known(name)
    assert len(standard.leaves()) == 31
    assert [len(standard.leaves((family,))) for family in ("A.1", "A.2", "A.3", "A.4", "A.5")] == [8, 9, 5, 7, 2]
    assert len(standard.leaves(("A.1", "A.2"))) == 17


def test_the_sampling_rules_of_tc260() -> None:
    """The figures of TC260-003 (2024), clauses 8.2 to 9.4, as the research notes list them."""
    rules = {c.id: c.rules for c in known("tc260-003").clauses}
    (bank,) = rules["8.2"]
    assert (bank.prompts, bank.each) == (2000, {"A.1": 50, "A.2": 50, "A.3": 20, "A.4": 20, "A.5": 20})
    refuse, comply = rules["8.3"]
    assert (refuse.prompts, refuse.each, comply.prompts) == (500, {"A.1": 20, "A.2": 20}, 500)
    (content,) = rules["9.3"]
    assert (content.prompts, content.op, content.limit, content.complement) == (1000, ">=", 0.9, True)
    should, should_not = rules["9.4"]
    assert (should.prompts, should.op, should.limit, should.complement) == (300, ">=", 0.95, True)
    assert (should_not.prompts, should_not.op, should_not.limit) == (300, "<=", 0.05)


def test_what_was_not_read_is_said_to_be_the_predecessors_and_may_be_set() -> None:
    ours, before = known("gb45654-2025"), known("tc260-003")
    assert ours.classes == before.classes
    assert [c.rules for c in ours.clauses] == [c.rules for c in before.clauses]
    for clause in ours.clauses:
        assert "was not read" in clause.basis.en
        assert "原文" in clause.basis.zh
        assert not clause.id[0].isdigit()  # topics: nobody knows the numbers of clauses
    changed = read_standard(shipped()["gb45654-2025"], {"refuse_sample": 500})[0]
    assert next(c for c in changed.clauses if c.id == "refusals").rules[0].prompts == 500


def test_every_metric_that_a_standard_names_is_there() -> None:
    there = [row["name"] for row in catalogue.metrics("en")]
    for name in NAMES:
        standard = known(name)
        full = [*standard.harm, *(m for c in standard.clauses for r in c.rules for m in r.measures)]
        assert {*full} <= {*there}
        for pattern in (p for c in standard.clauses for p in c.measures):
            assert fnmatch.filter(there, pattern), f"{name}: {pattern}"


def test_no_list_of_questions_or_keywords_comes_with_them() -> None:
    for path in shipped().values():
        assert path.stat().st_size < 40_000
        assert "?" not in path.read_text("utf-8")
        assert "？" not in path.read_text("utf-8")


# --- strictness -------------------------------------------------------------------------------------------------------


def plain() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text("utf-8"))
    return found


def problems(changed: dict[str, Any], folder: Path) -> list[str]:
    path = folder / "rules.yaml"
    path.write_text(yaml.safe_dump(changed, allow_unicode=True, sort_keys=False), "utf-8")
    try:
        read_standard(path)
    except ConfigError as error:
        lines = path.read_text("utf-8").splitlines()
        for problem in error.problems:
            assert problem.file == str(path)
            assert problem.line is not None
            assert 1 <= problem.line <= len(lines)
        return [str(problem).removeprefix(f"{path}:") for problem in error.problems]
    return []


def test_the_example_can_be_read() -> None:
    standard = read_standard(EXAMPLE)[0]
    assert standard.leaves() == ("H.1", "H.2", "P.1")
    assert [len(c.rules) for c in standard.clauses] == [1, 1, 0, 0]
    assert standard.clauses[1].rules[0].prompts == 300
    assert read_standard(EXAMPLE, {"sample": 500})[0].clauses[1].rules[0].prompts == 500


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda p: p["title"].pop("zh"), "'zh' is missing"),
        (lambda p: p["clauses"][0]["basis"].pop("en"), "'en' is missing"),
        (lambda p: p["clauses"][3]["evidence"][0].pop("zh"), "'zh' is missing"),
        (lambda p: p["clauses"][0]["rules"][0]["title"].pop("zh"), "'zh' is missing"),
        (lambda p: p["classes"][1]["title"].pop("zh"), "'zh' is missing"),
        (lambda p: p["title"].update(fr="Règles"), "no option 'fr'"),
        (lambda p: p.update(titel="x"), "no option 'titel'; did you mean 'title'"),
        (lambda p: p["clauses"][0].update(verifed=True), "did you mean 'verified'"),
        (lambda p: p["clauses"][0].pop("verified"), "'verified' is missing"),
        (lambda p: p["clauses"][0].update(verified="yes"), "should be true or false"),
        (lambda p: p["clauses"][0].pop("source"), "'source' is missing"),
        (lambda p: p["clauses"][1].update(id="1"), "the clause '1' is there twice"),
        (lambda p: p["classes"][2].update(id="H.1"), "the class 'H.1' is there twice"),
        (lambda p: p["classes"][1].update(parent="Z"), "there is no class 'Z'"),
        (lambda p: p["classes"][0].update(parent="H.1"), "lies below itself"),
        (lambda p: p["clauses"][0]["rules"][0]["each"].update(Z=1), "there is no class 'Z'"),
        (lambda p: p["clauses"][2].update(classes=["Z"]), "there is no class 'Z'"),
        (lambda p: p["clauses"][1]["rules"][0].update(at_most=0.1), "both at_least and at_most"),
        (lambda p: p["clauses"][1]["rules"][0].pop("at_least"), "measures something and has no limit"),
        (lambda p: p["clauses"][1]["rules"][0].pop("measures"), "has a limit and no `measures`"),
        (lambda p: p["clauses"][1]["rules"][0].update(each={"H": 1}), "has a limit and `each`"),
        (lambda p: p["clauses"][1]["rules"][0].update(measures=["refusal.*"]), "write no *"),
        (lambda p: p["clauses"][1]["rules"][0].update(prompts="$smple"), "did you mean 'sample'"),
        (lambda p: p["clauses"][1]["rules"][0].update(prompts=2.5), "is no number of prompts"),
        (lambda p: p["clauses"][0]["rules"].append({"title": {"en": "a", "zh": "甲"}}), "asks for nothing"),
        (lambda p: p["clauses"][1].update(measures=["refusal"]), "should match"),
        (lambda p: p.pop("tag"), "has classes and no `tag`"),
        (lambda p: p.update(clauses=[]), "must not be empty"),
        (lambda p: p.update(clauses="1"), "should be a list"),
        (lambda p: p["clauses"].append("text"), "should be a mapping"),
        (lambda p: p.update(constants={"Sample": 1}), "constants"),
    ],
)
def test_a_mistake_in_a_file_is_told_with_its_line(change: Any, told: str, tmp_path: Path) -> None:
    changed = plain()
    change(changed)
    found = problems(changed, tmp_path)
    assert any(told in line for line in found), found
    assert len(found) <= 3, found


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, child in inner for path in paths(child, (*at, key)))]


WHERE = [path for path in paths(plain()) if path]
PLAIN = (st.none(), st.booleans(), st.integers(-5, 5), st.floats(allow_nan=False), st.text(max_size=5))
ODD = st.one_of(*PLAIN, st.just([]), st.just({}))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(WHERE), ODD, st.booleans())
def test_any_value_anywhere_is_read_or_told(tmp_path_factory: Any, path: tuple[Any, ...], odd: Any, drop: bool) -> None:
    """Whatever stands where: a standard comes out that survives JSON, or problems with lines; never another error."""
    changed = plain()
    place = changed
    for step in path[:-1]:
        place = place[step]
    if drop:
        del place[path[-1]]
    else:
        place[path[-1]] = odd
    folder = tmp_path_factory.mktemp("rules")
    try:
        text = yaml.safe_dump(changed, allow_unicode=True, sort_keys=False)
        (folder / "r.yaml").write_text(text, "utf-8")
    except (yaml.YAMLError, UnicodeEncodeError):
        return
    try:
        standard, _ = read_standard(folder / "r.yaml")
    except ConfigError:
        return
    assert Standard.from_json(standard.to_json()) == standard
