"""What a guard is."""

from dataclasses import dataclass

PACKAGES = {"shopkit": "kit"}


@dataclass(frozen=True)
class Guard:
    name: str
    module: str
    code: str
    """As it stands in the module, once."""
    instead: str
    noticed_by: str
    """The id of a test."""

    @property
    def path(self) -> str:
        package = self.module.partition(".")[0]
        folder = PACKAGES.get(package, f"services/{package}")
        return f"{folder}/{self.module.replace('.', '/')}.py"

    def taken_out_of(self, source: str) -> str:
        assert source.count(self.code) == 1, f"{self.name}: {self.path} has no such code (once)"
        return source.replace(self.code, self.instead)
