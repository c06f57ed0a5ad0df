# ruff: noqa: E501  (tables of sentences)
"""Chinese texts with numbers that are nobody's: each is a function of a random generator."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pii_numbers as make
from pii_numbers import digits


def hexadecimal(r: Random, n: int) -> str:
    return "".join(r.choice("0123456789abcdef") for _ in range(n))


def phone_like(r: Random) -> str:
    return f"1{r.choice('3456789')}{digits(r, 9)}"


def isbn(r: Random) -> str:
    body = "9787" + digits(r, 8)
    check = -sum(int(d) * (1, 3)[i % 2] for i, d in enumerate(body)) % 10
    return r.choice((f"{body}{check}", f"978-7-{body[4:7]}-{body[7:12]}-{check}"))


def imei(r: Random) -> str:
    body = "35" + digits(r, 12)
    return body + make.luhn_check(body)


def time(r: Random) -> str:
    return f"{r.randint(0, 23):02d}:{r.randint(0, 59):02d}:{r.randint(0, 59):02d}"


def date(r: Random) -> str:
    d = make.day(r, 1990, 2030)
    return r.choice(
        (f"{d[:4]}-{d[4:6]}-{d[6:]}", f"{d[:4]}年{int(d[4:6])}月{int(d[6:])}日", f"{d[:4]}/{d[4:6]}/{d[6:]}", d)
    )


NEGATIVES: tuple[Callable[[Random], str], ...] = (
    # orders, parcels, receipts
    lambda r: f"订单号：{digits(r, 18)}，请查收",
    lambda r: f"订单编号{phone_like(r)}已发货",
    lambda r: f"订单{make.day(r, 2020, 2025)}{digits(r, 10)}支付成功",
    lambda r: f"快递单号：SF{digits(r, 13)}",
    lambda r: f"运单号 YT{digits(r, 13)} 正在派送",
    lambda r: f"您的物流编号是{digits(r, 15)}，预计明天送达",
    lambda r: f"交易流水号{make.day(r, 2015, 2025)}{digits(r, 12)}",
    lambda r: f"发票代码{digits(r, 12)}，发票号码{digits(r, 8)}",
    lambda r: f"合同编号：HT-{digits(r, 4)}-{digits(r, 6)}",
    lambda r: f"工单{digits(r, 11)}已关闭" if r.random() < 0.5 else f"工单号：{phone_like(r)}",
    lambda r: f"取件码{r.randint(1, 9)}-{r.randint(1, 9)}-{digits(r, 4)}，验证码{digits(r, 6)}，5分钟内有效",
    lambda r: f"保单号{digits(r, 20)}，批单号{digits(r, 16)}",
    lambda r: f'{{"order_id": "{digits(r, 16)}", "ts": {1_600_000_000_000 + r.randrange(10**11)}, "total": {r.randint(1, 9999)}.{digits(r, 2)}}}',
    lambda r: f"| 订单号 | 金额 | 时间 |\n|---|---|---|\n| {digits(r, 17)} | {digits(r, 4)}.00 | {date(r)} |",
    lambda r: f"tracking number: {digits(r, 12)}, order #{digits(r, 10)}",
    # wrong check digits, named and not
    lambda r: f"身份证号{make.wrong_identity(r)}校验位错误",
    lambda r: f"身份证号：{make.wrong_identity(r)}",
    lambda r: f"银行卡号{make.wrong_card(r)}校验失败",
    lambda r: f"统一社会信用代码：{make.wrong_credit_code(r)}",
    lambda r: f"号码{r.choice(make.AREAS)}{r.randint(1950, 2010)}13{digits(r, 6)}的月份不存在",
    lambda r: f"编号99{digits(r, 4)}{make.day(r)}{digits(r, 4)}无此地区",
    # products, devices, serial numbers
    lambda r: f"产品型号：{r.choice('ABCDEFGHJKLMN')}{r.choice('ABCDEFGHJKLMN')}-{digits(r, 4)}-{r.choice('ABCDEFG')}{digits(r, 2)}",
    lambda r: f"产品编码：{phone_like(r)}",
    lambda r: f"货号{phone_like(r)}，库存{r.randint(1, 99)}件",
    lambda r: f"序列号SN{digits(r, 12)}，固件V{r.randint(1, 9)}.{r.randint(0, 20)}.{r.randint(0, 99)}",
    lambda r: f"IMEI：{imei(r)}",
    lambda r: f"设备号{digits(r, 15)}离线，MAC {':'.join(hexadecimal(r, 2) for _ in range(6))}",
    lambda r: f"商品条码69{digits(r, 11)}",
    lambda r: f"芯片型号STM32F{digits(r, 3)}，零件号{r.choice('ABCDEFG')}{digits(r, 6)}",
    lambda r: f"批次号{make.day(r, 2018, 2025)}{digits(r, 3)}，有效期至{date(r)}",
    lambda r: f"零件E{digits(r, 8)}与G{digits(r, 8)}可以互换",
    lambda r: f"车架号LSV{r.choice('ABCDEFGH')}{digits(r, 2)}{r.choice('ABCDEFGH')}{digits(r, 10)}",
    # times, dates, amounts, quantities
    lambda r: f"时间戳{1_500_000_000 + r.randrange(3 * 10**8)}",
    lambda r: f"毫秒时间戳：{1_500_000_000_000 + r.randrange(3 * 10**11)}",
    lambda r: f"{date(r)} {time(r)} 开始，{date(r)} {time(r)} 结束",
    lambda r: f"日志 {make.day(r, 2015, 2025)}{r.randint(10, 23)}{r.randint(10, 59)}{r.randint(10, 59)}{digits(r, 3)} INFO 启动完成",
    lambda r: f"总价{r.randint(1, 999)},{digits(r, 3)},{digits(r, 3)}.{digits(r, 2)}元，优惠￥{r.randint(1, 99)}.{digits(r, 2)}",
    lambda r: f"营收{phone_like(r)}元，同比增长{r.randint(1, 99)}.{digits(r, 1)}%",
    lambda r: f"共计{phone_like(r)}个样本",
    lambda r: f"文件大小{phone_like(r)}字节",
    lambda r: f"人口约{digits(r, 10)}人，面积{digits(r, 7)}平方公里",
    lambda r: f"从{r.randint(1900, 1999)}-{r.randint(2000, 2024)}年间，下降了{r.randint(1, 99)}%",
    lambda r: f"比分{r.randint(0, 9)}-{r.randint(0, 9)}，比例{r.randint(1, 9)}:{r.randint(1, 9)}:{r.randint(1, 9)}",
    lambda r: f"营业时间9:00-18:00，{r.randint(100, 999)}路公交可达",
    lambda r: f"坐标{r.randint(18, 53)}.{digits(r, 6)},1{r.randint(0, 3)}{r.randint(0, 9)}.{digits(r, 6)}",
    # mathematics, science, code
    lambda r: f"圆周率3.{digits(r, 30)}",
    lambda r: f"计算{phone_like(r)}×{digits(r, 3)}+{digits(r, 11)}",
    lambda r: f"x = 1{digits(r, 10)} + y，其中 y = {digits(r, 8)}",
    lambda r: f"阿伏伽德罗常数6.02214076e23，误差0.{digits(r, 12)}",
    lambda r: f"数列：{', '.join(digits(r, 4) for _ in range(6))}",
    lambda r: f"前几项为 {' '.join(str(r.randint(10, 99)) for _ in range(10))}",
    lambda r: f"质数{phone_like(r)}{digits(r, 9)}有20位",
    lambda r: f"矩阵 [[{r.randint(100, 999)}, {digits(r, 4)}], [{digits(r, 4)}, {digits(r, 4)}]]",
    lambda r: f"哈希值{hexadecimal(r, 40)}",
    lambda r: f"md5: {hexadecimal(r, 32)}",
    lambda r: f"commit {hexadecimal(r, 7)} 修复了 #{digits(r, 4)}",
    lambda r: f"UUID {hexadecimal(r, 8)}-{hexadecimal(r, 4)}-4{hexadecimal(r, 3)}-a{hexadecimal(r, 3)}-{hexadecimal(r, 12)}",
    lambda r: f"颜色#{hexadecimal(r, 6)}，内存地址0x{hexadecimal(r, 12)}",
    lambda r: f"for i in range({digits(r, 5)}): print(i * {phone_like(r)[:5]})",
    # versions, networks that are nobody's, links
    lambda r: f"请升级到版本{r.randint(1, 9)}.{r.randint(0, 20)}.{r.randint(0, 20)}.{r.randint(0, 9)}",
    lambda r: f"v{r.randint(1, 19)}.{r.randint(0, 99)}.{digits(r, 4)}.{digits(r, 2)}发布",
    lambda r: f"网关192.168.{r.randint(0, 9)}.1，本机127.0.0.1，内网10.{r.randint(0, 255)}.{r.randint(0, 255)}.{r.randint(1, 254)}",
    lambda r: f"子网掩码255.255.255.0，监听0.0.0.0:{digits(r, 4)}",
    lambda r: f"DNS设为114.114.114.114和8.8.8.8，端口{digits(r, 4)}",
    lambda r: f"详见https://item.example.cn/{digits(r, 2)}/{phone_like(r)}.html",
    lambda r: f"链接 https://news.example.cn/view?id={phone_like(r)}&page=2 可打开",
    lambda r: f"第{r.randint(1, 9)}.{r.randint(1, 9)}.{r.randint(1, 9)}.{r.randint(1, 9)}节",
    # books, laws, standards
    lambda r: f"ISBN {isbn(r)}，人民邮电出版社",
    lambda r: f"书号{isbn(r)}，ISSN {digits(r, 4)}-{digits(r, 4)}",
    lambda r: f"（{r.randint(1990, 2023)}）京0{digits(r, 3)}民初{digits(r, 5)}号判决书",
    lambda r: f"国发〔{r.randint(1990, 2023)}〕{r.randint(1, 99)}号文件第{r.randint(1, 90)}条",
    lambda r: f"标准GB/T {digits(r, 5)}-{r.randint(1990, 2023)}，ISO {digits(r, 4)}:{r.randint(1990, 2023)}",
    lambda r: f"专利号ZL{r.randint(1990, 2023)}1{digits(r, 7)}.{digits(r, 1)}",
    lambda r: f"DOI 10.{digits(r, 4)}/j.cnki.{digits(r, 6)}",
    lambda r: f"股票代码{r.choice(('600', '000', '300'))}{digits(r, 3)}，基金{digits(r, 6)}",
    # traffic, places, accounts that are none
    lambda r: f"乘坐{r.choice('GDKTZ')}{digits(r, 4)}次列车，京A股和沪B股收盘",
    lambda r: f"国道G{digits(r, 3)}，京沪高速K{digits(r, 3)}+{digits(r, 3)}处",
    lambda r: f"航班CA{digits(r, 4)}，座位{r.randint(1, 60)}{r.choice('ABCDEF')}",
    lambda r: f"地铁{r.randint(1, 19)}号线，{r.randint(1, 9)}号口出，步行{r.randint(100, 900)}米",
    lambda r: f"位于{r.choice(make.CITIES)}{r.choice(make.ROADS)}附近",
    lambda r: f"沿{r.choice(make.ROADS)}向南{r.randint(1, 20)}公里到{r.choice(make.CITIES)}",
    lambda r: f"{r.choice(make.CITIES)}第{r.randint(2, 30)}中学，{r.randint(1, 6)}年级{r.randint(1, 9)}班",
    lambda r: f"QQ群{digits(r, 9)}，工号{digits(r, 8)}，学号20{digits(r, 8)}",
    lambda r: f"微信小程序、微信公众号与QQ音乐都在{r.randint(2011, 2020)}年后流行",
    lambda r: f"微信支付限额{digits(r, 5)}元，QQ空间访客{digits(r, 4)}",
    lambda r: f"微信版本8.0.{r.randint(1, 50)}，WeChat supports {digits(r, 3)} languages",
    lambda r: f"会员号{digits(r, 10)}，房间号{digits(r, 4)}，座位{r.randint(1, 20)}排{r.randint(1, 40)}号",
    lambda r: f"准考证号{digits(r, 14)}，考场{digits(r, 3)}",
    lambda r: f"病历号{digits(r, 10)}，床号{r.randint(1, 60)}",
    lambda r: f"邮编{digits(r, 6)}，区号0{digits(r, 3)}",
    lambda r: "拨打110报警，120急救，12345市民热线，10086客服，95588工行",
    lambda r: f"客服热线400-{digits(r, 3)}-{digits(r, 4)}，800-{digits(r, 3)}-{digits(r, 4)}",
    lambda r: f"@用户{digits(r, 8)} 转发了微博，uid={digits(r, 10)}",
    lambda r: f"身份证共18位，前6位是地址码，第7至14位是出生日期，例如{make.day(r)}",
    lambda r: f"手机号由11位数字组成，1{r.choice('3456789')}开头；银行卡号为16至19位",
    lambda r: f"护照有效期{r.randint(5, 10)}年，费用{r.randint(100, 200)}元，材料{r.randint(3, 9)}份",
    lambda r: f"热量{r.randint(100, 999)}千卡，糖{r.randint(10, 99)}克，{r.randint(180, 220)}℃烤{r.randint(10, 60)}分钟",
    lambda r: f"彩票号码{' '.join(f'{r.randint(1, 33):02d}' for _ in range(7))}",
)  # fmt: skip
