import io

import numpy as np
import pytest

import dlcore as dl
import dlcore.nn.functional as F
from dlcore import nn
from dlcore.data import DataLoader, TensorDataset
from dlcore.train import Progress, accuracy, fit_one_cycle, mse, one_cycle, validate


def blobs(n=120, seed=0):
    """Two clouds of points in the plane and their labels."""
    random = np.random.RandomState(seed)
    y = np.arange(n) % 2
    return TensorDataset((random.randn(n, 2) + 4 * y[:, None]).astype(np.float32), y)


def fit(epochs=3, lr=0.1, show=None, workers=0, model=None):
    dl.manual_seed(0)
    model = model or nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2))
    train = DataLoader(blobs(), 16, True, drop_last=True, num_workers=workers)
    valid = DataLoader(blobs(50, 1), 16)
    rows = fit_one_cycle(model, train, valid, F.cross_entropy, accuracy, epochs, lr, show=show or Progress(quiet=True))
    return model, rows


def test_it_learns_and_reports_every_epoch():
    stream = io.StringIO()
    _, rows = fit(show=Progress(stream))
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert set(rows[0]) == {"epoch", "train_loss", "valid_loss", "accuracy", "time"}
    assert rows[-1]["accuracy"] >= 0.98 and rows[-1]["valid_loss"] < rows[0]["valid_loss"] < 1
    assert len(stream.getvalue().splitlines()) == 4


def test_validation_is_an_exact_weighted_mean_in_eval_mode():
    """50 samples in batches of 16 leave a last batch of 2, which must count as 2."""
    model, rows = fit(1)
    data = blobs(50, 1)
    model.eval()
    with dl.no_grad():
        logits = model(dl.from_numpy(data.arrays[0])).numpy().astype("f8")
    logits -= logits.max(1, keepdims=True)
    losses = np.log(np.exp(logits).sum(1)) - logits[np.arange(50), data.arrays[1]]
    assert rows[-1]["valid_loss"] == pytest.approx(losses.mean(), rel=1e-5)
    assert rows[-1]["accuracy"] == pytest.approx((logits.argmax(1) == data.arrays[1]).mean(), abs=1e-12)


def test_the_train_loss_is_the_bias_corrected_average_of_all_batches():
    seen = []

    def loss_func(pred, target):
        loss = F.cross_entropy(pred, target)
        if dl.is_grad_enabled():
            seen.append(loss.item())
        return loss

    dl.manual_seed(0)
    model = nn.Linear(2, 2)
    train, valid = DataLoader(blobs(), 16, True, drop_last=True), DataLoader(blobs(20, 1), 16)
    rows = fit_one_cycle(model, train, valid, loss_func, accuracy, 2, 0.1, show=Progress(quiet=True))
    for row in rows:
        losses = seen[: 7 * row["epoch"]]
        weights = 0.98 ** np.arange(len(losses))[::-1]
        assert row["train_loss"] == pytest.approx((weights * losses).sum() / weights.sum(), rel=1e-12)


def test_the_optimizer_follows_the_cycle_with_fast_ai_defaults(monkeypatch):
    made = []
    original = dl.optim.AdamW

    class Watched(original):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            made.append(self)
            self.seen = []

        def step(self):
            group = self.param_groups[0]
            self.seen.append((group["lr"], *group["betas"], group["weight_decay"]))
            return super().step()

    monkeypatch.setattr(dl.optim, "AdamW", Watched)
    fit(2, 0.1)
    expected = [(*one_cycle(step, 14, 0.1), 0.99, 1e-2) for step in range(14)]
    assert made[0].seen == expected


def test_training_and_eval_mode():
    modes = []

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.line = nn.Linear(2, 2)

        def forward(self, x):
            modes.append(self.training)
            return self.line(x)

    fit(2, model=Model())
    assert modes == ([True] * 7 + [False] * 4) * 2


def test_the_same_bits_at_any_number_of_threads_and_workers():
    weights = []
    for threads, workers in ((1, 0), (2, 0), (2, 2)):
        dl.set_num_threads(threads)
        model, rows = fit(2, workers=workers)
        weights.append(
            (tuple(p.detach().numpy().tobytes() for p in model.parameters()), [row["train_loss"] for row in rows])
        )
    assert weights[0] == weights[1] == weights[2]


def test_more_than_one_input():
    class Dot(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Linear(1, 1)

        def forward(self, a, b):
            return self.scale((a * b).reshape(-1, 1)).reshape(-1)

    random = np.random.RandomState(0)
    a, b = random.randn(2, 200).astype(np.float32)
    data = TensorDataset(a, b, 3 * a * b + 1)
    rows = fit_one_cycle(
        Dot(), DataLoader(data, 10, True), DataLoader(data, 50), F.mse_loss, mse, 20, 0.3, show=Progress(quiet=True)
    )
    assert rows[-1]["mse"] == pytest.approx(rows[-1]["valid_loss"], rel=1e-6) and rows[-1]["mse"] < 0.05


def test_nothing_to_train_or_validate_on():
    model, data = nn.Linear(2, 2), blobs(8)
    with pytest.raises(ValueError, match="1 epochs of 0 batches"):
        fit_one_cycle(
            model, DataLoader(data, 16, drop_last=True), DataLoader(data, 16), F.cross_entropy, accuracy, 1, 0.1
        )
    with pytest.raises(ValueError, match="validation set is empty"):
        validate(model, DataLoader(blobs(0), 4), F.cross_entropy, accuracy)


def test_the_loop_stays_short():
    """It is there to be read: at most 80 lines, until the Learner replaces it."""
    import dlcore.train.loop as loop

    with open(loop.__file__) as file:
        assert len(file.readlines()) <= 80
