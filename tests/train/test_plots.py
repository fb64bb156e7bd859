"""Pictures are drawn to files, to be looked at: in the folder that pytest keeps, `--basetemp DIR` says where."""

import numpy as np
import pytest

from dlcore.train import LRFind, Progress, accuracy, error_rate

from .common import bunch, learner, net

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def fitted():
    learn = learner(bunch(600, bs=16), net(16), metrics=[accuracy, error_rate], show=Progress(quiet=True))
    learn.fit_one_cycle(6, 3e-3)
    return learn


def drawn(figure, folder, name):
    """The picture as pixels, after it was written."""
    path = folder / f"{name}.png"
    figure.savefig(path)
    from matplotlib.image import imread

    pixels = imread(path)
    assert pixels[..., :3].std() > 0.02, "an empty picture"
    return pixels


def lines(figure):
    return [line for axes in figure.axes for line in axes.get_lines()]


def test_the_four_plots_of_a_recorder(fitted, tmp_path):
    recorder = fitted.recorder
    losses = recorder.plot_losses()
    drawn(losses, tmp_path, "losses")
    training, validation = lines(losses)
    assert training.get_ydata() == pytest.approx(recorder.losses) and validation.get_ydata() == pytest.approx(
        recorder.val_losses
    )
    assert list(validation.get_xdata()) == [37 * k for k in range(1, 7)]
    rates = recorder.plot_lr(show_moms=True)
    drawn(rates, tmp_path, "lr")
    assert [list(line.get_ydata()) for line in lines(rates)] == [recorder.lrs, recorder.moms]
    assert len(recorder.plot_lr().axes) == 1
    metrics = recorder.plot_metrics()
    drawn(metrics, tmp_path, "metrics")
    assert [axes.get_ylabel() for axes in metrics.axes] == ["accuracy", "error_rate"]
    assert list(lines(metrics)[0].get_ydata()) == [values[0] for values in recorder.metrics]
    drawn(recorder.plot(), tmp_path, "over_lr")


def test_the_finder_s_plot_marks_its_suggestion(fitted, tmp_path):
    found = fitted.lr_find(num_it=80)
    figure = found.plot()
    drawn(figure, tmp_path, "finder")
    curve, mark = lines(figure)
    assert figure.axes[0].get_xscale() == "log" and list(mark.get_xdata()) == [found.suggestion]
    assert len(curve.get_xdata()) == len(found.lrs) - 15
    assert len(lines(LRFind([1e-3, 1e-2], [2.0, 1.0]).plot())[0].get_xdata()) == 2  # too few to leave any out


def test_one_exploded_loss_does_not_hide_the_others(fitted):
    from dlcore.train import plots

    figure = plots.new_figure()
    axes = plots.new_axes(figure)
    values = [*np.linspace(2, 1, 200), 1e9]
    axes.plot(values)
    plots.keep_low(axes, values)
    assert 2 < axes.get_ylim()[1] < 3


def test_no_metric_no_plot():
    learn = learner(metrics=())
    learn.fit(1)
    with pytest.raises(ValueError, match="measured no metric"):
        learn.recorder.plot_metrics()


def test_a_notebook_gets_a_picture_and_pyplot_is_left_alone(fitted):
    import sys

    assert fitted.recorder.plot_lr()._repr_png_().startswith(b"\x89PNG")
    assert "matplotlib.pyplot" not in sys.modules
