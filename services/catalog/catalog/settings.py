"""Settings of catalog, from the environment with the prefix CATALOG_."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shopkit.settings import LOCAL_SECRET, ServiceSettings

MIGRATIONS = Path(__file__).parents[1] / "migrations"


class CatalogSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="CATALOG_")

    listen: str = "127.0.0.1:8002"
    internal_listen: str = "127.0.0.1:8102"
    client_secret: SecretStr = Field(default=SecretStr(LOCAL_SECRET), min_length=32)
    low_stock: int = Field(default=5, ge=0, le=1_000_000)
    """At most so many available: the public state is `low_stock`."""
    sweep_seconds: float = Field(default=1.0, gt=0, le=60)
    """How often reservations whose time is over are looked for."""

    files_dir: Path = Path("var/files")
    """Where files of imports are kept; copies of the service had better share it."""

    def unsafe(self) -> list[str]:
        found = super().unsafe()
        if self.client_secret.get_secret_value() == LOCAL_SECRET:
            found.append("client_secret is the one for local use: set the one that auth knows")
        return found
