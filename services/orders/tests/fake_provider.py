"""A payment provider in memory that keeps the port's promises, and counts what it charged."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from orders.clients.provider import Event, Intent, IntentStatus, RefundStatus
from orders.errors import CaptureRefused, InvalidSignature, PaymentDeclined, UnknownIntent
from services.orders.tests.fakes import Faults
from shopkit.ids import new_id

ACTION = {"type": "redirect", "url": "https://bank.example/confirm"}


@dataclass
class FakeProvider:
    """Tokens: `ok`, `declined`, `action`, `lapses` (its capture is refused)."""

    live: bool = False
    faults: Faults = field(default_factory=Faults)
    intents: dict[str, Intent] = field(default_factory=dict)
    unlisted: dict[str, Intent] = field(default_factory=dict)
    """Too old for the list; only `find` and `void` know them."""
    meanwhile: Callable[[], Awaitable[None]] | None = None
    """What else happens while `find` is asked."""
    answers: dict[str, Any] = field(default_factory=dict)
    """By idempotency key."""
    lapsing: set[str] = field(default_factory=set)
    refund_status: RefundStatus = RefundStatus.SUCCEEDED
    least: int = 0
    """It charges no less than this."""
    failing: set[str] = field(default_factory=set)
    """Keys of refunds that fail."""
    telling: Callable[[Event], Event] = lambda event: event
    """What a webhook says instead of the truth."""

    async def intent(self, reference: str, *, amount: int, currency: str) -> Intent:
        async with self.faults.around("intent"):
            if amount < self.least:
                raise PaymentDeclined("so little is not charged", decline_code="other")
            found = next((i for i in self.intents.values() if i.reference == reference), None)
            return found or self._put(
                Intent(
                    id=new_id(),
                    reference=reference,
                    status=IntentStatus.CREATED,
                    amount=amount,
                    currency=currency,
                )
            )

    def _put(self, intent: Intent) -> Intent:
        self.intents[intent.id] = intent
        return intent

    def change(self, intent_id: str, **changes: Any) -> Intent:
        return self._put(replace(self.intents[intent_id], **changes))

    async def authorize(self, intent_id: str, *, token: str, key: str) -> Intent:
        async with self.faults.around("authorize"):
            if key in self.answers:
                assert self.answers[key] == token, "the same key with another payload"
            self.answers[key] = token
            intent = self.intents[intent_id]
            if intent.status != IntentStatus.CREATED:
                return intent
            if token == "declined":
                self.change(intent_id, decline="card_declined")
                raise PaymentDeclined("no", decline_code="card_declined")
            if token == "lapses":
                self.lapsing.add(intent_id)
            if token == "action":
                action = IntentStatus.REQUIRES_ACTION
                return self.change(intent_id, status=action, next_action=ACTION)
            return self.change(intent_id, status=IntentStatus.AUTHORIZED)

    def act(self, intent_id: str, *, succeeds: bool = True) -> None:
        """What the customer does at the bank."""
        status = IntentStatus.AUTHORIZED if succeeds else IntentStatus.CREATED
        decline = None if succeeds else "authentication_failed"
        self.change(intent_id, status=status, next_action=None, decline=decline)

    async def find(self, intent_id: str) -> Intent:
        async with self.faults.around("find"):
            if self.meanwhile:
                await self.meanwhile()
            if intent_id in self.unlisted:
                return self.unlisted[intent_id]
            if intent_id not in self.intents:
                raise UnknownIntent("never heard of it")
            return self.intents[intent_id]

    async def capture(self, intent_id: str, *, amount: int, key: str) -> Intent:
        async with self.faults.around("capture"):
            intent = self.intents[intent_id]
            if intent.status == IntentStatus.CAPTURED:
                assert key in self.answers, "captured twice"
                return intent
            if intent_id in self.lapsing or intent.status != IntentStatus.AUTHORIZED:
                self.change(intent_id, status=IntentStatus.CANCELLED)
                raise CaptureRefused("too late")
            self.answers[key] = amount
            return self.change(intent_id, status=IntentStatus.CAPTURED, captured=amount)

    async def void(self, intent_id: str) -> Intent:
        async with self.faults.around("void"):
            if intent_id in self.unlisted:
                return self.unlisted[intent_id]
            if self.intents[intent_id].status == IntentStatus.CAPTURED:
                return self.intents[intent_id]
            return self.change(intent_id, status=IntentStatus.CANCELLED, next_action=None)

    async def refund(self, intent_id: str, *, amount: int, key: str) -> RefundStatus:
        async with self.faults.around("refund"):
            if key in self.failing:
                return RefundStatus.FAILED
            if self.refund_status == RefundStatus.SUCCEEDED and key not in self.answers:
                self.answers[key] = amount
                refunded = self.intents[intent_id].refunded + amount
                assert refunded <= self.intents[intent_id].captured
                self.change(intent_id, refunded=refunded)
            return self.refund_status

    def event(self, body: bytes, headers: Mapping[str, str]) -> Event:
        if headers.get("x-signature") != "mine":
            raise InvalidSignature("forged")
        event_id, _, intent_id = body.decode().partition(" ")
        intent = self.intents.get(intent_id)
        return self.telling(Event(event_id, "intent.changed", intent, self.live))

    async def list(self, since: datetime) -> AsyncIterator[Intent]:
        async with self.faults.around("list"):
            for intent in list(self.intents.values()):
                yield intent

    async def close(self) -> None:
        """Nothing is open."""

    def net(self) -> int:
        """What customers have paid in the end, in minor units."""
        return sum(intent.captured - intent.refunded for intent in self.intents.values())

    def held(self) -> int:
        return sum(i.amount for i in self.intents.values() if i.status == IntentStatus.AUTHORIZED)
