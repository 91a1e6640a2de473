"""What a payment goes through; each function is one transaction, and may be repeated."""

from functools import partial
from typing import Any

from sqlalchemy import Connection

from paysandbox.books import Books, Call, Terms
from paysandbox.domain import (
    REFUSED_BY_CUSTOMER,
    TOKENS,
    UNKNOWN,
    Intent,
    Kind,
    Status,
    Trouble,
    view,
)
from paysandbox.errors import (
    AuthorizationLapsed,
    CaptureExceedsAuthorization,
    IntentCancelled,
    NotAuthorized,
    PaymentDeclined,
    ReferenceReused,
    RefundExceedsCapture,
)
from shopkit.idempotency import Answer
from shopkit.ids import new_id

Done = tuple[Answer, Trouble | None]
"""The answer, and what shall happen to it; nothing happens to a repeated one."""


def make_intent(
    conn: Connection, *, reference: str, amount: int, currency: str, terms: Terms
) -> dict[str, Any]:
    """The intent of this reference. Raises ReferenceReused."""
    intent = Books(conn, terms).open(reference, amount, currency)
    if (intent.amount, intent.currency) != (amount, currency):
        raise ReferenceReused
    return view(intent, terms.public_url)


def authorize(conn: Connection, *, call: Call, token: str, terms: Terms) -> Done:
    """A decline is an answer with 402, so that it stays one. Raises IntentCancelled."""
    books = Books(conn, terms)
    answer = books.once(call, "authorize", partial(_authorize, books, call, token))
    return answer, books.trouble


def _authorize(books: Books, call: Call, token: str) -> Answer:
    intent = books.get(call.intent_id)
    if intent.status == Status.CANCELLED:
        raise IntentCancelled
    if intent.status in (Status.AUTHORIZED, Status.CAPTURED):
        return books.shown(intent)
    effect = TOKENS.get(token, UNKNOWN)
    books.trouble = effect.trouble
    changed = books.change(
        intent,
        "declined" if effect.decline else effect.status.value,
        status=effect.status,
        decline=effect.decline,
        token=token if token in TOKENS else None,
        silent=intent.silent or effect.silent,
    )
    if effect.decline:
        refused = {"code": PaymentDeclined.code, "decline_code": effect.decline}
        return Answer(PaymentDeclined.status, refused)
    if effect.status == Status.AUTHORIZED:
        books.enter(changed, Kind.AUTHORIZE, intent.amount, call.key)
    return books.shown(changed)


def capture(conn: Connection, *, call: Call, amount: int, terms: Terms) -> Done:
    """Raises NotAuthorized, CaptureExceedsAuthorization; a lapse is an answer with 409."""
    books = Books(conn, terms)
    answer = books.once(call, "capture", partial(_capture, books, call, amount))
    return answer, books.trouble


def _capture(books: Books, call: Call, amount: int) -> Answer:
    intent = books.get(call.intent_id)
    if intent.status == Status.CAPTURED:
        return books.shown(intent)
    if intent.status != Status.AUTHORIZED:
        raise NotAuthorized(intent.status)
    if amount > intent.amount:
        raise CaptureExceedsAuthorization(intent.amount)
    if intent.behaviour.lapses:
        _void(books, intent, call.key)
        return Answer(AuthorizationLapsed.status, {"code": AuthorizationLapsed.code})
    changed = books.change(intent, "captured", status=Status.CAPTURED, captured=amount)
    books.enter(changed, Kind.CAPTURE, amount, call.key)
    if intent.behaviour.trouble == Trouble.ERROR:
        books.trouble = Trouble.ERROR
    return books.shown(changed)


def refusal(answer: Answer) -> PaymentDeclined | AuthorizationLapsed:
    """The error that an answer with 402 or 409 stands for."""
    if answer.status == PaymentDeclined.status:
        return PaymentDeclined(answer.body["decline_code"])
    return AuthorizationLapsed()


def cancel(conn: Connection, *, intent_id: str, terms: Terms) -> dict[str, Any]:
    """Absorbing; what is captured stays captured."""
    books = Books(conn, terms)
    intent = books.get(intent_id)
    if intent.status not in (Status.CAPTURED, Status.CANCELLED):
        intent = _void(books, intent)
    return view(intent, terms.public_url)


def _void(books: Books, intent: Intent, key: str | None = None) -> Intent:
    changed = books.change(intent, "cancelled", status=Status.CANCELLED)
    if intent.status == Status.AUTHORIZED:
        books.enter(intent, Kind.VOID, intent.amount, key)
    return changed


def refund(conn: Connection, *, call: Call, amount: int, terms: Terms) -> Answer:
    """Raises RefundExceedsCapture."""
    books = Books(conn, terms)
    return books.once(call, "refund", partial(_refund, books, call, amount))


def _refund(books: Books, call: Call, amount: int) -> Answer:
    intent = books.get(call.intent_id)
    left = intent.captured - intent.refunded
    if amount > left:
        raise RefundExceedsCapture(left)
    changed = books.change(intent, "refunded", refunded=intent.refunded + amount)
    books.enter(changed, Kind.REFUND, amount, call.key)
    return Answer(200, {"id": new_id(), "status": "succeeded", "amount": amount})


def decide(conn: Connection, *, intent_id: str, confirmed: bool, terms: Terms) -> None:
    """What the customer says on the page; an intent that does not wait for it stays as it is."""
    books = Books(conn, terms)
    intent = books.get(intent_id)
    if intent.status != Status.REQUIRES_ACTION:
        return
    if confirmed:
        changed = books.change(intent, "authorized", status=Status.AUTHORIZED)
        books.enter(changed, Kind.AUTHORIZE, intent.amount)
    else:
        books.change(intent, "declined", status=Status.CREATED, decline=REFUSED_BY_CUSTOMER)
