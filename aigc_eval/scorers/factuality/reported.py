"""What is reported of agreement with reference answers."""

from __future__ import annotations

from aigc_eval.metrics import Mean, Metric, Rate
from aigc_eval.records import Bilingual
from aigc_eval.scorers.factuality.corpus import CorpusBleu, CorpusChrf, bleu_signature, chrf_signature

__all__ = ["METRICS"]

METRICS: tuple[Metric, ...] = (
    Mean(
        "f1",
        better="higher",
        title=Bilingual("Token F1", "词元 F1"),
        about=Bilingual(
            "Overlap of the answer's words with the nearest reference: harmonic mean of precision and recall, mean "
            "over outputs. Chinese is counted by character. Long answers to short references score low: see contains.",
            "回答与最接近的参考答案在词上的重合度（精确率与召回率的调和平均），再对所有输出取平均；中文按字计算。"
            "参考答案短而回答长时分数偏低，请结合“包含参考答案”一起看。",
        ),
        source="Rajpurkar et al. 2016, SQuAD",
    ),
    Rate(
        "exact_match",
        of="exact_match",
        better="higher",
        title=Bilingual("Exact match", "完全匹配率"),
        about=Bilingual(
            "Share of outputs that equal a reference after normalising width, case, script, punctuation and articles.",
            "统一全半角、大小写、繁简并去掉标点和冠词后，与某个参考答案完全相同的输出所占比例。",
        ),
        source="Rajpurkar et al. 2016, SQuAD",
    ),
    Rate(
        "contains",
        of="contains",
        better="higher",
        title=Bilingual("Contains a reference", "包含参考答案"),
        about=Bilingual(
            "Share of outputs in which a reference stands as whole words: the measure for short right answers in long "
            "outputs.",
            "输出中以完整词语形式出现某个参考答案的比例，适合“标准答案短、回答长”的情形。",
        ),
        source="Wang et al. 2023, EVOUNA (lexical match)",
    ),
    Rate(
        "covers",
        of="coverage",
        better="higher",
        title=Bilingual("Covers a reference", "覆盖参考答案"),
        about=Bilingual(
            "Share of outputs that have at least half of a reference's content words (Chinese: character pairs): more "
            "lenient than contains, and nearer to people's judgement.",
            "至少含有某个参考答案一半实词（中文为相邻字对）的输出所占比例；比“包含参考答案”宽松，更接近人工判断。",
        ),
        source="threshold compared with the human judgements of EVOUNA (Wang et al. 2023)",
    ),
    CorpusChrf(
        "chrf",
        better="higher",
        bounds=(0.0, 100.0),
        title=Bilingual("chrF (corpus)", "chrF（语料级）"),
        about=Bilingual(
            "F2 of character 1- to 6-gram precision and recall, from counts summed over all outputs, 0 to 100.",
            "按所有输出累加的 1 至 6 元字符片段计数，计算精确率与召回率的 F2 值，范围 0 至 100。",
        ),
        source=f"Popović 2015; sacrebleu {chrf_signature()}",
    ),
    CorpusBleu(
        "bleu",
        better="higher",
        bounds=(0.0, 100.0),
        title=Bilingual("BLEU (corpus)", "BLEU（语料级）"),
        about=Bilingual(
            "Brevity penalty times geometric mean of 1- to 4-gram precision, from counts summed over all outputs, 0 to "
            "100. Chinese rows are split into characters (zh), other rows by 13a.",
            "按所有输出累加的 1 至 4 元片段计数，取精确率的几何平均再乘以过短惩罚，范围 0 至 100；"
            "中文行按字切分（zh），其他行用 13a 切分。",
        ),
        source=f"Papineni et al. 2002; sacrebleu {bleu_signature()}",
    ),
    Mean(
        "rouge_1",
        of="rouge_1",
        better="higher",
        title=Bilingual("ROUGE-1", "ROUGE-1"),
        about=Bilingual(
            "F1 of single words (Chinese: characters) shared with the nearest reference, each counted as often as both "
            "have it. Without stemming.",
            "回答与最接近的参考答案共有的单个词（中文按字）的 F1 值，按双方都出现的次数计；不做词干还原。",
        ),
        source="Lin 2004",
    ),
    Mean(
        "rouge_2",
        of="rouge_2",
        better="higher",
        title=Bilingual("ROUGE-2", "ROUGE-2"),
        about=Bilingual(
            "F1 of pairs of neighbouring words (Chinese: characters) shared with the nearest reference; 0 where either "
            "has one word only. Without stemming.",
            "回答与最接近的参考答案共有的相邻词对（中文为相邻字对）的 F1 值；任一方只有一个词时为 0；不做词干还原。",
        ),
        source="Lin 2004",
    ),
    Mean(
        "rouge_l",
        of="rouge_l",
        better="higher",
        title=Bilingual("ROUGE-L", "ROUGE-L"),
        about=Bilingual(
            "F1 of the longest common subsequence of words (Chinese: characters) with the nearest reference.",
            "回答与最接近的参考答案的最长公共子序列（中文按字）的 F1 值。",
        ),
        source="Lin 2004",
    ),
    Rate(
        "closer_to_wrong",
        of="closer_to_wrong",
        title=Bilingual("Closer to a wrong answer", "更接近错误答案"),
        about=Bilingual(
            "Share of outputs nearer to a known wrong answer than to any reference, among prompts that give wrong "
            "answers. Nearness: F1 of words and word pairs that do not stand in the question.",
            "在给出错误答案的题目中，与某个已知错误答案比与任何参考答案都更接近的输出所占比例；"
            "接近程度为去掉题目中已有的字词后，单个词与相邻词对的 F1。",
        ),
        source="after Lin et al. 2022, TruthfulQA; Cheng et al. 2023, HalluQA",
    ),
    Mean(
        "margin",
        of="margin",
        better="higher",
        bounds=(-1.0, 1.0),
        title=Bilingual("Margin over wrong answers", "相对错误答案的优势"),
        about=Bilingual(
            "Similarity to the nearest reference less similarity to the nearest wrong answer, mean over outputs, "
            "-1 to 1.",
            "与最接近的参考答案的相似度减去与最接近的错误答案的相似度，对输出取平均，范围 -1 至 1。",
        ),
        source="after Lin et al. 2022, TruthfulQA",
    ),
)
