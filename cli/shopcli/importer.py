"""Brings listings into the shop through its public API. Any number of times, with one effect."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shopcli.catalog_api import CatalogApi
from shopcli.category_tree import CategoryTree
from shopcli.changes import difference, new_product
from shopcli.drafts import Listing, ProductDraft
from shopcli.errors import ApiProblem
from shopcli.groups import Groups
from shopcli.parallel import for_each
from shopcli.shelf import Shelf
from shopcli.slugs import digest

WIDTH = 8
"""Requests under way at once."""


class Result(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """What became of one draft; `reason` says why it failed."""

    draft: ProductDraft
    result: Result
    reason: str = ""


class Importer:
    """`on_outcome` hears of every draft once. With `set_stock`, existing products get the
    draft's stock as well; without it, their stock is left to the shop, which has sold since."""

    def __init__(
        self, api: CatalogApi, on_outcome: Callable[[Outcome], None], *, set_stock: bool = False
    ) -> None:
        self._api = api
        self._on_outcome = on_outcome
        self._set_stock = set_stock
        self._categories = CategoryTree(api, width=WIDTH)
        self._shelf = Shelf(api)
        self._groups = Groups(api)

    async def prepare(self, listings: Sequence[Listing]) -> int:
        """Makes the categories and reads what is there. How many categories were made."""
        drafts = [draft for listing in listings for draft in listing.products]
        made = await self._categories.ensure(draft.category for draft in drafts)
        await self._shelf.fill(len(drafts))
        return made

    async def load(self, listings: Sequence[Listing]) -> None:
        """Raises only what concerns every row alike: no permission, no answer."""
        await for_each(listings, self._listing, width=WIDTH)

    async def _listing(self, listing: Listing) -> None:
        group_id: str | None = None
        if listing.varies_by:
            try:
                siblings = [await self._shelf.find(draft.sku) for draft in listing.products]
                group_id = await self._groups.ensure(listing, siblings)
            except ApiProblem as problem:
                _raise_if_general(problem)
                for draft in listing.products:
                    self._on_outcome(Outcome(draft, Result.FAILED, f"its product group: {problem}"))
                return
        for draft in listing.products:
            self._on_outcome(await self._outcome(draft, group_id))

    async def _outcome(self, draft: ProductDraft, group_id: str | None) -> Outcome:
        lost = self._categories.failure_of(draft.category)
        if lost is not None:
            return Outcome(draft, Result.FAILED, f"its category: {lost}")
        try:
            return Outcome(draft, await self._place(draft, group_id))
        except ApiProblem as problem:
            _raise_if_general(problem)
            return Outcome(draft, Result.FAILED, str(problem))

    async def _place(self, draft: ProductDraft, group_id: str | None) -> Result:
        product = await self._shelf.find(draft.sku)
        if product is None:
            product = await self._create(draft, group_id)
            if product is None:
                return Result.CREATED
        return await self._update(draft, product, group_id)

    async def _create(self, draft: ProductDraft, group_id: str | None) -> dict[str, Any] | None:
        """None when it was made; the product when somebody else has just made it."""
        category_id = self._categories.id_of(draft.category)
        body = new_product(draft, category_id=category_id, group_id=group_id)
        try:
            await self._api.create_product(body)
        except ApiProblem as problem:
            present = await self._present(draft, problem)
            if present is not None:
                return present
            body["slug"] = f"{draft.slug[:90].rstrip('-')}-{digest(draft.sku)}"
            await self._api.create_product(body)
        return None

    async def _present(self, draft: ProductDraft, problem: ApiProblem) -> dict[str, Any] | None:
        """What stands in the way, if it is this very product; None when only its slug is taken.

        Which of its conflicts the shop tells of is not ours to know, so any of them is looked into.
        """
        product = None
        if problem.code in ("sku_taken", "slug_taken", "variant_taken"):
            product = await self._shelf.look_up(draft.sku)
            if product is None and draft.former_sku:
                product = await self._shelf.look_up(draft.former_sku)
        if product is None and problem.code != "slug_taken":
            raise problem
        return product

    async def _update(
        self, draft: ProductDraft, product: dict[str, Any], group_id: str | None
    ) -> Result:
        category_id = self._categories.id_of(draft.category)
        patch = difference(draft, product, category_id=category_id, group_id=group_id)
        if patch:
            await self._api.change_product(str(product["id"]), patch)
        counted = self._set_stock and await self._count(draft, product)
        return Result.UPDATED if patch or counted else Result.UNCHANGED

    async def _count(self, draft: ProductDraft, product: dict[str, Any]) -> bool:
        """Sets what is on hand to the draft's stock. False when it already is that."""
        if product["stock"]["available"] == draft.stock:
            return False
        product_id = str(product["id"])
        if await self._api.on_hand(product_id) == draft.stock:
            return False
        await self._api.set_stock(product_id, draft.stock)
        return True


def _raise_if_general(problem: ApiProblem) -> None:
    """Every other row would meet with the same."""
    if problem.status in (401, 403, 502, 503, 504, 507):
        raise problem
