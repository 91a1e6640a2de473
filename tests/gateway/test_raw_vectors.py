"""Odd requests as bytes, before services that look at the very bytes which reach them."""

import re
import socket
from collections.abc import Iterator

import pytest

from tests.gateway.raw_service import RawService, is_canonical
from tests.gateway.stage import Stage, stage
from tests.gateway.vectors import FAMILIES, Vector, names

ENOUGH = 300
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) |\{[^{}]*\"status\":(\d{3}),")
"""Of an HTTP/0.9 answer there is only the body."""
_ANSWER = re.compile(rb"HTTP/1\.1 .*?\r\n\r\n", re.DOTALL)
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: (\d+)\r\n")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("gw"), make=RawService) as running:
        yield running


def exchange(shop: Stage, data: bytes) -> bytes:
    """All that comes back until nginx closes, or has said that it will."""
    with socket.create_connection(("127.0.0.1", shop.port), timeout=4) as connection:
        answer = b""
        try:
            connection.sendall(data)
            while not says_goodbye(answer) and (chunk := connection.recv(65536)):
                answer += chunk
        except ConnectionError:
            pass  # closed while there was still something to send: it has answered before
    return answer


def says_goodbye(answer: bytes) -> bool:
    """A whole answer with `Connection: close` is there: nginx only lingers now."""
    while head := _ANSWER.match(answer):
        length = _LENGTH.search(head[0])
        end = head.end() + (int(length[1]) if length else 0)
        if len(answer) < end:
            return False
        if b"\r\nConnection: close\r\n" in head[0]:
            return True
        answer = answer[end:]
    return False


def received(shop: Stage) -> list[bytes]:
    return [m for service in shop.services.values() for m in service.received]  # type: ignore[attr-defined]


def check(shop: Stage, vector: Vector) -> None:
    answer = exchange(shop, vector.data)
    first = _STATUS.match(answer)
    assert first, answer[:200]
    status = int(first[1] or first[2])
    assert status in vector.statuses, answer[:200]
    came = received(shop)
    assert len(came) <= vector.most, came
    assert len(came) == 1 or status != 200
    for message in came:
        assert is_canonical(message), message
        assert b"spoofed" not in message
        assert b"Smuggled" not in message.partition(b"\r\n\r\n")[0]
    assert b"<html" not in answer, "errors are problem+json"


def test_there_are_enough_of_them() -> None:
    assert sum(map(len, FAMILIES.values())) >= ENOUGH
    for vectors in FAMILIES.values():
        assert len({vector.data for vector in vectors}) == len(vectors)


@pytest.mark.parametrize("vector", FAMILIES["d1"], ids=names(FAMILIES["d1"]))
def test_d1_what_is_ambiguous_reaches_no_service(shop: Stage, vector: Vector) -> None:
    check(shop, vector)


@pytest.mark.parametrize("vector", FAMILIES["d2"], ids=names(FAMILIES["d2"]))
def test_d2_lines_and_chunks_reach_services_in_one_form(shop: Stage, vector: Vector) -> None:
    check(shop, vector)


@pytest.mark.parametrize("vector", FAMILIES["d3"], ids=names(FAMILIES["d3"]))
def test_d3_no_path_leads_to_what_is_internal(shop: Stage, vector: Vector) -> None:
    check(shop, vector)


@pytest.mark.parametrize("vector", FAMILIES["d4"], ids=names(FAMILIES["d4"]))
def test_d4_spoofed_headers_are_dropped_however_spelled(shop: Stage, vector: Vector) -> None:
    check(shop, vector)


@pytest.mark.parametrize("vector", FAMILIES["d5"], ids=names(FAMILIES["d5"]))
def test_d5_hosts_are_refused_or_replaced(shop: Stage, vector: Vector) -> None:
    check(shop, vector)


@pytest.mark.parametrize("vector", FAMILIES["d6"], ids=names(FAMILIES["d6"]))
def test_d6_methods_versions_and_upgrades(shop: Stage, vector: Vector) -> None:
    check(shop, vector)


@pytest.mark.parametrize("vector", FAMILIES["d7"], ids=names(FAMILIES["d7"]))
def test_d7_too_much_is_refused(shop: Stage, vector: Vector) -> None:
    check(shop, vector)
