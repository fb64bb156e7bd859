import math

import pytest

from dlcore.train import Callback, EarlyStopping, ReduceLROnPlateau, SaveBest

from .common import learner, weights


class Says(Callback):
    """Puts given values into the table, one an epoch."""

    order = 10

    def __init__(self, *values, column="valid_loss"):
        self.values, self.column, self.kept = values, column, []

    def on_epoch_end(self, run):
        run.row[self.column] = self.values[run.epoch - 1]
        self.kept.append(weights(run.learn))


@pytest.mark.parametrize(
    ("values", "options", "epochs"),
    [
        ((3, 2, 2.5, 2.4, 1), {}, 3),
        ((3, 2, 2.5, 2.4, 1), {"patience": 1}, 4),
        ((3, 2, 2.5, 2.4, 1), {"patience": 2}, 5),
        ((3, 2.95, 2.9, 2.8, 2.7), {"min_delta": 0.2}, 2),
        ((3, 2, math.nan, 1, 1), {}, 3),
        ((math.nan, 2, 3, 1, 1), {"patience": 1}, 5),
    ],
)
def test_early_stopping(values, options, epochs):
    learn = learner()
    learn.fit(5, callbacks=[Says(*values), EarlyStopping(**options)])
    assert len(learn.recorder.rows) == epochs


def test_a_metric_is_to_rise_and_an_error_to_fall():
    for monitor, sign in (("accuracy", 1), ("error_rate", -1), ("valid_loss", -1), ("rmse", -1), ("auc_roc", 1)):
        assert EarlyStopping(monitor).sign == sign
    assert EarlyStopping("accuracy", mode="min").sign == -1
    learn = learner()
    learn.fit(4, callbacks=[Says(0.1, 0.3, 0.2, 0.4, column="accuracy"), EarlyStopping("accuracy")])
    assert len(learn.recorder.rows) == 3


def test_the_best_epoch_is_saved_and_loaded_at_the_end(tmp_path):
    says = Says(3, 1, 2)
    learn = learner(path=tmp_path, callbacks=[says, SaveBest()])
    learn.fit(3)
    assert weights(learn) == says.kept[1] != says.kept[2]
    says = Says(3, 1, 2)
    learn.callbacks = [says, SaveBest(every="epoch", name="each")]
    learn.fit(3)
    assert weights(learn) == says.kept[2]
    assert weights(learner(path=tmp_path).load("each_1")) == says.kept[0]


def test_the_rate_falls_on_a_plateau():
    learn = learner()
    learn.fit(5, 1e-2, callbacks=[Says(3, 2, 2, 2, 2), ReduceLROnPlateau(factor=0.1)])
    assert learn.recorder.lrs[::7] == pytest.approx([1e-2, 1e-2, 1e-2, 1e-3, 1e-4])


def test_a_column_that_is_not_there():
    with pytest.raises(ValueError, match="no column 'f1' to monitor; there is train_loss, valid_loss, accuracy"):
        learner(callbacks=[EarlyStopping("f1")]).fit(1)
    with pytest.raises(ValueError, match='mode is "auto", "min" or "max"'):
        EarlyStopping(mode="least")
