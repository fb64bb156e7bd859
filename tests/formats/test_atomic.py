import os
import subprocess
import sys

import pytest

from dlcore.formats import atomic_write, check_writable


def test_the_file_appears_whole_with_the_usual_permissions(tmp_path):
    target = tmp_path / "file"
    with atomic_write(target) as file:
        file.write(b"new")
        file.flush()
        assert not target.exists()
    assert target.read_bytes() == b"new"
    umask = os.umask(0)
    os.umask(umask)
    assert target.stat().st_mode & 0o777 == 0o666 & ~umask
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, error):
    target = tmp_path / "file"
    target.write_bytes(b"old")
    with pytest.raises(type(error)), atomic_write(target) as file:
        file.write(b"half of the n")
        raise error
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_system_call_that_fails_leaves_the_old_file(tmp_path, monkeypatch, name):
    target = tmp_path / "file"
    target.write_bytes(b"old")

    def fail(*args):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, name, fail)
    with pytest.raises(OSError, match="Input/output"), atomic_write(target) as file:
        file.write(b"new")
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_process_killed_while_writing_leaves_the_old_file(tmp_path):
    target = tmp_path / "file"
    target.write_bytes(b"old")
    code = (
        "import os, signal, sys\n"
        "from dlcore.formats import atomic_write\n"
        f"with atomic_write({str(target)!r}) as file:\n"
        "    file.write(b'x' * 100_000); file.flush(); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert target.read_bytes() == b"old"


def test_check_writable_leaves_no_trace(tmp_path):
    check_writable(tmp_path / "file")
    check_writable(tmp_path / "not" / "yet" / ("x" * 250) / "there")
    assert os.listdir(tmp_path) == []


def test_check_writable_refuses_a_file_and_a_file_system_that_is_read_only(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotADirectoryError):
        check_writable(tmp_path / "file" / "below")
    with pytest.raises(NotADirectoryError):
        check_writable(tmp_path / "file" / "further" / "below")
    if os.path.isdir("/proc/self"):
        with pytest.raises(OSError):
            check_writable("/proc/self/out")  # not even root can make files there


def test_check_writable_refuses_what_only_the_making_of_the_folders_would_find(tmp_path):
    (tmp_path / "itself").symlink_to("itself")
    (tmp_path / "nowhere").symlink_to("gone")
    for folder, reason in (
        ("itself", "Too many levels"),
        ("itself/below", "Too many levels"),
        ("nowhere", "No such file"),
        ("nowhere/below", "No such file"),
        ("x" * 300, "File name too long"),
        ("new/" + "x" * 300 + "/below", "File name too long"),
        ("new/" + "x/" * 2500, "File name too long"),
    ):
        with pytest.raises(OSError, match=reason):
            check_writable(tmp_path / folder / "file")
    with pytest.raises(OSError, match="File name too long"):
        check_writable(tmp_path / ("x" * 250))  # the file's own name has room, but not that of the one before it
    assert sorted(os.listdir(tmp_path)) == ["itself", "nowhere"]
