"""Standard streams that are closed, full, of another encoding or without a reader."""

import os
import subprocess
import sys

import pytest

COMMAND = f"{sys.executable} -m dlcore_command"


def shell(line, **env):
    return subprocess.run(
        line.replace("dlcore", COMMAND, 1),
        shell=True,
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", ["", "--version", "--help", "train --help", "info", "info --json", "data"])
@pytest.mark.parametrize(("stream", "reason"), [(">&-", "it is closed"), (">/dev/full", "No space left on device")])
def test_output_that_cannot_be_written(command, stream, reason):
    done = shell(f"dlcore {command} {stream}")
    assert done.stderr == f"dlcore: standard output cannot be written to ({reason})\n"
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.parametrize("flag", ["", "--json"])
@pytest.mark.parametrize("stream", [">&-", ">/dev/full"])
def test_training_is_saved_all_the_same(files, stream, flag):
    done = shell(f"dlcore train sgd-from-scratch {flag} {stream}")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("dlcore: standard output cannot be written to (")
    assert files() == ["./models/sgd-from-scratch.json", "./models/sgd-from-scratch.safetensors"]


def test_a_mistake_is_one_line_even_so():
    done = shell("dlcore train mnist-cn >&-")
    assert (done.returncode, done.stderr) == (2, "dlcore: no recipe 'mnist-cn'; did you mean mnist-cnn?\n")


@pytest.mark.parametrize("stream", ["2>&-", "2>/dev/full"])
def test_errors_that_cannot_be_written_keep_their_exit_code(stream):
    done = shell(f"dlcore train mnist-cn {stream}")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")
    done = shell(f"dlcore train sgd-from-scratch --json {stream}")
    assert done.returncode == 0 and done.stdout.startswith("{")


def test_closed_streams_do_not_reach_the_files_that_take_their_numbers(files):
    """With DLCORE_VERBOSE the kernels write to descriptor 2, whatever it is by then."""
    done = shell("dlcore train sgd-from-scratch --epochs 1 >&- 2>&-", DLCORE_VERBOSE="dispatch")
    assert done.returncode == 2
    for name in files():
        with open(name, "rb") as file:
            assert b"dispatch" not in file.read()


@pytest.mark.parametrize("command", ["data", "--help", "train --help", "train sgd-from-scratch"])
def test_a_terminal_without_our_signs(command):
    done = shell(f"dlcore {command}", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.isascii()


@pytest.mark.parametrize(
    ("variable", "value"), [("DLCORE_ISA", "AVX2"), ("DLCORE_NUM_THREADS", "0"), ("DLCORE_VERBOSE", "foo")]
)
def test_the_environment_is_checked(variable, value):
    done = shell("dlcore info", **{variable: value})
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(f"dlcore: {variable}={value} is not ")


def test_a_reader_that_goes_away_is_no_error(mnist_dir):
    done = shell(f"dlcore train mnist-mlp --data {mnist_dir} --epochs 50 | head -1")
    assert done.stdout.startswith("mnist-mlp: epochs 50") and done.stderr == ""
    done = shell(f"{{ dlcore train mnist-mlp --data {mnist_dir} --epochs 50; echo $? >&2; }} | head -1")
    assert done.stderr == "141\n"
