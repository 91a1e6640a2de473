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
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

load_all_checks()
DOCUMENT = Path(__file__).parents[2] / "contracts/openapi/shop.json"
ROLES = {"customer": [], "support": ["support"], "seller": ["catalog_manager", "order_manager"]}
PASSWORD = "not one of the examples"  # or they would delete their accounts
IDENTITIES = 2 + len(ROLES)  # a guest and the admin too
CASES = int(os.environ.get("FUZZ_CASES", "5000"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
schema = schemathesis.openapi.from_path(str(DOCUMENT))
EXAMPLES = max(1, round(CASES / IDENTITIES / len(list(schema.get_all_operations()))))


@pytest.fixture(scope="module")
def sessions(shop_url: str, admin: tuple[str, str]) -> Iterator[list[requests.Session]]:
    """A guest's, those of people with and without roles, and the admin's."""
    with ExitStack() as stack:
        guest, *people = found = [
            stack.enter_context(requests.Session()) for _ in range(IDENTITIES)
        ]
        for session in found:
            session.trust_env = False  # else a fifth of the time goes into looking for proxies
        log_in(people[-1], shop_url, *admin)
        for session, (name, roles) in zip(people, ROLES.items(), strict=False):
            account = {"email": f"fuzz-{name}@example.com", "password": PASSWORD}
            user = guest.post(f"{shop_url}/api/auth/register", json=account).json()
            path = f"{shop_url}/api/auth/users/{user['id']}/roles"
            given = people[-1].put(path, json={"roles": ["customer", *roles]})
            assert given.status_code == 200, given.text
            log_in(session, shop_url, **account)
        yield found


def log_in(session: requests.Session, shop_url: str, email: str, password: str) -> None:
    who = {"email": email, "password": password}
    token = session.post(f"{shop_url}/api/auth/login", json=who).json()["access_token"]
    session.headers["Authorization"] = f"Bearer {token}"


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_a_documented_one(
    case: Case[Any], shop_url: str, sessions: list[requests.Session]
) -> None:
    for session in sessions:
        answer = case.call(base_url=shop_url, session=session)
        case.validate_response(answer, checks=CHECKS)
