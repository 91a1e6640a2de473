"""What a person may set, in the environment or the file .env (see .env.example)."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from launcher.certificate import Certificate, find_certificate
from launcher.errors import LaunchError
from launcher.origins import read_origins

DEFAULT_ADMIN = "admin@example.com"
HTTPS_PORT = 443
PASSWORD_LENGTHS = range(12, 129)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


@dataclass(frozen=True)
class Settings:
    host: str
    port: int
    data_dir: Path
    admin_email: str
    admin_password: str | None
    """None: one is made at the first start."""
    rate_limits: bool
    certificate: Certificate | None
    """None: plain HTTP."""
    cors_origins: str
    """With commas between them; empty: none."""

    @property
    def url(self) -> str:
        """How clients name the shop: with TLS by the name in its certificate."""
        host = "127.0.0.1" if self.host == "0.0.0.0" else self.host  # noqa: S104 - only compared
        host = f"[{host}]" if ":" in host else host
        if self.certificate is None:
            return f"http://{host}:{self.port}"
        port = "" if self.port == HTTPS_PORT else f":{self.port}"
        return f"https://{self.certificate.name or host}{port}"


def read_settings(environment: Mapping[str, str], root: Path) -> Settings:
    """Raises LaunchError naming the setting that is wrong. Relative paths start at `root`."""
    email = environment.get("ADMIN_EMAIL") or DEFAULT_ADMIN
    if not _EMAIL.fullmatch(email):
        raise LaunchError(f"ADMIN_EMAIL={email} is not an e-mail address")
    return Settings(
        host=_host(environment.get("GATEWAY_HOST") or "127.0.0.1"),
        port=_port(environment.get("GATEWAY_PORT") or "8080"),
        data_dir=(root / Path(environment.get("DATA_DIR") or "var").expanduser()).resolve(),
        admin_email=email,
        admin_password=_password(environment.get("ADMIN_PASSWORD")),
        rate_limits=_switch("RATE_LIMITS", environment.get("RATE_LIMITS") or "on"),
        certificate=find_certificate(environment, root),
        cors_origins=read_origins(environment.get("CORS_ORIGINS") or ""),
    )


def _host(text: str) -> str:
    try:
        return str(ipaddress.ip_address("127.0.0.1" if text == "localhost" else text))
    except ValueError:
        raise LaunchError(f"GATEWAY_HOST={text} is not an IP address of this machine") from None


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= 65535):
        raise LaunchError(f"GATEWAY_PORT={text} is not a port: use a number from 1 to 65535")
    return int(text)


def _password(text: str | None) -> str | None:
    if text and len(text) not in PASSWORD_LENGTHS:
        shortest, longest = PASSWORD_LENGTHS[0], PASSWORD_LENGTHS[-1]
        raise LaunchError(f"ADMIN_PASSWORD must have {shortest} to {longest} characters")
    return text or None


def _switch(name: str, text: str) -> bool:
    if text.lower() not in {"on", "off"}:
        raise LaunchError(f"{name}={text} is neither on nor off: write {name}=on or {name}=off")
    return text.lower() == "on"
