"""Form bodies of the token endpoints (RFC 6749, 3.2), read without a multipart parser."""

import base64
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from fastapi import Request

from auth.errors import InvalidClient, InvalidRequest
from shopkit.routing import read_body, require_media_type

MEDIA_TYPE = "application/x-www-form-urlencoded"
MAX_FIELDS = 30

TOKEN_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {
                            "type": "string",
                            "enum": ["password", "refresh_token", "client_credentials"],
                        },
                        "username": {"type": "string", "description": "The e-mail address"},
                        "password": {"type": "string", "format": "password"},
                        "refresh_token": {"type": "string"},
                        "device_token": {
                            "type": "string",
                            "description": "Of an earlier answer, with `password`: see login.",
                        },
                        "one_time_code": {
                            "type": "string",
                            "description": "With `password`, for a second factor: see login.",
                        },
                        "scope": {
                            "type": "string",
                            "description": "Of `client_credentials`: some of the key's, else all "
                            "are granted. Ignored otherwise: a user has all of theirs.",
                        },
                        "client_id": {
                            "type": "string",
                            "description": "Of `client_credentials`: the API key's id.",
                        },
                        "client_secret": {
                            "type": "string",
                            "format": "password",
                            "description": "Of `client_credentials`: the API key.",
                        },
                    },
                },
                "examples": {
                    "password": {
                        "value": {
                            "grant_type": "password",
                            "username": "ada@example.com",
                            "password": "correct horse battery",
                        }
                    }
                },
            }
        },
    }
}


async def read_form(request: Request) -> dict[str, str]:
    """Raises InvalidRequest for what is malformed and for parameters that come twice."""
    raw = await read_body(request)
    require_media_type(request, MEDIA_TYPE)
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        raise InvalidRequest("The body is not form encoded UTF-8.") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise InvalidRequest("A parameter comes twice.")
    if any("\0" in text for pair in pairs for text in pair):
        raise InvalidRequest("A parameter contains NUL.")
    return form


async def read_token_form(request: Request) -> dict[str, str]:
    """The form, and for the grant that has a client with the client of `Authorization: Basic`."""
    form = await read_form(request)
    return with_client(form, request) if form.get("grant_type") == "client_credentials" else form


def with_client(form: dict[str, str], request: Request) -> dict[str, str]:
    """With the client of `Authorization: Basic` (RFC 6749, 2.3.1). Raises InvalidClient."""
    sent = request.headers.getlist("authorization")
    if not sent:
        return form
    scheme, _, encoded = sent[0].partition(" ")
    if len(sent) > 1 or scheme.lower() != "basic" or "client_secret" in form:
        raise InvalidClient
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        raise InvalidClient from None
    return {**form, "client_id": unquote_plus(client_id), "client_secret": unquote_plus(secret)}
