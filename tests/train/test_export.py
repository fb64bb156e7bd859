import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dlcore as dl
import dlcore.nn.functional as F
from dlcore import nn
from dlcore.data import TensorDataset, normalize, rand_pad
from dlcore.formats import load, load_metadata, save
from dlcore.train import DataBunch, load_learner, register
from dlcore.train.export import _check_size, build, describe

from .common import bunch, learner, net

IMAGES = np.random.RandomState(0).randint(0, 256, (40, 1, 8, 8)).astype(np.uint8)


def digits(path):
    """A trained learner on bytes, with transforms and names."""
    data = TensorDataset(IMAGES, np.arange(40) % 3)
    plain = [rand_pad(0, 8), normalize(0.3, 0.5)]
    data = DataBunch.create(data, data, bs=8, train_transform=plain, valid_transform=plain, classes=["a", "b", "c"])
    dl.manual_seed(0)
    body = [nn.Conv2d(1, 4, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(4), nn.LeakyReLU(0.2), nn.Dropout(0.3)]
    model = nn.Sequential(nn.Sequential(*body), nn.Flatten(), nn.Linear(64, 3))
    learn = learner(data, model, path=path)
    learn.fit_one_cycle(2, 1e-2)
    return learn


PREDICT = """
import sys
import numpy as np
from dlcore.train import load_learner
learn = load_learner(sys.argv[1])
for image in np.load(sys.argv[2]):
    got = learn.predict(image)
    print(got.label, got.target.item(), got.output.numpy().tobytes().hex())
"""


def test_a_fresh_process_predicts_identically(tmp_path):
    learn = digits(tmp_path / "training")
    path = learn.export()
    (tmp_path / "elsewhere").mkdir()
    moved = path.rename(tmp_path / "elsewhere" / "export.safetensors")
    np.save(tmp_path / "x.npy", IMAGES)
    command = [sys.executable, "-c", PREDICT, str(moved.parent), str(tmp_path / "x.npy")]
    python = os.pathsep.join(p for p in (str(Path(dl.__file__).parents[1]), os.environ.get("PYTHONPATH")) if p)
    got = subprocess.run(command, env={**os.environ, "PYTHONPATH": python}, capture_output=True, text=True, check=True)
    own = [learn.predict(image) for image in IMAGES]
    expected = [f"{p.label} {p.target.item()} {p.output.numpy().tobytes().hex()}" for p in own]
    assert got.stdout.splitlines() == expected


def test_the_file_is_weights_and_json_without_a_path(tmp_path):
    path = digits(tmp_path).export()
    data = path.read_bytes()
    assert str(tmp_path).encode() not in data and b"\x80\x04" not in data[:2]
    assert load(path)["state.2.weight"].shape == (3, 64)
    tree = load_metadata(path)["tree"]
    assert tree["classes"] == ["a", "b", "c"] and tree["loss"] == "cross_entropy"
    assert tree["transforms"][1] == {"name": "normalize", "args": {"mean": 0.3, "std": 0.5}}


def test_a_loaded_learner_predicts_a_test_set(tmp_path):
    learn = digits(tmp_path)
    learn.export("m.safetensors")
    again = load_learner(tmp_path / "m.safetensors", test=TensorDataset(IMAGES, np.arange(40) % 3))
    for a, b in zip(again.get_preds("test", with_loss=True), learn.get_preds(with_loss=True), strict=True):
        assert a.numpy().tobytes() == b.numpy().tobytes() or np.allclose(a.numpy(), b.numpy(), rtol=1e-6)
    with pytest.raises(ValueError, match="came from a file and has no data"):
        again.validate()
    assert again.data.classes == ["a", "b", "c"]


@register
class Scaled(nn.Module):
    def __init__(self, width, *, factor=1.0):
        super().__init__()
        self.body, self.factor = nn.Linear(2, width), factor

    def forward(self, x):
        return self.body(x) * self.factor


@register
def tower(depth=1):
    return nn.Sequential(*(nn.Linear(2, 2) for _ in range(depth)), Scaled(2, factor=0.5))


class Unknown(nn.Module):
    def forward(self, x):
        return x


@pytest.mark.parametrize(
    "model", [lambda: Scaled(2, factor=3.0), tower, lambda: nn.Sequential(Scaled(4), nn.Linear(4, 2))]
)
def test_registered_models(model, tmp_path):
    learn = learner(model=model(), path=tmp_path)
    learn.fit(1)
    learn.export()
    again = load_learner(tmp_path)
    x = np.float32([0.3, -2])
    assert again.predict(x).output.tolist() == learn.predict(x).output.tolist()
    assert repr(again.model) == repr(learn.model)


def layers():
    """Every layer of dlcore.nn that can be made with few arguments, with other than default ones where it has them."""
    return [
        *(nn.Linear(3, 4, bias=b) for b in (True, False)),
        nn.Conv2d(2, 4, 3, stride=2, padding=1, dilation=2, groups=2, bias=False),
        nn.Conv1d(2, 4, 3, padding_mode="circular"),
        nn.ConvTranspose2d(2, 4, 3, stride=2, output_padding=1),
        nn.BatchNorm1d(3, eps=1e-3, momentum=0.2, affine=False),
        nn.BatchNorm2d(3, track_running_stats=False),
        nn.LayerNorm((3, 4), bias=False),
        nn.GroupNorm(2, 4),
        nn.Embedding(5, 3, padding_idx=1),
        nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True),
        nn.GRU(3, 4, bias=False, dropout=0.1, num_layers=2),
        nn.MaxPool2d(2, stride=1, padding=1),
        nn.AdaptiveConcatPool2d(1),
        nn.AvgPool2d(3, ceil_mode=True),
        nn.Dropout(0.25),
        nn.LeakyReLU(0.3),
        nn.PReLU(3),
        nn.Softmax(dim=1),
        nn.Flatten(1, 2),
        nn.PixelShuffle(2),
        nn.Upsample(scale_factor=2, mode="bilinear"),
        nn.MultiheadAttention(4, 2),
        nn.ReLU(inplace=True),
        nn.Hardtanh(-2, 2),
        nn.Conv2d(2048, 2048, 5, padding=2, groups=2048),
        nn.LSTM(1200, 300, num_layers=3),
        nn.Linear(1, 3_000_000),
    ]


