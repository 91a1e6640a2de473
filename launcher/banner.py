"""What a person reads when the shop is up."""

import json
import shlex
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path

from launcher.administrator import Administrator
from launcher.unix_http import call

TEST_TOKENS = "tok_success, tok_declined, tok_action_required, … (see sandbox/README.md)"


def password_works(auth: Path, administrator: Administrator) -> bool:
    """An admin that exists keeps its password, whatever ADMIN_PASSWORD says now."""
    body = {"email": administrator.email, "password": administrator.password}
    return call(auth, "POST", "/api/auth/login", body)[0] == HTTPStatus.OK


def banner(
    url: str,
    local_url: str,
    data: Path,
    password: str,
    mails: str,
    commands: Sequence[str],
    *,
    email: str,
) -> str:
    facts = {
        "Shop": url,
        **({} if local_url == url else {"From here": local_url}),
        "API reference": f"{url}/docs",
        "Data": str(data),
        "Mails": mails,
        "Admin": email,
        "Password": password,
        "Test payments": TEST_TOKENS,
    }
    lines = [f"  {name + ':':<15}{value}" for name, value in facts.items()]
    lines += ["", "Try:", *(f"  {command}" for command in commands)]
    return "\n".join(["", *lines, "", "Ctrl-C stops it.", ""])


def shown_mails(environment: Mapping[str, str], folder: Path) -> str:
    """Without the URL, which may have a password in it."""
    elsewhere = environment.get("AUTH_MAIL_URL") or environment.get("MAIL_URL")
    return "(yours, of MAIL_URL)" if elsewhere else f"{folder}/*.eml"


def shown_password(administrator: Administrator, *, works: bool) -> str:
    """Itself only once, in the first banner; a start may be watched, and its output kept."""
    if not works:
        return "(changed since the admin was made)"
    if administrator.password_file is None:
        return "(yours, of ADMIN_PASSWORD)"
    return (
        f"(in {administrator.password_file})" if administrator.is_shown else administrator.password
    )


def curl_lines(
    url: str, administrator: Administrator, *, works: bool, product_id: str | None
) -> list[str]:
    """A list, a login, and a guest's cart: each works by itself."""
    item = shlex.quote(json.dumps({"product_id": product_id, "quantity": 1}))
    file = administrator.password_file if works else None
    return [
        f"curl -s '{url}/api/products?limit=3'",
        _login(url, administrator.email, file) if file else f"curl -s {url}/api/categories",
        _post(f"{url}/api/cart", item) if product_id else f"curl -s {url}/api/cart",
    ]


def _login(url: str, email: str, file: Path) -> str:
    """Without the password itself. It is of letters and digits, which JSON takes as they are."""
    name, password = shlex.quote(json.dumps(email)), f"$(cat {shlex.quote(str(file))})"
    body = f"""$(printf '{{"email": %s, "password": "%s"}}' {name} "{password}")"""
    return _post(f"{url}/api/auth/login", f'"{body}"')


def _post(url: str, body: str) -> str:
    return f"curl -s {url} -H 'Content-Type: application/json' -d {body}"
