"""The file with the tokens of each shop: readable by its owner only, replaced as a whole."""

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from shopcli.errors import ShopError

if sys.platform != "win32":
    import fcntl


@dataclass(frozen=True)
class Tokens:
    """`expires_at`: seconds since the epoch by this machine's clock."""

    access_token: str
    refresh_token: str
    expires_at: float
    email: str = ""
    device_token: str = ""
    """By which the shop knows this machine again, whatever others do at the account."""


def default_path() -> Path:
    """`$XDG_CONFIG_HOME/shop/sessions.json`, or where the system keeps such files."""
    return Path(typer.get_app_dir("shop")) / "sessions.json"


class TokenStore:
    def __init__(self, path: Path) -> None:
        self.path = path

    def find(self, url: str) -> Tokens | None:
        match self._all().get(url):
            case {"access_token": str(access), "refresh_token": str(refresh), **rest}:
                ends = rest.get("expires_at")
                expires_at = float(ends) if isinstance(ends, int | float) else 0.0
                email, device = str(rest.get("email", "")), str(rest.get("device_token", ""))
                return Tokens(access, refresh, expires_at, email, device)
            case _:
                return None

    def find_device_token(self, url: str, email: str) -> str | None:
        """Of the last login there as this user, also when it is over."""
        entry = self._all().get(url, {})
        token = entry.get("device_token")
        return token if entry.get("email") == email and isinstance(token, str) and token else None

    def save(self, url: str, tokens: Tokens) -> None:
        self._write({**self._all(), url: asdict(tokens)})

    def forget(self, url: str) -> None:
        """But for what makes the next login here easier."""
        entries = self._all()
        old = entries.pop(url, {})
        if old.get("device_token"):
            entries[url] = {name: old.get(name) for name in ("email", "device_token")}
        self._write(entries)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """One process at a time: a refresh token may be spent only once."""
        with self._complaining():
            self._folder()
            lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if sys.platform != "win32":
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _all(self) -> dict[str, dict[str, object]]:
        with self._complaining():
            try:
                text = self.path.read_text(encoding="utf-8")
            except FileNotFoundError:
                return {}
        try:
            content = json.loads(text)
        except ValueError:
            return {}  # damaged: the person logs in again, and it is replaced
        if not isinstance(content, dict):
            return {}
        return {url: entry for url, entry in content.items() if isinstance(entry, dict)}

    def _write(self, content: dict[str, dict[str, object]]) -> None:
        with self._complaining():
            self._folder()
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".sessions-")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:  # mkstemp made it 0600
                    json.dump(content, file, indent=1)
                Path(name).replace(self.path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise

    def _folder(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextlib.contextmanager
    def _complaining(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ShopError(f"Cannot use {self.path}: {error.strerror or error}.") from None
