"""Signing keys: made once, kept to ourselves, rotated under way."""

import asyncio
import base64
import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from auth.key_files import KeyProblem, read_keys, write_key
from auth.key_ring import OVERLAP, RETIREMENT, KeyRing, create_key, rotate_key
from auth.main import build
from auth.settings import AuthSettings
from auth.worker import Sweeper
from shopkit.clock import FrozenClock
from shopkit.jwks import MIN_SECONDS_BETWEEN_FETCHES, REFRESH_SECONDS, parse_jwks
from shopkit.testing import running

pytestmark = pytest.mark.anyio
JWKS = "/api/auth/.well-known/jwks.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ring"


def ring_of(folder: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> KeyRing:
    """Looks at its folder at every use."""
    monkeypatch.setattr("auth.key_ring.SECONDS_BETWEEN_LOOKS", 0)
    ring = KeyRing(folder, clock)
    ring.load()
    return ring


def test_a_key_is_made_once_and_for_nobody_else(folder: Path, clock: FrozenClock) -> None:
    first = create_key(folder, clock.now())
    assert create_key(folder, clock.now()).kid == first.kid
    assert [path.name for path in folder.iterdir()] == ["0001.pem"]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "0001.pem").stat().st_mode & 0o777 == 0o600


def test_a_key_is_private_whatever_the_umask(folder: Path, clock: FrozenClock) -> None:
    before = os.umask(0)
    try:
        create_key(folder, clock.now())
    finally:
        os.umask(before)
    read_keys(folder)


def test_many_starts_at_once_make_one_key(folder: Path, clock: FrozenClock) -> None:
    with ThreadPoolExecutor(16) as threads:
        kids = {
            key.kid for key in threads.map(lambda _: create_key(folder, clock.now()), range(32))
        }
    assert len(kids) == 1
    assert [path.name for path in folder.iterdir()] == ["0001.pem"]


def test_many_rotations_at_once_make_one_key(folder: Path, clock: FrozenClock) -> None:
    create_key(folder, clock.now())
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda _: rotate_key(folder, clock.now()), range(32)))
    assert sorted(path.name for path in folder.iterdir()) == ["0001.pem", "0002.pem"]


def test_the_kid_is_the_thumbprint_of_rfc_7638(folder: Path, clock: FrozenClock) -> None:
    jwk = create_key(folder, clock.now()).jwk
    text = f'{{"crv":"P-256","kty":"EC","x":"{jwk["x"]}","y":"{jwk["y"]}"}}'
    digest = hashlib.sha256(text.encode()).digest()
    assert base64.urlsafe_b64decode(jwk["kid"] + "=") == digest


def private_pem(key: Any, password: bytes | None = None) -> bytes:
    protection = BestAvailableEncryption(password) if password else NoEncryption()
    return bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection))


def p256() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "damaged"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "damaged"),
        (b"Active-From: soon\n" + private_pem(p256()), "damaged"),
        (b"Active-From: 2026-01-01T00:00:00\n" + private_pem(p256()), "damaged"),
        (private_pem(p256(), b"secret"), "damaged"),
        (private_pem(ec.generate_private_key(ec.SECP384R1())), "not a P-256 key"),
        (private_pem(ec.generate_private_key(ec.SECP256K1())), "not a P-256 key"),
        (private_pem(rsa.generate_private_key(65537, 2048)), "not a P-256 key"),
    ],
    ids=["empty", "truncated", "no date", "no zone", "encrypted", "P-384", "secp256k1", "RSA"],
)
def test_a18_unusable_keys_are_refused(
    folder: Path, clock: FrozenClock, content: bytes, complaint: str
) -> None:
    create_key(folder, clock.now())
    (folder / "0001.pem").write_bytes(content)
    with pytest.raises(KeyProblem, match=f"0001.pem.* {complaint}"):
        KeyRing(folder, clock).load()


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o755])
def test_a18_a_folder_that_others_may_use_is_refused(
    folder: Path, clock: FrozenClock, mode: int
) -> None:
    create_key(folder, clock.now())
    folder.chmod(mode)
    for use in (KeyRing(folder, clock).load, lambda: create_key(folder, clock.now())):
        with pytest.raises(KeyProblem, match="chmod 700"):
            use()


