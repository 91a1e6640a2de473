"""The composition root."""

from pathlib import Path

from catalog import internal_routes, routes
from catalog.deps import Catalog
from catalog.settings import CatalogSettings as Settings
from catalog.worker import Housekeeper, Sweeper
from shopkit.app import build_app, metrics_router
from shopkit.auth import TokenVerifier
from shopkit.clock import SYSTEM_CLOCK, Clock
from shopkit.console import command_line
from shopkit.databases import open_database
from shopkit.http_client import ServiceClient
from shopkit.jwks import JwksClient
from shopkit.pagination import Cursors
from shopkit.service import Service

MIGRATIONS = Path(__file__).parents[1] / "migrations"


def build(settings: Settings, clock: Clock = SYSTEM_CLOCK) -> Service:
    database = open_database(settings.database_url, settings.database_pool)
    auth = ServiceClient(settings.auth_url)
    keys = JwksClient(auth, settings.jwks_cache)
    users = TokenVerifier(keys, issuer=settings.issuer, audience=settings.audience, kind="user")
    services = TokenVerifier(
        keys, issuer=settings.issuer, audience=settings.internal_audience, kind="service"
    )
    cursors = Cursors(settings.secret_key.get_secret_value())
    state: dict[str, object] = {"database": database, "keys": keys}
    state["catalog"] = Catalog(database, clock, cursors, settings.low_stock)
    public = build_app(title="Catalog", routers=routes.routers, state=state | {"verifier": users})
    inside = (internal_routes.router, metrics_router())
    internal = build_app(
        title="Catalog, internal", routers=inside, state=state | {"verifier": services}
    )
    sweeper = Sweeper(database, clock, settings.sweep_seconds)
    work = (keys.run, sweeper.run, Housekeeper(database, clock).run)
    return Service("catalog", MIGRATIONS, database, public, internal, work, (auth,))


def main() -> None:
    command_line("catalog", Settings, build, MIGRATIONS)
