# ruff: noqa: E501  (tables of sentences)
"""A seeded corpus of Chinese texts with identifiers in many styles, and of numbers that are none.

`corpus(n, seed)` gives texts with what was planted in each. Numbers come from `pii_numbers` (the standards), sentences
and labels were written for this file; nothing is taken from the rules under test.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

import pii_numbers as make
from pii_negatives import NEGATIVES

Maker = Callable[[Random], str]
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


@dataclass(frozen=True)
class Text:
    """A text, the type and value of what was planted, and how it was made."""

    text: str
    planted: tuple[tuple[str, str], ...]
    style: str


@dataclass(frozen=True)
class Field:
    """One kind of identifier: how it is written, and what people call it."""

    entity: str
    write: Maker
    labels: tuple[str, ...]
    english: tuple[str, ...]
    keys: tuple[str, ...]
    sentences: tuple[str, ...]
    traditional: tuple[str, ...] = ()
    tabular: bool = True


def _identity(r: Random) -> str:
    number, chance = make.identity(r), r.random()
    if chance < 0.05:
        return f"{number[:6]} {number[6:14]} {number[14:]}"
    if chance < 0.08:
        return " ".join((number[:6], number[6:10], number[10:14], number[14:]))
    if chance < 0.12:
        return f"{number[:6]}-{number[6:14]}-{number[14:]}"
    if chance < 0.2:
        return number.translate(WIDE)
    return number.lower() if chance < 0.26 else number


def _mobile(r: Random) -> str:
    n, chance = make.mobile(r), r.random()
    sep = r.choice(" -")
    grouped = f"{n[:3]}{sep}{n[3:7]}{sep}{n[7:]}"
    if chance < 0.5:
        return n
    if chance < 0.58:
        return n.translate(WIDE)
    return r.choice(
        (grouped, grouped, f"+86{n}", f"+86 {n}", f"+86-{n}", f"+86 {grouped}", f"0086{n}", f"(+86){n}", f"86-{n}")
    )


def _landline(r: Random) -> str:
    area, n = make.landline(r)
    extension = r.choice((f"-{make.digits(r, r.randint(2, 4))}", f"转{make.digits(r, r.randint(1, 4))}"))
    return r.choice((f"{area}-{n}", f"{area}-{n}", f"({area}){n}", f"({area}) {n}", f"（{area}）{n}", f"{area} {n}", f"{area}{n}",
                     f"{area}-{n}{extension}", f"+86-{area[1:]}-{n}", f"+86 {area[1:]} {n}", f"{area}-{n[:4]}-{n[4:]}" if len(n) == 8 else f"{area}-{n}",
                     f"{area}—{n}", f"{area}-{n}".translate(WIDE)))  # fmt: skip


def _card(r: Random) -> str:
    n, chance = make.bank_card(r), r.random()
    if chance < 0.3:
        return r.choice(" -").join(n[i : i + 4] for i in range(0, len(n), 4))
    return n.translate(WIDE) if chance < 0.38 else n


def _credit_card(r: Random) -> str:
    n = make.credit_card(r)
    grouped = " ".join((n[:4], n[4:10], n[10:])) if len(n) == 15 else "-".join(n[i : i + 4] for i in range(0, 16, 4))
    return r.choice((n, grouped))


def _plate(r: Random) -> str:
    head, serial = make.plate(r)
    return head + r.choice(("", "", "", "·", " ", "-", "•")) + serial


def _hong_kong(r: Random) -> str:
    number, check = make.hong_kong(r)
    return number + r.choice((f"({check})", f"({check})", check, f"（{check}）"))


def _organization(r: Random) -> str:
    n = make.organization(r)
    return f"{n[:8]}-{n[8]}" if r.random() < 0.7 else n


FIELDS = (
    Field("CN_RESIDENT_ID", _identity, ("身份证号", "身份证号码", "公民身份号码", "证件号码", "居民身份证", "身份证", "证件号", "实名证件"),
          ("ID number", "ID card", "Resident identity card", "ID No."), ("id_card", "idCard", "id_number", "identity_no", "idNo", "身份证号"),
          ("我的身份证号是{}，麻烦查一下", "她的身份证{}已经过期了", "请核对持证人{}的信息", "实名认证用的是{}这个号码", "办理人身份证为{}，已核验", "{}，这是我的身份证号码",
           "公安系统里查到{}", "警方查明嫌疑人（身份证号{}）在逃", "my id card number is {}, pls check", "客户王芳，女，身份证{}，住朝阳区"), ("身分證號碼",)),
    Field("CN_RESIDENT_ID", make.old_identity, ("身份证号", "身份证号码", "旧身份证号", "一代身份证", "15位身份证号码"), ("ID card number", "Old ID card"),
          ("id_card", "old_id_card", "身份证号"), ("一代身份证号{}已作废", "他的老身份证{}还在用", "原15位身份证号码为{}", "身份证号{}需要升位"), ()),
    Field("CN_MOBILE", _mobile, ("手机号", "手机", "电话", "联系电话", "手机号码", "联系方式", "移动电话", "Tel", "紧急联系人电话"), ("Phone", "Mobile", "Cell", "Contact number", "Tel"),
          ("mobile", "phone", "tel", "phone_number", "contactPhone", "手机号", "mobilePhone"),
          ("打我电话{}就行", "有事请拨打{}，随时在线", "手机{}，微信同号", "{}，张先生", "我换号了，新号码{}", "快递小哥的电话是{}，你联系他", "加我{}聊", "李女士 {} 下午有空",
           "please call me at {} tomorrow", "联系人陈工（{}）负责对接", "麻烦给{}回个电话", "客服会从{}打给您", "收件人：赵敏，{}，地址见下"), ("電話", "手機", "聯絡電話")),
    Field("CN_LANDLINE", _landline, ("座机", "电话", "办公电话", "固定电话", "联系电话", "传真", "服务热线", "单位电话", "总机"), ("Tel", "Office phone", "Fax", "Telephone"),
          ("tel", "telephone", "office_phone", "fax", "landline", "座机"),
          ("办公室座机{}，工作日有人接", "请致电{}咨询", "传真请发到{}", "前台电话是{}", "公司总机{}，可转各部门", "拨打{}预约挂号", "you can reach our office at {} by phone", "报名热线：{}"), ("電話", "傳真")),
    Field("CN_BANK_CARD", _card, ("银行卡号", "卡号", "银行账号", "储蓄卡号", "收款账号", "借记卡", "银行卡", "账户", "工资卡"), ("Card number", "Bank card", "Account No.", "Bank account"),
          ("bank_card", "card_no", "cardNumber", "bankAccount", "account_no", "卡号"),
          ("转到{}，户名李雷", "我的卡号{}，招商银行", "请把钱打到{}这个账户", "工行卡{}已冻结", "绑定的储蓄卡为{}", "用{}付款失败了", "尾号见{}，开户行建设银行", "please wire it to card {} thanks"), ("銀行卡號",)),
    Field("CREDIT_CARD", _credit_card, ("信用卡号", "卡号", "Visa卡号", "外币卡"), ("Credit card", "Card number"), ("credit_card", "card_number", "cardNo"),
          ("信用卡{}有效期12/27", "用visa卡{}支付", "我的信用卡号是{}", "charge my card {} please"), ("信用卡號",)),
    Field("CN_CREDIT_CODE", make.credit_code, ("统一社会信用代码", "信用代码", "税号", "纳税人识别号", "社会信用代码", "营业执照号", "企业税号"),
          ("USCC", "Unified Social Credit Code", "Tax ID"), ("uscc", "credit_code", "creditCode", "tax_no", "unified_social_credit_code", "税号"),
          ("开票税号{}，谢谢", "该公司统一社会信用代码为{}", "营业执照上写的是{}", "企业（{}）已注销", "发票抬头：某某公司，税号：{}", "the company ({}) is registered in Beijing"), ("統一社會信用代碼",)),
    Field("CN_ORGANIZATION_CODE", _organization, ("组织机构代码", "机构代码", "组织机构代码证号"), ("Organization code", "organisation code"), ("organization_code", "组织机构代码"),
          ("组织机构代码{}仍有效", "我单位机构代码为{}", "组织机构代码证号是{}，请登记"), ("組織機構代碼",)),
    Field("CN_PASSPORT", make.passport, ("护照号", "护照号码", "护照", "因私护照", "中国护照号"), ("Passport No.", "Passport number", "passport"), ("passport", "passport_no", "passportNumber", "护照号"),
          ("护照号{}，有效期十年", "持{}号护照出境", "我的护照是{}，快到期了", "办签证用的护照号码{}", "my passport number is {}", "旅客护照{}已登记", "他的护照（{}）遗失"), ("護照號碼",)),
    Field("CN_PLATE", _plate, ("车牌号", "车牌", "车牌号码", "号牌号码", "车辆牌照", "牌照"), ("Plate number", "License plate", "Car plate"), ("plate", "plate_no", "plateNumber", "license_plate", "车牌号"),
          ("车牌{}的黑色轿车", "一辆{}的面包车停在门口", "{}，请挪车", "他开的是{}", "违章车辆{}请速处理", "牌照为{}的货车超载", "停车场里的{}没关灯", "the car with plate {} is blocking me"), ("車牌號碼",)),
    Field("EMAIL_ADDRESS", make.email, ("邮箱", "电子邮箱", "邮件", "E-mail", "电子邮件", "Email", "联系邮箱"), ("Email", "E-mail", "Mail"), ("email", "mail", "e_mail", "邮箱"),
          ("发邮件到{}即可", "简历投递{}，标题注明岗位", "我的邮箱是{}。", "抄送{}一份", "请联系{}获取资料", "邮箱{}收不到验证码", "write to {} for details"), ("電郵",)),
    Field("CN_WECHAT", make.wechat, ("微信号", "微信", "微信ID", "VX", "wx", "微信账号", "WeChat"), ("WeChat", "WeChat ID", "wechat id"), ("wechat", "wechat_id", "weixin", "wx", "微信号"),
          ("加我微信{}", "我的微信号是{}，备注来意", "微信：{}，长期有效", "加微信 {} 领资料", "v信{}，秒通过", "微信号{}，欢迎咨询", "添加微信号：{} 进群", "my wechat is {}"), ("微信號",)),
    Field("CN_QQ", make.qq, ("QQ", "QQ号", "QQ号码", "扣扣", "qq", "Q Q", "QQ账号"), ("QQ", "QQ number"), ("qq", "QQ", "qq_number", "qqNo"),
          ("加我QQ{}", "我的QQ号是{}", "QQ：{}，在线时间晚上", "有问题联系QQ{}", "扣扣号{}，备注姓名", "qq是{}", "客服QQ: {}"), ("QQ號",)),
    Field("CN_ADDRESS", make.address, ("地址", "收货地址", "家庭住址", "住址", "详细地址", "联系地址", "户籍地址", "现住址", "通讯地址"), ("Address", "Home address"), ("address", "addr", "home_address", "收货地址"),
          ("我住在{}。", "寄到{}就行", "家住{}，离地铁很近", "收货地址是{}，请尽快发货", "户籍所在地为{}", "快递送到{}，谢谢", "他现居{}", "请到{}取件", "my home address is {}"), ("地址", "住址")),
    Field("IP_ADDRESS", make.ip, ("IP", "IP地址", "登录IP", "客户端IP", "服务器地址", "访问IP", "公网IP"), ("IP", "IP address", "Client IP"), ("ip", "client_ip", "remote_addr", "login_ip"),
          ("异常登录来自{}", "服务器{}无响应", "封禁IP {} 一天", "用户IP为{}，位于北京", "ping {} 超时", "他的公网地址是{}"), ("IP位址",)),
    Field("CN_TRAVEL_PERMIT", make.permit, ("港澳居民来往内地通行证", "回乡证", "回乡证号码", "港澳通行证号"), ("Home Return Permit", "travel permit"), ("home_return_permit", "回乡证号"),
          ("回乡证{}已过期", "持港澳居民来往内地通行证{}入境", "我的回乡证号码是{}"), ("回鄉證",)),
    Field("CN_TRAVEL_PERMIT", make.taiwan_permit, ("台湾居民来往大陆通行证", "台胞证", "台胞证号"), ("Taiwan travel permit",), ("台胞证号",), ("台胞证{}有效期五年", "他的台胞证号码为{}", "台湾居民来往大陆通行证号{}"), ("臺胞證",)),
    Field("CN_TRAVEL_PERMIT", make.exit_permit, ("往来港澳通行证", "港澳通行证", "通行证号码"), ("Exit-entry permit to Hong Kong",), ("港澳通行证号",), ("往来港澳通行证{}，已签注", "港澳通行证号{}"), ()),
    Field("CN_TRAVEL_PERMIT", make.to_taiwan_permit, ("往来台湾通行证", "大陆居民往来台湾通行证"), ("Taiwan entry permit",), ("入台通行证号",), ("往来台湾通行证号码{}", "大陆居民往来台湾通行证{}"), ()),
    Field("HK_IDENTITY_CARD", _hong_kong, ("香港身份证", "香港身份证号码", "香港永久性居民身份证", "香港ID"), ("HKID", "Hong Kong ID", "HK identity card"), ("hkid", "hk_id_card", "香港身份证号"),
          ("香港身份证号码{}", "他持香港身份证{}开户", "我的HKID是{}", "香港居民陈先生，证件号{}", "香港永久居民身份证为{}"), ("香港身份證號碼", "香港永久性居民身份證")),
    Field("MO_IDENTITY_CARD", make.macao, ("澳门身份证", "澳门居民身份证", "澳门身份证号码"), ("Macau ID card", "Macao identity card", "Macau BIR"), ("澳门身份证号", "macau_id_card"),
          ("澳门身份证号码为{}", "他的澳门居民身份证{}已换发", "持澳门身份证{}入境"), ("澳門居民身份證",)),
    Field("TW_NATIONAL_ID", make.taiwan, ("台湾身份证", "台湾身份证号", "台湾身分证字号", "台湾居民身份证号码"), ("Taiwan ID", "Taiwan national ID"), ("tw_national_id", "taiwan_id"),
          ("台湾身份证字号{}", "他的台湾身份证号是{}", "台湾身分证{}已登记"), ("身分證字號", "身分證統一編號", "國民身分證")),
)  # fmt: skip
ENTITIES = tuple(dict.fromkeys(field.entity for field in FIELDS))

NAMES = ("张伟", "王芳", "李娜", "刘洋", "陈静", "杨磊", "赵敏", "黄强", "周杰", "吴秀英", "欧阳娜娜", "孙丽", "马超", "朱军", "林小红", "何勇", "Li Wei", "David Chen")  # fmt: skip
OPENINGS = ("", "", "", "您好，", "根据您的要求，信息如下：", "好的！", "Sure, ", "当然可以。", "以下是示例数据：\n", "客服：", "用户：", "[2024-03-15 10:22] 小王：", "备注——", "1. ", "- ", "> ", "**注意** ", "“", "😊 ")  # fmt: skip
CLOSINGS = ("", "", "", "。", "！", "，请查收。", "，谢谢", "\n如有疑问请联系我们。", " thanks", "；", "”", "…", "（请勿外传）", "\n", " ok?", "～")  # fmt: skip


def _sentence(r: Random, field: Field, value: str) -> str:
    form = r.choice(field.sentences)
    shown = r.choice(("{}", "{}", "{}", " {} ", "「{}」", "“{}”", "【{}】", "**{}**", "`{}`")).format(value)
    return r.choice(OPENINGS) + form.format(shown) + r.choice(CLOSINGS)


def _label(r: Random, field: Field, value: str) -> str:
    chance = r.random()
    if chance < 0.62:
        label, colon = (
            r.choice(field.labels),
            r.choice(("：", "：", ":", ": ", "： ", "=", "是", "为", " ", "：\n", "\t")),
        )
    elif chance < 0.87 or not field.traditional:
        label, colon = r.choice(field.english), r.choice((": ", ":", " is ", " = ", ":\n", ": "))
    else:
        label, colon = r.choice(field.traditional), r.choice(("：", ":", "： "))
    if field.entity in ("CN_QQ", "CN_WECHAT") and colon in (" ", "\t"):
        colon = "："
    shown = r.choice(("{}", "{}", "{}", "{}", "**{}**", "[{}]", "<{}>", "({})")).format(value)
    return f"{label}{colon}{shown}"


def _form(r: Random, fields: list[tuple[Field, str]]) -> str:
    name = r.choice(NAMES)
    lines = [f"姓名：{name}", *(_label(r, field, value) for field, value in fields)]
    if r.random() < 0.4:
        lines.append(r.choice(("备注：无", "日期：2024年5月6日", "订单金额：128.50元", "性别：男", "版本：2.3.1")))
    r.shuffle(lines)
    return r.choice(("\n", "\n", "；", "，", " | ", "\n- ", "  ", "<br>")).join(lines)


def _json(r: Random, fields: list[tuple[Field, str]]) -> str:
    data: dict[str, object] = {"name": r.choice(NAMES), **{r.choice(f.keys): v for f, v in fields}}
    if r.random() < 0.5:
        data |= {
            "orderId": make.digits(r, 18),
            "amount": r.randint(1, 9999),
            "ts": 1_700_000_000_000 + r.randrange(10**10),
        }
    return json.dumps(data, ensure_ascii=False, indent=r.choice((None, 2)))


def _yaml(r: Random, fields: list[tuple[Field, str]]) -> str:
    mark = r.choice((": ", "=", " = ", ": '{}'", ' = "{}"'))
    return "\n".join(f"{r.choice(f.keys)}{mark.format(v) if '{' in mark else mark + v}" for f, v in fields)


def _xml(r: Random, fields: list[tuple[Field, str]]) -> str:
    tags = [(r.choice(f.keys), v) for f, v in fields]
    return r.choice(("", "\n")).join(f"<{tag}>{value}</{tag}>" for tag, value in tags)


def _table(r: Random, fields: list[tuple[Field, str]]) -> str:
    head = ["姓名", *(r.choice(f.labels) for f, _ in fields)]
    row = [r.choice(NAMES), *(v for _, v in fields)]
    kind = r.choice(("pipe", "pipe", "tab", "comma"))
    if kind == "pipe":
        return f"| {' | '.join(head)} |\n|{'|'.join(['---'] * len(head))}|\n| {' | '.join(row)} |"
    return "\n".join(("\t" if kind == "tab" else ",").join(cells) for cells in (head, row))


def _dialogue(r: Random, fields: list[tuple[Field, str]]) -> str:
    lines = []
    for field, value in fields:
        asked = r.choice(("请问您的{}是多少？", "{}报一下？", "麻烦提供一下{}", "你的{}呢？", "方便给个{}吗？")).format(
            r.choice(field.labels)
        )
        said = r.choice(("{}", "是{}", "{}。", "好的，{}", "嗯，{}", "稍等……{}")).format(value)
        lines.append(r.choice(("A：{}\nB：{}", "客服：{}\n用户：{}", "{}\n{}", "问：{}\n答：{}")).format(asked, said))
    return "\n".join(lines)


def _sql(r: Random, fields: list[tuple[Field, str]]) -> str:
    keys, values = [r.choice(f.keys) for f, _ in fields], [v for _, v in fields]
    if r.random() < 0.5:
        return f"UPDATE users SET {', '.join(f'{k} = {v!r}' for k, v in zip(keys, values, strict=True))} WHERE id = {r.randint(1, 9999)};"
    return f"SELECT * FROM users WHERE {' AND '.join(f'{k}={v!r}' for k, v in zip(keys, values, strict=True))};"


def _html(r: Random, fields: list[tuple[Field, str]]) -> str:
    cell = r.choice(
        (
            "<tr><td>{}</td><td>{}</td></tr>",
            "<p><b>{}：</b>{}</p>",
            "<li>{}：<span>{}</span></li>",
            "<dt>{}</dt><dd>{}</dd>",
        )
    )
    return r.choice(("", "\n")).join(cell.format(r.choice(f.labels), v) for f, v in fields)


def _log(r: Random, fields: list[tuple[Field, str]]) -> str:
    pairs = " ".join(f"{r.choice(f.keys)}={v}" for f, v in fields)
    return f"2024-{r.randint(1, 12):02d}-{r.randint(1, 28):02d} {r.randint(0, 23):02d}:{r.randint(0, 59):02d}:07,{r.randint(100, 999)} INFO user={r.randint(1, 999)} {pairs}"


STYLES: dict[str, Callable[[Random, list[tuple[Field, str]]], str]] = {
    "form": _form, "json": _json, "yaml": _yaml, "xml": _xml, "table": _table, "dialogue": _dialogue, "sql": _sql, "html": _html,
    "log": _log,
}  # fmt: skip


def _several(r: Random, field: Field) -> list[tuple[Field, str]]:
    """The field and up to three others, each of another type and label."""
    others = r.sample([f for f in FIELDS if f.tabular and f.entity != field.entity], r.randint(0, 3))
    chosen = {f.entity: f for f in (field, *others)}
    return [(f, f.write(r)) for f in chosen.values()]


def _positive(r: Random, field: Field) -> Text:
    style = r.choice(("sentence", "sentence", "sentence", "sentence", "label", "label", *STYLES))
    if style in STYLES:
        fields = _several(r, field)
        text = STYLES[style](r, fields)
    else:
        fields = [(field, field.write(r))]
        text = (_sentence if style == "sentence" else _label)(r, *fields[0])
    if r.random() < 0.25:
        text = r.choice((text + "\n" + r.choice(NEGATIVES)(r), r.choice(NEGATIVES)(r) + "\n\n" + text))
    return Text(text, tuple((f.entity, v) for f, v in fields), style)


def corpus(n: int, seed: int) -> Iterator[Text]:
    """`n` texts: every field in turn, and for every two of these a text that holds nothing."""
    r = Random(seed)
    for i in range(n):
        if i % 3 == 2:
            yield Text(r.choice(OPENINGS) + r.choice(NEGATIVES)(r) + r.choice(CLOSINGS), (), "negative")
        else:
            yield _positive(r, FIELDS[(i - i // 3) % len(FIELDS)])
