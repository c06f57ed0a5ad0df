"""Deviations from plan, and what the run facts say of candidates and files."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "deviations": ("Deviations from plan", "与计划的偏差"),
    "deviations.note": (
        "Everything in which the run departed from what its bench and policy asked for.",
        "本次运行与评测文件和策略要求不一致之处。",
    ),
    "deviation.none": ("none", "无"),
    "deviation.retries": ("asked more than once", "重复请求"),
    "deviation.retries.of": (
        "{candidate}: {n} outputs took {calls} calls beyond the first; {failed} of them still have no answer{kinds}.",
        "{candidate}：{n} 条输出额外请求 {calls} 次，其中 {failed} 条仍无回答{kinds}。",
    ),
    "deviation.kinds": (" ({kinds})", "（{kinds}）"),
    "deviation.errors": ("outputs without an answer", "没有回答的输出"),
    "deviation.errors.of": ("{candidate}: {n} of {total} ({kinds}).", "{candidate}：{total} 条中 {n} 条（{kinds}）。"),
    "deviation.unasked": ("outputs never asked for", "从未请求的输出"),
    "deviation.unasked.of": ("{candidate}: {n} ({kinds}).", "{candidate}：{n} 条（{kinds}）。"),
    "deviation.limit": ("limited to the first prompts", "仅运行前若干题"),
    "deviation.rows": ("records left out", "略去的记录"),
    "deviation.policy": ("policy changed after the first answer", "首条回答之后改动策略"),
    "deviation.early": ("stopped early", "提前停止"),
    "deviation.waivers": ("waivers", "豁免"),
    "deviation.waiver": (
        "{gate}, {candidate}: measured {status}; waived by {owner} until {expires}: {reason}.",
        "{gate}，{candidate}：测量结果为{status}；由 {owner} 豁免至 {expires}：{reason}。",
    ),
    "deviation.waiver.untold": (
        "{gate}, {candidate}: measured {status}; waived until {expires}.",
        "{gate}，{candidate}：测量结果为{status}；豁免至 {expires}。",
    ),
    "deviation.waiver.void": ("{gate}: {reason}.", "{gate}：{reason}。"),
    "deviation.reports": ("reports that could not be written", "未能写出的报告"),
    "deviation.reused": ("taken over from other runs", "沿用其他运行的结果"),
    "deviation.reused.of": (
        "{answers} answers and {scores} scores of the run whose journal ends in {run}.",
        "{answers} 条回答与 {scores} 项评分来自日志校验和为 {run} 的运行。",
    ),
    "deviation.unjudged": ("up for release without a gate", "待发布而无门限"),
    "deviation.masking": ("personal data not masked", "个人信息未遮蔽"),
    # run facts
    "run.id": ("id", "编号"),
    "fact.generator": ("generator:", "生成方式："),
    "fact.note": ("note:", "说明："),
    "fact.options": ("options given:", "给定选项："),
    "fact.defaults": ("left at their defaults:", "采用默认值："),
    "fact.contents": ("made from (SHA-256 or fingerprint):", "依据内容（SHA-256 或指纹）："),
    "fact.limits": ("limits on calls:", "请求限制："),
    "fact.usage": ("used:", "用量："),
    "fact.usage.of": ("{name}: {n} ({outputs} outputs)", "{name}：{n}（{outputs} 条输出）"),
    "fact.usage.input_tokens": ("tokens read", "输入词元"),
    "fact.usage.output_tokens": ("tokens written", "输出词元"),
    "fact.usage.none": ("the generator reports none", "生成方式未报告用量"),
    "fact.seconds": (
        "time in calls: {total} s over {outputs} outputs, {mean} s each",
        "请求耗时：{outputs} 条输出共 {total} 秒，平均每条 {mean} 秒",
    ),
    "fact.cost": (
        "cost: {cost} {currency}, at {input} for a million tokens read and {output} for a million written",
        "费用：{cost} {currency}，按每百万输入词元 {input}、每百万输出词元 {output} 计",
    ),
    "fact.text": ("text of {n} characters, SHA-256 {sha}", "{n} 个字符的文本，SHA-256 为 {sha}"),
    "fact.value": ("SHA-256 {sha}", "SHA-256 为 {sha}"),
    "fact.signature": ("signature:", "签名："),
    "fact.prompts": ("prompt files", "题目文件"),
    "fact.prompts.said": ("{name} as the prompts say: {values}", "题目自述的{name}：{values}"),
    "fact.prompts.unsaid": (
        "The prompts say nothing of their licence or author.",
        "题目未注明许可证或作者。",
    ),
    "fact.said.license": ("licence", "许可证"),
    "fact.said.licence": ("licence", "许可证"),
    "fact.said.author": ("author", "作者"),
    "fact.said.source": ("source", "来源"),
}
