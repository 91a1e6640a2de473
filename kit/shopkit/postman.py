"""Mails out of an outbox: written in the transaction of their cause, delivered at least once."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from prometheus_client import Counter
from sqlalchemy import Table

from shopkit.clock import Clock
from shopkit.db import Database
from shopkit.logs import get_logger
from shopkit.mail import Mail, MailDelayed, Mailer, MailRefused, Sender, new_message
from shopkit.mail_settings import MailSettings
from shopkit.mail_templates import MailTemplates
from shopkit.outbox import Handler, Relay

log = get_logger()
MAIL = "mail"
"""The topic."""
GIVE_UP = timedelta(days=2)
MAILS = Counter("mails_total", "Tries to send a mail.", ["template", "outcome"])


class Postman:
    def __init__(
        self, mailer: Mailer, templates: MailTemplates, sender: Sender, clock: Clock
    ) -> None:
        self._mailer, self._templates, self._sender = mailer, templates, sender
        self._clock = clock
        self._making = asyncio.Lock()

    async def send(
        self, *, id: str, to: str, template: str, values: Mapping[str, Any], made_at: datetime
    ) -> None:
        """Returns when it is sent, and when it never will be: one that is refused, or too old,
        holds nobody up. Raises MailDelayed: then it is to be repeated, with the same id."""
        subject, text, html = self._templates.render(template, values)
        try:
            message = await self._made(Mail(id, to, subject, text, html, made_at))
            await self._mailer.send(message)
        except MailRefused as exc:
            outcome, reason = "refused", str(exc)
        except MailDelayed as exc:
            if self._clock.now() - made_at < GIVE_UP:
                MAILS.labels(template, "delayed").inc()
                raise
            outcome, reason = "given_up", str(exc)
        else:
            MAILS.labels(template, "sent").inc()
            return
        MAILS.labels(template, outcome).inc()
        log.error("mail_not_sent", id=id, template=template, outcome=outcome, reason=reason)

    async def _made(self, mail: Mail) -> EmailMessage:
        """One in a turn of the loop: it takes a millisecond, and there may be many at once."""
        async with self._making:
            await asyncio.sleep(0)
            return new_message(mail, self._sender)


def open_postman(settings: MailSettings, templates: Path, clock: Clock) -> Postman:
    """With the words in the folder `templates`."""
    words = MailTemplates(templates, shop_name=settings.shop_name)
    return Postman(settings.open_mailer(), words, settings.sender, clock)


def mail_relay(database: Database, outbox: Table, handler: Handler, clock: Clock) -> Relay:
    """One beside that of other events: mail servers are slow and do not like to be pressed, and a
    mail costs a millisecond of the processor that a rush of customers needs more. The lease is
    longer than a batch can take."""
    return Relay(
        database,
        outbox,
        {MAIL: handler},
        clock,
        lease_seconds=150,
        batch=20,
        max_wait_seconds=300,
        eager=False,
    )
