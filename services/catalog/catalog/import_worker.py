"""Does imports beside the requests, one after the other, in transactions that hold up nobody."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from catalog.category_ways import KnownWays
from catalog.import_files import ImportFiles
from catalog.import_pace import Pace
from catalog.import_reading import Reading
from catalog.import_steps import import_rows, undo_rows, without_effect
from catalog.repository.imports import (
    UNFINISHED,
    find_import,
    forget_rows,
    oldest_kept,
    unfinished_imports,
    update_import,
)
from shopkit.background import drain, every
from shopkit.clock import Clock
from shopkit.db import Database
from shopkit.errors import Problem
from shopkit.idempotency import KEPT
from shopkit.logs import get_logger

log = get_logger()
Step = Callable[..., dict[str, Any] | None]
IMPORTER_SECONDS = 1
BUSY_SECONDS = 0.2
STRAY_SECONDS = 86_400
BATCH = 100


class Importer:
    def __init__(self, database: Database, clock: Clock, files: ImportFiles, pace: Pace) -> None:
        self._database, self._clock, self._files = database, clock, files
        self._reading = Reading(files)
        self._known = KnownWays()
        self._pace = pace

    async def run(self) -> None:
        try:
            await every(IMPORTER_SECONDS, self.drain)
        finally:  # the service may be stopped while `drain` waits for the reader's end
            await self._reading.close()

    async def drain(self) -> None:
        """Do all that is to be done and can be done here: an import needs its file, which another
        copy of the service may have."""
        try:
            for job in await self._database.read(unfinished_imports):
                if job["kind"] == "undo" or self._files.has(job["id"]):
                    await self._work_or_later(job)
                else:
                    log.warning("import_without_file", import_id=job["id"])
        finally:
            await self._reading.close()

    async def _work_or_later(self, job: dict[str, Any]) -> None:
        """Whatever an import breaks with, those after it have their turn; then it is tried again,
        until it goes on or somebody cancels it."""
        try:
            await self._work(job)
        except Problem as exc:
            log.warning("import_paused", import_id=job["id"], reason=exc.detail)
        except Exception:
            log.exception("import_stuck", import_id=job["id"])
            await self._reading.close()

    async def _work(self, job: dict[str, Any] | None) -> None:
        while job is not None and job["state"] in UNFINISHED:
            stepped = await self._step(job)
            if stepped is None:
                await asyncio.sleep(BUSY_SECONDS)
            job = stepped or await self._database.read(find_import, id=job["id"])

    async def _step(self, job: dict[str, Any]) -> dict[str, Any] | None:
        # First what the reader has sent: to take that in is no work of somebody else's.
        part = None if job["kind"] == "undo" else await self._reading.read(job, self._pace.rows)
        await self._pace.others_turn()
        limit, how = self._pace.rows, {"id": job["id"], "now": self._clock.now()}
        if part is None:
            undo = partial(undo_rows, limit=limit, **how)
            return await self._tried(job, limit, undo, partial(undo, skip=True))
        if part.end == job["position"]:
            raise OSError("The file of the import is shorter than it was.")
        taken = part.first(limit)
        await self._reading.read_on(job, taken, limit)

        def do(conn: Any, *, without: bool = False) -> dict[str, Any] | None:
            part = without_effect(taken) if without else taken
            return import_rows(conn, part=part, known=self._known, **how)

        return await self._tried(job, len(taken.rows), do, partial(do, without=True))

    async def _tried(
        self, job: dict[str, Any], rows: int, do: Step, skip: Step
    ) -> dict[str, Any] | None:
        """A row that breaks it must not do so for ever, nor stop those after it: alone it is
        skipped."""
        try:
            return await self._timed(job, do)
        except Problem:
            raise
        except Exception:
            log.exception("import_step_failed", import_id=job["id"], rows=rows)
            if rows > 1:
                self._pace.one_by_one()
                return job
            return await self._timed(job, skip)

    async def _timed(self, job: dict[str, Any], step: Step) -> dict[str, Any] | None:
        def timed(conn: Any) -> dict[str, Any] | None:
            started = time.thread_time()
            done = step(conn)
            if done is not None:
                self._pace.took(done["done"] - job["done"], time.thread_time() - started)
            return done

        return await self._database.run(timed)


class ImportArchive:
    """Forgets files, errors and what was before imports, 30 days after their end."""

    def __init__(self, database: Database, clock: Clock, files: ImportFiles) -> None:
        self._database, self._clock, self._files = database, clock, files

    async def drain(self) -> int:
        """How many imports were forgotten."""
        forgotten = 0
        before = self._clock.now() - KEPT
        while id_ := await self._database.read(oldest_kept, before=before):
            await drain(self._database, forget_rows, import_id=id_, limit=BATCH)
            self._files.remove(id_)
            await self._database.run(update_import, id=id_, values={"forgotten": True})
            forgotten += 1
        await self._remove_strays()
        return forgotten

    async def _remove_strays(self) -> None:
        """Files whose import was never begun: the service died in between."""
        for id_ in list(self._files.older_than(STRAY_SECONDS, self._clock.now().timestamp())):
            if await self._database.read(find_import, id=id_) is None:
                self._files.remove(id_)
