"""What the commands do when all is well."""

import json

import pytest

import dlcore as dl
from dlcore import recipes
from dlcore.formats import load

from ..isas import vector_isa


def test_alone_it_prints_help(run):
    code, out, err = run()
    assert (code, err) == (0, "")
    assert "Usage: dlcore" in out and "train" in out and "info" in out and "data" in out


def test_version(run):
    assert run("--version") == (0, f"dlcore {dl.__version__}\n", "")


def test_train_help_lists_recipes_and_flags(run):
    code, out, _ = run("train", "--help")
    assert code == 0
    for word in (*recipes.RECIPES, *"--epochs --bs --lr --seed --threads --workers --data --out --json".split()):
        assert word in out


def test_train_saves_and_reports(run, files, mnist_dir):
    code, out, err = run("train", "mnist-mlp", "--data", mnist_dir)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[1].split() == ["epoch", "train_loss", "valid_loss", "accuracy", "time"]
    assert lines[2].split()[0] == "1"
    assert lines[-1] == "saved models/mnist-mlp.safetensors and models/mnist-mlp.json"
    assert files() == ["./models/mnist-mlp.json", "./models/mnist-mlp.safetensors"]
    assert load("models/mnist-mlp.safetensors")["1.weight"].shape == (50, 784)


def test_a_recipe_s_picture_is_saved_beside_its_weights(run, files, mnist_dir):
    pytest.importorskip("matplotlib")
    code, out, err = run("train", "lr-too-high", "--data", mnist_dir, "--out", "o")
    assert (code, err) == (0, "") and out.splitlines()[-1] == "saved o/lr-too-high.png"
    assert files() == ["./o/lr-too-high.json", "./o/lr-too-high.png", "./o/lr-too-high.safetensors"]


def test_without_matplotlib_one_line_says_so(run, files, mnist_dir, monkeypatch):
    from dlcore.train import plots

    def absent():
        raise ImportError("plots need matplotlib: pip install 'dlcore[plot]'")

    monkeypatch.setattr(plots, "_figure_class", absent)
    code, _, err = run("train", "lr-too-high", "--data", mnist_dir, "--out", "o")
    assert code == 0 and err == "dlcore: no picture: plots need matplotlib: pip install 'dlcore[plot]'\n"
    assert len(files()) == 2


def test_json_is_the_last_line_and_alone_on_stdout(run, mnist_dir):
    args = (
        "train",
        "mnist-mlp",
        "--data",
        mnist_dir,
        "--epochs",
        2,
        "--seed",
        3,
        "--threads",
        1,
        "--out",
        "o",
        "--json",
    )
    code, out, err = run(*args)
    assert code == 0 and out.count("\n") == 1 and "train_loss" in err
    got = json.loads(out, parse_constant=pytest.fail)
    assert list(got) == ["recipe", "seed", "settings", "epochs", "metrics"]
    assert (got["recipe"], got["seed"]) == ("mnist-mlp", 3)
    settings = {
        "epochs": 2,
        "bs": 64,
        "lr": 0.01,
        "seed": 3,
        "threads": 1,
        "workers": 0,
        "data": str(mnist_dir),
        "device": "cpu",
    }
    assert got["settings"] == settings
    assert [row["epoch"] for row in got["epochs"]] == [1, 2]
    assert got["metrics"] == {"accuracy": got["epochs"][-1]["accuracy"]}
    with open("o/mnist-mlp.json") as file:
        assert json.load(file) == got


def test_flags_that_a_recipe_has_no_use_for_are_named_and_change_nothing(run):
    code, out, err = run("train", "sgd-from-scratch", "--bs", "5", "--workers", "2", "--json")
    assert code == 0 and err.startswith("dlcore: sgd-from-scratch does not use --bs --workers\n")
    settings = json.loads(out)["settings"]
    assert (settings["bs"], settings["workers"]) == (100, 0)


def test_data_list_and_fetch(run):
    code, out, err = run("data")
    assert (code, err) == (0, "") and out == run("data", "list")[1]
    assert "mnist-5k" in out and "ml-100k" in out and out.count("not fetched") == 2


def test_info(run):
    code, out, err = run("info")
    assert (code, err) == (0, "")
    assert f"dlcore    {dl.__version__}" in out and f"threads   {dl.get_num_threads()}" in out
    assert "activation" in out or "relu" in out


def test_info_as_json(run):
    code, out, err = run("info", "--json")
    assert (code, err) == (0, "")
    facts = json.loads(out)
    assert facts["version"] == dl.__version__ and facts["threads"] == dl.get_num_threads()
    assert set(facts["optional"]) == {"pip", "torch"} and facts["cuda"] in (True, False)
    keys = [(k["op"], k["device"], k["dtype"]) for k in facts["kernels"]]
    assert len(keys) == len(set(keys)) <= facts["kernels_built"]
    assert all(
        k["isa"] == vector_isa(facts["isa"]) for k in facts["kernels"] if (k["op"], k["device"]) == ("copy", "cpu")
    )
