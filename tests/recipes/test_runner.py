import importlib
import io
import json

import numpy as np
import pytest

import dlcore as dl
from dlcore import recipes
from dlcore.formats import load, load_metadata
from dlcore.recipes import RECIPES, Result, SettingError
from dlcore.train import Progress
from tests.synthetic import write_mnist


@pytest.fixture
def mnist_dir(tmp_path):
    (tmp_path / "mnist").mkdir()
    return write_mnist(tmp_path / "mnist")


def result(**metrics):
    settings = {"epochs": 1, "bs": 2, "lr": 0.1, "seed": 5, "threads": 2, "workers": 0, "data": "/secret/folder"}
    rows = [{"epoch": 1, "train_loss": float("inf"), "accuracy": 0.5, "time": 1.25}]
    return Result("mnist-mlp", settings, {"w": np.ones((2, 3), np.float32)}, rows, metrics or {"accuracy": 0.5})


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_a_short_module_of_one_shape(name):
    module = recipes.load_recipe(name)
    assert module.__doc__ and module.DEFAULT_DATA and callable(module.train)
    assert recipes.resolve(module.DEFAULTS) == module.DEFAULTS
    assert set(getattr(module, "IGNORES", ())) <= {"bs", "workers", "data", "device"}
    with open(module.__file__) as file:
        assert len(file.readlines()) <= 80


def test_unknown_names():
    for name, text in (
        ("mnist-cn", "no recipe 'mnist-cn'; did you mean mnist-cnn?"),
        ("movieLens", "did you mean movielens?"),
        ("zzz", "no recipe 'zzz'; there are sgd-from-scratch, mnist-mlp, mnist-cnn, mnist-resnet"),
        ("../settings", "no recipe '../settings'"),
    ):
        with pytest.raises(SettingError) as info:
            recipes.load_recipe(name)
        assert text in str(info.value)


def test_settings_are_checked_before_anything_is_read():
    with pytest.raises(SettingError, match="--bs"):
        recipes.run("mnist-mlp", data="/nowhere", bs=0)


def test_a_batch_larger_than_the_data_is_a_setting_error(mnist_dir):
    with pytest.raises(SettingError, match="--bs 401 is more than the 400 training samples"):
        recipes.run("mnist-mlp", data=str(mnist_dir), bs=401)


def test_the_result_says_what_was_run(mnist_dir):
    before = dl.get_num_threads()
    stream = io.StringIO()
    got = recipes.run("mnist-mlp", Progress(stream), data=str(mnist_dir), epochs=2, seed=3, threads=1, workers=1)
    dl.set_num_threads(before)
    assert got.summary() == {
        "recipe": "mnist-mlp",
        "seed": 3,
        "settings": {
            "epochs": 2,
            "bs": 64,
            "lr": 0.01,
            "seed": 3,
            "threads": 1,
            "workers": 1,
            "data": str(mnist_dir),
            "device": "cpu",
        },  # fmt: skip
        "epochs": got.epochs,
        "metrics": {"accuracy": got.epochs[-1]["accuracy"]},
    }
    lines = stream.getvalue().splitlines()
    assert lines[0] == f"mnist-mlp: epochs 2, bs 64, lr 0.01, seed 3, data {mnist_dir}" and len(lines) == 4


def test_saved_files(tmp_path):
    weights, report = recipes.save(result(), tmp_path / "new" / "folder")
    assert sorted(path.name for path in weights.parent.iterdir()) == ["mnist-mlp.json", "mnist-mlp.safetensors"]
    np.testing.assert_array_equal(load(weights)["w"].numpy(), np.ones((2, 3)))
    saved = json.loads(report.read_text(), parse_constant=pytest.fail)
    assert saved == result().summary()
    assert saved["epochs"][0]["train_loss"] is None


def test_weights_say_nothing_that_does_not_decide_them(tmp_path):
    weights, _ = recipes.save(result(), tmp_path)
    assert load_metadata(weights) == {
        "recipe": "mnist-mlp",
        "settings": {"epochs": 1, "bs": 2, "lr": 0.1, "seed": 5},
        "metrics": {"accuracy": 0.5},
    }
    assert b"secret" not in weights.read_bytes()


def test_numbers_that_are_not_finite_become_null(tmp_path):
    weights, report = recipes.save(result(mse=float("nan")), tmp_path)
    assert json.loads(report.read_text(), parse_constant=pytest.fail)["metrics"] == {"mse": None}
    assert load_metadata(weights)["metrics"] == {"mse": None}


def test_recipes_are_imported_when_they_are_asked_for():
    assert importlib.import_module("dlcore").recipes is recipes
