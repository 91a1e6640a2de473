"""Which shop, and as whom: from options and the environment."""

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from shopcli.errors import UsageError
from shopcli.session import FixedToken, PasswordSession, Session, StoredSession
from shopcli.token_store import TokenStore, default_path

DEFAULT_URL = "http://localhost:8080"


@dataclass(frozen=True)
class Settings:
    url: str
    token: str | None = None
    email: str | None = None
    password: str | None = None

    def session(self) -> Session:
        """SHOP_TOKEN, else SHOP_EMAIL and SHOP_PASSWORD, else what `shop login` stored.

        Raises UsageError where one of the two is missing, and nothing stored.
        """
        if self.token:
            return FixedToken(self.token)
        if self.email and self.password:
            return PasswordSession(self.email, self.password)
        if (self.email or self.password) and self.store().find(self.url) is None:
            given, missing = ("EMAIL", "PASSWORD") if self.email else ("PASSWORD", "EMAIL")
            raise UsageError(f"SHOP_{given} is set and SHOP_{missing} is not: set it, too.")
        return StoredSession(self.store())

    @property
    def is_local(self) -> bool:
        return urlsplit(self.url).hostname in ("localhost", "127.0.0.1", "::1")

    def store(self) -> TokenStore:
        return TokenStore(default_path())


def settings_for(url: str) -> Settings:
    """Raises UsageError for an address or a token that cannot work."""
    token = os.environ.get("SHOP_TOKEN", "").strip()
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError("SHOP_TOKEN is not an access token.")
    return Settings(
        url=normal_url(url),
        token=token or None,
        email=os.environ.get("SHOP_EMAIL") or None,
        password=os.environ.get("SHOP_PASSWORD") or None,
    )


def normal_url(url: str) -> str:
    """One spelling for each shop, since sessions are kept by it."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise UsageError(f"{url!r} is not an address; write it like {DEFAULT_URL}.") from None
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError(f"{url!r} is not an address; write it like {DEFAULT_URL}.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError("The address must be only that: no user, password or query in it.")
    place = f"[{host}]" if ":" in host else host
    if port is not None and port != {"http": 80, "https": 443}[parts.scheme]:
        place = f"{place}:{port}"
    return f"{parts.scheme}://{place}{parts.path.rstrip('/')}"
