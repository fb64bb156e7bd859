"""The table of a model's layers: what it counts, what it leaves as it was, and how it looks."""

import pytest

import dlcore as dl
from dlcore import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
        self.head = nn.Linear(8, 1000)
        self.scale = nn.Parameter(dl.ones(1))
        self.spare = nn.Linear(2, 2)

    def forward(self, x):
        y = self.body(x).mean(dim=(2, 3))
        return {"a": self.head(y) * self.scale, "b": [self.head(y), 3]}


def test_the_table():
    net = Net()
    net.body.requires_grad_(False)
    net.head.bias.requires_grad_(False)
    assert repr(net.summary((4, 1, 6, 6))).splitlines() == [
        "Layer   Type         Output shape                         Parameters  Trainable",
        "───────────────────────────────────────────────────────────────────────────────",
        "body.0  Conv2d       (4, 8, 4, 4)                                 80  no",
        "body.1  BatchNorm2d  (4, 8, 4, 4)                                 16  no",
        "body.2  ReLU         (4, 8, 4, 4)",
        "head    Linear       (4, 1000)                                 9,000  in part",
        "head    Linear       (4, 1000)",
        "model   Net          {a: (4, 1000), b: [(4, 1000), int]}           1  yes",
        "spare   Linear       not run                                       6  yes",
        "───────────────────────────────────────────────────────────────────────────────",
        "9,103 parameters: 8,007 trainable, 1,096 frozen",
    ]


def test_numbers_agree_with_the_model_s():
    net = Net()
    table = nn.summary(net, dl.ones(2, 1, 5, 5))
    assert table.parameters == sum(p.numel() for p in net.parameters()) == table.trainable


def test_nothing_of_the_model_changes():
    net = Net()
    net.body[1].eval()
    before = {k: v.numpy().copy() for k, v in net.state_dict().items()}
    net.summary((4, 1, 6, 6))
    assert net.training and net.head.training and not net.body[1].training
    assert all((v.numpy() == before[k]).all() for k, v in net.state_dict().items())
    assert not any(m._hooks and m._hooks.after for m in net.modules())
    with pytest.raises(dl.ShapeError):
        net.summary((4, 3, 6, 6))
    assert net.training and not any(m._hooks and m._hooks.after for m in net.modules())


def test_inputs_of_other_dtypes_and_several():
    assert nn.Embedding(10, 4).summary((2, 3), dtype=dl.int64).layers[0].shape == "(2, 3, 4)"

    class Two(nn.Module):
        def forward(self, x, y):
            return x + y

    table = Two().summary((2, 3), dl.ones(3))
    assert table.layers[0][:3] == ("model", "Two", "(2, 3)") and table.parameters == 0
    with pytest.raises(TypeError, match="summary: needs the model's inputs"):
        Two().summary()
