"""Drafts as the API wants them: what to send for a new product, and what differs in an old one."""

from collections.abc import Mapping, Sequence
from typing import Any

from shopcli.drafts import ProductDraft


def money(amount: int, currency: str) -> dict[str, object]:
    return {"amount": amount, "currency": currency}


def new_product(
    draft: ProductDraft, *, category_id: str | None, group_id: str | None
) -> dict[str, Any]:
    """The body of POST /api/products."""
    body: dict[str, Any] = {
        "sku": draft.sku,
        "slug": draft.slug,
        "name": draft.name,
        "price": money(draft.price, draft.currency),
        "status": draft.status,
        "stock": draft.stock,
        **_said(draft, category_id),
    }
    if group_id is not None:
        body.update(group_id=group_id, options=dict(draft.options))
    return body


def difference(
    draft: ProductDraft,
    product: Mapping[str, Any],
    *,
    category_id: str | None,
    group_id: str | None,
) -> dict[str, Any]:
    """The merge patch for an existing product; empty when it is as the draft says.

    What a draft does not say stays: its slug, its stock, and attributes that others added.
    """
    wanted: dict[str, Any] = {
        "sku": draft.sku,
        "name": draft.name,
        "price": money(draft.price, draft.currency),
        "compare_at_price": None,
        "status": draft.status,
        **_said(draft, category_id),
    }
    patch = {name: value for name, value in wanted.items() if not _same(product.get(name), value)}
    group = product.get("group") or {}
    options = dict(draft.options)
    if group_id is not None and (group.get("id"), group.get("options")) != (group_id, options):
        patch.update(group_id=group_id, options=options)
    return patch


def _said(draft: ProductDraft, category_id: str | None) -> dict[str, Any]:
    """The optional members that the draft has something to say about."""
    body: dict[str, Any] = {}
    if draft.compare_at_price is not None:
        body["compare_at_price"] = money(draft.compare_at_price, draft.currency)
    if draft.description:
        body["description"] = draft.description
    if category_id is not None:
        body["category_ids"] = [category_id]
    if draft.attributes:
        body["attributes"] = dict(draft.attributes)
    if draft.images:
        body["images"] = [{"url": image.url, "alt": image.alt} for image in draft.images]
    return body


def _same(present: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping) and isinstance(present, Mapping):
        return all(
            name in present and _same(present[name], value) for name, value in wanted.items()
        )
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        return isinstance(present, Sequence) and list(present) == list(wanted)
    return type(present) is type(wanted) and bool(present == wanted)
