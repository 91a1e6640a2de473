"""ETags of carts: `"<cart id>.<version>.<digest of the whole answer>"`.

Prices, stock and warnings move without a write, so If-None-Match looks at all of the tag. A write
asks only whether somebody else wrote in between, so If-Match looks at id and version.
"""

import hashlib
import re

from pydantic_core import to_json

from cart.domain import Cart
from cart.pricing import View
from shopkit import conditional
from shopkit.conditional import etag

_DIGEST = re.compile(r'\.[0-9a-f]{18}"')


def cart_etag(view: View) -> str:
    digest = hashlib.blake2b(to_json(view), digest_size=9).hexdigest()
    return etag(f"{_position(view['id'], view['version'])}.{digest}")


def check_if_match(if_match: str | None, cart: Cart) -> None:
    """Raises PreconditionFailed when the cart was written since the client read it."""
    seen = if_match and _DIGEST.sub('"', if_match)
    conditional.check_if_match(seen, _position(cart.id, cart.version))


def _position(cart_id: str | None, version: int) -> str:
    return f"{cart_id or 'none'}.{version}"
