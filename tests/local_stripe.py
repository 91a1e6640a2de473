"""Stripe, played by localstripe in a process of its own, behind a door that adds what it lacks.

localstripe 1.15 keeps intents, charges and refunds, and knows test cards. What Stripe does and it
does not is added by `Door`, an HTTP server that passes everything else on unchanged:

- Idempotency keys: the first answer is stored and repeated, a 500 too; with other parameters 400,
  while the first call is under way 409 (docs.stripe.com/api/idempotent_requests).
- `confirm` with a `payment_method` ("Not implemented"): it is set on the intent and then confirmed.
- `automatic_payment_methods` of an intent ("Unexpected"): it is left out.
- The list of intents by `created` ("Unexpected"), newest first.
- Refusals: of a capture of what is not held, of a refund of more than is left.
- Another attempt on an intent after a decline.
- `amount_received` of an intent and `amount_captured` of its charge, which are not there.

It cannot be asked for insufficient funds or an expired card, and accepts pm_card_chargeDeclined.
"""

import asyncio
import hashlib
import hmac
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

import aiohttp
from aiohttp import web

from tests.launched_shop import free_port

START_SECONDS = 30.0
API_KEY = "sk_test_of_the_tests_1234567890"
VISA, DECLINED = "pm_card_visa", "pm_card_chargeCustomerFail"
WEBHOOK_SECRET = "whsec_of_the_tests_1234567890"
NOT_KNOWN = ("automatic_payment_methods", "confirm")


