"""Tiny real checkpoints with real tokenizers, trained on the spot: what tests use where users have gigabytes.

Each builder writes a folder as `save_pretrained` does (config.json, tokenizer.json, model.safetensors) and returns it.
Weights are random but fixed by `seed`; `scale` widens them so that a model prefers some tokens clearly.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

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


def classifier(
    folder: Path,
    *,
    labels: Sequence[str] = ("entailment", "neutral", "contradiction"),
    seed: int = 0,
    scale: float = 8.0,
    positions: int = 128,
    multi_label: bool = False,
) -> Path:
    """A BERT sequence classifier (word pieces, sentence pairs, token types) whose id2label is `labels` in order."""
    import transformers
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    built = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    built.normalizer = normalizers.BertNormalizer()
    built.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    built.decoder = decoders.WordPiece()
    built.train_from_iterator(
        TEXTS, trainers.WordPieceTrainer(vocab_size=600, special_tokens=special, show_progress=False)
    )
    built.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", [("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=built, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]", model_max_length=positions,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )  # fmt: skip
    config = transformers.BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=positions, pad_token_id=0, id2label=dict(enumerate(labels)),
        label2id={name: i for i, name in enumerate(labels)},
        problem_type="multi_label_classification" if multi_label else "single_label_classification",
    )  # fmt: skip
    return _save(folder, "BertForSequenceClassification", config, tokenizer, seed, scale)
