"""The auth service, put together; started by `shop-auth serve`."""

from auth.apps import internal_app, public_app
from auth.commands import COMMANDS
from auth.context import new_context
from auth.settings import MIGRATIONS, AuthSettings
from auth.worker import Sweeper
from shopkit.clock import SYSTEM_CLOCK, Clock
from shopkit.console import command_line
from shopkit.service import Service


def build(settings: AuthSettings, clock: Clock = SYSTEM_CLOCK) -> Service:
    context = new_context(settings, clock)
    return Service(
        name="auth",
        migrations=MIGRATIONS,
        database=context.database,
        public=public_app(settings, context),
        internal=internal_app(settings, context),
        background=[
            Sweeper(context.database, context.keys, clock).run,
            context.mail_relay.run,
        ],
        closables=[context.hasher],
        checks=[context.keys.load],
    )


def main() -> None:
    command_line("auth", AuthSettings, build, MIGRATIONS, extra=COMMANDS)
