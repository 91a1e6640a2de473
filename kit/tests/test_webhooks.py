"""Signatures of webhooks; the example is the one of the standard's own libraries."""

from datetime import UTC, datetime, timedelta

import pytest

from shopkit.webhooks import WebhookSecret

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'
SIGNED = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
OTHER = "whsec_" + "A" * 32


def test_signatures_are_those_of_the_standard() -> None:
    made = WebhookSecret(SECRET).headers(SIGNED["webhook-id"], BODY, AT)
    assert made == SIGNED
    assert WebhookSecret(SECRET).has_signed(BODY, SIGNED, AT)


def test_names_of_headers_and_further_signatures_do_not_matter() -> None:
    headers = {name.title(): value for name, value in SIGNED.items()}
    headers["Webhook-Signature"] = f"v1,AAAA v2,BBBB {SIGNED['webhook-signature']}"
    assert WebhookSecret(SECRET).has_signed(BODY, headers, AT)


@pytest.mark.parametrize("seconds", [-301, 301, 86400])
def test_what_is_older_or_newer_than_five_minutes_is_not_ours(seconds: int) -> None:
    secret = WebhookSecret(SECRET)
    assert secret.has_signed(BODY, SIGNED, AT + timedelta(seconds=seconds / abs(seconds) * 300))
    assert not secret.has_signed(BODY, SIGNED, AT + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_other"},
        {"webhook-timestamp": "1614265331"},
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": "٣"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-signature": ""},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,é\ud800"},
        {"webhook-signature": SIGNED["webhook-signature"].replace("v1,", "v2,")},
        {"webhook-signature": SIGNED["webhook-signature"].replace("v1,", "v1, ")},
    ],
)
def test_changed_headers_are_not_signed(change: dict[str, str]) -> None:
    assert not WebhookSecret(SECRET).has_signed(BODY, SIGNED | change, AT)


def test_changed_bodies_missing_headers_and_other_secrets() -> None:
    secret = WebhookSecret(SECRET)
    assert not secret.has_signed(b'{"test":2432232314}', SIGNED, AT)
    for name in SIGNED:
        rest = {key: value for key, value in SIGNED.items() if key != name}
        assert not secret.has_signed(BODY, rest, AT)
    assert not WebhookSecret(OTHER).has_signed(BODY, SIGNED, AT)


@pytest.mark.parametrize(
    "text", ["", SECRET.removeprefix("whsec_"), "whsec_", "whsec_c2hvcnQ=", f"{SECRET}!"]
)
def test_a_weak_secret_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ValueError, match="whsec_ and the base64 of 24 bytes") as refused:
        WebhookSecret(text)
    assert not text.removeprefix("whsec_") or text not in str(refused.value)
    assert SECRET not in repr(WebhookSecret(SECRET))
