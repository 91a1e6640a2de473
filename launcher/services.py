"""The four services: where each listens, what it is told, and which database it has."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from launcher.data_folder import DataFolder
from launcher.vault import Vault

NAMES = ("auth", "catalog", "cart", "orders")
MAILERS = ("auth", "orders")
PUBLIC_SETTINGS = ("SHOP_NAME", "STOREFRONT_URL")
"""Catalog's too, for feeds."""
MAIL_SETTINGS = ("MAIL_URL", "MAIL_FROM", "SHOP_NAME", "STOREFRONT_URL")
"""Of all that send mail; each may have its own with its prefix."""
CALLEES = {"catalog": (), "cart": ("catalog",), "orders": ("cart", "catalog")}


@dataclass(frozen=True)
class Layout:
    """Where everything is: the project, the data, the sockets, the programs of the venv."""

    root: Path
    data: DataFolder
    sockets: Path
    programs: Path

    def socket(self, name: str) -> Path:
        return self.sockets / f"{name}.sock"

    def internal_socket(self, name: str) -> Path:
        return self.sockets / f"{name}-internal.sock"

    def database(self, name: str) -> Path:
        return self.data.databases / f"{name}.db"

    def migrations(self, name: str) -> Path:
        return self.root / "services" / name / "migrations" / "versions"

    def program(self, name: str) -> Path:
        return self.programs / f"shop-{name}"


def service_environment(
    name: str, layout: Layout, vault: Vault, environment: Mapping[str, str]
) -> dict[str, str]:
    """`environment` wins, so that ORDERS_LOG_LEVEL or AUTH_DATABASE_URL may be set by hand.

    What is meant for the other services, and the admin's password, does not get in.
    """
    settings = {
        "DATABASE_URL": f"sqlite:///{layout.database(name)}",
        "LISTEN": f"unix:{layout.socket(name)}",
        "INTERNAL_LISTEN": f"unix:{layout.internal_socket(name)}",
        "SECRET_KEY": vault.secret(f"{name}-secret-key"),
        "AUTH_URL": f"unix:{layout.internal_socket('auth')}",
        "JWKS_CACHE": str(layout.data.keys / f"{name}-jwks.json"),
    }
    if name == "auth":
        clients = {client: vault.secret(f"{client}-client-secret") for client in CALLEES}
        settings |= {"KEYS_DIR": str(layout.data.keys), "SERVICE_CLIENTS": json.dumps(clients)}
        settings["LOGIN_LIMITS"] = (environment.get("RATE_LIMITS") or "on").lower()
    if name == "catalog":
        settings["MEDIA_DIR"] = str(layout.data.media)
        settings |= {key: environment[key] for key in PUBLIC_SETTINGS if environment.get(key)}
        settings["FILES_DIR"] = str(layout.data.files)
    if name in MAILERS:
        settings["MAIL_URL"] = layout.data.mail.as_uri()
        settings |= {key: environment[key] for key in MAIL_SETTINGS if environment.get(key)}
    if name in CALLEES:
        settings["CLIENT_SECRET"] = vault.secret(f"{name}-client-secret")
    for callee in CALLEES.get(name, ()):
        settings[f"{callee.upper()}_URL"] = f"unix:{layout.internal_socket(callee)}"
    others = tuple(f"{other.upper()}_" for other in NAMES if other != name)
    others = ("ADMIN_", "SANDBOX_", *MAIL_SETTINGS, *others)
    mine = {key: value for key, value in environment.items() if not key.startswith(others)}
    return {f"{name.upper()}_{key}": value for key, value in settings.items()} | mine
