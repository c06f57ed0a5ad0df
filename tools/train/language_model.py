"""Train the bundled causal language model: python tools/train/language_model.py --data ../shared/data --work FOLDER

English and Chinese, byte-level BPE and a small Llama. Needs torch, tokenizers and transformers; about an hour of two
cores, minutes of a GPU. Steps: tokenizer, tokens, training (with a checkpoint every few minutes in FOLDER), and the
model's folder in the package; language_model_card.py then measures it. Every draw is seeded, and on one kind of CPU the
same number of processes gives the same weights, if --tokenizer names the bundled tokenizer.json: the trainer of
tokenizers breaks ties at random.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from language_model_data import SEED, Corpus, load
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from aigc_eval import huggingface as hf

BOS = "<|endoftext|>"
TEMPLATE = "{{ bos_token }}{% for message in messages %}{{ message.content }}\n\n{% endfor %}"
"""What was said, each time a blank line: the model goes on with the next paragraph, where it would else often end."""
VOCABULARY = 8192
PIECES = r"'(?:[sdmt]|ll|ve|re)| ?[\p{L}\p{M}&&[^\p{Han}]]+|\p{Han}+| ?\p{N}| ?[^\s\p{L}\p{M}\p{N}]+|\s+(?!\S)|\s+"
"""GPT-2's pieces, but digits stand alone and Han characters apart from other letters."""
CONTEXT = 256
SHAPE = {"hidden_size": 192, "num_hidden_layers": 4, "num_attention_heads": 3, "intermediate_size": 512}
BATCH = 8
"""Sequences of CONTEXT tokens a step."""
STEPS = 2400
WARMUP, DECAY = 60, 0.4
"""Steps in which the learning rate rises, and the share of the steps, the last ones, in which it falls to nothing."""
ADAMW, MUON = 3e-3, 0.02
"""The highest learning rates: of embeddings and norms, and of the matrices inside the layers."""
SAVE_SECONDS = 120


