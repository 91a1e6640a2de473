"""Take in images that staff upload."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import Connection

from catalog.drawing import Drawn, draw
from catalog.errors import UploadTooSlow
from catalog.image_names import new_name, storage_keys, thumbnails_of, url_of
from catalog.models import audit_log, idempotency_keys
from catalog.repository import media as rows
from catalog.storage import Storage
from shopkit.audit import By, record
from shopkit.clock import Clock
from shopkit.db import Database
from shopkit.errors import Unavailable
from shopkit.idempotency import Answer, fingerprint, replayable
from shopkit.ids import new_id

MAX_BYTES = 10 * 1024 * 1024
MAX_UNDER_WAY = 4
READ_SECONDS = 60
KEPT_WITHIN = timedelta(hours=1)
"""Files of an upload that is not done by then are removed."""


class Uploads:
    """One image at a time is drawn; few wait, and the others are asked to come again."""

    def __init__(self, database: Database, storage: Storage, clock: Clock) -> None:
        self._database, self._storage, self._clock = database, storage, clock
        self._drawing = asyncio.Lock()
        self._under_way = 0

    async def receive(
        self, read: Callable[[], Awaitable[bytes]], *, key: str | None, by: By
    ) -> Answer:
        """Raises UnusableImage, Unavailable, UploadTooSlow and what `read` raises."""
        with self._place():
            try:
                async with asyncio.timeout(READ_SECONDS):
                    sent = await read()
            except TimeoutError:
                raise UploadTooSlow(f"Send the image within {READ_SECONDS} seconds.") from None
            async with self._drawing:
                drawn = await draw(sent)
            return await self._store(drawn, hashlib.sha256(sent).hexdigest(), key, by)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._under_way >= MAX_UNDER_WAY:
            raise Unavailable("Other images are being taken in. Try again shortly.", 5)
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    async def _store(self, drawn: Drawn, digest: str, key: str | None, by: By) -> Answer:
        name, now = new_name(), self._clock.now()
        await self._database.run(
            rows.insert_leftover, name=name, suffix=drawn.suffix, due_at=now + KEPT_WITHIN
        )
        for place, file in zip(storage_keys(name, drawn.suffix), drawn.files, strict=True):
            await self._storage.put(place, file)
        return await self._database.run(
            keep_media, name=name, drawn=drawn, digest=digest, key=key, by=by, now=now
        )


def keep_media(
    conn: Connection,
    *,
    name: str,
    drawn: Drawn,
    digest: str,
    key: str | None,
    by: By,
    now: datetime,
) -> Answer:
    """Its files are there; from now on it is. Raises Unavailable when they were removed."""

    def effect() -> Answer:
        if not rows.take_leftover(conn, name=name):
            raise Unavailable("Storing the image took too long. Send it again.")
        id_ = new_id()
        size = {"width": drawn.width, "height": drawn.height}
        stored = {"id": id_, "name": name, "suffix": drawn.suffix, **size}
        rows.insert_media(conn, {**stored, "unused_since": now, "created_at": now})
        url = url_of(name, drawn.suffix)
        made = {"url": url, **size}
        record(conn, audit_log, by, "media.create", id_, before=None, after=made, now=now)
        shown = {"id": id_, "url": url, "thumbnails": thumbnails_of(name), **size}
        return Answer(201, shown, {"Location": url})

    return replayable(
        conn,
        table=idempotency_keys,
        key=key,
        caller=by.actor,
        route="upload_image",
        fingerprint=fingerprint(None, digest),
        now=now,
        effect=effect,
    )
