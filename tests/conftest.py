"""The one shop, started as a person does, that journeys, fuzzing and the matrix of rights share."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy.engine import make_url

from shopkit.testing import TestDatabases
from tests.launched_shop import LaunchedShop, database_settings, launched_shop
from tests.shop_processes import MIGRATIONS


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
def launched(
    tmp_path_factory: pytest.TempPathFactory, admin: Admin, databases: TestDatabases
) -> Iterator[LaunchedShop]:
    data = tmp_path_factory.mktemp("shop") / "var"
    settings = {
        "ADMIN_EMAIL": admin.email,
        "ADMIN_PASSWORD": admin.password,
        "RATE_LIMITS": "off",
        "ORDERS_MOST_UNPAID": "0",
        **database_settings("launched"),
    }
    if "AUTH_DATABASE_URL" not in settings:
        _place_databases(data / "databases", databases)
    with launched_shop(data, settings) as shop:
        yield shop


def _place_databases(folder: Path, databases: TestDatabases) -> None:
    """A first start makes them too, in four processes: tests of the launcher see it."""
    folder.mkdir(parents=True)
    for service, migrations in MIGRATIONS.items():
        made = make_url(databases.fresh(migrations)).database
        shutil.move(str(made), folder / f"{service}.db")
