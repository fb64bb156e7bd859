"""The course's models, each a short script to read and to run: `dlcore train NAME`, or `recipes.run(NAME)`.

>>> from dlcore import recipes
>>> sorted(recipes.RECIPES)
['mnist-cnn', 'mnist-mlp', 'movielens', 'sgd-from-scratch']
"""

from .runner import RECIPES, Result, load_recipe, run, save, settle
from .settings import SettingError, Settings, resolve

__all__ = ["RECIPES", "Result", "SettingError", "Settings", "load_recipe", "resolve", "run", "save", "settle"]
