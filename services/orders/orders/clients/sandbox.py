"""The payment sandbox over its API; see sandbox/README.md."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from pydantic import SecretStr

from orders.clients.calling import ask
from orders.clients.provider import Event, Intent, IntentStatus, RefundStatus
from orders.errors import CaptureRefused, InvalidSignature, PaymentDeclined, UnknownIntent
from shopkit.clock import Clock
from shopkit.errors import Problem, Unavailable
from shopkit.http_client import ApiKey, ClientResponse, ServiceClient
from shopkit.strict_json import loads
from shopkit.webhooks import WebhookSecret

PAGE = 100


class SandboxProvider:
    """A Provider; see there for what each call promises."""

    live = False

    def __init__(self, client: ServiceClient, webhook_secret: WebhookSecret, clock: Clock) -> None:
        self._client, self._secret, self._clock = client, webhook_secret, clock

    async def intent(self, reference: str, *, amount: int, currency: str) -> Intent:
        body = {"reference": reference, "amount": amount, "currency": currency}
        return _shown(await ask(self._client, "POST", "/v1/intents", body))

    async def authorize(self, intent_id: str, *, token: str, key: str) -> Intent:
        answer = await self._post(intent_id, "authorize", {"token": token}, key)
        if answer.status != 200:
            raise _declined(answer)
        return _shown(answer)

    async def find(self, intent_id: str) -> Intent:
        answer = await ask(self._client, "GET", f"/v1/intents/{intent_id}")
        if answer.status == 404:
            raise UnknownIntent("The sandbox does not know this payment.")
        return _shown(answer)

    async def capture(self, intent_id: str, *, amount: int, key: str) -> Intent:
        answer = await self._post(intent_id, "capture", {"amount": amount}, key)
        if answer.status != 200:
            raise CaptureRefused(f"Nothing was charged ({_code(answer)}); try another payment.")
        return _shown(answer)

    async def void(self, intent_id: str) -> Intent:
        return _shown(await self._post(intent_id, "cancel"))

    async def refund(self, intent_id: str, *, amount: int, key: str) -> RefundStatus:
        answer = await self._post(intent_id, "refunds", {"amount": amount}, key)
        if answer.status != 200:
            return RefundStatus.FAILED
        with _readable(answer):
            return RefundStatus(answer.json["status"])

    def event(self, body: bytes, headers: Mapping[str, str]) -> Event:
        if not self._secret.has_signed(body, headers, self._clock.now()):
            raise InvalidSignature("No signature of the last five minutes fits the body.")
        try:
            event = loads(body)
            about = event["data"].get("intent")
            intent = None if about is None else _intent(about)
            id_, type_ = _texts(event, "id", "type")
            return Event(id_, type_, intent, bool(event["live"]))
        except (Problem, ValueError, KeyError, TypeError, AttributeError):
            raise InvalidSignature("What is signed is no event.") from None

    async def list(self, since: datetime) -> AsyncIterator[Intent]:
        query = {"created_after": since.astimezone(UTC).isoformat(), "limit": str(PAGE)}
        while True:
            answer = await ask(self._client, "GET", f"/v1/intents?{urlencode(query)}")
            intents, cursor = _page(answer)
            for intent in intents:
                yield intent
            if cursor is None:
                return
            query["cursor"] = cursor

    async def close(self) -> None:
        await self._client.close()

    async def _post(
        self, intent_id: str, verb: str, body: Any = None, key: str | None = None
    ) -> ClientResponse:
        headers = {"Idempotency-Key": key} if key else None
        return await ask(self._client, "POST", f"/v1/intents/{intent_id}/{verb}", body, headers)


def new_sandbox(
    url: str, api_key: SecretStr, webhook_secret: SecretStr, clock: Clock
) -> SandboxProvider:
    """Raises ValueError for a webhook secret that is none."""
    client = ServiceClient(url, tokens=ApiKey(api_key))
    return SandboxProvider(client, WebhookSecret(webhook_secret.get_secret_value()), clock)


def _declined(answer: ClientResponse) -> PaymentDeclined:
    """Whatever the provider definitely refuses to authorize is a decline."""
    code = str(answer.json.get("decline_code", "other"))
    detail = f"Nothing was charged ({code}); try another means of payment."
    return PaymentDeclined(detail, decline_code=code)


def _code(answer: ClientResponse) -> str:
    return str(answer.json.get("code", answer.status))


def _shown(answer: ClientResponse) -> Intent:
    with _readable(answer):
        return _intent(answer.json)


def _page(answer: ClientResponse) -> tuple[list[Intent], str | None]:
    with _readable(answer):
        return [_intent(item) for item in answer.json["items"]], answer.json["next_cursor"]


@contextmanager
def _readable(answer: ClientResponse) -> Iterator[None]:
    """Raises Unavailable for an answer that does not show what was asked for: nobody knows."""
    if answer.status != 200:
        raise Unavailable(f"The sandbox answered {answer.status} ({_code(answer)}).")
    try:
        yield
    except (ValueError, KeyError, TypeError):
        raise Unavailable("The sandbox's answer cannot be read.") from None


def _intent(body: dict[str, Any]) -> Intent:
    id_, reference, currency = _texts(body, "id", "reference", "currency")
    amount, captured, refunded = _amounts(body, "amount", "captured", "refunded")
    return Intent(
        id=id_,
        reference=reference,
        status=IntentStatus(body["status"]),
        amount=amount,
        currency=currency,
        captured=captured,
        refunded=refunded,
        next_action=body["next_action"],
        decline=body["decline"],
    )


def _texts(body: Mapping[str, Any], *names: str) -> list[str]:
    found = [body[name] for name in names]
    if not all(isinstance(value, str) for value in found):
        raise TypeError(f"{names} are texts")
    return found


def _amounts(body: Mapping[str, Any], *names: str) -> list[int]:
    found = [body[name] for name in names]
    if not all(type(value) is int and value >= 0 for value in found):
        raise TypeError(f"{names} are minor units")
    return found
