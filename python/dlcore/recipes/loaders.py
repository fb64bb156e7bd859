"""The data of a recipe as a DataBunch: the training set shuffled in full batches, the validation set whole."""

from dlcore.data import Dataset
from dlcore.data.transforms import Transform
from dlcore.train import DataBunch

from .settings import SettingError, Settings


def make_data(
    s: Settings,
    train_set: Dataset,
    valid_set: Dataset,
    train_transform: list[Transform] | None = None,
    valid_transform: list[Transform] | None = None,
) -> DataBunch:
    """Raises SettingError when the training set does not fill one batch."""
    if s.bs > len(train_set):
        raise SettingError(f"--bs {s.bs} is more than the {len(train_set)} training samples")
    return DataBunch.create(
        train_set,
        valid_set,
        bs=s.bs,
        num_workers=s.workers,
        seed=s.seed,
        train_transform=train_transform,
        valid_transform=valid_transform,
        device=s.device,
    )
