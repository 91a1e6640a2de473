"""Settings of auth; every name has the prefix AUTH_."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from auth.passwords import MIN_LENGTH
from shopkit.mail_settings import MailSettings

MIGRATIONS = Path(__file__).parents[1] / "migrations"
MAIL_TEMPLATES = Path(__file__).with_name("mail_templates")
MIN_CLIENT_SECRET = 32
MADE_ADMIN_PASSWORD = 20
"""Characters of the password that a start makes when it is given none."""


class AuthSettings(MailSettings):
    model_config = SettingsConfigDict(env_prefix="AUTH_")

    listen: str = "127.0.0.1:8001"
    internal_listen: str = "127.0.0.1:8101"
    keys_dir: Path | None = None
    login_limits: Literal["on", "off"] = "on"
    """How many passwords may be wrong and mails asked for; off for tests and benchmarks."""
    service_clients: dict[str, SecretStr] = Field(default_factory=dict)
    admin_email: SecretStr = SecretStr("")
    admin_password: SecretStr = SecretStr("")
    password_min: int = Field(default=MIN_LENGTH, ge=MIN_LENGTH, le=MADE_ADMIN_PASSWORD)
    staff_second_factor: Literal["optional", "required"] = "optional"
    """Whether roles beyond `customer` count only in sessions opened with a second factor."""
    access_token_seconds: int = Field(default=600, ge=60, le=3600)
    refresh_token_days: int = Field(default=30, ge=1, le=365)
    session_days: int = Field(default=180, ge=1, le=3650)

    def unsafe(self) -> list[str]:
        found = super().unsafe()
        for name, secret in self.service_clients.items():
            if len(secret.get_secret_value()) < MIN_CLIENT_SECRET:
                found.append(f"the secret of the service client {name} is shorter than 32")
        return found
