"""Each guard of the protocol is needed: without it the search finds something broken."""

import pytest

from tests.model.guards import Guard
from tests.model.search import Search
from tests.model.state import World
from tests.model.worlds import NOTICED_IN, mutant

GUARDS = [guard for guard in Guard if guard is not Guard.NONE]


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_without_a_guard_something_breaks(guard: Guard) -> None:
    """To see what: `python -m tests.model --without GUARD`."""
    search = Search(mutant(guard)).run()
    assert search.broken, f"nothing notices that {guard.name} is left out"
    assert search.trace()[-1] == f"BROKEN: {search.broken}"


@pytest.mark.parametrize(
    "world", sorted(set(NOTICED_IN.values()), key=str), ids=lambda world: world.name
)
def test_with_all_guards_nothing_breaks_there(world: World) -> None:
    assert Search(world).run().broken == ""
