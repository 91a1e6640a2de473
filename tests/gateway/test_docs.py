import gzip
import hashlib
import re
import subprocess

import pytest

from tests.gateway.stage import GATEWAY, Stage

DOCS = GATEWAY / "docs"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def test_the_root_leads_to_the_reference(shop: Stage) -> None:
    answer = shop.get("/", {"Host": "evil.example"})
    assert (answer.status, answer.one("Location")) == (302, "/docs")


@pytest.mark.parametrize("path", ["/docs", "/docs/", "/docs/index.html"])
def test_the_page(shop: Stage, path: str) -> None:
    answer = shop.get(path)
    assert (answer.status, answer.one("Content-Type")) == (200, "text/html; charset=utf-8")
    assert answer.one("Content-Security-Policy") == CSP
    assert answer.one("Cache-Control") == "no-cache"
    assert answer.body == (DOCS / "index.html").read_bytes()
    assert shop.get(path, {"If-None-Match": answer.one("ETag")}).status == 304


def test_all_that_the_page_names_is_served_from_here(shop: Stage) -> None:
    page = (DOCS / "index.html").read_text(encoding="utf-8")
    assert "://" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=", page)
    names = re.findall(r'(?:src|href)="(/[^"#]*)"', page)
    assert len(names) >= 6
    for name in names:
        answer = shop.get(name)
        assert answer.status == 200, name
        assert answer.one("X-Content-Type-Options") == "nosniff"
    assert "://" not in (DOCS / "page.js").read_text(encoding="utf-8")
    assert not re.search(r"url\(|@import", (DOCS / "page.css").read_text(encoding="utf-8"))


def test_no_login_is_kept_in_the_browser() -> None:
    """Swagger UI would keep the password that was typed in where every script can read it."""
    assert "persistAuthorization" not in (DOCS / "page.js").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
        ("page.js", "text/javascript; charset=utf-8"),
        ("swagger-ui.css", "text/css; charset=utf-8"),
        ("favicon-32x32.png", "image/png"),
    ],
)
def test_assets(shop: Stage, name: str, media_type: str) -> None:
    answer = shop.get(f"/docs/{name}")
    assert (answer.status, answer.one("Content-Type")) == (200, media_type)
    assert answer.one("Cache-Control") == "public, max-age=3600"
    assert answer.body == (DOCS / name).read_bytes()


@pytest.mark.parametrize("name", ["swagger-ui-bundle.js", "swagger-ui.css"])
def test_large_assets_are_sent_as_they_were_compressed_once(shop: Stage, name: str) -> None:
    answer = shop.get(f"/docs/{name}", {"Accept-Encoding": "gzip"})
    assert (answer.one("Content-Encoding"), answer.one("Vary")) == ("gzip", "Accept-Encoding")
    assert answer.body == (DOCS / f"{name}.gz").read_bytes()
    assert gzip.decompress(answer.body) == (DOCS / name).read_bytes()


def test_the_document(shop: Stage) -> None:
    answer = shop.get("/api/openapi.json")
    assert (answer.status, answer.one("Content-Type")) == (200, "application/json")
    assert answer.one("Cache-Control") == "public, max-age=60"
    assert answer.body == (shop.folder / "shop.json").read_bytes()
    unchanged = shop.get("/api/openapi.json", {"If-None-Match": answer.one("ETag")})
    assert (unchanged.status, unchanged.one("Cache-Control")) == (304, "public, max-age=60")
    small = shop.get("/api/openapi.json", {"Accept-Encoding": "gzip"})
    assert gzip.decompress(small.body) == answer.body
    assert shop.seen == []


def test_the_vendored_files_are_what_their_list_says() -> None:
    listed = re.findall(
        r"^([0-9a-f]{64})  (\S+)$", (DOCS / "VERSIONS.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert {name for _, name in listed} >= {"swagger-ui-bundle.js", "swagger-ui.css", "LICENSE"}
    for digest, name in listed:
        assert hashlib.sha256((DOCS / name).read_bytes()).hexdigest() == digest, name


def test_the_script_that_updates_them_wants_a_version() -> None:
    script = GATEWAY / "update_docs.sh"
    outcome = subprocess.run([script], capture_output=True, text=True, check=False)
    assert outcome.returncode != 0
    assert "say which version" in outcome.stderr
