"""The first admin: who it is, whether it has to be made, and whether its password was shown."""

from dataclasses import dataclass
from pathlib import Path

from launcher.settings import Settings
from launcher.vault import Vault

_PASSWORD, _MADE, _SHOWN = "admin-password", "admin-email", "admin-shown"


@dataclass(frozen=True)
class Administrator:
    email: str
    password: str
    password_file: Path | None
    """Where it is kept; None when ADMIN_PASSWORD gives it."""
    vault: Vault

    @property
    def environment(self) -> dict[str, str]:
        return {"AUTH_ADMIN_EMAIL": self.email, "AUTH_ADMIN_PASSWORD": self.password}

    @property
    def is_made(self) -> bool:
        return self.vault.note(_MADE) == self.email

    def mark_as_made(self) -> None:
        self.vault.keep(_MADE, self.email)

    @property
    def is_shown(self) -> bool:
        """A start that ends after the admin was made may not have come to show its password."""
        return self.vault.note(_SHOWN) == self.email

    def mark_as_shown(self) -> None:
        self.vault.keep(_SHOWN, self.email)


def find_administrator(settings: Settings, vault: Vault) -> Administrator:
    """A password that was not given is made once and kept, readable for its owner only."""
    if settings.admin_password:
        return Administrator(settings.admin_email, settings.admin_password, None, vault)
    password = vault.secret(_PASSWORD, size=15)
    return Administrator(settings.admin_email, password, vault.folder / _PASSWORD, vault)
