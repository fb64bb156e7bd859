import math

import numpy as np
import pytest

import dlcore as dl
from dlcore import optim
from dlcore.data import DataLoader, TensorDataset
from dlcore.train import Accumulate, Callback, DataBunch, GradientClipping, LossScaler

from .common import blobs, bunch, learner, net, weights


def double_bunch(bs, n=112):
    x, y = blobs(n).arrays
    data = TensorDataset(x.astype("f8"), y)
    return DataBunch(DataLoader(data, bs), DataLoader(data, bs))


@pytest.mark.parametrize("opt_func", [optim.SGD, optim.Adam])
def test_accumulated_batches_are_one_large_one(opt_func):
    got = []
    for bs, callbacks in ((32, []), (8, [Accumulate(4)])):  # 112 = 3·32 + 16: the last step has two batches
        learn = learner(double_bunch(bs), net().double(), opt_func=opt_func, callbacks=callbacks)
        learn.fit(3, 0.1)
        got.append([p.detach().numpy() for p in learn.model.parameters()])
    for large, small in zip(*got, strict=True):
        np.testing.assert_allclose(small, large, rtol=0, atol=1e-12)


def test_clipping_bounds_the_step():
    norms = []

    class Norm(Callback):
        order = 50

        def on_backward_end(self, run):
            norms.append(math.sqrt(sum((p.grad.numpy() ** 2).sum() for p in run.learn.model.parameters())))

    learn = learner(callbacks=[GradientClipping(0.05), Norm()])
    learn.fit(2)
    assert max(norms) == pytest.approx(0.05, rel=1e-4)
    learn = learner(callbacks=[GradientClipping(1e9)])
    plain = learner()
    for each in (learn, plain):
        each.fit(1)
    assert weights(learn) == weights(plain)


@pytest.mark.parametrize("accumulate", [[], [Accumulate(2)]])
def test_a_scaled_loss_changes_no_bit(accumulate):
    """The scale is a power of two; nothing of these sizes leaves float32's range."""
    got = []
    for extra in ([], [LossScaler(growth=3)]):
        learn = learner(callbacks=[*accumulate, *extra, GradientClipping(0.5)])
        learn.fit_one_cycle(2, 0.1)
        got.append((weights(learn), learn.recorder.losses))
    assert got[0] == got[1]


def test_the_scale_grows_and_halves_and_an_overflow_skips_the_whole_step():
    class Overflow(Callback):
        order = -10

        def on_backward_end(self, run):
            if run.iteration == 5:
                next(run.learn.model.parameters()).grad.fill_(float("inf"))

    class See(Callback):
        order = 60

        def on_batch_begin(self, run):
            self.before = weights(run.learn), str(run.learn.opt.opt.state_dict()["state"])

        def on_batch_end(self, run):
            seen.append(
                (scaler.scale, self.before == (weights(run.learn), str(run.learn.opt.opt.state_dict()["state"])))
            )

    seen, scaler = [], LossScaler(2.0**16, growth=4, max_scale=2.0**17)
    learner(bunch(160), callbacks=[scaler, Overflow(), See()]).fit(1)
    scales = [16, 16, 16, 17, 17, 16, 16, 16, 16, 17]
    assert seen == [(2.0**scale, i == 5) for i, scale in enumerate(scales)] and scaler.skipped == 1


def test_fp16_is_bfloat16_with_a_scaler_here():
    learn = learner().to_fp16()
    learn.fit_one_cycle(3, 0.1)
    assert learn.recorder.metrics[-1][0] >= 0.96 and isinstance(learn.callbacks[0], LossScaler)
    assert learn.to_fp16(512).callbacks[0].dynamic is False and len(learn.callbacks) == 1
    learn.to_fp32()
    assert learn.callbacks == [] and not learn.low_precision
    with dl.autocast("bfloat16"):
        assert learn.validate()[1] >= 0.9


@pytest.mark.parametrize(
    ("make", "text"), [(lambda: Accumulate(0), "at least 1"), (lambda: GradientClipping(0), "above 0")]
)
def test_what_they_refuse(make, text):
    with pytest.raises(ValueError, match=text):
        make()
