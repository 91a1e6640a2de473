"""The sandbox, put together; started by `shop-sandbox serve`."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvloop
from fastapi import FastAPI
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from paysandbox import pages, routes
from paysandbox.books import TOPIC
from paysandbox.context import Context
from paysandbox.models import metadata, outbox
from paysandbox.sending import Sender, find_sender
from paysandbox.settings import SandboxSettings
from shopkit.app import build_app
from shopkit.clock import SYSTEM_CLOCK, Clock
from shopkit.console import fail, read_settings, settings_advice
from shopkit.logs import configure_logs, get_logger
from shopkit.outbox import Relay
from shopkit.pagination import Cursors
from shopkit.server import serve_apps
from shopkit.service import running_beside
from shopkit.sqlite import DatabaseInUse, SqliteDatabase


@dataclass(frozen=True)
class Sandbox:
    app: FastAPI
    context: Context
    sender: Sender | None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open the books, make them where there are none, and send what has to be told."""
        database, relay = self.context.database, self.context.relay
        await database.start()
        try:
            await database.run(metadata.create_all)
            async with running_beside([relay.run] if relay else []):
                yield
        finally:
            if self.sender:
                await self.sender.close()
            await database.stop()


def build(settings: SandboxSettings, *, clock: Clock = SYSTEM_CLOCK) -> Sandbox:
    database = SqliteDatabase(f"sqlite:///{settings.database.absolute()}")
    key = settings.api_key.get_secret_value()
    sender = find_sender(settings, clock)
    context = Context(
        database=database,
        clock=clock,
        cursors=Cursors(key),
        relay=Relay(database, outbox, {TOPIC: sender.send}, clock) if sender else None,
        public_url=settings.public_url.rstrip("/"),
        slow_seconds=settings.slow_seconds,
    )
    app = build_app(
        title="Payment sandbox",
        routers=[routes.router, pages.router],
        state={"context": context, "database": database, "api_key": key.encode()},
    )
    return Sandbox(app, context, sender)


def main() -> None:
    parser = argparse.ArgumentParser(prog="shop-sandbox")
    parser.add_argument("command", choices=["serve"])
    parser.parse_args()
    try:
        settings = read_settings(SandboxSettings)
        configure_logs("sandbox", settings.log_level)
        get_logger().info("settings", **settings.model_dump(mode="json"))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(build(settings), settings.listen))
    except ValidationError as exc:
        fail("sandbox", settings_advice(exc, SandboxSettings))
    except DBAPIError as exc:
        fail("sandbox", f"{settings.database} cannot be used: {exc.orig}")
    except DatabaseInUse as exc:
        fail("sandbox", str(exc), status=1)
    except (OSError, ValueError) as exc:
        fail("sandbox", str(exc))


async def _serve(sandbox: Sandbox, listen: str) -> None:
    async with sandbox.running():
        await serve_apps((listen, sandbox.app))
    get_logger().info("stopped")
