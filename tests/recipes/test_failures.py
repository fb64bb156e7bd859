"""The recipes that teach by failure: what they claim holds on 4000 real digits, and their pictures can be looked at."""

import gzip

import pytest

from dlcore import recipes
from dlcore.data.mnist import mnist
from dlcore.recipes import SettingError
from tests.synthetic import REAL, idx_bytes, write_mnist

NAMES = ("lr-too-high", "lr-too-low", "too-few-epochs", "overfitting", "batch-vs-minibatch", "optimizers")
NAMES += ("linear-activation",)


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A folder with every fifteenth digit of the training set and every tenth of the other, or with made-up ones."""
    folder = tmp_path_factory.mktemp("digits")
    if not (REAL / "mnist").is_dir():
        return write_mnist(folder, 4000, 1000)
    for part, data, step in zip(("train", "t10k"), mnist(REAL / "mnist"), (15, 10), strict=True):
        images, labels = data.arrays[0][::step, 0], data.arrays[1][::step].astype("u1")
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            (folder / f"{part}-{name}-ubyte.gz").write_bytes(gzip.compress(idx_bytes(array), 1))
    return folder


@pytest.fixture(scope="module")
def results(digits):
    return {name: recipes.run(name, data=str(digits)) for name in NAMES}


def test_every_one_shows_its_fits_in_a_picture(results, tmp_path):
    pytest.importorskip("matplotlib")
    for name, result in results.items():
        path = recipes.save_picture(result, tmp_path)
        assert path == tmp_path / f"{name}.png" and path.read_bytes().startswith(b"\x89PNG")
        figure = result.picture()
        labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
        fits = {row["fit"] for row in result.epochs}
        assert len(labels) == len(fits) + 1 and fits == set(range(1, len(fits) + 1))
        assert not result.diverged


def test_others_have_none(tmp_path):
    result = recipes.run("sgd-from-scratch", epochs=1)
    assert recipes.save_picture(result, tmp_path) is None and not list(tmp_path.iterdir())


@pytest.mark.skipif(not (REAL / "mnist").is_dir(), reason="needs real digits")
def test_what_they_claim(results):
    got = {name: result.metrics for name, result in results.items()}
    assert got["lr-too-high"]["accuracy"] < 0.6 < 0.85 < got["lr-too-high"]["accuracy_at_a_fiftieth"]
    assert got["lr-too-low"]["accuracy"] < 0.6 < 0.9 < got["lr-too-low"]["accuracy_at_1000_times"]
    early = results["lr-too-low"].epochs[5]
    assert early["fit"] == 2 and early["train_loss"] > early["valid_loss"]  # also where the rate is right
    few = got["too-few-epochs"]
    assert few["accuracy_after_one"] + 0.02 < few["accuracy"]
    over = got["overfitting"]
    assert over["valid_loss_of_few"] > 1.2 * over["least_valid_loss_of_few"]
    assert over["accuracy"] > over["accuracy_of_few"] + 0.03
    batch = got["batch-vs-minibatch"]
    assert batch["accuracy"] > batch["accuracy_of_100"] + 0.03 > batch["accuracy_of_all_at_once"] + 0.06
    assert len(got["optimizers"]) == 10 and min(got["optimizers"].values()) > 0.7
    linear = got["linear-activation"]
    assert abs(linear["accuracy_linear"] - linear["accuracy_single"]) < 0.025
    assert linear["accuracy"] > linear["accuracy_linear"] + 0.02 and linear["accuracy_linear"] > 0.85


def test_too_few_digits_are_a_setting_error(tmp_path):
    with pytest.raises(SettingError, match="needs 1000 training samples; --data has 400"):
        recipes.run("batch-vs-minibatch", data=str(write_mnist(tmp_path)))
