"""The payment sandbox: an outside company to the shop, on a loopback port that browsers reach."""

import base64
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from launcher.child import Child
from launcher.gateway import accepts
from launcher.services import NAMES, Layout
from launcher.settings import Settings
from launcher.vault import Vault

NAME = "sandbox"
HOST = "127.0.0.1"
WEBHOOKS = "/api/payments/webhooks/sandbox"
_PORT = "sandbox-port"


@dataclass(frozen=True)
class Sandbox:
    port: int
    layout: Layout
    vault: Vault
    shop_url: str

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def api_key(self) -> str:
        return self.vault.secret("sandbox-api-key")

    @property
    def webhook_secret(self) -> str:
        random = self.vault.secret("sandbox-webhook-secret").encode()
        return f"whsec_{base64.b64encode(random).decode()}"

    def told_to_orders(self) -> dict[str, str]:
        return {
            "ORDERS_PAYMENT_METHODS": "manual,sandbox",
            "ORDERS_SANDBOX_URL": self.url,
            "ORDERS_SANDBOX_API_KEY": self.api_key,
            "ORDERS_SANDBOX_WEBHOOK_SECRET": self.webhook_secret,
        }

    def environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Where it is and what it shares with orders is settled here, whatever is set by hand."""
        others = ("ADMIN_", *(f"{name.upper()}_" for name in NAMES))
        rest = {key: value for key, value in environment.items() if not key.startswith(others)}
        return rest | {
            "SANDBOX_DATABASE": str(self.layout.database(NAME)),
            "SANDBOX_LISTEN": f"{HOST}:{self.port}",
            "SANDBOX_PUBLIC_URL": self.url,
            "SANDBOX_API_KEY": self.api_key,
            "SANDBOX_WEBHOOK_URL": self.shop_url + WEBHOOKS,
            "SANDBOX_WEBHOOK_SECRET": self.webhook_secret,
        }

    def child(self, environment: Mapping[str, str]) -> Child:
        return Child(
            name=NAME,
            command=[self.layout.program(NAME), "serve"],
            environment=self.environment(environment),
            log=self.layout.data.log(NAME),
            is_ready=lambda: accepts(HOST, self.port),
        )


def find_sandbox(settings: Settings, layout: Layout, vault: Vault) -> Sandbox:
    """On the port of the last start while that is free: customers may have a page of it open."""
    kept = vault.note(_PORT) or ""
    port = int(kept) if kept.isdigit() else 0
    while port in (0, settings.port) or not _is_free(port):
        port = _free_port()
    vault.keep(_PORT, str(port))
    return Sandbox(port, layout, vault, settings.url)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
