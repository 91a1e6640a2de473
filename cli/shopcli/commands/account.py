"""`shop account export`."""

import asyncio
import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from shopcli.client import ShopClient
from shopcli.commands.connection import connect
from shopcli.commands.options import UrlOption
from shopcli.errors import LoginNeeded, ShopError, UsageError
from shopcli.progress import meter
from shopcli.screen import err, say, show_json
from shopcli.settings import DEFAULT_URL, Settings, settings_for

app = typer.Typer(help="What the shop knows of you.", no_args_is_help=True)
PARTS = {
    "account": "/api/auth/export",
    "cart": "/api/cart/export",
    "orders": "/api/orders/export",
}
STDOUT = Path("-")


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="Where to write it; - for the screen.")],
    url: UrlOption = DEFAULT_URL,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file if it is there.")
    ] = False,
) -> None:
    """Take along everything that the shop keeps of you: account, cart, addresses and orders."""
    settings = settings_for(url)
    if file != STDOUT and file.exists() and not force:
        raise UsageError(f"{file} is there already; --force replaces it.")
    found = asyncio.run(_export(settings))
    if file == STDOUT:
        show_json(found)
        return
    _write(file, found)
    email = found["account"]["account"]["email"]
    say(f"{file} has everything that {settings.url} keeps of {email}.")


async def _export(settings: Settings) -> dict[str, Any]:
    session = settings.session()
    found: dict[str, Any] = {"shop": settings.url, "exported_at": datetime.now(UTC).isoformat()}
    async with connect(settings.url) as wire:
        if await session.token(wire) is None:
            raise LoginNeeded(f"You are not logged in to {settings.url}.")
        client = ShopClient(wire, session)
        with meter(err(), len(PARTS), "parts") as shown:
            for done, (name, path) in enumerate(PARTS.items()):
                shown.step(done)
                shown.tell(name.capitalize())
                found[name] = await client.get(path)
    return found


def _write(file: Path, found: dict[str, Any]) -> None:
    """All of it or nothing; for nobody else to read."""
    try:
        descriptor, temporary = tempfile.mkstemp(dir=file.absolute().parent, prefix=".shop-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
                json.dump(found, opened, ensure_ascii=False, indent=2)
                opened.write("\n")
            Path(temporary).replace(file)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ShopError(f"Cannot write {file}: {error.strerror or error}.") from None
