"""The search: every state that can be reached is visited, nearest first."""

from array import array
from collections.abc import Iterator
from itertools import accumulate, chain, pairwise

from orders.states import Step
from tests.model.actions import may, must
from tests.model.invariants import broken, unfinished
from tests.model.state import Edge, State, World, canonical, initial


class Search:
    """Visits the whole of a world, or as much as it takes to break something."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.states: list[State] = []
        self.moves: set[tuple[Step, Step]] = set()
        self.broken = ""
        """What was broken first, in the last state that was visited."""
        self.at_rest = 0
        """States in which nothing has to happen."""
        self._numbers: dict[State, int] = {}
        self._came_from = array("l")
        self._edges = array("l")
        self._degrees = array("l")

    def run(self) -> "Search":
        self._number(initial(self.world), 0)
        visited = 0
        while visited < len(self.states) and not self.broken:
            self._visit(visited, self.states[visited])
            visited += 1
        self._visited = visited - 1
        return self

    def _visit(self, number: int, state: State) -> None:
        before = len(self._edges)
        self._follow(number, self._must(state))
        resting = len(self._edges) == before
        self._follow(number, self._may(state))
        self._degrees.append(len(self._edges) - before)
        self.at_rest += resting
        wrong = [*broken(self.world, state), *(unfinished(self.world, state) if resting else ())]
        self.broken = "; ".join(wrong)

    def _follow(self, number: int, edges: Iterator[Edge]) -> None:
        for edge in edges:
            self._edges.append(self._number(self._same(edge.state), number))
            self.moves.update(pairwise(edge.path))

    def _must(self, state: State) -> Iterator[Edge]:
        for index in range(self.world.customers):
            yield from must(self.world, state, index)

    def _may(self, state: State) -> Iterator[Edge]:
        for index in range(self.world.customers):
            yield from may(self.world, state, index)

    def _same(self, state: State) -> State:
        return canonical(state) if self.world.symmetric else state

    def _number(self, state: State, came_from: int) -> int:
        number = self._numbers.setdefault(state, len(self.states))
        if number == len(self.states):
            self.states.append(state)
            self._came_from.append(came_from)
        return number

    @property
    def transitions(self) -> int:
        return len(self._edges)

    def trace(self) -> list[str]:
        """The shortest way to what was broken, one line for each thing that happened."""
        lines, number = [f"BROKEN: {self.broken}"], self._visited
        while number:
            before = self._came_from[number]
            then = self.states[number]
            edges = chain(self._must(self.states[before]), self._may(self.states[before]))
            edge = next(edge for edge in edges if self._same(edge.state) == then)
            lines.append(f"order {edge.customer}: {edge.name}")
            number = before
        return lines[::-1]

    def endless(self) -> int:
        """States from which something could go on for ever; from all others every way ends.

        Takes away states that lead nowhere, and then those that lead only to such, and so on.
        """
        starts = [0, *accumulate(self._degrees)]
        into: list[list[int]] = [[] for _ in self.states]
        for number, (start, end) in enumerate(pairwise(starts)):
            for then in self._edges[start:end]:
                into[then].append(number)
        left = array("l", self._degrees)
        ended = [number for number, degree in enumerate(left) if degree == 0]
        for number in ended:  # grows
            for before in into[number]:
                left[before] -= 1
                if left[before] == 0:
                    ended.append(before)
        return len(self.states) - len(ended)
