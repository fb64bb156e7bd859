"""The course's models, each a short script to read and to run: `dlcore train NAME`, or `recipes.run(NAME)`.

>>> from dlcore import recipes
>>> "mnist-cnn" in recipes.RECIPES
True
"""

from .runner import RECIPES, Result, load_recipe, run, save, save_picture, settle
from .settings import SettingError, Settings, resolve

__all__ = [
    "RECIPES",
    "Result",
    "SettingError",
    "Settings",
    "load_recipe",
    "resolve",
    "run",
    "save",
    "save_picture",
    "settle",
]
