"""What a mail looks like when it arrives, and what becomes of one that does not."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from kit.tests.mail_server import MailServer, mail_server, new_certificate
from shopkit.mail import Mail, MailDelayed, MailRefused, Sender, new_message, open_mailer
from shopkit.mail_settings import MailSettings

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]
SENDER = Sender('Tea, "Cakes" & Café', "shop@example.org")
MAIL = Mail(
    id="01a21600-d95c-7000-a9a3-d8977a898cf3",
    to="ada@example.com",
    subject="Your order",
    text="Hello\nhttps://shop.example.org/#token=" + "a" * 43 + "\n",
    html="<p>Hello</p>\n",
    made_at=datetime(2026, 1, 31, 9, 30, tzinfo=UTC),
)


async def send(url: str, mail: Mail = MAIL) -> None:
    await open_mailer(url, SENDER).send(new_message(mail, SENDER))


def insecure(server: MailServer) -> str:
    return f"smtp+insecure://127.0.0.1:{server.port}"


async def test_a_server_gets_it_whole() -> None:
    async with mail_server() as server:
        await send(insecure(server))
    [mail] = server.mails
    assert server.envelopes[0].mail_from == "shop@example.org"
    assert (mail["from"].addresses[0].display_name, mail["to"]) == (SENDER.name, MAIL.to)
    assert mail["message-id"] == f"<{MAIL.id}@example.org>"
    assert mail["date"].datetime == MAIL.made_at
    assert mail["auto-submitted"] == "auto-generated"
    texts = [part.get_content() for part in mail.iter_parts()]
    assert [text.replace("\r\n", "\n") for text in texts] == [MAIL.text, MAIL.html]


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_password_goes_over_tls(
    scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = new_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    implicit = scheme == "smtps"
    more = {"auth_require_tls": False} if implicit else {"auth_required": True}
    async with mail_server(certificate, from_the_beginning=implicit, **more) as server:
        await send(f"{scheme}://shop%40example.org:p%40ss%3Aword%2F@127.0.0.1:{server.port}")
    assert server.logins == [(b"shop@example.org", b"p@ss:word/")]
    assert server.recipients == [MAIL.to]
    assert implicit or server.secure == [True]


async def test_a_certificate_that_nobody_trusts_gets_no_password(tmp_path: Path) -> None:
    async with mail_server(new_certificate(tmp_path)) as server:
        with pytest.raises(MailDelayed):
            await send(f"smtp://shop:secret@127.0.0.1:{server.port}")
    assert (server.logins, server.mails) == ([], [])


async def test_a_server_without_tls_gets_nothing(tmp_path: Path) -> None:
    async with mail_server() as server:
        with pytest.raises(MailDelayed):
            await send(f"smtp://127.0.0.1:{server.port}")
    assert server.mails == []


async def test_a_password_that_is_wrong_delays_mails_and_loses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = new_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with mail_server(certificate) as server:
        with pytest.raises(MailDelayed, match="535"):
            await send(f"smtp://shop:wrong@127.0.0.1:{server.port}")


@pytest.mark.parametrize(
    ("place", "answer", "error"),
    [
        ("answers", "550 5.1.1 <ada@example.com> is unknown", MailRefused),
        ("answers", "450 4.2.1 <ada@example.com>: try later", MailDelayed),
        ("answers", "554 5.7.1 <ada@example.com>: Relay access denied", MailDelayed),
        ("at_data", "554 5.7.1 ada@example.com wants no spam", MailRefused),
        ("at_data", "451 4.3.0 ada@example.com: try later", MailDelayed),
    ],
)
async def test_what_the_server_says_is_final_or_not_and_names_nobody(
    place: str, answer: str, error: type[Exception]
) -> None:
    async with mail_server() as server:
        getattr(server, place)[MAIL.to] = answer
        with pytest.raises(error, match=answer[:3]) as raised:
            await send(insecure(server))
    assert "ada" not in str(raised.value)


async def test_a_server_that_is_not_there_delays() -> None:
    async with mail_server() as server:
        url = insecure(server)
    with pytest.raises(MailDelayed):
        await send(url)


async def test_a_server_that_says_nothing_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopkit.mail.DEADLINE_SECONDS", 0.2)
    loop = asyncio.get_running_loop()
    silent = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
    async with silent:
        with pytest.raises(MailDelayed):
            await send(f"smtp+insecure://127.0.0.1:{silent.sockets[0].getsockname()[1]}")


async def test_addresses_beyond_ascii_arrive_where_the_server_knows_them() -> None:
    async with mail_server() as server:
        await send(insecure(server), replace(MAIL, to="zoë@example.com"))
    assert server.recipients == ["zoë@example.com"]


@pytest.mark.parametrize("evil", ["\r\nBcc: eve@example.com", "\nBcc: eve@example.com", "\rBcc: x"])
@pytest.mark.parametrize("place", ["to", "subject"])
def test_c13_nothing_gets_into_the_headers(place: str, evil: str) -> None:
    changes: dict[str, Any] = {place: getattr(MAIL, place) + evil}
    with pytest.raises(MailRefused):
        new_message(replace(MAIL, **changes), SENDER)


@pytest.mark.parametrize("place", ["to", "subject"])
def test_c13_encoded_words_stay_what_they_are(place: str) -> None:
    """The email package decodes them when it writes a header, line breaks too."""
    word = "=?utf-8?q?x=0d=0aBcc=3a_eve=40example.com?="
    changes: dict[str, Any] = {place: f"{word}@example.com"}
    with pytest.raises(MailRefused):
        new_message(replace(MAIL, **changes), SENDER)


@pytest.mark.parametrize("to", ["a@b.example, eve@example.com", "<eve@example.com> a@b.example"])
def test_c13_one_mail_has_one_recipient(to: str) -> None:
    message = new_message(replace(MAIL, to=to), SENDER)
    assert len(message["to"].addresses) == 1
    assert message["to"].addresses[0].domain == to.rpartition("@")[2]


async def test_a_folder_gets_one_readable_file_however_often_it_is_sent(tmp_path: Path) -> None:
    mail = replace(MAIL, text=MAIL.text + "Grüße\n", subject="Grüße")
    for _ in range(2):
        await send((tmp_path / "my mail").as_uri(), mail)
    [file] = (tmp_path / "my mail").iterdir()
    text = file.read_text()
    assert file.name == f"{MAIL.id}.eml"
    assert "\nSubject: Grüße\n" in text
    assert f"#token={'a' * 43}\nGrüße\n" in text
    assert message_from_bytes(file.read_bytes(), policy=default)["to"] == MAIL.to


async def test_a_folder_that_cannot_be_written_delays(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MailDelayed):
        await send(f"file:{tmp_path}/file/mail")


async def test_without_a_server_mails_wait() -> None:
    with pytest.raises(MailDelayed):
        await send("")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"mail_url": "http://mail.example.org"}, "mail_url must be"),
        ({"mail_url": "smtp://"}, "mail_url must be"),
        ({"mail_url": "smtp://mail.example.org:x"}, "mail_url"),
        ({"mail_url": "smtp://shop:sec/ret@mail.example.org"}, "%2F for /"),
        ({"mail_url": "smtp://shop:sec#ret@mail.example.org"}, "mail_url must be"),
        ({"mail_url": "file:relative"}, "absolute"),
        ({"mail_url": "smtp+insecure://shop:secret@127.0.0.1"}, "password"),
        ({"mail_from": "nobody"}, "mail_from"),
        ({"mail_from": "a@b.example\r\nBcc: c@d.example"}, "mail_from"),
        ({"shop_name": "Tea\r\nBcc: c@d.example"}, "shop_name"),
        ({"storefront_url": "javascript:alert(1)"}, "storefront_url"),
        ({"storefront_url": "https://shop.example.org/?a=b"}, "storefront_url"),
    ],
)
def test_settings_that_cannot_work_are_refused(change: dict[str, str], complaint: str) -> None:
    needed: dict[str, Any] = {"database_url": "sqlite:////x", "listen": "", "internal_listen": ""}
    with pytest.raises(ValidationError, match=complaint) as raised:
        MailSettings(**needed, **change)
    advice = str([error["msg"] for error in raised.value.errors(include_input=False)])
    assert "sec" not in advice.replace("insecure", "")
