"""The two loaders of a recipe: the training set shuffled in full batches, the validation set in order and whole."""

from dlcore.data import DataLoader, Dataset
from dlcore.data.transforms import Transform

from .settings import SettingError, Settings


def make_loaders(
    s: Settings,
    train_set: Dataset,
    valid_set: Dataset,
    train_transform: list[Transform] | None = None,
    valid_transform: list[Transform] | None = None,
) -> tuple[DataLoader, DataLoader]:
    """(training loader, validation loader). Raises SettingError when the training set does not fill one batch."""
    if s.bs > len(train_set):
        raise SettingError(f"--bs {s.bs} is more than the {len(train_set)} training samples")
    train_loader = DataLoader(
        train_set, s.bs, shuffle=True, drop_last=True, num_workers=s.workers, seed=s.seed, transform=train_transform
    )
    return train_loader, DataLoader(valid_set, s.bs, num_workers=s.workers, transform=valid_transform)
