"""`shop products list`."""

import asyncio
from typing import Annotated, Any

import typer

from shopcli.client import Params, ShopClient
from shopcli.commands.connection import connect
from shopcli.commands.options import JsonOption, LimitOption, UrlOption
from shopcli.money import written
from shopcli.screen import say, show_json, show_table
from shopcli.session import Guest, Session
from shopcli.settings import DEFAULT_URL, settings_for

app = typer.Typer(help="What the shop sells.", no_args_is_help=True)


@app.command("list")
def list_products(
    url: UrlOption = DEFAULT_URL,
    q: Annotated[str | None, typer.Option("--q", "-q", help="Words to search for.")] = None,
    category: Annotated[str | None, typer.Option(help="Slug or id of a category.")] = None,
    status: Annotated[
        str | None, typer.Option(help="draft, active, archived or any (staff only).")
    ] = None,
    limit: LimitOption = 20,
    as_json: JsonOption = False,
) -> None:
    """Show products: those on sale, or for staff those of a status."""
    settings = settings_for(url)
    given = {"q": q, "category": category, "status": status, "group": "expand"}
    params: Params = {name: value for name, value in given.items() if value is not None}
    session = Guest() if status is None else settings.session()
    found = asyncio.run(_products(settings.url, session, params, limit + 1))
    products = found[:limit]
    if len(found) > limit:
        say(f"These are the first {limit:,}; there are more (--limit shows them).")
    if as_json:
        show_json(products)
        return
    if not products:
        say("No products.")
        return
    columns = ("SKU", "Name", "Price", "Stock", "Status")
    rows = (_row(product) for product in products)
    show_table(columns, rows, right="Price Stock", shrinks="Name")


async def _products(url: str, session: Session, params: Params, limit: int) -> list[dict[str, Any]]:
    async with connect(url) as wire:
        items = ShopClient(wire, session).items("/api/products", params, limit=limit)
        return [item async for item in items]


def _row(product: dict[str, Any]) -> tuple[str, ...]:
    price, stock = product["price"], product["stock"]
    return (
        product["sku"],
        product["name"],
        written(price["amount"], price["currency"]),
        str(stock["available"]),
        product["status"],
    )
