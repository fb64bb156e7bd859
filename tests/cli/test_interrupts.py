"""Ctrl-C, whenever it comes: one line, exit code 130, no file; and no line and no effect when all is saved."""

import signal
import subprocess
import sys
import textwrap
import time

import pytest

COMMAND = [sys.executable, "-m", "dlcore_command"]
LINE = "dlcore: interrupted; nothing was saved\n"


def python(code, *args):
    code = "import os, signal, sys, time\n" + textwrap.dedent(code)
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, args)], capture_output=True, text=True, timeout=60, check=False
    )


def test_while_it_trains(files, mnist_dir):
    process = subprocess.Popen(
        [*COMMAND, "train", "mnist-mlp", "--data", str(mnist_dir), "--epochs", "1000000", "--workers", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for _ in range(4):  # the settings, the head of the table and two epochs: it is training
            assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        begin = time.monotonic()
        _, err = process.communicate(timeout=30)
        assert time.monotonic() - begin < 5
        assert (process.returncode, err) == (130, LINE)
    finally:
        process.kill()
    assert files() == []


@pytest.mark.parametrize("module", ["numpy", "dlcore._C", "numpy.random", "typer", "dlcore.recipes.mnist_mlp"])
def test_while_it_imports(module):
    """The signal arrives as a module is looked for. Compiled modules would make an ImportError of the exception."""
    done = python(
        """
        import dlcore_command
        class Finder:
            def find_spec(self, name, *_):
                if name == module:
                    os.kill(os.getpid(), signal.SIGINT)
        sys.meta_path.insert(0, Finder())
        sys.argv[1:], module = ["train", "mnist-mlp", "--data", "nowhere"], sys.argv[1]
        sys.exit(dlcore_command.main())
        """,
        module,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", LINE)


TRACED = """
import dlcore_command
from dlcore import cli, recipes  # the imports are another test's
step = int(sys.argv[1])
lines = 0
def trace(frame, event, arg):
    global lines
    lines += 1
    if lines == step:
        os.kill(os.getpid(), signal.SIGINT)
    return trace
def run(*args, **given):
    sys.settrace(trace)
    return recipes.run(*args, **given)
cli.run = run
sys.argv[1:] = ["train", "mnist-mlp", "--epochs", "1000000", "--workers", "2", "--data", sys.argv[2]]
sys.exit(dlcore_command.main())
"""


@pytest.mark.parametrize("step", [1, 700, *range(9_000, 11_000, 211)])
def test_at_any_line_of_ours_or_of_the_standard_library(files, mnist_dir, step):
    done = python(TRACED, step, mnist_dir)
    assert (done.returncode, done.stderr, files()) == (130, LINE, [])


def test_what_goes_wrong_as_it_unwinds_is_a_part_of_it():
    """A thread's start that is interrupted can end in "RuntimeError: release unlocked lock"."""
    done = python(
        """
        import dlcore_command
        from dlcore import cli
        def run(*args, **given):
            try:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(30)
            finally:
                raise RuntimeError("release unlocked lock")
        cli.run = run
        sys.argv[1:] = ["train", "sgd-from-scratch"]
        sys.exit(dlcore_command.main())
        """
    )
    assert (done.returncode, done.stderr) == (130, LINE)


def test_one_that_a_finaliser_would_swallow_is_raised_again():
    """Python prints what a __del__ raises and goes on; training would have gone on with it."""
    done = python(
        """
        from dlcore_command import interrupts
        interrupts.install()
        interrupts.begin()
        class Last:
            def __del__(self):
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.01)
        try:
            Last()
            time.sleep(30)
        except KeyboardInterrupt:
            print("caught")
        """
    )
    assert (done.stdout, done.stderr) == ("caught\n", "")


def test_a_second_one_does_not_disturb_what_the_first_unwinds():
    done = python(
        """
        from dlcore_command import interrupts
        interrupts.install()
        interrupts.begin()
        try:
            try:
                os.kill(os.getpid(), signal.SIGINT)
            finally:
                os.kill(os.getpid(), signal.SIGINT)
                print("tidied")
        except KeyboardInterrupt:
            print("caught")
        interrupts.ignore()
        os.kill(os.getpid(), signal.SIGINT)
        print("late")
        """
    )
    assert (done.stdout, done.stderr) == ("tidied\ncaught\nlate\n", "")


def test_while_it_saves_it_comes_too_late(files):
    done = python(
        """
        import dlcore_command
        from dlcore.formats import atomic
        def sync(handle, fsync=os.fsync):
            os.kill(os.getpid(), signal.SIGINT)
            fsync(handle)
        os.fsync = sync
        sys.argv[1:] = ["train", "sgd-from-scratch"]
        sys.exit(dlcore_command.main())
        """
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert files() == ["./models/sgd-from-scratch.json", "./models/sgd-from-scratch.safetensors"]


def test_a_job_that_was_started_to_ignore_it_does():
    done = python(
        """
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        from dlcore_command import interrupts
        interrupts.install()
        os.kill(os.getpid(), signal.SIGINT)
        print("on")
        """
    )
    assert (done.stdout, done.returncode) == ("on\n", 0)
