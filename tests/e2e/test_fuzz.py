"""schemathesis drives every operation of the merged document through the gateway.

No 5xx but a documented 503, nothing undocumented, no answer that breaks its schema.
"""

import os
from pathlib import Path
from typing import Any

import httpx2
import pytest
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
IDENTITIES = ("guest", "customer", "admin")
OPERATIONS = len(list(schema.get_all_operations()))
EXAMPLES = max(1, round(CASES / OPERATIONS / len(IDENTITIES)))


@pytest.fixture(scope="module")
def headers(shop_url: str, admin: tuple[str, str]) -> dict[str, dict[str, str]]:
    """Request headers of each identity."""
    with httpx2.Client(base_url=shop_url) as client:
        ada = {"email": "fuzz@example.com", "password": "correct horse battery"}
        client.post("/api/auth/register", json=ada)
        tokens = {
            "customer": client.post("/api/auth/login", json=ada),
            "admin": client.post("/api/auth/login", json={"email": admin[0], "password": admin[1]}),
        }
    found = {
        name: {"Authorization": f"Bearer {answer.json()['access_token']}"}
        for name, answer in tokens.items()
    }
    return {"guest": {}, **found}


@pytest.mark.parametrize("identity", IDENTITIES)
@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_a_documented_one(
    case: Case[Any], identity: str, shop_url: str, headers: dict[str, dict[str, str]]
) -> None:
    answer = case.call(base_url=shop_url, headers=headers[identity])
    case.validate_response(answer, checks=CHECKS)
