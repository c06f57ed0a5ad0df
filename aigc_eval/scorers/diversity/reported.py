"""The numbers that the diversity scorer reports, in the words of its reports."""

from __future__ import annotations

from aigc_eval.metrics import Metric
from aigc_eval.records import Bilingual
from aigc_eval.scorers.diversity.compression import CompressionRatio
from aigc_eval.scorers.diversity.homogenization import Homogenization
from aigc_eval.scorers.diversity.ngrams import Distinct, ExpectationAdjustedDistinct, SelfRepetition
from aigc_eval.scorers.diversity.richness import Mattr, Mtld
from aigc_eval.scorers.diversity.self_bleu import SelfBleu
from aigc_eval.scorers.diversity.vectors import MeanCosine
from aigc_eval.scorers.diversity.vendi import Vendi, VendiNgrams

__all__ = ["of_embeddings", "of_texts"]

_TOKENS = (
    " Tokens are words, single Han characters and punctuation marks.",
    "词元为单词、单个汉字或标点。",
)
_BY_PROMPT = (
    " Over the outputs to one prompt; mean over the prompts with several.",
    "先在同一题目的各次输出中计算，再对有多次输出的题目取平均。",
)


def _names(by_prompt: bool, en: str, zh: str) -> Bilingual:
    return Bilingual(f"{en} per prompt", f"单题{' ' * zh[0].isascii()}{zh}") if by_prompt else Bilingual(en, zh)


def _abouts(by_prompt: bool, en: str, zh: str, *, tokens: bool = True) -> Bilingual:
    """The explanation with what a token is, where it says so, and how prompts are summed up."""
    ends = [_TOKENS] * tokens + [_BY_PROMPT] * by_prompt
    return Bilingual(en + "".join(end[0] for end in ends), zh + "".join(end[1] for end in ends))


def _distinct(n: int, by_prompt: bool = False) -> Metric:
    return Distinct(
        f"{'prompt_' if by_prompt else ''}distinct_{n}",
        n=n,
        by_prompt=by_prompt,
        better="higher",
        title=_names(by_prompt, f"Distinct-{n}", f"distinct-{n}（不重复 {n} 元组占比）"),
        about=_abouts(
            by_prompt,
            f"Different {n}-grams divided by all {n}-grams of the outputs, none across two outputs."
            + (" Saturates in Chinese: read 2 to 4." if n == 1 else ""),
            f"各输出中不同的 {n} 元组数除以 {n} 元组总数，元组不跨输出。"
            + ("汉字种类有限，中文下会饱和，宜看 2 至 4 元组。" if n == 1 else ""),
        ),
        source="Li et al. 2016",
    )


def _ead(vocabulary: int, by_prompt: bool = False) -> Metric:
    return ExpectationAdjustedDistinct(
        f"{'prompt_' if by_prompt else ''}ead",
        vocabulary=vocabulary,
        by_prompt=by_prompt,
        better="higher",
        title=_names(by_prompt, "Expectation-adjusted distinct", "期望校正 distinct（EAD）"),
        about=_abouts(
            by_prompt,
            f"N / (V (1 - ((V - 1) / V)^C)): N different tokens of C, over what C uniform draws from "
            f"V = {vocabulary:,} tokens would give, so that length weighs less than in distinct-1.",
            f"N / (V (1 - ((V - 1) / V)^C))：C 个词元中不同词元数 N，除以从 V = {vocabulary:,} "
            "个词元的词表中均匀抽取 C 次的期望种数，因而受长度的影响小于 distinct-1。",
        ),
        source="Liu et al. 2022",
    )


def _self_bleu(by_prompt: bool = False) -> Metric:
    return SelfBleu(
        "prompt_self_bleu" if by_prompt else "self_bleu",
        by_prompt=by_prompt,
        title=_names(by_prompt, "Self-BLEU-4", "自 BLEU-4"),
        about=_abouts(
            by_prompt,
            "BLEU-4 of each output with all others as references (nltk's smoothing 1), mean over outputs; 1: all "
            "alike.",
            "以其余全部输出为参考，逐条计算 BLEU-4（nltk 平滑方法 1），再对输出取平均；1 表示完全雷同。",
        ),
        source="Zhu et al. 2018 (Texygen)",
    )


