import pytest

import dlcore as dl
from dlcore import recipes
from dlcore.recipes.mnist_cnn import make_model
from tests.synthetic import REAL, write_mnist


def test_the_model_has_the_course_s_12126_parameters():
    model = make_model()
    assert sum(p.numel() for p in model.parameters()) == 12_126
    assert model(dl.zeros(2, 1, 28, 28)).shape == (2, 10)


def test_it_learns(tmp_path):
    got = recipes.run("mnist-cnn", data=str(write_mnist(tmp_path, 1000)), epochs=4, bs=32, lr=0.02)
    assert got.metrics["accuracy"] > 0.5  # the classes are bars that rand_pad shifts onto each other


def test_equal_bytes_at_any_number_of_threads_and_workers(tmp_path):
    data = str(write_mnist(tmp_path, 600))
    files = []
    for threads, workers in ((1, 0), (2, 0), (2, 2), (1, 2)):
        got = recipes.run("mnist-cnn", data=data, epochs=2, threads=threads, workers=workers)
        files.append(recipes.save(got, tmp_path / f"{threads}{workers}")[0].read_bytes())
    assert files[0] == files[1] == files[2] == files[3]
    other = recipes.save(recipes.run("mnist-cnn", data=data, epochs=2, seed=1), tmp_path / "other")[0]
    assert other.read_bytes() != files[0]


@pytest.mark.slow
@pytest.mark.skipif(not (REAL / "mnist").is_dir(), reason="needs the full MNIST")
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_course_figure(seed):
    """Three epochs on 60 000 digits; the course printed .9886."""
    assert recipes.run("mnist-cnn", data=str(REAL / "mnist"), seed=seed).metrics["accuracy"] >= 0.985
