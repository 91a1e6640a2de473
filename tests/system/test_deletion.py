"""Who deletes the account is forgotten everywhere, whoever is down when it happens."""

import asyncio

from tests.security.policy import ADDRESS
from tests.shop_clients import Staff
from tests.shop_invariants import query
from tests.shop_processes import ShopProcesses
from tests.system.test_revoked_tokens import PASSWORD, Member

HELD = {
    "orders": "SELECT count(*) FROM addresses WHERE owner = 'user:{}'",
    "cart": "SELECT count(*) FROM carts WHERE owner = 'user:{}'",
}


async def held(shop: ShopProcesses, user_id: str) -> dict[str, int]:
    found = {
        name: await query(shop.databases[name], statement.format(user_id))
        for name, statement in HELD.items()
    }
    return {name: rows[0][0] for name, rows in found.items()}


async def test_a10_a_deleted_account_is_forgotten_everywhere_whoever_was_killed(
    shop: ShopProcesses, staff: Staff
) -> None:
    member, neighbour = await Member.join(shop), await Member.join(shop)
    product = await staff.product()
    for one in (member, neighbour):
        await one.send("orders", "POST", "/api/addresses", ADDRESS)
        await one.send("cart", "POST", "/api/cart", {"product_id": product})
        assert await held(shop, one.id) == {"orders": 1, "cart": 1}
    for name in ("orders", "cart"):
        await shop.kill(name)
    body = {"password": PASSWORD}
    deleted = await member.send("auth", "POST", "/api/auth/me/delete", body)
    assert deleted.status_code == 204, deleted.text
    await shop.kill("auth")
    for name in ("orders", "cart", "auth"):
        await shop.start(name)
    async with asyncio.timeout(30):
        while await held(shop, member.id) != {"orders": 0, "cart": 0}:
            await asyncio.sleep(0.1)
    await member.is_refused()
    await neighbour.is_served()
    assert await held(shop, neighbour.id) == {"orders": 1, "cart": 1}
    again = {"email": member.email, "password": PASSWORD}
    made = await shop.client("auth").post("/api/auth/register", json=again)
    assert (made.status_code, made.json()["id"] != member.id) == (201, True)
