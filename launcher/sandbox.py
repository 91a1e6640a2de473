"""The payment sandbox: an outside company to the shop, on a loopback port that browsers reach."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from launcher.child import Child
from launcher.gateway import accepts
from launcher.ports import LOOPBACK, kept_port
from launcher.services import NAMES, Layout
from launcher.settings import Settings
from launcher.vault import Vault

NAME = "sandbox"
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
        return f"http://{LOOPBACK}:{self.port}"

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
            "SANDBOX_LISTEN": f"{LOOPBACK}:{self.port}",
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
            is_ready=lambda: accepts(LOOPBACK, self.port),
        )


def find_sandbox(settings: Settings, layout: Layout, vault: Vault, shop_url: str) -> Sandbox:
    """On the port of the last start while that is free: customers may have a page of it open."""
    taken = {settings.port, urlsplit(shop_url).port}
    return Sandbox(kept_port(vault, _PORT, taken=taken), layout, vault, shop_url)
