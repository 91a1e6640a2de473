"""`shop import FILE` and `shop sample`."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from shopcli.catalog_api import CatalogApi
from shopcli.catalog_load import Load
from shopcli.client import ShopClient
from shopcli.commands.connection import connect
from shopcli.commands.options import UrlOption
from shopcli.csv_file import Sheet, read_sheet
from shopcli.drafts import Listing, Remark
from shopcli.errors import ShopError, UsageError
from shopcli.money import is_currency_code
from shopcli.report import INTERRUPTED, counted, remark_lines, skipped_rows, summary
from shopcli.sample_catalog import sample_attributes, sample_listings
from shopcli.screen import say, show, show_table
from shopcli.session import Session
from shopcli.settings import DEFAULT_URL, settings_for
from shopcli.shopify_csv import listings_of
from shopcli.shopify_variants import Reading

STDIN = Path("-")


def import_file(
    file: Annotated[Path, typer.Argument(help="A Shopify product CSV; - reads standard input.")],
    url: UrlOption = DEFAULT_URL,
    currency: Annotated[
        str, typer.Option(help="ISO 4217 code of the prices; the file does not tell.")
    ] = "USD",
    set_stock: Annotated[
        bool,
        typer.Option("--set-stock", help="Set the stock of existing products to the file's, too."),
    ] = False,
    untracked_stock: Annotated[
        int, typer.Option(min=0, help="Opening stock of products without a quantity.")
    ] = 0,
    check: Annotated[
        bool, typer.Option("--check", help="Only say what is wrong with the file.")
    ] = False,
) -> None:
    """Load a Shopify product CSV; again and again without making anything twice."""
    code = currency.strip().upper()
    if not is_currency_code(code):
        raise UsageError(f"{currency!r} is not a currency; write its ISO 4217 code, like EUR.")
    settings = settings_for(url)
    sheet = read_sheet(_content(file))
    listings, remarks = listings_of(sheet, Reading(code, untracked_stock))
    _tell_found(sheet, listings)
    if check:
        _tell_remarks(remarks)
        raise typer.Exit(1 if skipped_rows(remarks) else 0)
    _load(Load(settings.url, settings.session(), listings, set_stock), remarks)


def sample(
    url: UrlOption = DEFAULT_URL,
    force: Annotated[
        bool, typer.Option("--force", help="Also into a catalog that has other products.")
    ] = False,
) -> None:
    """Load the built-in sample catalog into a shop that has no products of its own."""
    settings = settings_for(url)
    listings = sample_listings()
    session = settings.session()
    if not force and asyncio.run(_has_others(settings.url, session, listings)):
        say("This shop has products of its own; nothing loaded (--force loads the sample anyway).")
        return
    _load(Load(settings.url, session, listings, attributes=sample_attributes()), [])


def _load(load: Load, remarks: list[Remark]) -> None:
    failure: ShopError | None = None
    interrupted = False
    try:
        asyncio.run(load.run())
    except KeyboardInterrupt:
        interrupted = True
    except ShopError as error:
        failure = error
    _tell_remarks([*remarks, *sorted(load.tally.failures, key=lambda remark: remark.row)])
    skipped = skipped_rows(remarks)
    if failure is None or load.tally.done:
        show(f"{summary(load.tally, skipped=skipped)}.")
    if interrupted:
        say(INTERRUPTED)
        raise typer.Exit(130)
    if failure is not None:
        raise failure
    if skipped or load.tally.failures:
        raise typer.Exit(1)


def _content(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == STDIN else file.read_bytes()
    except OSError as error:
        raise UsageError(f"Cannot read {file}: {error.strerror or error}.") from None


def _tell_found(sheet: Sheet, listings: list[Listing]) -> None:
    products = sum(len(listing.products) for listing in listings)
    groups = sum(1 for listing in listings if listing.varies_by)
    encoding = "" if sheet.encoding == "UTF-8" else f", read as {sheet.encoding}"
    rows = counted(len(sheet.rows) + len(sheet.remarks), "row")
    found = f"{counted(products, 'product')}, {counted(groups, 'group')} with variants"
    say(f"{rows}{encoding}: {found}.")


def _tell_remarks(remarks: list[Remark]) -> None:
    for title, wanted in (("Not imported", True), ("Imported with changes", False)):
        chosen = [remark for remark in remarks if remark.skipped is wanted]
        if chosen:
            show(f"{title}:")
            show_table(("Row", "Column", "Reason"), remark_lines(chosen))


async def _has_others(url: str, session: Session, listings: list[Listing]) -> bool:
    """Whether there is any product that is not of the sample."""
    own = {draft.sku for listing in listings for draft in listing.products}
    async with connect(url) as wire:
        api = CatalogApi(ShopClient(wire, session))
        async for product in api.products():
            if product["sku"] not in own:
                return True
    return False
