from collections.abc import Iterator

import pytest

from tests.gateway.stage import Stage, stage


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("gw")) as running:
        yield running


@pytest.fixture
def shop(running: Stage) -> Stage:
    """The shared gateway, without limits, before services that have forgotten everything."""
    for service in running.services.values():
        service.reset()
    return running


@pytest.fixture
def own_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One that a test may break."""
    with stage(tmp_path_factory.mktemp("gw")) as running:
        yield running


@pytest.fixture
def limited_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("gw"), rate_limits="on") as running:
        yield running
