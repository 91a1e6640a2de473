"""What the use cases work with."""

from dataclasses import dataclass
from typing import Any

from catalog.category_ways import KnownWays
from catalog.import_files import ImportFiles
from catalog.listing import CatalogSize, Wanted, list_products
from catalog.settings import CatalogSettings
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
    size: CatalogSize
    files: ImportFiles
    ways: KnownWays

    def may_be_slow(self, wanted: Wanted, cursor: str | None) -> bool:
        deep = cursor is not None or self.size.is_large
        return wanted.passes_over_rows or (wanted.shape.search and deep)

    async def list_products(self, wanted: Wanted, cursor: str | None) -> dict[str, Any]:
        """A page, read where it holds up nobody. Raises InvalidCursor."""
        slow = self.may_be_slow(wanted, cursor)
        return await (self.database.read_slow if slow else self.database.read)(
            list_products,
            wanted=wanted,
            cursor=cursor,
            cursors=self.cursors,
            low_stock=self.low_stock,
        )


def new_context(settings: CatalogSettings, clock: Clock) -> Context:
    """Nothing is open yet."""
    return Context(
        database=open_database(settings.database_url, settings.database_pool),
        clock=clock,
        cursors=Cursors(settings.secret_key.get_secret_value()),
        low_stock=settings.low_stock,
        size=CatalogSize(),
        files=ImportFiles(settings.files_dir),
        ways=KnownWays(),
    )
