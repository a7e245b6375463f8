"""What the three trainings share: data files, a training loop, calibration, export and the manifest entry."""

import hashlib
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

MEAN, STD = 0.5, 0.25
"""Every model takes RGB as (value / 255 - MEAN) / STD."""


def seed_all(seed: int) -> None:
    torch.manual_seed(seed)
    np.random.seed(seed)
    torch.set_num_threads(1)  # two threads on two busy cores mostly wait for each other


def conv(inputs: int, outputs: int, stride: int = 1, dilation: int = 1, kernel: int = 3) -> nn.Sequential:
    pad = dilation * (kernel // 2)
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, pad, dilation, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def normalise(u8: torch.Tensor) -> torch.Tensor:
    """NHWC bytes to what the models take."""
    x = u8.permute(0, 3, 1, 2).float().mul_(1 / 255)
    return x.sub_(MEAN).div_(STD)


def color_jitter(x: torch.Tensor, strength: float = 1.0, together: bool = False) -> torch.Tensor:
    """Brightness, contrast, tint, grey and channel order, drawn per picture or for all together; x is normalised."""
    n = 1 if together else x.shape[0]
    gain = 1 + (torch.rand(n, 1, 1, 1) - 0.5) * 0.6 * strength
    tint = 1 + (torch.rand(n, 3, 1, 1) - 0.5) * 0.3 * strength
    shift = (torch.rand(n, 1, 1, 1) - 0.5) * 0.8 * strength
    x = x * gain * tint + shift
    grey = torch.rand(n, 1, 1, 1) < 0.1 * strength
    x = torch.where(grey, x.mean(1, keepdim=True).expand_as(x), x)
    return x.clamp(-MEAN / STD - 0.2, (1 - MEAN) / STD + 0.2)


def turn(x: torch.Tensor, k: int) -> torch.Tensor:
    """One of the eight ways to lay a square: k from 0 to 7."""
    x = torch.rot90(x, k % 4, (2, 3))
    return x.flip(3) if k >= 4 else x


def fit(model: nn.Module, batches, steps: int, rate: float, loss_of, name: str) -> None:
    """Trains with AdamW under a one-cycle rate; `batches()` gives one batch, `loss_of(model, batch)` its loss."""
    model.train().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.15)
    started, mean = time.time(), 0.0
    for step in range(steps):
        loss = loss_of(model, batches())
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        mean = float(loss) if step == 0 else 0.98 * mean + 0.02 * float(loss)
        if step % 100 == 99 or step == 0:
            print(f"{name} step {step + 1}/{steps} loss {mean:.4f} {time.time() - started:.0f} s", flush=True)
    model.eval()


def export(model: nn.Module, sample: torch.Tensor, path: Path, dynamic: dict | None) -> None:
    """Writes the model as ONNX with input `input` and output `output`, and checks it against PyTorch."""
    import onnxruntime

    model.eval()
    torch.onnx.export(
        model, (sample,), str(path), input_names=["input"], output_names=["output"],
        dynamic_axes=dynamic, opset_version=17, dynamo=False,
    )
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    got = session.run(None, {"input": sample.numpy()})[0]
    with torch.no_grad():
        want = model(sample).numpy()
    assert np.abs(got - want).max() < 1e-3 * max(1.0, np.abs(want).max()), "the exported model computes something else"


def record(out: Path, name: str, facts: dict) -> None:
    """Keeps what a training measured beside its model, for the card and the manifest."""
    facts = {"sha256": hashlib.sha256((out / f"{name}.onnx").read_bytes()).hexdigest(), **facts}
    (out / f"{name}.facts.json").write_text(json.dumps(facts, indent=1) + "\n")
    print(json.dumps(facts, indent=1))
