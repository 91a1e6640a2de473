"""Has the rows of large imports made ready by `catalog.import_reader`, a process of its own: what
needs no database is done on another core. The next rows are read while those before are done."""

import asyncio
import json
import os
import pickle
import sys
from asyncio.subprocess import Process
from typing import IO, Any

from catalog.import_files import ImportFiles, Slice
from shopkit.logs import get_logger

log = get_logger()
LARGE = 512 * 1024
"""Less than so much is read here before such a process has started."""
_COMMAND = (sys.executable, "-I", "-B", "-m", "catalog.import_reader")
_Place = tuple[str, int, int]


class Reading:
    def __init__(self, files: ImportFiles) -> None:
        self._files = files
        self._process: Process | None = None
        self._answers: IO[bytes] | None = None
        self._asked: _Place | None = None

    async def read(self, job: dict[str, Any], limit: int) -> Slice:
        """The next rows of an import: `limit` of them, or as many as were asked for before."""
        id_, position, line = job["id"], job["position"], job["line"]
        part = None
        try:
            part = await self._answered((id_, position, line))
        except (OSError, asyncio.IncompleteReadError):
            await self._died(job)
        return part or self._files.read(id_, position=position, line=line, limit=limit)

    async def read_on(self, job: dict[str, Any], part: Slice, limit: int) -> None:
        """Have the rows after `part` made ready meanwhile."""
        if job["size"] - part.end <= (0 if self._process else LARGE):
            return
        try:
            await self._ask((job["id"], part.end, job["line"] + part.lines), limit)
        except (OSError, RuntimeError):  # uvloop has RuntimeError for a pipe that is closed
            await self._died(job)

    async def _died(self, job: dict[str, Any]) -> None:
        log.warning("import_reader_died", import_id=job["id"])
        await self.close()

    async def close(self) -> None:
        """End the process. Who is cancelled in the midst of it has to close once more."""
        if self._process is not None:
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()
        if self._answers is not None:
            self._answers.close()
        self._process, self._answers, self._asked = None, None, None

    async def _ask(self, place: _Place, limit: int) -> None:
        if self._process is None:
            # Answers come in a file that has no name: a pipe takes 64 KiB, and whoever writes more
            # has to wait, for as long as a batch takes here, until somebody reads.
            self._answers = self._files.unnamed()
            file = self._answers.fileno()
            # Without an environment, like `catalog.drawing`: nothing that is secret is there.
            self._process = await asyncio.create_subprocess_exec(
                *_COMMAND, str(file), stdin=-1, stdout=-1, pass_fds=(file,), env={}
            )
        id_, *where = place
        asked = [str(self._files.path(id_)), *where, limit]
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")  # type: ignore[union-attr]
        self._asked = place

    async def _answered(self, place: _Place) -> Slice | None:
        """What was asked for last; None when that was something else."""
        if self._process is None or self._answers is None or self._asked is None:
            return None
        told: Any = self._process.stdout
        size = int(await told.readuntil())
        answer = os.pread(self._answers.fileno(), size, 0)
        part: Slice = pickle.loads(answer)  # noqa: S301 (we wrote it)
        asked, self._asked = self._asked, None
        return part if asked == place else None
