"""One import from start to end: prepare, load with progress, and tell what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from shopcli.catalog_api import CatalogApi
from shopcli.client import ShopClient
from shopcli.drafts import Listing
from shopcli.importer import WIDTH, Importer, Outcome
from shopcli.progress import meter
from shopcli.report import Tally
from shopcli.screen import err
from shopcli.session import Session
from shopcli.wire import Wire

LIMITED = (
    "The gateway's limit of requests slows this down;"
    " a shop on your own machine has none with `RATE_LIMITS=off make run`."
)


@dataclass
class Load:
    """`tally` holds what was done also when `run` ends early."""

    url: str
    session: Session
    listings: Sequence[Listing]
    set_stock: bool = False
    tally: Tally = field(default_factory=Tally)

    @property
    def total(self) -> int:
        return sum(len(listing.products) for listing in self.listings)

    async def run(self) -> None:
        console = err()
        with meter(console, self.total, "products") as shown:

            def on_outcome(outcome: Outcome) -> None:
                self.tally.add(outcome)
                shown.step(self.tally.done)

            def on_pause(seconds: float) -> None:
                if seconds >= 1:
                    shown.tell("Waiting for the shop")

            def on_limit() -> None:
                console.print(LIMITED)

            wire = Wire(self.url, connections=WIDTH, on_pause=on_pause, on_limit=on_limit)
            async with wire:
                api = CatalogApi(ShopClient(wire, self.session))
                importer = Importer(api, on_outcome, set_stock=self.set_stock)
                shown.tell("Categories")
                await importer.prepare(self.listings)
                await importer.load(self.listings)
