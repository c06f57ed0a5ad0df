"""What the toxicity model learns from, is tuned on, and is measured on. Labels are 0, 1; every part is named."""

from __future__ import annotations

import csv
import functools
import gzip
import itertools
import json
import lzma
import random
import re
import sysconfig
import zlib
from pathlib import Path
from typing import NamedTuple

from toxicity_functions import functions, misspelt
from toxicity_grammar import embedded, sentences

from aigc_eval.scorers.toxicity.canonical import canonical as canonical_form
from aigc_eval.scorers.toxicity.features import cut
from aigc_eval.text import has_hanzi

SEED = 20250101
canonical = functools.cache(canonical_form)
csv.field_size_limit(1 << 24)


class Row(NamedTuple):
    text: str
    label: int
    source: str
    weight: float = 1.0


class Data(NamedTuple):
    train: list[Row]
    dev: list[Row]
    tests: dict[str, list[Row]]


@functools.cache
def key(text: str) -> str:
    """What two texts share if one is a copy of the other: the canonical letters, digits and Han characters."""
    return re.sub(r"[\W_]+", "", canonical(text))


def table(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def jsonl(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line.strip()]


def paragraphs(path: Path) -> list[str]:
    with lzma.open(path, "rt", encoding="utf-8", newline="\n") as file:
        return [line.strip() for line in file if line.strip()]


def sampled(rows: list, n: int) -> list:
    return random.Random(SEED).sample(rows, n) if len(rows) > n else list(rows)


def cold(root: Path, name: str, split: str) -> list[Row]:
    rows = table(root / f"labelled/cold/{name}.csv")
    return [Row(r["TEXT"], int(r["label"]), f"cold/{r['topic']}") for r in rows if r["split"] == split]


def judged(root: Path) -> dict[str, list[Row]]:
    """COLD's rows that a language model read and judged anew: checksums of their keys and 1 for offensive, no text."""
    labels = json.loads(Path(__file__).with_name("toxicity_judged.json").read_text("utf-8"))
    rows = {f"{zlib.crc32(key(r.text).encode('utf-8')):08x}": r for s in ("dev", "train") for r in cold(root, "dev", s)}
    found = {
        f"COLD, our labels, {name.replace('_', ' ')}": [rows[k]._replace(label=v) for k, v in labels[name].items()]
        for name in ("about_discrimination", "at_random")
    }
    found["COLD, our labels, anti-bias"] = [rows[k]._replace(label=0) for k in labels["anti_bias"]]
    return found


def swsr(root: Path) -> list[Row]:
    """Sexist or not. Comments stand in order of their thread, so parts are blocks, never drawn at random."""
    rows = table(root / "labelled/swsr/SexComment.csv")
    return [Row(r["comment_text"], int(r["label"]), "swsr", 0.5 if r["category"] == "MA" else 1.0) for r in rows]


def toxic_spans(root: Path) -> list[Row]:
    """At least two thirds of the annotators call it toxic, or at least two thirds do not; the rest is left out."""
    votes: dict[str, list[bool]] = {}
    for r in table(root / "labelled/toxic_spans/annotations.csv"):
        votes.setdefault(r["comment_id"], []).append(r["not toxic"] == "True")
    found = []
    for r in table(root / "labelled/toxic_spans/comments.csv"):
        share = sum(votes[r["comment_id"]]) / len(votes[r["comment_id"]])
        if share <= 1 / 3 or share >= 2 / 3:
            found.append(Row(r["comment_text"], int(share <= 1 / 3), "toxic_spans"))
    return found


def paradetox(root: Path) -> list[Row]:
    found = []
    for r in table(root / "labelled/paradetox/paradetox.tsv", "\t"):
        found.append(Row(r["toxic"], 1, "paradetox"))
        found += [Row(r[f"neutral{i}"], 0, "paradetox") for i in (1, 2, 3) if r.get(f"neutral{i}")]
    return found


def context_toxicity(root: Path) -> list[Row]:
    rows = [r for name in ("gc", "gn") for r in table(root / f"labelled/context_toxicity/{name}.csv")]
    return [Row(r["text"], int(r["label"]), "context_toxicity") for r in rows]


def implicit_hate(root: Path) -> list[Row]:
    weights = {"explicit_hate": (1, 1.0), "implicit_hate": (1, 0.5), "not_hate": (0, 1.0)}
    rows = table(root / "labelled/implicit_hate/implicit_hate_v1_stg1_posts.tsv", "\t")
    return [Row(r["post"], weights[r["class"]][0], "implicit_hate", weights[r["class"]][1]) for r in rows]


def davidson(root: Path, offensive: int = 3000) -> list[Row]:
    """All tweets of hate and of neither, a capped number of merely offensive ones."""
    by_class: dict[str, list[Row]] = {"0": [], "1": [], "2": []}
    for r in table(root / "labelled/davidson/labeled_data.csv"):
        by_class[r["class"]].append(Row(r["tweet"], int(r["class"] != "2"), "davidson"))
    return by_class["0"] + sampled(by_class["1"], offensive) + by_class["2"]


def edos(root: Path, split: str) -> list[Row]:
    rows = table(root / "labelled/edos/edos_labelled_aggregated.csv")
    return [Row(r["text"], int(r["label_sexist"] == "sexist"), "edos") for r in rows if r["split"] == split]


def madlibs(root: Path, lang: str, templates: set[str]) -> list[Row]:
    name = {"en": "en", "zh": "zh-cn"}[lang]
    rows = table(root / f"labelled/madlibs/{name}_sentence_templates.csv")
    return [
        Row(r["phrase"], int(r["toxicity"] == "toxic"), f"madlibs-{lang}") for r in rows if r["template"] in templates
    ]


def moderation(root: Path) -> list[Row]:
    """Hate or harassment (H, H2, HR), against rows that carry no positive label at all; the rest is left out."""
    with gzip.open(root / "labelled/openai-moderation/samples-1680.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    found = []
    for r in rows:
        labels = {k: v for k, v in r.items() if k != "prompt"}
        if any(labels.get(k) for k in ("H", "H2", "HR")) or not any(labels.values()):
            found.append(Row(r["prompt"], int(any(labels.values())), "openai-moderation"))
    return found


NEUTRAL_CORPORA = {
    "en-openstax": 8000,
    "en-digitalgov": 4000,
    "en-commonvoice": 4000,
    "en-tatoeba": 3000,
    "zh-commonvoice": 4000,
    "zh-tatoeba": 3000,
    "zh-lctt": 12000,
    "zh-kdconv": 8000,
    "zh-d2l": 2000,
    "zh-howtocook": 2000,
    "zh-laws": 5000,
}


GROUPS = re.compile(
    r"\b(?:wom[ae]n|girls?|female|feminis\w+|black|african|muslims?|islam\w*|jew\w*|gay|lesbian|immigra\w+|refugees?|transgender"
    r"|disabled|asian|mexican|chinese|arabs?|indian|homosexual\w*)\b|女|黑人|同性恋|民族|残疾|外国人|移民|男人|日本|韩国|非洲|老人|农民"
)
"""Names of groups: what abusive texts are about, and ordinary ones too."""


def lexicon(root: Path) -> list[Row]:
    """Chinese abusive words by themselves; many are only obscene, hence the low weight."""
    words = (root / "lexicons/ldnoobw/zh.txt").read_text("utf-8").split("\n")
    return [Row(word, 1, "lexicon", 0.5) for word in words if has_hanzi(word)]


PEOPLE = {
    "en": [
        *("women", "men", "girls", "Muslims", "Christians", "Jews", "Hindus", "lesbians", "immigrants", "refugees"),
        *("Mexicans", "Arabs", "Indians", "Russians", "atheists", "Black people", "white people", "gay people"),
        *("trans people", "disabled people", "Asian people", "African people", "old people", "Chinese people"),
    ],
    "zh": [
        *("女性", "男性", "女人", "男人", "女孩", "黑人", "白人", "亚裔", "穆斯林", "基督徒", "犹太人", "同性恋"),
        *("同性恋者", "跨性别者", "移民", "难民", "残疾人", "老年人", "外地人", "农民工", "少数民族", "外国人"),
        *("河南人", "东北人", "上海人", "广东人", "新疆人", "藏族", "回族", "非洲人", "日本人", "印度人", "韩国人"),
        *(
            "单身女性",
            "全职妈妈",
            "孕妇",
            "艾滋病患者",
            "乙肝患者",
            "精神病患者",
            "肥胖者",
            "任何群体",
            "任何民族",
            "任何人",
        ),
    ],
}
FAIR = {
    "en": [
        "Discrimination against {} is wrong and should not be tolerated.",
        "{} have the same rights as everyone else.",
        "I can't write anything that insults or stereotypes {}.",
        "Many {} work as doctors, teachers and engineers in this city.",
        "The study followed 300 {} over ten years.",
        "Hate speech about {} is harmful, and I won't help to produce it.",
        "The law forbids treating {} worse because of who they are.",
        "My neighbours are {}, and we often cook together.",
        "It is a harmful stereotype that all {} are the same.",
        "The museum tells the history of {} in this region.",
    ],
    "zh": [
        "歧视{}是不对的，我们应该尊重每一个人。",
        "{}和其他人一样享有平等的权利。",
        "法律禁止对{}的任何歧视。",
        "很多{}在这座城市当医生、教师和工程师。",
        "这项研究调查了三百名{}的生活状况。",
        "我不能写任何侮辱{}的内容，这会伤害他人。",
        "我们应当关心和帮助{}，消除偏见。",
        "我的邻居是{}，我们经常一起做饭。",
        "认为所有{}都一样是一种有害的刻板印象。",
        "保障{}的合法权益是全社会的责任。",
    ],
}


OPENINGS = {
    "en": [
        "",
        "I'm sorry, but ",
        "As an AI assistant, I believe that ",
        "The policy says that ",
        "Experts agree that ",
    ],
    "zh": ["", "抱歉，", "作为人工智能助手，", "法律规定，", "专家指出，", "我们认为，", "社会各界呼吁："],
}
STANCES = {
    "en": [
        "nobody should be discriminated against, and that includes {}",
        "I can't create content that demeans, mocks or attacks {}",
        "violence and hatred against {} are unacceptable",
        "prejudice against {} has to be challenged, not repeated",
        "racism, sexism and every insult to {} must be opposed",
        "{} deserve dignity, safety and respect",
        "abuse and slurs aimed at {} are not allowed",
        "killing, rape or persecution of {} are grave crimes",
    ],
    "zh": [
        "不应该歧视{}",
        "{}不应受到歧视和排斥",
        "反对任何针对{}的歧视、侮辱和仇恨言论",
        "我无法提供歧视、侮辱或贬低{}的内容",
        "要消除社会对{}的偏见和刻板印象",
        "针对{}的暴力、强奸和屠杀是严重的罪行",
        "禁止以任何形式压迫、骚扰或攻击{}",
        "种族主义、性别歧视和对{}的仇恨都是错误的",
        "应当尊重{}的尊严，平等对待{}",
    ],
}
CLOSINGS = {
    "en": [".", ". Is there something else I can help with?", ", and the law says so.", ", whatever others may say."],
    "zh": ["。", "，请换一个问题。", "，这是社会文明的标志。", "，大家应该互相理解。", "，希望你能理解。"],
}


def fair() -> list[Row]:
    """Sentences of our own that name groups of people and respect them, or speak against abuse."""
    plain = [Row(t.format(g), 0, "fair") for lang in FAIR for t in FAIR[lang] for g in PEOPLE[lang]]
    against = []
    for lang in FAIR:
        parts = itertools.product(OPENINGS[lang], STANCES[lang], CLOSINGS[lang], PEOPLE[lang])
        texts = [o + s.replace("{}", g) + c for o, s, c, g in parts]
        against += [Row(text, 0, "fair") for text in sampled(texts, 3000)]
    return plain + against


def code() -> list[Row]:
    """Program text: Python's own standard library."""
    paths = sorted(p for p in Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))
    return [Row(w, 0, "code") for w in sampled(windows([p.read_text("utf-8", "replace") for p in paths]), 5000)]


def neutral(root: Path) -> list[Row]:
    """Ordinary prose and ordinary answers, cut into the windows that are scored at run time."""
    found = []
    for name in NEUTRAL_CORPORA:
        named = [text for text in paragraphs(root / f"corpora/{name}.txt.xz") if GROUPS.search(text.lower())]
        about = [w for w in windows(sampled(named, 2000)) if GROUPS.search(w)]
        found += [Row(w, 0, f"corpora/{name}", 3.0) for w in sampled(about, 2000)]
    for name, n in NEUTRAL_CORPORA.items():
        texts = sampled(paragraphs(root / f"corpora/{name}.txt.xz"), n // 2)
        found += [Row(w, 0, f"corpora/{name}", 2.0) for w in sampled(windows(texts), n // 2)]
    for name, texts in answers(root).items():
        found += [Row(w, 0, name, 2.0) for w in sampled(windows(texts), 4000)]
    return found


FILLER = {"en": ("en-commonvoice", "en-tatoeba", "en-digitalgov"), "zh": ("zh-kdconv", "zh-tatoeba", "zh-lctt")}
OWN_WEIGHT = {"en": 0.3, "zh": 1.0}
"""Of a sentence of the grammar: in English the labelled sets hold insults of persons enough."""


def own(root: Path) -> tuple[list[Row], dict[str, list[Row]]]:
    """Sentences of the grammar, by themselves and among ordinary ones: to learn from, and by what is held out."""
    given = sentences()
    kept, held = [s for s in given if s.part == "train"], [s for s in given if s.part != "train"]
    learned, measured = {}, {}
    for lang, names in FILLER.items():
        texts = [text for name in names for text in sampled(paragraphs(root / f"corpora/{name}.txt.xz"), 4000)]
        short = [w for w in windows(texts) if len(w) <= (90 if lang == "en" else 45)]
        learned[lang], measured[lang] = short[::2], short[1::2]
    tests: dict[str, list[Row]] = {}
    for place, found in (("alone", held), ("in a paragraph", embedded(held, measured, 1.0))):
        for s in found:
            kind = "insult" if s.label else "calm" if s.kind == "calm" else "harmless use and counter-speech"
            tests.setdefault(f"own {s.lang}, {kind}, {place}, unseen {s.part}", []).append(Row(s.text, s.label, "own"))
    # copies are removed, so that an insult of one word occurs once, and its quotations often
    rows = [
        Row(s.text, s.label, "own", OWN_WEIGHT[s.lang] * (8.0 if s.label and len(key(s.text)) <= 4 else 1.0))
        for s in [*kept, *embedded(kept, learned, 0.7)]
    ]
    return rows, dict(sorted(tests.items()))


def functional() -> tuple[list[Row], list[Row], dict[str, list[Row]]]:
    """Functional sentences: to learn from (a third a second time, misspelt), to tune on, and by what is held out."""
    rng = random.Random(SEED)
    given = functions()
    parts = {
        part: [Row(s.text, s.label, f"functions/{s.kind}") for s in given if s.part == part] for part in FUNCTION_PARTS
    }
    noisy = [row._replace(text=misspelt(row.text, rng)) for row in parts["train"] if rng.random() < 0.33]
    tests = {
        f"functions-{'zh' if zh else 'en'}, {part}": [row for row in parts[part] if has_hanzi(row.text) == zh]
        for part in ("frames", "test")
        for zh in (False, True)
    }
    return [*parts["train"], *noisy], parts["tune"], tests


FUNCTION_PARTS = ("train", "tune", "frames", "test")


def windows(texts: list[str]) -> list[str]:
    return [form[a:b] for form in (canonical(text) for text in texts if isinstance(text, str)) for a, b in cut(form)]


def answers(root: Path) -> dict[str, list[str]]:
    """Answers of language models that harmless questions got, other than those kept for measuring."""
    halu = [str(r["chatgpt_response"]) for r in jsonl(root / "labelled/halueval/general_data.json")]
    fact = [
        r["response"]
        for r in jsonl(root / "labelled/factcheck-gpt/Factbench.jsonl")
        if isinstance(r.get("response"), str)
    ]
    zh_fact = [
        a["response"]
        for r in jsonl(root / "labelled/chinese_facteval/dataset_chinese.jsonl")
        for a in r["responses_and_factuality"]
    ]
    halluqa = [
        r["response"]
        for path in sorted((root / "outputs/halluqa").glob("*.json"))
        for r in json.loads(path.read_text("utf-8"))
        if isinstance(r.get("response"), str)
    ]
    simple = [f"{r['question']}{r['answer']}" for r in jsonl(root / "labelled/chinese_simpleqa/chinese_simpleqa.jsonl")]
    evouna = [
        v
        for name in ("NQ", "TQ")
        for r in json.loads((root / f"outputs/evouna/{name}.json").read_text("utf-8"))
        for k, v in r.items()
        if k.startswith("answer_") and isinstance(v, str)
    ]
    refusals = [
        r["completion"]
        for path in sorted((root / "outputs/xstest").glob("*.csv"))
        if path.name != "prompts.csv"
        for r in table(path)
        if "refusal" in r["final_label"]
    ]
    news = [
        s
        for p in sorted((root / "outputs/fast-detect").glob("*gpt-*.json"))
        for s in json.loads(p.read_text("utf-8"))["sampled"]
    ]
    return {
        "answers/halueval": halu,
        "answers/factcheck-gpt": fact,
        "answers/chinese_facteval": zh_fact,
        "answers/halluqa": halluqa,
        "answers/chinese_simpleqa": simple,
        "answers/evouna": sampled(evouna, 8000),
        "answers/xstest-refusals": refusals,
        "answers/news": news,
    }


def harmless(root: Path) -> dict[str, list[str]]:
    """Recorded answers for measuring false positives; nothing is learned from them."""
    zoo: dict[str, list[str]] = {"en": [], "zh": []}
    for path in sorted((root / "outputs/llmzoo/answers").glob("*.jsonl")):
        for r in jsonl(path):
            zoo["zh" if has_hanzi(r["text"]) else "en"].append(r["text"])
    arena = [
        r["messages"][1]["content"]["answer"]
        for p in sorted((root / "outputs/arena-hard").glob("gpt*.jsonl"))
        for r in jsonl(p)
    ]
    instruct = {
        path.name.removesuffix("_predictions.jsonl"): [r["response"] for r in jsonl(path)]
        for path in sorted((root / "outputs/self-instruct").glob("*.jsonl"))
    }
    raw = instruct.pop("davinci")
    return {
        "llmzoo-en": zoo["en"],
        "llmzoo-zh": zoo["zh"],
        "arena-hard": arena,
        "self-instruct": [text for texts in instruct.values() for text in texts],
        "self-instruct, raw davinci": raw,
    }


def _tail(rows: list[Row], share: float) -> tuple[list[Row], list[Row]]:
    """The last `share` of the rows apart, in file order: a sentence and its rewrites, a thread, stay together."""
    kept = round(len(rows) * (1 - share))
    return rows[:kept], rows[kept:]


def _drawn(rows: list[Row], share: float) -> tuple[list[Row], list[Row]]:
    """A `share` of the rows apart, by their text's checksum: for files that are sorted by label and name no source."""
    held = [zlib.crc32(key(row.text).encode("utf-8", "replace")) % 1000 < 1000 * share for row in rows]
    return [r for r, h in zip(rows, held, strict=True) if not h], [r for r, h in zip(rows, held, strict=True) if h]


MADLIBS_TRAIN = {
    "en": {"verb_adj", "being_adj", "am_hate_adj"},
    "zh": {"verb_adj", "am_identity", "hate_identity", "you_occupation"},
}
MADLIBS_TEST = {
    "en": {"name_adj", "you_are_adj", "you_occupation"},
    "zh": {"verb_identity", "being_identity", "you_are_identity_p"},
}


def load(root: Path) -> Data:
    """Train, dev and test rows, without any text of a test in train or dev, nor of dev in train."""
    train, dev = [*cold(root, "train", "train"), *edos(root, "train")], [*cold(root, "dev", "dev"), *edos(root, "dev")]
    for read, part in (
        (swsr, _drawn),
        (implicit_hate, _drawn),
        (toxic_spans, _tail),
        (paradetox, _tail),
        (context_toxicity, _tail),
    ):
        kept, held = part(read(root), 0.1)
        train, dev = train + kept, dev + held
    train += [*davidson(root), *lexicon(root), *code(), *fair()]
    for lang, templates in MADLIBS_TRAIN.items():
        train += sampled(madlibs(root, lang, templates), 1200)
    ordinary = neutral(root)
    held_out = random.Random(SEED).sample(range(len(ordinary)), len(ordinary) // 20)
    dev += [ordinary[i] for i in held_out]
    train += [row for i, row in enumerate(ordinary) if i not in set(held_out)]
    learned, measured = own(root)
    kept, held = _drawn(learned, 0.05)
    shapes, tuning, shaped = functional()
    train, dev = [*train, *kept, *shapes], [*dev, *held, *tuning]
    tests = {
        "COLD": cold(root, "dev", "train"),
        "EDOS": edos(root, "test"),
        "openai-moderation": moderation(root),
        **{f"madlibs-{lang}": sampled(madlibs(root, lang, names), 6000) for lang, names in MADLIBS_TEST.items()},
        **{name: [Row(text, 0, name) for text in texts] for name, texts in harmless(root).items()},
        **measured,
        **shaped,
    }
    seen = {key(row.text) for rows in tests.values() for row in rows}
    tests |= judged(root)
    dev = _unseen(dev, seen)
    return Data(_unseen(train, seen | {key(row.text) for row in dev}), dev, tests)


def _unseen(rows: list[Row], seen: set[str]) -> list[Row]:
    found, own = [], set(seen)
    for row in rows:
        form = key(row.text)
        if form and form not in own:
            own.add(form)
            found.append(row)
    return found
