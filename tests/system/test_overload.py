"""Far more at once than the shop can do. What it does meanwhile: `make bench-overload`."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2

from shopkit.ids import new_id
from tests.shop_clients import Guest, Staff
from tests.shop_processes import ADMIN, ShopProcesses

LOGINS, PAGES, BUYERS = 150, 500, 50
LEAST_LOGINS = 16
"""As many may wait for a hash."""


async def at_once(ask: Callable[[], Awaitable[httpx2.Response]], times: int) -> Counter[int]:
    """How many had which status; who is refused is told to come again."""
    answers = await asyncio.gather(*(ask() for _ in range(times)))
    for answer in answers:
        if answer.status_code == 503:
            assert (answer.json()["code"], answer.headers["retry-after"]) == ("busy", "1")
    return Counter(answer.status_code for answer in answers)


def resident_pages(shop: ShopProcesses) -> int:
    pids = [process.pid for process in shop.processes.values()]
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)


async def test_c19_what_is_too_much_is_told_to_come_again_and_leaves_nothing(
    shop: ShopProcesses, staff: Staff
) -> None:
    product = await staff.product(stock=1000)

    async def log_in(email: str | None = None) -> httpx2.Response:
        account = ADMIN | {"email": email or f"{new_id()}@example.com"}
        return await shop.client("auth").post("/api/auth/login", json=account)

    async def look() -> httpx2.Response:
        return await shop.client("catalog").get(f"/api/products/{product}")

    async def buy() -> httpx2.Response:
        guest = Guest(shop)
        assert (await guest.add(product)).status_code == 201
        return await guest.order()

    used = list[int]()
    for _ in range(3):
        logins, pages, orders = await asyncio.gather(
            at_once(log_in, LOGINS), at_once(look, PAGES), at_once(buy, BUYERS)
        )
        assert logins[401] >= LEAST_LOGINS
        assert logins[503] == LOGINS - logins[401] > 0
        assert pages == {200: PAGES}
        assert set(orders) <= {201, 202}
        assert (await log_in(ADMIN["email"])).status_code == 200
        used.append(resident_pages(shop))
    assert used[-1] <= 1.2 * used[0]
