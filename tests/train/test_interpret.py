import numpy as np
import pytest

import dlcore as dl
from dlcore import nn
from dlcore.data import TensorDataset, normalize
from dlcore.data.mnist import mnist
from dlcore.train import (
    ClassificationInterpretation,
    Cleaned,
    Cleaner,
    DataBunch,
    RegressionInterpretation,
    SegmentationInterpretation,
)
from tests.synthetic import REAL, digits

from .common import bunch, learner, net
from .test_plots import drawn

pytest.importorskip("matplotlib")
NAMES = [f"bar {i}" for i in range(10)]


@pytest.fixture(scope="module")
def reader():
    """A classifier of pictures (real digits where there are some) that makes a few mistakes."""
    if (REAL / "mnist").is_dir():
        train, valid = mnist(REAL / "mnist")
        train, valid = (TensorDataset(*(a[:n] for a in s.arrays)) for s, n in ((train, 4000), (valid, 500)))
        names = [str(i) for i in range(10)]
    else:
        train, valid = (TensorDataset(x[:, None], y.astype(np.int64)) for x, y in (digits(800), digits(500, 1)))
        names = NAMES
    plain = [normalize(0.13, 0.31)]
    data = DataBunch.create(train, valid, bs=64, train_transform=plain, valid_transform=plain, classes=names)
    dl.manual_seed(0)
    learn = learner(data, nn.Sequential(nn.Flatten(), nn.Linear(784, 20), nn.ReLU(), nn.Linear(20, 10)))
    learn.fit_one_cycle(1, 1e-2)
    return learn


def test_confusions_and_top_losses_by_hand():
    probs = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1]], np.float32)
    actual = np.array([0, 0, 1, 2, 2])
    losses = -np.log(probs[np.arange(5), actual])
    found = ClassificationInterpretation(None, *(dl.tensor(x) for x in (probs, actual, losses)))
    assert found.confusion_matrix().tolist() == [[1, 1, 0], [1, 0, 0], [0, 2, 0]]
    assert found.most_confused() == [("2", "1", 2), ("0", "1", 1), ("1", "0", 1)]
    assert found.most_confused(min_val=2) == [("2", "1", 2)]
    values, order = found.top_losses(3)
    assert order.tolist() == [1, 3, 4] and values.tolist() == losses[[1, 3, 4]].tolist()  # equal ones in order
    assert found.top_losses(1, largest=False)[1].tolist() == [0] and len(found.top_losses()[0]) == 5
    assert found.caption(3) == "1/2 / 2.30 / 0.10"


def test_a_classifier_s_pictures(reader, tmp_path):
    found = ClassificationInterpretation.from_learner(reader)
    assert found.confusion_matrix().sum() == 500
    assert found.losses.numpy().mean() == pytest.approx(reader.validate()[0], rel=1e-5)
    wrong = int((found.pred_class != found.y_true.numpy()).sum())
    assert wrong == sum(n for *_, n in found.most_confused()) > 0
    drawn(found.plot_confusion_matrix(), tmp_path, "confusion")
    drawn(found.plot_confusion_matrix(normalize=True), tmp_path, "confusion_shares")
    figure = found.plot_top_losses(9)
    drawn(figure, tmp_path, "top_losses")
    assert [axes.get_title() for axes in figure.axes] == [found.caption(i) for i in found.top_losses(9)[1]]
    shown = reader.show_results()
    drawn(shown, tmp_path, "results")
    assert len(shown.axes) == 9 and "→" in shown.axes[0].get_title()


def test_segmentations(tmp_path):
    x = np.random.RandomState(0).rand(24, 3, 16, 16).astype(np.float32)
    x[:, :, 4:12, 4:12] += 1
    masks = np.zeros((24, 16, 16), np.int64)
    masks[:, 4:12, 4:12] = 1
    data = TensorDataset(x, masks)
    learn = learner(DataBunch.create(data, data, bs=8, classes=["ground", "thing"]), nn.Conv2d(3, 2, 3, padding=1))
    learn.fit_one_cycle(5, 0.1)
    found = SegmentationInterpretation.from_learner(learn)
    said = found.preds.argmax(1).numpy()
    both, either = ((said == 1) & (masks == 1)).sum(), ((said == 1) | (masks == 1)).sum()
    assert found.iou()["thing"] == pytest.approx(both / either) and found.confusion_matrix().sum() == masks.size
    figure = found.plot_top_losses(2)
    assert len(figure.axes) == 6
    drawn(figure, tmp_path, "masks")
    drawn(found.plot_confusion_matrix(), tmp_path, "pixels")
    assert len(learn.show_results(rows=2).axes) == 6


