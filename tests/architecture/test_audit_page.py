"""docs/audit.md lists every action that the services write down."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVICES = ("auth", "catalog", "orders")
ACTION = re.compile(r"[a-z_]+\.[a-z_]+")


def actions_in(file: Path) -> Iterator[str]:
    """Where entries are written, whatever looks like an action is one."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    texts = {str(node.value) for node in nodes if isinstance(node, ast.Constant)}
    imports = [one for one in nodes if isinstance(one, ast.ImportFrom)]
    if any(
        name.name.startswith("record") and one.module == "shopkit.audit"
        for one in imports
        for name in one.names
    ):
        yield from filter(ACTION.fullmatch, texts)
    for node in nodes:
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "record_change":
            action = node.args[1]
            if isinstance(action, ast.Constant):
                yield f"order.{action.value}"


def listed(page: str) -> Iterator[str]:
    """`user.create` `.disable` are two; `category.…` are all of categories."""
    for row in page.splitlines():
        kind = ""
        for name in re.findall(r"`([\w.…]+)`", row.split(" | ")[0]) if row.startswith("| ") else ():
            kind = kind if name.startswith(".") else name.partition(".")[0]
            yield name if not name.startswith(".") else kind + name


@pytest.mark.parametrize("service", SERVICES)
def test_every_action_is_in_the_table(root: Path, service: str) -> None:
    files = (root / "services" / service / service).rglob("*.py")
    found = {action for file in files for action in actions_in(file)}
    known = set(listed((root / "docs" / "audit.md").read_text(encoding="utf-8")))
    unlisted = {name for name in found if not known & {name, f"{name.partition('.')[0]}.…"}}
    assert found
    assert unlisted == set()
