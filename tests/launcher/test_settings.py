from pathlib import Path

import pytest

from launcher.errors import LaunchError
from launcher.settings import read_settings

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


def test_a_switch_names_what_it_takes() -> None:
    with pytest.raises(LaunchError, match="write RATE_LIMITS=on or RATE_LIMITS=off"):
        read_settings({"RATE_LIMITS": "false"}, ROOT)


def test_a_password_is_not_shown_in_the_error() -> None:
    with pytest.raises(LaunchError) as raised:
        read_settings({"ADMIN_PASSWORD": "hunter2"}, ROOT)
    assert "hunter2" not in str(raised.value)
