"""Make the Google Merchant feed and the sitemap of all that is public."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection

from catalog import feed_xml as xml
from catalog.models import audit_log
from catalog.repository import feeds as rows
from catalog.repository.categories import list_categories
from catalog.storage import Chunks, Storage
from shopkit.audit import By, record
from shopkit.clock import Clock
from shopkit.db import Database
from shopkit.errors import Unavailable
from shopkit.ids import new_id

T = TypeVar("T")
FEED, INDEX = "feeds/google.xml", "sitemaps/index.xml"
EVERY = timedelta(hours=1)
HELD_FOR = timedelta(minutes=2)
OFFERS, ADDRESSES = 50, 250
"""As many as take a few milliseconds."""
BATCHES = xml.MAX_ADDRESSES // ADDRESSES


@dataclass
class Run:
    maker: str
    held_at: datetime
    offers: int = 0
    left_out: int = 0
    addresses: int = 0


class FeedMaker:
    """Reads a few products at a time and rests as long as that took: half a core at most, and the
    same memory however many there are."""

    def __init__(
        self, database: Database, storage: Storage, clock: Clock, links: xml.Links, title: str
    ) -> None:
        self._database, self._storage, self._clock = database, storage, clock
        self._links, self._title = links, title

    async def make_due(self) -> bool:
        """Make both when they are due and nobody else does. Raises Unavailable."""
        now = self._clock.now()
        self._run = run = Run(new_id(), now)
        if not await self._database.run(
            rows.begin_feeds, maker=run.maker, now=now, until=now + HELD_FOR, every=EVERY
        ):
            return False
        tree = await self._database.read_slow(list_categories)
        await self._storage.put(FEED, self._feed(paths_of(tree)))
        await self._make_sitemaps(self._all_addresses(tree))
        await self._database.run(
            rows.finish_feeds,
            maker=run.maker,
            now=self._clock.now(),
            offers=run.offers,
            left_out=run.left_out,
            addresses=run.addresses,
        )
        return True

    async def _feed(self, paths: Mapping[str, str]) -> Chunks:
        title, link = xml.text(self._title), xml.text(self._links.home)
        yield xml.FEED_BEGIN.format(title=title, link=link).encode()
        after: int | None = 0
        while after is not None:
            more = self._database.read_slow(
                rows.write_offers, after=after, limit=OFFERS, links=self._links, paths=paths
            )
            after, items, left_out = await self._unhurried(more)
            self._run.offers += len(items)
            self._run.left_out += left_out
            yield "".join(items).encode()
        yield xml.FEED_END.encode()

    async def _all_addresses(self, tree: list[dict[str, Any]]) -> AsyncIterator[list[str]]:
        yield [xml.address(self._links.home)]
        for start in range(0, len(tree), ADDRESSES):
            found = tree[start : start + ADDRESSES]
            yield [xml.address(self._links.category(c["slug"]), c["updated_at"]) for c in found]
        after: int | None = 0
        while after is not None:
            more = self._database.read_slow(
                rows.write_addresses, after=after, limit=ADDRESSES, links=self._links
            )
            after, entries = await self._unhurried(more)
            if entries:
                yield entries

    async def _make_sitemaps(self, batches: AsyncIterator[list[str]]) -> None:
        """Each is whole whenever it is read; the index names those that are there."""
        made: list[str] = []
        while (first := await anext(batches, None)) is not None:
            made.append(f"sitemaps/{len(made) + 1}.xml")
            await self._storage.put(made[-1], self._sitemap(first, batches))
        await self._storage.put(INDEX, self._index(made))
        known = {INDEX, *made}
        left = [key for key in await self._storage.keys("sitemaps") if key not in known]
        await self._storage.delete(left)

    async def _sitemap(self, first: list[str], batches: AsyncIterator[list[str]]) -> Chunks:
        yield xml.SITEMAP_BEGIN.encode()
        batch: list[str] | None = first
        for number in range(1, BATCHES + 1):
            if batch is None:
                break
            self._run.addresses += len(batch)
            yield "".join(batch).encode()
            batch = await anext(batches, None) if number < BATCHES else None
        yield xml.SITEMAP_END.encode()

    async def _index(self, keys: list[str]) -> Chunks:
        now = self._clock.now()
        entries = "".join(xml.sitemap(self._links.file(f"/{key}"), now) for key in keys)
        yield f"{xml.INDEX_BEGIN}{entries}{xml.INDEX_END}".encode()

    async def _unhurried(self, reading: Awaitable[T]) -> T:
        """Raises Unavailable when somebody else has become the maker."""
        started = time.monotonic()
        found = await reading
        await asyncio.sleep(time.monotonic() - started)
        now = self._clock.now()
        if now - self._run.held_at > HELD_FOR / 4:
            self._run.held_at = now
            if not await self._database.run(
                rows.hold_feeds, maker=self._run.maker, until=now + HELD_FOR
            ):
                raise Unavailable("Another copy makes the feeds now.")
        return found


def ask_for_feeds(conn: Connection, *, by: By, now: datetime) -> dict[str, Any]:
    asked = {"asked_at": now}
    record(conn, audit_log, by, "feeds.ask", "public", before=None, after=asked, now=now)
    return rows.ask_for_feeds(conn, now=now)


def paths_of(tree: list[dict[str, Any]]) -> dict[str, str]:
    """`Clothing > Shirts` for every category, by id."""
    by_id = {category["id"]: category for category in tree}
    found: dict[str, str] = {}
    for id_ in by_id:
        names: list[str] = []
        at: str | None = id_
        while at is not None and len(names) < len(by_id):
            names.append(by_id[at]["name"])
            at = by_id[at]["parent_id"]
        found[id_] = " > ".join(reversed(names))
    return found
