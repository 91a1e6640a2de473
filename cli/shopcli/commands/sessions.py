"""`shop login` and `shop logout`."""

import asyncio
import sys
from typing import Annotated

import typer

from shopcli.client import ShopClient
from shopcli.commands.connection import connect
from shopcli.commands.options import UrlOption
from shopcli.errors import ApiProblem, ShopError
from shopcli.screen import say
from shopcli.session import FixedToken, log_in, log_out
from shopcli.settings import DEFAULT_URL, Settings, settings_for
from shopcli.token_store import Tokens
from shopcli.wire import Wire

ASKS_FOR_CODE = ("second_factor_required", "invalid_second_factor")
MOST_CODES = 3


def login(
    email: Annotated[str, typer.Option(envvar="SHOP_EMAIL", prompt="E-mail", help="Who you are.")],
    password: Annotated[
        str,
        typer.Option(
            envvar="SHOP_PASSWORD",
            prompt="Password",
            hide_input=sys.stdin.isatty(),  # what is piped in is shown nowhere anyway
            help="Better typed at the prompt than written here.",
        ),
    ],
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Log in to a shop and stay logged in."""
    settings = settings_for(url)
    if settings.url.startswith("http://") and not settings.is_local:
        say("Careful: this address is not encrypted (http://), and neither is your password.")
    name, roles = asyncio.run(_login(settings, email.strip(), password))
    say(f"Logged in to {settings.url} as {name}{f' ({roles})' if roles else ''}.")
    if settings.url != DEFAULT_URL:
        say(f"So that the next commands go there too: export SHOP_URL={settings.url}")


def logout(url: UrlOption = DEFAULT_URL) -> None:
    """End the session at a shop and forget it."""
    settings = settings_for(url)
    store = settings.store()
    tokens = store.find(settings.url)
    if tokens is None:
        say(f"You are not logged in to {settings.url}.")
        return
    try:
        asyncio.run(_logout(settings, tokens))
    except ShopError as error:
        say(f"Forgotten here; the shop could not be told: {error}")
    else:
        say(f"Logged out of {settings.url}.")
    finally:
        store.forget(settings.url)


async def _login(settings: Settings, email: str, password: str) -> tuple[str, str]:
    async with connect(settings.url) as wire:
        store = settings.store()
        tokens = await _tokens(wire, email, password, store.find_device_token(settings.url, email))
        with store.locked():
            store.save(settings.url, tokens)
        me = await ShopClient(wire, FixedToken(tokens.access_token)).get("/api/auth/me")
        return str(me.get("email", email)), ", ".join(me.get("roles", []))


async def _tokens(wire: Wire, email: str, password: str, device_token: str | None) -> Tokens:
    """Asks for the code of a second factor where there is one, and again when it is wrong."""
    code: str | None = None
    asked = 0
    while True:
        try:
            return await log_in(wire, email, password, device_token=device_token, code=code)
        except ApiProblem as problem:
            if problem.code == "invalid_credentials":
                raise ShopError("This e-mail and password do not belong together.") from None
            if problem.code not in ASKS_FOR_CODE or asked == MOST_CODES:
                raise
            if code:
                say("This code is wrong, too old, or used before.")
        code = typer.prompt("Code of your authenticator app, or a recovery code", err=True).strip()
        asked += 1


async def _logout(settings: Settings, tokens: Tokens) -> None:
    async with connect(settings.url) as wire:
        await log_out(wire, tokens)
