"""Trains the two models that look at squares: the well classifier and the landmark reader.

    python squares.py classifier --data DIR --out DIR [--steps N]
    python squares.py landmark --data DIR --out DIR [--steps N]
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from common import color_jitter, conv, export, fit, normalise, record, seed_all, turn

KINDS = {
    # side, widths, whether a square may be turned and mirrored, classes that are asked for together
    "classifier": {
        "side": 48,
        "widths": (16, 32, 64),
        "context": 24,
        "turns": True,
        "classes": ["teardrop", "button", "ring", "mat", "empty", "growth", "no-growth", "coloured", "clear"],
        "families": [[0, 1, 2, 3, 4], [5, 6], [7, 8]],
        "rate": 3e-3,
        "jitter": 0.5,
    },
    "landmark": {
        "side": 32,
        "widths": (16, 32, 64),
        "context": 0,
        "turns": False,
        "classes": ["nothing", *"ABCDEFGH", *map(str, range(1, 13)), "notch", "corner"],
        "families": [list(range(21)), [21, 22]],
        "rate": 3e-3,
        "jitter": 1.0,
    },
}


class Squares(nn.Module):
    """Three halvings, then the mean and the maximum over the square; classes as logits.

    With a context, a batch is one plate (or `group` gives each plate's squares): what the plate's squares have in common,
    and the extremes of it, is laid beside each, because what is pale or small is so only against its neighbours.
    """

    def __init__(self, widths: tuple[int, int, int], context: int, classes: int) -> None:
        super().__init__()
        a, b, c = widths
        self.body = nn.Sequential(conv(3, a, 2), conv(a, b, 2), conv(b, b), conv(b, c, 2), conv(c, c), conv(c, c))
        self.context = nn.Linear(2 * c, context) if context else None
        self.head = nn.Sequential(nn.Linear(2 * c + 4 * context, 64), nn.ReLU(), nn.Linear(64, classes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features = self.features(x)
        return self.classes(features)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        x = self.body(x)
        return torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)

    def classes(self, features: torch.Tensor) -> torch.Tensor:
        """Logits of the squares of one plate."""
        if self.context is not None:
            own = self.context(features)
            plate = torch.cat([own.mean(0, keepdim=True), own.amax(0, keepdim=True), own.amin(0, keepdim=True)], 1)
            features = torch.cat([features, own, plate.expand(features.shape[0], -1)], 1)
        return self.head(features)


class Crops:
    """Rendered squares with their labels; the last ones are never trained on."""

    def __init__(self, data: Path, kind: str, side: int, families: list[list[int]]) -> None:
        labels = np.fromfile(data / f"{kind}.labels.u8", np.uint8)
        crops = np.memmap(data / f"{kind}.crops.u8", np.uint8, "r")
        self.labels = labels.reshape(-1, 2)
        self.crops = crops.reshape(-1, side, side, 3)
        self.held = len(self.labels) * 94 // 100
        family_of = np.zeros(256, np.int64)
        for i, family in enumerate(families):
            family_of[family] = i
        self.family = family_of[self.labels[:, 0]]
        plates = data / f"{kind}.plates.u8"
        self.plates = []
        if plates.exists():
            ends = np.cumsum(np.fromfile(plates, np.uint8).astype(np.int64))
            self.plates = [p for p in zip(np.concatenate([[0], ends[:-1]]), ends) if p[1] > p[0]]
            self.held = int(self.plates[len(self.plates) * 94 // 100][0])
        weight = np.zeros(256)
        train = self.labels[: self.held, 0]
        counts = np.bincount(train, minlength=256)
        weight[counts > 0] = counts[counts > 0] ** -0.5
        chance = weight[train]
        self.chance = np.cumsum(chance / chance.sum())

    def pick(self, size: int) -> list[np.ndarray]:
        """Some squares to train on: of several plates, or of all alike where the kind knows no plates."""
        if not self.plates:
            return [np.minimum(np.searchsorted(self.chance, np.random.rand(size)), self.held - 1)]
        parts, train = [], len(self.plates) * 94 // 100
        while sum(map(len, parts)) < size:
            start, end = self.plates[np.random.randint(train)]
            some = min(end - start, np.random.randint(6, 49))
            parts.append(start + np.sort(np.random.choice(end - start, some, replace=False)))
        return parts

    def take(self, index: np.ndarray):
        x = normalise(torch.from_numpy(self.crops[index]))
        return x, torch.from_numpy(self.labels[index].astype(np.int64)), torch.from_numpy(self.family[index])

    def held_out(self):
        """The squares never trained on, plate by plate where the kind knows plates."""
        if self.plates:
            return [np.arange(*p) for p in self.plates if p[0] >= self.held]
        return [np.arange(s, min(s + 512, len(self.labels))) for s in range(self.held, len(self.labels), 512)]


def masks(families: list[list[int]], classes: int) -> torch.Tensor:
    mask = torch.full((len(families), classes), -1e4)
    for i, family in enumerate(families):
        mask[i, family] = 0
    return mask


def temperature(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """The divisor of the logits under which they are best calibrated (Guo et al. 2017)."""
    candidates = np.exp(np.linspace(np.log(0.4), np.log(4), 200))
    losses = [float(F.cross_entropy(logits / t, labels)) for t in candidates]
    return float(candidates[int(np.argmin(losses))])


def calibration_error(chance: np.ndarray, right: np.ndarray, bins: int = 15) -> float:
    which = np.minimum((chance * bins).astype(int), bins - 1)
    gaps = [abs(chance[which == b].mean() - right[which == b].mean()) * (which == b).mean() for b in range(bins) if (which == b).any()]
    return float(sum(gaps))


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("kind", choices=KINDS)
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--steps", type=int, default=4000)
    arguments = arguments.parse_args()
    kind = KINDS[arguments.kind]
    seed_all(2)
    crops = Crops(arguments.data, arguments.kind, kind["side"], kind["families"])
    classes = len(kind["classes"])
    print(f"{crops.held} squares to train on, of each class {np.bincount(crops.labels[:, 0], minlength=classes)}")
    mask = masks(kind["families"], classes)
    model = Squares(kind["widths"], kind["context"], classes)

    def batch():
        xs, labels, families, sizes = [], [], [], []
        for part in crops.pick(160):
            x, label, family = crops.take(part)
            # A plate is turned and coloured as a whole: its squares were taken under one light.
            if kind["turns"]:
                x = turn(x, np.random.randint(8))
            whole = kind["context"] > 0
            xs.append(color_jitter(x, kind["jitter"], whole))
            labels.append(label)
            families.append(family)
            sizes.append(len(part))
        return torch.cat(xs).contiguous(memory_format=torch.channels_last), torch.cat(labels), torch.cat(families), sizes

    def loss_of(model, batch):
        x, labels, family, sizes = batch
        # A well no careful eye would be sure of teaches a little, and not to be sure.
        sure = torch.where(labels[:, 1] > 0, 1.0, 0.4)
        logits = torch.cat([model.classes(part) for part in model.features(x).split(sizes)])
        each = F.cross_entropy(logits + mask[family], labels[:, 0], reduction="none")
        return (each * sure).mean()

    fit(model, batch, arguments.steps, kind["rate"], loss_of, arguments.kind)
    torch.save(model.state_dict(), arguments.out / f"{arguments.kind}.pt")

    logits, labels = [], []
    with torch.no_grad():
        for part in crops.held_out():
            x, label, family = crops.take(part)
            logits.append(model(x) + mask[family])
            labels.append(label)
    logits, labels = torch.cat(logits), torch.cat(labels)
    heat = temperature(logits, labels[:, 0])
    chance, guess = F.softmax(logits / heat, 1).max(1)
    right = (guess == labels[:, 0]).numpy()
    sure = labels[:, 1].numpy() > 0
    confusion = np.zeros((classes, classes), int)
    np.add.at(confusion, (labels[:, 0].numpy()[sure], guess.numpy()[sure]), 1)
    print(confusion)
    model = model.to(memory_format=torch.contiguous_format)
    side = kind["side"]
    export(model, torch.randn(2, 3, side, side), arguments.out / f"{arguments.kind}.onnx", {"input": {0: "n"}, "output": {0: "n"}})
    record(arguments.out, arguments.kind, {
        "temperature": heat,
        "held_out_squares": int(len(right)),
        "accuracy_sure": float(right[sure].mean()),
        "accuracy_all": float(right.mean()),
        "calibration_error": calibration_error(chance.numpy(), right),
        "train_squares": int(crops.held),
    })


if __name__ == "__main__":
    main()
