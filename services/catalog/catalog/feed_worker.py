"""Makes the feed and the sitemap after every start, every hour, and when staff ask for it."""

from catalog.feed_xml import Links
from catalog.feeds import FeedMaker
from catalog.repository.feeds import ask_for_feeds
from catalog.settings import CatalogSettings
from catalog.storage import Storage
from shopkit.background import every
from shopkit.clock import Clock
from shopkit.db import Database

SECONDS = 5


class Publisher:
    """Does nothing where nobody has said where the storefront is."""

    def __init__(
        self, settings: CatalogSettings, database: Database, storage: Storage, clock: Clock
    ) -> None:
        self._database, self._clock = database, clock
        self._wanted = bool(settings.storefront_url)
        public_url = settings.public_url or settings.storefront_url
        links = Links(settings.storefront_url, public_url)
        self._maker = FeedMaker(database, storage, clock, links, settings.shop_name)

    async def run(self) -> None:
        if self._wanted:
            await self._database.run(ask_for_feeds, now=self._clock.now())
            await every(SECONDS, self.make_due)

    async def make_due(self) -> bool:
        """Whether they were due, and are made now."""
        return await self._maker.make_due()
