"""A flash sale: one product, 2,000 buyers who arrive within a second, while 64 others browse."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

import aiohttp

from bench.place import Place
from bench.scenarios import browsing
from bench.shop import Shop, log_in
from bench.wrk import measure

BUYERS, STOCK, BROWSERS = 2_000, 1_000, 64
ARRIVE_SECONDS = 1.0
THINKING_MS = 100
"""On average, between a browser's requests."""
SECONDS = 6
PATIENCE_SECONDS = 60.0
ASK_AGAIN_SECONDS = 1.0
CREATED, UNDER_WAY, CONFLICT = 201, 202, 409
BUSY = {429, 503}


class Oversold(AssertionError):
    """What must never happen did."""


@dataclass
class Sale:
    """What buyers heard, and when, in seconds after the first came."""

    orders: list[float] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    """Buyers who do not know whether they have an order, by what they heard last."""


def flash_sale(shop: Shop, place: Place) -> dict[str, Any]:
    """Raises Oversold."""
    product = _new_product(shop)
    alone = _browse(place)
    during: dict[str, Any] = {}
    browsers = Thread(target=lambda: during.update(_browse(place)))
    browsers.start()
    sale = asyncio.run(_hold(shop.url, product))
    browsers.join()
    stock = _settled_stock(shop, product)
    check(STOCK, on_hand=stock["on_hand"], reserved=stock["reserved"], sale=sale)
    orders = sorted(sale.orders)
    return {
        "buyers": BUYERS,
        "stock": STOCK,
        "orders": len(orders),
        "refused": dict(sale.refusals),
        "unknown": dict(sale.unknown),
        "sold_out_seconds": round(orders[STOCK - 1], 2) if len(orders) >= STOCK else None,
        "reserved_after": stock["reserved"],
        "last_order_seconds": round(orders[-1], 2) if orders else None,
        "browsers_alone": alone,
        "browsers_during": during,
    }


def check(stock: int, *, on_hand: int, reserved: int, sale: Sale) -> None:
    """Whether what is left fits with what was sold. What is still reserved may yet become orders of
    those who do not know. Raises Oversold."""
    sold, told, unknown = stock - on_hand, len(sale.orders), sale.unknown.total()
    if on_hand < reserved or told > stock:
        raise Oversold(
            f"{told} orders, {on_hand} on hand and {reserved} reserved of {stock} pieces"
        )
    if not told <= sold <= sold + reserved <= told + unknown:
        raise Oversold(
            f"{sold} of {stock} pieces are gone and {reserved} reserved, but {told} buyers have an "
            f"order and {unknown} do not know"
        )


def _browse(place: Place) -> dict[str, Any]:
    visits = browsing(place, 500)
    return measure(
        place.url, visits, seconds=SECONDS, connections=BROWSERS, thinking_ms=THINKING_MS
    )


async def _hold(url: str, product: str) -> Sale:
    sale, begun = Sale(), time.monotonic()
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(PATIENCE_SECONDS)
    async with aiohttp.ClientSession(url, connector=connector, timeout=timeout) as session:
        await asyncio.gather(*(_buy(session, n, product, sale, begun) for n in range(BUYERS)))
    return sale


async def _buy(
    session: aiohttp.ClientSession, number: int, product: str, sale: Sale, begun: float
) -> None:
    """A guest puts one piece into a cart and orders it. While the shop is busy, or does not know
    yet, the guest asks again, as storefronts do: with the same key."""
    await asyncio.sleep(ARRIVE_SECONDS * number / BUYERS)
    line = {"product_id": product, "quantity": 1}
    try:
        status, told, headers = await _ask(session, "/api/cart", line, {})
        if status == CREATED:
            cart = {
                "X-Cart-Token": headers["X-Cart-Token"],
                "Idempotency-Key": f"{product}-{number}",
            }
            buyer = {"email": f"buyer-{number}@example.com"}
            status, told, headers = await _ask(session, "/api/orders", buyer, cart)
    except (aiohttp.ClientError, TimeoutError):
        sale.unknown["nothing"] += 1
        return
    if status == CREATED:
        sale.orders.append(time.monotonic() - begun)
    elif status == CONFLICT and told["code"] != "request_in_progress":
        sale.refusals[told["code"]] += 1
    else:
        sale.unknown[str(status)] += 1


async def _ask(
    session: aiohttp.ClientSession, path: str, body: Any, headers: dict[str, str]
) -> tuple[int, Any, Any]:
    """The last word, or the last one within a buyer's patience."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        async with session.post(path, json=body, headers=headers) as answer:
            told = await answer.json()
            busy = answer.status in BUSY or told.get("code") == "request_in_progress"
            if not (busy or answer.status == UNDER_WAY) or time.monotonic() > ends_at:
                return answer.status, told, answer.headers
        await asyncio.sleep(float(answer.headers.get("Retry-After", ASK_AGAIN_SECONDS)))


def _new_product(shop: Shop) -> str:
    product = {
        "sku": f"FLASH-{time.time_ns()}",
        "name": "What everybody wants",
        "price": {"amount": 9_900, "currency": "USD"},
        "stock": STOCK,
        "status": "active",
    }
    return str(shop.post("/api/products", product, log_in(shop))["id"])


def _settled_stock(shop: Shop, product: str) -> Any:
    """As staff see it, once nothing is reserved any more; within a minute."""
    staff, ends_at = log_in(shop), time.monotonic() + PATIENCE_SECONDS
    while True:
        stock = shop.get(f"/api/products/{product}/stock", staff)
        if stock["reserved"] == 0 or time.monotonic() > ends_at:
            return stock
        time.sleep(0.5)
