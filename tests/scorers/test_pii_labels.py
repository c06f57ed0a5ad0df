"""Labels, separators and look-alikes that people write, case by case: each once needed a rule of its own."""

from __future__ import annotations

import re

import pytest

from aigc_eval.scorers.pii.detector import DEFAULT_ENTITIES, detector
from aigc_eval.scorers.pii.labels import column, labelled_otherwise, mentioned, nearness

FOUND = (
    ("姓名,护照号,手机\n张伟,E12345678,13912345678", "CN_PASSPORT", "E12345678"),
    ("| 姓名 | QQ | 台胞证 |\n|---|---|---|\n| 李娜 | 84079644 | 21251051 |", "CN_QQ", "84079644"),
    ("| 姓名 | QQ | 台胞证 |\n|---|---|---|\n| 李娜 | 84079644 | 21251051 |", "CN_TRAVEL_PERMIT", "21251051"),
    ('{"passport_no": "EB1030174"}', "CN_PASSPORT", "EB1030174"),
    ("<organization_code>D2143569-X</organization_code>", "CN_ORGANIZATION_CODE", "D2143569-X"),
    ("客服：请问您的QQ号是多少？\n用户：好的，6673428。", "CN_QQ", "6673428"),
    ("微信：wxid_63264483m", "CN_WECHAT", "wxid_63264483m"),
    ("加我V dasheng5052", "CN_WECHAT", "dasheng5052"),
    ("你的护照号是多少？\nB：E12345678", "CN_PASSPORT", "E12345678"),
    ("13500001111/17545961601", "CN_MOBILE", "17545961601"),
    ("身份证 1101051949\n1231002X", "CN_RESIDENT_ID", "1101051949\n1231002X"),
    ("地址：深圳市南山区创维大厦12层1203室", "CN_ADDRESS", "深圳市南山区创维大厦12层1203室"),
    ("住在北京市朝阳区阳光小区5-2-301", "CN_ADDRESS", "北京市朝阳区阳光小区5-2-301"),
    ("座机：88886666", "CN_LANDLINE", "88886666"),
    ("税号：91350100m000100y43", "CN_CREDIT_CODE", "91350100m000100y43"),
    ("车牌：使014578", "CN_PLATE", "使014578"),
)
NOT_FOUND = (
    "用户ID：13912345678",
    "提货码13912345678",
    "13912345678.jpg",
    "金额13912345678",
    "计算13912345678×25",
    "x = 13912345678 + y",
    "共计13912345678个样本",
    "营收13912345678元",
    "1.1.73.7版",
    "客服热线800-452-7575",
    "@用户35061325 转发了微博",
    "社保卡号904376262",
    "微信版本8.0.44，QQ2013版",
)


def found(text: str) -> list[tuple[str, str]]:
    return [(f.entity, text[f.start : f.end]) for f in detector(DEFAULT_ENTITIES, 0.5, "").find(text)]


@pytest.mark.parametrize(("text", "entity", "value"), FOUND)
def test_found(text: str, entity: str, value: str) -> None:
    assert (entity, value) in found(text)


@pytest.mark.parametrize("text", NOT_FOUND)
def test_not_found(text: str) -> None:
    assert found(text) == []


def at(text: str, value: str) -> re.Match[str]:
    match = re.search(value, text)
    assert match is not None
    return match


def test_a_column_has_the_name_of_its_head_and_prose_with_commas_has_none() -> None:
    table = "姓名\t护照\tQQ\n张伟\tE12345678\t12345"
    assert column(at(table, "E1234")) == "护照"
    assert column(at(table, "12345$")) == "QQ"
    assert column(at("| 订单号 | 数 |\n|---|---|\n| 555 | 1 |", "555")) == "订单号"
    assert column(at("我叫张伟，手机号如下\n13912345678，谢谢", "139")) is None
    assert column(at("one line, 555", "555")) is None
    assert column(at("Dear Li, thanks.\n555, too", "555")) is None


def test_the_nearer_label_counts_more_and_a_sentence_ends_it() -> None:
    words = re.compile("护照")
    near, far = nearness(words, at("护照：555", "5+")), nearness(words, at("护照在他的旧抽屉里放着：555", "5+"))
    assert 1.0 >= near > far > 0.5
    assert nearness(words, at("555（护照）", "5+")) == 0.4
    assert not mentioned(words, at("护照已办好。编号是五五五的样品，数量为：555", "5+"))
    assert not mentioned(words, at("555\n护照", "5+"))


def test_what_a_number_is_called_otherwise() -> None:
    assert labelled_otherwise(at("订单号：555", "5+"))
    assert labelled_otherwise(at("order_id=555", "5+"))
    assert labelled_otherwise(at("序号,订单号\n1,555", "5+"))
    assert not labelled_otherwise(at("订单已发货，电话555", "5+"))
    assert not labelled_otherwise(at("a@qq.com | 555", "5+"))
