import stat
from pathlib import Path

import pytest

from launcher.administrator import find_administrator
from launcher.errors import LaunchError
from launcher.settings import read_settings
from launcher.vault import Vault


def test_a_secret_is_made_once_and_is_its_owners(tmp_path: Path) -> None:
    secret = Vault(tmp_path).secret("cart-secret-key")
    assert len(secret) >= 32
    assert Vault(tmp_path).secret("cart-secret-key") == secret
    assert Vault(tmp_path).secret("auth-secret-key") != secret
    assert stat.S_IMODE((tmp_path / "cart-secret-key").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content", [b"", b"short", b"two words that are long enough", b"\xff" * 40]
)
def test_a_damaged_secret_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "cart-secret-key").write_bytes(content)
    with pytest.raises(LaunchError, match="cart-secret-key") as raised:
        Vault(tmp_path).secret("cart-secret-key")
    assert "\n" not in str(raised.value)


def test_the_admins_password_is_made_once_and_kept(tmp_path: Path) -> None:
    settings = read_settings({}, tmp_path)
    password = find_administrator(settings, Vault(tmp_path)).password
    assert find_administrator(settings, Vault(tmp_path)).password == password
    assert (tmp_path / "admin-password").read_text().strip() == password


def test_a_given_password_is_not_kept(tmp_path: Path) -> None:
    settings = read_settings({"ADMIN_PASSWORD": "correct horse"}, tmp_path)
    assert find_administrator(settings, Vault(tmp_path)).password == "correct horse"
    assert list(tmp_path.iterdir()) == []


def test_another_admin_is_not_made_yet(tmp_path: Path) -> None:
    first = find_administrator(read_settings({}, tmp_path), Vault(tmp_path))
    assert not first.is_made
    first.mark_as_made()
    assert first.is_made
    other = read_settings({"ADMIN_EMAIL": "other@example.com"}, tmp_path)
    assert not find_administrator(other, Vault(tmp_path)).is_made
