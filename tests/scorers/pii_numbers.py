# ruff: noqa: E501  (tables of sentences)
"""Identifiers drawn from the standards that define them, none of it from the code under test.

GB 11643 (identity numbers), GB/T 2260 (areas), GB 32100 and GB 11714 (organisations), GA 36 (plates), ISO/IEC 7812 with
published issuer prefixes (cards), the numbering plan of the mainland (mobile and fixed lines), the forms of passports
and permits that the National Immigration Administration publishes, and the check digits of Hong Kong and Taiwan.
"""

from __future__ import annotations

from calendar import monthrange
from random import Random

AREAS = [
    "110101",
    "110105",
    "110108",
    "120101",
    "120103",
    "130102",
    "130203",
    "140105",
    "150102",
    "210102",
    "210211",
    "220102",
    "230103",
    "310101",
    "310104",
    "310115",
    "320102",
    "320505",
    "330102",
    "330106",
    "340104",
    "350203",
    "350102",
    "360102",
    "370102",
    "370202",
    "410102",
    "410105",
    "420106",
    "420111",
    "430102",
    "440103",
    "440106",
    "440305",
    "440304",
    "450102",
    "460105",
    "500103",
    "500112",
    "510104",
    "510107",
    "520102",
    "530102",
    "540102",
    "610102",
    "610113",
    "620102",
    "630102",
    "640104",
    "650102",
]
DIGITS = "0123456789"
NO_I_O = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def digits(r: Random, n: int) -> str:
    return "".join(r.choice(DIGITS) for _ in range(n))


def day(r: Random, first: int = 1940, last: int = 2015) -> str:
    year, month = r.randint(first, last), r.randint(1, 12)
    return f"{year}{month:02d}{r.randint(1, monthrange(year, month)[1]):02d}"


def identity_check(body: str) -> str:
    """GB 11643: the weight of place i from the right is 2^(i-1) mod 11."""
    return "10X98765432"[sum(int(d) * (2 ** (17 - i) % 11) for i, d in enumerate(body)) % 11]


def identity(r: Random) -> str:
    body = r.choice(AREAS) + day(r) + digits(r, 3)
    return body + identity_check(body)


def wrong_identity(r: Random) -> str:
    number = identity(r)
    return number[:17] + r.choice([c for c in "0123456789X" if c != number[17]])


def old_identity(r: Random) -> str:
    return r.choice(AREAS) + day(r, 1940, 1985)[2:] + digits(r, 3)


MOBILE = [
    "130",
    "131",
    "132",
    "133",
    "134",
    "135",
    "136",
    "137",
    "138",
    "139",
    "145",
    "147",
    "149",
    "150",
    "151",
    "152",
    "153",
    "155",
    "156",
    "157",
    "158",
    "159",
    "162",
    "165",
    "166",
    "167",
    "170",
    "171",
    "172",
    "173",
    "175",
    "176",
    "177",
    "178",
    "180",
    "181",
    "182",
    "183",
    "184",
    "185",
    "186",
    "187",
    "188",
    "189",
    "190",
    "191",
    "192",
    "193",
    "195",
    "196",
    "197",
    "198",
    "199",
]


def mobile(r: Random) -> str:
    return r.choice(MOBILE) + r.choice("123456789") + digits(r, 6) + r.choice("123456789")


FIXED = (
    ("010", 8), ("020", 8), ("021", 8), ("022", 8), ("023", 8), ("024", 8), ("025", 8), ("027", 8), ("028", 8), ("029", 8),
    ("0311", 8), ("0371", 8), ("0411", 8), ("0512", 8), ("0531", 8), ("0571", 8), ("0574", 8), ("0591", 8), ("0731", 8),
    ("0755", 8), ("0769", 8), ("0310", 7), ("0335", 7), ("0415", 7), ("0470", 7), ("0565", 7), ("0715", 7), ("0816", 7),
    ("0898", 8), ("0991", 7), ("0951", 7),
)  # fmt: skip


def landline(r: Random) -> tuple[str, str]:
    area, size = r.choice(FIXED)
    return area, r.choice("2345678") + digits(r, size - 1)


def luhn_check(body: str) -> str:
    """ISO/IEC 7812-1 annex B, by the table of doubled digits."""
    total = sum(int(d) if i % 2 else (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)[int(d)] for i, d in enumerate(reversed(body)))
    return str(-total % 10)


UNION = (
    ("622202", 19), ("621226", 19), ("622848", 19), ("622700", 19), ("621700", 19), ("621661", 19), ("622588", 16),
    ("622609", 16), ("621483", 16), ("622252", 16), ("622622", 16), ("625965", 16), ("621799", 19), ("622155", 16),
    ("622908", 18), ("623058", 19), ("621462", 19), ("622580", 16), ("628216", 16), ("955880", 19), ("621098", 19),
)  # fmt: skip


def bank_card(r: Random) -> str:
    prefix, size = r.choice(UNION)
    body = prefix + digits(r, size - 7)
    return body + luhn_check(body)


