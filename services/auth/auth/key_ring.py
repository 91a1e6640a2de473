"""The key ring: which key signs now, and which public keys are published."""

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from auth.key_files import KeyProblem, SigningKey, fingerprint, read_keys, write_key
from shopkit.clock import Clock
from shopkit.logs import get_logger

log = get_logger()

OVERLAP = timedelta(minutes=15)
"""A new key is published for so long before it signs: other services ask for keys every 5 minutes,
and the answer may have been kept for 5 more."""
RETIREMENT = timedelta(hours=2)
"""An old key stays published for so long after the next one began: longer than its tokens live,
even where clocks disagree."""
SECONDS_BETWEEN_LOOKS = 1.0


class KeyRing:
    """A KeySource over a folder. Notices new and removed files within a second."""

    def __init__(self, folder: Path | None, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._keys: list[SigningKey] = []
        self._seen: frozenset[tuple[str, int, int]] = frozenset()
        self._looked_at = float("-inf")

    def load(self) -> None:
        """Raises KeyProblem when the keys cannot be used, or there is none."""
        if self._folder is None:
            raise KeyProblem("AUTH_KEYS_DIR is not set: name the folder of the signing keys")
        self._keys = read_keys(self._folder)
        if not self._keys:
            raise KeyProblem(f"there is no key in {self._folder}: run `shop-auth create-key`")
        self._seen, self._looked_at = fingerprint(self._folder), time.monotonic()

    @property
    def ready(self) -> bool:
        return bool(self._keys)

    def signing_key(self) -> SigningKey:
        self._look()
        active = [key for key in self._keys if key.active_from <= self._clock.now()]
        return active[-1] if active else self._keys[0]

    def published(self) -> list[SigningKey]:
        self._look()
        return published(self._keys, self._clock.now())

    def jwks(self) -> dict[str, Any]:
        return {"keys": [key.jwk for key in self.published()]}

    async def find_key(self, kid: str) -> Any | None:
        return next((key.public for key in self.published() if key.kid == kid), None)

    def remove_retired(self) -> None:
        """Delete the files of keys that are no longer published."""
        kept = self.published()
        for key in self._keys:
            if key not in kept and self._folder is not None:
                try:
                    (self._folder / f"{key.number:04}.pem").unlink(missing_ok=True)
                    log.info("key_retired", kid=key.kid)
                except OSError as exc:  # a folder that auth may only read
                    log.warning("key_not_removed", kid=key.kid, reason=str(exc))

    def _look(self) -> None:
        if self._folder is None or time.monotonic() - self._looked_at < SECONDS_BETWEEN_LOOKS:
            return
        self._looked_at = time.monotonic()
        try:
            seen = fingerprint(self._folder)
            if seen != self._seen:
                # Whoever deletes the only key does not want it to be used any more.
                made = read_keys(self._folder) or [create_key(self._folder, self._clock.now())]
                self._seen, self._keys = seen, made
                log.info("keys_loaded", kids=[key.kid for key in self._keys])
        except (KeyProblem, OSError) as exc:
            log.error("keys_unusable", reason=str(exc), kept=[key.kid for key in self._keys])


def published(keys: list[SigningKey], now: datetime) -> list[SigningKey]:
    """All but those whose successor has signed for long; `keys` in the order in which they sign."""
    successors = [key.active_from for key in keys[1:]]
    over = [began + RETIREMENT <= now for began in successors]
    return [key for key, gone in zip(keys, [*over, False], strict=True) if not gone]


def create_key(folder: Path, now: datetime) -> SigningKey:
    """The key that is there, or a new one that signs at once. Raises KeyProblem."""
    keys = read_keys(folder) if folder.exists() else []
    if not keys:
        write_key(folder, 1, now)  # where another process was quicker, its key is the key
        keys = read_keys(folder)
    return keys[-1]


def rotate_key(folder: Path, now: datetime) -> SigningKey:
    """A new key that signs once everybody knows it, or the one that waits for that already."""
    keys = read_keys(folder) if folder.exists() else []
    if not keys:
        return create_key(folder, now)
    if keys[-1].active_from <= now:
        write_key(folder, max(key.number for key in keys) + 1, now + OVERLAP)
    return read_keys(folder)[-1]
