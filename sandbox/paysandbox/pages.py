"""The page on which a customer confirms or refuses a payment, as a bank's would be."""

from html import escape
from urllib.parse import parse_qs

from fastapi import Request, Response

from paysandbox import books, payments
from paysandbox.deps import SandboxContext
from paysandbox.domain import Intent, Status
from shopkit.app import PathId
from shopkit.auth import Public
from shopkit.errors import FieldError, Invalid
from shopkit.money import exponent
from shopkit.routing import new_router, read_body, require_media_type

router = new_router()
FORM = "application/x-www-form-urlencoded"
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{title} – payment sandbox</title>
</head>
<body>
<main>
<h1>{title}</h1>
<p>This is a sandbox that plays a bank: no money moves.</p>
<dl>
<dt>Amount</dt><dd>{amount}</dd>
<dt>For</dt><dd>{reference}</dd>
</dl>
{rest}
</main>
</body>
</html>
"""
QUESTION = """<form method="post">
<button name="action" value="confirm">Confirm the payment</button>
<button name="action" value="refuse">Refuse it</button>
</form>"""
TITLES = {
    Status.CREATED: "Not paid",
    Status.REQUIRES_ACTION: "Confirm your payment",
    Status.AUTHORIZED: "Payment confirmed",
    Status.CAPTURED: "Paid",
    Status.CANCELLED: "Payment cancelled",
}


@router.get("/pay/{intent_id}", include_in_schema=False)
async def show_payment(intent_id: PathId, context: SandboxContext, _: Public) -> Response:
    intent = await context.database.read(books.get_intent, intent_id)
    return Response(_page(intent), media_type="text/html")


@router.post("/pay/{intent_id}", include_in_schema=False)
async def decide_payment(
    intent_id: PathId, request: Request, context: SandboxContext, _: Public
) -> Response:
    """Then shows what came of it, so that loading the page again sends nothing again."""
    confirmed = await _confirmed(request)
    await context.database.run(
        payments.decide, intent_id=intent_id, confirmed=confirmed, terms=context.terms()
    )
    context.tell()
    return Response(status_code=303, headers={"Location": intent_id})


async def _confirmed(request: Request) -> bool:
    require_media_type(request, FORM)
    form = parse_qs((await read_body(request)).decode(errors="replace"))
    action = form.get("action")
    if action not in (["confirm"], ["refuse"]):
        detail = "Send `action=confirm` or `action=refuse`."
        raise Invalid(detail, errors=[FieldError("/action", "literal_error", detail)])
    return action == ["confirm"]


def _page(intent: Intent) -> str:
    done = "<p>You can go back to the shop.</p>"
    return PAGE.format(
        title=TITLES[intent.status],
        amount=_readable(intent.amount, intent.currency),
        reference=escape(intent.reference),
        rest=QUESTION if intent.status == Status.REQUIRES_ACTION else done,
    )


def _readable(amount: int, currency: str) -> str:
    digits = exponent(currency)
    whole, part = divmod(amount, 10**digits)
    return f"{whole}.{part:0{digits}d} {currency}" if digits else f"{whole} {currency}"
