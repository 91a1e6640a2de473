"""What the shop sends and gets. Amounts are minor units of the currency."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from paysandbox.domain import Kind, Status
from shopkit.money import MAX_AMOUNT
from shopkit.schemas import Currency, Id, Input, Limit, Line, Output, Timestamp

Amount = Annotated[int, Field(ge=1, le=MAX_AMOUNT * 1000)]


class IntentInput(Input):
    reference: Line
    amount: Amount
    currency: Currency


class TokenInput(Input):
    token: Annotated[str, Field(max_length=10_000)]


class AmountInput(Input):
    amount: Amount


class NextAction(Output):
    type: Literal["redirect"]
    url: str


class IntentOut(Output):
    id: Id
    reference: str
    status: Status
    amount: int
    currency: str
    captured: int
    refunded: int
    next_action: NextAction | None
    decline: Annotated[str | None, Field(description="Why the last authorization failed.")]
    created_at: Timestamp


class RefundOut(Output):
    id: Id
    status: Literal["succeeded"]
    amount: int


class Entry(Output):
    """One row of the ledger."""

    intent: Id
    reference: str
    kind: Kind
    amount: int
    currency: str
    key: Annotated[str | None, Field(description="null: cancelled, or confirmed on the page.")]
    at: Timestamp


class PageQuery(Input):
    limit: Limit = 100
    cursor: str | None = None


class IntentQuery(PageQuery):
    created_after: Annotated[
        AwareDatetime | None, Field(strict=False, description="RFC 3339; that moment included.")
    ] = None


class LedgerQuery(PageQuery):
    reference: str | None = None
