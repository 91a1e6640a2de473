"""The protocol of checkout.md, searched to the end: whatever happens, its promise holds."""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import pytest

from orders.states import MOVES, Step
from tests.model.search import Search
from tests.model.state import World, canonical
from tests.model.worlds import WORLDS, larger

LARGER = "MODEL_LARGER" in os.environ
SEARCHED = tuple(larger(world) if LARGER else world for world in WORLDS)
AT_LEAST = 200_000
pytestmark = pytest.mark.torture
each_world = pytest.mark.parametrize("world", SEARCHED, ids=lambda world: world.name)


class Found(NamedTuple):
    """What is kept of a search: its states would not all fit."""

    states: int
    trace: str
    endless: int
    moves: frozenset[tuple[Step, Step]]
    reasons: frozenset[str]
    """Why orders have failed."""


@cache
def search(world: World) -> Found:
    done = Search(world).run()
    return Found(
        states=len(done.states),
        trace="\n".join(done.trace()) if done.broken else "",
        endless=0 if done.broken else done.endless(),
        moves=frozenset(done.moves),
        reasons=frozenset(order.reason for state in done.states for order in state.orders),
    )


@each_world
def test_whatever_happens_nothing_is_broken(
    world: World, record_property: Callable[[str, object], None]
) -> None:
    """I1 to I5, I7 and I8 in every state, and I6: whatever rests is finished."""
    found = search(world)
    record_property("states", found.states)
    assert found.trace == ""


@each_world
def test_whatever_happens_it_comes_to_an_end(world: World) -> None:
    """I6: no way goes on for ever, and every way's end is at rest."""
    assert search(world).endless == 0


def test_the_search_is_as_large_as_is_said() -> None:
    assert sum(search(world).states for world in SEARCHED) >= AT_LEAST


def test_every_way_to_fail_is_searched() -> None:
    reasons = frozenset().union(*(search(world).reasons for world in SEARCHED))
    assert reasons >= {"taken", "short", "declined", "gone", "refused", "late"}


def test_the_model_moves_as_the_code_does() -> None:
    """Every move of the model is allowed to the code, and every move of the code is searched."""
    made = frozenset().union(*(search(world).moves for world in SEARCHED))
    assert made == {(step, then) for step, following in MOVES.items() for then in following}


def test_customers_who_change_places_are_the_same_state() -> None:
    """What the search spares itself is not a state that it should have seen."""
    world = World(name="last unit", customers=2, pauses=1, card=False)
    spared = Search(world).run()
    whole = Search(replace(world, symmetric=False)).run()
    assert {canonical(state) for state in whole.states} == set(spared.states)
    assert whole.broken == spared.broken == ""
