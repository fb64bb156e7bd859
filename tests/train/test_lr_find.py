import math

import numpy as np
import pytest

import dlcore as dl
from dlcore import optim
from dlcore.train import Callback, LRFind, Progress

from .common import bunch, learner, net, weights


def everything(learn):
    """All that training could be changed by, as bytes and numbers."""
    opt = learn.opt and learn.opt.opt.state_dict()
    state = opt and {
        i: {k: getattr(v, "tolist", lambda v=v: v)() for k, v in s.items()} for i, s in opt["state"].items()
    }
    return (
        weights(learn),
        opt and [{k: v for k, v in g.items()} for g in opt["param_groups"]],
        state,
        dl._C.rng_state(),
        np.random.get_state()[1].tolist(),
        learn.data.train_dl.epoch,
        learn.data.valid_dl.epoch,
        [m.training for m in learn.model.modules()],
        [p.requires_grad for p in learn.model.parameters()],
        [p.grad for p in learn.model.parameters()],
    )


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("fitted", [False, True])
def test_it_leaves_everything_exactly_as_it_was(workers, fitted):
    learn = learner(bunch(num_workers=workers), net(norm=True, drop=0.2))
    if fitted:
        learn.fit_one_cycle(1, 1e-2)
        learn.model[0].eval()
    before, opt = everything(learn), learn.opt
    learn.lr_find(num_it=20)
    assert everything(learn) == before and learn.opt is opt


@pytest.mark.parametrize("opt_func", [None, optim.SGD, optim.Adagrad])
def test_a_fit_after_it_equals_a_fit_without(opt_func):
    options = {"opt_func": opt_func} if opt_func else {}
    got = []
    for finds in (0, 1, 2):
        learn = learner(model=net(norm=True, drop=0.2), **options)
        for _ in range(finds):
            learn.lr_find()
        learn.fit_one_cycle(2, 1e-2)
        for _ in range(finds):
            learn.lr_find(num_it=9)
        learn.fit(1, 1e-3)
        got.append((weights(learn), learn.recorder.losses, learn.recorder.rows[0]["valid_loss"]))
    assert got[0] == got[1] == got[2]


def test_also_when_it_is_interrupted():
    class Interrupt(Callback):
        def on_batch_end(self, run):
            if run.iteration == 5:
                raise KeyboardInterrupt

    learn = learner(model=net(norm=True, drop=0.2))
    learn.fit(1)
    before = everything(learn)
    learn.callbacks.append(Interrupt())
    with pytest.raises(KeyboardInterrupt):
        learn.lr_find()
    assert everything(learn) == before and isinstance(learn.show, Progress)


def test_the_rates_are_the_golden_ones():
    learn = learner()
    found = learn.lr_find(stop_div=False)
    assert len(found.lrs) == len(found.losses) == 100
    expected = [1e-7, 1.202264435e-7, 1.445439771e-7, 1e-3, 8.317637712]
    assert [found.lrs[k] for k in (0, 1, 2, 50, 99)] == pytest.approx(expected, rel=1e-9)
    assert found.lrs == pytest.approx([1e-7 * 1e8 ** (k / 100) for k in range(100)], rel=1e-12)


def test_the_smoothed_losses_are_the_golden_ones():
    """4, 3, 2, 1 smoothed; SEMANTICS 3.2."""
    given = iter([4.0, 3.0, 2.0, 1.0])

    def loss_func(pred, target):
        return pred.sum() * 0 + next(given)

    found = learner(loss_func=loss_func, metrics=()).lr_find(num_it=4)
    assert found.losses == pytest.approx([4, 3.494949495, 2.986532445, 2.474749536], abs=1e-9)


def test_it_stops_where_the_loss_explodes():
    learn = learner()
    found = learn.lr_find(end_lr=1e6)
    assert len(found.lrs) < 100
    assert found.losses[-1] > 4 * min(found.losses) or math.isnan(found.losses[-1])
    assert all(loss <= 4 * min(found.losses[: i + 1]) for i, loss in enumerate(found.losses[:-1]))


def test_rates_by_layer_group():
    learn = learner(model=(model := net()), layer_groups=[model[2]])
    seen = []

    class See(Callback):
        def on_batch_begin(self, run):
            seen.append(run.learn.opt.lrs)

    learn.callbacks.append(See())
    learn.lr_find(slice(1e-6, 1e-4), slice(1e-2, 1.0), num_it=10)
    assert seen[0] == pytest.approx([1e-6, 1e-4]) and seen[5] == pytest.approx([1e-4, 1e-2])


def test_the_suggestion_is_the_steepest_point_without_the_ends():
    lrs = np.logspace(-7, 0, 40)
    losses = 2 - 1 / (1 + np.exp(-(np.arange(40) - 20.2)))
    losses[:3] = [5, 3, 1]  # within the first 10
    found = LRFind(lrs, losses)
    assert found.suggestion == lrs[20] and found.minimum == lrs[34] / 10
    assert "suggestion" in repr(found)
    assert LRFind([1e-3], [1.0]).suggestion is None and LRFind([1e-3, 1e-2], [math.nan] * 2).minimum is None


def test_what_it_refuses():
    with pytest.raises(ValueError, match="num_it must be at least 1"):
        learner().lr_find(num_it=0)
    with pytest.raises(ValueError, match="rates must be above 0"):
        learner().lr_find(0.0)


def test_callbacks_are_restored_or_left_out():
    class Counts(Callback):
        def __init__(self, watches):
            self.n, self.only_watches = 0, watches

        def on_batch_end(self, run):
            self.n += 1

        def state_dict(self):
            return {"n": self.n}

        def load_state_dict(self, state):
            self.n = state["n"]

    takes_part, watches = Counts(False), Counts(True)
    learn = learner(callbacks=[takes_part, watches])
    learn.fit(1)
    learn.lr_find()
    assert takes_part.n == watches.n == 7
    learn.fit(1)
    assert takes_part.n == watches.n == 14
