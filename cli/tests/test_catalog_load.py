"""What a person reads while an import runs."""

import http.server
import threading
from collections.abc import Iterator

import pytest

from shopcli.catalog_load import LIMITED, Load
from shopcli.errors import ApiProblem
from shopcli.sample_catalog import sample_listings
from shopcli.session import FixedToken

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]


class Limiting(http.server.BaseHTTPRequestHandler):
    """Too many requests, three times; then no permission, which ends the import."""

    left = 3

    def do_GET(self) -> None:
        Limiting.left -= 1
        self.send_response(429 if Limiting.left >= 0 else 403)
        self.send_header("Retry-After", "0")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def limiting_url() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Limiting) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def test_a_limit_that_slows_it_down_is_told_once(
    limiting_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ApiProblem):
        await Load(limiting_url, FixedToken("token"), sample_listings()).run()
    assert Limiting.left < 0
    assert capsys.readouterr().err.splitlines() == [LIMITED]
