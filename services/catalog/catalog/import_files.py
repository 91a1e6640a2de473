"""The files of imports: received in pieces, read in slices, kept until they are forgotten."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from catalog.upsert_rows import Row, row_of_line
from shopkit.errors import FieldError, Invalid, PayloadTooLarge, StorageFull
from shopkit.ids import is_id

MOST_BYTES = 200 * 1024 * 1024
MOST_LINE = 256 * 1024
_PIECE = 256 * 1024
_SLICE = 1024 * 1024


@dataclass
class Received:
    """What is known of a file that came in."""

    size: int = 0
    total: int = 0
    digest: str = ""


@dataclass(frozen=True)
class Slice:
    """Rows of a file that begin at `position`, and where the next ones begin: after so many bytes
    of the file, and so many lines of the slice. `ends` has both for each of the rows."""

    position: int
    rows: Sequence[Row]
    end: int
    lines: int
    ends: Sequence[tuple[int, int]]

    def first(self, most: int) -> "Slice":
        """The first rows of it."""
        if most >= len(self.rows):
            return self
        return Slice(self.position, self.rows[:most], *self.ends[most - 1], self.ends[:most])


class ImportFiles:
    def __init__(self, folder: Path) -> None:
        self._folder = folder / "imports"

    def path(self, id: str) -> Path:
        return self._folder / f"{id}.ndjson"

    def has(self, id: str) -> bool:
        return self.path(id).exists()

    async def receive(self, id: str, chunks: AsyncIterator[bytes]) -> Received:
        """Write a file as it comes in. It is on the disk afterwards, or nothing is.

        Raises PayloadTooLarge, StorageFull, and Invalid for a line without an end.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self.path(id)
        try:
            with path.open("xb") as file:
                received = await _written(file.fileno(), chunks)
                await asyncio.to_thread(os.fsync, file.fileno())
        except OSError as exc:
            path.unlink(missing_ok=True)
            raise StorageFull("The disk is full or failing; nothing was imported.") from exc
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return received

    def read(self, id: str, *, position: int, line: int, limit: int) -> Slice:
        return read_slice(self.path(id), position, line, limit)

    def unnamed(self) -> IO[bytes]:
        """A file that is gone when nobody has it open any more."""
        return TemporaryFile(dir=self._folder)

    def remove(self, id: str) -> None:
        self.path(id).unlink(missing_ok=True)

    def older_than(self, seconds: float, now: float) -> Iterable[str]:
        """Ids of files that were not touched for so long."""
        for path in self._folder.glob("*.ndjson"):
            if is_id(path.stem) and path.stat().st_mtime < now - seconds:
                yield path.stem


def read_slice(path: Path, position: int, line: int, limit: int) -> Slice:
    """The next rows of a file, at most `limit`, without lines that are empty."""
    rows, ends, end, lines = list[Row](), list[tuple[int, int]](), position, 0
    with path.open("rb") as file:
        file.seek(position)
        while len(rows) < limit and end - position < _SLICE:
            text = file.readline()
            if not text:
                break
            end, lines = end + len(text), lines + 1
            if text.strip():
                rows.append(row_of_line(line + lines, text))
                ends.append((end, lines))
    return Slice(position, rows, end, lines, ends)


async def _written(file: int, chunks: AsyncIterator[bytes]) -> Received:
    received, digest = Received(), hashlib.sha256()
    rest, waiting = b"", b""
    async for chunk in chunks:
        received.size += len(chunk)
        if received.size > MOST_BYTES:
            raise PayloadTooLarge(f"A file may have {MOST_BYTES} bytes; send it in parts.")
        *lines, rest = (rest + chunk).split(b"\n")
        received.total += sum(1 for line in lines if line.strip())
        if len(rest) > MOST_LINE or any(len(line) > MOST_LINE for line in lines):
            raise _too_long(received.total)
        digest.update(chunk)
        waiting += chunk
        if len(waiting) >= _PIECE:
            await asyncio.to_thread(_write, file, waiting)
            waiting = b""
    await asyncio.to_thread(_write, file, waiting)
    received.total += 1 if rest.strip() else 0
    received.digest = digest.hexdigest()
    return received


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _too_long(after: int) -> Invalid:
    detail = f"A line after row {after} has more than {MOST_LINE} bytes; send one row per line."
    return Invalid("The file is not NDJSON.", errors=[FieldError("", "line_too_long", detail)])
