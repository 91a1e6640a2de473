"""What a guard of the code is: how it is taken out, and the script that does not go well then."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from tests.guards.stage import Shop
from tests.guards.taking import Taking
from tests.model.guards import Guard as Modelled

Script = Callable[[Shop], Awaitable[None]]
Out = Callable[[Taking], None]


@dataclass(frozen=True, kw_only=True)
class Guard:
    name: str
    """In the words of checkout.md."""
    out: Out
    script: Script
    noticed_by: Callable[..., object] | None = None
    """The invariant that fails without it, or the script itself; None: something else holds."""
    because: str = ""
    """Then, what holds."""
    of: Modelled | None = None
    """The guard of the model that this is in the code."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of orders, for the script."""
    only: str = ""
    """The one database on which there is something to notice."""


def both(*outs: Out) -> Out:
    """Several lines of defence at once."""

    def out(taking: Taking) -> None:
        for one in outs:
            one(taking)

    return out
