"""Who can reach whom in containers."""

from pathlib import Path
from typing import Any

import pytest
import yaml

SERVICES = ("auth", "catalog", "cart", "orders")
MERGED = {"environment", "networks"}
FILES = ("docker-compose.yml", "docker-compose.postgres.yml")


@pytest.fixture(scope="module")
def services(root: Path) -> dict[str, dict[str, Any]]:
    """As compose merges both files, for the parts that are looked at here."""
    merged: dict[str, dict[str, Any]] = {}
    for file in FILES:
        for name, service in yaml.safe_load((root / file).read_text())["services"].items():
            known = merged.get(name, {})
            parts = MERGED & known.keys() & service.keys()
            merged[name] = known | service | {part: known[part] | service[part] for part in parts}
    return merged


def networks(service: dict[str, Any]) -> set[str]:
    return set(service.get("networks", ["default"]))


def test_only_the_gateway_can_be_reached_from_outside(services: dict[str, dict[str, Any]]) -> None:
    assert [name for name, service in services.items() if "ports" in service] == ["gateway"]
    assert not [name for name, service in services.items() if service.get("network_mode")]


def test_what_services_ask_each_other_is_answered_where_the_gateway_is_not(
    root: Path, services: dict[str, dict[str, Any]]
) -> None:
    declared = yaml.safe_load((root / FILES[0]).read_text())["networks"]
    assert declared["inside"]["internal"] is True
    assert networks(services["gateway"]) == {"default"}
    for name in SERVICES:
        alias, environment = f"{name}-inside", services[name]["environment"]
        assert services[name]["networks"]["inside"] == {"aliases": [alias]}
        assert environment[f"{name.upper()}_INTERNAL_LISTEN"] == f"{alias}:8001"


def test_the_databases_are_on_a_network_without_the_gateway(
    root: Path, services: dict[str, dict[str, Any]]
) -> None:
    assert networks(services["postgres"]) == {"databases"}
    declared = yaml.safe_load((root / FILES[1]).read_text())["networks"]
    assert declared["databases"]["internal"] is True
    for name, service in services.items():
        if name not in ("gateway", "postgres"):
            assert networks(service) - {"inside"} == {"default", "databases"}, name


def test_the_gateway_gets_no_secret_and_of_a_service_only_what_everybody_may_see(
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
        "/srv/media",
    ]
    assert all(mount["read_only"] for mount in gateway["volumes"])
