import numpy as np
import pytest

import dlcore as dl
import dlcore.nn.functional as F
from dlcore import nn
from dlcore.data import TensorDataset
from dlcore.train import DataBunch
from dlcore.train.inference import zoom

from .common import bunch, learner

X = np.random.RandomState(0).rand(20, 1, 9, 9).astype(np.float32)


def pictures(classes=3):
    dl.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(196, classes))
    data = TensorDataset(X, np.arange(20) % classes)
    return learner(DataBunch.create(data, data, bs=8), model)


def test_zoom_by_hand():
    """Scale 2 into the top left of a 5 × 5 picture: every second value stands at a half step, corners stay."""
    x = np.arange(25, dtype=np.float32).reshape(1, 1, 5, 5)
    got = zoom(dl.tensor(x), 2.0, 0, 0).numpy()[0, 0]
    half = np.arange(5) / 2
    np.testing.assert_allclose(got, half[:, None] * 5 + half, atol=1e-5)
    right = zoom(dl.tensor(x), 2.0, 1, 1).numpy()[0, 0]
    np.testing.assert_allclose(right, (half + 2)[:, None] * 5 + half + 2, atol=1e-5)
    np.testing.assert_allclose(zoom(dl.tensor(x), 1.0, 0.5, 0.5, True).numpy(), x[..., ::-1], atol=1e-5)


@pytest.mark.parametrize("flip", [True, False])
def test_tta_is_a_mean_of_views(flip):
    learn = pictures()
    probs, target, losses = learn.TTA(flip=flip, with_loss=True)
    x = dl.tensor(X)
    with dl.no_grad():
        plain = F.softmax(learn.model(x), 1).numpy()
        views = [(r, c, m) for r in (0, 1) for c in (0, 1) for m in ((False, True) if flip else (False,))]
        seen = np.mean([F.softmax(learn.model(zoom(x, 1.35, *view)), 1).numpy() for view in views], axis=0)
    np.testing.assert_allclose(probs.numpy(), 0.4 * plain + 0.6 * seen, rtol=1e-5, atol=1e-7)
    assert target.tolist() == (np.arange(20) % 3).tolist()
    picked = probs.numpy()[np.arange(20), target.numpy()]
    np.testing.assert_allclose(losses.numpy(), -np.log(picked), rtol=1e-5)  # fast.ai v1: a softmax of probabilities


def test_tta_is_for_pictures():
    with pytest.raises(ValueError, match="needs pictures"):
        learner(bunch()).TTA()


def test_several_labels_and_numbers():
    hot = (X[:, 0, :3, 0] > 0.5).astype(np.float32)
    data = DataBunch.create(TensorDataset(X, hot), TensorDataset(X, hot), bs=8, label="multicategory", classes="abc")
    learn = learner(data, pictures().model, metrics=())
    learn.fit(1)
    got = learn.predict(X[0])
    probs = 1 / (1 + np.exp(-learn.model(dl.tensor(X[:1])).detach().numpy()[0]))
    np.testing.assert_allclose(got.output.numpy(), probs, rtol=1e-5)
    assert got.label == [c for c, p in zip("abc", probs, strict=True) if p > 0.5]
    assert got.target.tolist() == (probs > 0.5).tolist()
    assert learn.predict(X[0], thresh=0.0).label == ["a", "b", "c"]


def test_segmentation():
    masks = (X[:, 0] > 0.5).astype(np.int64)
    data = DataBunch.create(TensorDataset(X, masks), TensorDataset(X, masks), bs=8)
    assert data.label == "segmentation"
    learn = learner(data, nn.Conv2d(1, 2, 1))
    learn.fit_one_cycle(40, 0.3)
    assert learn.recorder.metrics[-1][0] > 0.95
    assert learn.predict(X[0]).label.shape == (9, 9)
    assert learn.get_preds(with_loss=True)[2].shape == (20,)


def test_predict_leaves_the_mode_and_shows_nothing(capsys):
    learn = pictures()
    learn.model.train()
    learn.model[1].eval()
    learn.predict(X[0])
    assert [m.training for m in learn.model] == [True, False, True, True] and learn.model.training
    assert capsys.readouterr() == ("", "")
