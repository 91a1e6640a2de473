"""TLS as clients see it, over a real nginx."""

import socket
import ssl
import warnings
from collections.abc import Iterator

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.render import tls_values
from tests.gateway.certificates import Files, make_certificate
from tests.gateway.stage import Stage, free_port, stage

NAME = "shop.example"
REFUSED = [
    "AES128-SHA", "AES256-SHA256", "AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA",
    "ECDHE-RSA-AES256-SHA384", "DHE-RSA-AES128-GCM-SHA256", "NULL-SHA256", "AECDH-AES128-SHA",
]  # fmt: skip
TAKEN = [
    "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305",
]  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    key = rsa.generate_private_key(65537, 2048)
    return make_certificate(tmp_path_factory.mktemp("tls"), NAME, key=key)


@pytest.fixture(scope="module")
def local_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, files: Files, local_port: int
) -> Iterator[Stage]:
    local = {"LOCAL_DIRECTIVE": f"listen 127.0.0.1:{local_port};"}
    with stage(tmp_path_factory.mktemp("gw"), **files.variables, **local) as running:
        yield running


@pytest.fixture
def context(files: Files) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(files.certificate))


def shake(
    shop: Stage, context: ssl.SSLContext, session: ssl.SSLSession | None = None
) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", shop.port), timeout=10)
    return context.wrap_socket(plain, server_hostname=NAME, session=session)


def get(shop: Stage, context: ssl.SSLContext, path: str, *, http2: bool = False) -> httpx2.Response:
    with httpx2.Client(verify=context, http2=http2, trust_env=False, timeout=30) as client:
        url = f"https://127.0.0.1:{shop.port}{path}"
        return client.get(url, headers={"Host": NAME}, extensions={"sni_hostname": NAME})


@pytest.mark.parametrize(
    "version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"]
)
def test_tls_1_2_and_1_3_are_spoken(
    shop: Stage, context: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    context.minimum_version = context.maximum_version = version
    with shake(shop, context) as connection:
        assert connection.version() == version.name.replace("_", ".")


@pytest.mark.parametrize(
    "version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1], ids=["1.0", "1.1"]
)
def test_older_ones_are_not(shop: Stage, context: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError, match=r"(?i)protocol version|handshake failure"):
        shake(shop, context)


@pytest.mark.parametrize("cipher", REFUSED)
def test_weak_ciphers_are_refused(shop: Stage, context: ssl.SSLContext, cipher: str) -> None:
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{cipher}:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError, match=r"(?i)handshake failure"):
        shake(shop, context)


@pytest.mark.parametrize("cipher", TAKEN)
def test_strong_ciphers_are_taken(shop: Stage, context: ssl.SSLContext, cipher: str) -> None:
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(cipher)
    with shake(shop, context) as connection:
        taken = connection.cipher()
        assert taken
        assert taken[0] == cipher


def test_sessions_are_resumed_by_number_not_by_ticket(shop: Stage, context: ssl.SSLContext) -> None:
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with shake(shop, context) as first:
        session = first.session
    assert session
    assert (session.has_ticket, bool(session.id)) == (False, True)
    with shake(shop, context, session) as second:
        assert second.session_reused


@pytest.mark.parametrize("offered", [["h2", "http/1.1"], ["http/1.1"]])
def test_http_2_is_negotiated_with_who_offers_it(
    shop: Stage, context: ssl.SSLContext, offered: list[str]
) -> None:
    context.set_alpn_protocols(offered)
    with shake(shop, context) as connection:
        assert connection.selected_alpn_protocol() == offered[0]


@pytest.mark.parametrize(("http2", "version"), [(True, "HTTP/2"), (False, "HTTP/1.1")])
def test_d10_over_tls_answers_carry_hsts_and_services_hear_https(
    shop: Stage, context: ssl.SSLContext, http2: bool, version: str
) -> None:
    answer = get(shop, context, "/api/cart", http2=http2)
    assert (answer.status_code, answer.http_version) == (200, version)
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Set-Cookie" not in answer.headers
    (sent,) = shop.services["cart"].seen
    assert sent.values("X-Forwarded-Proto") == ["https"]
    assert sent.values("Host") == ["shop"]


@pytest.mark.parametrize(
    ("path", "status"), [("/nowhere", 404), ("/docs", 200), ("/api/openapi.json", 200)]
)
def test_d10_hsts_is_on_what_nginx_answers_too(
    shop: Stage, context: ssl.SSLContext, path: str, status: int
) -> None:
    answer = get(shop, context, path, http2=True)
    assert answer.status_code == status
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_plain_http_on_the_tls_port_is_told_so_and_reaches_nothing(shop: Stage) -> None:
    """No redirect: a client that sends its token in clear is to notice."""
    answer = shop.get("/api/cart", {"Authorization": "Bearer secret"})
    assert (answer.status, answer.one("Content-Type")) == (400, "application/problem+json")
    assert answer.json["detail"].startswith("This port speaks HTTPS")
    assert answer.all("Location") == answer.all("Strict-Transport-Security") == []
    assert shop.seen == []


def test_programs_of_this_machine_need_no_certificate(shop: Stage, local_port: int) -> None:
    answer = httpx2.get(f"http://127.0.0.1:{local_port}/api/cart", trust_env=False, timeout=30)
    assert answer.status_code == 200
    assert "Strict-Transport-Security" not in answer.headers
    (sent,) = shop.services["cart"].seen
    assert sent.values("X-Forwarded-Proto") == ["http"]


def test_nginx_starts_without_a_warning(shop: Stage) -> None:
    assert (shop.folder / "error.log").read_text() == ""


def test_every_nginx_is_told_of_http_2_in_its_own_words() -> None:
    old, new = (tls_values("/tls.conf", version) for version in [(1, 25, 0), (1, 25, 1)])
    assert (old["LISTEN_MODE"], old["HTTP2_DIRECTIVE"]) == ("ssl http2", "")
    assert (new["LISTEN_MODE"], new["HTTP2_DIRECTIVE"]) == ("ssl", "http2 on;")
    assert tls_values(None, (1, 28, 0)) == dict.fromkeys(old, "")


def test_the_key_stays_where_it_is(shop: Stage, files: Files) -> None:
    secret = files.key.read_text().splitlines()[1]
    written = [file for file in shop.folder.glob("*.conf") if secret in file.read_text()]
    assert written == []