def test_a18_a_key_that_others_may_read_is_refused(folder: Path, clock: FrozenClock) -> None:
    create_key(folder, clock.now())
    (folder / "0001.pem").chmod(0o640)
    with pytest.raises(KeyProblem, match="chmod 600"):
        KeyRing(folder, clock).load()


def test_a18_without_keys_there_is_no_start(folder: Path, clock: FrozenClock) -> None:
    with pytest.raises(KeyProblem, match="does not exist: run `shop-auth create-key`"):
        KeyRing(folder, clock).load()
    folder.mkdir(mode=0o700)
    with pytest.raises(KeyProblem, match="no key in"):
        KeyRing(folder, clock).load()
    with pytest.raises(KeyProblem, match="AUTH_KEYS_DIR is not set"):
        KeyRing(None, clock).load()


async def test_a18_the_service_refuses_to_start(settings: AuthSettings) -> None:
    assert settings.keys_dir
    (settings.keys_dir / "0001.pem").chmod(0o644)
    with pytest.raises(KeyProblem):
        async with running(build(settings)):
            pytest.fail("it started")


def test_a_key_of_ones_own_signs_at_once(folder: Path, clock: FrozenClock) -> None:
    folder.mkdir(mode=0o700)
    (folder / "0007.pem").write_bytes(private_pem(p256()))
    (folder / "0007.pem").chmod(0o600)
    ring = KeyRing(folder, clock)
    ring.load()
    assert ring.signing_key().number == 7
    assert rotate_key(folder, clock.now()).number == 8


