"""A service that keeps the very bytes that nginx sends it, and what such bytes must look like."""

import re
import socketserver
import threading
from pathlib import Path

from tests.gateway.stage import Service

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: (\d+)\r\n")
_HEAD = re.compile(
    rb"(?:GET|HEAD|POST|PUT|PATCH|DELETE) "
    rb"/api/(?:auth|products|categories|product-groups|attributes|search|cart|orders|payments)"
    rb"(?:[/?][\x21-\xff]*)? "
    rb"HTTP/1\.1\r\nHost: shop\r\n"
    rb"(?:[A-Za-z0-9!#$%&'*+.^`|~-]+: [\x20-\x7e\t\x80-\xff]*\r\n)*\r\n"
)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


def is_canonical(message: bytes) -> bool:
    """One request that every parser reads alike: one length, no transfer coding, clean lines."""
    head, end, body = message.partition(b"\r\n\r\n")
    head += end
    lengths = re.findall(rb"(?i)\r\ncontent-length:", head)
    named = _LENGTH.search(head)
    return bool(
        _HEAD.fullmatch(head)
        and len(lengths) <= 1
        and len(lengths) == bool(named)
        and len(body) == (int(named[1]) if named else 0)
        and not re.search(
            rb"(?i)\r\n(?:transfer-encoding|upgrade|te|trailer|expect|connection):", head
        )
    )


class RawService(Service):
    """`received`: each message that came, byte by byte."""

    def __init__(self, name: str, path: Path) -> None:
        super().__init__(name, path)
        self._raw: _Server | None = None

    def reset(self) -> None:
        super().reset()
        self.received: list[bytes] = []

    def start(self) -> None:
        self._raw = _Server(self)
        threading.Thread(target=self._raw.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        if self._raw:
            self._raw.shutdown()
            self._raw.server_close()
            self._raw = None


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, service: RawService) -> None:
        super().__init__(str(service.path), _Handler)
        self.service = service


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        head = b""
        while line := self.rfile.readline():
            head += line
            if line == b"\r\n":
                named = _LENGTH.search(head)
                body = self.rfile.read(int(named[1]) if named else 0)
                self.server.service.received.append(head + body)
                self.wfile.write(ANSWER)
                head = b""
        if head:
            self.server.service.received.append(head)
