"""The one shop, started as a person does, that journeys, fuzzing and the matrix of rights share."""

import os
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.launched_shop import LaunchedShop, database_settings, launched_shop


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
def launched(tmp_path_factory: pytest.TempPathFactory, admin: Admin) -> Iterator[LaunchedShop]:
    settings = {
        "ADMIN_EMAIL": admin.email,
        "ADMIN_PASSWORD": admin.password,
        "RATE_LIMITS": "off",
        "ORDERS_MOST_UNPAID": "0",
        **database_settings("launched"),
    }
    with launched_shop(tmp_path_factory.mktemp("shop") / "var", settings) as shop:
        yield shop
