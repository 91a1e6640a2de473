"""Months of a shop leave what was sold and what staff changed; nothing else grows
(docs/growth.md)."""

from typing import Any

import pytest

from catalog import import_worker
from catalog.models import metadata
from catalog.worker import Filer, Indexer, Sweeper
from shopkit.growth_checks import row_counts
from shopkit.ids import new_id

from .conftest import STAFF, Shop, housekeeper
from .pictures import picture
from .test_attributes import defined
from .test_bulk import new
from .test_imports import begin, ended, lines, undone
from .test_media import upload, uploaded
from .test_media_removed import curator, files
from .test_price_changes import pass_time, sale
from .test_prices import patch, usd
from .test_returns import call, sell
from .test_synonyms import made

pytestmark = pytest.mark.anyio
UNUSED = {
    *("attributes", "attribute_categories", "attribute_values", "product_values", "synonyms"),
    *("categories", "product_categories", "product_groups", "refilings", "import_changes"),
    "media_leftovers",
}
"""Staff have deleted it, it is done, or an undo has used it up."""
CHANGED = {
    **{"old_slugs": 1, "price_changes": 1, "price_history": 5, "search_words": 1},
    **{"products": 2, "stock": 2, "audit_log": 19, "imports": 2},
}
SOLD = {"reservations": 1, "reservation_lines": 1, "returns": 1, "stock_movements": 4}
"""In a month, and for good: of what was deleted the product, for its ledger."""
PICTURE = 4
"""Files of an image: itself and three smaller ones."""
SETTLED, LATER = 2, 4
"""Months. What lives longest, a reservation that came to nothing, goes after 30 days."""


@pytest.fixture(autouse=True)
def _importer_in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_worker, "IMPORTER_SECONDS", 0.02)


async def reserve(shop: Shop, tea: dict[str, Any]) -> None:
    """Sold and brought back; sold and cancelled; given up, before it began too; left."""
    returned = await shop.take_back(await sell(shop, (tea, 2)), (tea, 1))
    assert returned.status_code == 200
    await call(shop, await sell(shop, (tea, 1)), "release")
    given_up = new_id()
    await shop.reserve((tea, 1), order_id=given_up)
    for order_id in (given_up, new_id()):
        await call(shop, order_id, "release")
    assert (await shop.reserve((tea, 1))).status_code == 200


async def change(shop: Shop, tea: dict[str, Any], month: int) -> None:
    """A product's name, place, price, stock and pictures, and a sale that begins and ends."""
    shown = (await upload(shop, picture(), **{"Idempotency-Key": f"shown-{month}"})).json()
    await uploaded(shop)
    assert (await upload(shop, b"no picture")).status_code == 422
    body = {"slug": f"{month}-tea", "price": usd(1000 + month), "images": [{"url": shown["url"]}]}
    assert (await patch(shop, tea, **body))["images"][0]["url"] == shown["url"]
    assert (await sale(shop, tea, 500, 1, 2)).status_code == 201


async def define(shop: Shop) -> None:
    """What staff define and take back: a category that is moved, an attribute, synonyms."""
    home, lamps = await shop.category("Home"), await shop.category("Lamps")
    product = await shop.product(sku="lamp", category_ids=[lamps["id"]], attributes={"watt": 5})
    watt = await defined(shop, "watt", "number", category_ids=[lamps["id"]])
    await Indexer(shop.database).drain()
    moved = {"parent_id": home["id"]}
    assert (await shop.staff("PATCH", f"/api/categories/{lamps['id']}", json=moved)).is_success
    await Filer(shop.database).drain()
    words = await made(shop, "sofa", "couch")
    for path in (
        f"/api/products/{product['id']}",
        f"/api/attributes/{watt['id']}",
        f"/api/categories/{lamps['id']}",
        f"/api/categories/{home['id']}",
        f"/api/search/synonyms/{words['id']}",
    ):
        gone = await shop.staff("DELETE", path)
        assert gone.status_code == 204, gone.text
    await Indexer(shop.database).drain()


async def take_in(shop: Shop, month: int) -> None:
    """An import with an error, which is undone."""
    renamed = {"sku": "tea", "name": f"Tea {'abcd'[month - 1]}"}
    content = lines(new("imported"), {"sku": "bad"}, renamed)
    job = await ended(shop, await begin(shop, content, key=f"import-{month}"))
    assert (job["counts"]["created"], job["counts"]["failed"]) == (1, 1)
    assert (await undone(shop, job))["counts"]["failed"] == 0


async def test_c20_only_what_was_sold_and_changed_is_more_from_month_to_month(shop: Shop) -> None:
    tea, seen = await shop.product(sku="tea", stock=1000), dict[int, dict[str, int]]()
    for month in range(1, LATER + 1):
        shop.staff_headers = {"Authorization": shop.tokens.user(scopes=STAFF)}
        shop.orders_headers = {"Authorization": shop.tokens.service("orders")}
        tea = (await shop.staff("GET", f"/api/products/{tea['id']}")).json()
        await reserve(shop, tea)
        await change(shop, tea, month)
        await define(shop)
        await take_in(shop, month)
        await pass_time(shop, hours=1)
        await pass_time(shop, hours=1)
        await Sweeper(shop.database, shop.clock).drain()
        seen[month] = await shop.database.read(row_counts, metadata)
        await pass_time(shop, days=31)
        await curator(shop).tidy()
        await housekeeper(shop).drain()
    assert {name for name, count in seen[SETTLED].items() if not count} == UNUSED
    more = {name: seen[LATER][name] - seen[SETTLED][name] for name in seen[LATER]}
    months = LATER - SETTLED
    assert {name: count / months for name, count in more.items() if count} == CHANGED | SOLD
    assert len(files(shop)) == PICTURE
    assert not any(path.is_file() for path in (shop.tokens.folder / "files").rglob("*"))
