"""Settings of the orders service; environment variables begin with ORDERS_."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from shopkit.failpoints import Failpoints
from shopkit.settings import LOCAL_SECRET, ServiceSettings

MIGRATIONS = Path(__file__).parents[1] / "migrations"
SAGA_STEPS = (
    *("t1", "r1", "r2", "t2", "r4", "t5", "consume"),
    *("c1", "c2", "c3", "c4"),
    *("x1", "x2", "x3"),
)
"""T1 to T5 are those of checkout.md (T4 is written with T5); C is c1 (why), c2 (catalog), c3
(cart), c4 (failed); a cancellation is x1 (store it), x2 (stock back), x3 (done)."""
FAILPOINTS = tuple(f"{side}_{step}" for step in SAGA_STEPS for side in ("before", "after"))


class OrdersSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="ORDERS_")

    cart_url: str = "http://127.0.0.1:8103"
    catalog_url: str = "http://127.0.0.1:8102"
    client_secret: SecretStr = Field(default=SecretStr(LOCAL_SECRET), min_length=32)
    lease_seconds: float = Field(default=15, ge=1, le=300)
    """How long a driver may go without writing before another takes over. By default longer than
    the calls between two writes may take; shorter only costs repetitions, since the fence moves."""
    max_pending_orders: int = Field(default=3, ge=1, le=1000)
    failpoints: str = ""

    def unsafe(self) -> list[str]:
        found = super().unsafe()
        if self.client_secret.get_secret_value() == LOCAL_SECRET:
            found.append("client_secret is the one for local use")
        if self.failpoints:
            found.append("failpoints are for tests")
        return found

    @model_validator(mode="after")
    def _refuse_broken_failpoints(self) -> Self:
        Failpoints(self.failpoints)
        named = {pair.partition(":")[0] for pair in self.failpoints.split(",") if pair}
        if unknown := named - set(FAILPOINTS):
            raise ValueError(f"no such failpoints: {', '.join(sorted(unknown))}")
        return self
