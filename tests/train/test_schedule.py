import math

import pytest

from dlcore.train import OneCycle, one_cycle
from dlcore.train.schedule import cos_anneal

# fast.ai v1's fit_one_cycle for 10 batches at max_lr 1e-2, worked out from its formula
LR = [4e-4, 2.8e-3, 7.6e-3, 1e-2, 9.504846320e-3, 8.117456539e-3, 6.112620219e-3, 3.887419781e-3, 1.882583461e-3]
LR += [4.951936799e-4]
MOM = [0.95, 0.925, 0.875, 0.85, 0.854952, 0.868826, 0.888874, 0.911126, 0.931174, 0.945048]


class Optimizer:
    def __init__(self, *groups):
        self.param_groups = [dict(group) for group in groups]


def test_golden_numbers():
    for step, (lr, mom) in enumerate(zip(LR, MOM, strict=True)):
        got = one_cycle(step, 10, 1e-2)
        assert got[0] == pytest.approx(lr, rel=1e-9) and got[1] == pytest.approx(mom, abs=5e-7)
    assert one_cycle(10, 10, 1e-2)[0] == pytest.approx(4e-8, rel=1e-9)  # set after the last batch, never used


def test_the_class_sets_the_same_numbers_in_time_for_each_batch():
    optimizer = Optimizer({"lr": 7.0, "betas": (0.9, 0.99)})
    schedule = OneCycle(optimizer, 1e-2, 10)
    for lr, mom in zip(LR, MOM, strict=True):
        group = optimizer.param_groups[0]
        assert group["lr"] == pytest.approx(lr, rel=1e-9)
        assert group["betas"] == (pytest.approx(mom, abs=5e-7), 0.99)
        schedule.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(4e-8)


def test_groups_follow_the_same_curve_to_their_own_peaks_and_sgd_moves_its_momentum():
    optimizer = Optimizer({"lr": 0, "momentum": 0}, {"lr": 0, "momentum": 0})
    schedule = OneCycle(optimizer, [1e-2, 1e-4], 10)
    for lr, mom in zip(LR, MOM, strict=True):
        first, second = optimizer.param_groups
        assert first["lr"] == pytest.approx(lr) and second["lr"] == pytest.approx(lr / 100)
        assert first["momentum"] == second["momentum"] == pytest.approx(mom, abs=5e-7)
        assert "betas" not in first
        schedule.step()


def test_options():
    optimizer = Optimizer({"lr": 0, "betas": (0.9, 0.99)})
    schedule = OneCycle(optimizer, 1.0, 4, moms=(0.8, 0.7), div_factor=10.0, pct_start=0.5, final_div=100.0)
    got = []
    for _ in range(5):
        got.append((optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["betas"][0]))
        schedule.step()
    expected = [(0.1, 0.8), (0.55, 0.75), (1.0, 0.7), (0.505, 0.75), (0.01, 0.8)]
    assert [pytest.approx(pair) for pair in expected] == got


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
    with pytest.raises(ValueError, match="2 learning rates for 1 parameter groups"):
        OneCycle(Optimizer({"lr": 0, "betas": (0.9, 0.99)}), [1e-2, 1e-3], 10)
