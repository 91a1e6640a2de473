"""Every operation of the merged document, called by everybody there is (B1, B4, B6)."""

import json
from pathlib import Path
from typing import Any

import pytest

from shopkit.errors import InsufficientScope, PersonRequired
from tests.security.people import People, Things
from tests.security.policy import KEYS, POLICY, SCOPES_OF, Rule

DOCUMENT = json.loads((Path(__file__).parents[2] / "contracts/openapi/shop.json").read_text())
OPERATIONS: dict[str, dict[str, Any]] = {
    f"{method.upper()} {path}": operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
STRANGERS = ("expired", "other audience", "service")
WITHOUT_TOKEN = ("anyone", "shopper", "buyer", "owner")
OF_PEOPLE = ("shopper", "user", "buyer", "own")
OPEN, NOT_LOGGED_IN, FORBIDDEN, NOT_THERE = "may", 401, 403, 404


def test_b6_every_operation_has_its_line_in_the_policy() -> None:
    assert set(POLICY) == set(OPERATIONS)


@pytest.mark.parametrize("name", POLICY)
def test_b6_what_is_declared_is_the_policy(name: str) -> None:
    rule, declared = POLICY[name], OPERATIONS[name]
    schemes = [set(one) for one in declared.get("security", [])]
    assert declared.get("x-required-scope") == (rule.scope if rule.kind == "staff" else None)
    assert bool(schemes) == (rule.kind != "public")
    assert (set() in schemes) == (rule.kind in WITHOUT_TOKEN)


@pytest.mark.parametrize("name", POLICY)
def test_b1_b4_who_may_call(name: str, people: People, things: Things) -> None:
    rule, (method, template) = POLICY[name], name.split(" ")
    found: dict[str, Any] = {}
    path = (Things({}) if rule.destroys else things).path(template)
    for who, person in people.items():
        answer = person.call(method, path, rule.body)
        told = {} if answer.is_success else answer.json()
        assert str(answer.status_code) in OPERATIONS[name]["responses"], (who, answer.text)
        found[who] = outcome(rule, answer.status_code, told)
        if rule.ends_session:
            person.forget_session()
    assert found == {who: expected(rule, who) for who in people}


def outcome(rule: Rule, status: int, told: dict[str, Any]) -> Any:
    """What matters of an answer: whether it says who may not. A thing that is not there says so
    only of an owner's."""
    if status == 401 and told["code"] != "invalid_credentials":
        return NOT_LOGGED_IN
    if status == 403:
        assert told["code"] in (InsufficientScope.code, PersonRequired.code)
        return FORBIDDEN
    return NOT_THERE if status == 404 and rule.kind in ("own", "owner") else OPEN


def expected(rule: Rule, who: str) -> Any:
    if rule.kind == "public":
        return OPEN
    if who in STRANGERS:
        return NOT_LOGGED_IN
    if who in KEYS and rule.kind in OF_PEOPLE:
        return FORBIDDEN
    if rule.kind in ("anyone", "shopper") or (rule.kind == "buyer" and who != "nobody"):
        return OPEN
    if who == "nobody" or (who == "guest" and rule.kind != "owner"):
        return NOT_LOGGED_IN
    return _by_scope(rule, {**SCOPES_OF, **KEYS}.get(who, set()))


def _by_scope(rule: Rule, scopes: set[str]) -> Any:
    if rule.kind == "user" or rule.scope in scopes:
        return OPEN
    if rule.kind == "staff" or (rule.kind == "owner" and "orders:read" in scopes):
        return FORBIDDEN
    return NOT_THERE
