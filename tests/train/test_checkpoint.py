"""A fit that was stopped, or killed, and goes on must end with the bits of one that never stopped."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import dlcore as dl
from dlcore import nn, optim
from dlcore.data import Dataset, TensorDataset
from dlcore.formats import load
from dlcore.train import (
    Accumulate,
    BnFreeze,
    Callback,
    Checkpoint,
    CSVLogger,
    DataBunch,
    EarlyStopping,
    GradientClipping,
    LossScaler,
    MixUp,
    ReduceLROnPlateau,
    SaveBest,
)

from .common import blobs, bunch, learner, net, weights


class Stop(Exception):
    pass


class StopAt(Callback):
    """Stops the process's fit, as far as a test can, behind the checkpoint of that batch."""

    order = 200
    only_watches = True

    def __init__(self, iteration):
        self.iteration = iteration

    def on_batch_end(self, run):
        if run.iteration == self.iteration:
            raise Stop


def noise(arrays, random):
    return (arrays[0] + random.uniform()[:, None].astype(np.float32), *arrays[1:])


def make(folder, kind, callbacks=()):
    """A learner in which everything that draws does, and a way to fit it."""
    data = bunch(train_transform=noise, valid_transform=noise, num_workers=2 if kind == "workers" else 0)
    model = nn.Sequential(*net(norm=True, drop=0.2), nn.Linear(2, 2))
    extra = {
        "accumulate": lambda: [Accumulate(3)],
        "callbacks": lambda: [MixUp(), LossScaler(growth=2), GradientClipping(0.1), CSVLogger(), SaveBest(name="best")],
        "plateau": lambda: [ReduceLROnPlateau(factor=0.5), EarlyStopping(patience=1), BnFreeze()],
    }.get(kind, list)()
    options = {"opt_func": optim.SGD, "true_wd": False} if kind == "sgd" else {}
    learn = learner(
        data, model, layer_groups=[model[4]], path=folder, callbacks=[*extra, *callbacks], train_bn=False, **options
    )
    return learn


def fit(learn, kind):
    if kind == "frozen":
        learn.fit(1)
        learn.freeze()
    if kind in ("plateau", "constant"):
        learn.fit(3, slice(1e-2))
    else:
        learn.fit_one_cycle(3, slice(1e-3, 1e-1))


KINDS = ("cycle", "constant", "workers", "sgd", "accumulate", "callbacks", "plateau", "frozen")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("at", [4, 7, 20])  # amid an epoch, at its last batch, in the last epoch
def test_resuming_anywhere_gives_the_same_bits(kind, at, tmp_path):
    straight = make(tmp_path / "straight", kind)
    fit(straight, kind)

    stopped = make(tmp_path, kind, [Checkpoint("c", every=1)])
    if kind == "frozen":
        stopped.fit(1)
        stopped.freeze()
        (tmp_path / "c").unlink()
    stopped.callbacks.append(StopAt(at))
    with pytest.raises(Stop):
        stopped.fit(3, slice(1e-2)) if kind in ("plateau", "constant") else stopped.fit_one_cycle(3, slice(1e-3, 1e-1))

    dl.manual_seed(99)
    np.random.rand()
    again = make(tmp_path, kind, [Checkpoint("c", every=1)])
    with dl.no_grad():
        for p in again.model.parameters():
            p.fill_(7.0)
    again.resume("c")
    assert weights(again) == weights(straight)
    a, b = again.recorder, straight.recorder
    assert (a.lrs, a.moms, a.losses, a.val_losses, a.metrics, a.nb_batches) == (
        b.lrs, b.moms, b.losses, b.val_losses, b.metrics, b.nb_batches
    )  # fmt: skip


def test_resuming_after_an_epoch_s_end_or_the_fit_s(tmp_path):
    class StopAfter(Callback):
        order = 200

        def on_epoch_end(self, run):
            if run.epoch == 2:
                raise Stop

    straight = make(tmp_path / "s", "cycle")
    fit(straight, "cycle")
    stopped = make(tmp_path, "cycle", [Checkpoint("c", every=10**9), StopAfter()])
    with pytest.raises(Stop):
        fit(stopped, "cycle")
    again = make(tmp_path, "cycle", [Checkpoint("c", every=10**9)])
    with pytest.raises(ValueError, match="the fit had a StopAfter; give the Learner, or resume"):
        again.resume("c")
    again.resume("c", callbacks=[type("StopAfter", (Callback,), {})()])
    assert weights(again) == weights(straight)
    over = make(tmp_path, "cycle", [Checkpoint("c")])
    over.resume("c", callbacks=[type("StopAfter", (Callback,), {})()])
    assert weights(over) == weights(straight) and len(over.recorder.rows) == 3


