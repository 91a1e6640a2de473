"""Categories by the names on the way to them: `Clothing > Shirts`."""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from sqlalchemy import Connection

from catalog.repository.categories import names_of_tree, state_of_tree

Way = tuple[str, ...]
MOST_NAME = 200


@lru_cache(maxsize=4096)  # an import names the same ways again and again
def way_of(text: str) -> Way:
    """The names as categories have them: in NFC, without white space around them, cut where they
    are too long; empty ones do not count."""
    parts = unicodedata.normalize("NFC", text).split(">")
    return tuple(name for part in parts if (name := " ".join(part.split())[:MOST_NAME].strip()))


def folded(way: Way) -> Way:
    """Ways that lead to the same category, however they are written, are equal then."""
    return tuple(name.casefold() for name in way)


class CategoryWays:
    """The whole tree, in both directions."""

    def __init__(self, tree: Iterable[tuple[str, str | None, str, str]]) -> None:
        self._nodes: dict[str, tuple[str | None, str, str]] = {}
        self._ids: dict[Way, str] = {}
        self._slugs: dict[str, str] = {}
        for id_, parent, name, slug in tree:
            self._nodes[id_] = (parent, name, slug)
            self._slugs[slug] = id_
        for id_ in sorted(self._nodes):  # of several on the same way the oldest is meant
            self._ids.setdefault(folded(self.names(id_)), id_)

    def find(self, way: Way) -> str | None:
        return self._ids.get(folded(way))

    def find_named(self, ref: str) -> str | None:
        """By id, slug or way, in this order."""
        return ref if ref in self._nodes else self._slugs.get(ref) or self.find(way_of(ref))

    def lacking(self, ref: str) -> list[Way]:
        """What is to be made so that the way leads somewhere, from the first level on."""
        if self.find_named(ref) is not None:
            return []
        way = way_of(ref)
        known = folded(way)
        return [way[:end] for end in range(1, len(way) + 1) if known[:end] not in self._ids]

    def add(self, id: str, parent: str | None, name: str, slug: str) -> None:
        self._nodes[id] = (parent, name, slug)
        self._slugs[slug] = id
        self._ids.setdefault(folded(self.names(id)), id)

    def __len__(self) -> int:
        return len(self._nodes)

    def told(self, id: str) -> str | None:
        """The way to a category where that leads to it, else its slug; None: there is none."""
        node = self._nodes.get(id)
        if node is None:
            return None
        told = " > ".join(names := self.names(id))
        plain = all(way_of(name) == (name,) for name in names)
        return told if plain and self.find_named(told) == id else node[2]

    def names(self, id: str) -> Way:
        """From the first level on; none of what is not there."""
        names: list[str] = []
        at: str | None = id
        while at is not None and at in self._nodes and len(names) <= len(self._nodes):
            parent, name, _ = self._nodes[at]
            names.append(name)
            at = parent
        return tuple(reversed(names))


class KnownWays:
    """The tree as a process knows it, read anew when it has changed: the names of thousands of
    categories for each batch of an import would cost more than the products."""

    def __init__(self) -> None:
        self._state: tuple[object, ...] | None = None
        self._ways = CategoryWays(())

    def current(self, conn: Connection) -> CategoryWays:
        return self._ways if state_of_tree(conn) == self._state else self.read(conn)

    def read(self, conn: Connection) -> CategoryWays:
        self._state, self._ways = state_of_tree(conn), CategoryWays(names_of_tree(conn))
        return self._ways

    def to_change(self, conn: Connection) -> CategoryWays:
        """The tree for who is about to change it; nobody else gets to know it until `grown`."""
        ways = self.current(conn)
        self._state, self._ways = None, CategoryWays(())
        return ways

    def grown(self, conn: Connection, ways: CategoryWays) -> None:
        """What was made has been added. Should the transaction fail, the state is another one."""
        self._state, self._ways = state_of_tree(conn), ways
