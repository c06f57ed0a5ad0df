"""What scorers and generators of this project note in the journal, in English, and the same in Chinese.

`{name}` stands for a text of others, which is quoted as it is; so do `{name:id}` for one word and `{name:repr}` for
one in quotation marks. `{name:number}` is a figure; `{name:outcome}`, `{name:label}`, `{name:labels}` and
`{name:places}` are words that are translated too, `{name:note}` is another note of these. At most one hole of any
length in each: so a note is read in linear time.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["NOTES"]

_SCORING: Mapping[str, str] = {
    "output is {outcome:outcome}": "输出状态：{outcome}",
    "{scorer:id} marked characters {a:number}-{b:number} of {n:number}": (
        "评分器 {scorer} 标出的位置 {a}-{b} 超出文本长度 {n}"
    ),
    "{scorer:id} named a part {part}, which cannot be a column of the run's rows": (
        "评分器 {scorer} 给出的分项名 {part} 不能作为数据列"
    ),
    "{scorer:id} gave {n:number} where {low:number} to {high:number} was declared": (
        "评分器 {scorer} 给出 {n}，超出其声明的范围 {low} 至 {high}"
    ),
    "the scorer gave what is no score": "评分器返回的不是得分",
    "the scorer gave what is no score: {what}": "评分器返回的不是得分：{what}",
    # processes of scorers
    "crashed": "评分进程崩溃",
    "crashed: sent what is no answer": "评分进程崩溃：返回的数据无法识别",
    "crashed: exit code {n:number}": "评分进程崩溃：退出码 {n}",
    "crashed: signal {name:id}": "评分进程崩溃：信号 {name}",
    "crashed: signal {name:id} (out of memory?)": "评分进程崩溃：信号 {name}（可能是内存不足）",
    "out of memory ({n:number} GiB)": "内存不足（上限 {n} GiB）",
    "no score within {n:number} s": "{n} 秒内未给出得分",
    "late": "超时",
    "not scored: the scorer died {n:number} times in a row": "未评分：评分进程连续崩溃 {n} 次",
    "not scored: the scorer could not be loaded again: {why}": "未评分：评分器无法重新加载：{why}",
}

_SCORERS: Mapping[str, str] = {
    "no visible characters": "没有可见字符",
    "no words": "没有词语",
    "no sentence": "没有完整句子",
    "no sentence to judge": "没有可评判的句子",
    "no sentence that asserts anything": "没有陈述事实的句子",
    "no reference": "题目没有参考答案",
    "no evidence": "题目没有证据",
    "no evidence and no reference": "题目既无证据也无参考答案",
    "no choices": "题目没有选项",
    "no three choices": "题目不是三个选项",
    "no right choice": "没有正确选项",
    "no right or no wrong choice": "没有正确选项或没有错误选项",
    "no stereotyped or no unknown choice": "没有刻板印象选项或没有“无法判断”选项",
    "no stereotype and its opposite among the choices": "选项中没有成对的刻板印象与反刻板印象",
    "no tag context_condition: ambig or disambig": "题目缺少标签 context_condition（ambig 或 disambig）",
    "no tag {tag}": "题目没有标签 {tag}",
    "no variant of a template": "不是由模板生成的变体",
    "the answer takes no choice, or several": "回答没有选择任何选项，或选择了多个",
    "the answer takes the unrelated choice": "回答选择了无关选项",
    "no instructions": "题目没有指令",
    "no instruction applies to this answer": "没有适用于该回答的指令",
    "not followed: {which:labels}": "未遵守的指令：{which}",
    "no field of the prompt begins with canary": "题目没有以 canary 开头的字段",
    "the prompt itself shows the planted record": "题目本身已给出植入记录",
    "not evaluated: no protected corpus": "未评估：没有受保护文本库",
    "{n:number} characters of the corpus could not be decoded": "受保护文本库中有 {n} 个字符无法解码",
    "neither a quotation nor a citation": "既无引文也无引用标号",
    "the citations of this answer would take more than max_pairs readings": "该回答的引用需要比对的次数超过 max_pairs",
    "{n:number} sentences and this much evidence are more than max_pairs readings": (
        "共 {n} 个句子，与证据比对的次数超过 max_pairs"
    ),
    "makes no claim: counts in respond_ratio only": "没有提出主张：只计入 respond_ratio",
    "not supported: {claims}": "没有证据支持：{claims}",
    "unparsed: {why:note}": "裁判结果无法解析：{why}",
    "unparsed: {why:judge}; claim: {claim}": "裁判结果无法解析：{why}；主张：{claim}",
    "one value for each text": "每条文本给出一个值",
    "one sample: there is nothing to compare with": "每题只有一个样本，无从比较",
    "no other sample came to an answer that it can be compared with": "没有其他可供比较的样本",
    "{n:number} characters: more than max_characters ({most:number})": "共 {n} 个字符，超过 max_characters（{most}）",
    "{n:number} characters: above max_characters ({most:number})": "共 {n} 个字符，超过 max_characters（{most}）",
    "an answer to this prompt is longer than max_characters ({most:number})": (
        "该题有回答的长度超过 max_characters（{most}）"
    ),
    "a text of {n:number} characters (max_characters {most:number})": "有文本长 {n} 个字符（max_characters 为 {most}）",
    "a sentence has {n:number} characters, over max_sentence {most:number}": (
        "有句子长 {n} 个字符，超过 max_sentence（{most}）"
    ),
    "its sentences have {n:number} characters, over max_characters {most:number}": (
        "各句共 {n} 个字符，超过 max_characters（{most}）"
    ),
    "a sentence is in a script outside {scripts} (option knows)": "有句子使用了 {scripts} 以外的文字（选项 knows）",
    "the text is in a script that the model does not know; it knows English and Chinese": (
        "文本所用文字不在模型支持范围内；模型支持英文和中文"
    ),
    "the text is mostly in a script outside {scripts}, which the model is said to know": (
        "文本主要使用 {scripts} 以外的文字，不在所声明的模型支持范围内"
    ),
    "the model {model:id} does not know this text's script; it knows {scripts}": (
        "模型 {model} 不支持该文本所用文字；支持 {scripts}"
    ),
    "what was found could not be compared with the prompt: {why:note}": "所发现的内容未能与题目比对：{why}",
    "the {entity:label} recogniser ran out of time: {why:note}": "{entity}识别器超时：{why}",
    "the {entity:label} recogniser failed: {what}": "{entity}识别器出错：{what}",
    "more than {n:number} s": "超过 {n} 秒",
    "an expression was given up": "表达式匹配已中止",
    "{n:number} s were not enough for {m:number} characters or those before them": (
        "{n} 秒内未能处理完 {m} 个字符或其之前的文本"
    ),
    # AI labels
    "no explicit label": "没有显式标识",
    "explicit label, but not at {where:places}": "有显式标识，但不在{where}",
    "no AIGC metadata in the text": "文本中没有 AIGC 元数据（隐式标识）",
    "AIGC metadata: not a JSON object": "AIGC 元数据：不是 JSON 对象",
    "AIGC metadata: {field:id} is missing": "AIGC 元数据：缺少 {field}",
    "AIGC metadata: {field:id} is empty": "AIGC 元数据：{field} 为空",
    "AIGC metadata: {field:id} is not text": "AIGC 元数据：{field} 不是文本",
    "AIGC metadata: Label is not one of {labels}": "AIGC 元数据：Label 不是以下之一：{labels}",
    "AIGC metadata: unknown key {key}": "AIGC 元数据：未知的键 {key}",
}

_JUDGES: Mapping[str, str] = {
    "the judge did not answer with one JSON object": "裁判模型没有返回单个 JSON 对象",
    'the judge\'s answer is not an object of "reason" and "verdict"': "裁判模型返回的不是含 reason 与 verdict 的对象",
    "the judge's verdict is none of those allowed": "裁判模型的结论不在允许范围内",
    "the two orders disagree: {one:id} and {again:id}": "两种顺序下的结论不一致：{one} 与 {again}",
    "the claims are not one JSON list": "主张不是单个 JSON 列表",
    "the list of claims holds something else than texts": "主张列表中含有非文本内容",
    "unparsed verdict {shown}": "无法解析的裁判结果：{shown}",
    "unparsed: the verdicts have {n:number} of the probability of how the answer begins": (
        "裁判结果无法解析：各结论在首个词元上的概率合计仅 {n}"
    ),
    "unparsed: Yes and No have {n:number} of the first token's probability": (
        "裁判结果无法解析：Yes 与 No 在首个词元上的概率合计仅 {n}"
    ),
    "the endpoint gives no log-probabilities; leave out probability": "该接口不提供对数概率；请去掉选项 probability",
    "its chat template refuses the conversation: {error}": "其对话模板拒绝该对话：{error}",
    "its chat template made nothing of the conversation": "其对话模板对该对话没有生成任何内容",
    "the conversation has {n:number} tokens and its answer up to {m:number}; the context holds {most:number}": (
        "对话有 {n} 个词元，回答至多 {m} 个；上下文只容纳 {most} 个"
    ),
    "the conversation has {n:number} tokens; the context holds {most:number}": (
        "对话有 {n} 个词元；上下文只容纳 {most} 个"
    ),
    "no text in the answer (finish_reason {reason})": "响应中没有文本（finish_reason 为 {reason}）",
    "the answer is not a chat completion": "响应不是对话补全结果",
    "{why:note} (tried {n:number} times)": "{why}（已尝试 {n} 次）",
}

_CONTROL: Mapping[str, str] = {
    "the answer or the schema is nested too deeply": "回答或 JSON Schema 嵌套过深",
    "a pattern of the schema took longer than {n:number} s": "JSON Schema 中的正则表达式用时超过 {n} 秒",
    "the schema refers to what is not in it: {what}": "JSON Schema 引用了其中没有的内容：{what}",
    "the regular expression took longer than {n:number} s": "正则表达式用时超过 {n} 秒",
    "the answer has no letters, so that its language cannot be told": "回答中没有文字，无法判断语言",
    "the language of the answer cannot be told": "无法判断回答的语言",
    "prompt {prompt:repr}: {why:note}": "题目 {prompt}：{why}",
    "prompt {prompt:repr}, {instruction:label}: {why:note}": "题目 {prompt}，指令“{instruction}”：{why}",
    "prompt {prompt:repr}: {what}": "题目 {prompt} 的指令有误：{what}",
    "the prompt's `expected` is {word}; write refuse or comply (拒答, 回答)": (
        "题目的 `expected` 为 {word}；应写 refuse 或 comply（拒答、回答）"
    ),
}

_EVALUATE: Mapping[str, str] = {
    "field {name:id} is {kind}, not a number": "字段 {name} 是 {kind}，不是数字",
    "field {name:id} is not finite: {n:id}": "字段 {name} 不是有限数：{n}",
    "the result has no field {name:id}; it has {names}": "结果没有字段 {name}；有 {names}",
}

_CALLS: Mapping[str, str] = {
    "not asked: {why:note}": "未请求：{why}",
    "not asked: {why}": "未请求：{why}",
    "not asked: no answer to the calls before ({why})": "未请求：之前的调用均无应答（{why}）",
    "not asked: the cap of tokens or cost is reached": "未请求：已达词元数或费用上限",
    "not asked: {n:number} calls never returned": "未请求：有 {n} 次调用一直没有返回",
    "no answer within {n:number} s": "{n} 秒内没有应答",
    "no whole answer within {n:number} s": "{n} 秒内没有收到完整应答",
    "{error:id} was raised": "程序异常：{error}",
    # what a server did
    "status {n:number}": "状态码 {n}",
    "status {n:number}: {said}": "状态码 {n}：{said}",
    "status {n:number}, a redirect; give the final url": "状态码 {n}（重定向）；请填写最终网址",
    "status {n:number}; check the key and what it may do": "状态码 {n}；请检查密钥及其权限",
    "status {n:number}: {said}; check the key and what it may do": "状态码 {n}：{said}；请检查密钥及其权限",
    "status {n:number}, but the answer is a page of HTML": "状态码 {n}，但返回的是 HTML 页面",
    "status {n:number}, but the answer is not JSON": "状态码 {n}，但返回的不是 JSON",
    "status {n:number}, but the answer is no JSON object": "状态码 {n}，但返回的不是 JSON 对象",
    "status {n:number}, but an error: without words": "状态码 {n}，但返回的是错误，没有说明",
    "status {n:number}, but an error: {said}": "状态码 {n}，但返回的是错误：{said}",
    "the answer's compression is broken": "响应的压缩数据损坏",
    "no connection ({why})": "连接失败（{why}）",
    "no answer in time ({why})": "超时未应答（{why}）",
    "the connection failed ({why})": "连接中断（{why}）",
    "{host:id} is not the host that was allowed": "{host} 不是获准访问的主机",
    "an answer above {n:number} MiB": "响应超过 {n} MiB",
    "not sent: an address of {n:number} characters; use method POST": "未发送：网址长 {n} 个字符；请改用 POST 方法",
    # what it said
    "the answer's {what:id} cannot be; give what `Request.answer` describes": (
        "回答的 {what} 无效；应符合 `Request.answer` 的说明"
    ),
    "the answer has {n:number} choices instead of one": "响应含 {n} 个选项，应为一个",
    "the answer has no choices instead of one": "响应中没有选项，应为一个",
    "the answer's choice has no message": "响应的选项中没有消息",
    "the answer's finish_reason is no text": "响应的 finish_reason 不是文本",
    "the server broke the answer off (finish_reason {reason})": "服务器中断了回答（finish_reason 为 {reason}）",
    "the answer's content is no text": "响应的内容不是文本",
    "a part of the answer's content is no text": "响应的部分内容不是文本",
    "nothing but reasoning": "只有推理过程，没有回答",
    "finish_reason {reason}": "finish_reason 为 {reason}",
    "stop_reason {reason}": "stop_reason 为 {reason}",
    "stop_reason that is not known": "stop_reason 未知",
    "asked for {model:id}, answered by {other}; if it is the same, list it in `aliases`": (
        "请求的模型是 {model}，应答的是 {other}；若为同一模型，请列入 `aliases`"
    ),
    "asked {model:id}, answered by {other}; see `aliases`": "请求的模型是 {model}，应答的是 {other}；参见 `aliases`",
    "the answer is no message": "响应不是消息",
    "no text in the answer": "响应中没有文本",
    "the answer is no JSON": "响应不是 JSON",
    "the answer is no text in UTF-8": "响应不是 UTF-8 文本",
    "the answer is {kind}, not plain text": "响应是 {kind}，不是纯文本",
    "the answer is an error: without words": "响应是错误，没有说明",
    "the answer is an error: {said}": "响应是错误：{said}",
    "the answer has {what} at {path:id} where its text should be": "响应在 {path} 处是 {what}，应为文本",
}

_GENERATORS: Mapping[str, str] = {
    "no recorded output": "没有已记录的输出",
    "no pattern for the prompt's language": "没有适用于该题语言的模板",
    "the prompt has no field {name}": "题目没有字段 {name}",
    "the prompt has no {name}": "题目没有 {name}",
    "chat template: {error}": "对话模板：{error}",
    "the prompt has {n:number} tokens, the model's context {most:number}": "题目有 {n} 个词元，模型上下文为 {most} 个",
    "the model's scores are not numbers (dtype {dtype:id})": "模型输出的分数不是有效数字（数据类型 {dtype}）",
    "an error without a word": "没有说明的错误",
    "the reply {what}": "返回的对象有误：{what}",
    # programs
    "no answer in time, the program was killed; {remedy}": "超时未应答，程序已被终止：{remedy}",
    "the program was stopped: another answer of it took too long": "程序已停止：它的另一条回答用时过长",
    "the program was stopped: the run has ended": "程序已停止：运行已结束",
    "before it was asked anything, {what:note}": "在请求之前，{what}",
    "the program cannot be started: {why}": "程序无法启动：{why}",
    "the program closed its standard output": "程序关闭了标准输出",
    "the program closed its standard output: {said}": "程序关闭了标准输出：{said}",
    "the program ended with status {n:number}": "程序以状态 {n} 结束",
    "the program ended with status {n:number}: {said}": "程序以状态 {n} 结束：{said}",
    "the program was ended by {signal:id}": "程序被信号 {signal} 终止",
    "the program was ended by {signal:id}: {said}": "程序被信号 {signal} 终止：{said}",
    "the program answered the request {what}": "程序应答了未发出的请求：{what}",
    "the program {what}": "程序有误：{what}",
    "no copy of the program was free for {n:number} s; {remedy}": "{n} 秒内没有空闲的程序副本：{remedy}",
    "an answer is larger than {n:number} MB": "回答超过 {n} MB",
    "the run has ended": "运行已结束",
    "the function returned {what:id}; it must return a text, None, a mapping or a Generation": (
        "函数返回了 {what}；应返回文本、None、映射或 Generation"
    ),
    "the function returned the generation of another request": "函数返回了另一个请求的结果",
}

NOTES: Mapping[str, str] = {**_SCORING, **_SCORERS, **_JUDGES, **_CONTROL, **_EVALUATE, **_CALLS, **_GENERATORS}
