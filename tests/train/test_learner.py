import io

import numpy as np
import pytest

import dlcore as dl
import dlcore.nn.functional as F
from dlcore import nn
from dlcore.data import DataLoader, TensorDataset
from dlcore.train import DataBunch, Learner, Progress, accuracy, mse, mse_flat, one_cycle

from .common import blobs, bunch, learner, net, weights


def test_it_learns_and_reports_every_epoch():
    stream = io.StringIO()
    learn = learner(show=Progress(stream))
    learn.fit_one_cycle(3, 0.1)
    rows = learn.recorder.rows
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert set(rows[0]) == {"epoch", "train_loss", "valid_loss", "accuracy", "time"}
    assert rows[-1]["accuracy"] >= 0.96 and rows[-1]["valid_loss"] < rows[0]["valid_loss"] < 1
    assert len(stream.getvalue().splitlines()) == 4


def test_validation_is_an_exact_weighted_mean_in_eval_mode():
    """50 samples in batches of 16 leave a last batch of 2, which must count as 2."""
    learn = learner(model=net(norm=True))
    learn.fit(1, 1e-2)
    data = blobs(50, 1)
    learn.model.eval()
    with dl.no_grad():
        logits = learn.model(dl.from_numpy(data.arrays[0])).numpy().astype("f8")
    logits -= logits.max(1, keepdims=True)
    losses = np.log(np.exp(logits).sum(1)) - logits[np.arange(50), data.arrays[1]]
    row = learn.recorder.rows[-1]
    assert row["valid_loss"] == pytest.approx(losses.mean(), rel=1e-5)
    assert row["accuracy"] == pytest.approx((logits.argmax(1) == data.arrays[1]).mean(), abs=1e-12)
    assert learn.validate() == [row["valid_loss"], row["accuracy"]]


def test_the_train_loss_is_the_bias_corrected_average_restarted_by_each_fit():
    seen = []

    def loss_func(pred, target):
        loss = F.cross_entropy(pred, target)
        if dl.is_grad_enabled():
            seen.append(loss.item())
        return loss

    learn = learner(loss_func=loss_func)
    learn.fit(1, 0.01)
    seen.clear()
    learn.fit_one_cycle(2, 0.1)
    for row in learn.recorder.rows:
        losses = seen[: 7 * row["epoch"]]
        powers = 0.98 ** np.arange(len(losses))[::-1]
        assert row["train_loss"] == pytest.approx((powers * losses).sum() / powers.sum(), rel=1e-12)
    assert len(learn.recorder.losses) == 14 and learn.recorder.nb_batches == [7, 7]


def test_the_recorder_keeps_the_rate_and_momentum_that_each_batch_was_done_with():
    learn = learner()
    learn.fit_one_cycle(2, 0.1)
    expected = [one_cycle(step, 14, 0.1) for step in range(14)]
    assert list(zip(learn.recorder.lrs, learn.recorder.moms, strict=True)) == expected
    assert learn.opt.param_groups[0]["betas"] == (0.95, 0.99)  # where the cycle ended
    assert learn.recorder.val_losses == [row["valid_loss"] for row in learn.recorder.rows]
    assert learn.recorder.metrics == [[row["accuracy"]] for row in learn.recorder.rows]


def test_fit_keeps_the_optimiser_and_its_rate_is_constant():
    learn = learner()
    learn.fit(1, 3e-3)
    first = learn.opt
    learn.fit(2, 1e-3, wd=0.2)
    assert learn.opt is first and set(learn.recorder.lrs) == {1e-3} and learn.opt.wd == 0.2
    steps = {state["step"] for state in learn.opt.opt.state.values()}
    assert steps == {21}


def test_training_and_eval_mode():
    modes = []

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.line = nn.Linear(2, 2)

        def forward(self, x):
            modes.append(self.training)
            return self.line(x)

    learn = learner(model=Model())
    learn.fit(2)
    assert modes == ([True] * 7 + [False] * 4) * 2
    assert learn.model.training
    learn.model.eval()
    learn.validate()
    assert not learn.model.training


def test_the_same_bits_at_any_number_of_threads_and_workers():
    got = []
    for threads, workers in ((1, 0), (2, 0), (2, 2)):
        dl.set_num_threads(threads)
        learn = learner(bunch(num_workers=workers), net(norm=True, drop=0.2))
        learn.fit_one_cycle(2, 0.1)
        got.append((weights(learn), learn.recorder.losses))
    assert got[0] == got[1] == got[2]


def test_metrics_do_not_change_training():
    def greedy(pred, target):
        return dl.rand(3).sum().item() + np.random.rand()

    got = []
    for metrics in ((), accuracy, [accuracy, accuracy]):
        learn = learner(model=net(norm=True, drop=0.3), metrics=metrics)
        learn.fit_one_cycle(2, 0.1)
        got.append(weights(learn))
    assert got[0] == got[1] == got[2]
    learn = learner(model=net(norm=True, drop=0.3), metrics=greedy)
    learn.fit_one_cycle(2, 0.1)
    assert weights(learn) == got[0]


