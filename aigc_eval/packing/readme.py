"""README.txt of a pack: what each file is, and how to check it with nothing but sha256sum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aigc_eval.records import Bilingual, Edition

__all__ = ["readme"]

_EDITIONS: Mapping[Edition, Bilingual] = {
    "public": Bilingual(
        "public: counts only; no text of any prompt or output", "公开版：仅含统计数，不含任何题目或输出的文本"
    ),
    "reviewer": Bilingual(
        "reviewer: texts with personal data and secrets masked", "审核版：含文本，其中个人信息和密钥已遮蔽"
    ),
    "internal": Bilingual(
        "internal: everything unmasked; keep it as confidential as the data",
        "内部版：全部内容未遮蔽，须与原始数据同等保密",
    ),
}
_FILES: Mapping[str, Bilingual] = {
    "README.txt": Bilingual("this file", "本文件"),
    "SHA256SUMS": Bilingual("checksums of all other files", "其余全部文件的校验和"),
    "attestation.json": Bilingual(
        "in-toto statement: the verdict, gate by gate, and the files that it is about",
        "in-toto 声明：逐项门限的结论及其所涉文件",
    ),
    "bench.json": Bilingual("what was asked for, as this edition tells it", "评测配置（按本版可披露的内容）"),
    "facts.json": Bilingual("the run's facts, unmasked", "运行信息（未遮蔽）"),
    "journal.jsonl": Bilingual(
        "every prompt, answer, score and decision as recorded", "日志：全部题目、回答、评分与审核意见的原始记录"
    ),
    "journal.public.jsonl": Bilingual(
        "every output by a keyed hash: outcome, scores, no text",
        "公开日志：以带密钥的哈希标识输出，含结果与评分，不含文本",
    ),
    "manifest.json": Bilingual(
        "edition, run, versions; size and SHA-256 of each file", "版本、运行信息及各文件的大小与 SHA-256"
    ),
    "policy.json": Bilingual("the policy that judged", "评判所依据的策略"),
    "report.html": Bilingual("the report: open it in a browser", "评测报告，用浏览器打开"),
    "samples.html": Bilingual("outputs that the report has no room for", "报告中未列出的输出"),
    "standards.csv": Bilingual(
        "clauses of standards, and what the run shows of each", "各项标准条款及本次运行的对应结果"
    ),
    "summary.parquet": Bilingual("summary.csv as Parquet", "summary.csv 的 Parquet 格式"),
    "rows.parquet": Bilingual("rows.csv as Parquet", "rows.csv 的 Parquet 格式"),
    "rows.csv": Bilingual("every output with its scores", "每条输出及其评分"),
    "summary.csv": Bilingual("every number with its interval", "各项数值及其区间"),
    "summary.md": Bilingual("the verdict in short", "结论摘要"),
    "run.json": Bilingual("all numbers and verdicts, for programs", "全部数值与结论，供程序读取"),
    "junit.xml": Bilingual("the gates as tests", "以测试用例形式呈现的门限"),
    "annotations.txt": Bilingual("annotations for GitHub", "GitHub 注释"),
    "gl-code-quality.json": Bilingual("findings for GitLab", "GitLab 代码质量报告"),
    "report.sarif": Bilingual("findings as SARIF", "SARIF 格式的发现"),
    "verdict.json": Bilingual(
        "the verdict, the journal's last checksum, the reports' SHA-256", "结论、日志末行校验和及各报告的 SHA-256"
    ),
}
_TEXT = Bilingual(
    """Evidence pack of an aigc-eval run
=================================

Edition   {edition}

Check, in the folder into which you unpacked it:

    sha256sum -c SHA256SUMS

Every line must say OK, and no file may be there that SHA256SUMS does not name (but itself).
With aigc-eval, on any machine:

    aigc-eval verify PACK.zip

It checks every byte, that all files tell the same verdict{full}.
A pack is not signed. Whoever changes all of its files has another pack that fits: compare the
SHA-256 of the zip with one that its sender gave you by other means, or sign attestation.json.

Files

{files}
""",
    """aigc-eval 评测证据包
====================

版本   {edition}

核验方法：在解压所得的文件夹中执行

    sha256sum -c SHA256SUMS

每行均应显示 OK；除 SHA256SUMS 自身外，不应有其未列出的文件。
如装有 aigc-eval，可在任意机器上执行

    aigc-eval verify PACK.zip

该命令逐字节核对，并检查各文件的结论是否一致{full}。
证据包未经签名。若有人改动全部文件，可得到另一个同样自洽的包：请将 zip 文件的 SHA-256
与发送方经其他途径提供的值核对，或对 attestation.json 签名。

文件

{files}
""",
)
_FULL = Bilingual(", and that\nall numbers and reports follow from the journal", "，并由日志重新计算全部数值与报告")


def readme(edition: Edition, names: Iterable[str]) -> bytes:
    """The text, in English and Chinese; `names` are the files of the pack."""
    known = sorted({*names})
    told = []
    for lang in ("en", "zh"):
        files = "\n".join(f"{name:<22}{_FILES[name].in_(lang) if name in _FILES else ''}".rstrip() for name in known)
        full = _FULL.in_(lang) if "journal.jsonl" in known else ""
        told.append(_TEXT.in_(lang).format(edition=_EDITIONS[edition].in_(lang), files=files, full=full))
    return "\n\n".join(told).encode("utf-8")
