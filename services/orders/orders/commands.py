"""shop-orders reconcile."""

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

from orders.settings import OrdersSettings
from shopkit.errors import Unavailable
from shopkit.http_client import ServiceClient, ServiceToken

PATH = "/internal/reconciliation"
POLL_SECONDS = 0.5


def reconcile(settings: OrdersSettings) -> None:
    """Have the running service compare everything, and say what came of it; exit code 1 when
    something is left: to compare, or for a person."""
    found = asyncio.run(_reconcile(settings))
    sys.stdout.write(told(found))
    if found["incomplete"] or found["reported"]:
        raise SystemExit(1)


async def _reconcile(settings: OrdersSettings) -> Any:
    auth = ServiceClient(settings.auth_url)
    token = ServiceToken(auth, "orders", settings.client_secret.get_secret_value())
    service = ServiceClient(settings.internal_listen, tokens=token)
    try:
        found = await _ask(service, "POST", settings)
        while found["finished_at"] is None:
            await asyncio.sleep(POLL_SECONDS)
            found = await _ask(service, "GET", settings)
            sys.stderr.write(f"\r{counts('compared', found['compared'])}")
            sys.stderr.flush()
        sys.stderr.write("\r\x1b[K")
        return found
    finally:
        await service.close()
        await auth.close()


async def _ask(service: ServiceClient, method: str, settings: OrdersSettings) -> Any:
    """Raises ValueError, with what to do."""
    try:
        answer = await service.call(method, PATH)
    except Unavailable as exc:
        place = settings.internal_listen
        raise ValueError(
            f"orders at {place} does not reconcile ({exc.detail}) Do orders and auth run?"
        ) from None
    if answer.status not in (200, 202):
        raise ValueError(f"orders refuses it: {answer.status} {answer.json}")
    return answer.json


def told(found: Mapping[str, Any]) -> str:
    lines = [counts(what, found[what]) for what in ("compared", "mended", "reported")]
    lines.append(f"closed: {found['closed']} that are gone")
    lines += [f"not compared: {name}: {why}" for name, why in found["incomplete"].items()]
    lines += [f"  {one['kind']} {one['subject']}: {one['detail']}" for one in found["findings"]]
    return "\n".join(lines) + "\n"


def counts(what: str, found: Mapping[str, int]) -> str:
    return f"{what}: " + (", ".join(f"{n} {name}" for name, n in found.items()) or "nothing")


COMMANDS = {"reconcile": reconcile}
