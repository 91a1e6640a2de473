"""What the image starts, with the nginx of this machine in the place of the image's."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway.render import tls_values
from launcher.nginx_program import Nginx, find_nginx
from tests.gateway.certificates import Files, make_certificate
from tests.gateway.stage import GATEWAY, SERVICES, free_port, wait_for, write_configuration

pytestmark = pytest.mark.skipif(not shutil.which("envsubst"), reason="needs gettext's envsubst")


@pytest.fixture
def nginx(tmp_path: Path) -> Nginx:
    return find_nginx(tmp_path, print)


@pytest.fixture
def environment(tmp_path: Path, nginx: Nginx) -> dict[str, str]:
    """As the Dockerfile and compose give it, but for places of this test."""
    return {
        **nginx.environment,
        "PATH": f"{os.environ['PATH']}:{nginx.program.parent}",
        "TEMPLATES": str(GATEWAY / "templates"),
        **{f"{name.upper()}_UPSTREAM": f"unix:{tmp_path / name}.sock" for name in SERVICES},
        "GATEWAY_LISTEN": f"127.0.0.1:{free_port()}",
        "RATE_LIMITS": "on",
        "TLS_CERTIFICATE": "",
        "TLS_KEY": "",
        "CORS_ORIGINS": "https://a.example,http://localhost:5173",
        "DOCS_ROOT": str(GATEWAY / "docs"),
        "OPENAPI_FILE": str(GATEWAY.parent / "contracts" / "openapi" / "shop.json"),
        "CACHE_DIR": str(tmp_path / "cache"),
        "MEDIA_ROOT": str(tmp_path / "media"),
        "RUN_DIR": str(tmp_path),
    }


def refusal(environment: dict[str, str]) -> str:
    answer = subprocess.run(
        [GATEWAY / "start.sh"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert answer.returncode == 1
    (line,) = answer.stderr.splitlines()
    return line


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return make_certificate(tmp_path / "tls", "shop.example")


@pytest.mark.parametrize("tls", ["", "/dev/null", "files"])
def test_it_becomes_nginx_and_is_healthy(
    environment: dict[str, str], files: Files, tmp_path: Path, tls: str
) -> None:
    given = dict.fromkeys(files.variables, tls) if tls != "files" else files.variables
    given = environment | given
    with (tmp_path / "said").open("wb") as said:
        process = subprocess.Popen(
            [GATEWAY / "start.sh"], env=given, stdout=subprocess.DEVNULL, stderr=said
        )
    try:
        check = [GATEWAY / "healthcheck.sh"]
        wait_for(lambda: subprocess.call(check, env=given, stderr=subprocess.DEVNULL) == 0)
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait(15)
    assert (tmp_path / "said").read_bytes() == b""


def test_it_renders_what_the_local_run_does(
    environment: dict[str, str], files: Files, tmp_path: Path, nginx: Nginx
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    environment |= files.variables | {"AUTH_UPSTREAM": "nowhere.invalid:1"}
    refusal(environment)
    values = {key: environment[key] for key in environment if key.isupper()}
    values |= {**tls_values(f"{tmp_path}/tls.conf", nginx.version), "USER_DIRECTIVE": ""}
    write_configuration(nginx, other, 1, values)
    for name in ("nginx.conf", "shop.conf", "tls.conf"):
        assert (tmp_path / name).read_text() == (other / name).read_text()


@pytest.mark.parametrize("missing", ["TLS_CERTIFICATE", "TLS_KEY"])
def test_a18_half_of_tls_is_refused(
    environment: dict[str, str], files: Files, missing: str
) -> None:
    given = environment | files.variables
    for nothing in ("", "/dev/null"):
        assert f"{missing} is missing" in refusal(given | {missing: nothing})
    assert f"{missing} (/none.pem) is not there" in refusal(given | {missing: "/none.pem"})


def test_a18_a_key_of_another_certificate_is_refused(
    environment: dict[str, str], files: Files, tmp_path: Path
) -> None:
    other = make_certificate(tmp_path / "other", "shop.example")
    given = environment | files.variables
    wrong = [
        given | {"TLS_KEY": str(other.key)},
        given | {"TLS_KEY": str(files.certificate)},
        given | {"TLS_CERTIFICATE": str(files.key)},
    ]
    for environment_ in wrong:
        assert "TLS_CERTIFICATE and TLS_KEY cannot be used together" in refusal(environment_)


def test_an_unknown_service_is_named(environment: dict[str, str]) -> None:
    line = refusal(environment | {"CART_UPSTREAM": "nowhere.invalid:1"})
    assert 'host not found in upstream "nowhere.invalid:1"' in line


@pytest.mark.parametrize("wrong", ["*", "https://*.a.example", "null", "https://a.example/", "a b"])
def test_a18_what_is_no_origin_is_refused(environment: dict[str, str], wrong: str) -> None:
    for origins in (wrong, f"https://a.example,{wrong}"):
        assert refusal(environment | {"CORS_ORIGINS": origins}).startswith("gateway: CORS_ORIGINS")
