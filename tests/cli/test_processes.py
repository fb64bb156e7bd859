"""The command in a process of its own: exit codes, interrupts, pipes, imports."""

import json
import signal
import subprocess
import sys
import time

COMMAND = [sys.executable, "-m", "dlcore.cli"]


def shell(*args, **options):
    return subprocess.run([*COMMAND, *args], capture_output=True, text=True, timeout=60, check=False, **options)


def test_exit_codes_reach_the_shell(tmp_path):
    done = shell("train", "mnist-cn")
    assert (done.returncode, done.stdout, done.stderr) == (
        2,
        "",
        "dlcore: no recipe 'mnist-cn'; did you mean mnist-cnn?\n",
    )
    done = shell("train", "mnist-mlp", "--data", str(tmp_path / "none"))
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    done = shell("train", "sgd-from-scratch", "--json")
    assert done.returncode == 0 and json.loads(done.stdout.splitlines()[-1])["recipe"] == "sgd-from-scratch"


def test_ctrl_c_ends_training_with_one_line_and_no_file(files, mnist_dir):
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
        process.stdout.read()
        err = process.stderr.read()
        assert process.wait(10) == 130
        assert time.monotonic() - begin < 5
        assert err == "dlcore: interrupted; nothing was saved\n"
    finally:
        process.kill()
    assert files() == []


def test_a_reader_that_goes_away_is_no_error(mnist_dir):
    command = " ".join([*COMMAND, "train", "mnist-mlp", "--data", str(mnist_dir), "--epochs", "50"])
    done = subprocess.run(f"{command} | head -1", shell=True, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith("mnist-mlp: epochs 50") and done.stderr == ""


def test_import_stays_light():
    """`import dlcore` loads NumPy and nothing else that is not in the standard library."""
    code = (
        "import sys, dlcore\n"
        "heavy = {'typer', 'rich', 'pooch', 'safetensors', 'requests', 'torch', 'hypothesis', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "import dlcore.data, dlcore.train, dlcore.recipes, dlcore.formats\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n[]\n"
