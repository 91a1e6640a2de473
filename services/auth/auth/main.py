"""The composition root."""

from pathlib import Path

from auth import internal_routes, key_routes, routes, staff_routes
from auth.commands import COMMANDS
from auth.settings import AuthSettings
from auth.wiring import AuthService, app_state
from auth.worker import Sweeper
from shopkit.app import build_app, metrics_router
from shopkit.clock import SYSTEM_CLOCK, Clock
from shopkit.console import command_line
from shopkit.databases import open_database
from shopkit.service import Service

MIGRATIONS = Path(__file__).parents[1] / "migrations"
PUBLIC = [routes.router, staff_routes.router, key_routes.router]
INTERNAL = [internal_routes.router, metrics_router()]


def build(settings: AuthSettings, clock: Clock = SYSTEM_CLOCK) -> Service:
    database = open_database(settings.database_url, settings.database_pool)
    state = app_state(settings, database, clock)
    public = build_app(title="Auth", routers=PUBLIC, state=state)
    internal = build_app(title="Auth, internal", routers=INTERNAL, state=state)
    work, close = [Sweeper(database, state["keys"], clock).run], [state["context"].hasher]
    return AuthService("auth", MIGRATIONS, database, public, internal, work, close)


def main() -> None:
    command_line("auth", AuthSettings, build, MIGRATIONS, extra=COMMANDS)
