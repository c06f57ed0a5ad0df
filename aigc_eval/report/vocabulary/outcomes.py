"""How outputs end, and why there is none."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    # outcomes
    "outcome.ok": ("ok", "正常"),
    "outcome.truncated": ("truncated", "被截断"),
    "outcome.empty": ("empty", "空"),
    "outcome.refused": ("refused", "拒答"),
    "outcome.filtered": ("filtered", "被过滤"),
    "outcome.error": ("error", "出错"),
    "again": ("asked again", "曾重试"),
    "errors": ("errors", "错误信息"),
    "errors.of": ("{candidate}: {kinds}", "{candidate}：{kinds}"),
    "errors.again": ("--resume asks for these again", "加 --resume 可重新请求这些输出"),
    # kinds of error
    "kind.rate_limited": ("error: rate limited", "出错：被限流"),
    "kind.server": ("error: server failure", "出错：服务器故障"),
    "kind.connection": ("error: no connection", "出错：连接失败"),
    "kind.timeout": ("error: no answer in time", "出错：超时"),
    "kind.bad_response": ("error: unusable answer", "出错：响应无效"),
    "kind.too_large": ("error: answer too large", "出错：响应过大"),
    "kind.wrong_model": ("error: another model answered", "出错：应答模型不符"),
    "kind.rejected": ("error: request rejected", "出错：请求被拒绝"),
    "kind.unauthorised": ("error: key refused", "出错：密钥无效"),
    "kind.redirected": ("error: redirected", "出错：被重定向"),
    "kind.crashed": ("error: program died", "出错：程序崩溃"),
    "kind.raised": ("error: exception", "出错：程序异常"),
    "kind.missing": ("error: not recorded", "出错：无记录"),
    "kind.gave_up": ("not asked: gave up", "未请求：已放弃"),
    "kind.over_budget": ("not asked: cap reached", "未请求：达到预算上限"),
}
