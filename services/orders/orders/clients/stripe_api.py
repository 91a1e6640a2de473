"""Payments by Stripe, with its own SDK; docs/payments-stripe.md says what was tried and how."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime

import aiohttp
import stripe
from pydantic import SecretStr
from stripe.params import PaymentIntentListParams

from orders.clients.calling import DEADLINE
from orders.clients.provider import Event, Intent, IntentStatus, RefundStatus
from orders.clients.stripe_amounts import NotRepresentable, to_stripe
from orders.clients.stripe_errors import Refused, answering, code_of, declined
from orders.clients.stripe_objects import (
    KEY,
    REFERENCE,
    event_from,
    intent_from,
    reference_of,
    refund_status,
)
from orders.errors import CaptureRefused, InvalidSignature, PaymentDeclined, UnknownIntent
from shopkit.errors import Unavailable
from shopkit.logs import get_logger

log = get_logger()
CONNECT_SECONDS = 2.0
REPETITIONS = 2
SIGNED_WITHIN = 300  # seconds
PAGE = 100
OPEN = {IntentStatus.AUTHORIZED, IntentStatus.REQUIRES_ACTION, IntentStatus.CAPTURED}
EXPAND = ["latest_charge"]
LIVE = ("sk_live_", "rk_live_")

# It sends the platform and the last call's time along with every call.
stripe.enable_telemetry = False


class StripeProvider:
    """PaymentIntents with manual capture, one for each attempt to pay. A `Provider`.

    Stripe remembers a key for 24 hours at least, and repeats what it answered first, an internal
    error too. So an answer that is no success is compared with the intent as it is now.
    `api_base` is another address than Stripe's, for tests.
    """

    def __init__(
        self, api_key: SecretStr, webhook_secret: SecretStr, api_base: str | None = None
    ) -> None:
        self.live = api_key.get_secret_value().startswith(LIVE)
        self._webhook_secret = webhook_secret
        timeout = aiohttp.ClientTimeout(total=DEADLINE, sock_connect=CONNECT_SECONDS)
        self._http = stripe.AIOHTTPClient(timeout=timeout)
        self._client = stripe.StripeClient(
            api_key.get_secret_value(),
            base_addresses={"api": api_base} if api_base else {},
            http_client=self._http,
            max_network_retries=REPETITIONS,
        )
        self._intents = self._client.v1.payment_intents
        self._refunds = self._client.v1.refunds

    async def close(self) -> None:
        await self._http.close_async()  # type: ignore[no-untyped-call]

    async def intent(self, reference: str, *, amount: int, currency: str) -> Intent:
        """Raises PaymentDeclined for what Stripe cannot charge: too little, or such a currency."""
        try:
            async with answering("intent"):
                made = await self._intents.create_async(
                    {
                        "amount": to_stripe(amount, currency),
                        "currency": currency.lower(),
                        "capture_method": "manual",
                        "confirm": False,
                        # There is no page of ours to come back to from another one.
                        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                        "metadata": {REFERENCE: reference},
                        "expand": EXPAND,
                    },
                    # Keys of all kinds of calls are one name space at Stripe.
                    {"idempotency_key": f"intent:{reference}"},
                )
        except NotRepresentable as exc:
            raise PaymentDeclined(str(exc), decline_code="other") from None
        except Refused as exc:
            raise declined(exc) from None
        return intent_from(made.to_dict())

    async def authorize(self, intent_id: str, *, token: str, key: str) -> Intent:
        """`token` is the id of a PaymentMethod, made by Stripe's script in the page.

        A repetition answers what the first did, also when the customer has acted meanwhile.
        """
        try:
            async with answering("authorize"):
                call = self._intents.confirm_async(
                    intent_id,
                    {"payment_method": token, "expand": EXPAND},
                    {"idempotency_key": key},
                )
                intent = await self._reach(_decided, intent_id, call)
        except Refused as exc:
            raise declined(exc) from None
        if intent.decline:
            raise PaymentDeclined("Try another card.", decline_code=intent.decline)
        if not _decided(intent):
            raise Unavailable("Stripe has not decided yet.")
        return intent

    async def find(self, intent_id: str) -> Intent:
        try:
            async with answering("find"):
                found = await self._intents.retrieve_async(intent_id, {"expand": EXPAND})
        except Refused as exc:
            # We wrote its id down when Stripe told it: this is another account, or test and live.
            log.error("stripe_does_not_know_intent", intent=intent_id, code=code_of(exc))
            raise UnknownIntent("Stripe does not know this payment.") from None
        return intent_from(found.to_dict())

    async def capture(self, intent_id: str, *, amount: int, key: str) -> Intent:
        try:
            async with answering("capture"):
                current = await self.find(intent_id)
                call = self._intents.capture_async(
                    intent_id,
                    {"amount_to_capture": to_stripe(amount, current.currency), "expand": EXPAND},
                    {"idempotency_key": key},
                )
                return await self._reach(_captured, intent_id, call)
        except (*Refused, NotRepresentable) as exc:
            log.warning("stripe_refuses_capture", intent=intent_id, code=code_of(exc))
            raise CaptureRefused("The payment is held no more.") from None

    async def void(self, intent_id: str) -> Intent:
        try:
            async with answering("void"):
                # Without a key of ours: it is absorbing anyway, and a stored refusal would stay.
                call = self._intents.cancel_async(intent_id, {"expand": EXPAND})
                return await self._reach(_ended, intent_id, call)
        except Refused as exc:
            log.warning("stripe_refuses_void", intent=intent_id, code=code_of(exc))
            raise Unavailable("The payment cannot be cancelled just now.") from None

    async def refund(self, intent_id: str, *, amount: int, key: str) -> RefundStatus:
        """FAILED where there is nothing left to give back. Found again by `key` for ever, not only
        while Stripe remembers its keys."""
        try:
            async with answering("refund"):
                current = await self.find(intent_id)
                if not _captured(current):
                    return RefundStatus.FAILED
                refund = await self._find_refund(intent_id, key)
                if refund is None:
                    units = to_stripe(amount, current.currency)
                    refund = await self._refunds.create_async(
                        {"payment_intent": intent_id, "amount": units, "metadata": {KEY: key}},
                        {"idempotency_key": key},
                    )
        except (*Refused, NotRepresentable) as exc:
            log.warning("stripe_refuses_refund", intent=intent_id, code=code_of(exc))
            return RefundStatus.FAILED
        return refund_status(refund.to_dict())

    def event(self, body: bytes, headers: Mapping[str, str]) -> Event:
        signature = headers.get("stripe-signature")
        secret = self._webhook_secret.get_secret_value()
        try:
            event = self._client.construct_event(body, signature, secret, SIGNED_WITHIN)
        except (stripe.SignatureVerificationError, ValueError, TypeError):
            # TypeError: a signature that is not ASCII; ValueError: a body that is not UTF-8 or JSON
            raise InvalidSignature("Not signed with this endpoint's secret just now.") from None
        return event_from(event.to_dict())

    async def list(self, since: datetime) -> AsyncIterator[Intent]:
        """Newest first. Without what others have made in the same account."""
        params: PaymentIntentListParams = {
            "created": {"gte": int(since.timestamp())},
            "limit": PAGE,
            "expand": ["data.latest_charge"],
        }
        while True:
            try:
                async with answering("list"):
                    page = await self._intents.list_async(params)
            except Refused as exc:
                raise Unavailable(f"Stripe lists no payments ({code_of(exc)}).") from None
            for found in page.data:
                if reference_of(found.to_dict()):
                    yield intent_from(found.to_dict())
            if not page.has_more:
                return
            params["starting_after"] = page.data[-1].id

    async def _reach(
        self,
        reached: Callable[[Intent], bool],
        intent_id: str,
        call: Awaitable[stripe.PaymentIntent],
    ) -> Intent:
        """What the call answers, or the intent as it is when it has got there already."""
        try:
            return intent_from((await call).to_dict())
        except (*Refused, stripe.APIError):
            current = await self.find(intent_id)
            if reached(current):
                return current
            raise

    async def _find_refund(self, intent_id: str, key: str) -> stripe.Refund | None:
        page = await self._refunds.list_async({"payment_intent": intent_id, "limit": PAGE})
        async for refund in page.auto_paging_iter():
            if refund.metadata and refund.metadata.to_dict().get(KEY) == key:
                return refund
        return None


def _decided(intent: Intent) -> bool:
    return intent.status in OPEN or intent.decline is not None


def _captured(intent: Intent) -> bool:
    return intent.status is IntentStatus.CAPTURED


def _ended(intent: Intent) -> bool:
    return _captured(intent) or intent.status is IntentStatus.CANCELLED
