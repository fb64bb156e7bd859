"""What a recipe can be told, and every check on it, made before anything is read or written."""

import math
from dataclasses import dataclass, replace
from typing import Any

from dlcore import cuda

MAX_SEED = 2**63 - 1
MAX_THREADS = 1024


class SettingError(ValueError):
    """A setting has a value it cannot have; the message is one line."""


@dataclass(frozen=True)
class Settings:
    """One run's settings. `threads` None keeps the library's choice; `data` None means the recipe's default data."""

    epochs: int
    bs: int
    lr: float
    seed: int = 0
    threads: int | None = None
    workers: int = 0
    data: str | None = None
    device: str = "cpu"


def resolve(defaults: Settings, least_bs: int = 1, **given: Any) -> Settings:
    """`defaults` with every setting that is given and not None. Raises SettingError for a value out of range.

    >>> resolve(Settings(epochs=1, bs=64, lr=1e-2), epochs=3, lr=None)
    Settings(epochs=3, bs=64, lr=0.01, seed=0, threads=None, workers=0, data=None, device='cpu')
    """
    settings = replace(defaults, **{name: value for name, value in given.items() if value is not None})
    for name, least, most in (
        ("epochs", 1, 10**6),
        ("bs", least_bs, 10**9),
        ("seed", 0, MAX_SEED),
        ("threads", 1, MAX_THREADS),
        ("workers", 0, MAX_THREADS),
    ):
        value = getattr(settings, name)
        if value is not None and value < least:
            raise SettingError(f"--{name} must be at least {least}, not {value}")
        if value is not None and value > most:
            raise SettingError(f"--{name} must be at most {most}, not {value}")
    if not (math.isfinite(settings.lr) and settings.lr > 0):
        raise SettingError(f"--lr must be a positive number, not {settings.lr}")
    if settings.device not in ("cpu", "cuda"):
        raise SettingError(f"--device must be cpu or cuda, not {settings.device}")
    if settings.device == "cuda" and (why := cuda.why_not()):
        raise SettingError(f"--device cuda: {why}")
    if settings.data == "":
        raise SettingError("--data needs the name of a folder")
    return settings
