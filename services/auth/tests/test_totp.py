"""Codes of authenticator apps, recovery codes, and sealed secrets."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from auth.recovery_codes import code_hash, is_recovery_code, new_codes
from auth.secret_box import SecretBox
from auth.totp import app_uri, code_at, find_step, new_secret, shown_secret, step_at

SECRET = b"12345678901234567890"
NOW = datetime(2026, 11, 26, 12, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    """Its table has eight digits, of which apps show the last six."""
    step = step_at(datetime.fromtimestamp(seconds, UTC))
    assert code_at(SECRET, step) == code[-6:]


@pytest.mark.parametrize(("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, True)])
def test_a_code_may_be_one_step_early_or_late(steps: int, accepted: bool) -> None:
    step = step_at(NOW) + steps
    found = find_step(SECRET, code_at(SECRET, step), now=NOW, after=None)
    assert found == (step if accepted else None)
    assert find_step(SECRET, code_at(SECRET, step_at(NOW) + 2), now=NOW, after=None) is None


def test_no_code_counts_that_is_not_later_than_the_last() -> None:
    step = step_at(NOW)
    for steps in (-1, 0):
        code = code_at(SECRET, step + steps)
        assert find_step(SECRET, code, now=NOW, after=step) is None
    assert find_step(SECRET, code_at(SECRET, step + 1), now=NOW, after=step) == step + 1


def test_a_clock_that_was_put_back_revives_no_code() -> None:
    step = step_at(NOW)
    past = NOW - timedelta(seconds=30)
    for steps in (-2, -1, 0):
        assert find_step(SECRET, code_at(SECRET, step + steps), now=past, after=step) is None


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "１２３４５６", "é", "\0" * 6])
def test_what_is_no_code_is_wrong(typed: str) -> None:
    assert find_step(SECRET, typed, now=NOW, after=None) is None


def test_a_code_may_be_typed_with_a_space() -> None:
    code = code_at(SECRET, step_at(NOW))
    typed = f" {code[:3]} {code[3:]}"
    assert find_step(SECRET, typed, now=NOW, after=None) == step_at(NOW)


def test_apps_read_the_secret_from_the_uri() -> None:
    secret = new_secret()
    uri = urlsplit(app_uri(secret, account="ada+x@example.com", shop_name="Ada & Co"))
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert uri.path == "/Ada%20%26%20Co:ada%2Bx%40example.com"
    query = {name: values[0] for name, values in parse_qs(uri.query).items()}
    assert query == {
        "secret": shown_secret(secret),
        "issuer": "Ada & Co",
        "algorithm": "SHA1",
        "digits": "6",
        "period": "30",
    }
    assert len(secret) == 20


def test_recovery_codes_are_read_however_they_are_spelled() -> None:
    codes = new_codes()
    assert len(set(codes)) == 10
    for code in codes:
        plain = code.replace("-", "")
        assert len(plain) == 24
        looks_so = plain.replace("0", "O").replace("1", "l")
        for typed in (code, code.upper(), plain, f" {code} ", looks_so):
            assert is_recovery_code(typed)
            assert code_hash(typed) == code_hash(code)
        for typed in (code[:-1], code + "0", code[:-1] + "u", "", "287082", "é" * 24):
            assert not is_recovery_code(typed)


def test_a_sealed_secret_opens_for_its_owner_and_key_only() -> None:
    box = SecretBox("s" * 40)
    sealed = box.seal(SECRET, owner="ada")
    assert box.open(sealed, owner="ada") == SECRET
    assert box.open(sealed, owner="eve") is None
    assert SecretBox("t" * 40).open(sealed, owner="ada") is None
    assert box.seal(SECRET, owner="ada") != sealed
