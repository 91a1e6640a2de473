"""A whole shop behind its gateway, with somebody of every kind in it."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from shopkit.forged_tokens import signed, wrong_claims
from tests.conftest import Admin
from tests.launched_shop import LaunchedShop
from tests.security.people import ROLES, People, Person, Things
from tests.security.policy import KEYS


@pytest.fixture(scope="session")
def client(launched: LaunchedShop) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=launched.url, trust_env=False, timeout=30) as found:
        yield found


@pytest.fixture(scope="session")
def people(client: httpx2.Client, launched: LaunchedShop, admin: Admin) -> People:
    boss = Person(client, *admin)
    found: People = {"nobody": Person(client), "guest": Person(client, cart_token=_cart(client))}
    for name in ("customer", *ROLES):
        found[name] = boss if name == "admin" else Person.registered(client, name)
    for name in ROLES[:-1]:
        boss.give_role(found[name], name)
    found |= {name: boss.api_key(*scopes) for name, scopes in KEYS.items()}
    return found | _with_strange_tokens(client, found["customer"].token, launched.data / "keys")


def _cart(client: httpx2.Client) -> str:
    """The token of a guest's cart that something has been put into."""
    product = client.get("/api/products", params={"in_stock": "true"}).json()["items"][0]["id"]
    return client.post("/api/cart", json={"product_id": product}).headers["x-cart-token"]


def _with_strange_tokens(client: httpx2.Client, token: str, keys: Path) -> People:
    """Signed by auth's own key, and good for nothing here."""
    (path,) = keys.glob("*.pem")
    key = load_pem_private_key(path.read_bytes(), None)
    kid = jwt.get_unverified_header(token)["kid"]
    claims = wrong_claims(jwt.decode(token, options={"verify_signature": False}))
    names = {
        "expired": "a5_expired",
        "other audience": "a6_aud_wrong",
        "service": "a7_service_token",
    }
    return {
        name: Person(client, fixed_token=signed(claims[wrong], key, kid=kid))
        for name, wrong in names.items()
    }


@pytest.fixture(scope="session")
def things(client: httpx2.Client, people: People) -> Things:
    """Bob's, which are nobody else's business."""
    return Things.of(Person.registered(client, "bob"), people["admin"])
