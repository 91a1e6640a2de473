"""What a person reads when the shop is up."""

import json
import shlex
from http import HTTPStatus
from pathlib import Path

from launcher.administrator import Administrator
from launcher.unix_http import call


def password_works(auth: Path, administrator: Administrator) -> bool:
    """An admin that exists keeps its password, whatever ADMIN_PASSWORD says now."""
    body = {"email": administrator.email, "password": administrator.password}
    return call(auth, "POST", "/api/auth/login", body)[0] == HTTPStatus.OK


def banner(
    url: str, data: Path, administrator: Administrator, *, works: bool, product_id: str | None
) -> str:
    password = administrator.password if works else "(changed since the admin was made)"
    facts = {
        "Shop": url,
        "API reference": f"{url}/docs",
        "Data": str(data),
        "Admin": administrator.email,
        "Password": password,
    }
    lines = [f"  {name + ':':<15}{value}" for name, value in facts.items()]
    commands = curl_lines(url, administrator, works=works, product_id=product_id)
    lines += ["", "Try:", *(f"  {command}" for command in commands)]
    return "\n".join(["", *lines, "", "Ctrl-C stops it.", ""])


def curl_lines(
    url: str, administrator: Administrator, *, works: bool, product_id: str | None
) -> list[str]:
    """A list, a login, and a guest's cart: each works by itself."""
    login = {"email": administrator.email, "password": administrator.password}
    item = {"product_id": product_id, "quantity": 1}
    return [
        f"curl -s '{url}/api/products?limit=3'",
        _post(f"{url}/api/auth/login", login) if works else f"curl -s {url}/api/categories",
        _post(f"{url}/api/cart", item) if product_id else f"curl -s {url}/api/cart",
    ]


def _post(url: str, body: object) -> str:
    text = shlex.quote(json.dumps(body, ensure_ascii=False))
    return f"curl -s {url} -H 'Content-Type: application/json' -d {text}"
