"""The forms of words that count as an explicit label, for text folded by `view`.

After folding, full-width punctuation is ASCII, script is simplified and case lower. A form is matched at the start of a
unit (a sentence, a bracket, a line) and must account for the whole claim, so that a negation, a question or a longer
noun phrase ("AI生成内容的治理") does not fit. Every quantifier is bounded or possessive: time is linear.
"""

from __future__ import annotations

import re

from aigc_eval.text import HANZI

__all__ = ["BARE", "LEAD", "MENTION", "OTHER_MEDIUM", "SELF"]

# Both elements of a label: what made it (AI, 人工智能; 人工智慧 is the word in Taiwan), and how (生成, 合成).
_TECH = r"(?:人工智[能慧](?:\s?\(ai\))?|(?<![a-z0-9])ai(?:gc)?(?![a-z]))"
_MAKE = r"(?:生成|合成)(?:[与和或及并/、]?(?:生成|合成))*+"
_HELP = (
    r"(?:\s?(?:大?语言大?模型|大模型|模型|技术|工具|助手|系统|算法|程序|服务|平台|机器人|智能体|引擎|软件|辅助|自动|智能|协助"
    r"|参与|创作|写作|撰写|编写|总结|翻译|[并和与及或/、]|\([^()]{0,24}\)|[a-z0-9][a-z0-9 .\-]{0,24}+)){0,6}+\s?"
)
_ADVERB = r"(?:\s?(?:均|皆|都|基本上|基本|全部|部分|完全|主要|可能|系|是|为|全程|大部分|已|含有|包含|含)){0,4}+\s?"
# A maker's name may stand between; a verb there ("本文由浅入深讲解…") makes it another sentence.
_VIA = (
    r"(?:(?:经由|由|经|通过|使用|利用|借助|采用|基于|运用)\s?"
    r"[^,。;:!?\n不非未没无否讲论述介谈析解探研入了]{0,16}?)?"
)
_GENRE = (
    r"(?:文章|全文|文|内容|回答|答案|回复|回应|报告|文本|文字|段落|文档|文件|资料|材料|作品|图文|信息|解读|分析|摘要|总结|小结|稿件|稿"
    r"|消息|邮件|页面|网页|建议|结果|方案|故事|小说|诗歌|诗|歌词|代码|函数|程序|脚本|翻译|译文|解答|输出|对话|评论|点评|新闻|报道"
    r"|文案|手册|说明|教程|答复|讲解|课件|作文|信件|信|函|公告|通知|章节|部分|帖子|笔记"
    r"|服务|日报|周报|月报|简报|快报|表格|清单|技能|项目|题目|试卷|问答|文书|纪要|剧本|论文|食谱|计划|行程|大纲|标题|描述|点评|解释|推荐)"
)
_SUBJECT = (
    rf"(?:(?:以上|上述|以下|下述|前述|下列)(?:[{HANZI}]{{0,4}}?{_GENRE})?"
    rf"|(?:本篇|本段|本次|本份|本条|本|此|该|这篇|这段|这份|这个|这条|这些|这)(?:[{HANZI}]{{0,4}}?{_GENRE}|\s?[a-z]{{2,16}})"
    r"|(?:全部|所有)?(?:内容|正文|全文|文章|文本|回答|答案|回复|报告|日报|总结|摘要|答复))(?:中?的?(?:全部|所有|部分)?(?:内容|文字|文本))?"
)
_WHAT = r"(?:的?\s?(?:内容|文本|文字|文章|回答|答案|回复|报告|图文|信息|作品|结果|稿件))?的?"
_CAVEAT = (
    r"(?:仅供|仅作|请|可能|不构成|不代表|不作为|不保证|无法|不能"
    r"|未经|需|须|建议|如有|如需|谨慎|注意|版权|不得|禁止|内容仅|已经?人工|经人工)"
)
_ZH_CLAIM = rf"{_ADVERB}{_VIA}{_TECH}{_HELP}{_MAKE}{_WHAT}"
_ZH_SELF = rf"{_SUBJECT}\s?{_ZH_CLAIM}(?=\s*(?:$|[^\w\s]|{_CAVEAT}))"
_ZH_BARE = rf"{_ZH_CLAIM}(?=[\s,;.!。—\-·]*(?:$|{_CAVEAT}))"

