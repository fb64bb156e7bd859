"""`dlcore bench --explain OP SIZES`."""

import json

import pytest

import dlcore as dl
from dlcore import cli
from dlcore.explain import LARGEST, OPS, explain

SMALL = {
    "matmul": (7, 13, 5),
    "conv2d": (2, 3, 9, 8, 4, 3),
    "max_pool2d": (2, 3, 8, 8, 2),
    "avg_pool2d": (2, 3, 8, 8, 2),
}
NO_BACKWARD = {"argmax", "adam", "sgd"}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("dlcore.explain.SPELL_S", 0.0)


def sizes(name):
    return SMALL.get(name) or [4] * sum(not w.startswith("[") for w in OPS[name].sizes.split())


@pytest.mark.parametrize("name", OPS)
def test_every_op_runs_forward_and_backward(name):
    found = explain(name, list(sizes(name)))
    assert found.calls == 3 and found.profile.rows and found.title.startswith(name)
    if name in NO_BACKWARD:
        with pytest.raises(ValueError, match=f"{name} has no backward"):
            explain(name, list(sizes(name)), backward=True)
        return
    both = explain(name, list(sizes(name)), backward=True)
    asked = {op for row in both.profile.rows for op in row.ops}
    assert any("backward" in op for op in asked), asked
    assert sum(r.calls for r in both.profile.rows) > sum(r.calls for r in found.profile.rows)


@pytest.mark.parametrize("name", OPS)
def test_the_examples_fit(name):
    OPS[name].check(name, [int(word) for word in OPS[name].example.split()])


def test_it_prints_a_table_and_what_the_peaks_allow(run):
    code, out, err = run("bench", "--explain", "matmul", 64, 64, 64, "--threads", 1)
    assert (code, err) == (0, "")
    assert out.startswith("matmul M=64 K=64 N=64: ") and "the mean of 3 calls" in out
    assert "gemm.f32." in out and "outside kernels" in out and "csrc/blocks/gemm/cpu" in out
    assert "524 kflop, 49.2 kB" in out and "on 1 thread\n" in out


def test_json_and_trace(run, files):
    before = dl.get_num_threads()
    code, out, err = run("bench", "--json", "--trace", "t.json", "--threads", 2, "--explain", "add", 3, 5, 7)
    assert (code, err) == (0, "saved t.json\n") and files() == ["./t.json"]
    got = json.loads(out, parse_constant=pytest.fail)
    assert (got["title"], got["calls"], got["threads"], got["layout_copies"]) == ("add 3×5×7", 3, 2, 0)
    (row,) = got["rows"]
    assert row["kernel"].startswith("add_fwd.f32") and row["bytes"] == 3 * 3 * 4 * 105 and row["bound"] == "copy"
    assert row["of_peak"] > 0 and row["ops"] == {"add": [3, row["seconds"]]}
    assert dl.get_num_threads() == before
    with open("t.json") as file:
        assert sum(e["ph"] == "X" for e in json.load(file)["traceEvents"]) == 3


def test_help_lists_the_ops(run):
    code, out, _ = run("bench", "--help")
    assert code == 0
    for name, op in OPS.items():
        assert f"{name} " in out and op.sizes in out


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ([], "which op? dlcore bench --explain matmul 512 512 512; there are matmul, bmm, linear"),
        (["512"], "which op?"),
        (["--explain", "matmull", 1, 1, 1], "no op 'matmull' here; did you mean matmul?"),
        (["--explain", "zzz"], "no op 'zzz' here; there are matmul"),
        (
            ["--explain", "matmul"],
            "matmul takes M K N, each from 1 to 1000000000, got nothing; for example dlcore bench",
        ),
        (["--explain", "matmul", 5, 5], "got 5 5; for example dlcore bench --explain matmul 512 512 512"),
        (["--explain", "matmul", 5, 5, 5, 5], "got 5 5 5 5;"),
        (["--explain", "relu"], "relu takes SIZE…"),
        (["--explain", "relu", 0], "each from 1 to"),
        (["--explain", "relu", LARGEST + 1], "each from 1 to"),
        (["--explain", "relu", LARGEST, LARGEST], "out of memory: asked for 4000000000000000000 bytes"),
        (["--explain", "relu", LARGEST, 1000], "out of memory: asked for"),
        (["--explain", "relu", "x"], "'x' is not a whole number"),
        (["--explain", "relu", "1_0"], "'1_0' is not a whole number"),
        (["--explain", "max_pool2d", 1, 1, 2, 2, 4], "max_pool2d: the window reaches over 4 elements"),
        (["--explain", "argmax", 4, 4, "--backward"], "argmax has no backward"),
        (["--explain", "relu", 4, "--threads", 0], "--threads must be at least 1, not 0"),
        (["--explain", "relu", 4, "--trace", ""], "--trace .: needs the name of a file"),
        (["--explain", "relu", 4, "--trace", "/"], "--trace /: needs the name of a file"),
        (["--explain", "relu", 4, "--trace", "x" * 300], "cannot be written to (File name too long)"),
        (["--explain"], "--explain"),
    ],
    ids=lambda x: " ".join(map(str, x))[:40] if isinstance(x, list) else "",
)
def test_mistakes(fails, args, text):
    assert text in fails("bench", *args)


def test_a_module_of_the_library_is_no_way_round_the_names():
    assert cli.main(["bench", "--explain", "manual_seed", "3"]) == 2
