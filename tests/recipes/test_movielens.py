import numpy as np
import pytest

import dlcore as dl
from dlcore import recipes
from dlcore.recipes.movielens import DotBias, small_embedding
from tests.synthetic import REAL, ratings_text


def test_embeddings_begin_small_and_within_two_deviations():
    dl.manual_seed(0)
    w = small_embedding(2000, 40).weight.detach().numpy() * 100
    assert np.abs(w).max() <= 2 and abs(w.mean()) < 0.02
    assert w.var() == pytest.approx(0.74976, rel=0.02)  # ∫ fmod(x, 2)² φ(x) dx


def test_the_prediction_is_the_formula():
    model = DotBias(5, 7)
    random = np.random.RandomState(0)
    for p in model.parameters():
        with dl.no_grad():
            p.copy_(dl.from_numpy(random.randn(*p.shape).astype(np.float32)))
    user, item = np.array([0, 4, 2]), np.array([6, 0, 3])
    u, i, ub, ib = (
        e.weight.detach().numpy().astype("f8") for e in (model.user, model.item, model.user_bias, model.item_bias)
    )
    raw = (u[user] * i[item]).sum(1) + ub[user, 0] + ib[item, 0]
    got = model(dl.from_numpy(user), dl.from_numpy(item))
    assert got.shape == (3,)
    np.testing.assert_allclose(got.detach().numpy(), 5.5 / (1 + np.exp(-raw)), rtol=1e-4)


def test_it_learns(tmp_path):
    """The made-up ratings follow (user + film) mod 5, which a dot product can learn; guessing the mean gives 2."""
    (tmp_path / "ratings.csv").write_text(ratings_text(4000))
    got = recipes.run("movielens", data=str(tmp_path), epochs=15, lr=0.02)
    assert got.metrics["mse"] < 0.5 and got.metrics["mse"] == pytest.approx(got.epochs[-1]["valid_loss"], rel=1e-5)
    assert {name: t.shape for name, t in got.tensors.items()} == {
        "user.weight": (21, 40),
        "item.weight": (31, 40),
        "user_bias.weight": (21, 1),
        "item_bias.weight": (31, 1),
    }


@pytest.mark.slow
@pytest.mark.skipif(not (REAL / "movielens_100k").is_dir(), reason="needs MovieLens 100K")
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_course_figure(seed):
    """Five epochs; the course printed .8147."""
    assert recipes.run("movielens", data=str(REAL / "movielens_100k"), seed=seed).metrics["mse"] <= 0.82
