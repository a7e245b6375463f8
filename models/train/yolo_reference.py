#!/usr/bin/env python3
"""Builds the yardstick of the speed benchmark: a detector of YOLO11-x's size at 640 px, with random weights.

usage: yolo_reference.py FILE.onnx

The system that Wellread replaces ran such a detector on every plate. Only its arithmetic matters here, so this
writes the published architecture (depth 1.0, width 1.5, at most 512 channels before widening; 80 classes; output
[1, 84, 8400]) from numpy and onnx alone, batch normalisation folded away as an export has it, and prints what one
picture costs. The file is about 220 MB, is never committed and reads no plate.
"""

import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 640
CLASSES = 80
BINS = 16  # Each box side is a distribution over that many distances.
WIDTH = 1.5
MOST_CHANNELS = 512
REPEATS = 2
STRIDES = (8, 16, 32)


class Tensor:
    """A named value of the graph: channels and side of a square picture."""

    def __init__(self, name, channels, side):
        self.name, self.channels, self.side = name, channels, side


class Network:
    """A graph under construction, which counts its multiply-accumulates as it grows."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.constants = [], []
        self.macs = 0
        self.parameters = 0

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, kind, inputs, outputs=1, **attributes):
        names = [f"t{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, name=f"n{len(self.nodes)}", **attributes))
        return names[0] if outputs == 1 else names

    def conv(self, x, channels, kernel=1, stride=1, groups=1, activate=True):
        """Convolution with bias, then SiLU unless told otherwise."""
        fan_in = x.channels // groups * kernel * kernel
        # With these biases the values stay near 1 through a hundred layers: denormal ones would be slow, huge ones odd.
        shape = (channels, x.channels // groups, kernel, kernel)
        weights = self.random.standard_normal(shape, dtype=np.float32) * np.float32(1.2 / np.sqrt(fan_in))
        bias = self.random.standard_normal(channels, dtype=np.float32) * np.float32(0.1)
        side = x.side // stride
        out = self.add(
            "Conv",
            [x.name, self.constant(weights), self.constant(bias)],
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[kernel // 2] * 4,
            group=groups,
        )
        self.macs += side * side * channels * fan_in
        self.parameters += weights.size + bias.size
        if activate:
            out = self.add("Mul", [out, self.add("Sigmoid", [out])])
        return Tensor(out, channels, side)

    def concat(self, *parts):
        out = self.add("Concat", [p.name for p in parts], axis=1)
        return Tensor(out, sum(p.channels for p in parts), parts[0].side)

    def plus(self, a, b):
        return Tensor(self.add("Add", [a.name, b.name]), a.channels, a.side)

    def halves(self, x):
        sizes = self.constant(np.array([x.channels // 2] * 2, dtype=np.int64))
        return [Tensor(n, x.channels // 2, x.side) for n in self.add("Split", [x.name, sizes], outputs=2, axis=1)]

    def upsample(self, x):
        scales = self.constant(np.array([1, 1, 2, 2], dtype=np.float32))
        out = self.add("Resize", [x.name, "", scales], mode="nearest", coordinate_transformation_mode="asymmetric",
                       nearest_mode="floor")
        return Tensor(out, x.channels, x.side * 2)

    def reshape(self, name, *shape):
        return self.add("Reshape", [name, self.constant(np.array(shape, dtype=np.int64))])


def bottleneck(net, x):
    """Two 3x3 convolutions beside a short cut."""
    return net.plus(x, net.conv(net.conv(x, x.channels, 3), x.channels, 3))


def c3k(net, x):
    """Cross-stage block of two bottlenecks at half the channels."""
    inner = net.conv(x, x.channels // 2)
    for _ in range(REPEATS):
        inner = bottleneck(net, inner)
    return net.conv(net.concat(inner, net.conv(x, x.channels // 2)), x.channels)


def c3k2(net, x, channels, expansion=0.5):
    """Splits, refines one half again and again, and joins every stage."""
    inner = int(channels * expansion)
    stages = net.halves(net.conv(x, 2 * inner))
    for _ in range(REPEATS):
        stages.append(c3k(net, stages[-1]))
    return net.conv(net.concat(*stages), channels)


def pooled_pyramid(net, x):
    """SPPF: three 5x5 maximum pools in a chain, all kept."""
    stages = [net.conv(x, x.channels // 2)]
    for _ in range(3):
        last = stages[-1]
        out = net.add("MaxPool", [last.name], kernel_shape=[5, 5], strides=[1, 1], pads=[2, 2, 2, 2])
        stages.append(Tensor(out, last.channels, last.side))
    return net.conv(net.concat(*stages), x.channels)


def attention(net, x):
    """Multi-head self-attention over all positions, with a depthwise convolution for place."""
    heads = x.channels // 64
    value = x.channels // heads
    key = value // 2
    positions = x.side * x.side
    qkv = net.conv(x, x.channels + 2 * key * heads, activate=False)
    split = net.constant(np.array([key, key, value], dtype=np.int64))
    q, k, v = net.add("Split", [net.reshape(qkv.name, 1, heads, 2 * key + value, positions), split], outputs=3, axis=2)
    scores = net.add("MatMul", [net.add("Transpose", [q], perm=[0, 1, 3, 2]), k])
    scaled = net.add("Mul", [scores, net.constant(np.array(key**-0.5, dtype=np.float32))])
    weights = net.add("Transpose", [net.add("Softmax", [scaled], axis=-1)], perm=[0, 1, 3, 2])
    seen = Tensor(net.reshape(net.add("MatMul", [v, weights]), 1, x.channels, x.side, x.side), x.channels, x.side)
    net.macs += heads * positions * positions * (key + value)
    place = Tensor(net.reshape(v, 1, x.channels, x.side, x.side), x.channels, x.side)
    seen = net.plus(seen, net.conv(place, x.channels, 3, groups=x.channels, activate=False))
    return net.conv(seen, x.channels, activate=False)


def c2psa(net, x):
    """Half of the channels pass through two attention blocks."""
    kept, y = net.halves(net.conv(x, x.channels))
    for _ in range(REPEATS):
        y = net.plus(y, attention(net, y))
        y = net.plus(y, net.conv(net.conv(y, 2 * y.channels), y.channels, activate=False))
    return net.conv(net.concat(kept, y), x.channels)


def width(channels):
    """Channels of a layer after the cap and the widening, a multiple of 8."""
    return int(np.ceil(min(channels, MOST_CHANNELS) * WIDTH / 8) * 8)


def backbone_and_neck(net, x):
    """The three feature maps that boxes are read from, at strides 8, 16 and 32."""
    x = net.conv(net.conv(x, width(64), 3, 2), width(128), 3, 2)
    x = net.conv(c3k2(net, x, width(256), 0.25), width(256), 3, 2)
    fine = c3k2(net, x, width(512), 0.25)
    middle = c3k2(net, net.conv(fine, width(512), 3, 2), width(512))
    coarse = c3k2(net, net.conv(middle, width(1024), 3, 2), width(1024))
    coarse = c2psa(net, pooled_pyramid(net, coarse))

    up = c3k2(net, net.concat(net.upsample(coarse), middle), width(512))
    small = c3k2(net, net.concat(net.upsample(up), fine), width(256))
    medium = c3k2(net, net.concat(net.conv(small, width(256), 3, 2), up), width(512))
    large = c3k2(net, net.concat(net.conv(medium, width(512), 3, 2), coarse), width(1024))
    return small, medium, large


def head(net, maps):
    """Boxes in pixels and class probabilities for every anchor: [1, 4 + classes, anchors]."""
    box_width = max(16, maps[0].channels // 4, 4 * BINS)
    class_width = max(maps[0].channels, min(CLASSES, 100))
    rows = []
    for x in maps:
        box = net.conv(net.conv(x, box_width, 3), box_width, 3)
        box = net.conv(box, 4 * BINS, activate=False)
        y = net.conv(net.conv(x, x.channels, 3, groups=x.channels), class_width)
        y = net.conv(net.conv(y, class_width, 3, groups=class_width), class_width)
        both = net.concat(box, net.conv(y, CLASSES, activate=False))
        rows.append(net.reshape(both.name, 1, both.channels, both.side**2))
    anchors = sum(x.side**2 for x in maps)
    sizes = net.constant(np.array([4 * BINS, CLASSES], dtype=np.int64))
    boxes, scores = net.add("Split", [net.add("Concat", rows, axis=2), sizes], outputs=2, axis=1)

    bins = net.add("Transpose", [net.reshape(boxes, 1, 4, BINS, anchors)], perm=[0, 2, 1, 3])
    weights = net.constant(np.arange(BINS, dtype=np.float32).reshape(1, BINS, 1, 1))
    distances = net.add("Conv", [net.add("Softmax", [bins], axis=1), weights], kernel_shape=[1, 1])
    net.macs += 4 * anchors * BINS
    two = net.constant(np.array([2, 2], dtype=np.int64))
    near, far = net.add("Split", [net.reshape(distances, 1, 4, anchors), two], outputs=2, axis=1)

    sides = [x.side for x in maps]
    grids = [np.stack(np.meshgrid(np.arange(s) + 0.5, np.arange(s) + 0.5)).reshape(2, -1) for s in sides]
    centres = net.constant(np.concatenate(grids, axis=1)[None].astype(np.float32))
    strides = np.concatenate([np.full(s * s, stride) for s, stride in zip(sides, STRIDES)])
    low, high = net.add("Sub", [centres, near]), net.add("Add", [centres, far])
    half = net.constant(np.array(0.5, dtype=np.float32))
    middle = net.add("Mul", [net.add("Add", [low, high]), half])
    boxes = net.add("Concat", [middle, net.add("Sub", [high, low])], axis=1)
    boxes = net.add("Mul", [boxes, net.constant(strides.reshape(1, 1, -1).astype(np.float32))])
    net.nodes.append(helper.make_node("Concat", [boxes, net.add("Sigmoid", [scores])], ["output0"], axis=1))
    return anchors


def build(path):
    """Writes the network and returns (GFLOPs, parameters)."""
    net = Network(seed=11)
    maps = backbone_and_neck(net, Tensor("images", 3, SIDE))
    anchors = head(net, maps)
    graph = helper.make_graph(
        net.nodes,
        "yolo11x-sized",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 4 + CLASSES, anchors])],
        net.constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, path + ".part")
    os.replace(path + ".part", path)
    return 2 * net.macs / 1e9, net.parameters


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    os.makedirs(os.path.dirname(os.path.abspath(sys.argv[1])), exist_ok=True)
    gflops, parameters = build(sys.argv[1])
    print(f"{sys.argv[1]}: {gflops:.1f} GFLOPs a picture, {parameters / 1e6:.1f} million parameters")
