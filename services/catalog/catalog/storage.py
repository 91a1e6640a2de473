"""Where files are kept that the gateway hands out: images, feeds and sitemaps."""

import asyncio
import errno
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from shopkit.errors import Problem, StorageFull, Unavailable

T = TypeVar("T")
Chunks = AsyncIterator[bytes]
INCOMING = ".incoming"
FORGOTTEN_SECONDS = 24 * 3600
CHUNK = 256 * 1024
SYNCED_BYTES = 4 * 1024 * 1024
"""As much goes to the disk at a time: what the database writes would wait behind a heap of it."""


class Storage(Protocol):
    """Keys are paths such as `images/3f/3fa0.jpg`. What cannot be done raises Unavailable or
    StorageFull."""

    async def put(self, key: str, content: bytes | Chunks) -> None:
        """Readers get all of it or what was there before; it is kept when this returns."""

    async def read(self, key: str) -> Chunks | None:
        """None: there is none."""

    async def delete(self, keys: Sequence[str]) -> None:
        """What is not there is deleted already."""

    async def keys(self, folder: str) -> list[str]:
        """All that are in a folder."""

    async def tidy(self) -> None:
        """Remove what writers that died have left behind."""


class LocalStorage:
    """A folder, which copies of the service may share. Files are written beside it, brought to the
    disk and only then named."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, key: str, content: bytes | Chunks) -> None:
        incoming = await _in_thread(self._new_file)
        try:
            with incoming.open("wb", buffering=0) as file:
                written = 0
                async for chunk in _chunks(content):
                    await _in_thread(_write, file, chunk)
                    written += len(chunk)
                    if written > SYNCED_BYTES:
                        await _in_thread(os.fdatasync, file.fileno())
                        written = 0
                await _in_thread(_to_disk, file.fileno())
            await _in_thread(self._name, incoming, self._folder / key)
        except BaseException:
            incoming.unlink(missing_ok=True)
            raise

    def _new_file(self) -> Path:
        folder = self._folder / INCOMING
        folder.mkdir(parents=True, exist_ok=True)
        return folder / secrets.token_hex(8)

    def _name(self, incoming: Path, path: Path) -> None:
        new = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        incoming.replace(path)
        for folder in (path.parent, *(made.parent for made in new)):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    async def read(self, key: str) -> Chunks | None:
        def opened() -> BinaryIO:
            return (self._folder / key).open("rb")

        try:
            file = await _in_thread(opened)
        except FileNotFoundError:
            return None

        async def chunks() -> Chunks:
            with file:
                while chunk := await _in_thread(file.read, CHUNK):
                    yield chunk

        return chunks()

    async def delete(self, keys: Sequence[str]) -> None:
        def unlink() -> None:
            for key in keys:
                (self._folder / key).unlink(missing_ok=True)

        await _in_thread(unlink)

    async def keys(self, folder: str) -> list[str]:
        def names() -> list[str]:
            return sorted(f"{folder}/{path.name}" for path in (self._folder / folder).glob("*"))

        return await _in_thread(names)

    async def tidy(self) -> None:
        def unlink_old() -> None:
            for path in (self._folder / INCOMING).glob("*"):
                if path.stat().st_mtime < time.time() - FORGOTTEN_SECONDS:
                    path.unlink(missing_ok=True)

        await _in_thread(unlink_old)


def _write(file: RawIOBase, chunk: bytes) -> None:
    left = memoryview(chunk)
    while left:
        left = left[file.write(left) :]


def _to_disk(handle: int) -> None:
    os.fchmod(handle, 0o644)  # whatever the umask: the gateway is somebody else
    os.fsync(handle)


async def _chunks(content: bytes | Chunks) -> Chunks:
    if isinstance(content, bytes):
        yield content
        return
    async for chunk in content:
        yield chunk


async def _in_thread(call: Callable[..., T], *args: object) -> T:
    """A disk may be slow, and others are not to wait for it."""
    try:
        return await asyncio.to_thread(call, *args)
    except FileNotFoundError:
        raise
    except OSError as exc:
        raise _translated(exc) from exc


def _translated(exc: OSError) -> Problem:
    if exc.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull("The disk for images and feeds is full; nothing was changed.")
    return Unavailable("Images and feeds cannot be stored or read.")