_EN_TECH = (
    r"(?:ai|a\.i\.|artificial[ -]intelligence)(?![a-z])(?: \(ai\))?"
    r"(?:[ -](?:language|large|models?|assistants?|systems?|tools?|chatbots?|technology|technologies|software|services?"
    r"|engine|algorithms?|program|agents?|bot|writer|llm|assistance|help|technique|techniques)(?![a-z])){0,4}+"
    r"(?:-(?:powered|assisted|based|driven)(?: [a-z]{2,16}){0,3})?"
)
_EN_MADE = r"(?:generated|synthesi[sz]ed|created|produced|written|composed|drafted|authored|made|prepared)"
_EN_GENRE = (
    r"(?:contents?|text|article|answer|response|reply|report|summary|overview|message|post|page|document|material|e-?mail"
    r"|letter|story|poem|essay|output|information|description|review|translation|analysis|draft|work|passage|section"
    r"|code|function|script|note|guide|speech|transcript|lesson|newsletter|statement|comment|explanation|recipe|spec|plan|proposal|memo|brief|file|prd|codebase|project|app"
    r"|website|site|repo|repository|readme|documentation|blog|book|chapter|paper|thread|itinerary|quiz|outline|feedback)s?"
)
# Up to five words of a maker's name: "by ChatGPT, an AI model"; none of them may turn the sentence round.
_EN_NAME = r"(?: (?!not\b|no\b|without\b|humans?\b|people\b|hand\b|rather\b|instead\b)[\w.'’\-]{1,24},?){0,5}?"
_EN_GEN = (
    rf"{_EN_MADE}(?: [a-z]{{2,12}}ly| in part)? (?:by|with|using|via|through)"
    rf"(?: the)?(?: (?:help|assistance|aid|use|support) of)?{_EN_NAME} {_EN_TECH}"
)
_EN_ADJ = (
    r"(?:ai|a\.i\.|artificial[ -]intelligence)[ -]"
    r"(?:generated|synthesi[sz]ed|written|created|produced|authored|composed)"
)
_EN_SUBJECT = (
    rf"(?:(?:(?:(?:about|around|over|roughly|approximately|up to) )?[0-9]{{1,3}}%|some|all"
    rf"|(?:a )?(?:part|portion)|parts|portions|sections?|much|most"
    rf"|(?:all )?(?:the )?(?:contents?|text|body|code|documentation))"
    r" (?:of|in|on) )?"
    rf"(?:this|these|the (?:above|following|preceding|foregoing|present))(?: [a-z'’\-]{{1,16}}){{0,3}}? {_EN_GENRE}"
    r"|this|(?:all |the )?(?:contents?|text)(?: (?:above|below|here|on this page))?"
    r"|the (?:above|following)|everything above"
    r"|(?:all |these |the )?(?:responses|answers|replies|summaries|outputs|results)"
)
_EN_IS = (
    r"(?:was|were|is|are|has been|have been|may be|may have been|contains?|includes?)"
    r"(?: (?:some|in part|in whole or in part|(?!hardly|scarcely|barely)[a-z]{2,12}ly))?"
)
_EN_NEXT = (
    r"(?=\s*(?:$|[^\w\s]"
    r"|(?:and|but|based|for|during|in|on|from|under|at|as|to|then|with|without|which|so|may|please|using|by|via)\b))"
)
_EN_CAVEAT = (
    r"(?:may|might|can|could|please|not|for|check|verify|review|use|no|accuracy|results?|errors?|mistakes|it|always|double"
    r"|human|edited|content|information|responses?|answers?|with|do)\b"
)
# "AI-generated guidance" is said of a text, "AI-generated art" is not.
_EN_MEDIUM = r"(?!images?|imagery|art|artworks?|pictures?|photos?|videos?|audio|music|voices?)"
_EN_SELF = rf"(?:{_EN_SUBJECT}) {_EN_IS} (?:{_EN_GEN}|{_EN_ADJ}(?: {_EN_MEDIUM}[a-z]{{3,16}})?){_EN_NEXT}"
_EN_BARE = (
    rf"(?:(?:partially|partly|fully|entirely|100%|automatically) )?"
    rf"(?:{_EN_ADJ}(?: {_EN_GENRE})?|(?:{_EN_GENRE} )?{_EN_GEN})(?: ?\([^()]{{1,40}}\))?"
    rf"(?=\s*(?:$|[^\w\s]+\s*(?:$|{_EN_CAVEAT})))"
)

SELF = re.compile(rf"{_ZH_SELF}|{_EN_SELF}")
"""A sentence about this very content: "本文由AI生成", "this text was generated by ai"."""

BARE = re.compile(rf"{_ZH_BARE}|{_EN_BARE}")
"""A mark without a subject that is all of its unit but for a caveat: "AI生成，仅供参考", "ai-generated"."""

MENTION = re.compile(r"人工智[能慧]|(?<![a-z])a\.?i(?![a-z])|aigc|artificial[ -]intelligence")
"""What every label contains; a text without it needs no further look."""

_PREFACE = (
    r"(?:(?:免责|郑重|特别|重要|内容|生成|版权)?声明|(?:温馨|特别|友情|风险|重要|合规)?提示|请?注意|备注|注|说明|(?:内容)?来源|标识"
    r"|(?:ai|aigc|人工智能)(?:生成)?(?:内容)?(?:声明|提示|标识|说明)"
    r"|(?:[a-z]{2,12} ){0,6}(?:disclaimer|disclosure|notice|advice|statement|label)"
    r"|note|nb|important|warning|source|fyi"
    r"|(?:please )?(?:be advised|note)(?: that)?"
    r"|(?:a )?note (?:on|about) this [a-z]{3,12}"
    r"|for (?:your information|transparency|full disclosure))"
)
_DECORATION = r"[^\w\"'“”‘’「」『』(（]*+"
LEAD = re.compile(rf"{_DECORATION}(?:{_PREFACE}(?:[:,—\-]\s*|\s+that\s+){_DECORATION}){{0,2}}")
"""What may stand before a label in its unit: decoration, emoji, "免责声明：", "Disclaimer:"."""

OTHER_MEDIUM = re.compile(
    r"(?:图\s?\d*|图片|图像|照片|插图|配图|封面|视频|音频|表\s?\d*|images?|figure|fig\.?|photos?|pictures?|videos?|audio)\s?\d*\s*$"
)
"""What a bracket that follows is about, rather than the text."""
