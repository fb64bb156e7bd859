import numpy as np
import pytest

import dlcore as dl
from dlcore import recipes
from dlcore.recipes.mnist_resnet import ResBlock, make_model
from dlcore.train.export import build, describe
from tests.synthetic import REAL, write_mnist


def test_the_model():
    model = make_model()
    convs = [9 * i * o for i, o in ((1, 8), (8, 16), (16, 32), (32, 16), (16, 10))]
    blocks = [2 * 9 * n * n for n in (8, 16, 32, 16)]
    norms = 2 * (8 + 16 + 32 + 16 + 10) + 4 * (8 + 16 + 32 + 16)
    assert sum(p.numel() for p in model.parameters()) == sum(convs) + sum(blocks) + norms
    assert model(dl.zeros(2, 1, 28, 28)).shape == (2, 10)
    assert repr(build(describe(model))) == repr(model)


def test_a_block_adds_to_its_input():
    block = ResBlock(4)
    x = dl.randn(2, 4, 5, 5)
    expected = x.numpy() + block.second(block.first(x)).detach().numpy()
    np.testing.assert_allclose(block(x).detach().numpy(), expected, rtol=1e-5, atol=1e-5)


def test_it_learns(tmp_path):
    got = recipes.run("mnist-resnet", data=str(write_mnist(tmp_path, 1000)), epochs=4, bs=32, lr=0.02)
    assert got.metrics["accuracy"] > 0.5


def test_threes_and_sevens(tmp_path):
    got = recipes.run("three-or-seven", data=str(write_mnist(tmp_path, 1000)), bs=16)
    assert got.metrics["accuracy"] > 0.9 and got.tensors["8.0.weight"].shape == (2, 16, 3, 3)


@pytest.mark.slow
@pytest.mark.skipif(not (REAL / "mnist").is_dir(), reason="needs the full MNIST")
def test_the_course_figure_of_threes_and_sevens():
    """Two epochs; the course printed .9946 with a ResNet-18."""
    assert recipes.run("three-or-seven", data=str(REAL / "mnist")).metrics["accuracy"] >= 0.99