def train_tokenizer(corpora: list[Corpus]) -> Tokenizer:
    """Byte-level BPE (any text can be written in it, and read back), learned from as much English as Chinese."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[BOS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        max_token_length=24,
        show_progress=False,
    )
    tokenizer.train_from_iterator((text for corpus in corpora for text in corpus.train), trainer)
    return tokenizer


def encoded(tokenizer: Tokenizer, documents: list[str]) -> list[np.ndarray]:
    """Each document after the token that stands before every text."""
    bos = tokenizer.token_to_id(BOS)
    return [np.array([bos, *e.ids], np.uint16) for e in tokenizer.encode_batch_fast(documents)]


def rows(work: Path, steps: int) -> Iterator[np.ndarray]:
    """Packed sequences of CONTEXT + 1 tokens, BATCH at a time; the documents are shuffled anew each epoch."""
    kept = np.load(work / "tokens.npz")
    tokens, ends = kept["tokens"], np.cumsum(kept["lengths"])
    rng = np.random.default_rng(SEED)
    size = BATCH * (CONTEXT + 1)
    rest = np.empty(0, np.uint16)
    order: list[int] = []
    for _ in range(steps):
        parts, total = [rest], len(rest)
        while total < size:
            order = order or rng.permutation(len(ends)).tolist()
            i = order.pop()
            parts.append(tokens[ends[i - 1] if i else 0 : ends[i]])
            total += len(parts[-1])
        joined = np.concatenate(parts)
        yield joined[:size].reshape(BATCH, CONTEXT + 1)
        rest = joined[size:]


def new_model() -> LlamaForCausalLM:
    torch.manual_seed(SEED)
    heads = SHAPE["num_attention_heads"]
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        num_key_value_heads=heads,
        bos_token_id=0,
        eos_token_id=0,
        **SHAPE,
    )
    return LlamaForCausalLM(config)


def rate(step: int, steps: int) -> float:
    """The share of the highest learning rate: up, level, and down to nothing, so that a run may still be cut short."""
    return min(1.0, (step + 1) / WARMUP, (steps - step) / (DECAY * steps))


def optimizers(model: LlamaForCausalLM) -> list[torch.optim.Optimizer]:
    inner = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    known = {id(p) for p in inner}
    outer = [p for p in model.parameters() if id(p) not in known]
    return [
        torch.optim.AdamW(outer, lr=ADAMW, betas=(0.9, 0.95), weight_decay=0.0),
        torch.optim.Muon(inner, lr=MUON, momentum=0.95, weight_decay=0.01),
    ]


def loss_of(model: LlamaForCausalLM, batch: torch.Tensor) -> torch.Tensor:
    with torch.autocast(batch.device.type, dtype=torch.bfloat16):
        logits = model(input_ids=batch[:, :-1], use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), batch[:, 1:].flatten())


class State:
    """The model, its optimizers and how many steps are done, as they were when a run was cut, or as they begin."""

    def __init__(self, work: Path, device: str) -> None:
        self.path, self.done, self.model = work / "checkpoint.pt", 0, new_model().to(device)
        self.optimizers = optimizers(self.model)
        if self.path.exists():
            held = torch.load(self.path, map_location=device, weights_only=True)
            self.done = held["step"]
            self.model.load_state_dict(held["model"])
            for optimizer, kept in zip(self.optimizers, held["optimizers"], strict=True):
                optimizer.load_state_dict(kept)

    def save(self) -> None:
        held = {"step": self.done, "model": self.model.state_dict()}
        new = self.path.with_suffix(".new")
        torch.save({**held, "optimizers": [o.state_dict() for o in self.optimizers]}, new)
        os.replace(new, self.path)

    def step(self, batch: torch.Tensor, share: float, processes: int) -> float:
        """One update at so large a share of the highest learning rates; the loss before it."""
        loss = loss_of(self.model, batch)
        loss.backward()
        if processes > 1:
            average([p.grad for p in self.model.parameters()], processes)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer, highest in zip(self.optimizers, (ADAMW, MUON), strict=True):
            optimizer.param_groups[0]["lr"] = highest * share
            optimizer.step()
            optimizer.zero_grad()
        self.done += 1
        return float(loss.item())


def train(rank: int, processes: int, work: Path, steps: int) -> None:
    """One of `processes` equal workers: each takes its share of every batch, and gradients are averaged."""
    if processes > 1:
        torch.set_num_threads(1)
        store = dist.FileStore(str(work / "store"), processes)
        dist.init_process_group("gloo", store=store, rank=rank, world_size=processes)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    state = State(work, device)
    start = saved = time.monotonic()
    losses: list[float] = []
    for step, batch in enumerate(rows(work, steps)):
        if step < state.done:
            continue
        mine = torch.from_numpy(batch[rank::processes].astype(np.int64)).to(device)
        losses.append(state.step(mine, rate(step, steps), processes))
        now = time.monotonic()
        if rank == 0 and (state.done % 20 == 0 or state.done == steps):
            speed = BATCH * CONTEXT * len(losses) / (now - start)
            print(f"step {state.done:5} loss {np.mean(losses[-20:]):.4f} {speed:,.0f} tokens/s", flush=True)
        if rank == 0 and (now - saved > SAVE_SECONDS or state.done == steps):
            saved = now
            state.save()
    if processes > 1:
        dist.destroy_process_group()


def average(gradients: list[torch.Tensor], processes: int) -> None:
    flat = torch.cat([g.flatten() for g in gradients])
    dist.all_reduce(flat)
    flat /= processes
    for g, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        g.copy_(part.view_as(g))


def prepare(data: Path, work: Path, known: Path | None) -> None:
    """The tokenizer and the documents as tokens, in FOLDER."""
    corpora = load(data)
    tokenizer = Tokenizer.from_file(str(known)) if known else train_tokenizer(corpora)
    tokenizer.save(str(work / "tokenizer.json"))
    parts = [part for corpus in corpora for part in encoded(tokenizer, corpus.train)]
    np.savez(work / "tokens.npz", tokens=np.concatenate(parts), lengths=np.array([len(part) for part in parts]))


def write(work: Path, out: Path) -> None:
    """The model as a Hugging Face folder: weights as float16, each file the same bytes for the same checkpoint."""
    state = torch.load(work / "checkpoint.pt", map_location="cpu", weights_only=True)
    model = new_model()
    model.load_state_dict(state["model"])
    model.config.trained_tokens = state["step"] * BATCH * CONTEXT
    with hf.opening(str(out)):  # no progress bars
        model.half().save_pretrained(out)
    (out / "model.safetensors").chmod(0o644)
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{BOS} $A", special_tokens=[(BOS, 0)])
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=BOS,
        eos_token=BOS,
        clean_up_tokenization_spaces=False,
        model_max_length=CONTEXT,
    ).save_pretrained(out)
    path = out / "tokenizer_config.json"
    settings = json.loads(path.read_text("utf-8"))
    # one file and a class name that every version of transformers knows
    settings |= {"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": TEMPLATE}
    path.write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", "utf-8")
    size = sum(path.stat().st_size for path in out.iterdir())
    print(f"step {state['step']}: {model.num_parameters():,} parameters, {size / 2**20:.1f} MiB in {out}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "../shared/data")
    parser.add_argument("--work", type=Path, required=True, help="a folder for what takes time; a cut run goes on")
    parser.add_argument("--tokenizer", type=Path, help="a tokenizer.json to keep, such as the bundled one")
    parser.add_argument("--out", type=Path, default=hf.locate(hf.BUNDLED))
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--processes", type=int, default=1 if torch.cuda.is_available() else 2)
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    if not (given.work / "tokens.npz").exists():
        prepare(given.data, given.work, given.tokenizer)
    (given.work / "store").unlink(missing_ok=True)
    arguments = (given.processes, given.work, given.steps)
    if given.processes == 1:
        train(0, *arguments)
    else:
        torch.multiprocessing.spawn(train, arguments, nprocs=given.processes)
    write(given.work, given.out)


if __name__ == "__main__":
    main()
