"""The shop that journeys run against: SHOP_URL where it is given, else one of their own."""

import os

import pytest


@pytest.fixture(scope="session")
def shop_url(request: pytest.FixtureRequest) -> str:
    if given := os.environ.get("SHOP_URL"):
        return given.rstrip("/")
    return str(request.getfixturevalue("launched").url)
