"""Has the rows of large imports made ready by `catalog.import_reader`, a process of its own: what
needs no database is done on another core. The next rows are read while those before are done."""

import asyncio
import json
import pickle
import sys
from asyncio.subprocess import Process
from typing import Any

from catalog.import_files import ImportFiles, Slice
from catalog.import_reader import SIZE_BYTES
from shopkit.logs import get_logger

log = get_logger()
LARGE = 512 * 1024
"""Less than so much is read here before such a process has started."""
TOO_MANY = 2
"""Times what is wanted by now: somebody has come, or a row is to be done alone."""
_COMMAND = (sys.executable, "-I", "-B", "-m", "catalog.import_reader")
_BUFFER = 1024 * 1024
_Place = tuple[str, int, int]


class Reading:
    def __init__(self, files: ImportFiles) -> None:
        self._files = files
        self._process: Process | None = None
        self._asked: _Place | None = None

    async def read(self, job: dict[str, Any], limit: int) -> Slice:
        """The next rows of an import: about `limit`, and one when that is one."""
        id_, position, line = job["id"], job["position"], job["line"]
        try:
            part = await self._answered((id_, position, line))
            if part is None or len(part.rows) > TOO_MANY * limit:
                part = self._files.read(id_, position=position, line=line, limit=limit)
            rest = job["size"] - part.end
            if rest > (0 if self._process else LARGE):
                await self._ask((id_, part.end, line + part.lines), limit)
        except (OSError, asyncio.IncompleteReadError):
            log.warning("import_reader_died", import_id=id_)
            await self.close()
            return self._files.read(id_, position=position, line=line, limit=limit)
        return part

    async def close(self) -> None:
        """End the process. Who is cancelled in the midst of it has to close once more."""
        if self._process is not None:
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()
        self._process, self._asked = None, None

    async def _ask(self, place: _Place, limit: int) -> None:
        if self._process is None:
            # Without an environment, like `catalog.drawing`: nothing that is secret is there.
            self._process = await asyncio.create_subprocess_exec(
                *_COMMAND, stdin=-1, stdout=-1, limit=_BUFFER, env={}
            )
        id_, *where = place
        asked = [str(self._files.path(id_)), *where, limit]
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")  # type: ignore[union-attr]
        self._asked = place

    async def _answered(self, place: _Place) -> Slice | None:
        """What was asked for last; None when that was something else."""
        if self._process is None or self._asked is None:
            return None
        answer: Any = self._process.stdout
        size = int.from_bytes(await answer.readexactly(SIZE_BYTES))
        part: Slice = pickle.loads(await answer.readexactly(size))  # noqa: S301 (we wrote it)
        asked, self._asked = self._asked, None
        return part if asked == place else None
