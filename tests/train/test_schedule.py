import math

import pytest

from dlcore import nn, optim
from dlcore.train import AdamW, OptimWrapper, Phase, Scheduler, one_cycle
from dlcore.train.schedule import cos_anneal, one_cycle_phases, value_at

# fast.ai v1's fit_one_cycle for 10 batches at max_lr 1e-2, worked out from its formula
LR = [4e-4, 2.8e-3, 7.6e-3, 1e-2, 9.504846320e-3, 8.117456539e-3, 6.112620219e-3, 3.887419781e-3, 1.882583461e-3]
LR += [4.951936799e-4]
MOM = [0.95, 0.925, 0.875, 0.85, 0.854952, 0.868826, 0.888874, 0.911126, 0.931174, 0.945048]


class Group:
    """A Run as far as a Scheduler looks at it."""

    def __init__(self, opt, learn=None):
        self.learn, self.opt, self.iteration = self, opt, 0


def make(opt_func, *lrs, **options):
    """An optimiser over as many layer groups as rates, and the rates and momenta that 11 batches of a cycle set."""
    layers = [[nn.Linear(1, 1)] for _ in lrs]
    opt = OptimWrapper(opt_func, layers)
    run, scheduler = Group(opt), Scheduler(one_cycle_phases(10, lrs, **options))
    scheduler.on_train_begin(run)
    seen = [(opt.lrs, opt.mom)]
    for _ in range(10):
        run.iteration += 1
        scheduler.on_batch_end(run)
        seen.append((opt.lrs, opt.mom))
    return opt, seen


def test_golden_numbers():
    for step, (lr, mom) in enumerate(zip(LR, MOM, strict=True)):
        got = one_cycle(step, 10, 1e-2)
        assert got[0] == pytest.approx(lr, rel=1e-9) and got[1] == pytest.approx(mom, abs=5e-7)
    assert one_cycle(10, 10, 1e-2)[0] == pytest.approx(4e-8, rel=1e-9)  # set after the last batch, never used


def test_the_callback_sets_the_same_numbers_in_time_for_each_batch():
    opt, seen = make(AdamW, 1e-2)
    for ([lr], mom), expected_lr, expected_mom in zip(seen[:10], LR, MOM, strict=True):
        assert lr == pytest.approx(expected_lr, rel=1e-9) and mom == pytest.approx(expected_mom, abs=5e-7)
    assert opt.lr == pytest.approx(4e-8) and opt.param_groups[0]["betas"] == (pytest.approx(0.95), 0.99)


def test_groups_follow_the_same_curve_to_their_own_peaks_and_sgd_moves_its_momentum():
    opt, seen = make(optim.SGD, 1e-4, 1e-2)
    for ([low, high], mom), expected_lr, expected_mom in zip(seen[:10], LR, MOM, strict=True):
        assert high == pytest.approx(expected_lr) and low == pytest.approx(expected_lr / 100)
        assert mom == pytest.approx(expected_mom, abs=5e-7)
    assert "betas" not in opt.param_groups[0]


def test_options():
    phases = one_cycle_phases(4, [1.0], moms=(0.8, 0.7), div_factor=10.0, pct_start=0.5, final_div=100.0)
    expected = [(0.1, 0.8), (0.55, 0.75), (1.0, 0.7), (0.505, 0.75), (0.01, 0.8)]
    assert [pytest.approx(pair) for pair in expected] == [value_at(phases, step, 0) for step in range(5)]
    with pytest.raises(ValueError, match="pct_start must be in"):
        one_cycle_phases(4, [1.0], pct_start=30)


def test_phases_of_one_s_own():
    phases = [Phase(2, ([0.0], [1.0]), anneal="linear"), Phase(4, ([1.0], [1e-2]), anneal="exp"), Phase(1, ([9], [5]))]
    got = [value_at(phases, step, 0)[0] for step in range(9)]
    assert got == pytest.approx([0, 0.5, 1, 10**-0.5, 0.1, 10**-1.5, 1e-2, 5, 5])
    assert Scheduler.from_data(Scheduler(phases, 3).as_data()).phases == phases
    with pytest.raises(ValueError, match="anneal is one of cos, linear, exp, no, not 'cosine'"):
        Phase(1, ([1], [1]), anneal="cosine")


@pytest.mark.parametrize("total", [1, 2, 3])
def test_cycles_too_short_to_climb_still_begin_low(total):
    """int(n · .3) is 0 below 4 batches; fast.ai's first phase then still lasts one step."""
    assert one_cycle(0, total, 1.0) == (pytest.approx(0.04), 0.95)
    assert one_cycle(1, total, 1.0) == (pytest.approx(1.0), pytest.approx(0.85))
    assert one_cycle(2, 3, 1.0)[0] == pytest.approx(cos_anneal(1.0, 4e-6, 1 / 3))


@pytest.mark.parametrize("total", [1, 4, 10, 469, 1407])
def test_rates_stay_within_their_bounds(total):
    steps = [one_cycle(step, total, 0.1) for step in range(total + 5)]
    assert all(0.1 / 2.5e5 * (1 - 1e-9) <= lr <= 0.1 and 0.85 <= mom <= 0.95 and math.isfinite(lr) for lr, mom in steps)
    assert total < 4 or max(lr for lr, _ in steps) == 0.1


def test_rates_and_groups_must_match():
    opt = OptimWrapper(AdamW, [[nn.Linear(1, 1)]])
    with pytest.raises(ValueError, match="2 learning rates for 1 layer groups"):
        Scheduler(one_cycle_phases(10, [1e-2, 1e-3])).on_train_begin(Group(opt))
