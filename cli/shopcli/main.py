"""The `shop` program: its commands, and the one place where errors become lines and exit codes.

Exit codes: 0 all well, 1 something was not done, 2 wrong usage, 130 stopped with Ctrl-C.
"""

import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from shopcli.commands import account, jobs, loading, orders, products, sessions
from shopcli.errors import ShopError
from shopcli.screen import say

STOPPED = 130

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
app.command("login")(sessions.login)
app.command("logout")(sessions.logout)
app.command("import")(loading.import_file)
app.command("export")(jobs.export)
app.command("sample")(loading.sample)
app.add_typer(products.app, name="products")
app.add_typer(orders.app, name="orders")
app.add_typer(account.app, name="account")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("shop-cli"))
        raise typer.Exit


@app.callback()
def shop(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """A shop from the command line, through its public API.

    SHOP_URL names the shop. Machines log in with SHOP_TOKEN, or SHOP_EMAIL and SHOP_PASSWORD.
    """


def main() -> None:
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code; whatever goes wrong is one line on stderr."""
    try:
        return int(app(arguments, prog_name="shop", standalone_mode=False) or 0)
    except BrokenPipeError:  # `shop … | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("SHOP_DEBUG"):
            raise
        return _told(error)


def _told(error: Exception) -> int:
    match error:
        case ShopError():
            say(f"shop: {error}")
            return error.exit_code
        case typer.TyperException():  # how typer calls wrong usage
            if message := " ".join(error.format_message().split()):
                say(f"shop: {message} (see `{_place(error)} --help`)")
            return error.exit_code
        case typer.Abort():
            say("shop: stopped; nothing was typed.")
            return STOPPED
        case _:
            what = f"{type(error).__name__}: {' '.join(str(error).split())}"
            say(f"shop: unexpected {what} (SHOP_DEBUG=1 shows where)")
            return 1


def _place(error: typer.TyperException) -> str:
    """`shop import`: the command that was called wrongly, as far as it was found."""
    context = getattr(error, "ctx", None)
    return context.command_path if context else "shop"


if __name__ == "__main__":
    main()
