import pytest

from dlcore.recipes import SettingError, Settings, resolve

DEFAULTS = Settings(epochs=3, bs=64, lr=1e-2)


def test_what_is_given_wins_and_none_is_not_given():
    got = resolve(DEFAULTS, epochs=1, bs=None, lr=0.5, seed=7, threads=2, workers=3, data="d")
    assert got == Settings(1, 64, 0.5, 7, 2, 3, "d")
    assert resolve(DEFAULTS) == DEFAULTS


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"epochs": 0}, "--epochs must be at least 1, not 0"),
        ({"epochs": -3}, "--epochs must be at least 1, not -3"),
        ({"epochs": 10**7}, "--epochs must be at most 1000000"),
        ({"bs": 0}, "--bs must be at least 1, not 0"),
        ({"seed": -1}, "--seed must be at least 0, not -1"),
        ({"seed": 2**63}, "--seed must be at most 9223372036854775807"),
        ({"threads": 0}, "--threads must be at least 1, not 0"),
        ({"threads": 10**6}, "--threads must be at most 1024"),
        ({"workers": -1}, "--workers must be at least 0, not -1"),
        ({"workers": 10**6}, "--workers must be at most 1024"),
        ({"lr": 0.0}, "--lr must be a positive number, not 0.0"),
        ({"lr": -1.0}, "--lr must be a positive number, not -1.0"),
        ({"lr": float("nan")}, "--lr must be a positive number, not nan"),
        ({"lr": float("inf")}, "--lr must be a positive number, not inf"),
    ],
)
def test_what_is_out_of_range(given, text):
    with pytest.raises(SettingError) as info:
        resolve(DEFAULTS, **given)
    assert str(info.value).startswith(text) and "\n" not in str(info.value)


def test_the_bounds_themselves_are_allowed():
    resolve(DEFAULTS, epochs=1, bs=1, seed=0, threads=1, workers=0, lr=1e-30)
    resolve(DEFAULTS, seed=2**63 - 1, threads=1024)
