"""Who loses a race for a cart tries again, for as long as a client may wait."""

import pytest

from cart import lanes
from cart.errors import Moved
from cart.lanes import Lanes
from shopkit.errors import Unavailable


class Loser:
    """Loses `times` races, then wins."""

    def __init__(self, times: int) -> None:
        self.left = times

    async def attempt(self) -> str:
        self.left -= 1
        if self.left >= 0:
            raise Moved
        return "won"


async def test_many_lost_races_are_no_error() -> None:
    assert await Lanes().run(Loser(12).attempt, "ada") == "won"


async def test_who_never_gets_by_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "WAIT_SECONDS", 0.05)
    with pytest.raises(Unavailable, match="too many sides"):
        await Lanes().run(Loser(1000).attempt, "ada")
