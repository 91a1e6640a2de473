"""Each guard of the code is needed: without it a script ends badly, and something notices."""

from types import TracebackType

import pytest

from tests import shop_invariants
from tests.guards import judges
from tests.guards.conftest import Opened
from tests.guards.every import GUARDS, NOT_HERE
from tests.guards.guard import Guard
from tests.model.guards import Guard as Modelled

pytestmark = pytest.mark.torture
NEEDED = [guard for guard in GUARDS if guard.noticed_by]
DOUBLED = [guard for guard in GUARDS if not guard.noticed_by]
SCRIPTS = list({(guard.script, *guard.settings.items()): guard for guard in GUARDS}.values())
JUDGES = {
    name for module in (judges, shop_invariants) for name in vars(module) if name.startswith("i")
}


def name_of(guard: Guard) -> str:
    return guard.name


def name_of_script(guard: Guard) -> str:
    return guard.script.__name__


@pytest.mark.parametrize("guard", SCRIPTS, ids=name_of_script)
async def test_the_shop_holds_with_it(opened: Opened, guard: Guard) -> None:
    async with opened(None, guard.settings) as shop:
        await guard.script(shop)
        await judges.judge(shop)


@pytest.mark.parametrize("guard", NEEDED, ids=name_of)
async def test_its_lack_is_noticed(opened: Opened, guard: Guard) -> None:
    """By what the guard says, so that it is not something else that went wrong."""
    async with opened(guard.out, guard.settings) as shop:
        if guard.only not in ("", shop.context.it.database.dialect):
            pytest.skip(f"there is something to notice on {guard.only} only")
        with pytest.raises(AssertionError) as noticed:
            await guard.script(shop)
            await judges.judge(shop)
    assert guard.noticed_by is not None
    assert by(noticed.tb, guard) == guard.noticed_by.__name__


def by(traceback: TracebackType | None, guard: Guard) -> str:
    """Which invariant was broken, or the script."""
    found = ""
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_name
        found = name if name in {*JUDGES, guard.script.__name__} else found
        traceback = traceback.tb_next
    return found


@pytest.mark.parametrize("guard", DOUBLED, ids=name_of)
async def test_where_two_guards_stand_one_holds(opened: Opened, guard: Guard) -> None:
    assert guard.because
    async with opened(guard.out, guard.settings) as shop:
        await guard.script(shop)
        await judges.judge(shop)


def test_every_guard_of_the_model_is_here_or_it_is_said_why_not() -> None:
    """And what the model needs is needed in the code."""
    here = {guard.of for guard in NEEDED if guard.of}
    assert here | NOT_HERE.keys() == set(Modelled) - {Modelled.NONE}
    assert not here & NOT_HERE.keys()


def test_names_are_said_once() -> None:
    names = [guard.name for guard in GUARDS]
    assert len(set(names)) == len(names)
