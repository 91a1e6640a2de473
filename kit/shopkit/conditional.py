"""ETag, If-None-Match and If-Match (RFC 9110, section 13)."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response

from shopkit.errors import FieldError, Invalid, PreconditionFailed
from shopkit.responses import json_response

_TAG = r'(?:W/)?"[^"]*"'
_OPAQUE = re.compile(r'"[^"]*"')
_TAGS = re.compile(rf"\s*(?:\*|{_TAG}(?:\s*,\s*{_TAG})*)\s*")


async def _if_match(
    request: Request,
    _: Annotated[
        str | None,
        Header(
            alias="If-Match",
            description="ETag you read; 412 when somebody wrote since then.",
        ),
    ] = None,
) -> str | None:
    sent = _joined(request, "if-match")
    if sent is not None and not _TAGS.fullmatch(sent):
        error = FieldError("header:If-Match", "invalid_etag", "Send it as you got it, in quotes.")
        raise Invalid("The If-Match header is not an ETag.", errors=[error])
    return sent


async def _if_none_match(
    request: Request,
    _: Annotated[
        str | None,
        Header(alias="If-None-Match", description="ETag you have; 304 when it is still current."),
    ] = None,
) -> str | None:
    return _joined(request, "if-none-match")


def _joined(request: Request, name: str) -> str | None:
    sent = request.headers.getlist(name)
    return ",".join(sent) if sent else None


IfMatch = Annotated[str | None, Depends(_if_match)]
IfNoneMatch = Annotated[str | None, Depends(_if_none_match)]


def etag(version: int | str) -> str:
    return f'"{version}"'


def matches(header: str, current: str) -> bool:
    """Weak comparison of a header's list of tags with the current one."""
    return header.strip() == "*" or current in _OPAQUE.findall(header)


def not_modified(if_none_match: str | None, current: str) -> bool:
    return if_none_match is not None and matches(if_none_match, current)


def conditional_response(
    body: Any, tag: str, if_none_match: str | None, headers: Mapping[str, str] | None = None
) -> Response:
    """`body` with its ETag, or 304 when the client has it."""
    headers = {"ETag": tag, **(headers or {})}
    if not_modified(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    return json_response(body, headers=headers)


def check_if_match(if_match: str | None, version: int | str) -> None:
    """Raises PreconditionFailed when the client saw another version."""
    if if_match is not None and not matches(if_match, etag(version)):
        raise PreconditionFailed("Read it again and repeat your change.")
