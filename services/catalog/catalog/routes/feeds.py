"""The Google Merchant feed and the sitemap."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Any

from fastapi import Path, Response
from fastapi.responses import StreamingResponse

from catalog import feeds
from catalog.context import Context
from catalog.deps import CatalogContext
from catalog.errors import FeedsOff
from catalog.feeds import FEED, INDEX
from catalog.repository import feeds as rows
from catalog.schemas.feeds import Feeds
from shopkit.audit import by_staff
from shopkit.auth import Principal, Public, Staff
from shopkit.errors import NotFound
from shopkit.openapi import problems
from shopkit.routing import new_router

router = new_router()
_TAGS: list[str | Enum] = ["Feeds"]
A_WHILE = "public, max-age=600"


@router.get(
    "/api/feeds",
    tags=_TAGS,
    summary="See when the feeds were made",
    response_model=Feeds,
    responses=problems(FeedsOff),
)
async def get_feeds(
    _: Annotated[Principal, Staff("products:write")], context: CatalogContext
) -> Any:
    """`/feeds/google.xml` (RSS 2.0 for Google Merchant Center) and `/sitemap.xml`."""
    _require_feeds(context)
    return _shown(await context.database.read(rows.find_feeds), context.clock.now())


@router.post(
    "/api/feeds",
    tags=_TAGS,
    summary="Ask for new feeds",
    status_code=202,
    response_model=Feeds,
    responses=problems(FeedsOff),
)
async def ask_for_feeds(
    editor: Annotated[Principal, Staff("products:write")], context: CatalogContext
) -> Any:
    """They are made every hour, and a few seconds after this; `made_at` says when they were last.
    Until new ones are whole, the old ones are served."""
    _require_feeds(context)
    now = context.clock.now()
    by = by_staff(editor)
    return _shown(await context.database.run(feeds.ask_for_feeds, by=by, now=now), now)


def _require_feeds(context: Context) -> None:
    if not context.makes_feeds:
        raise FeedsOff


def _shown(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    begun_at, asked_at, until = row["begun_at"], row["asked_at"], row["maker_until"]
    made = row["made_at"] is not None and row["made_at"] >= begun_at
    waiting = not made or (asked_at is not None and asked_at > begun_at)
    running = until is not None and until > now
    counts = {name: row[name] for name in ("made_at", "offers", "left_out", "addresses")}
    return {"state": "running" if running else "waiting" if waiting else "made", **counts}


@router.get("/feeds/google.xml", include_in_schema=False)
async def get_google_feed(_: Public, context: CatalogContext) -> Response:
    return await _file(context, FEED)


@router.get("/sitemap.xml", include_in_schema=False)
async def get_sitemap_index(_: Public, context: CatalogContext) -> Response:
    return await _file(context, INDEX)


@router.get("/sitemaps/{number}.xml", include_in_schema=False)
async def get_sitemap(
    number: Annotated[str, Path(pattern="^[1-9][0-9]{0,5}$")], _: Public, context: CatalogContext
) -> Response:
    return await _file(context, f"sitemaps/{number}.xml")


async def _file(context: Context, key: str) -> Response:
    """What the gateway does not have on its own disk."""
    content = await context.storage.read(key)
    if content is None:
        raise NotFound("It is not there, or not yet.")
    headers = {"Cache-Control": A_WHILE}
    return StreamingResponse(content, media_type="application/xml", headers=headers)
