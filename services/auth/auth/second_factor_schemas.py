"""What clients send and get about their second factor."""

from typing import Annotated

from pydantic import Field

from auth.schemas import OneTimeCode, Password
from shopkit.schemas import Input, Output, Timestamp


class PasswordProof(Input):
    password: Password


class CodeProof(Input):
    code: OneTimeCode


class FullProof(Input):
    password: Password
    code: OneTimeCode


class SecondFactorBegun(Output):
    secret: Annotated[
        str,
        Field(description="To be typed", examples=["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"]),
    ]
    uri: Annotated[
        str,
        Field(
            description="To be shown as a QR code, by the storefront itself",
            examples=["otpauth://totp/Shop:ada%40example.com?secret=GEZDGNBVGY3TQOJQ…&issuer=Shop"],
        ),
    ]


class RecoveryCodes(Output):
    recovery_codes: Annotated[
        list[str],
        Field(
            description="Ten, each for one use in place of a code. They are never shown again.",
            examples=[["k7qm-3f0x-9ha2-wz4e-5tyb-6nvp"]],
        ),
    ]


class SecondFactor(Output):
    active: bool
    activated_at: Timestamp | None
    recovery_codes_left: Annotated[int, Field(examples=[10])]
