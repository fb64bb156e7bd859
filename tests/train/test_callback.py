import pytest

from dlcore.train import Callback

from .common import bunch, learner, weights


class Trace(Callback):
    def __init__(self, name="", order=0, into=None):
        self.name, self.order, self.seen = name, order, [] if into is None else into


def _hook(event):
    def method(self, run):
        self.seen.append(self.name + event)

    return method


EVENTS = (
    "train_begin epoch_begin batch_begin loss_begin backward_begin backward_end step_end batch_end epoch_end train_end"
)
for event in EVENTS.split():
    setattr(Trace, "on_" + event, _hook(event))


def test_the_moments_come_in_their_order():
    trace = Trace()
    learner(bunch(32), callbacks=[trace]).fit(2)
    batch = EVENTS.split()[2:8]
    epoch = ["epoch_begin", *batch, *batch, "epoch_end"]
    assert trace.seen == ["train_begin", *epoch, *epoch, "train_end"]


def test_lower_orders_come_first_and_equal_ones_as_given():
    seen = []
    callbacks = [Trace("c", 5, seen), Trace("a", -5, seen), Trace("b", 0, seen)]
    learner(callbacks=[*callbacks, Trace("b2", 0, seen)]).fit(1)
    assert [name[:2].rstrip("t") for name in seen[:4]] == ["a", "b", "b2", "c"]


def test_the_end_comes_also_after_an_exception():
    class Fails(Callback):
        def on_batch_end(self, run):
            if run.iteration == 3:
                raise RuntimeError("here")

        def on_train_end(self, run):
            self.exception = run.exception

    fails, trace = Fails(), Trace()
    with pytest.raises(RuntimeError, match="here"):
        learner(callbacks=[fails, trace]).fit(1)
    assert str(fails.exception) == "here" and trace.seen[-1] == "train_end"


def test_what_an_exception_left_does_not_reach_the_next_fit():
    class Fails(Callback):
        def on_backward_end(self, run):
            raise KeyboardInterrupt

    learn, plain = learner(), learner()
    with pytest.raises(KeyboardInterrupt):
        learn.fit(1, callbacks=[Fails()])
    assert next(learn.model.parameters()).grad is not None
    learn.data.train_dl.epoch = 0
    for each in (learn, plain):
        each.fit(1)
    assert weights(learn) == weights(plain)


def test_a_callback_changes_what_is_trained():
    class Nothing(Callback):
        def on_backward_end(self, run):
            run.skip_step = True

    learn = learner(callbacks=[Nothing()])
    before = weights(learn)
    learn.fit(1)
    assert weights(learn) == before

    class Half(Callback):
        def on_backward_begin(self, run):
            run.loss = run.loss * 0.5

    learn = learner()
    learn.fit(1, callbacks=[Half()])
    assert weights(learn) != before and learn.recorder.rows[0]["train_loss"] > 0


def test_stopping_an_epoch_or_the_fit():
    class Stop(Callback):
        def __init__(self, name):
            self.name = name

        def on_batch_end(self, run):
            if run.batch == 3:
                setattr(run, self.name, True)

    learn = learner()
    learn.fit(3, callbacks=[Stop("stop_epoch")])
    assert learn.recorder.nb_batches == [3, 3, 3] and len(learn.recorder.val_losses) == 3
    learn.fit(3, callbacks=[Stop("stop_training")])
    assert learn.recorder.nb_batches == [3] and learn.recorder.val_losses == []
