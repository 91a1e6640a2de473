"""Inviting, for tests."""

from typing import Any

from services.auth.tests.conftest import PASSWORD, bearer, text_of

EVE = "eve@example.com"


async def invite(auth: Any, who: Any, *roles: str, email: str = EVE, **more: Any) -> Any:
    body = {"email": email, "roles": roles or ("support",), **more}
    return await auth.public.post("/api/auth/invitations", json=body, headers=who.headers)


async def invited(auth: Any, who: Any, *roles: str, **more: Any) -> str:
    """The token of the mail."""
    answer = await invite(auth, who, *roles, **more)
    assert answer.status_code == 201, answer.text
    return await token_of(auth)


async def token_of(auth: Any) -> str:
    """Of the newest invitation; registering sends mails too."""
    sent = [mail for mail in await auth.mails() if "invited" in mail["Subject"]]
    return text_of(sent[-1]).partition("#token=")[2].split()[0]


async def accept(auth: Any, token: str, **more: Any) -> Any:
    return await auth.post("invitations/accept", token=token, **{"password": PASSWORD, **more})


async def join(auth: Any, access_token: str, token: str) -> Any:
    return await auth.public.post(
        "/api/auth/invitations/join", json={"token": token}, headers=bearer(access_token)
    )


async def withdraw(auth: Any, who: Any, invitation_id: str) -> Any:
    url = f"/api/auth/invitations/{invitation_id}"
    return await auth.public.delete(url, headers=who.headers)


async def listed(auth: Any, who: Any) -> list[dict[str, Any]]:
    answer = await auth.public.get("/api/auth/invitations", headers=who.headers)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items
