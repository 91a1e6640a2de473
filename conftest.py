import gc
import os
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = ["shopkit.testing"]

ROOT = Path(__file__).parent
ONE_SHOP = ("tests/e2e", "tests/security")
UNIT_SUITES = ("kit", "services", "cli", "sandbox")

gc.set_threshold(20_000, 20, 50)
"""As often as usual, an eighth of all time went into looking through what stays to the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those of the whole shop first, which often wait, so that others work meanwhile to the end.

    Unit tests reach no network; one that needs it says so with `enable_socket`.
    """
    items.sort(key=lambda item: item.path.relative_to(ROOT).parts[0] in UNIT_SUITES)
    off = pytest.mark.disable_socket
    if "TEST_POSTGRES_URL" in os.environ:
        off = pytest.mark.allow_hosts(["127.0.0.1"])
    for item in items:
        if item.path.relative_to(ROOT).parts[0] in UNIT_SUITES:
            item.add_marker(off)


def pytest_collection_finish() -> None:
    gc.freeze()  # so many modules and tests; none is garbage before the end


class ByModule(LoadScopeScheduling):
    """Modules stay together on one process; so do all that share a shop."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.split("::", 1)[0]
        suite = module.rpartition("/")[0]
        return "one shop" if suite in ONE_SHOP else module


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Says how `--dist loadscope` splits the tests."""
    return ByModule(config, log) if config.getvalue("dist") == "loadscope" else None
