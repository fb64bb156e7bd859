"""The command in a process of its own: exit codes, imports."""

import json
import subprocess
import sys

COMMAND = [sys.executable, "-m", "dlcore_command"]


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


def test_import_stays_light():
    """`import dlcore` loads NumPy and nothing else that is not in the standard library, nor the profiler."""
    code = (
        "import sys, dlcore\n"
        "assert not {'dlcore.profiler', 'dlcore.machine'} & set(sys.modules)\n"
        "heavy = {'typer', 'rich', 'pooch', 'safetensors', 'requests', 'torch', 'hypothesis', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "import dlcore.data, dlcore.train, dlcore.recipes, dlcore.formats\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n[]\n"