def wrong_card(r: Random) -> str:
    number = bank_card(r)
    return number[:-1] + str((int(number[-1]) + r.randint(1, 9)) % 10)


def credit_card(r: Random) -> str:
    prefix, size = r.choice(
        (("4", 16), ("51", 16), ("53", 16), ("55", 16), ("2221", 16), ("37", 15), ("34", 15), ("3528", 16))
    )
    body = prefix + digits(r, size - len(prefix) - 1)
    return body + luhn_check(body)


CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def organization_check(body: str) -> str:
    rest = 11 - sum(int(c, 36) * w for c, w in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    return "X" if rest == 10 else "0" if rest == 11 else str(rest)


def organization(r: Random) -> str:
    body = r.choice(("", "MA"))
    body += "".join(r.choice(DIGITS if not body else CODE[:-1]) for _ in range(8 - len(body)))
    return body + organization_check(body)


def credit_code(r: Random) -> str:
    """GB 32100: authority and kind, area, organisation code, check character."""
    body = (
        r.choice(("91", "92", "93", "12", "11", "13", "51", "52", "53", "54", "31", "81", "N1"))
        + r.choice(AREAS)
        + organization(r)
    )
    total = sum(CODE.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return body + CODE[(31 - total % 31) % 31]


def wrong_credit_code(r: Random) -> str:
    code = credit_code(r)
    return code[:17] + r.choice([c for c in CODE if c != code[17]])


def passport(r: Random) -> str:
    second = r.choice("ABCDEFGHJKLMNPQRSTUVWXYZ")
    return r.choice((f"E{digits(r, 8)}", f"E{second}{digits(r, 7)}", f"G{digits(r, 8)}", f"{r.choice('DSP')}{digits(r, 8)}",
                     f"{r.choice(('PE', 'SE', 'DE'))}{digits(r, 7)}", f"{r.choice(('K', 'H'))}{digits(r, 8)}"))  # fmt: skip


PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"


def plate(r: Random) -> tuple[str, str]:
    """Head and serial: GA 36-2018, five places with at most two letters, or six for new energy."""
    head = r.choice(PROVINCES) + r.choice("ABCDEFGHJKLMNPQRSTUVWXY")
    kind = r.random()
    if kind < 0.3:
        energy = r.choice("DABCEFGHJK")
        return head, r.choice((energy + r.choice(DIGITS + NO_I_O) + digits(r, 4), digits(r, 5) + energy))
    if kind < 0.36:
        return head, digits(r, 4) + r.choice("挂学警")
    if kind < 0.4:
        return "粤Z", r.choice(DIGITS + NO_I_O) + digits(r, 3) + r.choice("港澳")
    serial = list(digits(r, 5))
    for _ in range(r.randint(0, 2)):
        serial[r.randrange(5)] = r.choice(NO_I_O)
    return head, "".join(serial)


def hong_kong(r: Random) -> tuple[str, str]:
    """Letters and digits, and the check character: weights 9 to 2, a space counts 36."""
    head = r.choice("ABCDEFGHKMNPRSTVWYZ") if r.random() < 0.9 else r.choice(("WX", "XA", "XB", "XH"))
    number = digits(r, 6)
    values = [36 if c == " " else int(c, 36) for c in head.rjust(2) + number]
    rest = sum(v * w for v, w in zip(values, range(9, 1, -1), strict=True)) % 11
    return head + number, "0A987654321"[rest]


TAIWAN = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (
    10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33,
), strict=True))  # fmt: skip


def taiwan(r: Random) -> str:
    letter, body = r.choice("ABCDEFGHIJKMNOPQTUVWXZ"), r.choice("121289") + digits(r, 7)
    tens, ones = divmod(TAIWAN[letter], 10)
    total = tens + 9 * ones + sum(int(d) * w for d, w in zip(body, range(8, 0, -1), strict=True))
    return letter + body + str(-total % 10)


def macao(r: Random) -> str:
    number, check = r.choice("157") + digits(r, 6), digits(r, 1)
    return r.choice((f"{number}({check})", f"{number}{check}", f"{number[0]}/{number[1:]}/{check}"))


def wechat(r: Random) -> str:
    """A letter and 5 to 19 letters, digits, _ or - (what the application allows)."""
    letters, any_ = "abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyz0123456789_-"
    name = r.choice(("wang", "lixiao", "zhang", "chen", "happy", "xiaomei", "sunny", "liu", "huang", "dasheng"))
    return r.choice((f"{name}{digits(r, 4)}", f"{name}_{digits(r, 3)}", f"wxid_{digits(r, 8)}{r.choice(letters)}",
                     f"{name.title()}-{digits(r, 2)}z", r.choice(letters) + "".join(r.choice(any_) for _ in range(8)) + digits(r, 2)))  # fmt: skip


def qq(r: Random) -> str:
    return r.choice("123456789") + digits(r, r.randint(5, 9))


