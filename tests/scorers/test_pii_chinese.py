"""Accuracy on a generated Chinese set: valid identifiers of every type in running text, and numbers that are none.

No public Chinese set of identifiers was found, so the set is made here. Numbers with a check character are made with
formulas and lookup tables written out in this file (GB 11643-1999, GB 32100-2015, GB 11714-1997, Hong Kong, Taiwan),
not by the code under test.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_eval.scorers.pii.checksums import (
    credit_code,
    hong_kong_identity,
    luhn,
    organization_code,
    resident_id,
    taiwan_identity,
)
from aigc_eval.scorers.pii.detector import DEFAULT_ENTITIES, detector

REGIONS = ("110105", "310104", "440305", "510107", "330106", "420111", "650104", "540102", "610113", "230102")
CODE_VALUES = {c: i for i, c in enumerate("0123456789ABCDEFGHJKLMNPQRTUWXY")}
CODE_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def digits(rng: random.Random, n: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(n))


def identity(rng: random.Random) -> str:
    born = date(1945, 1, 1) + timedelta(days=rng.randrange(27000))
    body = rng.choice(REGIONS) + born.strftime("%Y%m%d") + digits(rng, 3)
    total = sum(int(d) * w for d, w in zip(body, (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    return body + "10X98765432"[total % 11]


def old_identity(rng: random.Random) -> str:
    born = date(1945, 1, 1) + timedelta(days=rng.randrange(18000))
    return rng.choice(REGIONS) + born.strftime("%y%m%d") + digits(rng, 3)


def mobile(rng: random.Random) -> str:
    number = "1" + rng.choice("3456789") + digits(rng, 9)
    grouped = f"{number[:3]}{rng.choice(' -')}{number[3:7]}"
    return rng.choice([number, number, number, f"+86{number}", f"+86 {number}", grouped + grouped[3] + number[7:]])


def landline(rng: random.Random) -> str:
    area, local = rng.choice([("010", 8), ("021", 8), ("0755", 8), ("0571", 8), ("0312", 7), ("029", 8)])
    number = rng.choice("2345678") + digits(rng, local - 1)
    return rng.choice(
        [f"{area}-{number}", f"({area}){number}", f"{area} {number}", f"{area}-{number}-{digits(rng, 3)}"]
    )


def with_luhn(body: str) -> str:
    return next(body + d for d in "0123456789" if luhn(body + d))


def bank_card(rng: random.Random) -> str:
    number = with_luhn(
        rng.choice(["622202", "621700", "623058", "622848", "625912"]) + digits(rng, rng.choice([9, 12]))
    )
    grouped = " ".join(number[i : i + 4] for i in range(0, len(number), 4))
    return rng.choice([number, number, grouped])


def company(rng: random.Random) -> str:
    body = "91" + rng.choice(REGIONS) + "MA" + "".join(rng.choice(sorted(CODE_VALUES)) for _ in range(7))
    rest = sum(CODE_VALUES[c] * w for c, w in zip(body, CODE_WEIGHTS, strict=True)) % 31
    return body + next(c for c, v in CODE_VALUES.items() if v == (31 - rest) % 31)


def passport(rng: random.Random) -> str:
    return rng.choice([f"E{digits(rng, 8)}", f"G{digits(rng, 8)}", f"E{rng.choice('ABCDEFGH')}{digits(rng, 7)}"])


def plate(rng: random.Random) -> str:
    head = rng.choice("京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼") + rng.choice("ABCDEFGHJK")
    tails = (digits(rng, 5), "D" + digits(rng, 5), digits(rng, 5) + "F", f"{rng.choice('ABCDEHJK')}{digits(rng, 4)}")
    return head + rng.choice(["", "", "·"]) + rng.choice(tails)


def organization(rng: random.Random) -> str:
    body = "".join(rng.choice("0123456789ABCDEFGHJKL") for _ in range(8))
    rest = 11 - sum(int(c, 36) * w for c, w in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    check = "X" if rest == 10 else "0" if rest == 11 else str(rest)
    return body + rng.choice(["-", ""]) + check


def hong_kong(rng: random.Random) -> str:
    """By the usual rule for one letter: 324 stands for the missing one."""
    letter, number = rng.choice("ABCDEFGHKMPRVYZ"), digits(rng, 6)
    total = 324 + 8 * (ord(letter) - 55) + sum(int(d) * w for d, w in zip(number, range(7, 1, -1), strict=True))
    check = {10: "A", 11: "0"}.get(11 - total % 11, str(11 - total % 11))
    return f"{letter}{number}" + rng.choice([f"({check})", check])


TAIWAN = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (
    10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33,
), strict=True))  # fmt: skip


def taiwan(rng: random.Random) -> str:
    letter, body = rng.choice(sorted(TAIWAN)), rng.choice("1289") + digits(rng, 7)
    tens, ones = divmod(TAIWAN[letter], 10)
    total = tens + 9 * ones + sum(int(d) * w for d, w in zip(body, range(8, 0, -1), strict=True))
    return letter + body + str(-total % 10)


def old_taiwan_certificate(rng: random.Random) -> str:
    letter, second, body = rng.choice(sorted(TAIWAN)), rng.choice("ABCD"), digits(rng, 7)
    tens, ones = divmod(TAIWAN[letter], 10)
    total = tens + 9 * ones + 8 * (TAIWAN[second] % 10)
    total += sum(int(d) * w for d, w in zip(body, range(7, 0, -1), strict=True))
    return letter + second + body + str(-total % 10)


def macao(rng: random.Random) -> str:
    number = rng.choice("157") + digits(rng, 6)
    return rng.choice([f"{number}({digits(rng, 1)})", f"{number}{digits(rng, 1)}", f"{number[0]}/{number[1:]}/8"])


def permit(rng: random.Random) -> str:
    forms = (f"H{digits(rng, 8)}", f"M{digits(rng, 10)}", f"C{digits(rng, 8)}", f"CA{digits(rng, 7)}", digits(rng, 8))
    return rng.choice([*forms, f"{digits(rng, 10)}(B)", f"T{digits(rng, 8)}"])


def wechat(rng: random.Random) -> str:
    return rng.choice("abcdkwxz") + "".join(rng.choice("abcdefghijk_-0123456789") for _ in range(9)) + digits(rng, 2)


def qq(rng: random.Random) -> str:
    return rng.choice("123456789") + digits(rng, rng.randint(5, 9))


AREAS = (
    "北京市朝阳区",
    "上海市徐汇区",
    "广东省深圳市南山区",
    "浙江省杭州市西湖区",
    "成都市武侯区",
    "江苏南京鼓楼区",
    "湖北省武汉市",
)
ROADS = (
    "建国路",
    "漕溪北路",
    "科苑南路",
    "文三路",
    "人民南路四段",
    "中山北路",
    "颐和园路",
    "解放大道",
    "和平里北街",
    "大柳树路",
)


def address(rng: random.Random) -> str:
    house = rng.choice(
        [f"{rng.randint(1, 900)}号", f"{rng.randint(1, 90)}号院", f"{rng.randint(1, 99)}-{rng.randint(1, 9)}号"]
    )
    room = rng.choice(
        ["", f"{rng.randint(1, 20)}栋{rng.randint(1, 4)}单元{rng.randint(101, 999)}室", f"{rng.randint(1, 30)}楼"]
    )
    return rng.choice(AREAS) + rng.choice(ROADS) + house + room


MAKERS = {
    "CN_RESIDENT_ID": (
        identity,
        ("身份证号{}，请核对", "他叫王伟，{}是他的证件号码", "公民身份号码：{} 已登记", "实名信息{}已核验"),
    ),
    "CN_MOBILE": (
        mobile,
        ("电话{}联系", "请拨打{}咨询王先生", "手机：{}。", "我的微信同号{}欢迎添加", "张三{}住在朝阳区"),
    ),
    "CN_LANDLINE": (landline, ("座机{}上班时间有人接", "办公室{}找李主任", "联系电话：{}。")),
    "CN_BANK_CARD": (bank_card, ("银行卡号{}开户行招商银行", "请把钱打到{}这个账户", "卡号：{}，户名李雷")),
    "CN_CREDIT_CODE": (company, ("统一社会信用代码{}的公司", "纳税人识别号：{} 已开票", "该企业（{}）已注册")),
    "CN_PASSPORT": (passport, ("护照号{}有效期十年", "护照号码：{} 签发地北京", "持{}号护照入境")),
    "CN_ORGANIZATION_CODE": (organization, ("组织机构代码{}有效", "组织机构代码证号：{}。", "其机构代码为{}，已年检")),
    "HK_IDENTITY_CARD": (
        hong_kong,
        ("香港身份证号码{}已登记", "他的香港身份證：{}。", "HKID {} was recorded", "香港居民陈先生，证件号{}"),
    ),
    "MO_IDENTITY_CARD": (macao, ("澳门身份证{}已核验", "澳門居民身份證編號：{}。", "Macau BIR {} is valid")),
    "TW_NATIONAL_ID": (
        taiwan,
        ("台湾身分证字号{}已登记", "身分證統一編號：{}。", "居留證號碼{}，有效", "Taiwan national ID {} on file"),
    ),
    "CN_TRAVEL_PERMIT": (
        permit,
        ("港澳居民来往内地通行证{}有效期五年", "回乡证号码：{}。", "台胞证{}已过期", "往来港澳通行证号{}，请核对"),
    ),
    "CN_WECHAT": (wechat, ("加我微信号：{}，备注来意", "微信号是{}。", "WeChat ID: {} please", "VX：{}，非诚勿扰")),
    "CN_QQ": (qq, ("我的QQ：{}，欢迎咨询", "QQ号{}，在线", "加qq{}。")),
    "CN_ADDRESS": (address, ("他住在{}。", "收货地址：{}，请尽快发货", "我家在{}，欢迎来玩", "寄到{}即可")),
    "CN_PLATE": (plate, ("车牌{}的轿车", "一辆{}白色轿车驶过", "车牌号：{}。")),
}

NEGATIVES = (
    lambda r: f"订单号：{digits(r, 18)}，请查收",
    lambda r: f"您的快递单号是{digits(r, 15)}，预计明天送达",
    lambda r: f"流水号{digits(r, 20)}已入账",
    lambda r: f"订单编号1{r.choice('3456789')}{digits(r, 9)}已发货",
    lambda r: f"会议于20{digits(r, 2)}年{r.randint(1, 12)}月{r.randint(1, 28)}日至{r.randint(1, 28)}日召开",
    lambda r: f"日期：20{r.randint(10, 30)}-{r.randint(1, 12):02d}-{r.randint(1, 28):02d} {r.randint(0, 23):02d}:30:00",
    lambda r: f"总价{r.randint(1, 999)},{digits(r, 3)},{digits(r, 3)}.{digits(r, 2)}元",
    lambda r: f"ISBN 978-7-{digits(r, 3)}-{digits(r, 5)}-{digits(r, 1)}，人民邮电出版社",
    lambda r: f"书号9787{digits(r, 9)}",
    lambda r: f"请升级到版本{r.randint(1, 9)}.{r.randint(0, 20)}.{r.randint(0, 20)}.{r.randint(0, 9)}",
    lambda r: f"圆周率约为3.{digits(r, 30)}",
    lambda r: f"编号{digits(r, 4)}1{r.choice('3456789')}{digits(r, 9)}{digits(r, 5)}的样品",
    lambda r: f"哈希值{''.join(r.choice('0123456789abcdef') for _ in range(40))}",
    lambda r: f"人口{r.randint(1, 99)}亿，面积{digits(r, 7)}平方公里",
    lambda r: f"时间戳16{digits(r, 11)}毫秒",
    lambda r: f"型号GT{digits(r, 4)}-{digits(r, 4)}，序列号{digits(r, 12)}",
    lambda r: f"邮编{digits(r, 6)}，坐标{digits(r, 2)}.{digits(r, 6)},1{digits(r, 2)}.{digits(r, 6)}",
    lambda r: f"（{r.randint(1990, 2023)}）京0{digits(r, 3)}民初{digits(r, 5)}号判决书",
    lambda r: f"国道G{digits(r, 3)}线，京津冀K{digits(r, 2)}次列车，新A股{digits(r, 6)}",
    lambda r: f"QQ群{digits(r, 9)}，工号{digits(r, 8)}，学号20{digits(r, 8)}",
    lambda r: f"热量{r.randint(100, 999)}千卡，公历{r.randint(1900, 2020)}-{r.randint(1900, 2020)}年",
    lambda r: f"产品型号{r.choice('ABCDEFG')}{digits(r, 9)}，库存{digits(r, 3)}件",
    lambda r: f"零件{r.choice('ABCDEFG')}{digits(r, 6)}与{r.choice('HKMP')}{digits(r, 8)}可以互换",
    lambda r: f"详见https://item.example.cn/{digits(r, 2)}/1{r.choice('3456789')}{digits(r, 9)}.html说明",
    lambda r: f"链接 https://news.example.cn/view?id=1{r.choice('3456789')}{digits(r, 9)}&page=2 可打开",
    lambda r: (
        f"交易时间2022{r.randint(10, 12)}{r.randint(10, 28)}{r.randint(10, 23)}{digits(r, 4)}，金额{digits(r, 3)}元"
    ),
    lambda r: (
        f"日志20231105{r.randint(10, 23)}3045{digits(r, 3)} INFO v{r.randint(1, 9)}.{r.randint(0, 99)}.{digits(r, 4)}"
    ),
    lambda r: f"commit {''.join(r.choice('0123456789abcdef') for _ in range(40))} 修复了问题",
    lambda r: f"微信小程序、微信公众号与QQ音乐都在{r.randint(2011, 2020)}年后流行，QQ{r.randint(2008, 2013)}版已停用",
    lambda r: f"南京路{r.randint(2, 9)}号线换乘站，位于{r.choice(AREAS)}，沿{r.choice(ROADS)}步行{digits(r, 3)}米",
    lambda r: f"朝阳区第{r.randint(1, 20)}号文件，人民路小学{r.randint(1, 6)}年级{r.randint(1, 9)}班",
    lambda r: f"def f(x): return x * 1{r.choice('3456789')}{digits(r, 3)} + {digits(r, 5)}  # 计算",
)


def found_in(text: str) -> list[tuple[str, str]]:
    return [(f.entity, text[f.start : f.end]) for f in detector(DEFAULT_ENTITIES, 0.5, "").find(text)]


@pytest.mark.parametrize("spaced", [False, True], ids=["flush", "spaced"])
@pytest.mark.parametrize("entity", sorted(MAKERS))
def test_recall_of_each_type_is_at_least_99_percent(entity: str, spaced: bool) -> None:
    rng = random.Random(f"{entity}{spaced}")
    make, frames = MAKERS[entity]
    hits, n, missed = 0, 400, []
    for _ in range(n):
        value = make(rng)
        text = rng.choice(frames).format(f" {value} " if spaced else value)
        if (entity, value) in found_in(text):
            hits += 1
        else:
            missed.append((text, found_in(text)))
    assert hits / n >= 0.99, missed[:5]


def test_precision_of_each_type_is_at_least_98_percent_among_hard_negatives() -> None:
    rng = random.Random(7)
    right, wrong, examples = Counter[str](), Counter[str](), []
    for i in range(3000):
        planted: list[tuple[str, str]] = []
        if i % 2:
            entity = rng.choice(sorted(MAKERS))
            make, frames = MAKERS[entity]
            value = make(rng)
            planted, text = [(entity, value)], rng.choice(frames).format(value)
        else:
            text = rng.choice(NEGATIVES)(rng)
        for finding in found_in(text):
            (right if finding in planted else wrong)[finding[0]] += 1
            if finding not in planted:
                examples.append((text, finding))
    for entity in right | wrong:
        precision = right[entity] / (right[entity] + wrong[entity])
        assert precision >= 0.98, (entity, precision, [e for e in examples if e[1][0] == entity][:5])


def test_old_identity_numbers_need_a_word_that_names_them() -> None:
    rng = random.Random(3)
    numbers = [old_identity(rng) for _ in range(200)]
    assert all(("CN_RESIDENT_ID", n) in found_in(f"一代身份证号{n}已作废") for n in numbers)
    assert not any(found_in(f"共计{n}次") for n in numbers)


@given(st.integers(0, 16), st.integers(1, 9), st.integers(0, 2**32))
def test_one_wrong_digit_breaks_an_identity_number(place: int, add: int, seed: int) -> None:
    number = identity(random.Random(seed))
    assert resident_id(number)
    wrong = number[:place] + str((int(number[place]) + add) % 10) + number[place + 1 :]
    assert not resident_id(wrong)


@given(st.integers(0, 16), st.integers(0, 2**32))
def test_one_wrong_character_breaks_a_credit_code(place: int, seed: int) -> None:
    code = company(random.Random(seed))
    assert credit_code(code)
    other = "B" if code[place] != "B" else "C"
    assert not credit_code(code[:place] + other + code[place + 1 :])


def test_old_taiwan_certificates_and_two_letters_of_hong_kong() -> None:
    rng = random.Random(4)
    numbers = [old_taiwan_certificate(rng) for _ in range(200)]
    assert all(("TW_NATIONAL_ID", n) in found_in(f"居留證統一證號{n}。") for n in numbers)
    # Two letters weigh 9 and 8: AB123456 sums to 90 + 88 + 77 = 255, and 255 + 9 = 264 = 24 * 11.
    assert found_in("香港身份证AB123456(9)") == [("HK_IDENTITY_CARD", "AB123456(9)")]


@pytest.mark.parametrize("entity", ["HK_IDENTITY_CARD", "TW_NATIONAL_ID", "CN_ORGANIZATION_CODE"])
def test_one_in_ten_or_eleven_random_numbers_has_the_check_digit_so_a_word_must_name_it(entity: str) -> None:
    rng = random.Random(11)
    makers: dict[str, Callable[[], str]] = {
        "HK_IDENTITY_CARD": lambda: f"{rng.choice('ABCDEFG')}{digits(rng, 7)}",
        "TW_NATIONAL_ID": lambda: f"{rng.choice('ABCDEFG')}{rng.choice('1289')}{digits(rng, 8)}",
        "CN_ORGANIZATION_CODE": lambda: digits(rng, 9),
    }
    word = {"HK_IDENTITY_CARD": "香港身份证", "TW_NATIONAL_ID": "身分證", "CN_ORGANIZATION_CODE": "组织机构代码"}[
        entity
    ]
    numbers = [makers[entity]() for _ in range(3000)]
    named = sum((entity, n) in found_in(f"{word}{n}") for n in numbers) / len(numbers)
    assert 1 / 12 < named < 1 / 8.5
    assert not any((entity, n) in found_in(f"样品{n}入库") for n in numbers[:600])


def test_standards_golden_numbers() -> None:
    assert resident_id("11010519491231002X")  # GB 11643-1999, appendix
    assert resident_id("440524188001010014")
    assert resident_id("360426199101010071")  # python-stdnum 2.2, stdnum.cn.ric
    assert credit_code("91350100M000100Y43")  # GB 32100-2015, example
    for code in ("91110000600037341L", "9144030071526726XG"):  # python-stdnum 2.2, stdnum.cn.uscc
        assert credit_code(code)
        assert organization_code(code[8:17])  # GB 32100: these nine characters are the organisation code
    assert organization_code("D2143569X")  # GB 11714-1997, example
    assert not organization_code("D21435690")
    assert hong_kong_identity("A1234563")  # the usual textbook examples, A123456(3) and G123456(A)
    assert hong_kong_identity("G123456A")
    assert taiwan_identity("A123456789")
    assert taiwan_identity("A800000014")  # the specimen of the certificates of 2021
    assert not taiwan_identity("A800000015")
    assert not resident_id("11010519490231002X")
    assert not resident_id("99010519491231002X")


def test_luhn_golden_numbers() -> None:
    # The textbook example, Visa's test number, and one wrong digit of each.
    assert luhn("79927398713")
    assert luhn("4111111111111111")
    assert not any(luhn(f"7992739871{d}") for d in "012456789")
    assert not luhn("4111111111111112")


def test_the_provinces_are_those_of_gb_t_2260() -> None:
    known = {*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82}
    body, weights = "010519491231002", (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    for province in range(10, 90):
        number = f"{province}{body}"
        total = sum(int(d) * w for d, w in zip(number, weights, strict=True))
        # 83 is Taiwan's in residence permits; 9x are foreigners' permanent residence cards
        assert resident_id(number + "10X98765432"[total % 11]) == (province in known | {83}), province


def test_one_in_eleven_random_numbers_has_the_check_character_of_an_identity() -> None:
    rng = random.Random(12)
    bodies = [f"110105{rng.randint(1950, 2005)}0615{digits(rng, 3)}{rng.choice('0123456789X')}" for _ in range(3000)]
    assert 1 / 12.5 < sum(map(resident_id, bodies)) / len(bodies) < 1 / 9.7


@pytest.mark.parametrize("place", ["示例市样例路一号", "某市某路88号", "××市××路12号", "测试市测试路3号"])
def test_invented_places_are_nobodys_address(place: str) -> None:
    from aigc_eval.scorers.pii.address import Address

    assert list(Address().find(f"收货地址：{place}")) == []
    assert list(Address().find("收货地址：杭州市文三路88号"))