def test_a_data_set_that_draws_from_the_global_streams(tmp_path):
    class Draws(Dataset):
        def __len__(self):
            return 64

        def __getitem__(self, index):
            x = np.float32([np.random.rand(), random.random()])
            return x, int(x[0] > x[1])

    def build(*callbacks):
        np.random.seed(3)
        random.seed(4)
        return learner(DataBunch.create(Draws(), Draws(), bs=8), path=tmp_path, callbacks=callbacks)

    straight = build()
    straight.fit_one_cycle(2, 0.1)
    with pytest.raises(Stop):
        build(Checkpoint("c", every=1), StopAt(5)).fit_one_cycle(2, 0.1)
    again = build(Checkpoint("c"))
    again.resume("c")
    assert weights(again) == weights(straight)


def test_a_fit_after_a_resumed_one_goes_on_too(tmp_path):
    straight = make(tmp_path / "s", "cycle")
    fit(straight, "cycle")
    straight.fit(1, 1e-3)
    with pytest.raises(Stop):
        fit(make(tmp_path, "cycle", [Checkpoint("c", every=1), StopAt(9)]), "cycle")
    again = make(tmp_path, "cycle", [Checkpoint("c", every=1)])
    again.resume("c")
    again.fit(1, 1e-3)
    assert weights(again) == weights(straight)


def test_what_does_not_fit_is_refused_and_changes_nothing(tmp_path):
    with pytest.raises(Stop):
        fit(make(tmp_path, "cycle", [Checkpoint("c", every=1), StopAt(9)]), "cycle")
    wide = learner(model=net(9), path=tmp_path)
    small = learner(bunch(64), path=tmp_path)
    other = make(tmp_path, "sgd")
    before = weights(other), [p.requires_grad for p in other.model.parameters()]
    with pytest.raises(ValueError, match="the saved optimiser is AdamW, this Learner's SGD"):
        other.resume("c")
    assert before == (weights(other), [p.requires_grad for p in other.model.parameters()]) and other.opt is None
    for learn, text in ((wide, "the saved model is another"), (small, "its epochs had 7 batches, this data has 4")):
        before = weights(learn)
        with pytest.raises(ValueError, match=text):
            learn.resume("c")
        assert weights(learn) == before and learn.opt is None
    wide.save("m")
    with pytest.raises(ValueError, match="it lacks version, learner"):
        wide.resume("models/m.safetensors")
    with pytest.raises(FileNotFoundError):
        wide.resume("absent")


PROGRAM = """
import sys, os, time
import numpy as np
import dlcore as dl
from dlcore import nn
from dlcore.data import TensorDataset
from dlcore.train import Callback, Checkpoint, DataBunch, Learner, Progress, accuracy

class Slow(Callback):
    only_watches = True
    def on_batch_end(self, run):
        time.sleep(0.004)

x = np.random.RandomState(0).randn(400, 2).astype(np.float32)
data = TensorDataset(x, (x[:, 0] > x[:, 1]).astype(np.int64))
model = nn.Sequential(nn.Linear(2, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, 2))
folder, slow = sys.argv[1], sys.argv[2] == "slow"
learn = Learner(DataBunch.create(data, data, bs=16, num_workers=1), model, metrics=accuracy, path=folder,
                show=Progress(quiet=True), callbacks=[Checkpoint("c", every=1)] + ([Slow()] if slow else []))
if os.path.exists(folder + "/c"):
    learn.resume("c")
else:
    print("begun", flush=True)
    learn.fit_one_cycle(10, 1e-1)
learn.save("end")
print("over", flush=True)
"""


def start(folder, speed):
    python = os.pathsep.join(p for p in (str(Path(dl.__file__).parents[1]), os.environ.get("PYTHONPATH")) if p)
    command = [sys.executable, "-c", PROGRAM, str(folder), speed]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": python}, stdout=subprocess.PIPE, text=True)


def test_killed_at_ten_random_instants(tmp_path):
    """kill -9 while it trains or writes, start again, ten times: the bytes of an undisturbed run."""
    for folder in ("whole", "killed"):
        (tmp_path / folder).mkdir()
    assert start(tmp_path / "whole", "fast").communicate(timeout=60)[0].endswith("over\n")
    chance, file = random.Random(0), tmp_path / "killed" / "c"
    for kill in range(10):
        before = file.stat().st_mtime_ns if kill else 0
        process = start(tmp_path / "killed", "slow")
        deadline = time.monotonic() + 60
        while not file.exists() or file.stat().st_mtime_ns == before:  # until it has gone on by a batch at least
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.05))
        process.kill()
        assert process.wait(60) == -signal.SIGKILL
        process.stdout.close()
    assert start(tmp_path / "killed", "fast").communicate(timeout=60)[0] == "over\n"  # it went on, and did not begin
    ends = [(tmp_path / folder / "models" / "end.safetensors").read_bytes() for folder in ("whole", "killed")]
    assert ends[0] == ends[1]


def test_a_checkpoint_is_weights_and_json(tmp_path):
    data = TensorDataset(*blobs().arrays)
    learn = learner(DataBunch.create(data, data, bs=16), path=tmp_path, callbacks=[Checkpoint("c")])
    learn.fit(1)
    held = load(tmp_path / "c")
    assert held["learner.model.0.weight"].tolist() == learn.model[0].weight.tolist()
    assert str(tmp_path).encode() not in (tmp_path / "c").read_bytes()
