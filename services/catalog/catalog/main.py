"""The catalog service, put together; started by `shop-catalog serve`."""

from catalog.apps import internal_app, public_app
from catalog.context import new_context
from catalog.feed_worker import Publisher
from catalog.import_worker import Importer
from catalog.lexicographer import Lexicographer
from catalog.media_worker import Curator
from catalog.settings import MIGRATIONS, CatalogSettings
from catalog.worker import Census, Filer, Housekeeper, Indexer, Librarian, Sweeper, Timekeeper
from shopkit.clock import SYSTEM_CLOCK, Clock
from shopkit.console import command_line
from shopkit.http_client import ServiceClient, ServiceToken
from shopkit.jwks import JwksClient
from shopkit.revocations import RevocationFeed
from shopkit.service import Service


def build(
    settings: CatalogSettings, clock: Clock = SYSTEM_CLOCK, *, auth: ServiceClient | None = None
) -> Service:
    auth = auth or ServiceClient(settings.auth_url)
    keys = JwksClient(auth, settings.jwks_cache)
    tokens = ServiceToken(auth, "catalog", settings.client_secret.get_secret_value())
    revocations = RevocationFeed(auth.with_tokens(tokens))
    context = new_context(settings, clock)
    database = context.database
    return Service(
        name="catalog",
        migrations=MIGRATIONS,
        database=database,
        public=public_app(settings, context, keys, revocations),
        internal=internal_app(settings, context, keys),
        background=[
            keys.run,
            revocations.run,
            Sweeper(database, clock, settings.sweep_seconds).run,
            Timekeeper(database, clock, settings.sweep_seconds).run,
            Housekeeper(database, clock, context.files).run,
            Filer(database).run,
            Indexer(database).run,
            Census(database, context.groups).run,
            Librarian(database).run,
            Curator(database, context.storage, clock).run,
            Publisher(settings, database, context.storage, clock).run,
            Lexicographer(database, context.lexicon).run,
            context.slow.run,
            Importer(database, clock, context.files, context.pace).run,
        ],
        closables=[auth],
    )


def main() -> None:
    command_line("catalog", CatalogSettings, build, MIGRATIONS)
