import os
from pathlib import Path

import pytest

pytest_plugins = ["shopkit.testing"]

ROOT = Path(__file__).parent
UNIT_SUITES = ("kit", "services", "cli", "sandbox")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Unit tests reach no network; one that needs it says so with `enable_socket`."""
    off = pytest.mark.disable_socket
    if "TEST_POSTGRES_URL" in os.environ:
        off = pytest.mark.allow_hosts(["127.0.0.1"])
    for item in items:
        if item.path.relative_to(ROOT).parts[0] in UNIT_SUITES:
            item.add_marker(off)
