"""nn.utils: clipping, noise, and parameters as one vector; PyTorch beside them where it is installed."""

import math

import numpy as np
import pytest

import dlcore as dl
from dlcore import nn, testing
from dlcore.nn import utils


def parameters(seed=0, dtype=np.float32):
    rng = np.random.default_rng(seed)
    params = [nn.Parameter(dl.tensor(rng.standard_normal(s).astype(dtype))) for s in ((3, 4), (5,), (), (0,))]
    for p in params:
        p.grad = dl.tensor(rng.standard_normal(p.shape).astype(dtype))
    return [*params, nn.Parameter(dl.ones(2))]  # the last one has no gradient


def flat(params):
    return np.concatenate([p.grad.numpy().ravel().astype(np.float64) for p in params if p.grad is not None])


@pytest.mark.parametrize("order", [2, 1, 3.5, math.inf])
@pytest.mark.parametrize("max_norm", [0.5, 1e3])
def test_clip_grad_norm(order, max_norm):
    params = parameters()
    before = flat(params)
    total = utils.clip_grad_norm_(params, max_norm, order)
    norm = np.abs(before).max() if math.isinf(order) else (np.abs(before) ** order).sum() ** (1 / order)
    assert total.shape == () and total.dtype == dl.float32
    testing.assert_close(total.numpy(), np.float32(norm), 1e-6, 0)
    expected = before * min(1, max_norm / (norm + 1e-6))
    testing.assert_close(flat(params), expected, 1e-6, 1e-7)
    if max_norm > norm:
        assert (flat(params) == before).all(), "what is short enough stays, bit for bit"


def test_clip_grad_norm_agrees_with_pytorch():
    torch = pytest.importorskip("torch")
    ours = parameters(dtype=np.float64)
    theirs = [torch.zeros(p.shape, dtype=torch.float64) for p in ours[:-1]]
    for p, q in zip(ours, theirs, strict=False):
        q.grad = torch.tensor(p.grad.numpy().copy())
    a = utils.clip_grad_norm_(ours, 0.7)
    b = torch.nn.utils.clip_grad_norm_(theirs, 0.7)
    testing.assert_close(a.numpy(), b.numpy(), 1e-12, 0)
    testing.assert_close(flat(ours), flat(theirs), 1e-12, 0)


def test_a_norm_that_is_not_finite():
    params = parameters()
    params[0].grad.numpy()[1, 2] = np.nan
    before = flat(params)
    with pytest.raises(
        RuntimeError, match="clip_grad_norm_: the norm of order 2 of the gradients is nan.*check_finite"
    ):
        utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
    np.testing.assert_array_equal(flat(params), before)
    for order in (2, math.inf):
        assert math.isnan(utils.clip_grad_norm_(parameters_with(np.nan), 1.0, order).item())
    assert np.isnan(flat_after(np.nan)).all() and (np.nan_to_num(flat_after(np.inf)) == 0).all()


def parameters_with(value):
    params = parameters()
    params[0].grad.numpy()[1, 2] = value
    return params


def flat_after(value):
    params = parameters_with(value)
    utils.clip_grad_norm_(params, 1.0)
    return flat(params)


def test_clip_grad_norm_of_nothing():
    assert utils.clip_grad_norm_([nn.Parameter(dl.ones(2))], 1.0).item() == 0
    with pytest.raises(ValueError, match="norm_type must be above 0, got 0"):
        utils.clip_grad_norm_(parameters(), 1.0, 0)


def test_clip_grad_value():
    params = parameters()
    before = flat(params)
    first = params[0].grad
    utils.clip_grad_value_(params, 0.3)
    np.testing.assert_array_equal(flat(params).astype(np.float32), np.clip(before, -0.3, 0.3).astype(np.float32))
    assert params[0].grad is first
    utils.clip_grad_value_(params[0], 0.1)
    assert abs(params[0].grad.numpy()).max() <= np.float32(0.1)


def test_gradient_noise_has_the_paper_s_variance():
    for step, eta in ((0, 0.3), (9, 1.0)):
        w = dl.zeros(20_000, requires_grad=True)
        w.grad = dl.full((20_000,), 2.0)
        utils.add_gradient_noise_([w], step, eta)
        noise = w.grad.numpy().astype(np.float64) - 2
        variance = eta / (1 + step) ** 0.55
        assert abs(noise.mean()) < 5 * math.sqrt(variance / 20_000)
        assert abs(noise.var() / variance - 1) < 5 * math.sqrt(2 / 20_000)
    with pytest.raises(ValueError, match="eta and step must not be negative, got eta=-1"):
        utils.add_gradient_noise_([w], 0, -1)


def test_parameters_as_a_vector_and_back():
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    vector = utils.parameters_to_vector(model.parameters())
    assert vector.shape == (3 * 2 + 2 + 2 + 1,)
    (vector * vector).sum().backward()
    weight = model[0].weight
    testing.assert_close(weight.grad, (2 * weight).detach())
    arrays = [p.array for p in model.parameters()]
    utils.vector_to_parameters(dl.arange(11.0), model.parameters())
    assert model[1].bias.tolist() == [10.0] and weight.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert all(p.array is a for p, a in zip(model.parameters(), arrays, strict=True))
    for wrong in (dl.zeros(10), dl.zeros(12), dl.zeros(11, 1)):
        with pytest.raises(dl.ShapeError, match="vector_to_parameters: the parameters take a vector of 11 elements"):
            utils.vector_to_parameters(wrong, model.parameters())
