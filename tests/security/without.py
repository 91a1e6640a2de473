"""A pytest plugin that takes one guard out of the code before anything is imported:
`WITHOUT_GUARD=NAME python -m pytest -p tests.security.without …`. Services know nothing of it."""

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

from tests.security.guard import Guard
from tests.security.guards import GUARDS


class _Without(MetaPathFinder):
    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._guard.module:
            return None
        spec = PathFinder.find_spec(fullname, path)
        assert spec is not None and spec.origin is not None
        spec.loader = _Edited(fullname, spec.origin, self._guard)
        return spec


class _Edited(SourceFileLoader):
    def __init__(self, fullname: str, path: str, guard: Guard) -> None:
        super().__init__(fullname, path)
        self._guard = guard

    def get_code(self, fullname: str) -> CodeType:
        """From the source, whatever was compiled before."""
        code: CodeType = self.source_to_code(self._guard.taken_out_of(self._source()), self.path)
        return code

    def _source(self) -> str:
        return self.get_data(self.path).decode()


def _take_out(name: str) -> None:
    guard = next(guard for guard in GUARDS if guard.name == name)
    assert guard.module not in sys.modules
    sys.meta_path.insert(0, _Without(guard))


if named := os.environ.get("WITHOUT_GUARD"):
    _take_out(named)
