"""What stands around citations in the sources of metrics, and what plug-ins need, in Chinese.

A source is a list of parts with `; ` between them; `{work}` is a citation, which is quoted as it is (see `notes`). A
part that is not here is a citation as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["NEEDS", "SOURCES"]

SOURCES: Mapping[str, str] = {
    "own definition": "自有定义",
    "limits of our own": "阈值自定",
    "rules of our own": "规则自定",
    "rules on form are our own": "形式规则自定",
    "after {work}": "参照 {work}",
    "after {work} and Regulation (EU) 2024/1689, Art. 50": "参照 {work} 与欧盟第 2024/1689 号条例第 50 条",
    "after {work}, less what resampling shows": "参照 {work}，并扣除重复抽样自身的差异",
    "after {work}, counterfactual token fairness": "参照 {work}（反事实词元公平性）",
    "classes after {work}": "类别参照 {work}",
    "best passage after {work}": "最佳段落参照 {work}",
    "with a model: {work}": "使用模型时：{work}",
    "interval: {work}": "区间：{work}",
    "mean as in {work}": "均值算法同 {work}",
    "edit similarity of {work}": "编辑相似度取自 {work}",
    "expected maximum of {work}": "期望最大值取自 {work}",
    "estimator of {work}": "估计量取自 {work}",
    "compare {work}, who use mean clause length": "参见 {work}，其采用平均分句长度",
    "unbiased for k < n as pass@k in {work}": "k < n 时取无偏估计，同 {work} 的 pass@k",
    "threshold compared with the human judgements of EVOUNA ({work})": "阈值与 EVOUNA 的人工评判作过比对（{work}）",
    "field names as seen in public files": "字段名取自公开文件",
    "field names and values as seen in public files that claim {work}": "字段名与取值取自声称符合 {work} 的公开文件",
    "{work} (n, p)-discoverable extraction": "{work}，(n, p) 可发现提取",
    "{work}, type 7": "{work}，第 7 型",
    "{work} (lexical match)": "{work}（词面匹配）",
    "{work} (copyright)": "{work}（版权）",
    "{work} (bias metrics)": "{work}（偏见指标）",
    "{work} (efficiency)": "{work}（效率）",
    "{work} (perplexity)": "{work}（困惑度）",
    "{work} (n-gram overlap)": "{work}（n 元组重合）",
    "TC260-003 (2024), refusal test": "TC260-003（2024）拒答测试",
    "EEOC Uniform Guidelines 1978, four-fifths rule": "美国《雇员选拔程序统一指南》（EEOC，1978）五分之四规则",
    "the guard model's own policy": "护栏模型自身的策略",
    "n-gram logistic regression on naive Bayes ratios ({work}) and a small convolutional encoder": (
        "基于朴素贝叶斯比值的 n 元组逻辑回归（{work}），加小型卷积编码器"
    ),
    "see the model card": "见模型卡",
    "any AutoModelForSequenceClassification": "任意 AutoModelForSequenceClassification 模型",
    "any AutoModelForSequenceClassification, such as {work}": "任意 AutoModelForSequenceClassification 模型，如 {work}",
    "LLM as a judge ({work}), verdicts in both orders": "大模型裁判（{work}），两种顺序各评一次",
    "OpenAI, API reference": "OpenAI 接口文档",
    "Anthropic, Messages API": "Anthropic 消息接口",
    "sacrebleu {signature:id}zh for Chinese rows, 13a otherwise{rest:id}": (
        "sacrebleu {signature}zh（中文），其他为 13a{rest}"
    ),
}

NEEDS: Mapping[str, str] = {
    "nothing": "无",
    "a file of outputs": "输出文件",
    "a Python function": "Python 函数",
    "a program that reads and writes lines of JSON": "按行读写 JSON 的程序",
    "a server": "服务端",
    "a key in the environment where it asks for one": "需要密钥时，由环境变量提供",
    "the extra `anthropic`, a key": "安装附加组件 `anthropic`，并有密钥",
    "a model folder or a cached model": "本地模型目录或已缓存的模型",
    "a causal model folder or a cached model": "本地因果语言模型目录或已缓存的模型",
    "an adapter needs the extra 'peft'": "使用适配器须安装附加组件 'peft'",
    "prompts with choices": "带选项的题目",
    "prompts with choices, a stereotyped and an unknown one": "带选项的题目，含刻板印象选项和“无法判断”选项",
    "prompts with choices and references among them": "带选项的题目，参考答案在选项之中",
    "prompts with two choices": "带两个选项的题目",
    "prompts with evidence": "带证据的题目",
    "prompts with evidence or references": "带证据或参考答案的题目",
    "prompts with references": "带参考答案的题目",
    "prompts with instructions": "带指令的题目",
    "prompts with variants, two samples or more": "带变体的题目，每题至少两个样本",
    "prompts with a field that begins with canary": "带有以 canary 开头的字段的题目",
    "exposure: choices and their likelihoods": "计算暴露度还需选项及其似然",
    "labelled texts as prompts, with a tag that names identities": "以带标注的文本为题目，并有标明身份群体的标签",
    "several samples a prompt": "每题多个样本",
    "optionally an NLI model": "可选：NLI 模型",
    "an NLI model": "NLI 模型",
    "an NLI model with a contradiction class": "带“矛盾”类别的 NLI 模型",
    "a verifier model": "核查模型",
    "an encoder model": "编码器模型",
    "a generator that gives likelihoods": "能给出似然的生成器",
    "a generator that reports seconds and tokens": "能报告用时和词元数的生成器",
    "money needs prices": "计算金额须给出单价",
    "a chat model on disk, or an endpoint that serves one": "本地对话模型，或提供对话模型的接口",
    "a guard model on disk, or an endpoint that serves one": "本地护栏模型，或提供护栏模型的接口",
    "a sequence classifier on disk or in the local Hugging Face cache": "本地或 Hugging Face 缓存中的序列分类模型",
    "a Detoxify checkpoint and its base model's config and tokenizer, on disk": (
        "本地的 Detoxify 权重，及其基础模型的配置与分词器"
    ),
    "an evaluate module on this machine, and references where it asks for them": (
        "本机上的 evaluate 模块；模块要求时还需参考答案"
    ),
    "a folder of protected texts, or prompts whose references are the true continuations": (
        "受保护文本目录，或以真实续文为参考答案的题目"
    ),
    "similarity of meaning needs an embedding model's folder or a cached model": (
        "计算语义相似度须有本地嵌入模型目录或已缓存的模型"
    ),
    "perplexity needs a causal model: bundled, a folder or a cached one": (
        "计算困惑度须有因果语言模型：内置（bundled）、本地目录或已缓存的模型"
    ),
    "other models for names need spaCy or transformers": "用其他模型识别姓名须有 spaCy 或 transformers",
}
