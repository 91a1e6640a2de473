"""schemathesis drives every operation of the merged document through the gateway, each case as
guest, as customer and as admin.

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
CASES = int(os.environ.get("FUZZ_CASES", "2000"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
schema = schemathesis.openapi.from_path(str(DOCUMENT))
EXAMPLES = max(1, round(CASES / len(list(schema.get_all_operations()))))


@pytest.fixture(scope="module")
def sessions(shop_url: str, admin: tuple[str, str]) -> Iterator[list[requests.Session]]:
    """A guest's, a customer's and an admin's."""
    ada = ("fuzz@example.com", "correct horse battery")
    with ExitStack() as stack:
        guest, customer, staff = found = [stack.enter_context(requests.Session()) for _ in range(3)]
        guest.post(f"{shop_url}/api/auth/register", json={"email": ada[0], "password": ada[1]})
        for session, (email, password) in ((customer, ada), (staff, admin)):
            who = {"email": email, "password": password}
            token = guest.post(f"{shop_url}/api/auth/login", json=who).json()["access_token"]
            session.headers["Authorization"] = f"Bearer {token}"
        for session in found:
            session.trust_env = False  # else a fifth of the time goes into looking for proxies
        yield found


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