HOSTS = ("qq.com", "163.com", "126.com", "sina.com", "sina.cn", "foxmail.com", "gmail.com", "outlook.com", "aliyun.com",
         "hotmail.com", "yeah.net", "139.com", "pku.edu.cn", "mail.tsinghua.edu.cn", "huawei.com", "gov.cn", "vip.163.com")  # fmt: skip


def email(r: Random) -> str:
    name = r.choice(
        ("zhangwei", "li.ming", "wang_fang", "chen-jie", "liuyang", "zhao.lei", "sunli", "hr", "contact", "x.y.zhou")
    )
    return (
        r.choice((f"{name}{digits(r, r.randint(0, 4))}", digits(r, r.randint(6, 10)), f"{name}.{digits(r, 2)}"))
        + "@"
        + r.choice(HOSTS)
    )


def ip(r: Random) -> str:
    """A public address of version 4 or 6."""
    if r.random() < 0.2:
        return f"240{r.choice('89')}:{r.choice('48')}{digits(r, 3)}:{':'.join(f'{r.randrange(4096, 65536):x}' for _ in range(6))}"
    first = r.choice((36, 39, 42, 58, 59, 60, 61, 101, 106, 110, 111, 113, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 180,
                      182, 183, 202, 210, 211, 218, 219, 220, 221, 222, 223))  # fmt: skip
    return f"{first}.{r.randint(1, 254)}.{r.randint(30, 254)}.{r.randint(1, 254)}"


CITIES = (
    "北京市朝阳区", "北京市海淀区", "北京海淀区", "上海市徐汇区", "上海市浦东新区", "上海浦东新区", "天津市南开区", "重庆市渝中区", "广东省深圳市南山区",
    "广东省广州市天河区", "深圳市福田区", "广州市越秀区", "浙江省杭州市西湖区", "杭州市余杭区", "江苏省南京市鼓楼区", "江苏省苏州市工业园区", "四川省成都市武侯区",
    "成都市锦江区", "湖北省武汉市洪山区", "湖南省长沙市岳麓区", "陕西省西安市雁塔区", "山东省青岛市市南区", "福建省厦门市思明区", "河南省郑州市金水区",
    "辽宁省沈阳市和平区", "黑龙江省哈尔滨市南岗区", "云南省昆明市五华区", "江苏省昆山市", "浙江省义乌市", "河北省石家庄市长安区", "安徽省合肥市蜀山区",
    "广西壮族自治区南宁市青秀区", "新疆维吾尔自治区乌鲁木齐市天山区", "内蒙古自治区呼和浩特市新城区", "海南省海口市龙华区",
)  # fmt: skip
ROADS = (
    "建国路", "中关村大街", "漕溪北路", "世纪大道", "科苑南路", "天河路", "文三路", "中山北路", "人民南路四段", "珞喻路", "解放西路", "长安街", "香港中路", "和平里北街",
    "学院路", "花园路", "迎宾大道", "健康路", "五一路", "光明街", "东风东路", "朝阳北路", "软件园二路", "滨江大道", "民族大道", "友好北路", "新华东街", "海秀路", "建设三路",
)  # fmt: skip
ESTATES = (
    "阳光花园",
    "万科城",
    "金地名苑",
    "翠湖小区",
    "锦绣家园",
    "绿地中心",
    "碧桂园",
    "龙湖雅苑",
    "保利香槟苑",
    "枫林小区",
)


def address(r: Random) -> str:
    number, block, unit, room = (
        r.randint(1, 999),
        r.randint(1, 30),
        r.randint(1, 6),
        f"{r.randint(1, 32)}{r.randint(0, 1)}{r.randint(1, 9)}",
    )
    inside = r.choice(
        (
            "",
            "",
            f"{block}号楼{room}室",
            f"{block}栋{unit}单元{room}室",
            f"{block}幢{room}",
            f"{block}座{room}",
            f"{room}室",
        )
    )
    street = f"{r.choice(ROADS)}{number}号"
    estate = r.choice(ESTATES)
    return r.choice(CITIES) + r.choice((
        street, street + inside, street + estate + f"{block}栋{unit}单元{room}室", f"{estate}{block}号楼{unit}单元{room}室",
        f"{r.choice(ROADS)}{number}弄{block}号{room}室", street + f"{r.choice(('A', 'B', 'C'))}座{room}室", street + "院" + f"{block}号楼{room}室",
    ))  # fmt: skip


def permit(r: Random) -> str:
    return r.choice((f"H{digits(r, 8)}", f"M{digits(r, 8)}", f"H{digits(r, 10)}", f"M{digits(r, 10)}"))


def taiwan_permit(r: Random) -> str:
    return r.choice((digits(r, 8), digits(r, 8), f"{digits(r, 10)}({r.choice('ABCD')})"))


def exit_permit(r: Random) -> str:
    return r.choice((f"C{digits(r, 8)}", f"C{r.choice(NO_I_O)}{digits(r, 7)}", f"W{digits(r, 8)}"))


def to_taiwan_permit(r: Random) -> str:
    return r.choice((f"T{digits(r, 8)}", f"L{digits(r, 8)}"))
