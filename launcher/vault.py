"""Secrets of one DATA_DIR: made once, then read; files that only their owner can read."""

import os
import re
import secrets
from pathlib import Path

from launcher.errors import LaunchError

_GENERATED = re.compile(r"[A-Za-z0-9_-]{16,}")


class Vault:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def secret(self, name: str, *, size: int = 32) -> str:
        """The secret of that name, of `size` random bytes where it is new."""
        path = self.folder / name
        if not path.exists():
            self._write(path, secrets.token_urlsafe(size))
        text = self._read(path)
        if not _GENERATED.fullmatch(text):
            raise LaunchError(f"{path} is damaged: put it back, or remove it to get a new one")
        return text

    def note(self, name: str) -> str | None:
        """What `keep` was given last; None when never."""
        path = self.folder / name
        return self._read(path) if path.exists() else None

    def keep(self, name: str, text: str) -> None:
        self._write(self.folder / name, text)

    def _read(self, path: Path) -> str:
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise LaunchError(f"{path} cannot be read: {error}") from None

    def _write(self, path: Path, text: str) -> None:
        partial = path.with_name(f".{path.name}.partial")
        partial.unlink(missing_ok=True)
        handle = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