def test_regressions(tmp_path):
    x = np.random.RandomState(0).randn(60, 2).astype(np.float32)
    y = x[:, 0] * 2 + 1
    y[7] += 30
    data = TensorDataset(x, y)
    learn = learner(DataBunch.create(data, data, bs=10), nn.Linear(2, 1), metrics=())
    learn.fit_one_cycle(10, 0.1)
    found = RegressionInterpretation.from_learner(learn)
    first = found.table(3)[0]
    assert first["index"] == 7 and first["actual"] == pytest.approx(float(y[7]))
    assert first["loss"] == pytest.approx((first["actual"] - first["predicted"]) ** 2, rel=1e-4)
    drawn(found.plot_predictions(), tmp_path, "regression")
    drawn(learn.show_results(), tmp_path, "numbers")
    with pytest.raises(ValueError, match="is for category targets, not float"):
        ClassificationInterpretation.from_learner(learn)


def test_samples_that_are_no_pictures():
    learn = learner(bunch())
    with pytest.raises(ValueError, match=r"a sample of shape \(2,\) is no picture"):
        learn.show_results()


def test_wrong_labels_come_first_and_are_mended(tmp_path):
    x, y = np.random.RandomState(0).randn(80, 2).astype(np.float32) * 0.3, np.arange(80) % 2
    x[:, 0] += 4 * y - 2
    y = y.copy()
    y[[5, 30]] = 1 - y[[5, 30]]
    x[61] = x[13] * 1.0001
    data = TensorDataset(x, y)
    learn = learner(DataBunch.create(data, data, bs=8, classes=["cat", "dog"]), net(16), path=tmp_path)
    learn.fit_one_cycle(4, 0.05)
    cleaner = Cleaner(learn)
    worst = cleaner.top_losses(2)
    assert {s.sample for s in worst} == {5, 30} and all(s.label != s.predicted for s in worst)
    twins = cleaner.near_duplicates(200, block=7)
    assert (13, 61) in [(t.first, t.second) for t in twins] and twins == cleaner.near_duplicates(200)
    assert all(t.first < t.second for t in twins) and twins[0].similarity <= 1 + 1e-9
    for s in worst:
        cleaner.relabel(s.sample, s.predicted)
    cleaner.delete(61)
    path = cleaner.save()
    assert path == tmp_path / "cleaned.csv" and path.read_text().splitlines()[:2] == ["index,label", "0,cat"]
    cleaned = Cleaned(data, path, ["cat", "dog"])
    assert len(cleaned) == 79 and [cleaned[i][1] for i in (5, 30)] == [1 - int(y[5]), 1 - int(y[30])]
    assert (cleaned[61][0].numpy() == x[62]).all()
    again = learner(DataBunch.create(cleaned, data, bs=8, classes=["cat", "dog"]), net(16))
    again.fit_one_cycle(4, 0.05)
    assert again.recorder.rows[-1]["train_loss"] < learn.recorder.rows[-1]["train_loss"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a,b\n", "its first line is index,label"),
        ("index,label\n99,cat\n", "line 2: '99,cat' names no sample of the 5 there are"),
        ("index,label\n1,cat\n-1,cat\n", "line 3: '-1,cat' names no sample"),
        ("index,label\n1,cow\n", "line 2: no class 'cow'; there is cat, dog"),
    ],
)
def test_a_cleaned_csv_of_something_else(text, fault, tmp_path):
    (tmp_path / "c.csv").write_text(text)
    with pytest.raises(ValueError, match=fault):
        Cleaned([0] * 5, tmp_path / "c.csv", ["cat", "dog"])
    with pytest.raises(ValueError, match="cannot be read"):
        Cleaned([0] * 5, tmp_path / "absent.csv", ["cat", "dog"])
