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
    """How often what is due is looked for: reservations to expire, scheduled changes."""

    media_dir: Path = Path("media")
    """Where images, feeds and sitemaps are stored; the gateway reads them there."""
    s3_bucket: str = ""
    """Where they are stored instead, and read by catalog for the gateway."""
    s3_endpoint: str = Field(default="", pattern="^(https?://[^/?#]+)?$")
    """Empty: Amazon's."""
    s3_region: str = "us-east-1"
    s3_access_key_id: str = ""
    """Empty: what the machine is allowed to do."""
    s3_secret_access_key: SecretStr = SecretStr("")

    storefront_url: str = Field(default="", pattern=r"^(https?://[^\s?#]+)?$")
    """Where links in the feed and the sitemap lead to; empty: neither is made."""
    public_url: str = Field(default="", pattern=r"^(https?://[^\s?#]+)?$")
    """Where the gateway is for others, with its images and sitemaps; empty: at the storefront's."""
    shop_name: str = Field(default="Shop", min_length=1, max_length=100)

    files_dir: Path = Path("var/files")
    """Where files of imports are kept; copies of the service had better share it."""

    def unsafe(self) -> list[str]:
        found = super().unsafe()
        if self.client_secret.get_secret_value() == LOCAL_SECRET:
            found.append("client_secret is the one for local use: set the one that auth knows")
        return found
