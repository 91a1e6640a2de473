"""ETag, If-None-Match and If-Match (RFC 9110, section 13)."""

from typing import Annotated

from fastapi import Header

from shopkit.errors import PreconditionFailed

IfMatch = Annotated[
    str | None, Header(description="ETag you read; 412 when it has changed since.", max_length=500)
]
IfNoneMatch = Annotated[
    str | None, Header(description="ETag you have; 304 when it is still current.", max_length=500)
]


def etag(version: int | str) -> str:
    return f'"{version}"'


def matches(header: str, current: str) -> bool:
    """Weak comparison of a header's list of tags with the current one."""
    tags = {tag.strip().removeprefix("W/") for tag in header.split(",")}
    return "*" in tags or current in tags


def not_modified(if_none_match: str | None, current: str) -> bool:
    return if_none_match is not None and matches(if_none_match, current)


def check_if_match(if_match: str | None, version: int | str) -> None:
    """Raises PreconditionFailed when the client saw another version."""
    if if_match is not None and not matches(if_match, etag(version)):
        raise PreconditionFailed("Read it again and repeat your change.")