async def test_jwks_is_public_and_cacheable(auth: Any) -> None:
    answer = await auth.public.get(JWKS)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert [key.keys() for key in answer.json()["keys"]] == [
        {"kty", "crv", "x", "y", "kid", "alg", "use"}
    ]
    assert "d" not in answer.json()["keys"][0]
    again = await auth.public.get(JWKS, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert again.headers["cache-control"] == "public, max-age=300"
    assert (await auth.internal.get("/internal/jwks.json")).json() == answer.json()


def test_a20_the_overlap_exceeds_every_cache() -> None:
    max_age = 300
    assert OVERLAP.total_seconds() > REFRESH_SECONDS + MIN_SECONDS_BETWEEN_FETCHES + max_age


def test_a20_a_new_key_is_published_before_it_signs(
    folder: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = create_key(folder, clock.now())
    ring = ring_of(folder, clock, monkeypatch)
    new = rotate_key(folder, clock.now())
    assert rotate_key(folder, clock.now()).kid == new.kid  # it waits already
    assert set(parse_jwks(ring.jwks())) == {old.kid, new.kid}
    clock.advance(seconds=OVERLAP.total_seconds() - 2)
    assert ring.signing_key().kid == old.kid
    clock.advance(seconds=3)
    assert ring.signing_key().kid == new.kid


async def test_a20_an_old_key_stays_until_its_tokens_are_over(
    folder: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = create_key(folder, clock.now())
    ring = ring_of(folder, clock, monkeypatch)
    new = rotate_key(folder, clock.now())
    clock.advance(seconds=(OVERLAP + RETIREMENT).total_seconds() - 2)
    assert await ring.find_key(old.kid) is not None
    ring.remove_retired()
    assert [key.kid for key in read_keys(folder)] == [old.kid, new.kid]
    clock.advance(seconds=3)
    assert await ring.find_key(old.kid) is None
    ring.remove_retired()
    assert [path.name for path in folder.iterdir()] == ["0002.pem"]
    assert set(parse_jwks(ring.jwks())) == {new.kid}
    assert rotate_key(folder, clock.now()).number == 3


async def test_a20_rotation_under_way_refuses_nobody(
    auth: Any,
    signed_in: Any,
    settings: AuthSettings,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """64 clients work while a key is added, begins to sign, and the old one is retired."""
    monkeypatch.setattr("auth.key_ring.SECONDS_BETWEEN_LOOKS", 0)
    assert settings.keys_dir
    pairs = await asyncio.gather(*(auth.log_in() for _ in range(8)))
    tokens = [pairs[n % 8]["access_token"] for n in range(64)]
    rotate_key(settings.keys_dir, clock.now())
    for pause in (timedelta(0), OVERLAP, RETIREMENT - timedelta(seconds=9)):
        clock.advance(seconds=pause.total_seconds())
        auth.service.public.state.verifier._known.clear()
        answers = await asyncio.gather(*(auth.me(token) for token in tokens))
        assert {answer.status_code for answer in answers} == {200}
    kid = jwt.get_unverified_header((await auth.log_in())["access_token"])["kid"]
    assert kid == read_keys(settings.keys_dir)[-1].kid


def test_a20_the_running_service_notices_without_a_restart(
    folder: Path, clock: FrozenClock
) -> None:
    create_key(folder, clock.now())
    ring = KeyRing(folder, clock)
    ring.load()
    new = rotate_key(folder, clock.now())
    deadline = time.monotonic() + 10
    while len(ring.published()) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert ring.published()[-1].kid == new.kid


def test_a_key_that_becomes_unusable_does_not_stop_the_running_service(
    folder: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = create_key(folder, clock.now())
    ring = ring_of(folder, clock, monkeypatch)
    write_key(folder, 2, clock.now())
    (folder / "0002.pem").write_bytes(b"damaged")
    assert ring.signing_key().kid == key.kid
    folder.rename(folder.with_name("gone"))
    assert ring.signing_key().kid == key.kid


async def test_a20_the_only_key_is_replaced_when_it_is_deleted(
    auth: Any, signed_in: Any, settings: AuthSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a theft: what the stolen key has signed, or will sign, is refused."""
    monkeypatch.setattr("auth.key_ring.SECONDS_BETWEEN_LOOKS", 0)
    assert settings.keys_dir
    stolen = read_keys(settings.keys_dir)[0]
    old = (await auth.log_in())["access_token"]
    (settings.keys_dir / "0001.pem").unlink()
    (published,) = (await auth.public.get(JWKS)).json()["keys"]
    assert published["kid"] != stolen.kid
    new = (await auth.log_in())["access_token"]
    assert jwt.get_unverified_header(new)["kid"] == published["kid"]
    auth.service.public.state.verifier._known.clear()
    assert (await auth.me(new)).status_code == 200
    assert (await auth.me(old)).status_code == 401


def test_a_deleted_key_is_replaced_as_soon_as_the_disk_lets_it_be(
    folder: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stolen = create_key(folder, clock.now())
    ring = ring_of(folder, clock, monkeypatch)
    (folder / f"{stolen.number:04}.pem").unlink()
    with monkeypatch.context() as disk:
        disk.setattr("auth.key_files.os.fsync", Mock(side_effect=OSError(28, "disk full")))
        assert ring.signing_key().kid == stolen.kid
        assert list(folder.iterdir()) == []
    assert ring.signing_key().kid != stolen.kid


def test_a_stolen_key_stops_signing_before_its_successor_would_begin(
    folder: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_key(folder, clock.now())
    ring = ring_of(folder, clock, monkeypatch)
    new = rotate_key(folder, clock.now())
    (folder / "0001.pem").unlink()
    assert ring.signing_key().kid == new.kid
    assert set(parse_jwks(ring.jwks())) == {new.kid}


async def test_the_sweeper_survives_a_folder_that_it_may_not_change(
    auth: Any, settings: AuthSettings, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auth.key_ring.SECONDS_BETWEEN_LOOKS", 0)
    assert settings.keys_dir
    rotate_key(settings.keys_dir, clock.now())
    clock.advance(days=1)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("read-only file system")

    monkeypatch.setattr(Path, "unlink", refuse)
    await Sweeper(auth.database, auth.service.public.state.keys, clock).drain()
    assert len(auth.service.public.state.keys.published()) == 1
