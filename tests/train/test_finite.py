import io

import numpy as np
import pytest

import dlcore as dl
from dlcore import nn
from dlcore.data import TensorDataset
from dlcore.train import Callback, DataBunch, EarlyStopping, Progress, StopOnNaN

from .common import blobs, learner, weights


class Log(nn.Module):
    def forward(self, x):
        return dl.log(x * 0)


class Poison(Callback):
    order = -50

    def __init__(self, act):
        self.act = act

    def on_batch_begin(self, run):
        if run.iteration == 4:
            self.act(run)
            self.before = weights(run.learn)


def poison_input(run):
    x = run.inputs[0].numpy().copy()
    x[3, 1] = np.nan
    run.inputs = (dl.tensor(x),)


def poison_parameter(run):
    with dl.no_grad():
        run.learn.model[2].weight[1, 5] = float("inf")


@pytest.mark.parametrize(
    ("act", "text"),
    [
        (poison_input, "input 0 is nan at [3, 1], 1 of 32 values are not finite"),
        (poison_parameter, "parameter 2.weight is inf at [1, 5], 1 of 16 values"),
    ],
)
def test_it_names_what_is_not_finite_and_learns_nothing_from_it(act, text):
    stop, poison, stream = StopOnNaN(), Poison(act), io.StringIO()
    learn = learner(callbacks=[stop, poison, EarlyStopping()], show=Progress(stream))
    learn.fit(3)
    assert text in stop.reason and "batch 5 of epoch 1" in stop.reason
    assert stop.reason in stream.getvalue()
    assert weights(learn) == poison.before and len(learn.recorder.rows) == 1


def test_it_names_the_op_and_layer_where_a_model_makes_the_first():
    stop = StopOnNaN()
    model = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), Log(), nn.Linear(4, 2))
    learn = learner(model=model, callbacks=[stop])
    learn.fit(1)
    assert "log in layer 2 (Log)" in stop.reason
    assert learn.model[1].num_batches_tracked.item() == 1  # looking again did not count as a batch


def test_a_rate_far_too_high_is_stopped():
    data = TensorDataset(blobs().arrays[0], blobs().arrays[0][:, 0] * 100)
    stop, model = StopOnNaN(), nn.Sequential(nn.Linear(2, 1))
    learner(DataBunch.create(data, data, bs=16), model, metrics=(), opt_func=dl.optim.SGD, callbacks=[stop]).fit(9, 1e6)
    assert "the loss of batch" in stop.reason and "inf" in stop.reason


def test_without_trouble_it_does_nothing():
    stop = StopOnNaN()
    learn, plain = learner(callbacks=[stop]), learner()
    for each in (learn, plain):
        each.fit(1)
    assert stop.reason == "" and weights(learn) == weights(plain)
