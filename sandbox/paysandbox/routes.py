"""The API: /v1. Every call may be repeated."""

from typing import Annotated, Any

from fastapi import Response
from sqlalchemy import ColumnElement, Table, true

from paysandbox import books, payments
from paysandbox.books import Call
from paysandbox.context import Context
from paysandbox.deps import SandboxContext, Shop
from paysandbox.domain import view
from paysandbox.errors import KeyMissing
from paysandbox.models import intents, ledger
from paysandbox.schemas import (
    AmountInput,
    Entry,
    IntentInput,
    IntentOut,
    IntentQuery,
    LedgerQuery,
    PageQuery,
    RefundOut,
    TokenInput,
)
from shopkit.app import PathId
from shopkit.idempotency import IdempotencyKey, fingerprint
from shopkit.query import FromQuery
from shopkit.responses import json_response
from shopkit.routing import new_router
from shopkit.schemas import Page

router = new_router()


def _call(intent_id: str, key: str | None, payload: TokenInput | AmountInput) -> Call:
    if key is None:
        raise KeyMissing
    return Call(intent_id, key, fingerprint(payload, intent_id))


@router.post("/v1/intents", response_model=IntentOut)
async def make_intent(payload: IntentInput, context: SandboxContext, _: Shop) -> Response:
    """The intent with this reference; made when there is none."""
    shown = await context.database.run(
        payments.make_intent,
        reference=payload.reference,
        amount=payload.amount,
        currency=payload.currency,
        terms=context.terms(),
    )
    return json_response(shown)


@router.post("/v1/intents/{intent_id}/authorize", response_model=IntentOut)
async def authorize(
    intent_id: PathId, payload: TokenInput, key: IdempotencyKey, context: SandboxContext, _: Shop
) -> Response:
    done = await context.database.run(
        payments.authorize,
        call=_call(intent_id, key, payload),
        token=payload.token,
        terms=context.terms(),
    )
    return await context.answered(done)


@router.post("/v1/intents/{intent_id}/capture", response_model=IntentOut)
async def capture(
    intent_id: PathId, payload: AmountInput, key: IdempotencyKey, context: SandboxContext, _: Shop
) -> Response:
    done = await context.database.run(
        payments.capture,
        call=_call(intent_id, key, payload),
        amount=payload.amount,
        terms=context.terms(),
    )
    return await context.answered(done)


@router.post("/v1/intents/{intent_id}/cancel", response_model=IntentOut)
async def cancel(intent_id: PathId, context: SandboxContext, _: Shop) -> Any:
    """Absorbing; what is captured stays captured, and says so."""
    shown = await context.database.run(payments.cancel, intent_id=intent_id, terms=context.terms())
    context.tell()
    return shown


@router.post("/v1/intents/{intent_id}/refunds", response_model=RefundOut)
async def refund(
    intent_id: PathId, payload: AmountInput, key: IdempotencyKey, context: SandboxContext, _: Shop
) -> Response:
    answer = await context.database.run(
        payments.refund,
        call=_call(intent_id, key, payload),
        amount=payload.amount,
        terms=context.terms(),
    )
    context.tell()
    return answer.response()


@router.get("/v1/intents/{intent_id}", response_model=IntentOut)
async def get_intent(intent_id: PathId, context: SandboxContext, _: Shop) -> Any:
    intent = await context.database.read(books.get_intent, intent_id)
    return view(intent, context.public_url)


@router.get("/v1/intents", response_model=Page[IntentOut])
async def list_intents(
    query: Annotated[IntentQuery, FromQuery(IntentQuery)], context: SandboxContext, _: Shop
) -> Any:
    """In the order in which they were made."""
    since = query.created_after
    condition = intents.c.created_at >= since if since else true()
    rows, cursor = await _page(context, intents, condition, query, f"intents:{since}")
    shown = [view(books.intent_of(row), context.public_url) for row in rows]
    return {"items": shown, "next_cursor": cursor}


@router.get("/v1/ledger", response_model=Page[Entry])
async def list_ledger(
    query: Annotated[LedgerQuery, FromQuery(LedgerQuery)], context: SandboxContext, _: Shop
) -> Any:
    """Everything that was charged, voided and given back, in that order."""
    of = query.reference
    condition = ledger.c.reference == of if of is not None else true()
    rows, cursor = await _page(context, ledger, condition, query, f"ledger:{of}")
    shown = [{name: row._mapping[name] for name in Entry.model_fields} for row in rows]
    return {"items": shown, "next_cursor": cursor}


async def _page(
    context: Context, table: Table, condition: ColumnElement[bool], query: PageQuery, name: str
) -> tuple[list[Any], str | None]:
    """One page's rows, and the cursor of the next. Raises InvalidCursor."""
    after = context.cursors.decode(name, query.cursor)[0] if query.cursor else 0
    rows = await context.database.read(books.page, table, condition, after, query.limit)
    shown = list(rows[: query.limit])
    more = len(rows) > query.limit
    return shown, context.cursors.encode(name, [shown[-1].seq]) if more else None
