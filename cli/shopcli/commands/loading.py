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
from shopcli.commands.jobs import import_lines, import_listings, undo_import
from shopcli.commands.options import UrlOption
from shopcli.csv_file import Sheet, read_sheet
from shopcli.drafts import Listing, Remark
from shopcli.errors import ShopError, UsageError
from shopcli.money import EXPONENTS
from shopcli.report import INTERRUPTED, counted, skipped_rows, summary, tell_remarks
from shopcli.sample_catalog import sample_attributes, sample_listings
from shopcli.screen import say, show
from shopcli.settings import DEFAULT_URL, Settings, settings_for
from shopcli.shopify_csv import listings_of
from shopcli.shopify_variants import Reading

STDIN = Path("-")


MOST_ONE_BY_ONE = 200
"""More products than these are left to the shop itself."""


def import_file(
    file: Annotated[
        Path | None,
        typer.Argument(help="A Shopify product CSV (- reads standard input), or .ndjson."),
    ] = None,
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
    undo: Annotated[
        str | None, typer.Option(metavar="ID", help="Take back the import with this id.")
    ] = None,
) -> None:
    """Load a Shopify product CSV, or lines of JSON; again and again with one effect."""
    if file is None and undo is None:
        raise typer.BadParameter("Name a file, or an import with --undo.")
    if file is not None and undo is not None:
        raise UsageError("A file is loaded, or an import taken back with --undo: not both.")
    if undo is not None:
        undo_import(settings_for(url), undo)
    elif file is not None and file.suffix.lower() == ".ndjson":
        if check or set_stock:
            raise UsageError("--check and --set-stock are for CSV files.")
        import_lines(settings_for(url), file)
    else:
        _import_csv(file or STDIN, url, currency, set_stock, untracked_stock, check)


def _import_csv(
    file: Path, url: str, currency: str, set_stock: bool, untracked_stock: int, check: bool
) -> None:
    code = currency.strip().upper()
    if code not in EXPONENTS:
        raise UsageError(f"{currency!r} is not a currency; write its ISO 4217 code, like EUR.")
    settings = settings_for(url)
    sheet = read_sheet(_content(file))
    listings, remarks = listings_of(sheet, Reading(code, untracked_stock))
    _tell_found(sheet, listings)
    if check:
        tell_remarks(remarks)
        raise typer.Exit(1 if skipped_rows(remarks) else 0)
    if not set_stock and sum(len(one.products) for one in listings) > MOST_ONE_BY_ONE:
        import_listings(settings, listings, remarks)
    else:
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
    if asyncio.run(_made_ready(settings, listings, force)):
        import_listings(settings, listings, [])
    else:
        say("This shop has products of its own; nothing loaded (--force loads the sample anyway).")


def _load(load: Load, remarks: list[Remark]) -> None:
    failure: ShopError | None = None
    interrupted = False
    try:
        asyncio.run(load.run())
    except KeyboardInterrupt:
        interrupted = True
    except ShopError as error:
        failure = error
    tell_remarks([*remarks, *sorted(load.tally.failures, key=lambda remark: remark.row)])
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


async def _made_ready(settings: Settings, listings: list[Listing], force: bool) -> bool:
    """Defines the attributes of the sample that the shop does not have: what it has is the
    owner's. False where there is any product that is not of the sample."""
    own = {draft.sku for listing in listings for draft in listing.products}
    async with connect(settings.url) as wire:
        api = CatalogApi(ShopClient(wire, settings.session()))
        if not force and await _has_others(api, own):
            return False
        known = await api.attribute_codes()
        for attribute in sample_attributes():
            if attribute["code"] not in known:
                await api.define_attribute(attribute)
    return True


async def _has_others(api: CatalogApi, own: set[str]) -> bool:
    async for product in api.products():
        if product["sku"] not in own:
            return True
    return False