@contextmanager
def localstripe() -> Iterator[str]:
    """Its address. It listens on IPv6 and IPv4, and keeps nothing of an earlier run."""
    port = free_port()
    command = [sys.executable, "-m", "localstripe", "--from-scratch", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"http://127.0.0.1:{port}/js.stripe.com/v3/", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        assert process.poll() is None, "localstripe has ended"
        assert time.monotonic() < deadline, "localstripe does not answer"
        try:
            with urllib.request.urlopen(url):
                return
        except urllib.error.URLError:
            time.sleep(0.05)


@dataclass(frozen=True)
class Fault:
    """What a call meets; `after` it has taken effect, or instead of that."""

    after: bool = False
    status: int = 0
    """0: the connection is closed without an answer."""
    error: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    """Instead of an error."""
    wait: float = 0.0
    """Seconds until then."""

    @property
    def answer(self) -> "Answer":
        return self.status, self.body or {"error": self.error}


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    body: str
    key: str


Answer = tuple[int, Any]
IN_USE = {"error": {"type": "idempotency_error", "code": "idempotency_key_in_use"}}
OTHER_PARAMETERS = {"error": {"type": "idempotency_error", "message": "Other parameters"}}


@dataclass
class Door:
    """The next calls that change something meet `faults`, one each; then all is well again."""

    behind: str
    session: aiohttp.ClientSession
    url: str = ""
    faults: list[Fault] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    stored: dict[str, tuple[Call, Answer | None]] = field(default_factory=dict)
    captured: dict[str, int] = field(default_factory=dict)

    def forget_keys(self) -> None:
        """As Stripe may after a day."""
        self.stored.clear()

    async def handle(self, request: web.Request) -> web.Response:
        key = request.headers.get("Idempotency-Key", "")
        call = Call(request.method, request.path_qs, await request.text(), key)
        self.calls.append(call)
        status, body = await self._answer(call)
        if status == 0:
            assert request.transport is not None
            request.transport.abort()
        return web.json_response(body, status=status or 500)

    async def _answer(self, call: Call) -> Answer:
        if not call.key:
            return await self._pass(call)
        if call.key not in self.stored:
            return await self._first(call)
        first, answer = self.stored[call.key]
        if first != call:
            return 400, OTHER_PARAMETERS
        return answer or (409, IN_USE)

    async def _first(self, call: Call) -> Answer:
        self.stored[call.key] = (call, None)
        fault = self.faults.pop(0) if self.faults else None
        if fault:
            await asyncio.sleep(fault.wait)
        if fault and not fault.after:
            del self.stored[call.key]
            return fault.answer
        answer = await self._pass(call)
        if fault and fault.status:
            answer = fault.answer
        self.stored[call.key] = (call, answer)
        return fault.answer if fault else answer

    async def _pass(self, call: Call) -> Answer:
        path, _, query = call.path.partition("?")
        form = dict(parse_qsl(call.body))
        form = {key: form[key] for key in form if not key.startswith(NOT_KNOWN)}
        params = dict(parse_qsl(query))
        if call.method == "GET" and path.endswith("/v1/payment_intents"):
            return 200, await self._page(path, params)
        if call.method == "POST" and (code := await self._refused(path, form)):
            return 400, {"error": {"type": "invalid_request_error", "code": code}}
        if path.endswith("/confirm"):
            await self._attach(path.removesuffix("/confirm"), form.pop("payment_method"))
        status, body = await self.send(call.method, f"{path}?{urlencode(params)}", form or None)
        if path.endswith("/capture") and status == 200:
            self.captured[body["id"]] = int(form["amount_to_capture"])
        return status, self._with_amounts(body)

    async def _refused(self, path: str, form: dict[str, str]) -> str:
        """The code of what localstripe would do, or fail at, and Stripe refuses."""
        if path.endswith("/capture"):
            intent = await self.intent(path.split("/")[-2])
            if intent.get("status") != "requires_capture":
                return "payment_intent_unexpected_state"
        if path.endswith("/v1/refunds"):
            intent = await self.intent(form["payment_intent"])
            charge = intent["latest_charge"]
            given = charge["amount_refunded"] - charge["amount"] + intent["amount_received"]
            if given + int(form["amount"]) > intent["amount_received"]:
                return "charge_already_refunded"
        return ""

    async def _attach(self, path: str, token: str) -> None:
        _, intent = await self.send("GET", path)
        change: dict[str, Any] = {"payment_method": token}
        if intent["status"] == "requires_payment_method":
            change["latest_charge"] = None  # a failed one would stand in the way of another
        await self.send("POST", path, body=change)

    async def intent(self, intent_id: str) -> Any:
        """As Stripe would show it, with its charge."""
        _, body = await self.send("GET", f"/v1/payment_intents/{intent_id}")
        return self._with_amounts(body)

    async def send(
        self, method: str, path: str, form: dict[str, str] | None = None, body: Any = None
    ) -> Answer:
        """To localstripe, past the door: a form, or JSON, which only localstripe takes."""
        headers = {"Authorization": f"Bearer {API_KEY}"}
        async with self.session.request(
            method, self.behind + path, data=form, json=body, headers=headers
        ) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text.startswith("{") else {"error": {}}

    async def _page(self, path: str, params: dict[str, str]) -> Any:
        _, body = await self.send("GET", f"{path}?limit=1000000")
        found = [item for item in body["data"] if item["created"] >= int(params["created[gte]"])]
        found = [self._with_amounts(item) for item in reversed(found)]
        ids = [item["id"] for item in found]
        start = ids.index(params["starting_after"]) + 1 if "starting_after" in params else 0
        end = start + int(params["limit"])
        return body | {"data": found[start:end], "has_more": end < len(found)}

    def _with_amounts(self, body: Any) -> Any:
        if body.get("object") == "payment_intent":
            body["amount_received"] = self.captured.get(body["id"], 0)
            if body["latest_charge"]:
                body["latest_charge"]["amount_captured"] = body["amount_received"]
        return body


def signed(kind: str, about: Any, at: datetime) -> tuple[bytes, dict[str, str]]:
    """A webhook, after docs.stripe.com/webhooks and not by the SDK's hand."""
    found = {"id": f"evt_{about['id']}", "object": "event", "type": kind, "livemode": False}
    body = json.dumps(found | {"data": {"object": about}}, indent=2).encode()
    when = int(at.timestamp())
    mark = hmac.new(WEBHOOK_SECRET.encode(), b"%d.%s" % (when, body), hashlib.sha256).hexdigest()
    return body, {"stripe-signature": f"t={when},v1={mark}"}


@asynccontextmanager
async def door(behind: str) -> AsyncIterator[Door]:
    async with aiohttp.ClientSession() as session:
        found = Door(behind, session)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", found.handle)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        found.url = f"http://127.0.0.1:{site.port}"
        try:
            yield found
        finally:
            await runner.cleanup()
