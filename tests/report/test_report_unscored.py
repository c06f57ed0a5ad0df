"""Why outputs are errors, and why others were not scored: on the page and in the terminal, in both languages."""

from __future__ import annotations

import pytest
from rich.console import Console
from sample_run import build_run, sample_rows

from aigc_eval.records import Run
from aigc_eval.report import html, terminal_table
from aigc_eval.report.mask import Masker
from aigc_eval.report.unscored import error_kinds, errors
from aigc_eval.report.words import unit_name


@pytest.fixture
def failing() -> Run:
    """Three outputs of one candidate ended as errors, of two kinds."""
    rows = sample_rows().copy()
    mine = rows.index[rows["candidate"] == "candidate-v2"][:3]
    own = (rows["candidate"] == "candidate-v2") & (rows["outcome"] == "error")
    rows.loc[own, "outcome"] = "ok"
    told = [("connection", "h:1: refused")] * 2 + [("gave_up", "not asked: h:1")]
    for index, (kind, detail) in zip(mine, told, strict=True):
        rows.loc[index, "outcome"], rows.loc[index, "error"], rows.loc[index, "detail"] = "error", kind, detail
    rows.loc[mine, "toxicity"] = float("nan")
    rows.loc[mine, "toxicity:status"] = "failed"
    rows.loc[mine, "toxicity:note"] = "output is error"
    return build_run(rows)


def test_kinds_of_errors_are_counted_in_both_languages(failing: Run) -> None:
    line = next(line for line in error_kinds(failing) if line.en.startswith("candidate-v2"))
    assert line.en == "candidate-v2: 2 × error: no connection, 1 × not asked: gave up"
    assert line.zh == "candidate-v2：2 × 出错：连接失败、1 × 未请求：已放弃"


def test_messages_of_errors_are_on_the_page(failing: Run) -> None:
    masker = Masker.of_run(failing.rows, failing.key)
    told = [(n, words.en, words.zh) for n, words in dict(errors(failing, masker))["candidate-v2"]]
    assert told == [("2", "h:1: refused", ""), ("1", "not asked: h:1", "未请求：h:1")]
    assert '2 × <bdi lang="" translate="no">h:1: refused</bdi>' in html.html(failing, masker, ("en",))


@pytest.mark.parametrize(("lang", "told"), [("en", "--resume asks for these again"), ("zh", "加 --resume 可重新请求")])
def test_the_terminal_names_errors_and_what_to_do(failing: Run, lang: str, told: str) -> None:
    console = Console(width=200)
    with console.capture() as printed:
        console.print(terminal_table(failing, lang))
    text = printed.get()
    assert told in text
    assert "2 × " in text


def test_what_an_outcome_leaves_unscored_is_said_in_chinese(failing: Run) -> None:
    page = html.html(failing, Masker.of_run(failing.rows, failing.key), ("zh",))
    assert "输出状态：出错" in page
    assert "output is error" not in page


def test_units_are_said_in_both_languages() -> None:
    assert unit_name("tokens/s").zh == "词元/秒"
    assert unit_name("share").en == ""
