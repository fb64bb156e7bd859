"""Runs a recipe by name and saves what it made."""

import difflib
import importlib
import json
import math
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import dlcore as dl
from dlcore.console import printable
from dlcore.formats import atomic_write
from dlcore.formats import save as save_tensors
from dlcore.train import Progress

from .settings import SettingError, Settings, resolve

RECIPES = {
    "sgd-from-scratch": "a line fitted by gradient descent, tensor operations only (lesson 2)",
    "mnist-mlp": "digits with two linear layers, 784-50-10 (lesson 5)",
    "mnist-cnn": "digits with five convolutions, 12 126 parameters (lesson 7)",
    "mnist-resnet": "digits with residual blocks, twelve epochs (lesson 7)",
    "three-or-seven": "3 or 7, two epochs at a constant rate (lesson 1)",
    "movielens": "film ratings with 40-factor embeddings (lesson 4)",
    "lr-too-high": "a learning rate of .5, and what it does (lesson 2)",
    "lr-too-low": "a learning rate of 1e-5 for five epochs (lesson 2)",
    "too-few-epochs": "one epoch beside a cycle of eight (lesson 2)",
    "overfitting": "200 digits, 60 epochs: training and validation part (lesson 2)",
    "batch-vs-minibatch": "one step an epoch, ten, or a hundred",
    "optimizers": "ten rules of Ruder's overview on one problem",
    "linear-activation": "two linear layers with nothing between them",
}


@dataclass(frozen=True)
class Result:
    """A finished run: the weights by name, a row an epoch, and the final model's metrics on the validation set."""

    recipe: str
    settings: dict[str, Any]
    tensors: dict[str, Any]
    epochs: list[dict[str, float]]
    metrics: dict[str, float]
    picture: Callable[[], Any] | None = None  # draws a matplotlib Figure

    @property
    def diverged(self) -> bool:
        """Whether a metric or a weight of the final model is no longer a finite number."""
        weights = (w if isinstance(w, np.ndarray) else w.detach().numpy() for w in self.tensors.values())
        return not (all(map(math.isfinite, self.metrics.values())) and all(np.isfinite(w).all() for w in weights))

    def summary(self) -> dict[str, Any]:
        """The run without its weights, ready for JSON: a number that is not finite becomes None."""
        return _finite(
            {
                "recipe": self.recipe,
                "seed": self.settings["seed"],
                "settings": self.settings,
                "epochs": self.epochs,
                "metrics": self.metrics,
            }
        )


def load_recipe(name: str) -> Any:
    """The module of a recipe; SettingError names near ones when there is none of that name."""
    if name not in RECIPES:
        near = difflib.get_close_matches(name, RECIPES, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(RECIPES)}"
        raise SettingError(f"no recipe {name!r}; {hint}")
    return importlib.import_module(f"dlcore.recipes.{name.replace('-', '_')}")


def settle(recipe: Any, **given: Any) -> Settings:
    """The settings of a run of `recipe`: its defaults and what is given, checked; what it has no use for has no effect.

    A recipe may name the settings it IGNORES, and the LEAST_BS that it can train with.
    """
    settings = resolve(recipe.DEFAULTS, getattr(recipe, "LEAST_BS", 1), **given)
    ignored = {name: getattr(recipe.DEFAULTS, name) for name in getattr(recipe, "IGNORES", ())}
    return replace(settings, **ignored)


def run(name: str, show: Progress | None = None, **given: Any) -> Result:
    """Train the recipe `name`; `given` overrides its settings (see Settings). Saves nothing: `save` does.

    Raises SettingError for a bad setting, DataError for bad data. Uses the global seed (dl.manual_seed) and, when
    `threads` is given, dl.set_num_threads.
    """
    recipe = load_recipe(name)
    settings = settle(recipe, **given)
    show = show or Progress(quiet=True)
    if settings.threads is not None:
        dl.set_num_threads(settings.threads)
    dl.manual_seed(settings.seed)
    show.title = (  # printed when training begins: what is wrong with the data comes before it
        f"{name}: epochs {settings.epochs}, bs {settings.bs}, lr {settings.lr:g}, seed {settings.seed}, "
        f"data {printable(settings.data or recipe.DEFAULT_DATA)}"
    )
    with show:
        tensors, epochs, metrics, *picture = recipe.train(settings, show)
    tensors = {name: w if isinstance(w, np.ndarray) else w.cpu() for name, w in tensors.items()}
    used = asdict(settings) | {"threads": dl.get_num_threads()}
    return Result(name, used, tensors, epochs, metrics, *picture)


def save(result: Result, folder: str | os.PathLike) -> tuple[Path, Path]:
    """Write NAME.safetensors and NAME.json into `folder`, each atomically; returns their paths. Raises OSError.

    The weights carry as metadata only what decided them (not the threads, workers, times or paths), so that runs that
    must agree give equal bytes.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights, report = folder / f"{result.recipe}.safetensors", folder / f"{result.recipe}.json"
    summary = result.summary()
    decided_by = {name: result.settings[name] for name in ("epochs", "bs", "lr", "seed")}
    about = {"recipe": result.recipe, "settings": decided_by, "metrics": summary["metrics"]}
    save_tensors(result.tensors, weights, about)
    with atomic_write(report) as file:
        file.write(json.dumps(summary, indent=2, allow_nan=False).encode() + b"\n")
    return weights, report


def save_picture(result: Result, folder: str | os.PathLike) -> Path | None:
    """Write NAME.png into `folder`, atomically, where the recipe has a picture; returns its path.

    Raises ImportError, which says what to install, without matplotlib; OSError as `save`.
    """
    if result.picture is None:
        return None
    figure, path = result.picture(), Path(folder) / f"{result.recipe}.png"
    with atomic_write(path) as file:
        figure.savefig(file, format="png")
    return path


def _finite(value: Any) -> Any:
    """`value` with every NaN or infinity replaced by None, which JSON can say."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
