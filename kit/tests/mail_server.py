"""A real SMTP server beside a test, which takes, refuses or delays what the test says."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TAKEN = "250 2.0.0 taken"


@dataclass
class MailServer:
    """Answers RCPT and DATA with what `answers` has for the address, else takes it."""

    port: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    at_data: dict[str, str] = field(default_factory=dict)
    envelopes: list[Envelope] = field(default_factory=list)
    secure: list[bool] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    password: bytes = b"p@ss:word/"

    @property
    def mails(self) -> list[EmailMessage]:
        contents = (envelope.original_content or b"" for envelope in self.envelopes)
        return [message_from_bytes(content, policy=default) for content in contents]

    @property
    def recipients(self) -> list[str]:
        return [address for envelope in self.envelopes for address in envelope.rcpt_tos]

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get(address, TAKEN)
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self.at_data.get(envelope.rcpt_tos[0], TAKEN)
        if answer.startswith("2"):
            self.envelopes.append(envelope)
            self.secure.append(session.ssl is not None)
        return answer

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == self.password, handled=False)


@asynccontextmanager
async def mail_server(
    certificate: Path | None = None, *, from_the_beginning: bool = False, **more: Any
) -> AsyncIterator[MailServer]:
    found, context, protocols = MailServer(), None, list[SMTP]()
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        more |= {"authenticator": found.authenticate}

    def protocol() -> SMTP:
        starttls = None if from_the_beginning else context
        made = SMTP(found, enable_SMTPUTF8=True, tls_context=starttls, hostname="mail", **more)
        protocols.append(made)
        return made

    loop, implicit = asyncio.get_running_loop(), context if from_the_beginning else None
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=implicit)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        await server.wait_closed()
        for each in protocols:  # of connections that were broken off
            if each.transport is not None:
                each.transport.close()
        await asyncio.sleep(0)


def new_certificate(folder: Path) -> Path:
    """Of 127.0.0.1, by itself, with its key: `SSL_CERT_FILE` makes clients trust it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "certificate.pem"
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
