"""Settings of a service that sends mail."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from shopkit.mail import Mailer, Sender, open_mailer
from shopkit.schemas import Email
from shopkit.settings import ServiceSettings

NOBODY = "shop@example.com"
THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


class MailSettings(ServiceSettings):
    mail_url: str = ""
    """`file:/absolute/folder`, `smtp://user:password@host:587` (STARTTLS), `smtps://…` (TLS from
    the beginning), or `smtp+insecure://host:25`, without TLS and without a password. Empty: mails
    wait until there is one."""
    mail_from: Email = NOBODY
    shop_name: str = Field(default="Shop", min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")
    storefront_url: str = "http://localhost:3000"
    """What links in mails begin with: never what a request says."""

    @property
    def sender(self) -> Sender:
        return Sender(self.shop_name, self.mail_from)

    def open_mailer(self) -> Mailer:
        return open_mailer(self.mail_url, self.sender)

    def unsafe(self) -> list[str]:
        """Mail into a folder goes no further: then nothing of it is unsafe."""
        found, mail = super().unsafe(), urlsplit(self.mail_url)
        if not self.mail_url:
            return [*found, "mail_url is not set: name an SMTP server, or a folder (file:/…)"]
        if mail.scheme == "file":
            return found
        if mail.scheme == "smtp+insecure" and mail.hostname not in THIS_MACHINE:
            found.append("mail_url sends mails over a network without TLS")
        if urlsplit(self.storefront_url).scheme != "https":
            found.append("storefront_url is not https, and mails with links to it are sent")
        if self.mail_from == NOBODY:
            found.append("mail_from is nobody's address")
        return found

    @model_validator(mode="after")
    def _refuse_what_cannot_be_sent(self) -> Self:
        try:
            self.open_mailer()
        except ValueError as exc:
            raise ValueError(f"mail_url {exc}") from None
        if not self.mail_from.isascii():
            raise ValueError("mail_from must be of ASCII characters")
        storefront = urlsplit(self.storefront_url)
        if storefront.scheme not in ("http", "https") or not storefront.hostname:
            raise ValueError("storefront_url must be http:// or https:// and a host")
        if storefront.query or storefront.fragment:
            raise ValueError("storefront_url must have neither ? nor #")
        return self

    def link(self, path: str) -> str:
        return self.storefront_url.rstrip("/") + path
