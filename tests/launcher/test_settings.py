from pathlib import Path

import pytest

from launcher.errors import LaunchError
from launcher.settings import read_env_file, read_settings

ROOT = Path("/project")


def test_without_any_setting_the_shop_has_sensible_ones() -> None:
    settings = read_settings({}, ROOT)
    assert settings.url == "http://127.0.0.1:8080"
    assert settings.data_dir == Path("/project/var")
    assert settings.admin_email == "admin@example.com"
    assert settings.admin_password is None
    assert settings.rate_limits


def test_what_is_set_is_taken(tmp_path: Path) -> None:
    given = {
        "GATEWAY_HOST": "::1",
        "GATEWAY_PORT": "9001",
        "DATA_DIR": str(tmp_path),
        "ADMIN_EMAIL": "boss@shop.example.org",
        "ADMIN_PASSWORD": "correct horse",
        "RATE_LIMITS": "off",
    }
    settings = read_settings(given, ROOT)
    assert settings.url == "http://[::1]:9001"
    assert settings.data_dir == tmp_path
    assert settings.admin_email == "boss@shop.example.org"
    assert settings.admin_password == "correct horse"
    assert not settings.rate_limits


def test_an_empty_setting_is_none() -> None:
    empty = dict.fromkeys(["GATEWAY_PORT", "DATA_DIR", "ADMIN_PASSWORD", "RATE_LIMITS"], "")
    assert read_settings(empty, ROOT) == read_settings({}, ROOT)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GATEWAY_PORT", "abc"),
        ("GATEWAY_PORT", "0"),
        ("GATEWAY_PORT", "65536"),
        ("GATEWAY_PORT", "-1"),
        ("GATEWAY_PORT", "٨٠"),
        ("GATEWAY_PORT", "9" * 5000),
        ("GATEWAY_HOST", "shop.example.org"),
        ("RATE_LIMITS", "maybe"),
        ("ADMIN_EMAIL", "nobody"),
        ("ADMIN_EMAIL", "a b@example.com"),
        ("ADMIN_PASSWORD", "short"),
        ("ADMIN_PASSWORD", "x" * 129),
    ],
)
def test_a_damaged_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(LaunchError, match=name) as raised:
        read_settings({name: value}, ROOT)
    assert "\n" not in str(raised.value)


def test_a_password_is_not_shown_in_the_error() -> None:
    with pytest.raises(LaunchError) as raised:
        read_settings({"ADMIN_PASSWORD": "hunter2"}, ROOT)
    assert "hunter2" not in str(raised.value)


def test_env_file_is_read_as_people_write_it(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "# comment\n\nGATEWAY_PORT=8090 # inside\n export RATE_LIMITS = off\n"
        "ADMIN_PASSWORD='a # b' # quoted\nEMPTY=\nHASH=a#b\n"
        'DATA_DIR="/srv/my shop" # quoted\nESCAPED="say \\"hi\\""\nDOLLAR=a$b${c}\n'
    )
    assert read_env_file(file) == {
        "GATEWAY_PORT": "8090",
        "RATE_LIMITS": "off",
        "ADMIN_PASSWORD": "a # b",
        "EMPTY": "",
        "HASH": "a#b",
        "DATA_DIR": "/srv/my shop",
        "ESCAPED": 'say "hi"',
        "DOLLAR": "a$b${c}",
    }


def test_the_example_of_an_env_file_can_be_read() -> None:
    assert read_env_file(Path(__file__).parents[2] / ".env.example") == {}


def test_no_env_file_is_no_setting(tmp_path: Path) -> None:
    assert read_env_file(tmp_path / ".env") == {}


@pytest.mark.parametrize(
    "content", [b"GATEWAY_PORT 8080\n", b"GATEWAY_PORT\n", b"A='b\n", b"\xff\xfe=1\n"]
)
def test_a_damaged_env_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".env").write_bytes(content)
    with pytest.raises(LaunchError, match=r"\.env"):
        read_env_file(tmp_path / ".env")


def test_the_damaged_line_of_an_env_file_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# comment\n\nRATE_LIMITS=off\n\n\nGATEWAY_PORT 8080\n")
    with pytest.raises(LaunchError, match=r"\.env, line 6: expected NAME=value"):
        read_env_file(tmp_path / ".env")
