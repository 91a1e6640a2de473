"""Who can reach whom in containers."""

from pathlib import Path
from typing import Any

import pytest
import yaml

FILES = ("docker-compose.yml", "docker-compose.postgres.yml")


@pytest.fixture(scope="module")
def services(root: Path) -> dict[str, dict[str, Any]]:
    """As compose merges both files, for the parts that are looked at here."""
    merged: dict[str, dict[str, Any]] = {}
    for file in FILES:
        for name, service in yaml.safe_load((root / file).read_text())["services"].items():
            merged[name] = {**merged.get(name, {}), **service}
    return merged


def networks(service: dict[str, Any]) -> set[str]:
    return set(service.get("networks", ["default"]))


def test_only_the_gateway_can_be_reached_from_outside(services: dict[str, dict[str, Any]]) -> None:
    assert [name for name, service in services.items() if "ports" in service] == ["gateway"]
    assert not [name for name, service in services.items() if service.get("network_mode")]


def test_the_databases_are_on_a_network_without_the_gateway(
    root: Path, services: dict[str, dict[str, Any]]
) -> None:
    assert networks(services["postgres"]) == {"databases"}
    assert networks(services["gateway"]) == {"default"}
    declared = yaml.safe_load((root / FILES[1]).read_text())["networks"]
    assert declared["databases"]["internal"] is True
    for name, service in services.items():
        if name not in ("gateway", "postgres"):
            assert networks(service) == {"default", "databases"}, name


def test_the_gateway_gets_no_secret_and_no_volume_of_a_service(
    services: dict[str, dict[str, Any]],
) -> None:
    gateway = services["gateway"]
    assert not [name for name in gateway["environment"] if name.startswith("SHOP_")]
    assert set(gateway["environment"]) == {
        "RATE_LIMITS",
        "CORS_ORIGINS",
        "TLS_CERTIFICATE",
        "TLS_KEY",
    }
    assert [mount["target"] for mount in gateway["volumes"]] == [
        "/run/tls/certificate.pem",
        "/run/tls/key.pem",
    ]
    assert all(mount["read_only"] for mount in gateway["volumes"])
