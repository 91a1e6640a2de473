"""A scope that a call asks for and auth does not know is one that nobody can ever have."""

import ast
import json
import re
from pathlib import Path

import pytest

from auth.scopes import SCOPES

SCOPE = re.compile(r"[a-z_]+:(read|write)")
SERVICES = ("auth", "catalog", "cart", "orders")


def scopes_in(file: Path) -> set[str]:
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    texts = {str(node.value) for node in nodes if isinstance(node, ast.Constant)}
    return {text for text in texts if SCOPE.fullmatch(text)}


@pytest.mark.parametrize("service", SERVICES)
def test_b4_auth_knows_every_scope_that_an_endpoint_asks_for(root: Path, service: str) -> None:
    document = json.loads((root / f"contracts/openapi/{service}.json").read_text(encoding="utf-8"))
    operations = [each for path in document["paths"].values() for each in path.values()]
    asked = {each["x-required-scope"] for each in operations if "x-required-scope" in each}
    assert asked or service == "cart"
    assert asked <= SCOPES.keys()


@pytest.mark.parametrize("service", SERVICES)
def test_b4_auth_knows_every_scope_that_the_code_names(root: Path, service: str) -> None:
    files = (root / "services" / service / service).rglob("*.py")
    found = {str(file): unknown for file in files if (unknown := scopes_in(file) - SCOPES.keys())}
    assert found == {}
