"""The names of categories in memory, to find them by what somebody begins to type."""

from bisect import bisect_left
from dataclasses import dataclass
from itertools import islice
from typing import Any

from catalog.search_text import LAST_CHARACTER, words
from catalog.slots import BEGINNING, Slots, fills_all


@dataclass(frozen=True)
class CategoryName:
    id: str
    slug: str
    path: tuple[str, ...]
    """The names from the first level down to its own."""
    words: tuple[str, ...]


class CategoryNames:
    def __init__(self, rows: list[dict[str, Any]]) -> None:
        by_id = {row["id"]: row for row in rows}
        names = [
            CategoryName(row["id"], row["slug"], _path(by_id, row), tuple(words(row["name"])))
            for row in rows
        ]
        # Those of few words, and then the upper ones, are the likeliest to be meant.
        names.sort(key=lambda name: (len(name.words), len(name.path), name.path))
        self._names = names
        self._words = sorted((word, at) for at, name in enumerate(names) for word in name.words)

    def find(self, slots: Slots, limit: int) -> list[CategoryName]:
        """Those whose names have all that is asked for."""
        forms = (form for alternative in slots[-1] for form in alternative[-1])
        likely = sorted({at for form in forms for at in self._with(form)})
        found = (self._names[at] for at in likely)
        fitting = (name for name in found if fills_all(list(name.words), slots))
        return list(islice(fitting, limit))

    def _with(self, form: str) -> list[int]:
        word = form.removesuffix(BEGINNING)
        after = f"{word}{LAST_CHARACTER}" if form != word else f"{word}\0"
        start, end = (bisect_left(self._words, (edge, 0)) for edge in (word, after))
        return [at for _, at in self._words[start:end]]


def _path(by_id: dict[str, dict[str, Any]], row: dict[str, Any]) -> tuple[str, ...]:
    path: list[str] = []
    at: dict[str, Any] | None = row
    while at is not None and len(path) <= len(by_id):  # a cycle must not hang the process
        path.append(at["name"])
        at = by_id.get(at["parent_id"])
    return tuple(reversed(path))
