"""Keys and indices on the device: those that come from the host, those that are wrong, and what needs many of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import dlcore as dl

Schedules = Callable[..., Iterator[int]]
X = np.arange(24, dtype=np.float32).reshape(4, 6)
KEYS = [
    [2, 0],
    (slice(None), [5, -1]),
    np.array([[1, 3], [0, 0]]),
    np.array([True, False, True, True]),
    (X % 3 == 0),
    True,
    ([0, 1], [2, 3]),
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_keys_of_the_host_read_and_write_on_the_device(schedules: Schedules, key: Any) -> None:
    for s in (0, 1):
        for _ in schedules(s):
            a, x = X.copy(), dl.tensor(X, device="cuda")
            got = x[key]
            assert got.device == "cuda" and got.cpu().numpy().tobytes() == a[key].tobytes()
            a[key] = values = -np.arange(a[key].size, dtype=np.float32).reshape(a[key].shape)
            x[key] = dl.tensor(values, device="cuda")
            np.testing.assert_array_equal(x.cpu().numpy(), a)
            a[key] = 7
            x[key] = 7
            np.testing.assert_array_equal(x.cpu().numpy(), a)


def test_tensors_of_the_host_as_keys(schedules: Schedules) -> None:
    x = dl.tensor(X, device="cuda")
    x.requires_grad_()
    y = x[dl.tensor([1, 1, 3])]
    y.backward(dl.ones(3, 6).cuda())
    assert y.detach().cpu().numpy().tobytes() == X[[1, 1, 3]].tobytes()
    assert x.grad.cpu().sum(1).tolist() == [0.0, 12.0, 0.0, 6.0]
    with pytest.raises(dl.DeviceError, match="index: input is on cpu but an index on cuda; move one with .to()"):
        dl.tensor(X)[dl.tensor([1]).cuda()]
    with pytest.raises(dl.DeviceError, match="gather: input is on cuda but index on cpu; move one with .to()"):
        x.gather(0, dl.tensor([[1]]))
    with pytest.raises(dl.DeviceError, match="index: input is on cuda but the values on cpu"):
        x.detach()[dl.tensor([1])] = dl.ones(1, 6)
    with pytest.raises(dl.DeviceError, match="scatter_add_: input is on cuda but src on cpu"):
        x.detach().scatter_add_(0, dl.tensor([[1]]).cuda(), dl.ones(1, 1))


WRONG: list[tuple[str, Callable[[Any], Any]]] = [
    ("gather", lambda x: x.gather(1, like(x, [[0, 9]]))),
    ("gather, in vain", lambda x: x[:, :0].gather(1, like(x, [[0]]))),
    ("scatter", lambda x: x.scatter(1, like(x, [[0], [-1]]), 1.0)),
    ("scatter_add", lambda x: x.scatter_add(0, like(x, [[0, 4]]), x)),
    ("index_select", lambda x: x.index_select(0, like(x, [0, 1, -1]))),
    ("index_copy", lambda x: x.index_copy(0, like(x, [4]), x[:1])),
    ("x[i]", lambda x: x[like(x, [0, -5])]),
    ("x[i, j]", lambda x: x[like(x, [0, 1]), like(x, [0, 6])]),
    ("x[i] = 0", lambda x: x.__setitem__(like(x, [4]), 0.0)),
    ("take", lambda x: dl.take(x, like(x, [24]))),
    ("bincount", lambda x: dl.bincount(like(x, [3, 1, -2, -7]))),
    ("bincount of weights", lambda x: dl.bincount(like(x, [3, -2]), like(x, [1.0, 2.0]))),
]


def like(x: Any, values: Any) -> Any:
    return dl.tensor(values, device=x.device)


@pytest.mark.parametrize(("name", "call"), WRONG, ids=[name for name, _ in WRONG])
def test_a_wrong_index_reads_as_on_the_cpu(schedules: Schedules, name: str, call: Callable[[Any], Any]) -> None:
    with pytest.raises(IndexError) as on_cpu:
        call(dl.tensor(X))
    x = dl.tensor(X, device="cuda")
    with pytest.raises(IndexError) as later:
        call(x)
        dl.cuda.synchronize()
    assert str(later.value) == str(on_cpu.value)
    assert x.cpu().numpy().tobytes() == X.tobytes(), "something else was written"
    dl.cuda.check_sync(True)
    try:
        with pytest.raises(IndexError) as at_once:
            call(x)
    finally:
        dl.cuda.check_sync(False)
    assert str(at_once.value) == str(on_cpu.value)


def test_many_places_of_few_rows(schedules: Schedules) -> None:
    """Sums in the order of the places, each row's by one thread: the CPU's bits."""
    rng = np.random.default_rng(0)
    index, src = rng.integers(0, 3, 9000), rng.standard_normal((9000, 3)).astype(np.float32)

    def run(device: str) -> list[bytes]:
        i, s = dl.tensor(index, device=device), dl.tensor(src, device=device)
        zeros = dl.zeros(3, 3).to(device)
        results = [zeros.index_add(0, i, s), zeros.index_copy(0, i, s), dl.bincount(i, s[:, 0].contiguous())]
        return [r.cpu().numpy().tobytes() for r in results]

    expected = run("cpu")
    for s in (0, 1):
        for _ in schedules(s):
            assert run("cuda") == expected


@pytest.mark.parametrize("bins", [4096, 4097])
def test_as_many_bins_as_a_block_holds(schedules: Schedules, bins: int) -> None:
    """4096 are counted in shared memory, which they fill; one more, in the result."""
    numbers = np.random.default_rng(0).integers(0, bins, 5000)
    for _ in schedules(1):
        got = dl.bincount(dl.tensor(numbers, device="cuda"), minlength=bins)
        assert got.cpu().numpy().tobytes() == np.bincount(numbers, minlength=bins).tobytes()
