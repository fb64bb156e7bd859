"""Schedules over 200 steps: beside PyTorch's, against closed forms in NumPy, saved and resumed, and their mistakes."""

import json
import math

import numpy as np
import pytest

import dlcore as dl
from dlcore import optim
from dlcore.optim import lr_scheduler

STEPS = 200


def optimizer(lib_optim=optim, name="SGD", lib=dl, **options):
    def leaf():
        return lib.zeros(1, requires_grad=True)

    options = options or ({"momentum": 0.9} if name == "SGD" else {})
    return getattr(lib_optim, name)([{"params": [leaf()]}, {"params": [leaf()], "lr": 0.3}], lr=0.7, **options)


def rates(opt, schedule, steps=STEPS):
    seen = []
    for _ in range(steps):
        seen.append([group["lr"] for group in opt.param_groups])
        opt.step()
        schedule.step()
    return np.array(seen)


def inverse(t):
    return 1 / (1 + 0.1 * t)


SCHEDULES = [  # name, options, the factor of initial_lr at step t, with initial_lr b
    ("StepLR", {"step_size": 30, "gamma": 0.5}, lambda t, b: 0.5 ** (t // 30)),
    ("StepLR", {"step_size": 1, "gamma": 0.99}, lambda t, b: 0.99**t),
    ("MultiStepLR", {"milestones": [10, 50, 50, 120], "gamma": 0.3}, lambda t, b: 0.3 ** bisect([10, 50, 50, 120], t)),
    ("ExponentialLR", {"gamma": 0.97}, lambda t, b: 0.97**t),
    ("ConstantLR", {"factor": 0.25, "total_iters": 40}, lambda t, b: np.where(t < 40, 0.25, 1.0)),
    ("LinearLR", {"start_factor": 0.1, "total_iters": 60}, lambda t, b: 0.1 + 0.9 * np.minimum(t, 60) / 60),
    (
        "LinearLR",
        {"start_factor": 1.0, "end_factor": 0.2, "total_iters": 7},
        lambda t, b: 1 - 0.8 * np.minimum(t, 7) / 7,
    ),
    ("LambdaLR", {"lr_lambda": inverse}, lambda t, b: 1 / (1 + 0.1 * t)),
    ("CosineAnnealingLR", {"T_max": 50}, lambda t, b: (1 + np.cos(np.pi * t / 50)) / 2),
    (
        "CosineAnnealingLR",
        {"T_max": 199, "eta_min": 0.1},
        lambda t, b: (0.1 + (b - 0.1) * (1 + np.cos(np.pi * t / 199)) / 2) / b,
    ),
    ("CosineAnnealingWarmRestarts", {"T_0": 30}, lambda t, b: (1 + np.cos(np.pi * (t % 30) / 30)) / 2),
    ("CosineAnnealingWarmRestarts", {"T_0": 7, "T_mult": 2, "eta_min": 0.01}, lambda t, b: restarts(t, b)),
]


def bisect(milestones, t):
    return (np.array(milestones)[:, None] <= t).sum(0)


def restarts(t, b):
    starts = np.array([7 * (2**k - 1) for k in range(8)])
    k = np.searchsorted(starts, t, side="right") - 1
    return (0.01 + (b - 0.01) * (1 + np.cos(np.pi * (t - starts[k]) / (7 * 2.0**k))) / 2) / b


IDS = [f"{s[0]}-{i}" for i, s in enumerate(SCHEDULES)]


@pytest.mark.parametrize(("name", "options", "factor"), SCHEDULES, ids=IDS)
def test_closed_form(name, options, factor):
    opt = optimizer()
    got = rates(opt, getattr(lr_scheduler, name)(opt, **options))
    t = np.arange(STEPS)
    for k, base in enumerate((0.7, 0.3)):
        np.testing.assert_allclose(got[:, k], base * factor(t, base), rtol=1e-9, atol=1e-12)


ONE_CYCLE = [
    {"max_lr": 0.5, "total_steps": STEPS},
    {"max_lr": [0.5, 1.0], "epochs": 10, "steps_per_epoch": 20, "pct_start": 0.45, "anneal_strategy": "linear"},
    {"max_lr": 0.5, "total_steps": STEPS, "three_phase": True, "div_factor": 10.0, "final_div_factor": 100.0},
    {"max_lr": 0.5, "total_steps": STEPS, "base_momentum": 0.6, "max_momentum": [0.9, 0.8]},
    {"max_lr": 0.5, "total_steps": STEPS, "cycle_momentum": False},
]


@pytest.mark.parametrize(("name", "options"), [s[:2] for s in SCHEDULES], ids=IDS)
def test_agrees_with_pytorch(name, options):
    torch = pytest.importorskip("torch")
    ours, theirs = optimizer(), optimizer(torch.optim, lib=torch)
    a = rates(ours, getattr(lr_scheduler, name)(ours, **options))
    b = rates(theirs, getattr(torch.optim.lr_scheduler, name)(theirs, **options))
    np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("options", ONE_CYCLE)
@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop"])
def test_one_cycle_agrees_with_pytorch(name, options):
    torch = pytest.importorskip("torch")
    kinds = []
    for lib, o in ((dl, optim), (torch, torch.optim)):
        opt = optimizer(o, name, lib)
        schedule = o.lr_scheduler.OneCycleLR(opt, **options)
        seen = []
        for _ in range(STEPS):
            seen.append([(g["lr"], g["betas"][0] if "betas" in g else g["momentum"]) for g in opt.param_groups])
            opt.step()
            schedule.step()
        kinds.append(np.array(seen))
    np.testing.assert_allclose(kinds[0], kinds[1], rtol=1e-12, atol=1e-15)


def test_one_cycle_by_its_formula():
    opt = optimizer()
    schedule = lr_scheduler.OneCycleLR(opt, max_lr=0.5, total_steps=100)
    t, climb = np.arange(100), 29.0
    up = np.clip(t / climb, 0, 1)
    down = np.clip((t - climb) / (99 - climb), 0, 1)
    expected = np.where(
        t <= climb,
        0.5 + (0.02 - 0.5) / 2 * (1 + np.cos(np.pi * up)),
        2e-6 + (0.5 - 2e-6) / 2 * (1 + np.cos(np.pi * down)),
    )
    np.testing.assert_allclose(rates(opt, schedule, 100)[:, 0], expected, rtol=1e-12)
    with pytest.raises(ValueError, match="OneCycleLR: step 101 of 100: the cycle is over"):
        schedule.step()


PLATEAU = [
    {},
    {"mode": "max", "factor": 0.5, "patience": 3, "threshold": 0.05, "cooldown": 4},
    {"threshold_mode": "abs", "threshold": 0.02, "patience": 0, "min_lr": [0.05, 0.1], "factor": 0.7},
    {"mode": "max", "threshold_mode": "abs", "threshold": 0.1, "patience": 2, "eps": 0.05},
]


@pytest.mark.parametrize("options", PLATEAU)
def test_plateau_agrees_with_pytorch(options):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    metrics = np.abs(rng.standard_normal(STEPS)) + 3 * np.exp(-np.arange(STEPS) / 30)
    metrics[[20, 21]] = np.nan
    ours, theirs = optimizer(), optimizer(torch.optim, lib=torch)
    a = lr_scheduler.ReduceLROnPlateau(ours, **options)
    b = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, **options)
    for m in metrics:
        a.step(m)
        b.step(m)
        assert a.get_last_lr() == [g["lr"] for g in theirs.param_groups] == [g["lr"] for g in ours.param_groups]
    assert a.get_last_lr()[0] < 0.7


def test_plateau_waits_then_falls_then_cools_down():
    opt = optimizer()
    schedule = lr_scheduler.ReduceLROnPlateau(opt, factor=0.5, patience=2, cooldown=2)
    seen = []
    for loss in [dl.tensor(1.0), 0.5, *[0.5] * 9]:
        schedule.step(loss)
        seen.append(schedule.get_last_lr()[0])
    assert seen == [0.7] * 4 + [0.35] * 5 + [0.175] * 2


def test_a_warm_up_and_a_decay_together():
    opt = optimizer()
    warm = lr_scheduler.LinearLR(opt, start_factor=0.1, total_iters=10)
    decay = lr_scheduler.ExponentialLR(opt, gamma=0.9)
    seen = []
    for _ in range(20):
        seen.append(opt.param_groups[0]["lr"])
        warm.step()
        decay.step()
    t = np.arange(20)
    np.testing.assert_allclose(seen, 0.7 * (0.1 + 0.9 * np.minimum(t, 10) / 10) * 0.9**t, rtol=1e-12)


EVERY = [s[:2] for s in SCHEDULES] + [("OneCycleLR", ONE_CYCLE[0])]


@pytest.mark.parametrize(("name", "options"), EVERY)
def test_saved_and_resumed_in_the_middle(name, options):
    whole_opt = optimizer()
    whole = rates(whole_opt, getattr(lr_scheduler, name)(whole_opt, **options), 80)
    first = optimizer()
    schedule = getattr(lr_scheduler, name)(first, **options)
    rates(first, schedule, 33)
    saved, of_optimizer = json.loads(json.dumps(schedule.state_dict())), first.state_dict()
    second = optimizer()
    again = getattr(lr_scheduler, name)(second, **options)
    again.load_state_dict(schedule.state_dict())
    second.load_state_dict(of_optimizer)
    np.testing.assert_array_equal(rates(second, again, 47), whole[33:])
    assert saved["last_epoch"] == 33 and "optimizer" not in saved


def test_resumed_by_last_epoch():
    one = optimizer()
    schedule = lr_scheduler.StepLR(one, 10, 0.5)
    whole = rates(one, schedule, 40)
    two = optimizer()
    first = lr_scheduler.StepLR(two, 10, 0.5)
    rates(two, first, 14)
    three = optimizer()
    three.load_state_dict(two.state_dict())
    np.testing.assert_array_equal(rates(three, lr_scheduler.StepLR(three, 10, 0.5, last_epoch=13), 26), whole[14:])


def test_warm_restarts_within_an_epoch():
    opt = optimizer()
    schedule = lr_scheduler.CosineAnnealingWarmRestarts(opt, T_0=2, T_mult=3)
    for epoch, part in ((0.5, 0.25), (1.999, 0.9995), (2.0, 0.0), (5.0, 0.5), (8.0, 0.0), (17, 0.5)):
        schedule.step(epoch)
        assert opt.param_groups[0]["lr"] == pytest.approx(0.7 * (1 + math.cos(math.pi * part)) / 2, rel=1e-12)
    assert schedule.last_epoch == 17


def test_mistakes():
    opt = optimizer()
    cases = [
        (lambda: lr_scheduler.StepLR(1, 2), TypeError, "StepLR: needs an optimizer, got int"),
        (lambda: lr_scheduler.StepLR(opt, 0), ValueError, "step_size must be at least 1, got 0"),
        (lambda: lr_scheduler.StepLR(optimizer(), 1, last_epoch=3), KeyError, "group 0 has no 'initial_lr'"),
        (lambda: lr_scheduler.CosineAnnealingLR(opt, 0), ValueError, "T_max must be at least 1"),
        (lambda: lr_scheduler.CosineAnnealingWarmRestarts(opt, 1.5), ValueError, "T_0 must be a whole number"),
        (lambda: lr_scheduler.LinearLR(opt, 0), ValueError, r"start_factor must be in \(0, 1\], got 0"),
        (lambda: lr_scheduler.LambdaLR(opt, [inverse]), ValueError, "lr_lambda has 1 entries for 2 parameter groups"),
        (lambda: lr_scheduler.OneCycleLR(opt, 1.0), ValueError, "needs total_steps, or epochs and steps_per_epoch"),
        (lambda: lr_scheduler.OneCycleLR(opt, [1.0], 9), ValueError, "max_lr has 1 entries for 2 parameter groups"),
        (lambda: lr_scheduler.OneCycleLR(opt, 1.0, 9, anneal_strategy="x"), ValueError, 'is "cos" or "linear"'),
        (lambda: lr_scheduler.OneCycleLR(optimizer(name="Adadelta"), 1.0, 9), ValueError, "pass cycle_momentum=False"),
        (lambda: lr_scheduler.ReduceLROnPlateau(opt, "least"), ValueError, 'mode is "min" or "max"'),
        (lambda: lr_scheduler.ReduceLROnPlateau(opt, factor=1.0), ValueError, "factor must be below 1, got 1.0"),
    ]
    for make, error, text in cases:
        with pytest.raises(error, match=text):
            make()
    schedule = lr_scheduler.ExponentialLR(opt, 0.9)
    opt.add_param_group({"params": [dl.zeros(1, requires_grad=True)]})
    with pytest.raises(ValueError, match="made for 2 parameter groups, but the optimizer now has 3"):
        schedule.step()
