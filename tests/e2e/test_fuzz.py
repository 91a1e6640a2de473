"""schemathesis drives every operation of the merged document through the gateway, each case as
five identities.

No 5xx but a documented 503, nothing undocumented, no answer that breaks its schema.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy, one_of
from schemathesis import Case
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

load_all_checks()
for raw in ("image/avif", "application/x-ndjson"):
    schemathesis.serializer.alias(raw, "application/octet-stream")
DOCUMENT = Path(__file__).parents[2] / "contracts/openapi/shop.json"
ROLES = {"customer": [], "support": ["support"], "seller": ["catalog_manager", "order_manager"]}
PASSWORD = "not one of the examples"  # or they would delete their accounts
IDENTITIES = 2 + len(ROLES)  # a guest and the admin too
CASES = int(os.environ.get("FUZZ_CASES", "5000"))
REPEATABLE = 5000  # the same cases each time: who changes nothing breaks nothing. More explore.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
schema = schemathesis.openapi.from_path(str(DOCUMENT))
OPERATIONS = {found.ok().label: found.ok() for found in schema.get_all_operations()}
EXAMPLES = max(1, round(CASES / IDENTITIES / len(OPERATIONS)))


class Person:
    """Somebody with an account, or a guest without one, who logs in anew when that has ended."""

    def __init__(self, shop_url: str, session: requests.Session, *account: str) -> None:
        self.session, self._url, self._account = session, shop_url, account
        session.trust_env = False  # else a fifth of the time goes into looking for proxies

    def be_logged_in(self) -> None:
        if not self._account:
            return
        if self.session.get(f"{self._url}/api/auth/me").status_code == 200:
            return
        self.session.headers.pop("Authorization", None)
        who = dict(zip(("email", "password"), self._account, strict=True))
        answer = self.session.post(f"{self._url}/api/auth/login", json=who)
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


@pytest.fixture(scope="module")
def people(shop_url: str, admin: tuple[str, str]) -> Iterator[list[Person]]:
    """A guest, people with and without roles, and the admin."""
    with ExitStack() as stack:

        def somebody(*account: str) -> Person:
            return Person(shop_url, stack.enter_context(requests.Session()), *account)

        guest, boss = somebody(), somebody(*admin)
        boss.be_logged_in()
        found = [guest, boss]
        for name, roles in ROLES.items():
            account = (f"fuzz-{name}@example.com", PASSWORD)
            body = dict(zip(("email", "password"), account, strict=True))
            user = guest.session.post(f"{shop_url}/api/auth/register", json=body).json()
            path = f"{shop_url}/api/auth/users/{user['id']}/roles"
            given = boss.session.put(path, json={"roles": ["customer", *roles]})
            assert given.status_code == 200, given.text
            found.append(somebody(*account))
        yield found


@pytest.fixture
def sessions(people: list[Person]) -> list[requests.Session]:
    """Theirs: an operation before, or ten minutes, may have ended them."""
    for person in people:
        person.be_logged_in()
    return [person.session for person in people]


def cases_of(operation: Any) -> SearchStrategy[Case[Any]]:
    """Its examples, what it takes, and what it does not."""
    modes = (operation.as_strategy(generation_mode=mode) for mode in GenerationMode)
    return one_of(*operation.get_strategies_from_examples(), *modes)


# Not by `schema.parametrize`, whose tests all have one id: xdist would run a single one of them.
@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_a_documented_one(
    label: str, shop_url: str, sessions: list[requests.Session]
) -> None:
    @given(case=cases_of(OPERATIONS[label]))
    @settings(
        max_examples=EXAMPLES,
        derandomize=CASES <= REPEATABLE,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def as_everybody(case: Case[Any]) -> None:
        for session in sessions:
            answer = case.call(base_url=shop_url, session=session)
            case.validate_response(answer, checks=CHECKS)

    as_everybody()
