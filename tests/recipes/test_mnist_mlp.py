import pytest

from dlcore import recipes
from dlcore.recipes.mnist_mlp import make_model
from tests.synthetic import REAL, write_mnist


def test_the_model():
    assert [p.shape for p in make_model().parameters()] == [(50, 784), (50,), (10, 50), (10,)]


def test_it_learns(tmp_path):
    got = recipes.run("mnist-mlp", data=str(write_mnist(tmp_path)), epochs=5)
    assert got.metrics["accuracy"] > 0.9
    assert {name: t.shape for name, t in got.tensors.items()}["1.weight"] == (50, 784)


@pytest.mark.slow
@pytest.mark.skipif(not (REAL / "mnist").is_dir(), reason="needs the full MNIST")
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_course_figure(seed):
    """One epoch on 60 000 digits; the course printed .9635."""
    assert recipes.run("mnist-mlp", data=str(REAL / "mnist"), seed=seed).metrics["accuracy"] >= 0.955
