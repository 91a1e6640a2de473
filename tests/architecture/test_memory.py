"""What a service holds in memory is nearly all code: what one does not need, it must not import."""

import json
import subprocess
import sys

import pytest

NOT_TO_SERVE = (
    *("alembic", "httpx2", "stripe", "PIL", "obstore"),
    *("asyncpg", "sqlalchemy.ext.asyncio", "sqlalchemy.orm"),
    *("rich", "pygments", "pydantic.v1", "email_validator", "watchfiles", "websockets"),
)
"""Of steps before the start, of what is done in processes of their own, of settings that few have,
and of other people's programs."""
ALSO_NOT = {
    "auth": ("aiohttp",),
    "catalog": ("jinja2", "aiosmtplib"),
    "cart": ("jinja2", "aiosmtplib"),
    "orders": (),
}
ASKED = """
import json, sys
from importlib import import_module
sys.argv = ["shop", "openapi"]
import_module(f"{sys.orig_argv[-1]}.__main__").main()
json.dump([name for name, module in sys.modules.items() if module], sys.stderr)
"""


@pytest.mark.parametrize("service", ALSO_NOT)
def test_a_service_imports_what_it_needs(service: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", ASKED, service], capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(answer.stderr))
    assert {"fastapi", f"{service}.main"} <= loaded
    assert loaded & {*NOT_TO_SERVE, *ALSO_NOT[service]} == set()
