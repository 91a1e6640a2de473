"""`shop orders list`."""

import asyncio
from typing import Annotated, Any

import typer

from shopcli.client import Params, ShopClient
from shopcli.commands.connection import connect
from shopcli.commands.options import JsonOption, LimitOption, UrlOption
from shopcli.errors import ApiProblem, LoginNeeded, ShopError, UsageError
from shopcli.money import written
from shopcli.screen import say, show_json, show_table
from shopcli.settings import DEFAULT_URL, Settings, settings_for

app = typer.Typer(help="What was bought.", no_args_is_help=True)


@app.command("list")
def list_orders(
    url: UrlOption = DEFAULT_URL,
    mine: Annotated[bool, typer.Option("--mine", help="Only your own orders.")] = False,
    status: Annotated[str | None, typer.Option(help="Only orders in this status.")] = None,
    number: Annotated[str | None, typer.Option(help="Only the order with this number.")] = None,
    limit: LimitOption = 20,
    as_json: JsonOption = False,
) -> None:
    """Show orders, newest first: everybody's for staff, with --mine your own."""
    settings = settings_for(url)
    if number is not None and mine:
        raise UsageError("--number searches everybody's orders; leave --mine out.")
    given = {"status": status, "number": number}
    params: Params = {name: value for name, value in given.items() if value is not None}
    found = asyncio.run(_orders(settings, params, limit + 1, mine=mine))
    orders = found[:limit]
    if len(found) > limit:
        say(f"These are the first {limit:,}; there are more (--limit shows them).")
    if as_json:
        show_json(orders)
        return
    if not orders:
        say("No orders.")
        return
    columns = ("Number", "Placed", "Status", "Payment", "Items", "Total", "E-mail")
    show_table(columns, (_row(order) for order in orders), right="Items Total", shrinks="E-mail")


async def _orders(
    settings: Settings, params: Params, limit: int, *, mine: bool
) -> list[dict[str, Any]]:
    path = "/api/orders/history" if mine else "/api/orders"
    session = settings.session()
    async with connect(settings.url) as wire:
        if await session.token(wire) is None:
            raise LoginNeeded(f"You are not logged in to {settings.url}.")
        try:
            items = ShopClient(wire, session).items(path, params, limit=limit)
            return [item async for item in items]
        except ApiProblem as problem:
            if problem.status == 403 and not mine:
                raise ShopError("Only staff sees everybody's orders; try --mine.") from None
            raise


def _row(order: dict[str, Any]) -> tuple[str, ...]:
    total = order["total"]
    placed = str(order["placed_at"] or "")
    return (
        str(order["number"]),
        placed[:16].replace("T", " "),
        str(order["status"]),
        str(order["payment_status"]),
        str(sum(item["quantity"] for item in order["items"])),
        written(total["amount"], total["currency"]) if total else "",
        str(order["email"] or ""),
    )
