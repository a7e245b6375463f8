"""Trains the locator: a picture to a map of well centres and a map of log2 pitch, one cell for 4 pixels.

    python locator.py --data DIR... --out DIR [--steps N]
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from common import color_jitter, conv, export, fit, normalise, record, seed_all, turn

WIDTH, HEIGHT, STRIDE, CROP = 512, 384, 4, 256


class Locator(nn.Module):
    """Four scales down, two up; about 0.6 GMAC for a picture of 512 x 384.

    Most of the width is where the picture is coarse: whether something is a well is said by what lies around it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.s4 = nn.Sequential(conv(3, 16, 2), conv(16, 24, 2), conv(24, 24))
        self.s8 = nn.Sequential(conv(24, 48, 2), conv(48, 48))
        self.s16 = nn.Sequential(conv(48, 96, 2), conv(96, 96), conv(96, 96, 1, 2), conv(96, 96, 1, 4))
        self.to8 = conv(96, 48, kernel=1)
        self.up8 = conv(48, 48)
        self.to4 = conv(48, 24, kernel=1)
        self.up4 = conv(24, 24)
        self.head = nn.Conv2d(24, 2, 1)
        nn.init.constant_(self.head.bias, -3.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Heat (0 to 1) and log2 of the pitch in pixels, [N, 2, H / 4, W / 4]."""
        logits = self.logits(x)
        return torch.cat([torch.sigmoid(logits[:, :1]), logits[:, 1:] + 8.0], 1)

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        s4 = self.s4(x)
        s8 = self.s8(s4)
        up = F.interpolate(self.to8(self.s16(s8)), scale_factor=2.0, mode="nearest")
        up = self.up8(up + s8)
        up = F.interpolate(self.to4(up), scale_factor=2.0, mode="nearest")
        return self.head(self.up4(up + s4))


class Pictures:
    """Rendered pictures and their maps, on disk, from several renderings that are drawn from alike; the last of each are
    never trained on."""

    def __init__(self, folders: list[Path], held_out: int) -> None:
        self.sets, self.held_out = [], held_out
        side, area = WIDTH // STRIDE, HEIGHT * WIDTH
        for folder in folders:
            images = np.memmap(folder / "locator.images.u8", np.uint8, "r")
            maps = np.memmap(folder / "locator.maps.u8", np.uint8, "r")
            cells = HEIGHT // STRIDE * side * 2
            count = min(images.size // (area * 3), maps.size // cells)
            images = images[: count * area * 3].reshape(-1, HEIGHT, WIDTH, 3)
            self.sets.append((images, maps[: count * cells].reshape(-1, HEIGHT // STRIDE, side, 2)))
        self.shares = np.array([len(images) for images, _ in self.sets], float)
        self.shares /= self.shares.sum()

    def train_count(self) -> int:
        return sum(len(images) - self.held_out for images, _ in self.sets)

    def batch(self, size: int):
        x = np.empty((size, CROP, CROP, 3), np.uint8)
        y = np.empty((size, CROP // STRIDE, CROP // STRIDE, 2), np.uint8)
        for i in range(size):
            images, maps = self.sets[np.random.choice(len(self.sets), p=self.shares)]
            k = np.random.randint(len(images) - self.held_out)
            top = np.random.randint((HEIGHT - CROP) // STRIDE + 1) * STRIDE
            left = np.random.randint((WIDTH - CROP) // STRIDE + 1) * STRIDE
            x[i] = images[k, top : top + CROP, left : left + CROP]
            top, left, side = top // STRIDE, left // STRIDE, CROP // STRIDE
            y[i] = maps[k, top : top + side, left : left + side]
        way = np.random.randint(8)
        x = turn(color_jitter(normalise(torch.from_numpy(x))), way)
        y = turn(torch.from_numpy(y).permute(0, 3, 1, 2).float(), way)
        return x.contiguous(memory_format=torch.channels_last), y

    def held(self):
        for images, maps in self.sets:
            for i in range(len(images) - self.held_out, len(images)):
                x = normalise(torch.from_numpy(images[i][None].copy()))
                yield x, torch.from_numpy(maps[i][None].copy()).permute(0, 3, 1, 2).float()


def loss_of(model: Locator, batch) -> torch.Tensor:
    x, y = batch
    logits = model.logits(x)
    heat, code = y[:, 0] / 255, y[:, 1]
    weight = 1 + 9 * heat
    cross = F.binary_cross_entropy_with_logits(logits[:, 0], heat, reduction="none")
    near = (code > 0).float()
    pitch = (code - 1) / 32 + 2
    off = F.smooth_l1_loss(logits[:, 1] + 8.0, pitch, reduction="none", beta=0.1)
    return (cross * weight).mean() * 10 + (off * near).sum() / near.sum().clamp(min=1)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--data", type=Path, nargs="+", required=True)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--steps", type=int, default=3000)
    arguments = arguments.parse_args()
    seed_all(1)
    pictures = Pictures(arguments.data, 40)
    print(f"{pictures.train_count()} pictures to train on")
    model = Locator()
    fit(model, lambda: pictures.batch(8), arguments.steps, 3e-3, loss_of, "locator")
    torch.save(model.state_dict(), arguments.out / "locator.pt")
    with torch.no_grad():
        losses = [float(loss_of(model, pair)) for pair in pictures.held()]
    model = model.to(memory_format=torch.contiguous_format)
    axes = {"input": {0: "n", 2: "height", 3: "width"}, "output": {0: "n", 2: "rows", 3: "cols"}}
    export(model, torch.randn(1, 3, HEIGHT, WIDTH), arguments.out / "locator.onnx", axes)
    record(arguments.out, "locator", {"held_out_loss": float(np.mean(losses)), "train_pictures": pictures.train_count()})


if __name__ == "__main__":
    main()
