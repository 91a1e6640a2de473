"""What is asked of a shop: each scenario makes the visits for one measurement."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from bench.place import Place
from bench.words import Vocabulary
from bench.wrk import Request, Visit

PAGE = "/api/products?limit=20"
BEARER = {"Authorization": "Bearer <access>"}
CART_LINES = 5
MIXED = 20
"""A day in a shop is so many hundreds of requests, over and over."""


@dataclass(frozen=True)
class Play:
    visits: list[Request | Visit]
    own: dict[str, list[str]] = field(default_factory=dict)
    warm: int = 0
    """Seconds of the same before it counts."""


Scenario = Callable[[Place], Play]


def list_cached(_: Place) -> Play:
    return Play([Request("GET", PAGE)])


def detail_cached(place: Place) -> Play:
    return Play([Request("GET", f"/api/products/{place.products[0]}")])


def _past_the_cache(place: Place, paths: list[str], warm: int = 0) -> Play:
    """A request with a token is never answered from the gateway's cache."""
    bearer = {"Authorization": f"Bearer {place.access()[0]}"}
    return Play([Request("GET", path, bearer) for path in paths], warm=warm)


def list_uncached(place: Place) -> Play:
    return _past_the_cache(place, [PAGE])


def detail_uncached(place: Place) -> Play:
    return _past_the_cache(place, detail_paths(place))


def search(place: Place) -> Play:
    """As in a shop that is open: the processes that read what is slow start when many search."""
    return _past_the_cache(place, search_paths(), warm=3)


def detail_paths(place: Place) -> list[str]:
    return [f"/api/products/{product}" for product in place.products[:1000]]


def search_paths() -> list[str]:
    """Two words each, as often as they occur in products."""
    words = Vocabulary(seed=2)
    return [f"/api/products?q={words.text(2).replace(' ', '+')}" for _ in range(1000)]


def login(place: Place) -> Play:
    accounts = [place.account(number) for number in range(len(place.emails))]
    return Play([Request("POST", "/api/auth/login", body=account) for account in accounts])


def refresh(place: Place) -> Play:
    body = {"refresh_token": "<refresh>"}
    takes = {"refresh": "refresh_token"}
    request = Request("POST", "/api/auth/refresh", body=body, kind="refresh", takes=takes)
    return Play([[request]], {"refresh": [tokens["refresh_token"] for tokens in place.sign_in()]})


def cart_add(place: Place) -> Play:
    return Play(
        [
            Request("POST", "/api/cart", {"Authorization": f"Bearer {token}"}, {"product_id": id})
            for id in place.products[:CART_LINES]
            for token in place.access()
        ]
    )


def cart_read(place: Place) -> Play:
    place.have_carts(CART_LINES)
    bearers = [{"Authorization": f"Bearer {token}"} for token in place.access()]
    return Play([Request("GET", "/api/cart", bearer) for bearer in bearers])


def _put(product: Any) -> Request:
    return Request("POST", "/api/cart", BEARER, {"product_id": product}, kind="cart add")


def _order(payment: dict[str, str]) -> Request:
    return Request("POST", "/api/orders", BEARER, {"payment": payment}, kind="order")


def _checkouts(place: Place, payment: dict[str, str]) -> Play:
    chance = random.Random(1)
    products = chance.sample(place.products, min(1000, len(place.products)))
    return Play(
        [[_put(product), _order(payment)] for product in products], {"access": place.access()}
    )


def checkout(place: Place) -> Play:
    return _checkouts(place, {"method": "manual"})


def checkout_sandbox(place: Place) -> Play:
    return _checkouts(place, {"method": "sandbox", "token": "tok_success"})


def history(place: Place) -> Play:
    place.have_history()
    bearers = [{"Authorization": f"Bearer {token}"} for token in place.access()]
    return Play([Request("GET", "/api/orders/history", bearer) for bearer in bearers])


def browsing(place: Place, count: int) -> list[Request | Visit]:
    """Visitors look around without a token, so that the gateway's cache helps as it does in life:
    four in ten at lists, others at products, of which some are far more popular."""
    chance = random.Random(1)
    lists = [PAGE, f"{PAGE}&sort=price", f"{PAGE}&in_stock=true"]
    paths = [
        chance.choice(lists) if chance.random() < 0.4 else f"/api/products/{product}"
        for product in _popular(place, chance, count)
    ]
    return [[Request("GET", path, kind="browse")] for path in paths]


def _popular(place: Place, chance: random.Random, count: int) -> list[Any]:
    weights = list(accumulate(1 / rank for rank in range(1, len(place.products) + 1)))
    return chance.choices(place.products, cum_weights=weights, k=count)


def mixed(place: Place) -> Play:
    """A day in a shop: of 100 requests 80 browse, 12 search, 5 are for the cart, 2 log in, and one
    places an order of what was put into the cart just before."""
    chance = random.Random(2)
    visits = browsing(place, 80 * MIXED)
    paths = chance.choices(search_paths(), k=12 * MIXED)
    visits += [[Request("GET", path, kind="search")] for path in paths]
    visits += [[Request("GET", "/api/cart", BEARER, kind="cart read")]] * (2 * MIXED)
    visits += [[_put(product)] for product in _popular(place, chance, 2 * MIXED)]
    visits += [
        [_put(product), _order({"method": "manual"})] for product in _popular(place, chance, MIXED)
    ]
    visits += [
        [Request("POST", "/api/auth/login", body=place.account(number), kind="login")]
        for number in chance.choices(range(len(place.emails)), k=2 * MIXED)
    ]
    chance.shuffle(visits)
    return Play(visits, {"access": place.access()})


SCENARIOS: dict[str, Scenario] = {
    "list, cached": list_cached,
    "detail, cached": detail_cached,
    "list": list_uncached,
    "detail": detail_uncached,
    "search": search,
    "login": login,
    "token refresh": refresh,
    "cart add": cart_add,
    "cart read": cart_read,
    "checkout": checkout,
    "checkout, sandbox": checkout_sandbox,
    "order history": history,
    "mixed": mixed,
}
