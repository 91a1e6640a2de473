"""HTTP over a Unix socket, just enough to ask a service how it is."""

import http.client
import json
import socket
from pathlib import Path
from typing import Any


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def call(
    path: Path, method: str, target: str, body: object = None, *, timeout: float = 5.0
) -> tuple[int, Any]:
    """Status and decoded JSON (None when it is none); raises OSError when nobody answers."""
    connection = _Connection(path, timeout)
    try:
        text = None if body is None else json.dumps(body)
        connection.request(method, target, text, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content)
    except http.client.HTTPException as error:
        raise ConnectionError(str(error)) from error
    except ValueError:
        return answer.status, None
    finally:
        connection.close()


def answers(path: Path, target: str) -> bool:
    try:
        return call(path, "GET", target, timeout=1.0)[0] == http.HTTPStatus.OK
    except OSError:
        return False
