"""check_finite and anomaly detection: what they name, that they end, and that they are gone afterwards."""

import threading

import numpy as np
import pytest

import dlcore as dl
from dlcore import _C, autograd, nn
from dlcore.autograd import Function, graph
from dlcore.nn.module import Module


@pytest.fixture(autouse=True)
def nothing_stays():
    call = Module.__call__
    yield
    assert _C.make_with(None) is None and Module.__call__ is call and graph.mode.watch is None


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 2)

    def forward(self, x):
        return dl.log(self.fc(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([nn.Linear(3, 3), Block()])

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x


def fails(act, error=FloatingPointError):
    with pytest.raises(error) as e:
        act()
    assert "\n" not in str(e.value)
    return str(e.value)


def test_forward_names_layer_op_line_and_first_index():
    net = Net()
    with dl.no_grad():
        net.blocks[1].fc.weight.zero_()
        net.blocks[1].fc.bias.copy_(dl.tensor([1.0, -1.0]))

    def act():
        with autograd.check_finite():
            net(dl.ones(4, 3))  # the line

    text = fails(act)
    assert text.startswith("check_finite: the result of log in layer blocks.1 (Block) at test_watch.py:")
    assert text.endswith(
        "`net(dl.ones(4, 3))  # the line` has nan at index (0, 1) of shape (4, 2) (4 of 8 are not finite)"
    ) or ("return dl.log(self.fc(x))` has nan at index (0, 1) of shape (4, 2) (4 of 8 are not finite)" in text)


def test_a_bad_weight_is_found_in_its_own_layer():
    net = Net()
    net.blocks[0].weight.detach().numpy()[1, 2] = np.inf

    def act():
        with autograd.check_finite(), dl.no_grad():
            net(dl.ones(1, 3))

    assert "the result of linear in layer blocks.0 (Linear) at" in fails(act)


def test_bad_inputs_are_the_callers():
    x = dl.ones(2, 3)
    x[1, 0] = float("nan")

    def act():
        with autograd.check_finite():
            Net()(x)

    assert fails(act) == "check_finite: input 0 of Net has nan at index (1, 0) of shape (2, 3) (1 of 6 are not finite)"


def test_backward_names_the_forward_of_the_node():
    x = dl.tensor([[1.0, 0.0]], requires_grad=True)

    def act():
        with autograd.check_finite():
            dl.sqrt(x).sum().backward()

    text = fails(act)
    assert text.startswith("check_finite: the backward of sqrt at test_watch.py:") and "dl.sqrt(x)" in text
    assert text.endswith("gave its input 0 a gradient with inf at index (0, 1) of shape (1, 2) (1 of 2 are not finite)")


def test_a_bad_seed_is_not_blamed_on_the_op():
    x = dl.ones(1, requires_grad=True)

    def act():
        with autograd.check_finite():
            (x * 2).backward(dl.tensor([float("nan")]))

    assert "the gradient that reached mul at" in fails(act)


def test_nan_only_lets_infinities_pass():
    with autograd.check_finite(nan_only=True):
        assert dl.log(dl.tensor([0.0])).item() == -np.inf
        with pytest.raises(FloatingPointError, match="1 of 1 are not numbers"):
            dl.log(dl.tensor([-1.0]))


def test_whole_numbers_empty_tensors_and_scalars():
    with autograd.check_finite():
        assert dl.zeros(0, 3).sum().item() == 0 and (dl.arange(3) * 2).tolist() == [0, 2, 4]
        with pytest.raises(FloatingPointError, match="-inf at its only element"):
            dl.log(dl.tensor(0.0))


def test_good_numbers_are_left_alone():
    x = dl.tensor([1.0, 2.0], requires_grad=True)
    with autograd.check_finite():
        net = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
        net(x).sum().backward()
    a = x.grad.numpy().copy()
    x.grad = None
    net(x).sum().backward()
    np.testing.assert_array_equal(a, x.grad.numpy())


def test_anomaly_shows_the_forward_line_of_a_nan():
    x = dl.zeros(2, requires_grad=True)

    def act():
        with autograd.detect_anomaly():
            assert autograd.is_anomaly_enabled()
            (dl.sqrt(x) * 0).sum().backward()

    text = fails(act, RuntimeError)
    assert text.startswith("detect_anomaly: the backward of sqrt at test_watch.py:")
    assert "(dl.sqrt(x) * 0).sum().backward()" in text and "nan at index 0" in text
    with autograd.detect_anomaly(check_nan=False):
        (dl.sqrt(x) * 0).sum().backward()
    assert np.isnan(x.grad.numpy()).all() and not autograd.is_anomaly_enabled()


def test_anomaly_shows_the_forward_line_of_an_error():
    class Broken(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            raise ZeroDivisionError("no")

    x = dl.ones(2, requires_grad=True)

    def act():
        with autograd.detect_anomaly():
            y = Broken.apply(x)  # made here
            y.sum().backward()

    text = fails(act, RuntimeError)
    assert (
        text.startswith("backward of Broken at test_watch.py:") and "made here" in text and text.endswith("failed: no")
    )
    with pytest.raises(ZeroDivisionError):
        Broken.apply(x).sum().backward()


def test_set_detect_anomaly_as_a_switch_and_nested():
    autograd.set_detect_anomaly(True)
    assert autograd.is_anomaly_enabled()
    with autograd.check_finite():
        assert autograd.is_anomaly_enabled()
        with autograd.set_detect_anomaly(False):
            assert not autograd.is_anomaly_enabled()
            with pytest.raises(FloatingPointError):
                dl.log(dl.tensor([0.0]))
    assert autograd.is_anomaly_enabled()
    autograd.set_detect_anomaly(False)


def test_a_watch_is_its_thread_s():
    results = []

    def other():
        results.append(dl.log(dl.tensor([0.0])).item())

    with autograd.check_finite():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert results == [-np.inf]
