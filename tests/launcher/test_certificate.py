from pathlib import Path

import pytest

from launcher.certificate import find_certificate
from launcher.errors import LaunchError
from launcher.settings import read_settings
from tests.gateway.certificates import Files, make_certificate


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return make_certificate(tmp_path / "tls", "*.shop.example", "shop.example")


def test_without_any_there_is_no_tls(tmp_path: Path) -> None:
    assert find_certificate({}, tmp_path) is None
    assert find_certificate({"TLS_CERTIFICATE": "", "TLS_KEY": ""}, tmp_path) is None


def test_relative_paths_start_at_the_root(tmp_path: Path, files: Files) -> None:
    given = {"TLS_CERTIFICATE": "tls/certificate.pem", "TLS_KEY": "tls/key.pem"}
    found = find_certificate(given, tmp_path)
    assert found
    assert (found.path, found.key) == (files.certificate, files.key)


@pytest.mark.parametrize(
    ("port", "url"), [("8443", "https://shop.example:8443"), ("443", "https://shop.example")]
)
def test_clients_are_told_the_certificates_name(
    tmp_path: Path, files: Files, port: str, url: str
) -> None:
    assert read_settings({**files.variables, "GATEWAY_PORT": port}, tmp_path).url == url


def test_a_certificate_without_a_name_is_for_the_address(tmp_path: Path) -> None:
    files = make_certificate(tmp_path / "tls", "*.shop.example")
    assert read_settings(files.variables, tmp_path).url == "https://127.0.0.1:8080"


def refusal(given: dict[str, str], root: Path) -> str:
    with pytest.raises(LaunchError) as raised:
        find_certificate(given, root)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("name", ["TLS_CERTIFICATE", "TLS_KEY"])
def test_a18_half_of_tls_is_refused(tmp_path: Path, files: Files, name: str) -> None:
    assert refusal(files.variables | {name: ""}, tmp_path).startswith(f"{name} is missing")
    for nothing in ("none.pem", "."):
        refused = refusal(files.variables | {name: nothing}, tmp_path)
        assert refused.startswith(f"{name} {(tmp_path / nothing).resolve()} cannot be read: ")


def test_a18_what_does_not_belong_together_is_refused(tmp_path: Path, files: Files) -> None:
    other = make_certificate(tmp_path / "other", "shop.example")
    mixed = files.variables | {"TLS_KEY": str(other.key)}
    assert "is not the key of TLS_CERTIFICATE" in refusal(mixed, tmp_path)
    swapped = {"TLS_CERTIFICATE": str(files.key), "TLS_KEY": str(files.certificate)}
    assert "has no certificate in it" in refusal(swapped, tmp_path)
    twice = files.variables | {"TLS_KEY": str(files.certificate)}
    assert "is not a private key in PEM" in refusal(twice, tmp_path)


def test_a18_a_key_that_asks_for_a_password_is_refused(tmp_path: Path) -> None:
    files = make_certificate(tmp_path / "tls", "shop.example", password=b"secret")
    assert "is encrypted" in refusal(files.variables, tmp_path)


def test_a18_an_expired_certificate_is_refused(tmp_path: Path) -> None:
    files = make_certificate(tmp_path / "tls", "shop.example", days=-1)
    assert "has expired on" in refusal(files.variables, tmp_path)
