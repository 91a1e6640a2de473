"""DATA_DIR: everything that the shop keeps on this machine, for one launcher at a time."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from launcher.errors import LaunchError

LONGEST_SOCKET_PATH = 100  # the system's limit is 104 to 108 bytes
LONGEST_SOCKET_NAME = len("catalog-internal.sock")


FOLDERS = ["databases", "files", "gateway", "keys", "logs", "mail", "media", "secrets"]


class DataFolder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.databases = path / "databases"
        self.files = path / "files"
        self.gateway = path / "gateway"
        self.keys = path / "keys"
        self.logs = path / "logs"
        self.mail = path / "mail"
        self.media = path / "media"
        self.secrets = path / "secrets"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Makes the folders and keeps every other launcher out until the end."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for name in FOLDERS:
                (self.path / name).mkdir(mode=0o700, exist_ok=True)
            lock = os.open(self.path / "launcher.lock", os.O_CREAT | os.O_RDWR, 0o600)
        except (FileExistsError, NotADirectoryError):
            raise LaunchError(
                f"DATA_DIR {self.path} cannot be used: there is a file where a folder must be; "
                "remove it or name another folder with DATA_DIR=…"
            ) from None
        except OSError as error:
            raise LaunchError(
                f"DATA_DIR {self.path} cannot be used ({error.strerror}): "
                "make it writable or name another folder with DATA_DIR=…"
            ) from None
        try:
            self._take(lock)
            yield
        finally:
            os.close(lock)

    def _take(self, lock: int) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.pread(lock, 20, 0).decode(errors="replace").strip()
            raise LaunchError(
                f"a shop already runs with {self.path} (process {owner}): "
                "stop that one, or start this one with another DATA_DIR and GATEWAY_PORT"
            ) from None
        os.truncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)

    @contextlib.contextmanager
    def sockets(self) -> Iterator[Path]:
        """A folder for Unix sockets whose paths are short enough; gone at the end."""
        folder = self.path / "run"
        if len(os.fsencode(folder)) + 1 + LONGEST_SOCKET_NAME > LONGEST_SOCKET_PATH:
            folder = Path(tempfile.mkdtemp(prefix="shop-", dir="/tmp"))
        else:
            shutil.rmtree(folder, ignore_errors=True)  # left by one that was killed
            folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
