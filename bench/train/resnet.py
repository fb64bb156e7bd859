"""ResNet-34 and ResNet-50 at 224² (torchvision's architecture and names): inference and training, same weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..harness import Lib, Row, at_precision

# Blocks of each stage, the factor by which a block's output is wider than its 3×3 convolutions (He et al., 2015,
# table 1), and multiply-adds of one image's forward pass.
DEPTHS = {18: ((2, 2, 2, 2), 1, 1.81e9), 34: ((3, 4, 6, 3), 1, 3.66e9), 50: ((3, 4, 6, 3), 4, 4.09e9)}


def resnet(lib: Lib, depth: int, classes: int = 1000) -> Any:
    """The model with weights drawn from the row's seed, in training mode. The stride is the 3×3 convolution's."""
    nn = lib.nn
    blocks, widening, _ = DEPTHS[depth]

    def conv(c: int, k: int, r: int, stride: int = 1) -> Any:
        return nn.Conv2d(c, k, r, stride=stride, padding=r // 2, bias=False)

    class Block(nn.Module):  # type: ignore[name-defined, misc]
        def __init__(self, c: int, width: int, stride: int) -> None:
            super().__init__()
            wide = width * widening
            if widening == 1:
                sizes = ((c, width, 3, stride), (width, wide, 3, 1))
            else:
                sizes = ((c, width, 1, 1), (width, width, 3, stride), (width, wide, 1, 1))
            for i, size in enumerate(sizes, 1):
                setattr(self, f"conv{i}", conv(*size))
                setattr(self, f"bn{i}", nn.BatchNorm2d(size[1]))
            self.relu, self.count = nn.ReLU(inplace=True), len(sizes)
            self.downsample = None
            if stride > 1 or c != wide:
                self.downsample = nn.Sequential(conv(c, wide, 1, stride), nn.BatchNorm2d(wide))

        def forward(self, x: Any) -> Any:
            y = x
            for i in range(1, self.count + 1):
                y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
                if i < self.count:
                    y = self.relu(y)
            short = x if self.downsample is None else self.downsample(x)
            if hasattr(lib.F, "add_relu"):
                return lib.F.add_relu(y, short, inplace=True)
            y += short
            return self.relu(y)

    class ResNet(nn.Module):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.bn1, self.relu = conv(3, 64, 7, 2), nn.BatchNorm2d(64), nn.ReLU(inplace=True)
            self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
            c = 64
            for i, count in enumerate(blocks):
                width, stage = 64 << i, []
                for j in range(count):
                    stage.append(Block(c, width, 2 if i and not j else 1))
                    c = width * widening
                setattr(self, f"layer{i + 1}", nn.Sequential(*stage))
            self.avgpool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(c, classes)

        def forward(self, x: Any) -> Any:
            y = self.maxpool(self.relu(self.bn1(self.conv1(x))))
            y = self.layer4(self.layer3(self.layer2(self.layer1(y))))
            return self.fc(self.avgpool(y).flatten(1))

    model = ResNet()
    draw(lib, model)
    return model


def draw(lib: Lib, model: Any) -> None:
    """Weights of variance 2/fan in, and every vector off its default, so that a mix-up of two of them shows."""
    state = {}
    for name, value in model.state_dict().items():
        shape = tuple(value.shape)
        if name.endswith("num_batches_tracked"):
            a: Any = np.zeros(shape, np.int64)
        elif len(shape) > 1:
            a = lib.rng.standard_normal(shape, np.float32) * np.float32(np.sqrt(2 / np.prod(shape[1:])))
        elif name.endswith(("bias", "mean")):
            a = lib.rng.uniform(-0.2, 0.2, shape).astype(np.float32)
        else:  # scales and variances
            a = lib.rng.uniform(0.5, 1.0, shape).astype(np.float32)
        state[name] = lib.tensor(a)
    model.load_state_dict(state)


def fold(lib: Lib, model: Any) -> None:
    """Every batch norm into the convolution before it, pair by pair, under PyTorch's name for it."""
    together = lib.nn.utils.fuse_conv_bn_eval
    for module in list(model.modules()):
        names = [name for name, _ in module.named_children()]
        for conv, bn in (("conv1", "bn1"), ("conv2", "bn2"), ("conv3", "bn3"), ("0", "1")):
            if bn in names and isinstance(getattr(module, bn), lib.nn.BatchNorm2d):
                setattr(module, conv, together(getattr(module, conv), getattr(module, bn)))
                setattr(module, bn, lib.nn.Identity())


def forward(lib: Lib, depth: int, batch: int, folded: bool = False) -> Any:
    model = resnet(lib, depth).eval()
    if folded:
        fold(lib, model)
    x, no_grad = lib.image(batch, 3, 224, 224), lib.dl.no_grad

    def call() -> Any:
        with no_grad():
            return model(x)

    return call


def training_step(lib: Lib, depth: int, batch: int) -> Any:
    model = resnet(lib, depth)
    x, labels = lib.image(batch, 3, 224, 224), lib.ints(1000, batch)
    optimizer = lib.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)

    def step() -> Any:
        loss = lib.F.cross_entropy(model(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def rows(depth: int) -> list[Row]:
    """Each at "highest" and, without a batch norm's folding, at "high" precision, whose results may differ no more."""
    name, flops = f"resnet{depth}", 2 * DEPTHS[depth][2]
    one = dict(flops=flops, rtol=1e-4)
    many = dict(flops=32 * flops, rtol=1e-4, samples=5, memory=True)
    step = many | dict(flops=48 * flops)
    return [
        Row(f"{name} fwd batch 1", lambda lib: forward(lib, depth, 1), **one),
        Row(f"{name} fwd batch 1 folded", lambda lib: forward(lib, depth, 1, True), **one),
        Row(f"{name} fwd batch 1 high", lambda lib: at_precision(lib, "high", forward(lib, depth, 1)), **one),
        Row(f"{name} fwd batch 32", lambda lib: forward(lib, depth, 32), **many),
        Row(f"{name} fwd batch 32 folded", lambda lib: forward(lib, depth, 32, True), **many),
        Row(f"{name} fwd batch 32 high", lambda lib: at_precision(lib, "high", forward(lib, depth, 32)), **many),
        Row(f"{name} step batch 16 sgd", lambda lib: training_step(lib, depth, 16), **step),
        Row(
            f"{name} step batch 16 sgd high",
            lambda lib: at_precision(lib, "high", training_step(lib, depth, 16)),
            **step,
        ),
    ]


ROWS = rows(34) + rows(50)
