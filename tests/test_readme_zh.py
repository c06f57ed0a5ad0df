"""README.zh-CN.md says what README.md says: same headings, code, links, tables and terms."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.parallel import differences, skeleton, split_words

ROOT = Path(__file__).parents[1]
ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
RENAMED = {
    "README.md": "README.zh-CN.md",
    "docs/report.zh.png": "docs/report.png",
    "docs/reviewers-guide.zh-CN.md": "docs/reviewers-guide.md",
}


def test_both_say_the_same() -> None:
    told = differences(ENGLISH, CHINESE, RENAMED)
    assert not told, "README.md and README.zh-CN.md have come apart:\n" + "\n".join(told)


def test_each_names_the_other_at_the_top() -> None:
    assert "(README.zh-CN.md)" in "".join(ENGLISH.read_text("utf-8").splitlines(keepends=True)[:5])
    assert "(README.md)" in "".join(CHINESE.read_text("utf-8").splitlines(keepends=True)[:5])


def test_what_the_chinese_one_links_to_exists() -> None:
    links = skeleton(CHINESE.read_text("utf-8"), {}).links
    assert len(links) > 3
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


def test_no_line_breaks_between_chinese_characters() -> None:
    assert split_words(CHINESE.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("## 规划", "### 规划", "headings differ"),
        ("max_cost: 5", "max_cost: 50", "code block"),
        ("(examples/ci)", "(examples/cd)", "link only in"),
        ("| 4 | 内部错误 |\n", "", "table of (rows, columns)"),
        ("`--resume`", "", "`--resume` only in README.md"),
    ],
)
def test_what_comes_apart_is_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    text = CHINESE.read_text("utf-8")
    assert old in text
    (tmp_path / "README.zh-CN.md").write_text(text.replace(old, new), "utf-8")
    found = differences(ENGLISH, tmp_path / "README.zh-CN.md", RENAMED)
    assert any(told in line for line in found), found
