"""Loopback ports that stay the same from start to start while they are free."""

import socket
from collections.abc import Container

from launcher.vault import Vault

LOOPBACK = "127.0.0.1"


def kept_port(vault: Vault, note: str, *, taken: Container[int | None]) -> int:
    """The port of the last start, or another free one; never one of `taken`."""
    kept = vault.note(note) or ""
    port = int(kept) if kept.isdigit() else 0
    while port == 0 or port in taken or not _is_free(port):
        port = _free_port()
    vault.keep(note, str(port))
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except (OSError, OverflowError):
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
