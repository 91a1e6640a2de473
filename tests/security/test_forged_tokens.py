"""Some seventy tokens that nobody may accept, through the gateway at each service (A1 to A9)."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from shopkit import forged_tokens
from tests.launched_shop import LaunchedShop
from tests.security.people import People

CALLS = {
    "auth": "/api/auth/me",
    "catalog": "/api/products",
    "cart": "/api/cart",
    "orders": "/api/orders/history",
}
LONGEST_HEADER = 8000
"""Bytes that nginx takes (tests/gateway); longer ones are tried on the verifier itself."""


@pytest.fixture
def canary(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Where some of the tokens say that a key is to be had."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        monkeypatch.setattr(forged_tokens, "CANARY", url)
        yield server


@pytest.fixture
def corpus(
    canary: socket.socket, client: httpx2.Client, people: People, launched: LaunchedShop
) -> dict[str, str]:
    token = people["customer"].token
    (jwk,) = client.get("/api/auth/.well-known/jwks.json").json()["keys"]
    (path,) = (launched.data / "keys").glob("*.pem")
    return {
        **forged_tokens.forgeries(token, jwk),
        **_with_wrong_claims(token, jwk["kid"], path),
    }


def _with_wrong_claims(token: str, kid: str, path: Path) -> dict[str, str]:
    """Signed by the very key of auth."""
    key: Any = load_pem_private_key(path.read_bytes(), None)
    good = jwt.decode(token, options={"verify_signature": False})
    wrong = forged_tokens.wrong_claims(good).items()
    return {name: forged_tokens.signed(claims, key, kid=kid) for name, claims in wrong}


@pytest.mark.parametrize("service", CALLS)
def test_a1_to_a9_all_are_refused_alike(
    service: str, client: httpx2.Client, corpus: dict[str, str], canary: socket.socket
) -> None:
    sent = {name: token for name, token in corpus.items() if len(token) < LONGEST_HEADER}
    answers = {name: _answer(client, CALLS[service], token) for name, token in sent.items()}
    assert answers.pop("a5_expired")[:2] == (401, "token_expired")
    status, code, *_ = first = next(iter(answers.values()))
    assert (status, code, len(answers) >= 60) == (401, "invalid_token", True)
    assert {name: answer for name, answer in answers.items() if answer != first} == {}
    with pytest.raises(BlockingIOError):
        pytest.fail(f"somebody asks for a key: {canary.accept()}")


def _answer(client: httpx2.Client, path: str, token: str) -> tuple[int, str, Any, str]:
    answer = client.get(path, headers={"Authorization": f"Bearer {token}"})
    told = {name: value for name, value in answer.json().items() if name != "request_id"}
    return answer.status_code, told["code"], told, answer.headers["www-authenticate"]
