"""The shop that journeys run against: SHOP_URL where it is given, else one of their own."""

import os
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.launched_shop import database_settings, launched_shop


class Admin(NamedTuple):
    email: str
    password: str


@pytest.fixture(scope="session")
def admin() -> Admin:
    return Admin(
        os.environ.get("SHOP_EMAIL", "admin@example.com"),
        os.environ.get("SHOP_PASSWORD", "the admin of the tests"),
    )


@pytest.fixture(scope="session")
def shop_url(tmp_path_factory: pytest.TempPathFactory, admin: Admin) -> Iterator[str]:
    if given := os.environ.get("SHOP_URL"):
        yield given.rstrip("/")
        return
    settings = {
        "ADMIN_EMAIL": admin.email,
        "ADMIN_PASSWORD": admin.password,
        "RATE_LIMITS": "off",
        "ORDERS_MOST_UNPAID": "0",
        **database_settings("e2e"),
    }
    with launched_shop(tmp_path_factory.mktemp("e2e") / "var", settings) as shop:
        yield shop.url
