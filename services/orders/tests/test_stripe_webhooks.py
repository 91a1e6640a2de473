"""Stripe's webhooks: the signature is over the body as it came (G1)."""

import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from pydantic import SecretStr

from orders.clients.provider import Event, Intent, IntentStatus
from orders.clients.stripe_api import StripeProvider
from orders.errors import InvalidSignature

API_KEY, WEBHOOK_SECRET = "sk_test_of_the_tests", "whsec_of_the_tests"


@pytest.fixture
def provider() -> StripeProvider:
    return StripeProvider(SecretStr(API_KEY), SecretStr(WEBHOOK_SECRET))


def signed(body: bytes, secret: str = WEBHOOK_SECRET, *, age: int = 0) -> dict[str, str]:
    """As docs.stripe.com/webhooks says, not by the SDK's hand."""
    now = int(time.time()) - age
    digest = hmac.new(secret.encode(), b"%d.%s" % (now, body), hashlib.sha256).hexdigest()
    return {"stripe-signature": f"t={now},v1={digest}"}


def event(type_: str, about: dict[str, Any], *, live: bool = True) -> bytes:
    found = {
        "id": "evt_1",
        "object": "event",
        "type": type_,
        "livemode": live,
        "data": {"object": about},
    }
    return json.dumps(found, indent=2).encode()


@pytest.mark.parametrize(
    ("key", "live"),
    [("sk_live_x", True), ("rk_live_x", True), ("sk_test_x", False), ("rk_test_x", False)],
)
def test_the_key_tells_test_from_live(key: str, live: bool) -> None:
    assert StripeProvider(SecretStr(key), SecretStr(WEBHOOK_SECRET)).live is live


INTENT = {
    "id": "pi_1",
    "object": "payment_intent",
    "status": "succeeded",
    "amount": 1999,
    "amount_received": 1999,
    "currency": "usd",
    "metadata": {"reference": "order-1"},
    "latest_charge": "ch_1",
}
CHARGE = {
    "id": "ch_1",
    "object": "charge",
    "captured": True,
    "amount": 1999,
    "amount_captured": 1999,
    "amount_refunded": 500,
    "currency": "usd",
    "metadata": {"reference": "order-1"},
    "payment_intent": "pi_1",
}
PAID = Intent(
    id="pi_1",
    reference="order-1",
    status=IntentStatus.CAPTURED,
    amount=1999,
    currency="USD",
    captured=1999,
)


def test_an_intent_comes_with_its_event(provider: StripeProvider) -> None:
    body = event("payment_intent.succeeded", INTENT)
    found = provider.event(body, signed(body))
    assert found == Event("evt_1", "payment_intent.succeeded", PAID, live=True)


def test_a_refund_comes_with_what_was_given_back(provider: StripeProvider) -> None:
    body = event("charge.refunded", CHARGE, live=False)
    found = provider.event(body, signed(body))
    assert found.intent is not None and not found.live
    assert (found.intent.id, found.intent.captured, found.intent.refunded) == ("pi_1", 1999, 500)


@pytest.mark.parametrize(
    "about",
    [
        {"id": "cus_1", "object": "customer"},
        INTENT | {"metadata": {}},
        CHARGE | {"metadata": {}},
        CHARGE | {"captured": False},
        CHARGE | {"payment_intent": None},
    ],
)
def test_what_is_about_no_payment_of_ours_has_no_intent(
    provider: StripeProvider, about: dict[str, Any]
) -> None:
    body = event("anything.happened", about)
    assert provider.event(body, signed(body)).intent is None


def test_one_of_two_signatures_is_enough(provider: StripeProvider) -> None:
    """While the endpoint's secret is being changed, Stripe signs with both."""
    body = event("payment_intent.succeeded", INTENT)
    mark = signed(body)["stripe-signature"]
    when, _, ours = mark.partition(",")
    assert provider.event(body, {"stripe-signature": f"{when},v1={'0' * 64},{ours}"}).id == "evt_1"


BODY = event("payment_intent.succeeded", INTENT)
AGAIN = json.dumps(json.loads(BODY)).encode()


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param(BODY, {}, id="missing"),
        pytest.param(BODY, {"stripe-signature": ""}, id="empty"),
        pytest.param(BODY, {"stripe-signature": "t=now,v1=x"}, id="malformed"),
        pytest.param(BODY, {"stripe-signature": f"t={int(time.time())},v1=ä"}, id="not-ascii"),
        pytest.param(BODY, signed(BODY, "whsec_of_another_endpoint"), id="other-endpoint"),
        pytest.param(BODY, signed(BODY, ""), id="empty-secret"),
        pytest.param(BODY, signed(BODY, age=330), id="stale"),
        pytest.param(AGAIN, signed(BODY), id="re-serialised"),
        pytest.param(BODY.replace(b"1999", b"1"), signed(BODY), id="changed"),
        pytest.param(BODY + b"\n", signed(BODY), id="longer"),
        pytest.param(b"\xff\xfe", signed(b"\xff\xfe"), id="not-utf-8"),
        pytest.param(b"no json", signed(b"no json"), id="not-json"),
    ],
)
def test_g1_what_is_not_signed_as_agreed_is_refused(
    provider: StripeProvider, body: bytes, headers: dict[str, str]
) -> None:
    with pytest.raises(InvalidSignature) as refused:
        provider.event(body, headers)
    assert WEBHOOK_SECRET not in repr(refused.value)


def test_a_signature_is_good_for_five_minutes(provider: StripeProvider) -> None:
    assert provider.event(BODY, signed(BODY, age=270)).id == "evt_1"