def test_more_than_one_input():
    class Dot(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Linear(1, 1)

        def forward(self, a, b):
            return self.scale((a * b).reshape(-1, 1))

    random = np.random.RandomState(0)
    a, b = random.randn(2, 200).astype(np.float32)
    data = TensorDataset(a, b, 3 * a * b + 1)
    learn = learner(DataBunch.create(data, data, bs=10), Dot(), metrics=mse)
    learn.fit_one_cycle(20, 0.3)
    row = learn.recorder.rows[-1]
    assert row["mse"] == pytest.approx(row["valid_loss"], rel=1e-6) and row["mse"] < 0.05
    assert learn.loss_func is mse_flat and learn.data.label == "float"
    assert learn.predict((np.float32(2), np.float32(0.5))).label[0] == pytest.approx(4, abs=0.2)


def test_without_a_validation_set():
    learn = learner(DataBunch.create(blobs(), bs=16))
    learn.fit(2)
    assert set(learn.recorder.rows[0]) == {"epoch", "train_loss", "time"} and learn.recorder.val_losses == []
    with pytest.raises(ValueError, match="no valid set"):
        learn.validate()


def test_nothing_to_train_or_validate_on():
    data = DataBunch(DataLoader(blobs(8), 16, drop_last=True), DataLoader(blobs(8), 16))
    with pytest.raises(ValueError, match="1 epochs of 0 batches"):
        learner(data).fit(1)
    with pytest.raises(ValueError, match="0 epochs of 7 batches"):
        learner().fit(0)
    with pytest.raises(ValueError, match="validation set is empty"):
        learner().validate(DataLoader(blobs(0), 4))
    with pytest.raises(ValueError, match="bs 16 is more than the 8 training samples"):
        DataBunch.create(blobs(8), bs=16)


def test_what_a_learner_refuses():
    with pytest.raises(TypeError, match="model must be an nn.Module, got function"):
        Learner(bunch(), net)
    with pytest.raises(TypeError, match="pass an object, not the class"):
        from dlcore.train import Callback

        learner(callbacks=[Callback]).fit(1)
    with pytest.raises(ValueError, match="wd must not be negative"):
        learner().fit(1, wd=-1)
    frozen = net()
    frozen.requires_grad_(False)
    with pytest.raises(ValueError, match="no trainable parameter"):
        learner(model=frozen).fit(1)


def test_parts_of_one_cycle_make_the_whole():
    """tot_epochs and start_epoch: the second half begins where the first one ended."""
    whole = learner()
    whole.fit_one_cycle(4, 0.1)
    halves = learner()
    halves.fit_one_cycle(2, 0.1, tot_epochs=4)
    first = halves.recorder.lrs
    halves.fit_one_cycle(2, 0.1, tot_epochs=4, start_epoch=2)
    assert first + halves.recorder.lrs == whole.recorder.lrs
    assert weights(halves) == weights(whole)


def test_predictions():
    learn = learner(bunch(classes=["left", "right"]))
    learn.fit_one_cycle(3, 0.1)
    probs, targets, losses = learn.get_preds(with_loss=True)
    assert probs.shape == (50, 2) and targets.tolist() == blobs(50, 1).arrays[1].tolist()
    np.testing.assert_allclose(probs.numpy().sum(1), 1, rtol=1e-6)
    picked = probs.numpy()[np.arange(50), targets.numpy()]
    np.testing.assert_allclose(losses.numpy(), -np.log(picked), rtol=1e-4, atol=1e-6)
    assert losses.numpy().mean() == pytest.approx(learn.validate()[0], rel=1e-6)
    got = learn.predict(blobs(50, 1)[1][0])
    assert got.label == "right" and got.target.item() == 1 and str(got) == "right"
    np.testing.assert_allclose(got.output.numpy(), probs.numpy()[1], rtol=1e-5)
    order = learn.get_preds("train")[1].tolist()
    assert order == blobs().arrays[1].tolist()  # all of them, in order, though training shuffles and drops
    with pytest.raises(ValueError, match='a set is "train", "valid" or "test"'):
        learn.get_preds("vaild")


def test_summary_before_training_takes_a_batch_and_gives_it_back():
    learn = learner()
    assert learn.summary().parameters == 42 and learn.data.train_dl.epoch == 0


def test_bfloat16_products():
    learn = learner().to_bf16()
    learn.fit_one_cycle(3, 0.1)
    assert learn.recorder.metrics[-1][0] >= 0.96 and learn.validate()[1] >= 0.96
    assert all(p.dtype == dl.float32 for p in learn.model.parameters())
    exact = learner()
    exact.fit_one_cycle(3, 0.1)
    assert weights(learn) != weights(exact)
    assert learn.get_preds()[0].dtype == dl.float32
