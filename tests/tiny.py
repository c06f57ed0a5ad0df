"""Tiny real checkpoints with real tokenizers, trained on the spot: what tests use where users have gigabytes.

Each builder writes a folder as `save_pretrained` does (config.json, tokenizer.json, model.safetensors) and returns it.
Weights are random but fixed by `seed`; `scale` widens them so that a model prefers some tokens clearly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

TEXTS = (
    "The cat sat on the mat. The dog sat on the log, and the bird sang in the tall tree.",
    "Paris is the capital of France. Beijing is the capital of China. What is the capital of Italy?",
    "To make tea, boil some water, put the leaves in the pot, wait three minutes and pour it out.",
    "今天天气很好，我们一起去公园散步。北京是中国的首都，上海是中国最大的城市。",
    "语言模型生成的文本需要经过评估才能发布。请用中文回答下面的问题。",
    "A language model answers questions; an evaluation decides whether its answers are safe to publish.",
)
CHAT_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def _trained_once(train: Callable[..., Any]) -> Callable[..., Any]:
    """Each tokenizer is trained once a process, since trainers break ties at random, and copied for every use."""
    kept: dict[Any, str] = {}

    def copied(*args: Any, **kwargs: Any) -> Any:
        from tokenizers import Tokenizer

        key = (*(tuple(a) if isinstance(a, list) else a for a in args), *sorted(kwargs.items()))
        if key not in kept:
            kept[key] = train(*args, **kwargs).to_str()
        return Tokenizer.from_str(kept[key])

    return copied


@_trained_once
def _byte_bpe(special: Sequence[str], vocabulary: int = 480) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    built = Tokenizer(models.BPE())
    built.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    built.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(special),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    built.train_from_iterator(TEXTS, trainer)
    return built


def _save(folder: Path, model_class: str, config: Any, tokenizer: Any, seed: int, scale: float) -> Path:
    import torch
    import transformers

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = getattr(transformers, model_class)(config).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.dim() > 1:
                    parameter.mul_(scale)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def causal(folder: Path, *, seed: int = 0, scale: float = 8.0, positions: int = 128) -> Path:
    """A GPT-2: 2 layers, learned positions, byte-level BPE; <|endoftext|> is BOS and EOS, there is no pad token."""
    import transformers

    end = "<|endoftext|>"
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=_byte_bpe([end]), bos_token=end, eos_token=end)
    config = transformers.GPT2Config(
        vocab_size=len(tokenizer), n_positions=positions, n_embd=32, n_layer=2, n_head=4, bos_token_id=0, eos_token_id=0
    )
    return _save(folder, "GPT2LMHeadModel", config, tokenizer, seed, scale)


def chat(folder: Path, *, seed: int = 0, scale: float = 8.0, positions: int = 512) -> Path:
    """A Qwen2: 2 layers, rotary positions, a chat template, an EOS and a pad token but no BOS."""
    import transformers

    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=_byte_bpe(special), eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    config = transformers.Qwen2Config(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=positions, bos_token_id=None, eos_token_id=2, pad_token_id=0,
    )  # fmt: skip
    return _save(folder, "Qwen2ForCausalLM", config, tokenizer, seed, scale)


def seq2seq(folder: Path, *, seed: int = 0, scale: float = 4.0) -> Path:
    """A T5: 2 + 2 layers, relative positions, </s> appended to every input."""
    import transformers
    from tokenizers import processors

    built = _byte_bpe(["<pad>", "</s>", "<unk>"])
    built.post_processor = processors.TemplateProcessing("$A </s>", "$A </s> $B </s>", [("</s>", 1)])
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=built, eos_token="</s>", pad_token="<pad>", unk_token="<unk>"
    )
    config = transformers.T5Config(
        vocab_size=len(tokenizer), d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4,
        pad_token_id=0, eos_token_id=1, decoder_start_token_id=0,
    )  # fmt: skip
    return _save(folder, "T5ForConditionalGeneration", config, tokenizer, seed, scale)


class _Family(NamedTuple):
    """An encoder architecture: its class, its special tokens in the order of their ids, its pad id, spare positions."""

    architecture: str
    special: tuple[str, ...]
    frame: tuple[str, str]
    extra_positions: int = 0
    token_types: bool = True


_FAMILIES = {
    "bert": _Family("Bert", ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"), ("[CLS]", "[SEP]")),
    "roberta": _Family("Roberta", ("<s>", "<pad>", "</s>", "<unk>", "<mask>"), ("<s>", "</s>"), 2, False),
    "xlmr": _Family("XLMRoberta", ("<s>", "<pad>", "</s>", "<unk>", "<mask>"), ("<s>", "</s>"), 2, False),
    "albert": _Family("Albert", ("<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"), ("[CLS]", "[SEP]")),
    "deberta": _Family("DebertaV2", ("[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"), ("[CLS]", "[SEP]")),
}
FAMILIES = tuple(_FAMILIES)
"""Encoder architectures that `classifier` and `encoder` build: word pieces, byte-level BPE, three unigram models."""


@_trained_once
def _word_pieces(special: Sequence[str]) -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    built = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    built.normalizer = normalizers.BertNormalizer()
    built.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    built.decoder = decoders.WordPiece()
    built.train_from_iterator(
        TEXTS, trainers.WordPieceTrainer(vocab_size=600, special_tokens=list(special), show_progress=False)
    )
    return built


@_trained_once
def _unigram(special: Sequence[str], unknown: str, *, lower: bool) -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    built = Tokenizer(models.Unigram())
    folding = [normalizers.Lowercase()] if lower else []
    built.normalizer = normalizers.Sequence([normalizers.NFKC(), *folding])
    built.pre_tokenizer = pre_tokenizers.Metaspace()
    built.decoder = decoders.Metaspace()
    built.train_from_iterator(
        TEXTS,
        trainers.UnigramTrainer(vocab_size=300, special_tokens=list(special), unk_token=unknown, show_progress=False),
    )
    return built


def _family_tokenizer(name: str, positions: int) -> Any:
    import transformers
    from tokenizers import processors

    family = _FAMILIES[name]
    pad, unknown, mask = (next(t for t in family.special if word in t.lower()) for word in ("pad", "unk", "mask"))
    if name == "bert":
        built = _word_pieces(family.special)
    elif name == "roberta":
        built = _byte_bpe(family.special)
    else:
        built = _unigram(family.special, unknown, lower=name == "albert")
    first, last = family.frame
    ids = [(token, family.special.index(token)) for token in family.frame]
    pair = f"{first} $A {last} $B:1 {last}:1" if family.token_types else f"{first} $A {last} {last} $B {last}"
    built.post_processor = processors.TemplateProcessing(f"{first} $A {last}", pair, ids)
    names = ["input_ids", "token_type_ids", "attention_mask"]
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=built, pad_token=pad, unk_token=unknown, cls_token=first, sep_token=last, mask_token=mask,
        model_max_length=positions, model_input_names=names if family.token_types else names[::2],
    )  # fmt: skip


def _family_config(name: str, tokenizer: Any, positions: int, **kwargs: Any) -> Any:
    import transformers

    family = _FAMILIES[name]
    if name == "albert":
        kwargs["embedding_size"] = 16
    if name == "deberta":
        kwargs |= {
            "relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_buckets": 16,
            "share_att_key": True, "norm_rel_ebd": "layer_norm", "position_biased_input": False, "type_vocab_size": 0,
            "pooler_hidden_size": 32,
        }  # fmt: skip
    frame = [family.special.index(token) for token in family.frame]
    return getattr(transformers, f"{family.architecture}Config")(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=positions + family.extra_positions, pad_token_id=tokenizer.pad_token_id,
        bos_token_id=frame[0], eos_token_id=frame[1], **kwargs,
    )  # fmt: skip


def classifier(
    folder: Path,
    *,
    family: str = "bert",
    labels: Sequence[str] = ("entailment", "neutral", "contradiction"),
    seed: int = 0,
    scale: float = 8.0,
    positions: int = 128,
    multi_label: bool = False,
) -> Path:
    """A sequence classifier of an architecture in `FAMILIES` whose id2label is `labels` in order; it takes pairs."""
    tokenizer = _family_tokenizer(family, positions)
    config = _family_config(
        family, tokenizer, positions, id2label=dict(enumerate(labels)),
        label2id={name: i for i, name in enumerate(labels)},
        problem_type="multi_label_classification" if multi_label else None,
    )  # fmt: skip
    name = f"{_FAMILIES[family].architecture}ForSequenceClassification"
    return _save(folder, name, config, tokenizer, seed, scale)


def encoder(folder: Path, *, family: str = "bert", seed: int = 0, scale: float = 8.0, positions: int = 128) -> Path:
    """A plain encoder of an architecture in `FAMILIES`, without a head: what embeddings and BERTScore read."""
    tokenizer = _family_tokenizer(family, positions)
    config = _family_config(family, tokenizer, positions)
    return _save(folder, f"{_FAMILIES[family].architecture}Model", config, tokenizer, seed, scale)
