from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from shopkit.testing import TestDatabases, TokenFactory
from tests.guards.guard import Out
from tests.guards.stage import Shop, fresh, open_shop
from tests.guards.taking import Taking

Opened = Callable[[Out | None, Mapping[str, str]], AbstractAsyncContextManager[Shop]]


@pytest.fixture
def opened(
    databases: TestDatabases,
    tokens: TokenFactory,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Opened:
    """Opens a shop of its own, with these settings of orders, and without what is taken out."""

    def open_without(
        out: Out | None, settings: Mapping[str, str]
    ) -> AbstractAsyncContextManager[Shop]:
        urls = fresh(databases, tmp_path)
        if out:
            out(Taking(monkeypatch, urls))
        return open_shop(urls, tokens, monkeypatch, **settings)

    return open_without
