"""rand, randn, randint, randperm: the published generator, its streams, distributions, and what they refuse."""

import numpy as np
import pytest

import dlcore as dl
from dlcore import _C, testing

from .common import SHORT, threads

ISAS = sorted({k["isa"] for k in testing.kernels() if k["op"] == "randn" and k["device"] == "cpu"})
SIZES = [0, 1, 31, 32, 33, 63, 64, 65, 1000, 70_001]


def philox(counter, key):
    """Philox4x32-10 of (n, 4) counters and one key, as the paper's figure has it."""
    c = [counter[:, k].astype(np.uint64) for k in range(4)]
    k0, k1, low = np.uint64(key[0]), np.uint64(key[1]), np.uint64(0xFFFFFFFF)
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ k0, p1 & low, (p0 >> np.uint64(32)) ^ c[3] ^ k1, p0 & low]
        k0, k1 = (k0 + np.uint64(0x9E3779B9)) & low, (k1 + np.uint64(0xBB67AE85)) & low
    return np.stack(c, 1).astype(np.uint32)


def words(seed, position, groups):
    """The stream as random.h words it: (groups, 64), word w of counter k at 16 w + k."""
    at = np.uint64(position) + np.arange(groups * 16, dtype=np.uint64)
    zero = np.zeros_like(at)
    counter = np.stack([at & np.uint64(0xFFFFFFFF), at >> np.uint64(32), zero, zero], 1)
    out = philox(counter, (seed & 0xFFFFFFFF, seed >> 32))
    return out.reshape(groups, 16, 4).transpose(0, 2, 1).reshape(groups, 64)


