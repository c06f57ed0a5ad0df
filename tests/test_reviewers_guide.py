"""The reviewers' guides say the same in both languages, explain every section, and name only commands that exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from aigc_eval.report.html import SECTIONS
from aigc_eval.report.vocabulary import VOCABULARY
from aigc_eval.report.vocabulary.labels import PII
from tests.parallel import differences, skeleton, split_words

DOCS = Path(__file__).parents[1] / "docs"
GUIDES = {"en": DOCS / "reviewers-guide.md", "zh": DOCS / "reviewers-guide.zh-CN.md"}
RENAMED = {"reviewers-guide.md": "reviewers-guide.zh-CN.md", "report.zh.png": "report.png"}


def test_both_say_the_same() -> None:
    told = differences(GUIDES["en"], GUIDES["zh"], RENAMED)
    assert not told, "the reviewers' guides have come apart:\n" + "\n".join(told)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_section_of_the_page_is_explained_in_its_order(lang: str) -> None:
    text = GUIDES[lang].read_text("utf-8")
    explained = [title for level, title in skeleton(text, {}).headings if level == 3]
    assert explained == [VOCABULARY[name][lang == "zh"] for name in SECTIONS]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_says_what_the_guide_quotes(lang: str) -> None:
    """Quoted words are the page's own: headings, verdicts, decisions."""
    text = GUIDES[lang].read_text("utf-8")
    said = {words[lang == "zh"].casefold() for words in VOCABULARY.values()}
    for key in ("confirmed", "false_positive", "needs_fix"):
        assert f"**{VOCABULARY[f'decide.{key}'][lang == 'zh']}".casefold() in text.casefold(), key
    for key in ("headline.pass", "headline.fail", "headline.undetermined"):
        assert f"| {VOCABULARY[key][lang == 'zh']} |" in text, key
    quoted = set(re.findall("“([^”]+)”", text))
    assert {q for q in quoted if q.casefold() not in said} <= {"pp", "Not applicable", "no clear difference"}, quoted
    tags = re.findall(r"⟦(\w+)·[0-9a-f]+⟧", text)
    assert tags
    assert set(tags) <= PII.keys()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_it_links_to_exists(lang: str) -> None:
    assert [link for link in skeleton(GUIDES[lang].read_text("utf-8"), {}).links if not (DOCS / link).exists()] == []


def test_no_line_breaks_between_chinese_characters() -> None:
    assert split_words(GUIDES["zh"].read_text("utf-8")) == []


@pytest.mark.parametrize("command", ["verify", "review import", "report"])
def test_commands_exist(command: str) -> None:
    text = GUIDES["en"].read_text("utf-8")
    assert f"aigc-eval {command}" in text
    done = subprocess.run(
        [sys.executable, "-m", "aigc_eval", *command.split(), "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for option in re.findall(r"`(--[a-z-]+)`", text) if command == "report" else ():
        assert option in done.stdout
