from collections.abc import AsyncIterator

import pytest

from shopkit.testing import TestDatabases
from tests.shop_clients import Staff
from tests.shop_processes import ShopProcesses, running_shop


@pytest.fixture(scope="module")
async def shop(databases: TestDatabases) -> AsyncIterator[ShopProcesses]:
    async with running_shop(databases) as found:
        yield found


@pytest.fixture(scope="module")
async def staff(shop: ShopProcesses) -> Staff:
    return await Staff.log_in(shop)
