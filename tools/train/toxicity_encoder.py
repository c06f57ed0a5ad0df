"""Train the encoder of the toxicity model (torch, one thread) and write it down as arrays for numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from aigc_eval.scorers.toxicity.encoder import DILATIONS
from aigc_eval.scorers.toxicity.units import ROWS, units

SEED = 20250105
WIDTH, CHANNELS = 32, 48
BATCH, RATE, DECAY = 256, 2.5e-3, 1e-4
LONGEST = 96
"""Units of a training text that are read."""
MOST_WEIGHT = 3.0


class Net(nn.Module):
    """As `Encoder`, and an offset of each source, which takes up their different shares of toxic texts."""

    def __init__(self, sources: int) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(ROWS, WIDTH, mode="mean")
        nn.init.normal_(self.table.weight, std=0.3)
        widths = (WIDTH, CHANNELS, CHANNELS)
        self.layers = nn.ModuleList(
            nn.Conv1d(n, CHANNELS, 3, padding=d, dilation=d) for n, d in zip(widths, DILATIONS, strict=True)
        )
        self.hidden, self.last = nn.Linear(3 * CHANNELS, CHANNELS), nn.Linear(CHANNELS, 1)
        self.source = nn.Embedding(sources, 1)
        nn.init.zeros_(self.source.weight)
        self.drop = nn.Dropout(0.3)

    def forward(self, feature, start, place, mask, source):
        units = self.table(feature, start)
        units = units * (torch.rand(len(units), 1) > 0.1)
        rows, longest = mask.shape
        x = torch.zeros(rows * longest, WIDTH).index_copy(0, place, units).view(rows, longest, WIDTH).transpose(1, 2)
        keep = mask[:, None]
        x = low = functional.relu(self.layers[0](x)) * keep
        for layer in self.layers[1:]:
            x = (x + functional.relu(layer(self.drop(x)))) * keep
        mean = x.sum(2) / mask.sum(1, keepdim=True).clamp(min=1)
        pooled = torch.cat([x.amax(2), mean, low.amax(2)], 1)
        inner = functional.relu(self.hidden(self.drop(pooled)))
        return self.last(self.drop(inner))[:, 0] + self.source(source)[:, 0]


class Texts:
    """The units of all texts, and batches of them as tensors."""

    def __init__(self, texts: Sequence[str]) -> None:
        parts = [units(texts[i : i + 5000]) for i in range(0, len(texts), 5000)]
        window = np.concatenate([part.window + 5000 * i for i, part in enumerate(parts)])
        ends = np.cumsum([len(part.feature) for part in parts])
        starts = [part.start + end - len(part.feature) for part, end in zip(parts, ends, strict=True)]
        self.feature = np.concatenate([part.feature for part in parts])
        self.start = np.concatenate([*starts, ends[-1:]])
        edges = np.searchsorted(window, np.arange(len(texts) + 1))
        self.first, self.length = edges[:-1], np.minimum(np.diff(edges), LONGEST)

    def batch(self, rows: np.ndarray) -> tuple[torch.Tensor, ...]:
        length = self.length[rows]
        longest = max(1, int(length.max()))
        unit = np.concatenate([np.arange(n) + a for a, n in zip(self.first[rows], length, strict=True)])
        count = self.start[unit + 1] - self.start[unit]
        offset = np.cumsum(count) - count
        feature = self.feature[np.arange(count.sum()) + np.repeat(self.start[unit] - offset, count)]
        place = np.concatenate([np.arange(n) + longest * i for i, n in enumerate(length)])
        mask = (np.arange(longest) < length[:, None]).astype(np.float32)
        return tuple(torch.from_numpy(part) for part in (feature, offset, place, mask))


def train(texts: Sequence[str], labels: np.ndarray, weights: np.ndarray, sources: Sequence[str], epochs: int) -> Net:
    """AdamW, the rate falling to nothing; texts of about the same length share a batch."""
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    data, names = Texts(texts), sorted(set(sources))
    y = torch.from_numpy(labels.astype(np.float32))
    w = torch.from_numpy(np.minimum(weights, MOST_WEIGHT).astype(np.float32))
    source = torch.tensor([names.index(name) for name in sources])
    net = Net(len(names))
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    steps = epochs * -(-len(texts) // BATCH)
    step = 0
    for epoch in range(epochs):
        order = np.argsort(data.length + rng.uniform(0, 6, len(texts)), kind="stable")
        chunks = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
        total = 0.0
        for i in rng.permutation(len(chunks)):
            rows = chunks[i]
            for group in optimiser.param_groups:
                group["lr"] = RATE * min(1, (step + 1) / 200) * (1 - step / steps)
            out = net(*data.batch(rows), source[rows])
            loss = (functional.binary_cross_entropy_with_logits(out, y[rows], reduction="none") * w[rows]).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item()
            step += 1
        print(f"encoder, epoch {epoch + 1}: loss {total / len(chunks):.4f}", flush=True)
    return net


def arrays(net: Net) -> dict[str, np.ndarray]:
    """The table in 8 bits with a scale a column, the rest in 16."""
    table = net.table.weight.detach().numpy()
    scale = (np.abs(table).max(0) / 127).astype(np.float32)
    found = {"encoder_table": np.round(table / scale).astype(np.int8), "encoder_scale": scale}
    for i, layer in enumerate(net.layers):
        found[f"encoder_kernel{i}"] = layer.weight.detach().numpy().transpose(2, 1, 0)
        found[f"encoder_bias{i}"] = layer.bias.detach().numpy()
    found["encoder_hidden"], found["encoder_hidden_bias"] = (
        net.hidden.weight.detach().numpy().T,
        net.hidden.bias.detach().numpy(),
    )
    found["encoder_last"], found["encoder_last_bias"] = (
        net.last.weight.detach().numpy()[0],
        net.last.bias.detach().numpy()[0],
    )
    keep = ("encoder_table", "encoder_scale")
    return {name: part if name in keep else np.asarray(part, dtype=np.float16) for name, part in found.items()}
