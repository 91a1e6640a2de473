"""Settings of the sandbox: environment variables with the prefix SANDBOX_."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shopkit.webhooks import WebhookSecret


class SandboxSettings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="SANDBOX_", env_ignore_empty=True, hide_input_in_errors=True
    )

    database: Path
    """The SQLite file; made when it is not there."""
    listen: str = "127.0.0.1:8090"
    public_url: str = "http://127.0.0.1:8090"
    """How a customer's browser reaches the sandbox."""
    api_key: SecretStr = Field(min_length=16)
    webhook_url: str | None = None
    """`http://host:port/path`, or `unix:/path.sock` with `webhook_path`; None: nothing is sent."""
    webhook_path: str = Field(default="/", pattern="^/")
    webhook_secret: SecretStr | None = None
    slow_seconds: float = Field(default=5, ge=0, le=60)
    """How long the first answer to `tok_slow` takes."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("webhook_secret")
    @classmethod
    def _usable_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret:
            WebhookSecret(secret.get_secret_value())
        return secret

    @field_validator("webhook_url")
    @classmethod
    def _usable_url(cls, url: str | None) -> str | None:
        if url and not url.startswith(("http://", "https://", "unix:/")):
            raise ValueError("must be http://host:port/path or unix:/path.sock")
        return url

    @model_validator(mode="after")
    def _sign_what_is_sent(self) -> Self:
        if self.webhook_url and not self.webhook_secret:
            raise ValueError("webhook_url needs a webhook_secret")
        return self
