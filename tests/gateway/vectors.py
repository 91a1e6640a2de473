"""Requests that are odd on purpose, by the threat that they try (docs/security.md, D1 to D7).

Each says which statuses may come first, and how many messages may reach a service at most.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

REFUSED = frozenset({400, 405, 413, 414, 431, 501, 505})
ANSWERED = frozenset({200})
MISSING = frozenset({400, 404})
CLOSE = b"Connection: close\r\n"
HOST = b"Host: a\r\n"
SMUGGLED = b"GET /internal/token HTTP/1.1\r\nHost: a\r\nX-Smuggled: 1\r\n\r\n"


@dataclass(frozen=True)
class Vector:
    name: str
    data: bytes
    statuses: frozenset[int]
    most: int = 0


def _name(*parts: object) -> str:
    text = " ".join(p.decode("latin-1") if isinstance(p, bytes) else str(p) for p in parts)
    return text.encode("unicode_escape").decode()[:70]


def post(*headers: bytes, body: bytes = b"") -> bytes:
    lines = b"".join(header + b"\r\n" for header in headers)
    return b"POST /api/cart HTTP/1.1\r\n" + HOST + CLOSE + lines + b"\r\n" + body


def get(target: bytes, *headers: bytes) -> bytes:
    lines = b"".join(header + b"\r\n" for header in headers)
    return b"GET " + target + b" HTTP/1.1\r\n" + HOST + CLOSE + lines + b"\r\n"


# ------------------------------------------------------------ D1: where a message ends
CODINGS = [
    b"xchunked", b"chunked, chunked", b"gzip, chunked", b"chunked, gzip", b"identity",
    b"chunked;q=1", b"\x0bchunked", b"chunked\x0b", b'"chunked"', b"\tchunked", b"chunke", b"cow",
    b"chunked,", b",chunked", b"chunked, identity", b"trailers", b"deflate", b"gzip",
]  # fmt: skip
NAMES = [
    b"Transfer-Encoding : chunked", b"Transfer-Encoding\t: chunked", b" Transfer-Encoding: chunked",
    b"\tTransfer-Encoding: chunked", b"Transfer-Encoding\x00: chunked",
    b"Transfer-Encoding\r: chunked", b"Transfer-Encoding\x0b: chunked",
    b"Transfer Encoding: chunked", b"Transfer-Encoding", b"X: y\r\n\tTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
]  # fmt: skip
LENGTHS = [
    b"-1", b"+5", b"0x5", b"5;", b"5.0", b"5,5", b"5, 5", b"5 5", b"1e1", b"'5'", b'"5"',
    b"\t5\x0b", b"five", b"99999999999999999999", b"18446744073709551621", b"-0", b"\xd9\xa5",
    b"5\x00", b"4294967301",
]  # fmt: skip


def d1() -> Iterator[Vector]:
    body = b"0\r\n\r\n" + SMUGGLED
    both = [b"chunked", b"Chunked", b"CHUNKED", *CODINGS]
    for coding, length, first in product(both, [b"5", b"0"], [True, False]):
        pair = [b"Content-Length: " + length, b"Transfer-Encoding: " + coding]
        data = post(*(pair if first else pair[::-1]), body=body)
        yield Vector(_name("CL+TE", coding, length, first), data, REFUSED)
    for coding in CODINGS:
        data = post(b"Transfer-Encoding: " + coding, body=body)
        yield Vector(_name("TE", coding), data, REFUSED)
    for name in NAMES:
        for more in ([], [b"Content-Length: 5"]):
            yield Vector(_name("TE", name, *more), post(name, *more, body=body), REFUSED)
    for length in LENGTHS:
        data = post(b"Content-Length: " + length, body=b"12345")
        yield Vector(_name("CL", length), data, REFUSED)
    for one, other in product([b"0", b"5", b"6"], repeat=2):
        data = post(
            b"Content-Length: " + one, b"Content-Length: " + other, body=b"123456" + SMUGGLED
        )
        yield Vector(_name("2 CL", one, other), data, REFUSED)
    old = b"POST /api/cart HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + body
    yield Vector("TE in HTTP/1.0", old, REFUSED)
    yield from _followed()


def _followed() -> Iterator[Vector]:
    """A second request in what is sent is one of its own, and answered as such, if at all."""
    kept = b"POST /api/cart HTTP/1.1\r\n" + HOST
    for name, framing in {
        "body of CL 0": b"Content-Length: 0\r\n\r\n",
        "no length": b"\r\n",
        "body of CL 5": b"Content-Length: 5\r\n\r\n12345",
        "chunks": b"Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n",
    }.items():
        second = SMUGGLED.replace(b"X-Smuggled: 1", b"Connection: close")
        yield Vector(f"after a {name}", kept + framing + second, ANSWERED, most=1)


# ------------------------------------------------------------ D2: line ends and chunks
SIZES = [
    b"0x5", b"5g", b"-5", b"+5", b" 5", b"ffffffffffffffff0", b"\t5", b"", b"5\x00", b"5\x0b",
    b"\xb25",
]  # fmt: skip
EXTENSIONS = [
    b"", b";", b";a", b";a=b", b';a="b;c"', b';a="\x80"', b" ;a", b";a\x0b", b";" + b"x" * 500,
    b';a="b\nc"', b";\n", b";a\n", b"\t;a", b";a\r",
]  # fmt: skip
ENDS = [b"\r\n", b"\n"]
EITHER = ANSWERED | REFUSED


def d2() -> Iterator[Vector]:
    for line, header, last in product(ENDS, repeat=3):
        data = (
            b"GET /api/cart HTTP/1.1"
            + line
            + b"Host: a"
            + header
            + b"Connection: close"
            + header
            + last
        )
        yield Vector(_name("ends", line, header, last), data, EITHER, most=1)
    for noise in (
        b"\r",
        b"\x00",
        b"\r\r\n",
        b"a\rb: c\r\n",
        b"a: b\rc\r\n",
        b"a: b\x00c\r\n",
        b": c\r\n",
        b"a\r\n",
    ):
        data = b"GET /api/cart HTTP/1.1\r\n" + HOST + CLOSE + noise + b"\r\n\r\n"
        yield Vector(_name("in the head", noise), data, EITHER, most=1)
    for fold in (b" folded", b"\tfolded", b" Host: b", b"\tContent-Length: 5", b" /internal/token"):
        yield Vector(_name("obs-fold", fold), get(b"/api/cart", b"X: y", fold), REFUSED)
    for size in SIZES:
        data = post(b"Transfer-Encoding: chunked", body=size + b"\r\n12345\r\n0\r\n\r\n" + SMUGGLED)
        yield Vector(_name("chunk size", size), data, EITHER, most=1)
    for extension, end in product(EXTENSIONS, ENDS):
        body = b"5" + extension + end + b"12345" + end + b"0" + extension + end + end
        data = post(b"Transfer-Encoding: chunked", body=body)
        yield Vector(_name("chunk", extension, end), data, EITHER, most=1)
    for name, body in {
        "too long": b"5\r\n1234567\r\n0\r\n\r\n",
        "no end of data": b"5\r\n123450\r\n\r\n",
        "trailers": b"5\r\n12345\r\n0\r\nHost: evil\r\nContent-Length: 9\r\n\r\n",
        "upper case": b"A\r\n1234567890\r\n0\r\n\r\n",
        "leading zeros": b"00000000005\r\n12345\r\n00\r\n\r\n",
    }.items():
        data = post(b"Transfer-Encoding: chunked", body=body + SMUGGLED)
        yield Vector(f"chunked, {name}", data, EITHER, most=1)


# ------------------------------------------------------------ D3: paths towards what is internal
INTERNAL = [
    b"/internal/jwks.json", b"/internal/token", b"/internal/products/lookup",
    b"/internal/reconciliation", b"/internal/reservations", b"/internal/reservations/1/commit",
    b"/internal/returns/1", b"/internal/claims", b"/internal/claims/1/consume", b"/metrics",
]  # fmt: skip
PATHS = [
    b"%p", b"//%p", b"/./%p", b"/api/..%p", b"/api/cart/../..%p", b"/api/cart/%2e%2e/%2e%2e%p",
    b"/api/products/..%2f..%p", b"/api/auth/..%252f..%p", b"/api/orders/..;/..;%p", b"http://a%p",
    b"http://internal%p", b"/api/cart/..\\..%p", b"%p%00", b"%p%20", b"/\xc0\xae\xc0\xae%p",
    b"/api/cart%0d%0aHost:%20x%p",
]  # fmt: skip
OWN = ANSWERED | MISSING


def d3() -> Iterator[Vector]:
    for route, trick in product(INTERNAL, PATHS):
        target = trick.replace(b"%p", route)
        yield Vector(_name(target), get(target), OWN, most=1)
    for target in (
        b"internal/token",
        b"*",
        b"?/internal/token",
        b"a:80",
        b"//internal/token/../token",
    ):
        yield Vector(_name("target", target), get(target), MISSING)


# ------------------------------------------------------------ D4: headers that only we may send
SPOOFED = [
    b"X-Forwarded-For", b"X-Real-IP", b"X-Forwarded-Proto", b"Forwarded", b"X-Forwarded-Host",
    b"X-Forwarded-Port", b"X-Client-IP", b"True-Client-IP", b"X-Internal", b"X-Internal-Token",
    b"X-Internal-Secret", b"X-Internal-User-Id", b"X-User", b"X-User-Id", b"X-User-Role",
    b"X-User-Scopes", b"Remote-User", b"X-Original-URL", b"X-Rewrite-URL",
    b"X-HTTP-Method-Override", b"X-Method-Override", b"Proxy",
]  # fmt: skip
SPELLINGS = [bytes, bytes.lower, bytes.upper, lambda name: name.replace(b"-", b"_") + b"_"]


def d4() -> Iterator[Vector]:
    for header, spelling in product(SPOOFED, SPELLINGS):
        line = spelling(header) + b": spoofed"
        yield Vector(_name(line), get(b"/api/cart", line), ANSWERED, most=1)
        if spelling is bytes:
            yield Vector(_name("twice", line), get(b"/api/cart", line, line), ANSWERED, most=1)


# ------------------------------------------------------------ D5: Host and absolute targets
HOSTS = [
    b"evil.example", b"a:99999", b"127.0.0.1", b"[::1]", b"a.", b"A", b"a:", b"xn--a", b"shop:8000",
    b"a_b",
]  # fmt: skip
NO_HOSTS = [
    b"a/internal?x=", b"a b", b"a\x00b", b"a\tb", b"a/../internal", b"..", b"a#b/", b"a\\b/",
    b"[::1", b"/internal",
]  # fmt: skip


def d5() -> Iterator[Vector]:
    for host in HOSTS:
        data = b"GET /api/cart HTTP/1.1\r\nHost: " + host + b"\r\n" + CLOSE + b"\r\n"
        yield Vector(_name("Host", host), data, ANSWERED, most=1)
        absolute = (
            b"GET http://" + host + b"/api/cart HTTP/1.1\r\nHost: other\r\n" + CLOSE + b"\r\n"
        )
        yield Vector(_name("absolute", host), absolute, EITHER, most=1)
    for host in NO_HOSTS:
        data = b"GET /api/cart HTTP/1.1\r\nHost: " + host + b"\r\n" + CLOSE + b"\r\n"
        yield Vector(_name("no Host", host), data, EITHER, most=1)
    for lines in (
        b"",
        HOST + HOST,
        HOST + b"Host: b\r\n",
        b"host: a\r\nHOST: a\r\n",
        b" Host: a\r\n",
        b"Host : a\r\n",
    ):
        data = b"GET /api/cart HTTP/1.1\r\n" + lines + CLOSE + b"\r\n"
        yield Vector(_name("Hosts", lines), data, REFUSED)
    for scheme in (b"https", b"ftp", b"file", b"HTTP", b"gopher", b"unix"):
        yield Vector(_name(scheme), get(scheme + b"://a/internal/token"), MISSING)


# ------------------------------------------------------------ D6: methods, versions, upgrades
METHODS = [
    b"TRACE", b"CONNECT", b"FOO", b"OPTIONS", b"PROPFIND", b"LOCK", b"COPY", b"MOVE", b"MKCOL",
    b"DEBUG", b"PURGE", b"get", b"Get", b"GETT", b"G ET", b"GET\t", b"", b"GET\x00", b"P\xd6ST",
    b"POST,GET", b"A" * 64,
]  # fmt: skip
VERSIONS = [
    b"HTTP/0.9", b"HTTP/2.0", b"HTTP/3", b"http/1.1", b"HTTP/1", b"HTTP/1.1.1", b"HTTP /1.1",
    b"XTTP/1.1", b"HTTP/9.9",
]  # fmt: skip


def d6() -> Iterator[Vector]:
    rest = b"\r\n" + HOST + CLOSE + b"\r\n"
    for method in METHODS:
        yield Vector(_name("method", method), method + b" /api/cart HTTP/1.1" + rest, REFUSED)
    for version in VERSIONS:
        yield Vector(_name(version), b"GET /api/cart " + version + rest, REFUSED)
    yield Vector("no version", b"GET /api/cart\r\n", REFUSED)
    yield Vector("no version, internal", b"GET /internal/token\r\n", REFUSED)
    yield Vector("HTTP/2 at once", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", REFUSED)
    yield Vector("a TLS hello", b"\x16\x03\x01\x00\x05hello\r\n\r\n", REFUSED)
    for upgrade in (b"h2c", b"websocket", b"TLS/1.0", b"HTTP/2.0"):
        lines = [b"Upgrade: " + upgrade, b"HTTP2-Settings: AAMAAABkAAQAAP__"]
        yield Vector(_name("Upgrade", upgrade), get(b"/api/cart", *lines), ANSWERED, most=1)
        asked = get(b"/api/cart", *lines).replace(
            CLOSE, b"Connection: Upgrade, HTTP2-Settings, close\r\n"
        )
        yield Vector(_name("and Connection", upgrade), asked, ANSWERED, most=1)


# ------------------------------------------------------------ D7: sizes
def d7() -> Iterator[Vector]:
    for size in (8_200, 16_000, 33_000, 64_000):
        yield Vector(f"header of {size}", get(b"/api/cart", b"X: " + b"x" * size), REFUSED)
        yield Vector(f"name of {size}", get(b"/api/cart", b"x" * size + b": x"), REFUSED)
        yield Vector(f"cookie of {size}", get(b"/api/cart", b"Cookie: a=" + b"x" * size), REFUSED)
        yield Vector(f"path of {size}", get(b"/api/cart/" + b"x" * size), REFUSED)
        yield Vector(f"query of {size}", get(b"/api/cart?" + b"x" * size), REFUSED)
        yield Vector(f"method of {size}", b"X" * size + b" / HTTP/1.1\r\n\r\n", REFUSED)
    for count in (1_500, 4_000):
        yield Vector(f"{count} headers", get(b"/api/cart", *[b"X: " + b"y" * 30] * count), REFUSED)
        yield Vector(
            f"{count} cookies", get(b"/api/cart", *[b"Cookie: a=" + b"b" * 20] * count), REFUSED
        )
    for length in (65_537, 1 << 31, (1 << 63) - 1):
        yield Vector(f"body of {length}", post(b"Content-Length: %d" % length, body=b"x"), REFUSED)
    chunks = b"10000\r\n" + b"x" * 65_536 + b"\r\n1\r\nx\r\n0\r\n\r\n"
    yield Vector("chunks of 65537", post(b"Transfer-Encoding: chunked", body=chunks), REFUSED)


FAMILIES: dict[str, list[Vector]] = {
    family.__name__: list(family()) for family in (d1, d2, d3, d4, d5, d6, d7)
}


def names(vectors: Iterable[Vector]) -> list[str]:
    return [vector.name for vector in vectors]