def wide(seed, position, n):
    """n draws of 64 bits."""
    w = words(seed, position, (n + 31) // 32).astype(np.uint64)
    return w[:, :32] << np.uint64(32) | w[:, 32:]


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [  # Random123's kat_vectors
        ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_the_reference_gives_the_published_vectors(counter, key, expected):
    out = philox(np.array([counter], np.uint64), key)[0]
    assert " ".join(f"{w:08x}" for w in out) == expected


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize(("seed", "position"), [(0, 0), (0xA4093822299F31D0, 2**32 - 5), (1, 2**40 + 3)])
def test_streams_are_the_generators_words(isa, seed, position):
    with testing.isa(isa), testing.poison():
        for n in SIZES:
            _C.set_rng_state(seed, position)
            x = _C.rand((n,), dl.float32).numpy()
            expected = (words(seed, position, n // 64 + 1).reshape(-1)[:n] >> 8).astype(np.float32) * np.float32(2**-24)
            assert x.tobytes() == expected.tobytes()
            _C.set_rng_state(seed, position)
            x = _C.rand((n,), dl.float64).numpy()
            w = wide(seed, position, n + 1).reshape(-1)[:n]
            assert x.tobytes() == ((w >> np.uint64(11)).astype(np.float64) * 2.0**-53).tobytes()
            _C.set_rng_state(seed, position)
            x = _C.randint(-5, 1000, (n,)).numpy()
            assert x.tolist() == [-5 + (int(v) * 1005 >> 64) for v in w]
            assert _C.rng_state() == (seed, position + 16 * ((n + 31) // 32))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("isa", ISAS)
def test_randn_is_box_muller_of_the_stream(isa, dtype):
    n, draws = 6400, 64 if dtype == "float32" else 32
    _C.set_rng_state(7, 11)
    with testing.isa(isa):
        x = _C.randn((n,), getattr(dl, dtype)).numpy().reshape(-1, draws)
        assert _C.last_kernel() == f"randn.{SHORT[dtype]}.{isa}"
    half = draws // 2
    if dtype == "float32":
        w = words(7, 11, n // draws)
        u1 = ((w[:, :half] >> 1).astype(np.float32) + np.float32(1)).astype(np.float64) * 2.0**-31
        u2 = (w[:, half:] >> 8).astype(np.float64) * 2.0**-24
    else:
        w = (wide(7, 11, n) >> np.uint64(11)).astype(np.float64) * 2.0**-53
        u1, u2 = w[:, :half] + 2.0**-53, w[:, half:]
    r = np.sqrt(-2 * np.log(u1))
    angle = 2 * np.longdouble("3.14159265358979323846") * u2  # in float64 its rounding alone would be 3 eps
    expected = np.concatenate([r * np.cos(angle), r * np.sin(angle)], 1).astype(np.float64)
    eps = np.finfo(dtype).eps
    bound = eps * (4 * np.abs(expected) + np.concatenate([r, r], 1))  # the angle's rounding moves z by r eps
    testing.assert_close(x, expected, 0, bound, check_dtype=False)


def test_bits_do_not_depend_on_isa_or_threads():
    def run():
        _C.set_rng_state(3, 5)
        return [
            a.numpy().tobytes()
            for a in (
                _C.rand((100_003,), dl.float32),
                _C.randn((100_003,), dl.float32),
                _C.randn((50_001,), dl.float64),
                _C.randint(0, 10, (70_001,)),
                _C.randperm(1000),
            )
        ]

    first = run()
    for isa in ISAS:
        with testing.isa(isa):
            for n in (1, 2, 3, 4, 7):
                with threads(n):
                    assert run() == first, (isa, n)


def test_distributions():
    dl.manual_seed(0)
    n = 1 << 20
    u, z = dl.rand(n).numpy().astype(np.float64), dl.randn(n).numpy().astype(np.float64)
    assert abs(u.mean() - 0.5) < 5 * 0.2887 / n**0.5 and u.min() >= 0 and u.max() < 1
    assert abs(z.mean()) < 5 / n**0.5 and abs(z.std() - 1) < 5 / (2 * n) ** 0.5
    assert abs((z**4).mean() - 3) < 5 * 96**0.5 / n**0.5
    assert abs(np.corrcoef(z[:-32:64], z[32::64])[0, 1]) < 5 / (n / 64) ** 0.5  # the two of a pair
    counts = np.bincount(dl.randint(0, 7, (n,)).numpy(), minlength=7)
    assert ((counts - n / 7) ** 2 / (n / 7)).sum() < 30  # chi² with 6 degrees: 1 in 25 000
    assert sorted(dl.randperm(1000).tolist()) == list(range(1000))
    places = np.zeros((5, 5))
    for _ in range(2000):
        places[np.arange(5), dl.randperm(5).numpy()] += 1
    assert np.abs(places - 400).max() < 5 * (2000 * 0.16) ** 0.5


def test_seed_starts_the_stream_again():
    dl.manual_seed(5)
    a, b = dl.randn(10).tolist(), dl.randn(10).tolist()
    dl.manual_seed(5)
    assert dl.randn(10).tolist() == a and dl.randn(10).tolist() == b and a != b


def test_in_place_fills_any_layout_alike():
    def filled(make):
        dl.manual_seed(1)
        x = make()
        version = x.version
        _C.normal_(x, 2.0, 3.0)
        assert x.version > version
        return np.ascontiguousarray(x.numpy())

    plain = filled(lambda: _C.empty((4, 6), dl.float32))
    turned = filled(lambda: _C.empty((6, 4), dl.float32).transpose(0, 1))
    gapped = filled(lambda: _C.empty((4, 12), dl.float32).slice(1, 0, 6, 2))
    assert plain.tobytes() == turned.tobytes() == gapped.tobytes()
    x = _C.empty((1000,), dl.float32)
    _C.uniform_(x, -3.0, 5.0)
    assert -3 <= x.numpy().min() < -2.9 and 4.9 < x.numpy().max() < 5
    _C.uniform_(x, 1.0, float(np.nextafter(np.float32(1), np.float32(2))))
    assert (x.numpy() == 1).all()  # the upper end is never reached
    _C.uniform_(x, 2.0, 2.0)
    assert (x.numpy() == 2).all()


def test_in_place_methods():
    dl.manual_seed(2)
    x = dl.zeros(1000).uniform_(-1, 1)
    y = dl.zeros(1000).normal_(std=2.0)
    assert -1 <= x.numpy().min() < -0.9 and x.numpy().max() < 1 and 1.8 < y.numpy().std() < 2.2
    w = dl.zeros(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="this leaf tensor needs a gradient"):
        w.normal_()
    with dl.no_grad():
        assert w.normal_() is w and w.requires_grad and any(w.tolist())
    z = dl.sigmoid(w)
    z.uniform_()  # what follows depends on w no longer
    assert not z.requires_grad


def test_signatures():
    assert dl.rand().shape == () and dl.rand(2, 3).shape == dl.rand((2, 3)).shape == (2, 3)
    assert dl.randn(2, dtype=dl.float64, requires_grad=True).requires_grad
    assert dl.randint(5, (3,)).dtype == dl.int64 and dl.randint(0, 5, (3,), dtype=dl.int32).dtype == dl.int32
    assert dl.randperm(0).shape == (0,)
    x = dl.rand(3, dtype=dl.float64)
    assert dl.rand_like(x).dtype == dl.randn_like(x).dtype == dl.float64


def test_wrong_arguments():
    with pytest.raises(ValueError, match="needs low < high, got low=3 high=3"):
        dl.randint(3, 3, (1,))
    with pytest.raises(TypeError, match=r"write randint\(0, 5, \(n,\)\)"):
        dl.randint(0, 5, 7)
    with pytest.raises(ValueError, match="n must not be negative, got -1"):
        dl.randperm(-1)
    with pytest.raises(dl.DTypeError, match="needs a float32 or float64 tensor, got int64"):
        dl.rand(3, dtype=dl.int64)
    with pytest.raises(ValueError, match="must not be negative, got -1"):
        _C.normal_(_C.empty((1,), dl.float32), 0.0, -1.0)
    with pytest.raises(ValueError, match="finite low <= high, got low=1 high=0"):
        _C.uniform_(_C.empty((1,), dl.float32), 1.0, 0.0)
    with pytest.raises(dl.ShapeError):
        dl.rand(-1)
