"""What routes are given."""

import time
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Path, Request, Response

from catalog.listing import CatalogSize, Wanted, list_products
from catalog.settings import CatalogSettings
from shopkit.auth import Principal
from shopkit.clock import Clock
from shopkit.databases import open_database
from shopkit.db import Database
from shopkit.errors import InsufficientScope, NotAuthenticated
from shopkit.pagination import Cursors

ANONYMOUS = "public, max-age=0, s-maxage=1, stale-while-revalidate=1, stale-if-error=600"
"""The gateway may keep it for a second; browsers ask again, with If-None-Match."""
PERSONAL = "private, no-store"


@dataclass(frozen=True)
class Catalog:
    database: Database
    clock: Clock
    cursors: Cursors
    low_stock: int
    size: CatalogSize

    async def list_products(self, wanted: Wanted, cursor: str | None) -> dict[str, Any]:
        """A page, read where it holds up nobody. Raises InvalidCursor."""
        slow = wanted.may_be_slow and self.size.is_large
        return await (self.database.read_slow if slow else self.database.read)(
            list_products,
            wanted=wanted,
            cursor=cursor,
            cursors=self.cursors,
            low_stock=self.low_stock,
        )


def new_catalog(settings: CatalogSettings, clock: Clock) -> Catalog:
    """Nothing is open yet."""
    return Catalog(
        database=open_database(settings.database_url, settings.database_pool),
        clock=clock,
        cursors=Cursors(settings.secret_key.get_secret_value()),
        low_stock=settings.low_stock,
        size=CatalogSize(),
    )


async def _catalog(request: Request) -> Catalog:
    found: Catalog = request.app.state.catalog
    return found


CatalogState = Annotated[Catalog, Depends(_catalog)]
ProductRef = Annotated[
    str, Path(pattern="^[a-z0-9-]{1,120}$", description="The product's id or slug.")
]
GroupRef = Annotated[str, Path(pattern="^[a-z0-9-]{1,120}$", description="The group's id or slug.")]
CategoryRef = Annotated[
    str, Path(pattern="^[a-z0-9-]{1,120}$", description="The category's id or slug.")
]


def sees_all(user: Principal | None) -> bool:
    """Whether somebody may see products that are not active."""
    return user is not None and not user.scopes.isdisjoint({"products:read", "products:write"})


def require_sees_all(user: Principal | None) -> None:
    """Raises NotAuthenticated or InsufficientScope."""
    if user is None:
        raise NotAuthenticated
    if not sees_all(user):
        raise InsufficientScope("products:read")


def set_caching(response: Response, user: Principal | None) -> None:
    response.headers["Cache-Control"] = ANONYMOUS if user is None else PERSONAL
    if user is None:  # else nginx rounds a second up to two, and cannot tell the Age
        response.headers["X-Accel-Expires"] = f"@{int(time.time())}"
