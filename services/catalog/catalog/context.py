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
from catalog.listing import CatalogSize, Wanted, list_products
from catalog.search_text import query_words
from catalog.settings import CatalogSettings
from catalog.storage import LocalStorage, Storage
from catalog.suggest import suggest
from catalog.uploads import Uploads
from shopkit.clock import Clock
from shopkit.databases import open_database
from shopkit.db import Database
from shopkit.pagination import Cursors

MANY_WORDS = 50_000


@dataclass(frozen=True)
class Context:
    database: Database
    clock: Clock
    cursors: Cursors
    low_stock: int
    size: CatalogSize
    storage: Storage
    uploads: Uploads
    makes_feeds: bool
    lexicon: Lexicon
    files: ImportFiles
    pace: Pace
    ways: KnownWays
    facets: Answers[dict[str, Any]]

    @property
    def searches_take_long(self) -> bool:
        """Many products, or many words to compare with what was typed. On PostgreSQL always: it
        plans for the words only where reads may be slow, and to read there takes no thread."""
        many = self.size.is_large or len(self.lexicon.vocabulary) > MANY_WORDS
        return many or self.database.dialect == "postgresql"

    def may_be_slow(self, wanted: Wanted, cursor: str | None) -> bool:
        deep = cursor is not None or self.searches_take_long
        many = wanted.shape.cards and self.size.has_large_groups
        return wanted.passes_over_rows or many or (wanted.shape.search and deep)

    async def list_products(self, wanted: Wanted, cursor: str | None) -> dict[str, Any]:
        """A page, read where it holds up nobody. Raises InvalidCursor."""
        slow = self.may_be_slow(wanted, cursor)
        return await (self.database.read_slow if slow else self.database.read)(
            list_products,
            wanted=wanted,
            cursor=cursor,
            cursors=self.cursors,
            low_stock=self.low_stock,
            lexicon=self.lexicon,
        )

    async def count_facets(self, wanted: Wanted, *, now: bool) -> dict[str, Any]:
        """As they are `now`, or were some seconds ago. Raises Invalid, AttributeNotReady."""

        async def count() -> dict[str, Any]:
            return await self.database.read_slow(count_facets, wanted=wanted, lexicon=self.lexicon)

        return await (count() if now else self.facets.get(wanted.name, count))

    async def suggest(self, typed: str, limit: int) -> list[dict[str, Any]]:
        """Completions of what was typed."""
        read = self.database.read_slow if self.searches_take_long else self.database.read
        return await read(suggest, typed=query_words(typed), lexicon=self.lexicon, limit=limit)


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
    return Context(
        database=database,
        clock=clock,
        cursors=Cursors(settings.secret_key.get_secret_value()),
        low_stock=settings.low_stock,
        size=CatalogSize(),
        storage=storage,
        uploads=Uploads(database, storage, clock),
        makes_feeds=bool(settings.storefront_url),
        lexicon=Lexicon(),
        files=ImportFiles(settings.files_dir),
        pace=Pace(),
        ways=KnownWays(),
        facets=Answers(),
    )
