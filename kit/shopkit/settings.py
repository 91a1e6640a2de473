"""Settings that every service has. One prefix per service; production refuses what is unsafe."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LOCAL_SECRET = "local-secret-for-one-machine-only"  # noqa: S105 - refused in production


class ServiceSettings(BaseSettings):
    """A service subclasses it with `model_config = SettingsConfigDict(env_prefix="CART_")`.

    What is set to nothing has its default, as compose files and `.env` leave it.
    """

    model_config = SettingsConfigDict(env_ignore_empty=True)

    environment: Literal["local", "production"] = "local"
    database_url: str
    database_pool: int = Field(default=10, ge=2, le=100)
    listen: str
    internal_listen: str
    secret_key: SecretStr = Field(default=SecretStr(LOCAL_SECRET), min_length=32)
    auth_url: str = "http://127.0.0.1:8101"
    jwks_cache: Path | None = None
    issuer: str = "shop-auth"
    audience: str = "shop-api"
    internal_audience: str = "shop-internal"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    def unsafe(self) -> list[str]:
        """What production refuses; subclasses add to it."""
        found = []
        if self.secret_key.get_secret_value() == LOCAL_SECRET:
            found.append("secret_key is the one for local use: set 32 random characters or more")
        if self.log_level == "DEBUG":
            found.append("log_level is DEBUG")
        return found

    @model_validator(mode="after")
    def _refuse_unsafe_production(self) -> Self:
        found = self.unsafe() if self.environment == "production" else []
        if found:
            raise ValueError("not safe in production: " + "; ".join(found))
        return self

    def masked(self) -> dict[str, str]:
        """For the log at start: secrets and passwords in URLs are hidden."""
        return {name: _hide(str(value)) for name, value in self.model_dump().items()}


def _hide(text: str) -> str:
    scheme, found, rest = text.partition("://")
    if found and "@" in rest:
        return f"{scheme}://***@{rest.rpartition('@')[2]}"
    return text
