"""Auth's public keys, kept in memory and on disk, fetched seldom (RFC 7517)."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import jwt

from shopkit.errors import Problem, Unavailable
from shopkit.http_client import ServiceClient
from shopkit.logs import get_logger

log = get_logger()
MIN_SECONDS_BETWEEN_FETCHES = 30
REFRESH_SECONDS = 300


class JwksClient:
    """A KeySource that asks auth. A flood of unknown key ids causes one fetch in 30 s."""

    def __init__(self, client: ServiceClient, cache: Path | None) -> None:
        self._client, self._cache = client, cache
        self._keys: dict[str, Any] = {}
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()
        self._load_from_disk()

    @property
    def ready(self) -> bool:
        return bool(self._keys)

    async def find_key(self, kid: str) -> Any | None:
        """Raises Unavailable while no key at all is known: that is not the caller's fault."""
        if kid not in self._keys:
            await self._fetch_unless_recent(MIN_SECONDS_BETWEEN_FETCHES if self._keys else 1)
        if not self._keys:
            raise Unavailable("Auth's public keys are not known yet.")
        return self._keys.get(kid)

    async def run(self) -> None:
        """Keep the keys fresh, until cancelled."""
        while True:
            await self._fetch_unless_recent(0)
            await asyncio.sleep(REFRESH_SECONDS if self._keys else 1)

    async def _fetch_unless_recent(self, seconds: float) -> None:
        async with self._asking:
            if time.monotonic() - self._asked_at < seconds:
                return
            self._asked_at = time.monotonic()
            try:
                answer = await self._client.call("GET", "/internal/jwks.json")
            except Problem as exc:
                log.warning("jwks_unavailable", reason=exc.detail, known_keys=len(self._keys))
                return
            self._accept(answer.json)

    def _accept(self, document: Any) -> None:
        keys = parse_jwks(document)
        if keys and keys.keys() != self._keys.keys():
            self._keys = keys
            if self._cache:
                _keep(self._cache, document)

    def _load_from_disk(self) -> None:
        if self._cache is None:
            return
        try:
            self._keys = parse_jwks(json.loads(self._cache.read_bytes()))
        except FileNotFoundError:
            return  # the first start
        except (OSError, ValueError, RecursionError) as exc:
            log.warning("jwks_cache_unreadable", path=str(self._cache), reason=str(exc))


def _keep(path: Path, document: Any) -> None:
    partial = path.with_suffix(".partial")
    try:
        partial.write_text(json.dumps(document))
        partial.replace(path)
    except OSError as exc:  # only a restart while auth is down would miss it
        log.warning("jwks_cache_not_written", path=str(path), reason=str(exc))


def parse_jwks(document: Any) -> dict[str, Any]:
    """The P-256 keys of a JWKS by `kid`; whatever else is in it is left out."""
    entries = document.get("keys") if isinstance(document, dict) else None
    keys = map(_parse_key, entries if isinstance(entries, list) else ())
    return {str(key.key_id): key for key in keys if key is not None}


def _parse_key(entry: Any) -> jwt.PyJWK | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str):
        return None
    if (entry.get("kty"), entry.get("crv")) != ("EC", "P-256"):
        return None
    try:
        return jwt.PyJWK(entry, algorithm="ES256")
    except jwt.PyJWTError:
        return None
