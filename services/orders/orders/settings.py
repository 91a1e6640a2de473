"""Settings of the orders service; environment variables begin with ORDERS_."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from shopkit.failpoints import Failpoints
from shopkit.mail_settings import MailSettings
from shopkit.settings import LOCAL_SECRET

MIGRATIONS = Path(__file__).parents[1] / "migrations"
MAIL_TEMPLATES = Path(__file__).with_name("mail_templates")
SAGA_STEPS = (
    *("t1", "r1", "r2", "t2", "r3", "t3", "r4", "t4", "r5", "t5", "consume"),
    *("c1", "c2", "c3", "c4", "c5"),
    *("x1", "x2", "x3", "x4"),
    *("t6", "f1", "f2", "s1"),
)
"""T1 to T5 are those of checkout.md; C is c1 (why), c2 (payment), c3 (catalog), c4 (cart), c5
(failed); a cancellation is x1 (store it), x2 (stock back), x3 (void), x4 (done). t6 is around a
capture at shipment, f1 asks for a refund and f2 stores the answer, s1 puts returns into stock."""
FAILPOINTS = tuple(f"{side}_{step}" for step in SAGA_STEPS for side in ("before", "after"))


class OrdersSettings(MailSettings):
    model_config = SettingsConfigDict(env_prefix="ORDERS_")

    cart_url: str = "http://127.0.0.1:8103"
    catalog_url: str = "http://127.0.0.1:8102"
    client_secret: SecretStr = Field(default=SecretStr(LOCAL_SECRET), min_length=32)
    lease_seconds: float = Field(default=15, ge=1, le=300)
    """How long a driver may go without writing before another takes over. By default longer than
    the calls between two writes may take; shorter only costs repetitions, since the fence moves."""
    most_unpaid: int = Field(default=3, ge=0, le=1000)
    """Orders of one customer that may be unpaid at a time, or of the guests at one address; 0: any
    number."""
    most_addresses: int = Field(default=50, ge=1, le=1000)
    """In the address book of one customer."""
    payment_methods: str = "manual"
    """Which there are, with commas: `manual`, `sandbox`, `stripe`."""
    capture_at: Literal["order", "shipment"] = "order"
    ship_unpaid: bool = False
    """Whether what is paid later may be sent before it is paid: invoices, cash on delivery."""
    unpaid_days: int = Field(default=14, ge=0, le=365)
    """After which an order that is not paid is cancelled; 0: never."""
    sandbox_url: str = "http://127.0.0.1:8105"
    sandbox_api_key: SecretStr = SecretStr("")
    sandbox_webhook_secret: SecretStr = SecretStr("")
    stripe_api_key: SecretStr = SecretStr("")
    stripe_webhook_secret: SecretStr = SecretStr("")
    stripe_api_base: str | None = None
    """Only for tests; Stripe's own when absent."""
    reconcile_seconds: float = Field(default=300, ge=1)
    failpoints: str = ""

    @property
    def methods(self) -> frozenset[str]:
        return frozenset(filter(None, (name.strip() for name in self.payment_methods.split(","))))

    def unsafe(self) -> list[str]:
        found = super().unsafe()
        if self.client_secret.get_secret_value() == LOCAL_SECRET:
            found.append("client_secret is the one for local use")
        if "sandbox" in self.methods:
            found.append("payment_methods has the sandbox, which takes no real money")
        if self.failpoints:
            found.append("failpoints are for tests")
        return found

    @model_validator(mode="after")
    def _refuse_what_cannot_be_paid_with(self) -> Self:
        if not self.methods or self.methods - {"manual", "sandbox", "stripe"}:
            raise ValueError("payment_methods are manual, sandbox and stripe, with commas")
        for name in self.methods - {"manual"}:
            for part in ("api_key", "webhook_secret"):
                if not getattr(self, f"{name}_{part}").get_secret_value():
                    raise ValueError(f"payment_methods has {name}: set {name}_{part}")
        return self

    @model_validator(mode="after")
    def _refuse_broken_failpoints(self) -> Self:
        Failpoints(self.failpoints)
        named = {pair.partition(":")[0] for pair in self.failpoints.split(",") if pair}
        if unknown := named - set(FAILPOINTS):
            raise ValueError(f"no such failpoints: {', '.join(sorted(unknown))}")
        return self
