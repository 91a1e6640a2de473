from collections.abc import AsyncIterator

import pytest

from shopkit.testing import TestDatabases
from tests.faults.staging import Staging, staging
from tests.shop_clients import Staff


@pytest.fixture(scope="module")
async def shop(databases: TestDatabases) -> AsyncIterator[Staging]:
    async with staging(databases) as found:
        yield found


@pytest.fixture(scope="module")
async def staff(shop: Staging) -> Staff:
    return await Staff.log_in(shop)
