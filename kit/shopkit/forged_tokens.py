"""For tests: access tokens that nobody may accept, made of a valid one (threats A1 to A9)."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shopkit.auth import MAX_TOKEN

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
CANARY = "http://127.0.0.1:9/"
"""Nobody may ask there for a key."""


def forgeries(token: str, jwk: dict[str, Any]) -> dict[str, str]:
    """By name; `jwk` is the public key that `token` is verified with. Needs no private key."""
    return {
        **_without_signature(token),
        **_signed_with_the_public_key(token, jwk),
        **_with_foreign_keys(token),
        **_with_strange_signatures(token),
        **_malformed(token),
    }


def wrong_claims(claims: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By name: what a good key may have signed and is refused all the same; `claims` are good."""
    now, issuer, audience = claims["iat"], claims["iss"], claims["aud"]
    return {
        "a5_expired": {**claims, "exp": now - 3600},
        "a5_not_yet": {**claims, "nbf": now + 3600},
        "a5_issued_in_the_future": {**claims, "iat": now + 3600},
        "a5_exp_missing": {name: value for name, value in claims.items() if name != "exp"},
        "a5_exp_text": {**claims, "exp": str(now + 600)},
        "a5_exp_infinite": {**claims, "exp": float("inf")},
        "a5_exp_beyond_64_bits": {**claims, "exp": 2**64},
        "a5_exp_null": {**claims, "exp": None},
        "a5_exp_list": {**claims, "exp": [now + 600]},
        "a6_iss_prefix": {**claims, "iss": issuer[:-1]},
        "a6_iss_suffix": {**claims, "iss": f"{issuer}.example"},
        "a6_iss_list": {**claims, "iss": [issuer]},
        "a6_iss_missing": {name: value for name, value in claims.items() if name != "iss"},
        "a6_aud_wrong": {**claims, "aud": "another-api"},
        "a6_aud_list": {**claims, "aud": [audience, "another-api"]},
        "a6_aud_missing": {name: value for name, value in claims.items() if name != "aud"},
        "a7_service_token": {**claims, "aud": "shop-internal", "sub": "orders"},
    }


def signed(claims: dict[str, Any], key: ec.EllipticCurvePrivateKey, **header: Any) -> str:
    """Signs what PyJWT refuses to, too."""
    parts = ({"alg": "ES256", "typ": "at+jwt", **header}, claims)
    return _sign(".".join(_encode(json.dumps(part).encode()) for part in parts), key)


def twin(token: str) -> str:
    """The same token with the other valid signature, n - s: accepted, and without meaning."""
    head, body, signature = token.split(".")
    raw = _decode(signature)
    other = P256_ORDER - int.from_bytes(raw[32:], "big")
    return f"{head}.{body}.{_encode(raw[:32] + other.to_bytes(32, 'big'))}"


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _with_header(token: str, **changes: Any) -> str:
    """Header and body, as they are signed."""
    head, body, _ = token.split(".")
    header = {**json.loads(_decode(head)), **changes}
    return f"{_encode(json.dumps(header).encode())}.{body}"


def _without_signature(token: str) -> dict[str, str]:
    names = ("none", "None", "nOnE", "NONE", "")
    unsigned = {f"a1_alg_{name or 'empty'}": _with_header(token, alg=name) + "." for name in names}
    signature = token.rpartition(".")[2]
    kept = {f"{name}_signed": f"{text}{signature}" for name, text in unsigned.items()}
    return {**unsigned, **kept, "a1_empty_signature": token.rpartition(".")[0] + "."}


def _signed_with_the_public_key(token: str, jwk: dict[str, Any]) -> dict[str, str]:
    public = jwt.PyJWK(jwk, algorithm="ES256").key
    info = PublicFormat.SubjectPublicKeyInfo
    pem = public.public_bytes(Encoding.PEM, info)
    secrets = {
        "pem": pem,
        "pem_stripped": pem.strip(),
        "der": public.public_bytes(Encoding.DER, info),
        "point": public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        "jwk": json.dumps(jwk).encode(),
        "jwk_compact": json.dumps(jwk, separators=(",", ":")).encode(),
    }
    text = _with_header(token, alg="HS256")
    return {
        f"a2_hs256_{name}": f"{text}.{_encode(hmac.digest(secret, text.encode(), 'sha256'))}"
        for name, secret in secrets.items()
    }


def _with_foreign_keys(token: str) -> dict[str, str]:
    own = ec.generate_private_key(ec.SECP256R1())
    members = jwt.algorithms.ECAlgorithm.to_jwk(own.public_key(), as_dict=True)
    headers: dict[str, dict[str, Any]] = {
        "a3_kid_path": {"kid": "../../dev/null"},
        "a3_kid_sql": {"kid": "' UNION SELECT 'key' --"},
        "a3_kid_number": {"kid": 1},
        "a3_kid_list": {"kid": ["a"]},
        "a3_kid_null": {"kid": None},
        "a3_kid_long": {"kid": "k" * 10_000},
        "a3_kid_real": {},
        "a4_jwk": {"jwk": members},
        "a4_jwk_kid": {"jwk": {**members, "kid": "mine"}, "kid": "mine"},
        "a4_jku": {"jku": f"{CANARY}jwks.json", "kid": "mine"},
        "a4_x5u": {"x5u": f"{CANARY}cert.pem"},
        "a4_x5c": {"x5c": ["AAAA"]},
        "a4_crit": {"crit": ["exp"]},
        "a4_b64": {"b64": False, "crit": ["b64"]},
        "a7_typ_jwt": {"typ": "JWT"},
        "a7_typ_missing": {"typ": None},
    }
    return {name: _sign(_with_header(token, **more), own) for name, more in headers.items()}


def _sign(text: str, key: ec.EllipticCurvePrivateKey, algorithm: str = "ES256") -> str:
    signature = jwt.get_algorithm_by_name(algorithm).sign(text.encode(), key)
    return f"{text}.{_encode(signature)}"


def _with_strange_signatures(token: str) -> dict[str, str]:
    text, _, signature = token.rpartition(".")
    raw = _decode(signature)
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    p384 = ec.generate_private_key(ec.SECP384R1())
    strange = {
        "a8_zero": bytes(64),
        "a8_order": P256_ORDER.to_bytes(32, "big") * 2,
        "a8_der": encode_dss_signature(r, s),
        "a8_longer": raw + b"\0",
        "a8_digest": hashlib.sha512(raw).digest(),
    }
    return {
        **{name: f"{text}.{_encode(forged)}" for name, forged in strange.items()},
        "a8_p384": _sign(_with_header(token, alg="ES384"), p384, "ES384"),
        "a8_p384_as_es256": f"{text}.{_sign(text, p384, 'ES384').rpartition('.')[2]}",
    }


def _malformed(token: str) -> dict[str, str]:
    head, body, signature = token.split(".")
    return {
        "a7_opaque": "m2nXq0c7Jb1T0c3rN9d2wqZ4e5uY6i7o8pA1sD3fG5h",
        "a9_long": token + "A" * MAX_TOKEN,
        "a9_megabyte": "A" * 1_000_000,
        "a9_dots": "." * 10_000,
        "a9_two_parts": f"{head}.{body}",
        "a9_four_parts": f"{token}.{signature}",
        "a9_padding": f"{head}=.{body}.{signature}",
        "a9_not_base64": f"{head}.{body}!.{signature}",
        "a9_nested": f"{_encode(b'[' * 5000)}.{body}.{signature}",
        "a9_header_list": f"{_encode(b'[]')}.{body}.{signature}",
        "a9_body_text": f"{head}.{_encode(b'text')}.{signature}",
    }
