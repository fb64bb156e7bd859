import numpy as np
import pytest

import dlcore as dl
import dlcore.nn.functional as F
from dlcore import nn
from dlcore.train import BnFreeze, Callback, LabelSmoothing, MixUp

from .common import bunch, learner, net, weights


class Keep(Callback):
    """The first batch, before and behind the other callbacks, and its loss."""

    def __init__(self, order):
        self.order, self.batch = order, None

    def on_batch_begin(self, run):
        if run.iteration == 0:
            self.batch = [x.numpy().copy() for x in (*run.inputs, run.target)]

    def on_backward_begin(self, run):
        if run.iteration == 0:
            self.pred, self.loss = run.pred.detach().numpy().astype("f8"), run.loss.item()


def cross_entropy(pred, target):
    return np.log(np.exp(pred).sum(1)) - pred[np.arange(len(pred)), target]


def test_mixup_mixes_inputs_and_losses_alike():
    before, after = Keep(0), Keep(50)
    learner(callbacks=[before, MixUp(0.4), after]).fit(1)
    (x, y), (mixed, same) = before.batch, after.batch
    random = np.random.RandomState([0, 0])
    part = random.beta(0.4, 0.4, 16)
    part, other = np.maximum(part, 1 - part), random.permutation(16)
    np.testing.assert_allclose(mixed, x * part[:, None] + x[other] * (1 - part[:, None]), rtol=1e-5, atol=1e-6)
    assert (same == y).all() and part.min() >= 0.5
    expected = (cross_entropy(after.pred, y) * part + cross_entropy(after.pred, y[other]) * (1 - part)).mean()
    assert after.loss == pytest.approx(expected, rel=1e-5)


def test_mixup_learns_and_validation_stays_plain():
    learn = learner(callbacks=[MixUp()])
    learn.fit_one_cycle(3, 0.1)
    row = learn.recorder.rows[-1]
    assert row["accuracy"] >= 0.9 and row["train_loss"] > row["valid_loss"]


def test_label_smoothing_by_its_formula():
    keep = Keep(50)
    learn = learner(callbacks=[keep, LabelSmoothing(0.2)])
    learn.fit(1)
    logp = keep.pred - np.log(np.exp(keep.pred).sum(1, keepdims=True))
    picked = logp[np.arange(16), keep.batch[1]]
    assert keep.loss == pytest.approx(-(0.8 * picked + 0.2 * logp.mean(1)).mean(), rel=1e-5)
    assert learn.recorder.rows[0]["valid_loss"] == learn.validate()[0]
    both = learner(callbacks=[MixUp(), LabelSmoothing(0.0)])
    alone = learner(callbacks=[MixUp()])
    for each in (both, alone):
        each.fit(1)
    assert weights(both) == weights(alone)


def test_frozen_norms_stand_still_with_bn_freeze():
    def deep(callbacks):
        model = nn.Sequential(*net(norm=True), nn.Linear(2, 2))
        learn = learner(model=model, layer_groups=[model[4]], train_bn=False, callbacks=callbacks)
        learn.freeze()
        learn.fit(1)
        return learn.model[1].running_mean.numpy()

    assert (deep([BnFreeze()]) == 0).all() and (deep([]) != 0).all()


def test_what_they_refuse():
    with pytest.raises(ValueError, match="alpha must be above 0"):
        MixUp(0)
    with pytest.raises(ValueError, match="eps must be in"):
        LabelSmoothing(1.5)
    with pytest.raises(ValueError, match="needs the loss F.cross_entropy"):
        learner(callbacks=[LabelSmoothing()], loss_func=lambda p, t: F.cross_entropy(p, t)).fit(1)

    class Ids(Callback):
        order = -50

        def on_batch_begin(self, run):
            run.inputs = (dl.zeros(16, dtype=dl.int64),)

    with pytest.raises(TypeError, match="inputs of int64 cannot be mixed|inputs of dlcore.int64"):
        learner(bunch(), callbacks=[Ids(), MixUp()]).fit(1)
