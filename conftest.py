import gc
import os

import pytest
from xdist.scheduler import LoadScopeScheduling

from shopkit.forked import preload

pytest_plugins = ["shopkit.testing"]

ONE_SHOP = ("tests/e2e", "tests/security")
UNIT_SUITES = ("kit", "services", "cli", "sandbox")

preload(["auth", "catalog", "cart", "orders", "paysandbox"])
gc.disable()  # until all is collected: nearly all of it stays to the end


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those of the whole shop first, which often wait, so that others work meanwhile to the end.

    Unit tests reach no network; one that needs it says so with `enable_socket`.
    """
    items.sort(key=_is_unit_test)
    off = pytest.mark.disable_socket
    if "TEST_POSTGRES_URL" in os.environ:
        off = pytest.mark.allow_hosts(["127.0.0.1"])
    for item in items:
        if _is_unit_test(item):
            item.add_marker(off)


def _is_unit_test(item: pytest.Item) -> bool:
    return item.nodeid.partition("/")[0] in UNIT_SUITES


def pytest_collection_finish() -> None:
    """As often as usual, an eighth of all time went into looking through what stays to the end."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    gc.enable()


class ByModule(LoadScopeScheduling):
    """Modules stay together on one process; so do all that share a shop."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.split("::", 1)[0]
        suite = module.rpartition("/")[0]
        return "one shop" if suite in ONE_SHOP else module


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Says how `--dist loadscope` splits the tests."""
    return ByModule(config, log) if config.getvalue("dist") == "loadscope" else None
