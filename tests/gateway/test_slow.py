"""Clients that are slow on purpose, with the time-outs that the gateway really has."""

import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.gateway.stage import DEADLINE, Stage

REQUEST = b"GET /api/cart HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
BODY = b"POST /api/cart HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n{"
PATIENCE = 2 * DEADLINE
"""The gateway's longest time-out is 10 s."""


@contextmanager
def connections(shop: Stage, number: int, beginning: bytes) -> Iterator[list[socket.socket]]:
    with ExitStack() as leaving:
        made = []
        for _ in range(number):
            made.append(leaving.enter_context(socket.create_connection(("127.0.0.1", shop.port))))
            if beginning:
                made[-1].sendall(beginning)
        yield made


def closed(slow: list[socket.socket], trickle: bytes) -> list[bytes]:
    """What each heard until nginx closed it, sending a byte of `trickle` each half second."""
    heard = dict.fromkeys(slow, b"")
    end, left = time.monotonic() + PATIENCE, iter(trickle)
    with selectors.DefaultSelector() as selector:
        for connection in slow:
            selector.register(connection, selectors.EVENT_READ)
        while selector.get_map():
            assert time.monotonic() < end, f"{len(selector.get_map())} are still open"
            for key, _ in selector.select(0.5):
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                if more := _received(connection):
                    heard[connection] += more
                else:
                    selector.unregister(connection)
            byte = next(left, None)
            for key in list(selector.get_map().values()) if byte is not None else []:
                _send(key.fileobj, bytes([byte]))  # type: ignore[arg-type]
    return list(heard.values())


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionError:
        return b""


def _send(connection: socket.socket, data: bytes) -> None:
    try:
        connection.sendall(data)
    except ConnectionError:
        return


def call_from(shop: Stage, address: str) -> bytes:
    """The status of a call from this address of the machine."""
    with socket.create_connection(
        ("127.0.0.1", shop.port), timeout=DEADLINE, source_address=(address, 0)
    ) as connection:
        connection.sendall(REQUEST)
        return connection.recv(65536).split()[1]


def test_c17_who_never_ends_its_headers_is_cut_off_and_others_are_served(shop: Stage) -> None:
    with (
        connections(shop, 300, b"") as silent,
        connections(shop, 100, b"GET /api/cart HTTP/1.1\r\nHost: a\r\nX: ") as trickling,
        connections(shop, 100, b"GET /api/cart HTTP/1.1\nHost: a\n") as stopped,
    ):
        assert {call_from(shop, "127.0.0.1") for _ in range(20)} == {b"200"}
        heard = closed([*silent, *trickling, *stopped], b"X" * 60)
        assert {call_from(shop, "127.0.0.1") for _ in range(20)} == {b"200"}
    assert {answer.split(maxsplit=2)[1] for answer in heard if answer} <= {b"408"}
    assert len(shop.services["cart"].seen) == 40


def test_c17_who_never_sends_its_body_is_cut_off_and_reaches_no_service(shop: Stage) -> None:
    with connections(shop, 100, BODY) as slow:
        assert {call_from(shop, "127.0.0.1") for _ in range(20)} == {b"200"}
        heard = closed(slow, b"")
    assert {answer.split(maxsplit=2)[1] for answer in heard if answer} <= {b"408"}
    assert [sent.method for sent in shop.services["cart"].seen] == ["GET"] * 20


def test_c17_who_sends_bodies_byte_by_byte_holds_few_connections(limited_shop: Stage) -> None:
    shop = limited_shop
    with ExitStack() as leaving:
        for _ in range(2):
            leaving.enter_context(connections(shop, 35, BODY))
            time.sleep(2.1)  # the limit of requests has room again
        assert call_from(shop, "127.0.0.1") == b"429"
        assert call_from(shop, "127.0.0.2") == b"200"
        assert [sent.method for sent in shop.seen] == ["GET"]
    deadline = time.monotonic() + DEADLINE
    while call_from(shop, "127.0.0.1") != b"200":
        assert time.monotonic() < deadline
        time.sleep(0.1)