@pytest.mark.parametrize("layer", layers(), ids=lambda layer: type(layer).__name__)
def test_layers_are_made_again_as_they_were(layer):
    spec = describe(layer)
    _check_size(spec, layer.state_dict())
    twin = build(spec)
    assert repr(twin) == repr(layer) and twin.__dict__.keys() == layer.__dict__.keys()
    assert {k: v.shape for k, v in twin.state_dict().items()} == {k: v.shape for k, v in layer.state_dict().items()}
    plain = {k: v for k, v in vars(layer).items() if not k.startswith("_")}
    assert {k: v for k, v in vars(twin).items() if not k.startswith("_")} == plain


def test_what_has_no_name_is_not_exported(tmp_path):
    for learn, text in (
        (learner(model=nn.Sequential(net(), Unknown()), path=tmp_path), "Unknown is neither a layer of dlcore.nn nor"),
        (learner(bunch(valid_transform=lambda a, r: a), path=tmp_path), "is not registered"),
    ):
        with pytest.raises(ValueError, match=text):
            learn.export()
    loss = type("Own", (), {"activation": staticmethod(dl.tanh), "__call__": lambda self, p, t: F.mse_loss(p, t)})()
    with pytest.raises(ValueError, match="an activation of its own"):
        learner(loss_func=loss, path=tmp_path).export()
    assert not list(tmp_path.iterdir())


def tampered(path, change):
    tree = load_metadata(path)["tree"]
    change(tree)
    save(load(path), path, {"tree": tree})


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            lambda t: t["model"]["children"][2].__setitem__(1, {"name": "os.system", "args": {}}),
            "'os.system' is not reg",
        ),
        (lambda t: t["model"].update(layer="functional"), "'functional' is not a layer"),
        (lambda t: t["model"].update(layer="__import__"), "'__import__' is not a layer"),
        (lambda t: t["transforms"].append({"name": "eval", "args": {"source": "1"}}), "'eval' is not registered"),
        (lambda t: t["transforms"][1]["args"].update(path="x"), "normalize does not take the file's arguments"),
        (lambda t: t["model"]["children"][2][1]["args"].update(out_features=4), "the model has"),
        (lambda t: t["model"]["children"][2][1]["args"].update(code="x"), "unexpected keyword"),
        (
            lambda t: t["model"]["children"][2][1]["args"].update(in_features=10**9),
            "ask for 3.0e.09 weights, the file has",
        ),
        (
            lambda t: t["model"]["children"][0][1]["children"][0][1]["args"].update(kernel_size=[10**6, 10**6]),
            "ask for",
        ),
        (lambda t: t["model"]["children"][0][1]["children"][1][1]["args"].update(num_features=10**12), "ask for"),
        (lambda t: t.update(loss="system"), "unknown label 'category' or loss 'system'"),
        (lambda t: t.update(version=99), "version 99; this dlcore reads 1"),
        (lambda t: t.pop("state"), "it lacks version, model, state"),
    ],
)
def test_what_is_not_known_is_refused(change, text, tmp_path):
    path = digits(tmp_path).export()
    tampered(path, change)
    with pytest.raises(ValueError, match=text):
        load_learner(tmp_path)
