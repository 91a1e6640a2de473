"""A10: what ends in auth ends everywhere, though tokens are verified without asking it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from shopkit.ids import new_id
from tests.shop_clients import Staff
from tests.shop_processes import ShopProcesses

PROMISED_SECONDS = 10
PASSWORD = "correct horse battery"
READS = {"catalog": "/api/products", "cart": "/api/cart", "orders": "/api/orders/history"}


@dataclass
class Member:
    """Somebody with an account, who is logged in."""

    shop: ShopProcesses
    id: str
    email: str
    tokens: dict[str, str]

    @classmethod
    async def join(cls, shop: ShopProcesses) -> "Member":
        email = f"{new_id()}@example.com"
        body = {"email": email, "password": PASSWORD}
        made = await shop.client("auth").post("/api/auth/register", json=body)
        assert made.status_code == 201, made.text
        return await cls(shop, made.json()["id"], email, {}).log_in()

    async def log_in(self) -> "Member":
        body = {"email": self.email, "password": PASSWORD}
        answer = await self.shop.client("auth").post("/api/auth/login", json=body)
        assert answer.status_code == 200, answer.text
        return Member(self.shop, self.id, self.email, answer.json())

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens['access_token']}"}

    async def send(
        self, service: str, method: str, path: str, json: Any = None, **more: str
    ) -> httpx2.Response:
        return await self.shop.client(service).request(
            method, path, json=json, headers=self.headers | more
        )

    async def answers(self) -> dict[str, tuple[int, str]]:
        sent = {name: await self.send(name, "GET", path) for name, path in READS.items()}
        return {
            name: (answer.status_code, answer.json().get("code", ""))
            for name, answer in sent.items()
        }

    async def is_refused(self) -> None:
        """By all three, within the time that is promised."""
        ends_at = time.monotonic() + PROMISED_SECONDS
        while set((await self.answers()).values()) != {(401, "token_expired")}:
            assert time.monotonic() < ends_at, await self.answers()
            await asyncio.sleep(0.1)

    async def is_served(self) -> None:
        assert set((await self.answers()).values()) == {(200, "")}


async def put(staff: Staff, member: Member, what: str, value: Any) -> None:
    path = f"/api/auth/users/{member.id}/{what}"
    answer = await staff.shop.client("auth").put(path, json={what: value}, headers=staff.headers)
    assert answer.status_code == 200, answer.text


async def log_out(member: Member, _: Staff) -> None:
    body = {"refresh_token": member.tokens["refresh_token"]}
    assert (await member.send("auth", "POST", "/api/auth/logout", body)).status_code == 204


async def log_out_everywhere(member: Member, _: Staff) -> None:
    other = await member.log_in()
    assert (await other.send("auth", "POST", "/api/auth/logout-all")).status_code == 204


async def change_the_password_elsewhere(member: Member, _: Staff) -> None:
    other = await member.log_in()
    body = {"current_password": PASSWORD, "new_password": PASSWORD + " staple"}
    assert (await other.send("auth", "POST", "/api/auth/password", body)).status_code == 204


async def be_disabled(member: Member, staff: Staff) -> None:
    await put(staff, member, "disabled", True)


async def get_other_roles(member: Member, staff: Staff) -> None:
    await put(staff, member, "roles", ["customer", "support"])


ENDS = [log_out, log_out_everywhere, change_the_password_elsewhere, be_disabled, get_other_roles]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
async def test_a10_a_token_is_refused_everywhere_soon(
    shop: ShopProcesses, staff: Staff, end: Callable[[Member, Staff], Awaitable[None]]
) -> None:
    member, neighbour = await Member.join(shop), await Member.join(shop)
    await member.is_served()
    await end(member, staff)
    await member.is_refused()
    await neighbour.is_served()


async def test_a10_the_next_token_after_new_roles_is_good(
    shop: ShopProcesses, staff: Staff
) -> None:
    member = await Member.join(shop)
    await put(staff, member, "roles", ["customer", "support"])
    await member.is_refused()
    body = {"refresh_token": member.tokens["refresh_token"]}
    answer = await member.send("auth", "POST", "/api/auth/refresh", body)
    member.tokens = answer.json()
    await member.is_served()


async def test_a10_who_is_no_admin_any_more_changes_nothing_from_that_moment(
    shop: ShopProcesses, staff: Staff
) -> None:
    member = await Member.join(shop)
    await put(staff, member, "roles", ["customer", "admin"])
    member = await member.log_in()
    product = await Staff(shop, member.headers).product()
    assert (
        await member.send("cart", "POST", "/api/cart", {"product_id": product})
    ).status_code < 300
    order = (await member.send("orders", "POST", "/api/orders")).json()
    await put(staff, member, "roles", ["customer"])
    money = {"amount": 1, "currency": "USD"}
    key = {"idempotency-key": new_id()}
    refunds = f"/api/orders/{order['id']}/refunds"
    for answer in (
        await member.send("catalog", "PATCH", f"/api/products/{product}", {"price": money}),
        await member.send("orders", "POST", refunds, {"amount": money}, **key),
    ):
        assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")


async def test_a10_while_auth_is_down_customers_buy_and_the_refused_stay_refused(
    shop: ShopProcesses, staff: Staff
) -> None:
    product = await staff.product()
    buyer, gone = await Member.join(shop), await Member.join(shop)
    await log_out(gone, staff)
    await gone.is_refused()
    await shop.kill("auth")
    try:
        await buyer.is_served()
        await gone.is_refused()
        added = await buyer.send("cart", "POST", "/api/cart", {"product_id": product})
        assert added.status_code in (200, 201), added.text
        ordered = await buyer.send("orders", "POST", "/api/orders")
        assert ordered.status_code == 201, ordered.text
        path = f"/api/products/{product}"
        later = await shop.client("catalog").patch(
            path, json={"name": "New"}, headers=staff.headers
        )
        assert (later.status_code, later.json()["code"]) == (503, "service_unavailable")
    finally:
        await shop.start("auth")
    await staff.set_price(product, 900)


async def test_a10_a_service_that_starts_anew_refuses_what_ended_before(
    shop: ShopProcesses, staff: Staff
) -> None:
    member = await Member.join(shop)
    await log_out(member, staff)
    await member.is_refused()
    for name in READS:
        await shop.kill(name)
        await shop.start(name)
    await member.is_refused()


async def test_a10_an_api_key_does_what_its_maker_may_until_it_is_revoked(
    shop: ShopProcesses, staff: Staff
) -> None:
    member = await Member.join(shop)
    await put(staff, member, "roles", ["customer", "admin"])
    member = await member.log_in()
    body = {"name": "Warehouse", "scopes": ["orders:read", "products:write"]}
    made = (await member.send("auth", "POST", "/api/auth/keys", body)).json()
    key = Member(shop, made["id"], "", {"access_token": made["key"]})
    product = f"/api/products/{await staff.product()}"

    async def change() -> int:
        return (await key.send("catalog", "PATCH", product, {"name": "New"})).status_code

    async def soon(*expected: int) -> None:
        """The answers to reading and changing."""
        ends_at = time.monotonic() + PROMISED_SECONDS
        while True:
            read = (await key.send("orders", "GET", "/api/orders")).status_code
            if (read, await change()) == expected:
                return
            assert time.monotonic() < ends_at, read
            await asyncio.sleep(0.1)

    await soon(200, 200)
    await put(staff, member, "roles", ["customer", "support"])
    assert await change() == 403
    await soon(200, 403)
    await put(staff, member, "roles", ["customer", "admin"])
    await soon(200, 200)
    member = await member.log_in()
    gone = await member.send("auth", "DELETE", f"/api/auth/keys/{key.id}")
    assert (gone.status_code, await change()) == (204, 401)
    await soon(401, 401)
