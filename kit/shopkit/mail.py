"""Mail: what one is made of, and the two ways that it goes: to an SMTP server, or into a folder."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

import aiosmtplib

DEADLINE_SECONDS = 20
"""For one mail, from the connection to the server's last word."""
AT_ONCE = 4
LONGEST_LINE = 998  # RFC 5321, 4.5.3.1.6
PORTS = {"smtp": 587, "smtps": 465, "smtp+insecure": 25}
NOT_FOR_US = "5.7."
"""How a server says that it would take a mail to this address from others (RFC 3463): it does not
know us, or does not relay for us."""


class _Headers(HeaderRegistry):
    """Makes a class for each name of a header once: half of what a mail costs was to make them
    again."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, type] = {}

    def __getitem__(self, name: str) -> type:
        if name not in self._made:
            self._made[name] = super().__getitem__(name)
        return self._made[name]


IN_HAND = SMTP.clone(header_factory=_Headers())
ON_DISK = SMTPUTF8.clone(linesep="\n", header_factory=IN_HAND.header_factory)


class MailRefused(Exception):
    """It will never be taken. Says why without naming anybody."""


class MailDelayed(Exception):
    """It was not taken yet: try again. Says why without naming anybody."""


@dataclass(frozen=True)
class Mail:
    id: str
    """The same in every repetition; the Message-ID is made of it."""
    to: str
    subject: str
    text: str
    html: str
    made_at: datetime


@dataclass(frozen=True)
class Sender:
    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


class Mailer(Protocol):
    async def send(self, message: EmailMessage) -> None:
        """Raises MailRefused and MailDelayed."""
        ...


def new_message(mail: Mail, sender: Sender) -> EmailMessage:
    """Raises MailRefused for an address or a subject that no header can hold, or that has an
    encoded word: writing the header decodes it, into line breaks too."""
    message, (user, _, domain) = EmailMessage(policy=IN_HAND), mail.to.rpartition("@")
    try:
        if "=?" in mail.to + mail.subject:
            raise ValueError
        message["From"] = Address(sender.name, addr_spec=sender.address)
        message["To"] = Address(username=user, domain=domain)
        message["Subject"] = mail.subject
    except ValueError:
        raise MailRefused("its headers cannot be written") from None
    message["Date"] = format_datetime(mail.made_at)
    message["Message-ID"] = f"<{mail.id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers it
    message.set_content(mail.text, cte=_encoding(mail.text))
    message.add_alternative(mail.html, subtype="html", cte=_encoding(mail.html))
    return message


def _encoding(text: str) -> str:
    """As it is, where a server may take it so. `8bit` is encoded for one that does not."""
    if max(map(len, text.encode().splitlines()), default=0) > LONGEST_LINE:
        return "quoted-printable"
    return "7bit" if text.isascii() else "8bit"


class FileMailer:
    """One file for each mail, by its id: a repeated one takes its own place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: EmailMessage) -> None:
        name = message["Message-ID"].strip("<>").partition("@")[0]
        try:
            await asyncio.to_thread(self._write, name, message.as_bytes(policy=ON_DISK))
        except OSError as exc:
            raise MailDelayed(f"the folder for mail cannot be written: {exc.strerror}") from None

    def _write(self, name: str, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self._folder / f".{name}.part"
        part.write_bytes(content)
        part.rename(self._folder / f"{name}.eml")


def _is_whole(parts: SplitResult) -> bool:
    """False where a password that is not encoded has split the URL elsewhere."""
    try:
        return parts.port != 0 and not (parts.path.strip("/") or parts.query or parts.fragment)
    except ValueError:
        return False


class SmtpMailer:
    """Each mail on a connection of its own: `smtp` turns to TLS first (STARTTLS) or sends nothing,
    `smtps` begins with it, `smtp+insecure` has none and so never sends a password."""

    def __init__(self, url: str, greets_as: str) -> None:
        """Raises ValueError, without the URL."""
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname or not _is_whole(parts):
            raise ValueError(
                "must be smtp://, smtps:// or smtp+insecure:// and host:port; in a password, write "
                "%40 for @, %3A for :, %2F for / and %25 for %"
            )
        self._secure = parts.scheme != "smtp+insecure"
        if parts.username and not self._secure:
            raise ValueError(
                "smtp+insecure:// must not have a password, which everybody could read"
            )
        self._host, self._port = parts.hostname, parts.port or PORTS[parts.scheme]
        self._implicit = parts.scheme == "smtps"
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password or "")
        self._greets_as = greets_as
        self._places = asyncio.Semaphore(AT_ONCE)

    async def send(self, message: EmailMessage) -> None:
        async with self._places:
            with _told_apart():
                async with asyncio.timeout(DEADLINE_SECONDS):
                    await self._send(message)

    async def _send(self, message: EmailMessage) -> None:
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            local_hostname=self._greets_as,
            timeout=DEADLINE_SECONDS,
            use_tls=self._implicit,
            start_tls=self._secure and not self._implicit,
            tls_context=ssl.create_default_context() if self._secure else None,
        )
        try:
            await self._enter(client)
            await client.send_message(message)
            with suppress(aiosmtplib.SMTPException, OSError):  # the mail is taken
                await client.quit(timeout=1)
        finally:
            client.close()

    async def _enter(self, client: aiosmtplib.SMTP) -> None:
        try:
            await client.connect()
            if self._user is not None:
                await client.login(self._user, self._password)
        except aiosmtplib.SMTPNotSupported:
            raise MailDelayed("the server has no TLS, or no login that we know") from None


@contextmanager
def _told_apart() -> Iterator[None]:
    """What the server says of this mail is final; what it says of us, or of itself, is not. Its
    words may have the address in them: the code must do."""
    try:
        yield
    except aiosmtplib.SMTPRecipientsRefused as exc:
        code, words = exc.recipients[0].code, exc.recipients[0].message
        if words.startswith(NOT_FOR_US):
            raise MailDelayed(f"{code}, we may not send from here") from None
        raise _by_code(code, f"{code} to its address") from None
    except aiosmtplib.SMTPDataError as exc:
        raise _by_code(exc.code, f"{exc.code} to its content") from None
    except aiosmtplib.SMTPNotSupported:
        raise MailRefused("its address needs SMTPUTF8, which the server lacks") from None
    except aiosmtplib.SMTPResponseException as exc:
        raise MailDelayed(f"{exc.code}, {type(exc).__name__}") from None
    except (aiosmtplib.SMTPException, OSError) as exc:  # a bad certificate is a ValueError too
        raise MailDelayed(type(exc).__name__) from None
    except ValueError:
        raise MailRefused("its address cannot be sent") from None


def _by_code(code: int, why: str) -> Exception:
    return MailRefused(why) if code >= 500 else MailDelayed(why)


class NoMailer:
    async def send(self, message: EmailMessage) -> None:
        raise MailDelayed("no mail server is set")


def open_mailer(url: str, sender: Sender) -> Mailer:
    """`file:/absolute/folder`, an SMTP server as SmtpMailer has it, or "". Raises ValueError."""
    if not url:
        return NoMailer()
    parts = urlsplit(url)
    if parts.scheme != "file":
        return SmtpMailer(url, sender.domain)
    if parts.netloc or not parts.path.startswith("/"):
        raise ValueError("must be file: and the absolute path of a folder")
    return FileMailer(Path(unquote(parts.path)))