def _homogenization(by_prompt: bool = False) -> Metric:
    return Homogenization(
        "prompt_homogenization" if by_prompt else "homogenization",
        by_prompt=by_prompt,
        title=_names(by_prompt, "Homogenisation (ROUGE-L)", "同质化程度（ROUGE-L）"),
        about=_abouts(
            by_prompt,
            "Mean over pairs of outputs of ROUGE-L F = 2 LCS / (m + n), LCS the tokens of the longest common "
            "subsequence, m and n those of the two (2,000 at most); 0: nothing in common. All pairs up to 100,000 "
            "tokens, beyond that those within seeded random parts.",
            "对每两条输出计算 ROUGE-L F = 2 LCS / (m + n) 后取平均，LCS 为最长公共子序列的词元数，m、n "
            "为两条输出的词元数（每条最多取 2,000）；0 表示毫无共同之处。总词元数不超过 100,000 时取全部配对，"
            "超过时按固定种子随机分组、取组内全部配对。",
        ),
        source="Shaib et al. 2024; Lin 2004",
    )


def _self_repetition(by_prompt: bool = False) -> Metric:
    return SelfRepetition(
        "prompt_self_repetition" if by_prompt else "self_repetition",
        by_prompt=by_prompt,
        title=_names(by_prompt, "Self-repetition", "自我重复度"),
        about=_abouts(
            by_prompt,
            "ln(1 + s), s the number of other outputs that hold a 4-gram, summed over the different 4-grams of an "
            "output; mean over outputs. 0: no two outputs share a 4-gram.",
            "ln(1 + s)，s 为含有某 4 元组的其他输出条数对该输出的各不同 4 元组求和，再对输出取平均。"
            "0 表示任何两条输出都没有相同的 4 元组。",
        ),
        source="Salkar et al. 2022",
    )


def _compression(by_prompt: bool = False) -> Metric:
    return CompressionRatio(
        "prompt_compression_ratio" if by_prompt else "compression_ratio",
        by_prompt=by_prompt,
        title=_names(by_prompt, "Compression ratio", "压缩比"),
        about=_abouts(
            by_prompt,
            "Bytes of all outputs together divided by their bytes after gzip (level 9): the more repetitive, the "
            "higher. Outputs further apart than 32 kB do not see each other, and under 1 kB the header weighs. Above a "
            "million characters the interval's replicates are those of level 6, scaled.",
            "全部输出合并后的字节数除以 gzip（9 级）压缩后的字节数：重复越多，比值越高。相距超过 32 kB "
            "的输出互不可见，不足 1 kB 时文件头影响明显。超过一百万字符时，区间由 6 级压缩的重复样本按比例换算而得。",
            tokens=False,
        ),
        source="Shaib et al. 2024",
    )


def _richness() -> tuple[Metric, ...]:
    joined = (
        " All outputs one after another, in the order of prompts, so that only near copies show.",
        "全部输出按题目顺序首尾相接，因此只反映相邻处的重复。",
    )
    together = (" The outputs to a prompt one after another.", "同一题目的各次输出首尾相接。")
    mattr = (
        "Mean over all windows of 50 tokens of different tokens / 50",
        "以 50 个词元为窗口逐一滑动，取各窗口中不同词元数 / 50 的平均",
    )
    mtld = (
        "Tokens / factors, mean of forward and backward; a factor ends where TTR, different tokens / tokens, falls to "
        "0.72, and the rest counts for (1 - TTR) / 0.28",
        "词元数 / 因子数，正反两向取平均；类符形符比 TTR（不同词元数 / 词元数）降至 0.72 时计一个因子，"
        "余下部分计 (1 - TTR) / 0.28 个",
    )
    mattr_source, mtld_source = "Covington & McFall 2010", "McCarthy & Jarvis 2010"
    return (
        Mattr(
            "mattr",
            better="higher",
            title=Bilingual("Moving-average type-token ratio", "滑动平均类符形符比（MATTR）"),
            about=_abouts(
                False,
                f"{mattr[0]}, mean over outputs of 50 tokens or more.",
                f"{mattr[1]}，再对词元数不少于 50 的输出取平均。",
            ),
            source=mattr_source,
        ),
        Mtld(
            "mtld",
            better="higher",
            title=Bilingual("Textual lexical diversity (MTLD)", "文本词汇多样性（MTLD）"),
            about=_abouts(
                False,
                f"{mtld[0]}; mean over outputs of 100 tokens or more (below that it is unstable).",
                f"{mtld[1]}；再对词元数不少于 100 的输出取平均（更短时不稳定）。",
            ),
            source=mtld_source,
        ),
        Mattr(
            "set_mattr",
            joined=True,
            better="higher",
            title=Bilingual("MATTR of the set", "整体滑动平均类符形符比（MATTR）"),
            about=_abouts(False, f"{mattr[0]}.{joined[0]}", f"{mattr[1]}。{joined[1]}"),
            source=mattr_source,
        ),
        Mtld(
            "set_mtld",
            joined=True,
            better="higher",
            title=Bilingual("MTLD of the set", "整体文本词汇多样性（MTLD）"),
            about=_abouts(False, f"{mtld[0]}.{joined[0]}", f"{mtld[1]}。{joined[1]}"),
            source=mtld_source,
        ),
        Mattr(
            "prompt_mattr",
            joined=True,
            by_prompt=True,
            better="higher",
            title=_names(True, "MATTR", "滑动平均类符形符比（MATTR）"),
            about=_abouts(True, f"{mattr[0]}.{together[0]}", f"{mattr[1]}。{together[1]}"),
            source=mattr_source,
        ),
        Mtld(
            "prompt_mtld",
            joined=True,
            by_prompt=True,
            better="higher",
            title=_names(True, "MTLD", "文本词汇多样性（MTLD）"),
            about=_abouts(True, f"{mtld[0]}.{together[0]}", f"{mtld[1]}。{together[1]}"),
            source=mtld_source,
        ),
    )


