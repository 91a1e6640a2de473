"""What the use cases work with."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from catalog.answers import Answers
from catalog.category_ways import KnownWays
from catalog.facets import count_facets
from catalog.import_files import ImportFiles
from catalog.import_pace import Pace
from catalog.lexicon import Lexicon
from catalog.listing import GroupSize, Wanted, list_products
from catalog.search_text import query_words
from catalog.settings import CatalogSettings
from catalog.slow_reading import SlowReading
from catalog.storage import LocalStorage, Storage
from catalog.suggest import suggest
from catalog.uploads import Uploads
from shopkit.clock import Clock
from shopkit.databases import open_database
from shopkit.db import Database
from shopkit.pagination import Cursors


@dataclass(frozen=True)
class Context:
    database: Database
    clock: Clock
    cursors: Cursors
    low_stock: int
    groups: GroupSize
    storage: Storage
    uploads: Uploads
    makes_feeds: bool
    lexicon: Lexicon
    files: ImportFiles
    pace: Pace
    ways: KnownWays
    facets: Answers[bytes]
    slow: SlowReading

    def may_be_slow(self, wanted: Wanted) -> bool:
        """Whether it is a search, or may look at many rows."""
        many = wanted.shape.cards and self.groups.is_large
        return wanted.shape.search or wanted.passes_over_rows or many

    async def list_products(self, wanted: Wanted, cursor: str | None) -> bytes:
        """A page, read where it holds up nobody. Raises InvalidCursor."""
        more: dict[str, Any] = {"cursors": self.cursors, "low_stock": self.low_stock}
        if self.may_be_slow(wanted):
            return await self.slow.read(list_products, wanted=wanted, cursor=cursor, **more)
        return await self.database.read(
            list_products, wanted=wanted, cursor=cursor, lexicon=self.lexicon, **more
        )

    async def count_facets(self, wanted: Wanted, *, now: bool) -> bytes:
        """As they are `now`, or were some seconds ago. Raises Invalid, AttributeNotReady."""

        async def count() -> bytes:
            return await self.slow.read(count_facets, wanted=wanted)

        return await (count() if now else self.facets.get(wanted.name, count))

    async def suggest(self, typed: str, limit: int) -> bytes:
        """Completions of what was typed."""
        return await self.slow.read(suggest, typed=query_words(typed), limit=limit)


def open_storage(settings: CatalogSettings) -> Storage:
    """The client of S3 is 5 MB that no shop needs whose images are on a disk."""
    if not settings.s3_bucket:
        return LocalStorage(settings.media_dir)
    storage: Storage = import_module("catalog.s3_storage").S3Storage(
        settings.s3_bucket,
        endpoint=settings.s3_endpoint,
        region=settings.s3_region,
        access_key_id=settings.s3_access_key_id,
        secret_access_key=settings.s3_secret_access_key.get_secret_value(),
    )
    return storage


def new_context(settings: CatalogSettings, clock: Clock) -> Context:
    """Nothing is open yet."""
    database = open_database(settings.database_url, settings.database_pool)
    storage = open_storage(settings)
    lexicon = Lexicon()
    return Context(
        database=database,
        clock=clock,
        cursors=Cursors(settings.secret_key.get_secret_value()),
        low_stock=settings.low_stock,
        groups=GroupSize(),
        storage=storage,
        uploads=Uploads(database, storage, clock),
        makes_feeds=bool(settings.storefront_url),
        lexicon=lexicon,
        files=ImportFiles(settings.files_dir),
        pace=Pace(),
        ways=KnownWays(),
        facets=Answers(),
        slow=SlowReading(database, lexicon, settings.database_url),
    )
