"""What Stripe's errors mean: a definite no, or an outcome that nobody knows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import stripe

from orders.clients.calling import DEADLINE
from orders.clients.stripe_objects import decline_word
from orders.errors import PaymentDeclined
from shopkit.errors import Unavailable
from shopkit.logs import get_logger

log = get_logger()
Refused = (stripe.InvalidRequestError, stripe.CardError)
"""A definite no, or to something that was done already."""


@asynccontextmanager
async def answering(call: str) -> AsyncIterator[None]:
    """Within DEADLINE. Lets `Refused` pass; whatever leaves the outcome open is Unavailable.

    What Stripe writes about a wrong key has a part of the key in it, so no message is logged.
    """
    try:
        async with asyncio.timeout(DEADLINE):
            yield
    except Refused:
        raise
    except (stripe.AuthenticationError, stripe.PermissionError) as exc:
        log.error("stripe_refuses_our_key", call=call, status=exc.http_status)
        raise Unavailable("The payment provider does not answer us.") from None
    except (stripe.StripeError, aiohttp.ClientError, TimeoutError) as exc:
        status = getattr(exc, "http_status", None)
        log.warning("stripe_unavailable", call=call, reason=type(exc).__name__, status=status)
        raise Unavailable("The payment provider does not answer.") from None


def declined(exc: stripe.StripeError) -> PaymentDeclined:
    error = exc.error.to_dict() if exc.error else {}
    detail = "Try another card."
    if not isinstance(exc, stripe.CardError):
        detail = f"The payment provider does not accept this payment ({code_of(exc)})."
    return PaymentDeclined(detail, decline_code=decline_word(error))


def code_of(exc: Exception) -> str:
    return getattr(exc, "code", None) or type(exc).__name__
