"""Every write of staff lands in the audit log, once; and nothing else does."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from catalog.main import build
from catalog.settings import CatalogSettings
from shopkit.audit_checks import check_append_only, entries_of, writes
from shopkit.ids import new_id
from shopkit.testing import TokenFactory

from .conftest import STAFF, Shop
from .pictures import picture
from .test_imports import begin, ended, lines

pytestmark = pytest.mark.anyio
LOG = "/api/audit/catalog"
Done = tuple[httpx2.Response, str, str, Any, Any]
"""The answer; and action, object, before and after of the entry that is to be there."""
PRICE, DEARER = ({"amount": amount, "currency": "USD"} for amount in (1000, 1200))


async def create_product(shop: Shop) -> Done:
    body = {"sku": "T-1", "name": "Tea", "price": PRICE, "stock": 3}
    answer = await shop.staff("POST", "/api/products", json=body)
    rest = {"slug": "tea", "description": "", "compare_at_price": None, "status": "active"}
    rest |= {"category_ids": [], "attributes": {}, "images": [], "group_id": None, "options": {}}
    rest |= {"publish_at": None, "archive_at": None}
    return answer, "product.create", answer.json()["id"], None, body | rest


async def replace_product(shop: Shop) -> Done:
    tea = await shop.product(name="Tea", price=PRICE, description="Green")
    body = {"sku": tea["sku"], "name": "Tea", "price": DEARER}
    answer = await shop.staff("PUT", f"/api/products/{tea['id']}", json=body)
    before = {"price": PRICE, "description": "Green"}
    return answer, "product.update", tea["id"], before, {"price": DEARER, "description": ""}


async def patch_product(shop: Shop) -> Done:
    tea = await shop.product(price=PRICE, attributes={"leaf": 1})
    body = {"price": DEARER, "attributes": {"leaf": True}, "name": tea["name"]}
    answer = await shop.staff("PATCH", f"/api/products/{tea['id']}", json=body)
    before = {"price": PRICE, "attributes": {"leaf": 1}}
    after = {"price": DEARER, "attributes": {"leaf": True}}
    return answer, "product.update", tea["id"], before, after


async def delete_product(shop: Shop) -> Done:
    tea = await shop.product(sku="T-1", name="Tea", price=PRICE)
    answer = await shop.staff("DELETE", f"/api/products/{tea['id']}")
    rest = {"slug": "tea", "description": "", "compare_at_price": None, "status": "active"}
    rest |= {"category_ids": [], "attributes": {}, "images": [], "group_id": None, "options": {}}
    rest |= {"publish_at": None, "archive_at": None}
    before = {"sku": "T-1", "name": "Tea", "price": PRICE} | rest
    return answer, "product.delete", tea["id"], before, None


SIZE = {"code": "size", "name": "Size", "type": "number", "unit": "cm"}
ANYWHERE: dict[str, Any] = {"choices": [], "category_ids": [], "filterable": False}


async def create_attribute(shop: Shop) -> Done:
    answer = await shop.staff("POST", "/api/attributes", json=SIZE)
    return answer, "attribute.create", answer.json()["id"], None, SIZE | ANYWHERE


async def patch_attribute(shop: Shop) -> Done:
    size = (await shop.staff("POST", "/api/attributes", json=SIZE)).json()
    body = {"unit": "mm", "filterable": True}
    answer = await shop.staff("PATCH", f"/api/attributes/{size['id']}", json=body)
    return answer, "attribute.update", size["id"], {"unit": "cm", "filterable": False}, body


async def delete_attribute(shop: Shop) -> Done:
    size = (await shop.staff("POST", "/api/attributes", json=SIZE)).json()
    answer = await shop.staff("DELETE", f"/api/attributes/{size['id']}")
    return answer, "attribute.delete", size["id"], SIZE | ANYWHERE, None


async def set_stock(shop: Shop) -> Done:
    tea = await shop.product(stock=3)
    answer = await shop.staff("PUT", f"/api/products/{tea['id']}/stock", json={"on_hand": 7})
    return answer, "product.set_stock", tea["id"], {"on_hand": 3}, {"on_hand": 7}


async def adjust_stock(shop: Shop) -> Done:
    tea = await shop.product(stock=3)
    body = {"delta": -1, "reason": "broken"}
    answer = await shop.staff("POST", f"/api/products/{tea['id']}/stock/adjust", json=body)
    return answer, "product.adjust_stock", tea["id"], {"on_hand": 3}, {"on_hand": 2}


async def patch_stock(shop: Shop) -> Done:
    tea = await shop.product(stock=3)
    body = {"low_stock_level": 10, "backorder": True}
    answer = await shop.staff("PATCH", f"/api/products/{tea['id']}/stock", json=body)
    before = {"low_stock_level": None, "backorder": False}
    return answer, "product.patch_stock", tea["id"], before, body


SALE = {"price": PRICE, "starts_at": "2035-01-01T00:00:00Z", "ends_at": None}


async def create_price_change(shop: Shop) -> Done:
    tea = await shop.product(price=DEARER)
    answer = await shop.staff("POST", f"/api/products/{tea['id']}/price-changes", json=SALE)
    after = {**SALE, "product_id": tea["id"], "compare_at_price": None}
    return answer, "price_change.create", answer.json()["id"], None, after


async def cancel_price_change(shop: Shop) -> Done:
    tea = await shop.product(price=DEARER)
    made = await shop.staff("POST", f"/api/products/{tea['id']}/price-changes", json=SALE)
    answer = await shop.staff("DELETE", made.headers["location"])
    was, after = {"status": "scheduled"}, {"status": "cancelled"}
    return answer, "price_change.cancel", made.json()["id"], was, after


SHIRT = {"name": "Shirt", "slug": "shirt", "description": "", "varies_by": ["size"]}


async def create_group(shop: Shop) -> Done:
    body = {"name": "Shirt", "varies_by": ["size"]}
    answer = await shop.staff("POST", "/api/product-groups", json=body)
    return answer, "product_group.create", answer.json()["id"], None, SHIRT


async def patch_group(shop: Shop) -> Done:
    shirt = await shop.group()
    body = {"name": "Blouse", "varies_by": ["size"]}
    answer = await shop.staff("PATCH", f"/api/product-groups/{shirt['id']}", json=body)
    return answer, "product_group.update", shirt["id"], {"name": "Shirt"}, {"name": "Blouse"}


async def delete_group(shop: Shop) -> Done:
    shirt = await shop.group()
    answer = await shop.staff("DELETE", f"/api/product-groups/{shirt['id']}")
    return answer, "product_group.delete", shirt["id"], SHIRT, None


FOOD = {"name": "Food", "slug": "food", "description": "", "position": 0, "parent_id": None}


async def create_category(shop: Shop) -> Done:
    answer = await shop.staff("POST", "/api/categories", json={"name": "Food"})
    return answer, "category.create", answer.json()["id"], None, FOOD


async def replace_category(shop: Shop) -> Done:
    food = await shop.category("Food")
    body = {"name": "Groceries", "position": 2}
    answer = await shop.staff("PUT", f"/api/categories/{food['id']}", json=body)
    return answer, "category.update", food["id"], {"name": "Food", "position": 0}, body


async def patch_category(shop: Shop) -> Done:
    food, tea = await shop.category("Food"), await shop.category("Tea")
    body = {"parent_id": food["id"]}
    answer = await shop.staff("PATCH", f"/api/categories/{tea['id']}", json=body)
    return answer, "category.update", tea["id"], {"parent_id": None}, body


async def delete_category(shop: Shop) -> Done:
    food = await shop.category("Food")
    answer = await shop.staff("DELETE", f"/api/categories/{food['id']}")
    return answer, "category.delete", food["id"], FOOD, None


async def upload_image(shop: Shop) -> Done:
    headers = {"Content-Type": "image/png"}
    answer = await shop.staff("POST", "/api/media", content=picture("PNG"), headers=headers)
    after = {name: answer.json()[name] for name in ("url", "width", "height")}
    return answer, "media.create", answer.json()["id"], None, after


async def ask_for_feeds(shop: Shop) -> Done:
    state = shop.service.public.state
    state.context = replace(state.context, makes_feeds=True)
    answer = await shop.staff("POST", "/api/feeds")
    now = shop.clock.now().isoformat().replace("+00:00", "Z")
    return answer, "feeds.ask", "public", None, {"asked_at": now}


SOFAS, BIKES = ({"terms": terms} for terms in (["sofa", "couch"], ["bike", "bicycle"]))


async def create_synonyms(shop: Shop) -> Done:
    answer = await shop.staff("POST", "/api/search/synonyms", json=SOFAS)
    return answer, "synonyms.create", answer.json()["id"], None, SOFAS


async def replace_synonyms(shop: Shop) -> Done:
    made = (await shop.staff("POST", "/api/search/synonyms", json=SOFAS)).json()
    answer = await shop.staff("PUT", f"/api/search/synonyms/{made['id']}", json=BIKES)
    return answer, "synonyms.update", made["id"], SOFAS, BIKES


async def delete_synonyms(shop: Shop) -> Done:
    made = (await shop.staff("POST", "/api/search/synonyms", json=SOFAS)).json()
    answer = await shop.staff("DELETE", f"/api/search/synonyms/{made['id']}")
    return answer, "synonyms.delete", made["id"], SOFAS, None


async def upsert_products(shop: Shop) -> Done:
    tea = await shop.product(sku="T-1", price=PRICE)
    body = {"items": [{"sku": "T-1", "price": DEARER}]}
    answer = await shop.staff("POST", "/api/products/bulk", json=body)
    return answer, "product.update", tea["id"], {"price": PRICE}, {"price": DEARER}


def noted(job: dict[str, Any]) -> dict[str, Any]:
    return {name: job[name] for name in ("kind", "state", "undo_of", "rows", "counts")}


async def create_import(shop: Shop) -> Done:
    answer = await begin(shop, lines({"sku": "T-1", "name": "Tea", "price": PRICE}))
    job = await ended(shop, answer)
    assert job["counts"]["created"] == 1
    return answer, "import.import", job["id"], None, noted(job)


async def undo_import(shop: Shop) -> Done:
    _, _, import_id, _, _ = await create_import(shop)
    answer = await shop.staff("POST", f"/api/imports/{import_id}/undo")
    job = await ended(shop, answer)
    assert job["counts"]["deleted"] == 1
    return answer, "import.undo", job["id"], None, noted(job)


async def cancel_import(shop: Shop) -> Done:
    begun = await begin(shop, lines(*({"sku": f"T-{n}"} for n in range(5000))))
    answer = await shop.staff("POST", f"{begun.headers['location']}/cancel")
    job = answer.json()
    return answer, "import.cancel", job["id"], None, noted(job)


ACTIONS: dict[str, Callable[[Shop], Awaitable[Done]]] = {
    "POST /api/products": create_product,
    "PUT /api/products/{id}": replace_product,
    "PATCH /api/products/{id}": patch_product,
    "DELETE /api/products/{id}": delete_product,
    "POST /api/products/bulk": upsert_products,
    "POST /api/imports": create_import,
    "POST /api/imports/{id}/undo": undo_import,
    "POST /api/imports/{id}/cancel": cancel_import,
    "PUT /api/products/{id}/stock": set_stock,
    "PATCH /api/products/{id}/stock": patch_stock,
    "POST /api/products/{id}/stock/adjust": adjust_stock,
    "POST /api/products/{id}/price-changes": create_price_change,
    "DELETE /api/products/{id}/price-changes/{change_id}": cancel_price_change,
    "POST /api/product-groups": create_group,
    "PATCH /api/product-groups/{id}": patch_group,
    "DELETE /api/product-groups/{id}": delete_group,
    "POST /api/attributes": create_attribute,
    "PATCH /api/attributes/{id}": patch_attribute,
    "DELETE /api/attributes/{id}": delete_attribute,
    "POST /api/categories": create_category,
    "PUT /api/categories/{id}": replace_category,
    "PATCH /api/categories/{id}": patch_category,
    "DELETE /api/categories/{id}": delete_category,
    "POST /api/media": upload_image,
    "POST /api/feeds": ask_for_feeds,
    "POST /api/search/synonyms": create_synonyms,
    "PUT /api/search/synonyms/{id}": replace_synonyms,
    "DELETE /api/search/synonyms/{id}": delete_synonyms,
}


def auditor(shop: Shop) -> str:
    return shop.tokens.user(scopes=["audit:read"])


@pytest.mark.parametrize("route", ACTIONS)
async def test_every_write_of_staff_has_its_entry(shop: Shop, route: str) -> None:
    staff_id = new_id()
    shop.staff_headers["Authorization"] = shop.tokens.user(id=staff_id, scopes=STAFF)
    answer, action, object_id, before, after = await ACTIONS[route](shop)
    assert answer.is_success, answer.text
    (entry,) = await entries_of(shop.guest, LOG, auditor(shop), answer)
    assert (entry["action"], entry["actor"]) == (action, {"id": staff_id})
    assert entry["object"] == {"type": action.partition(".")[0], "id": object_id}
    assert (entry["before"], entry["after"]) == (before, after)
    assert entry["request_id"] == answer.headers["x-request-id"]
    await check_append_only(shop.database)


def test_no_write_of_staff_is_forgotten(database_url: str, tokens: TokenFactory) -> None:
    """Whoever adds one adds it to ACTIONS, with the entry that it leaves."""
    settings = CatalogSettings(database_url=database_url, jwks_cache=tokens.jwks_cache)
    assert writes(build(settings).public, "staff", "user", "maybe_user") == ACTIONS.keys()


async def test_repeats_failures_and_what_changes_nothing_leave_none(shop: Shop) -> None:
    body: dict[str, Any] = {"sku": "T-1", "name": "Tea", "price": PRICE}
    key = {"Idempotency-Key": "once"}
    made = await shop.staff("POST", "/api/products", json=body, headers=key)
    again = await shop.staff("POST", "/api/products", json=body, headers=key)
    path = made.headers["location"]
    taken = await shop.staff("POST", "/api/products", json=body)
    stale = await shop.staff("PATCH", path, json={"name": "X"}, headers={"If-Match": '"9"'})
    same = await shop.staff("PATCH", path, json={"name": "Tea"})
    counted = await shop.staff("PUT", f"{path}/stock", json={"on_hand": 0})
    statuses = [a.status_code for a in (made, again, taken, stale, same, counted)]
    assert statuses == [201, 201, 409, 412, 200, 200]
    assert again.headers["idempotent-replayed"] == "true"
    left = [
        len(await entries_of(shop.guest, LOG, auditor(shop), answer))
        for answer in (made, again, taken, stale, same, counted)
    ]
    assert left == [1, 0, 0, 0, 0, 0]


async def test_what_customers_and_services_do_leaves_none(shop: Shop) -> None:
    tea = await shop.product(stock=3)
    assert (await shop.reserve((tea, 1))).status_code == 200
    await shop.guest.get(f"/api/products/{tea['id']}")
    assert await shop.query("SELECT action FROM audit_log") == [("product.create",)]
