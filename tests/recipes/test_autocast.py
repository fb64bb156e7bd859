"""The course's digits with bfloat16 products: the bounds that float32 is held to."""

import pytest

import dlcore as dl
from dlcore import recipes
from tests.synthetic import REAL, write_mnist


def test_it_learns(tmp_path):
    with dl.autocast("bfloat16"):
        got = recipes.run("mnist-cnn", data=str(write_mnist(tmp_path, 1000)), epochs=4, bs=32, lr=0.02)
    assert got.metrics["accuracy"] > 0.5  # as test_mnist_cnn.py asks of float32


@pytest.mark.slow
@pytest.mark.skipif(not (REAL / "mnist").is_dir(), reason="needs the full MNIST")
@pytest.mark.parametrize(("name", "least"), [("mnist-mlp", 0.955), ("mnist-cnn", 0.985)])
def test_the_course_figures(name, least):
    """On 60 000 digits, by the floors of test_mnist_mlp.py and test_mnist_cnn.py."""
    with dl.autocast("bfloat16"):
        assert recipes.run(name, data=str(REAL / "mnist")).metrics["accuracy"] >= least
