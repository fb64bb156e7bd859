import numpy as np
import pytest

import dlcore as dl
from dlcore import nn, optim
from dlcore.train import AdamW, OptimWrapper

from .common import net


def one_number(opt_func=AdamW, lr=3e-3, wd=0.01, **options):
    layer = nn.Module()
    layer.w = nn.Parameter(dl.tensor([1.0], dtype=dl.float64))
    return layer.w, OptimWrapper(opt_func, [[layer]], lr, wd, **options)


def follow(w, opt, gradients=(0.5, -0.2, 0.1)):
    seen = []
    for g in gradients:
        w.grad = dl.tensor([g], dtype=dl.float64)
        opt.step()
        seen.append(w.item())
    return seen


def test_the_golden_numbers_of_decoupled_decay():
    """w = 1, g = .5, -.2, .1, lr 3e-3, wd .01, betas (.9, .99); SEMANTICS 3.5."""
    assert follow(*one_number()) == pytest.approx([0.996970000, 0.995901570, 0.994729378], abs=1e-9)


@pytest.mark.parametrize("opt_func", [optim.SGD, optim.Adam, optim.RMSprop, optim.Adagrad, optim.NAdam])
def test_decay_is_decoupled_from_any_rule(opt_func):
    """p · (1 - lr·wd), then the rule as if there were no decay."""
    w, opt = one_number(opt_func, lr=0.1, wd=0.5)
    plain, without = one_number(opt_func, lr=0.1, wd=0.0)
    for g in (0.5, -0.2, 0.1):
        before = w.item()
        with dl.no_grad():
            plain.fill_(before * (1 - 0.1 * 0.5))
        assert follow(w, opt, [g]) == pytest.approx(follow(plain, without, [g]), rel=1e-12)


@pytest.mark.parametrize("opt_func", [AdamW, optim.Adam, optim.SGD])
def test_without_true_wd_it_goes_through_the_gradient(opt_func):
    w, opt = one_number(opt_func, lr=0.1, wd=0.5, true_wd=False)
    plain, without = one_number(opt_func, lr=0.1, wd=0.0)
    for g in (0.5, -0.2, 0.1):
        expected = follow(plain, without, [g + 0.5 * w.item()])
        assert follow(w, opt, [g]) == pytest.approx(expected, rel=1e-9)
        with dl.no_grad():
            plain.fill_(w.item())


def test_what_has_no_gradient_is_not_decayed():
    for opt_func in (AdamW, optim.SGD):
        w, opt = one_number(opt_func, wd=0.5)
        opt.step()
        assert w.item() == 1


@pytest.mark.parametrize("opt_func", [AdamW, optim.SGD])
@pytest.mark.parametrize("bn_wd", [True, False])
def test_norms_and_biases_are_decayed_only_with_bn_wd(opt_func, bn_wd):
    model = net(norm=True)
    opt = OptimWrapper(opt_func, [list(model.modules())], 0.1, 0.5, bn_wd=bn_wd)
    before = {name: p.detach().numpy().copy() for name, p in model.named_parameters()}
    for p in model.parameters():
        p.grad = dl.zeros(*p.shape)
    opt.step()
    for name, p in model.named_parameters():
        decayed = bn_wd or name in ("0.weight", "3.weight")
        np.testing.assert_allclose(p.detach().numpy(), before[name] * (0.95 if decayed else 1), rtol=1e-6)


def test_rates_by_group_and_one_momentum():
    model = net(norm=True)
    opt = OptimWrapper(AdamW, [[model[0]], [model[1], model[2]], [model[3]]])
    opt.set_lrs([1.0, 2.0, 3.0])
    opt.mom = 0.7
    assert [g["lr"] for g in opt.param_groups] == [1, 1, 2, 2, 3, 3] and opt.lrs == [1, 2, 3] and opt.lr == 3
    assert {g["betas"] for g in opt.param_groups} == {(0.7, 0.99)} and opt.mom == 0.7
    assert [len(g["params"]) for g in opt.param_groups] == [1, 1, 0, 2, 1, 1]
    assert OptimWrapper(optim.Adagrad, [[model[0]]]).mom is None


def test_state_of_another_optimiser_is_refused():
    _, adam = one_number()
    _, sgd = one_number(optim.SGD)
    with pytest.raises(ValueError, match="the saved optimiser is AdamW, this Learner's SGD"):
        sgd.load_state_dict(adam.state_dict())
