"""Settings of the cart service: environment variables with the prefix CART_."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from shopkit.money import is_currency
from shopkit.settings import LOCAL_SECRET, ServiceSettings

MIGRATIONS = Path(__file__).parents[1] / "migrations"


class CartSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="CART_")

    listen: str = "127.0.0.1:8003"
    internal_listen: str = "127.0.0.1:8103"
    catalog_url: str = "http://127.0.0.1:8102"
    client_secret: SecretStr = Field(default=SecretStr(LOCAL_SECRET), min_length=32)
    currency: str = "USD"
    most_per_line: int = Field(default=99, ge=1, le=9999)
    """Pieces of one product in a cart, and so in an order."""
    user_days: int = Field(default=90, ge=1, le=3650)
    guest_days: int = Field(default=30, ge=1, le=3650)
    empty_guest_hours: int = Field(default=6, ge=1, le=720)
    settled_days: int = Field(default=90, ge=31, le=3650)

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, code: str) -> str:
        if not is_currency(code):
            raise ValueError("not an ISO 4217 currency code")
        return code

    def unsafe(self) -> list[str]:
        found = super().unsafe()
        if self.client_secret.get_secret_value() == LOCAL_SECRET:
            found.append("client_secret is the one for local use: set the one that auth knows")
        return found
