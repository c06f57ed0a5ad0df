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
            "Overlap of the output's words (Chinese: characters) with the nearest reference: harmonic mean of the "
            "shares of either's words that the other has, mean over outputs. Long outputs score low against short "
            "references: see contains.",
            "输出与最接近的参考答案在词上的重合度（双方共有词各占对方词数之比，即精确率与召回率的调和平均），"
            "再对输出取平均；中文按字计算。参考答案短而输出长时分数偏低，请结合“包含参考答案”一起看。",
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
            "统一全半角、大小写、繁简并去掉标点和英文冠词后，与某个参考答案完全相同的输出所占比例。",
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
            "以完整词语形式含有某个参考答案的输出所占比例，适合参考答案短而输出长的情形。",
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
            "F2 (recall weighs more) of the mean precision and the mean recall of character 1- to 6-grams against the "
            "references, from counts summed over all outputs; 0 to 100.",
            "1 至 6 字符元组相对参考答案的平均精确率与平均召回率的 F2 值（偏重召回率），计数先在全部输出上累加；"
            "范围 0 至 100。",
        ),
        source=f"Popović 2015; sacrebleu {chrf_signature()}",
    ),
    CorpusBleu(
        "bleu",
        better="higher",
        bounds=(0.0, 100.0),
        title=Bilingual("BLEU (corpus)", "BLEU（语料级）"),
        about=Bilingual(
            "Brevity penalty times geometric mean of the precision of 1- to 4-grams of tokens against the references, "
            "from counts summed over all outputs; 0 to 100. Chinese is split into characters (zh), other text by 13a.",
            "1 至 4 元组相对参考答案的精确率的几何平均乘以过短惩罚，计数先在全部输出上累加；范围 0 至 100。"
            "中文按字切分（zh），其他文字用 13a 切分。",
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
            "have it, mean over outputs. Without stemming.",
            "输出与最接近的参考答案共有的单个词（中文按字）的 F1 值，按双方都出现的次数计，再对输出取平均；"
            "不做词干还原。",
        ),
        source="Lin 2004",
    ),
    Mean(
        "rouge_2",
        of="rouge_2",
        better="higher",
        title=Bilingual("ROUGE-2", "ROUGE-2"),
        about=Bilingual(
            "F1 of pairs of neighbouring words (Chinese: characters) shared with the nearest reference, mean over "
            "outputs; 0 where either has one word only. Without stemming.",
            "输出与最接近的参考答案共有的相邻词对（中文为相邻字对）的 F1 值，再对输出取平均；任一方只有一个词时为 0；"
            "不做词干还原。",
        ),
        source="Lin 2004",
    ),
    Mean(
        "rouge_l",
        of="rouge_l",
        better="higher",
        title=Bilingual("ROUGE-L", "ROUGE-L"),
        about=Bilingual(
            "F1 of the longest common subsequence of words (Chinese: characters) with the nearest reference, mean "
            "over outputs. Without stemming.",
            "输出与最接近的参考答案的最长公共子序列（中文按字）的 F1 值，再对输出取平均；不做词干还原。",
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
            "接近程度为去掉题目中已有的字词后，单个词与相邻词对（中文按字）的 F1 值。",
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
            "Similarity to the nearest reference less similarity to the nearest wrong answer, mean over outputs to "
            "prompts that give wrong answers. Similarity: F1 of words and word pairs that do not stand in the "
            "question.",
            "与最接近的参考答案的相似度减去与最接近的错误答案的相似度，对给出错误答案的题目的输出取平均。"
            "相似度为去掉题目中已有的字词后，单个词与相邻词对（中文按字）的 F1 值。",
        ),
        source="after Lin et al. 2022, TruthfulQA",
    ),
)
