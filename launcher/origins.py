"""CORS_ORIGINS: the pages of other hosts that may call the shop."""

import re

from launcher.errors import LaunchError

_ORIGIN = re.compile(r"https?://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[1-9][0-9]{0,4})?")
_DEFAULT_PORT = re.compile(r"http:.*:80|https:.*:443")


def read_origins(text: str) -> str:
    """As the gateway wants them: each once, with commas between. Empty: none.

    Raises LaunchError for what no browser sends, a wildcard above all.
    """
    origins = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for origin in origins:
        if advice := _wrong(origin):
            raise LaunchError(f"CORS_ORIGINS: {origin} {advice}")
    return ",".join(origins)


def _wrong(origin: str) -> str | None:
    if "*" in origin or origin == "null":
        return "would let in pages of anybody: name each origin, as https://shop.example"
    if not _ORIGIN.fullmatch(origin):
        return "is not an origin: write scheme, host in lower case, and port if any, nothing more"
    if _DEFAULT_PORT.fullmatch(origin):
        return "has a port that browsers leave out: leave it out too"
    return None
