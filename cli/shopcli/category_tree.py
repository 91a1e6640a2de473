"""Category paths as ids: what is missing is made, once, also when others make it meanwhile."""

from collections.abc import Iterable
from typing import Any

from shopcli.catalog_api import CatalogApi
from shopcli.errors import ApiProblem
from shopcli.parallel import for_each
from shopcli.slugs import digest, slug

CategoryPath = tuple[str, ...]


class CategoryTree:
    def __init__(self, api: CatalogApi, *, width: int) -> None:
        self._api = api
        self._width = width
        self._ids: dict[CategoryPath, str] = {}
        self._failed: dict[CategoryPath, str] = {}

    def failure_of(self, path: CategoryPath) -> str | None:
        """Why this path could not be made."""
        return self._failed.get(_folded(path))

    def id_of(self, path: CategoryPath) -> str | None:
        return self._ids.get(_folded(path))

    async def ensure(self, paths: Iterable[CategoryPath]) -> int:
        """Makes every category on these paths, parents first. How many were made."""
        await self._read()
        missing: dict[CategoryPath, CategoryPath] = {}
        for path in paths:
            for depth in range(1, len(path) + 1):
                part = path[:depth]
                if _folded(part) not in self._ids:
                    missing.setdefault(_folded(part), part)
        for depth in sorted({len(path) for path in missing}):
            level = [path for path in missing.values() if len(path) == depth]
            await for_each(level, self._make, width=self._width)
        return len(missing) - len(self._failed)

    async def _make(self, path: CategoryPath) -> None:
        parent = self.id_of(path[:-1])
        if len(path) > 1 and parent is None:
            self._failed[_folded(path)] = self._failed.get(
                _folded(path[:-1]), "its parent is missing"
            )
            return
        for name in _slugs(path):
            try:
                made = await self._api.create_category(path[-1], name, parent)
            except ApiProblem as problem:
                if await self._settled(path, problem):
                    return
            else:
                self._ids[_folded(path)] = str(made["id"])
                self._failed.pop(_folded(path), None)
                return

    async def _settled(self, path: CategoryPath, problem: ApiProblem) -> bool:
        """False when the slug belongs to another category, so that the next one is worth trying."""
        if problem.status not in (409, 422):
            raise problem
        if problem.code == "slug_taken":
            await self._read()  # somebody else may just have made this very category
            if _folded(path) in self._ids:
                self._failed.pop(_folded(path), None)
                return True
        self._failed[_folded(path)] = str(problem)
        return problem.code != "slug_taken"

    async def _read(self) -> None:
        self._remember(await self._api.categories(), ())

    def _remember(self, nodes: list[dict[str, Any]], above: CategoryPath) -> None:
        for node in nodes:
            path = (*above, _fold(str(node["name"])))
            self._ids.setdefault(path, str(node["id"]))
            self._remember(node.get("children", []), path)


def _slugs(path: CategoryPath) -> tuple[str, ...]:
    """The short one first. Fixed for a path: of two that make it at once, one meets the other."""
    whole = "-".join(path)
    return (slug(path[-1]), slug(whole), f"{slug(path[-1], limit=90)}-{digest(' > '.join(path))}")


def _folded(path: CategoryPath) -> CategoryPath:
    return tuple(_fold(name) for name in path)


def _fold(name: str) -> str:
    return " ".join(name.split()).casefold()
