"""Options that several commands share."""

from typing import Annotated

import typer

UrlOption = Annotated[
    str, typer.Option("--url", envvar="SHOP_URL", help="Where the shop's gateway is.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]
LimitOption = Annotated[int, typer.Option(min=1, help="How many at most.")]
