"""What Stripe's objects mean, and how it counts money."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.clients.provider import IntentStatus, RefundStatus
from orders.clients.stripe_amounts import (
    LAST_DIGIT_ZERO,
    NotRepresentable,
    from_stripe,
    to_stripe,
)
from orders.clients.stripe_objects import decline_word, intent_from, refund_status
from shopkit.currencies import EXPONENTS
from shopkit.money import exponent

WHOLE = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
THREE = "BHD JOD KWD OMR TND"
STRIPE_DIGITS = dict.fromkeys(WHOLE.split(), 0) | dict.fromkeys(THREE.split(), 3)
"""Digits of the amounts in Stripe's API; two for all others, ISK too."""
NOT_CHARGED = {"UGX", "IQD", "LYD"}
AMOUNTS = st.integers(min_value=1, max_value=10**12)
CURRENCIES = st.sampled_from(sorted(EXPONENTS))


@given(AMOUNTS, CURRENCIES)
def test_an_amount_is_the_same_money_at_stripe_or_refused(amount: int, currency: str) -> None:
    digits = STRIPE_DIGITS.get(currency, 2)
    try:
        sent = to_stripe(amount, currency)
    except NotRepresentable:
        whole = amount * 10**digits % 10 ** exponent(currency) == 0
        assert currency in NOT_CHARGED or not whole or (digits == 3 and amount % 10)
    else:
        assert currency not in NOT_CHARGED
        assert sent * 10 ** exponent(currency) == amount * 10**digits
        assert from_stripe(sent, currency) == amount


@given(AMOUNTS, st.sampled_from(sorted(set(EXPONENTS) - NOT_CHARGED)))
def test_whole_units_of_every_currency_can_be_charged(units: int, currency: str) -> None:
    sent = to_stripe(units * 10 ** exponent(currency), currency)
    assert sent == units * 10 ** STRIPE_DIGITS.get(currency, 2)
    if currency in LAST_DIGIT_ZERO:
        assert sent % 10 == 0


@pytest.mark.parametrize(
    ("ours", "currency", "stripes"),
    [
        (1000, "USD", 1000),
        (500, "JPY", 500),
        (5, "ISK", 500),
        (500, "MGA", 5),
        (5120, "KWD", 5120),
        (1045, "HUF", 1045),
        (80045, "TWD", 80045),
    ],
)
def test_the_examples_of_stripes_page(ours: int, currency: str, stripes: int) -> None:
    assert to_stripe(ours, currency) == stripes
    assert from_stripe(stripes, currency) == ours


@pytest.mark.parametrize(
    ("amount", "currency"),
    [(5124, "KWD"), (150, "MGA"), (500, "UGX"), (1000, "IQD"), (1, "XXX")],
)
def test_what_stripe_cannot_charge_exactly_is_refused(amount: int, currency: str) -> None:
    with pytest.raises(NotRepresentable):
        to_stripe(amount, currency)


def test_a_fraction_of_a_krona_is_no_amount_of_ours() -> None:
    with pytest.raises(NotRepresentable):
        from_stripe(550, "ISK")


@pytest.mark.parametrize(
    ("code", "decline_code", "word"),
    [
        ("card_declined", "insufficient_funds", "insufficient_funds"),
        ("card_declined", "generic_decline", "card_declined"),
        ("card_declined", "authentication_required", "authentication_failed"),
        ("card_declined", None, "card_declined"),
        ("expired_card", None, "expired_card"),
        ("incorrect_cvc", None, "card_declined"),
        ("authentication_required", None, "authentication_failed"),
        ("payment_intent_authentication_failure", None, "authentication_failed"),
        ("resource_missing", None, "invalid_token"),
        ("processing_error", None, "other"),
        (None, None, "other"),
    ],
)
def test_why_a_payment_was_declined(code: str | None, decline_code: str | None, word: str) -> None:
    assert decline_word({"code": code, "decline_code": decline_code}) == word


def intent(status: str, **more: Any) -> dict[str, Any]:
    return {
        "id": "pi_1",
        "status": status,
        "amount": 1999,
        "currency": "usd",
        "client_secret": "pi_1_secret",
        "metadata": {"reference": "order-1"},
        **more,
    }


@pytest.mark.parametrize(
    ("status", "ours"),
    [
        ("requires_payment_method", IntentStatus.CREATED),
        ("requires_confirmation", IntentStatus.CREATED),
        ("processing", IntentStatus.CREATED),
        ("requires_action", IntentStatus.REQUIRES_ACTION),
        ("requires_capture", IntentStatus.AUTHORIZED),
        ("succeeded", IntentStatus.CAPTURED),
        ("canceled", IntentStatus.CANCELLED),
    ],
)
def test_an_intents_status(status: str, ours: IntentStatus) -> None:
    assert intent_from(intent(status)).status is ours


def test_a_decline_counts_until_another_attempt() -> None:
    failed = {"code": "card_declined", "decline_code": "insufficient_funds"}
    declined = intent_from(intent("requires_payment_method", last_payment_error=failed))
    assert declined.decline == "insufficient_funds"
    assert intent_from(intent("requires_capture", last_payment_error=failed)).decline is None


def test_what_the_customer_must_do() -> None:
    redirect = {"type": "redirect_to_url", "redirect_to_url": {"url": "https://bank.example/3ds"}}
    assert intent_from(intent("requires_action", next_action=redirect)).next_action == {
        "type": "redirect",
        "url": "https://bank.example/3ds",
    }
    assert intent_from(
        intent("requires_action", next_action={"type": "use_stripe_sdk"})
    ).next_action == {"type": "stripe_sdk", "client_secret": "pi_1_secret"}
    assert intent_from(intent("requires_capture", next_action=None)).next_action is None


def test_money_that_was_held_and_not_taken_is_not_given_back() -> None:
    charge = {"captured": True, "amount": 1999, "amount_captured": 1500, "amount_refunded": 499}
    found = intent_from(intent("succeeded", amount_received=1500, latest_charge=charge))
    assert (found.captured, found.refunded) == (1500, 0)
    charge["amount_refunded"] += 300
    found = intent_from(intent("succeeded", amount_received=1500, latest_charge=charge))
    assert (found.captured, found.refunded) == (1500, 300)
    voided = charge | {"captured": False, "amount_refunded": 1999}
    assert intent_from(intent("canceled", latest_charge=voided)).refunded == 0


@pytest.mark.parametrize(
    ("status", "ours"),
    [
        ("succeeded", RefundStatus.SUCCEEDED),
        ("pending", RefundStatus.PENDING),
        ("requires_action", RefundStatus.PENDING),
        ("failed", RefundStatus.FAILED),
        ("canceled", RefundStatus.FAILED),
    ],
)
def test_a_refunds_status(status: str, ours: RefundStatus) -> None:
    assert refund_status({"status": status}) is ours
