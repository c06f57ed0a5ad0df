"""Seeded edits of a sentence: those that its evidence still supports, and those that it does not."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from aigc_eval.scorers.groundedness.claims import names
from aigc_eval.text import has_hanzi

__all__ = ["FALSE", "TRUE", "change", "falsify", "reword"]

Edit = Callable[[str, random.Random, "Pool"], str | None]


class Pool:
    """What edits take foreign words from: names, words and sentences of the same corpus."""

    def __init__(self, sentences: list[str]) -> None:
        self.sentences = sentences
        self.names = sorted({s[a:b] for s in sentences for a, b in _named(s)}) or ["Acme"]
        self.words = sorted({w for s in sentences for w in _content(s)}) or ["thing"]


_PLACE_ZH = re.compile(
    "[\u4e00-\u9fff]{2,4}(?:公司|大学|省|市|县|系统|语言|程序|学院|银行|医院|平台|工具|函数|算法|命令)"
)
_SMALL_ZH = "的了是在和与而也就这那着有为于之以及其被把将对从由等个一没不并且或者他她们我你您可能会要"


def _named(sentence: str) -> list[tuple[int, int]]:
    found = [(p.start, p.end) for p in names(sentence)]
    if has_hanzi(sentence) and not found:
        found = [m.span() for m in _PLACE_ZH.finditer(sentence)]
    return found


def _content(sentence: str) -> list[str]:
    if has_hanzi(sentence):
        runs = re.findall(f"[^\\W\\da-zA-Z_{_SMALL_ZH}]{{2,4}}", sentence)
        return [run[:2] for run in runs]
    return [w for w in re.findall(r"[a-z]{4,}", sentence) if w not in _PLAIN]


_PLAIN = frozenset(
    re.findall(
        r"\w+",
        "that this with from have been were they their there which when what will would could should about into "
        "than then them these those some such also more most only very other your many much over after before "
        "because between during through where while",
    )
)


def change(text: str, span: tuple[int, int], new: str) -> str:
    return text[: span[0]] + new + text[span[1] :]


# --- edits that make a sentence false ------------------------------------------------------------------------------


def number(s: str, r: random.Random, _: Pool) -> str | None:
    found = [m for m in re.finditer(r"(?<![\w.,-])\d[\d,]*(?:\.\d+)?(?![\d年月日])", s) if len(m.group()) < 12]
    if not found:
        return None
    m = r.choice(found)
    value = float(m.group().replace(",", ""))
    new = (
        value + r.choice([-3, -2, -1, 1, 2, 3, 5, 10]) if value < 50 else value * r.choice([0.5, 0.8, 1.1, 1.3, 2, 10])
    )
    if "." in m.group():
        text = f"{abs(new):.{len(m.group().partition('.')[2])}f}"
    else:
        text = f"{round(abs(new)):,}" if "," in m.group() else str(round(abs(new)))
    return change(s, m.span(), text) if text != m.group() else None


_MONTHS = re.findall(r"\w+", "January February March April May June July August September October November December")


def date(s: str, r: random.Random, _: Pool) -> str | None:
    years = list(re.finditer(r"(?<!\d)(1[5-9]\d\d|20[0-3]\d)(?=年|\D|$)", s))
    months = [m for m in re.finditer("|".join(_MONTHS), s) if m.group() != "May"]
    days = list(re.finditer(r"(?<!\d)([1-9]|1[0-2])(?=月)", s))
    if not (years or months or days):
        return None
    m = r.choice(years + months + days)
    if m in years:
        return change(s, m.span(), str(int(m.group()) + r.choice([-20, -10, -4, -2, -1, 1, 2, 3, 10, 15])))
    new = r.choice([x for x in _MONTHS if x != m.group()]) if m in months else str(int(m.group()) % 12 + 1)
    return change(s, m.span(), new)


def entity(s: str, r: random.Random, pool: Pool) -> str | None:
    found = _named(s)
    if not found:
        return None
    span = r.choice(found)
    old, new = s[slice(*span)], r.choice(pool.names)
    if new.lower() in s.lower() or old.lower() in new.lower() or has_hanzi(old) != has_hanzi(new):
        return None
    return change(s, span, new)


def relation(s: str, r: random.Random, _: Pool) -> str | None:
    """Two names, or in a comparison the two sides, change places."""
    found = _named(s)
    if len(found) >= 2:
        one, other = sorted(r.sample(found, 2))
        a, b = s[slice(*one)], s[slice(*other)]
        return (
            change(change(s, other, a), one, b) if a != b and one[1] <= other[0] and a not in b and b not in a else None
        )
    m = re.search(r"^([\u4e00-\u9fff]{2,6})(比|属于|导致|位于|大于|小于|早于|晚于|优于)([\u4e00-\u9fff]{2,6})", s)
    if m:
        return m[3] + m[2] + m[1] + s[m.end() :]
    m = re.search(r"\b(\w{4,}) (causes?|leads? to|precedes?|follows?|exceeds?|contains?|replaces?|than) (\w{4,})\b", s)
    return change(s, m.span(), f"{m[3]} {m[2]} {m[1]}") if m else None


_AUX = re.compile(r"\b(is|are|was|were|can|will|has|have|had|should|would|could|must|may|does|did|do)\b(?! not)(?!n't)")
_NOT = re.compile(r"\b(is|are|was|were|can|will|has|have|had|should|would|could|must|does|did|do) not\b|\b(can)not\b")
_ZH_INSIDE = "不但只还就都可总如要机社"
"""Before 是, 会 and their like: part of another word."""
_ZH_NOT = {"不是": "是", "没有": "有", "不能": "能", "不会": "会", "不可以": "可以", "不得": "可以", "不需要": "需要"}
_ZH_YES = {
    "是": "不是",
    "可以": "不可以",
    "能够": "不能够",
    "会": "不会",
    "需要": "不需要",
    "应当": "不应当",
    "支持": "不支持",
}


def negation(s: str, r: random.Random, _: Pool) -> str | None:
    if has_hanzi(s):
        for table in (_ZH_NOT, _ZH_YES):
            found = [m for m in re.finditer("|".join(table), s) if s[max(0, m.start() - 1)] not in _ZH_INSIDE]
            if found:
                m = r.choice(found)
                return change(s, m.span(), table[m.group()])
        return None
    if m := _NOT.search(s):
        return change(s, m.span(), m[1] or m[2])
    m = _AUX.search(s)
    return change(s, m.span(), f"{m[0]} not") if m else None


_ANTONYMS = (
    "increase/decrease increases/decreases increased/decreased higher/lower high/low more/fewer larger/smaller "
    "large/small always/never all/no before/after first/last early/late earlier/later rich/poor strong/weak "
    "success/failure inside/outside north/south east/west positive/negative possible/impossible easy/difficult "
    "old/new up/down begins/ends began/ended public/private accept/reject accepted/rejected gain/loss buy/sell "
    "bought/sold open/close above/below faster/slower longer/shorter better/worse best/worst common/rare "
    "known/unknown male/female winter/summer hot/cold left/right allowed/forbidden required/optional "
    "safe/dangerous true/false",
    "增加/减少 提高/降低 上升/下降 大/小 多/少 之前/之后 最大/最小 最高/最低 允许/禁止 成功/失败 支持/反对 "
    "打开/关闭 启用/禁用 开始/结束 内部/外部 左/右 东/西 南/北 公开/保密 全部/部分 必须/不必 安全/危险 "
    "简单/复杂 快/慢 长/短 强/弱 好/坏 新/旧 首次/最后一次 热/冷 加入/退出 购买/出售 优点/缺点 正确/错误 "
    "客户端/服务器 输入/输出 上/下",
)
_TABLES = [
    dict(p for pair in row.split() for p in [tuple(pair.split("/")), tuple(pair.split("/")[::-1])]) for row in _ANTONYMS
]


def opposite(s: str, r: random.Random, _: Pool) -> str | None:
    table = _TABLES[has_hanzi(s)]
    keys = sorted(table, key=len, reverse=True)
    pattern = "|".join(map(re.escape, keys)) if has_hanzi(s) else rf"\b(?:{'|'.join(keys)})\b"
    found = list(re.finditer(pattern, s))
    if not found:
        return None
    m = r.choice(found)
    return change(s, m.span(), table[m.group()])


def word(s: str, r: random.Random, pool: Pool) -> str | None:
    """One to three content words become others."""
    for _ in range(r.choice([1, 1, 2, 3])):
        found = _content(s)
        if not found:
            return None
        s = s.replace(r.choice(found), r.choice(pool.words), 1)
    return s


def hybrid(s: str, r: random.Random, pool: Pool) -> str | None:
    """The beginning of this sentence, the end of another."""
    other = r.choice(pool.sentences)
    cut, their = int(len(s) * r.uniform(0.3, 0.7)), int(len(other) * r.uniform(0.3, 0.7))
    if not has_hanzi(s):
        cut, their = s.rfind(" ", 0, cut), other.find(" ", their)
    return None if min(cut, their) < 1 else s[:cut] + other[their:]


# --- edits that leave it true --------------------------------------------------------------------------------------

_SYNONYMS = (
    "use/utilize uses/employs used/employed help/assist helps/assists show/demonstrate shows/demonstrates "
    "showed/demonstrated about/approximately many/numerous people/individuals begin/start began/started "
    "get/obtain important/significant however/nevertheless because/since also/additionally often/frequently "
    "made/created make/create build/construct built/constructed buy/purchase large/big near/close to "
    "usually/typically main/primary almost/nearly need/require needs/requires whole/entire allow/permit "
    "allows/permits give/provide gives/provides find/discover found/discovered different/distinct way/method "
    "part/portion different/various end/finish enough/sufficient happen/occur happens/occurs several/multiple "
    "known/recognized called/named thus/therefore while/whereas first/initially believe/think children/kids "
    "job/occupation car/automobile doctor/physician country/nation quickly/rapidly said/stated says/states "
    "keep/maintain",
    "因此/所以 使用/用 能够/可以 但是/不过 目前/现在 如果/假如 通过/经由 例如/比如 并且/而且 由于/因为 需要/要 "
    "帮助/协助 开始/着手 获得/得到 显示/展示 主要/首要 重要/关键 大约/约 建立/创建 非常/十分 另外/此外 "
    "所有/全部 立即/马上 拥有/具有 进行/开展 购买/买 问题/难题 方法/办法 时候/时 经常/常常 仅/只 以及/和 "
    "应当/应该 人们/大家 喜欢/喜爱 完成/做完 制作/做 告诉/告知 出生/生 认为/觉得 无法/不能 发布/推出 "
    "作者/作者本人 位于/坐落在 被称为/叫做 属于/是 担任/出任",
)
_SAME = [dict(p for pair in row.split() if "/" in pair for p in [tuple(pair.split("/", 1))]) for row in _SYNONYMS]


def synonyms(s: str, r: random.Random, _: Pool) -> str | None:
    table = _SAME[has_hanzi(s)]
    new = s
    for old, other in table.items():
        pattern = re.escape(old) if has_hanzi(s) else rf"\b{old}\b"
        if r.random() < 0.8:
            new = re.sub(pattern, other, new)
    return new if new != s else None


def clause(s: str, r: random.Random, _: Pool) -> str | None:
    """One clause that commas or brackets set off is left out."""
    stop = s[-1] if s[-1] in ".。!！" else ""
    parts = re.split(r"[,，](?!\d)", s.rstrip(".。!！"))
    if len(parts) < 2 or re.search(r"\b(?:if|unless|not|no)\b|如果|除非|不|没", s):
        return None
    left = parts.pop(r.choice([0, len(parts) - 1]))
    kept = ("，" if has_hanzi(s) else ",").join(parts).strip()
    return kept[:1].upper() + kept[1:] + stop if len(kept) > max(8, len(left) / 2) else None


def order(s: str, r: random.Random, _: Pool) -> str | None:
    """What stands before the first comma goes to the end."""
    stop = s[-1] if s[-1] in ".。" else ""
    m = re.match(r"([^,，]{4,60})[,，]\s*([^,，]{10,})$", s.rstrip(".。"))
    if not m:
        return None
    first = m[1] if m[1].split()[0] in pool_names(m[1]) else m[1][:1].lower() + m[1][1:]
    return (m[2][:1].upper() + m[2][1:] + ("，" if has_hanzi(s) else " ") + first + stop) if r.random() < 0.9 else None


def pool_names(s: str) -> set[str]:
    return {s[a:b].split(maxsplit=1)[0] for a, b in _named(s) if s[a:b].split()}


_FRAMES = (
    ["According to the passage, {}", "The text says that {}", "In short, {}", "Yes, {}", "It is stated that {}", "{}"],
    ["根据资料，{}", "文中提到，{}", "简而言之，{}", "是的，{}", "据介绍，{}", "也就是说，{}"],
)


def frame(s: str, r: random.Random, _: Pool) -> str | None:
    body = s if has_hanzi(s) or s.split(maxsplit=1)[0] in pool_names(s) or s[:2].isupper() else s[:1].lower() + s[1:]
    return r.choice(_FRAMES[has_hanzi(s)]).format(body)


_HAN = "〇一二三四五六七八九"


def numeral(s: str, r: random.Random, _: Pool) -> str | None:
    """The same number in another spelling."""
    new = re.sub(r"(?<![\d,.])(\d{1,3}),(\d{3})(?![\d,])", r"\1\2", s)
    if new == s:
        new = re.sub(r"(?<=\d)%", " percent", s) if not has_hanzi(s) else re.sub(r"(\d+(?:\.\d+)?)%", r"百分之\1", s)
    if new == s and has_hanzi(s):
        new = re.sub(r"(?<![\d.a-zA-Z])([2-9])(?=[个年月日次种人天])", lambda m: _HAN[int(m[1])], s)
    return new if new != s else None


def shorter(s: str, r: random.Random, _: Pool) -> str | None:
    """Adverbs, and in Chinese particles, are left out."""
    if has_hanzi(s):
        new = re.sub(
            "(?<=[\u4e00-\u9fff])的(?=[\u4e00-\u9fff]{2})|非常|十分|一些|已经",
            lambda m: "" if r.random() < 0.7 else m[0],
            s,
        )
    else:
        new = re.sub(
            r"\b(?:\w+(?<!on)ly|very|also|then|just|quite|some|certain) ", lambda m: "" if r.random() < 0.8 else m[0], s
        )
    return new if new != s and len(new) > 8 else None


FALSE: dict[str, Edit] = {
    "number": number, "date": date, "entity": entity, "relation": relation, "negation": negation,
    "opposite": opposite, "word": word, "hybrid": hybrid,
}  # fmt: skip
TRUE: dict[str, Edit] = {
    "synonyms": synonyms, "clause": clause, "order": order, "frame": frame, "numeral": numeral, "shorter": shorter,
}  # fmt: skip


def reword(s: str, r: random.Random, pool: Pool) -> tuple[str, str]:
    """The sentence after none to three harmless edits, and which they were."""
    kinds = []
    for kind in r.sample(sorted(TRUE), r.choice([0, 1, 2, 2, 3, 4])):
        new = TRUE[kind](s, r, pool)
        if new and len(new) > 6:
            s, kinds = new, [*kinds, kind]
    return s, "+".join(sorted(kinds)) or "verbatim"


def falsify(s: str, kind: str, r: random.Random, pool: Pool) -> str | None:
    new = FALSE[kind](s, r, pool)
    return new if new and new.strip() != s.strip() else None
