# ruff: noqa: E501  (tables of sentences)
"""Names drawn from lists, sentences with slots for them, and real sentences with other people's names put in.

The labelled sets are tweets, encyclopaedia articles and news; answers of assistants read otherwise. The sentences here
were written for this project; the names are drawn from `gazetteer.txt`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from ner_data import Sentence

from aigc_eval.scorers.pii.names.features import gazetteer, is_han
from aigc_eval.scorers.pii.names.tokens import tokenize

_SLOT = re.compile(r"\{([a-z]+)\}")
_KIND = {"p": "PERSON", "l": "LOCATION", "o": "ORGANIZATION"}

ENGLISH = (
    "Contact {p} at {mail}.", "Please contact {p} ({phone}) for details.", "Call {p} on {phone}.", "Name: {p}",
    "Name : {p} , Phone : {phone}", "Customer name: {p}", "Patient: {p}, DOB {date}", "Dear {p},", "Hi {p},",
    "Hello {p}!", "Best regards,\n{p}", "Sincerely, {p}", "Thanks, {p}", "From: {p} <{mail}>", "To: {p}", "Cc: {p}, {p}",
    "My name is {p} and I live in {l}.", "I'm {p}, I work at {o}.", "I am {p} from {l}.", "This is {p} speaking.",
    "{p} lives in {l}.", "{p} works for {o} in {l}.", "{p} and {p} met in {l}.", "{p} was born in {l} in {year}.",
    "{p}'s phone number is {phone}.", "{p}'s email is {mail}.", "The email address of {p} is {mail}.",
    "You can reach {p} at {phone} or {mail}.", "Ask for {p} at the front desk.", "Mr. {p} will see you now.",
    "Dr. {p} joined {o} as director.", "{p}, CEO of {o}, said on {day} that sales rose.", "According to {p}, it works.",
    "{o} announced {day} that {p} will step down.", "{o} is based in {l}.", "{o} opened an office in {l}.",
    "She studied at {o} before moving to {l}.", "He flew from {l} to {l} on {day}.", "The capital is {l}.",
    "Ship to: {p}, {n} {street}, {l}", "Address: {n} {street}, {l}", "Send it to {p}, {n} {street}, {l}.",
    "The account holder is {p}.", "Transfer the money to {p}.", "Employee: {p}\nDepartment: Sales\nOffice: {l}",
    "| {p} | {phone} | {l} |", "- {p}: {phone}", "1. {p} - {mail}", "{p} ({year}-{year}) was a writer from {l}.",
    '{{"name": "{p}", "city": "{l}"}}', '{{"name":"{p}","company":"{o}"}}', "name={p}; city={l}", "Emergency contact: {p}",
    "Tell {p} that {p} called.", "I met {p} yesterday.", "is {p} coming to {l}?", "Have you heard from {p}?",
    "Visit {l} in spring.", "the {o} team", "Meeting with {p} and {p} at {o}", "Signed by {p} on {date}",
    "Passenger {p} is booked from {l} to {l}.", "The invoice was issued to {o}, {l}.", "Reviewed by {p}, {o}",
    "My colleague {p} sent the report to {p}.", "Billing address: {p}, {n} {street}, {l}", "Manager: {p}",
    "The author, {p}, teaches at {o}.", "{p}: I don't think so.\n{p}: Why not?", "Hey {p}, it's {p} from {o}.",
)  # fmt: skip
ENGLISH_NONE = (
    "Step {n}: Preheat the oven.", "Here are some tips:", "Sure! Here is the code:", "def main():", "import numpy as np",
    "Overall, the approach is sound.", "In conclusion, there are many factors to consider.", "Table of Contents",
    "First Name: Last Name:", "Name: [Your Name]", "Dear [Recipient's Name],", "Best regards,\n[Your Name]", "Dear Sir or Madam,",
    "Best Regards", "Kind Regards,", "Introduction", "Key Takeaways", "Pros and Cons", "Dear Hiring Manager,", "Thank You!",
    "The Python list is sorted in place.", "JavaScript and HTML are used on the web.", "On Monday and Tuesday we rest.",
    "Machine Learning is a field of Computer Science.", "Happy Birthday!", "Merry Christmas and Happy New Year", "Java Class Object",
    "Question: What is the answer?", "Answer: Yes.", "However, this is not always true.", "Therefore, x = {n}.", "Note: see below.",
    "Total: ${n}", "Order {n} was shipped on {date}.", "Your PIN is {n}.", "Card Number: {n}", "Phone: {phone}", "E-mail: {mail}",
    "Chapter {n}", "Version {n} of the API returns JSON.", "The Great Gatsby is a novel.", "English, French and Chinese are languages.",
    "Dear Customer,", "Dear Team,", "Hi there,", "Hello everyone,", "As an AI language model, I cannot do that.", "Option A", "Option B",
    "Data Scientist", "Software Engineer", "Project Manager", "Skills: Excel, SQL, Python", "Work Experience", "Education",
    "Bachelor of Science", "Data Collection: gather the data.", "Social Media: post often.", "Time Management is important.",
    "**Benefits**: Lower cost.", "### Summary", "return False", "SELECT * FROM users WHERE id = {n};", "GET /users HTTP/1.1",
)  # fmt: skip
CHINESE = (
    "联系人：{p}", "联系人：{p}，电话：{phone}", "姓名：{p}", "姓名：{p} 性别：男", "我叫{p}，住在{l}。", "我是{p}，来自{l}。",
    "请联系{p}，电话{phone}。", "{p}的手机号是{phone}", "{p}的邮箱是{mail}", "{p}先生您好，", "尊敬的{p}女士：", "您好，{p}！", "收件人：{p}",
    "收货人：{p}，{phone}，{l}", "寄件人：{p}", "户名：{p}", "开户人：{p}，开户行：{o}", "客户{p}于{date}下单。", "患者{p}，男，{n}岁。",
    "{p}出生于{l}。", "{p}在{o}工作。", "{p}现任{o}董事长。", "{o}总经理{p}表示，销量增长了。", "{o}位于{l}。", "{o}总部设在{l}。",
    "{p}和{p}去了{l}。", "{p}毕业于{o}。", "{p}对{p}说：“明天见。”", "据{p}介绍，该项目已经完成。", "记者{p}报道", "作者：{p}", "导演{p}的新片",
    "{p}，{year}年生，{l}人。", "从{l}到{l}的航班", "我想去{l}旅游。", "{l}的天气怎么样？", "{l}是一座城市。", "公司名称：{o}", "单位：{o}",
    "“姓名”：“{p}”，“城市”：“{l}”", '{{"姓名": "{p}", "地址": "{l}"}}', "| {p} | {phone} | {l} |", "{p}\t{phone}\t{l}", "1. {p}：{phone}",
    "你认识{p}吗？", "昨天我见到了{p}。", "请把材料交给{p}。", "此致\n敬礼\n{p}", "负责人是{p}。", "经办人：{p}  日期：{date}", "老师{p}批评了{p}。",
    "法定代表人：{p}", "甲方：{o}\n乙方：{p}", "会议由{p}主持，{p}、{p}参加。", "{p}、{p}、{p}", "嫌疑人{p}在{l}被抓获。", "{o}在{l}成立。",
    "{p}老师，您好！", "让{p}给{p}打电话", "{p}住在{l}，在{o}上班。", "{o}和{o}签署了协议。", "他是{o}的{p}。", "乘客{p}（{l}—{l}）",
)  # fmt: skip
CHINESE_NONE = (
    "步骤{n}：加热。", "总之，需要综合考虑。", "以下是一些建议：", "尊敬的客户：", "您好！", "亲爱的用户，", "此致敬礼", "姓名：", "联系人：", "收件人：[姓名]",
    "电话：{phone}", "邮箱：{mail}", "订单{n}已发货。", "首先，打开软件。", "其次，点击按钮。", "高等数学", "机器学习是人工智能的一个分支。", "时间管理很重要。",
    "作为一个人工智能语言模型，我不能这样做。", "余额为{n}元。", "许多人喜欢喝茶。", "方法如下：", "注意事项", "金额：{n}元", "周一到周五上班。", "谢谢您的来信。",
    "王者荣耀是一款游戏。", "项目经理负责进度。", "张开双臂", "任何问题请随时提出。", "高考成绩公布。", "温和的方式", "安全第一", "常见问题", "方便快捷",
    "许可证", "金属材料", "马上就好", "黄金价格上涨", "白天和黑夜", "水平测试", "成本和收益", "程序运行正常", "解决方案", "熊猫吃竹子。", "石油和天然气",
)  # fmt: skip
_STREET_ENDS = ("Street", "St", "Avenue", "Ave", "Road", "Rd", "Lane", "Drive", "Blvd", "Court", "Way")
_COMPANIES = (
    "科技有限公司",
    "有限公司",
    "集团",
    "股份有限公司",
    "医院",
    "大学",
    "中学",
    "银行",
    "研究院",
    "学院",
    "第一小学",
    "贸易公司",
    "律师事务所",
)
_BRANDS = "华 信 达 恒 通 金 瑞 博 创 新 远 东 方 盛 联 合 天 地 正 大 中 安 泰 和 兴 隆 宏 美 康 元 亨 利 丰 海 星 云 智 科 德 诚 益 嘉".split()  # noqa: SIM905


class Grammar:
    """Draws names and sentences; `places` are English place names beside those of the lists."""

    def __init__(self, seed: int, places: Sequence[str]) -> None:
        self.rng = random.Random(seed)
        self.lists = gazetteer()
        self.places = places
        text = self.lists
        self.chinese_places = [*text["zh-place"], *_areas()]

    def person(self, han: bool) -> str:
        """A name in the script that is asked for, in one of the forms that people write."""
        pick, lists, chance = self.rng.choice, self.lists, self.rng.random()
        if han:
            # The commonest surnames stand first in the list.
            at = min(int(self.rng.expovariate(1 / 45)), len(lists["zh-family"]) - 1)
            given = lists["zh-given"] if chance < 0.7 else tuple(c for n in lists["zh-given"] for c in n)
            if chance > 0.93:
                first, last = pick(lists["zh-transliterated"]), pick(lists["zh-transliterated-family"])
                return pick((f"{first}·{last}", f"{first}{last}", last, first))
            name = pick(given) if chance < 0.85 else pick(given)[:1] + pick(given)[:1]
            return lists["zh-family"][at] + name
        if chance < 0.2:
            family, given_name = pick(lists["pinyin-family"]), pick(lists["pinyin-given"])
            return pick((f"{family} {given_name}", f"{given_name} {family}", f"{given_name} {family}"))
        first, last = pick(lists["given"]), pick(lists["family"])
        if chance < 0.4:
            return first
        if chance < 0.45:
            return last
        if chance < 0.55:
            return f"{first} {pick('ABCDEFGHJKLMNPRSTW')}. {last}"
        if chance < 0.6:
            return f"{first} {pick(lists['given'])} {last}"
        return f"{first} {last}"

    def place(self, han: bool) -> str:
        """A town, a region, a country."""
        if han:
            return self.rng.choice(self.chinese_places)
        return self.rng.choice(self.places) if self.rng.random() < 0.7 else self.rng.choice(self.lists["place"])

    def organization(self, han: bool) -> str:
        """A company, a school, an authority."""
        pick, lists = self.rng.choice, self.lists
        if han:
            brand = "".join(pick(_BRANDS) for _ in range(2))
            where = pick(("", "", self.place(True)))
            return where + pick((brand, "")) + pick(_COMPANIES) if where else brand + pick(_COMPANIES)
        word = pick((pick(lists["family"]), self.place(False), pick(("Global", "First", "National", "United", "Acme"))))
        return f"{word} {pick(lists['organisation-end'])}"

    def _filled(self, slot: str, han: bool) -> str:
        rng = self.rng
        if slot in _KIND:
            return {"p": self.person, "l": self.place, "o": self.organization}[slot](han)
        return {
            "mail": lambda: (
                f"{rng.choice('abcdefgh')}{rng.randrange(99)}.{rng.choice(self.lists['family']).lower()}@mail.com"
            ),
            "phone": lambda: "".join(rng.choice("0123456789") for _ in range(rng.choice((7, 10, 11)))),
            "date": lambda: f"{rng.randint(1950, 2024)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
            "year": lambda: str(rng.randint(1850, 2024)),
            "n": lambda: str(rng.randint(1, 9999)),
            "day": lambda: rng.choice(("Monday", "Tuesday", "Friday", "January 5", "March")),
            "street": lambda: f"{rng.choice(self.lists['family'])} {rng.choice(_STREET_ENDS)}",
        }[slot]()

    def sentence(self, form: str, han: bool, source: str) -> list[Sentence]:
        """The form filled in, one sentence a line."""
        found = []
        for line in form.split("\n"):
            tokens: list[str] = []
            names: list[tuple[int, int, str]] = []
            for i, part in enumerate(_SLOT.split(line.replace("{{", "\x01").replace("}}", "\x02"))):
                value = self._filled(part, han) if i % 2 else part.replace("\x01", "{").replace("\x02", "}")
                words = [t.text for t in tokenize(value)]
                if i % 2 and words and part in (*_KIND, "street"):
                    names.append((len(tokens), len(tokens) + len(words) - 1, _KIND.get(part, "LOCATION")))
                tokens += words
            found.append(Sentence(tuple(tokens), tuple(names), source))
        return [s for s in found if s.tokens]

    def sentences(self, each: int) -> list[Sentence]:
        """Each form with names `each` times, without names a quarter of that."""
        found = []
        for forms, han, n in ((ENGLISH, False, each), (CHINESE, True, each), (ENGLISH_NONE, False, each // 4),
                              (CHINESE_NONE, True, each // 4)):  # fmt: skip
            found += [s for form in forms for _ in range(n) for s in self.sentence(form, han, "grammar")]
        return found

    def renamed(self, sentence: Sentence) -> Sentence:
        """The sentence with other people and places in it."""
        tokens: list[str] = []
        names: list[tuple[int, int, str]] = []
        at = 0
        for first, last, kind in sentence.names:
            tokens += sentence.tokens[at:first]
            old = sentence.tokens[first : last + 1]
            new = self._other(old, kind)
            names.append((len(tokens), len(tokens) + len(new) - 1, kind))
            tokens += new
            at = last + 1
        return Sentence((*tokens, *sentence.tokens[at:]), tuple(names), sentence.source)

    def _other(self, old: Sequence[str], kind: str) -> Sequence[str]:
        han = any(map(is_han, old))
        if kind == "ORGANIZATION" or self.rng.random() < 0.3 or not (han or old[0][:1].isupper()):
            return old
        if kind == "LOCATION":
            return [t.text for t in tokenize(self.place(han))]
        words = [t.text for t in tokenize(self.person(han))]
        return words if han or len(old) > 1 else words[:1]


def _areas() -> list[str]:
    from importlib import resources

    return resources.files("aigc_eval").joinpath("scorers/pii/places.txt").read_text("utf-8").split()
