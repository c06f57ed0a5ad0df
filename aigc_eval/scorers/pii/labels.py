"""What a number is called: words near it, the key it is the value of, the head of its column.

A window of characters, not of words: Chinese has no spaces, and 40 characters reach over a table cell or a label. In a
table the head of the column stands for the window, since the cells beside it are other things.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache

from aigc_eval.text import HANZI

__all__ = ["called_otherwise", "column", "labelled_otherwise", "mentioned", "nearness"]

_BEFORE, _AFTER = 40, 12
_STOP = re.compile(r"[。！？]|\n\s*\n")
_BEHIND = re.compile(r"[。！？\n]")
_JOINT = re.compile(r"_|(?<=[a-z0-9])(?=[A-Z])")
"""Where the words of an identifier meet: `passport_no`, `idCard`."""
# What an 11 to 19 digit number is when it is none of ours; it counts only as the nearest label before the number.
_OTHER = re.compile(
    r"订单|訂單|单号|單號|单据|流水|编号|編號|编码|編碼|代码(?!证)|货号|工号|学号|序列号|运单|物流|快递|批次|批号|条码|条形码|版本|案号|文号|专利|期刊号|群号?"
    r"|(?<!@)QQ(?!\.com)|扣扣|型号|设备号|会员号|卡券|优惠码|兑换码|验证码|凭证|凭單|票号|发票|合同号?|保单|病历|准考证|房号|座位|车架|库存|参考号|参数|工单|账单"
    r"|交易号|支付号|零件|备件|配件|料号|样本|时间戳|哈希|序号|@用户|挂号|提货|取件|取票|券|用户ID|金额|总计|合计|余额|市值|营收|质数|整数|档案|受理|申请|备案|学籍"
    r"|(?:会员|积分|购物|礼品|社保|门禁|校园|公交|饭|sim|etc)卡号?|isbn|issn|imei|iccid|doi|order|invoice|tracking|serial|sku|ref(?:erence)?\b|ticket|batch|model\b|part\b"
    r"|item|timestamp|\bts\b|transaction|\buid\b"
    r"|(?:user|order|device|trace|session|request|message|msg|goods|task|log) ?id\b"
    r"|\bseq|trace|hash|product|waybill|coupon|voucher|contract|receipt",
    re.I,
)
_OTHER_LABEL = re.compile(
    rf"(?:{_OTHER.pattern})(?:\s?(?:ids?|no|num(?:ber)?|code)\b)?[^0-9{HANZI}<\n]{{0,12}}(?:[单码号是为為]|号码|编号|號碼?){{0,2}}[^0-9{HANZI}<\n]{{0,4}}\n?$",
    re.I,
)
_ANY_LABEL = re.compile(
    rf"(?P<label>[{HANZI}]{{1,8}}(?:号码?|编码|代码|號碼?))[\"'”」*]{{0,2}}\\s?[:：=是为為]?\\s?[\"'“「*]{{0,2}}$"
)
_OURS = re.compile(
    r"[电電]|手机|手機|[联聯]|微信|身份|证|證|卡|[账帐帳]|[户戶]|护照|護照|[车車]牌|牌照|尾号|短信|来电|热线|传真|座机|拨|打|呼|收件|寄件|客服|大号|小号"
    r"|副号|同号|(?:^|[我你您他她它的新旧老这那个该此本用到加给一换])号码?$|^(?:號碼?|号码?)$"
)
_BARE_ID = re.compile(r"(?<!微信)(?<!wechat )\bid[\"'\s]{0,3}[:：=]\s?[\"']?$", re.A | re.I)
_DELIMITERS = "|\t,;"
_LONGEST_HEAD, _ANSWER = 30, 10
_HEAD = {
    True: re.compile(r"(?!.*[0-9]{4}).*"),
    False: re.compile(
        r"(?!.*[0-9]{4})[^\s。：:！？,，;][^。：:！？,，;]{0,15}(?:[,，;][^\s。：:！？,，;][^。：:！？,，;]{0,15})+\r?"
    ),
}
"""What the first line of a table looks like, ruled (by | or tabs) or not: two lines of prose have commas, too."""


_ROW = re.compile(r"[|\t]|,[^,\n]*,")
"""What tells a row from a sentence with a comma: what stands above it in other columns does not name its numbers."""


def _words(text: str) -> str:
    return _JOINT.sub(" ", text)


def _split(line: str) -> tuple[str, int]:
    """The mark that parts the cells of a line, and how many it parts; none if the line is no row."""
    for mark in _DELIMITERS:
        if mark in line:
            return mark, line.count(mark)
    return "", 0


@lru_cache(maxsize=8)
def _heads(text: str) -> tuple[list[int], list[int]]:
    """Where each line begins, and which line is the head of the table that it is in (-1: it is in none)."""
    starts, heads, before, head, at = [], [], ("", 0), -1, 0
    for i, line in enumerate(text.split("\n")):
        kind = _split(line)
        if not kind[1] or kind != before:
            head = i
        starts.append(at)
        heads.append(head if kind[1] and head != i else -1)
        before, at = kind, at + len(line) + 1
    return starts, heads


def column(match: re.Match[str]) -> str | None:
    """The head of the column that the match stands in; None where it is not in a table.

    >>> column(re.search("5+", "name,phone\\nLi,555"))
    'phone'
    """
    text, at = match.string, match.start()
    if "\n" not in text:
        return None
    starts, heads = _heads(text)
    line = bisect_right(starts, at) - 1
    if heads[line] < 0:
        return None
    first = heads[line]
    head = text[starts[first] : starts[first + 1] - 1]
    mark, _ = _split(head)
    if not _HEAD[mark in "|\t"].fullmatch(head):
        return None
    cell = head.split(mark)[text.count(mark, starts[line], at)].strip(" *`\"'\r")
    return cell if 0 < len(cell) <= _LONGEST_HEAD else None


def _sentence(left: str) -> str:
    """What belongs to the same sentence; a short answer has its question ("护照号是多少？\\nE12345678")."""
    stops = list(_STOP.finditer(left))
    if stops and stops[-1][0] == "？" and len(left) - stops[-1].end() <= _ANSWER:
        stops.pop()
    return left[stops[-1].end() if stops else 0 :]


def nearness(words: re.Pattern[str], match: re.Match[str], before: int = _BEFORE, after: int = _AFTER) -> float:
    """How near a context word stands, in the same sentence: 1 beside it or at the head of the column, 0 nowhere."""
    text, start, end = match.string, match.start(), match.end()
    head = column(match)
    if head is not None and words.search(_words(head)):
        return 1.0
    left = text[max(0, start - before) : start]
    if head is not None and _ROW.search(text, start - len(left), end):
        left = left.rpartition("\n")[2]
    left = _words(_sentence(left))
    last = max((m.end() for m in words.finditer(left)), default=-1)
    if last >= 0:
        return 1.0 - 0.5 * (len(left) - last) / max(before + _LONGEST_HEAD, len(left))
    right = _words(_BEHIND.split(text[end : end + after], maxsplit=1)[0])
    return 0.4 if words.search(right) else 0.0


def mentioned(words: re.Pattern[str], match: re.Match[str], before: int = _BEFORE, after: int = _AFTER) -> bool:
    """Whether a context word stands near the match, in the same sentence, or at the head of its column."""
    return nearness(words, match, before, after) > 0


def labelled_otherwise(match: re.Match[str]) -> bool:
    """Whether the nearest label before the number says that it is something else (an order number)."""
    head = column(match)
    return (head is not None and _OTHER.search(_words(head)) is not None) or called_otherwise(
        match.string, match.start()
    )


def called_otherwise(text: str, at: int) -> bool:
    """Whether what stands before that position says that a number of another kind follows."""
    left = _words(text[max(0, at - 32) : at])
    if _OTHER_LABEL.search(left) or _BARE_ID.search(left):
        return True
    label = _ANY_LABEL.search(left)
    return label is not None and _OURS.search(label["label"]) is None