def _formula(order: float) -> str:
    if order == 1:
        return "exp(-Σ λ ln λ)"
    return "1 / max λ" if order == float("inf") else f"(Σ λ^{order:g})^(1 / (1 - {order:g}))"


def _vendi_ngrams(order: float, by_prompt: bool = False) -> Metric:
    return VendiNgrams(
        "prompt_vendi_ngrams" if by_prompt else "vendi_ngrams",
        order=order,
        by_prompt=by_prompt,
        better="higher",
        title=_names(by_prompt, "Vendi score (n-grams)", "Vendi 分数（n 元组）"),
        about=_abouts(
            by_prompt,
            f"{_formula(order)}, λ the eigenvalues of K / n, K_ij the mean of the cosines of two outputs' counts of "
            "single tokens and of pairs of neighbours: how many different outputs the n amount to, 1 to n. Of more "
            "than 1,000 outputs a seeded sample of 1,000.",
            f"{_formula(order)}，λ 为 K / n 的特征值，K_ij 为两条输出的 1 元组与 2 元组计数余弦的平均：n "
            "条输出相当于多少条互不相同的输出，取值 1 至 n。超过 1,000 条时按固定种子抽取 1,000 条。",
        ),
        source="Friedman & Dieng 2023",
    )


def _vendi(order: float, by_prompt: bool = False) -> Metric:
    return Vendi(
        "prompt_vendi" if by_prompt else "vendi",
        order=order,
        by_prompt=by_prompt,
        better="higher",
        title=_names(by_prompt, "Vendi score (embeddings)", "Vendi 分数（嵌入向量）"),
        about=_abouts(
            by_prompt,
            f"{_formula(order)}, λ the eigenvalues of K / n, K the cosines of the outputs' embeddings: how many "
            "different outputs the n amount to, 1 to n. Grows with n. Of more than 1,000 outputs by a model of more "
            "than 1,000 dimensions a seeded sample of 1,000.",
            f"{_formula(order)}，λ 为 K / n 的特征值，K 为各输出嵌入向量的余弦矩阵：n "
            "条输出相当于多少条互不相同的输出，取值 1 至 n，随 n 增大。输出数与向量维数均超过 1,000 时，"
            "按固定种子抽取 1,000 条。",
            tokens=False,
        ),
        source="Friedman & Dieng 2023",
    )


def _cosine(by_prompt: bool = False) -> Metric:
    return MeanCosine(
        "prompt_homogenization_cosine" if by_prompt else "homogenization_cosine",
        by_prompt=by_prompt,
        title=_names(by_prompt, "Homogenisation (embeddings)", "同质化程度（嵌入向量）"),
        about=_abouts(
            by_prompt,
            "Mean cosine of the embeddings v of every two of the n outputs, (|Σ v|² - n) / (n (n - 1)); -1 to 1.",
            "n 条输出中每两条的嵌入向量 v 的余弦的平均，即 (|Σ v|² - n) / (n (n - 1))；取值 -1 至 1。",
            tokens=False,
        ),
        source="Shaib et al. 2024",
    )


def of_texts(vocabulary: int, order: float) -> tuple[Metric, ...]:
    """The metrics that need no model, distinct-2 first; then those of the samples of one prompt."""
    return (
        *(_distinct(n) for n in (2, 1, 3, 4)),
        _ead(vocabulary),
        _self_bleu(),
        _homogenization(),
        _compression(),
        _self_repetition(),
        *_richness()[:4],
        _vendi_ngrams(order),
        *(_distinct(n, True) for n in (2, 1, 3, 4)),
        _ead(vocabulary, True),
        _self_bleu(True),
        _homogenization(True),
        _compression(True),
        _self_repetition(True),
        *_richness()[4:],
        _vendi_ngrams(order, True),
    )


def of_embeddings(order: float) -> tuple[Metric, ...]:
    """The metrics of the answers' embeddings, of the set and of the samples of one prompt."""
    return tuple(metric for by_prompt in (False, True) for metric in (_vendi(order, by_prompt), _cosine(by_prompt)))
