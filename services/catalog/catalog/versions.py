"""Entity tags: the version that writes compare, then what else the answer shows."""

import hashlib
import re
from typing import Any

from pydantic_core import to_json

from shopkit.conditional import check_if_match, etag

_SHOWN_ONLY = re.compile(r'-[0-9a-z_-]+"')


def product_etag(product: dict[str, Any]) -> str:
    """Changes with the product, with what is shown of its stock, and with its variants."""
    stock = product["stock"]
    shown = f"{stock['available']:x}-{stock['state']}{'-backorder' if stock['backorder'] else ''}"
    if product["group"] and "variants" in product["group"]:
        shown = hashlib.sha256(to_json(product["group"])).hexdigest()[:16]
    return etag(f"{product['version']}-{shown}")


def group_etag(group: dict[str, Any]) -> str:
    """Changes with the group and with each of its variants."""
    shown = ",".join(f"{v['id']}{product_etag(v)}" for v in group["variants"])
    return etag(f"{group['version']}-{hashlib.sha256(shown.encode()).hexdigest()[:16]}")


def check_version(if_match: str | None, version: int) -> None:
    """Raises PreconditionFailed. A write is not stale because somebody bought one in between."""
    check_if_match(if_match and _SHOWN_ONLY.sub('"', if_match), version)
