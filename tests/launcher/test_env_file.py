"""What a person reads who wrote something into .env that means nothing."""

import re
from pathlib import Path

import pytest

from launcher.env_file import read_env_file
from launcher.errors import LaunchError

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_env_file_is_read_as_people_write_it(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "# comment\n\nGATEWAY_PORT=8090 # inside\n export RATE_LIMITS = off\n"
        "ADMIN_PASSWORD='a # b' # quoted\nSHOP_EMPTY=\nSHOP_HASH=a#b\n"
        'DATA_DIR="/srv/my shop" # quoted\nSHOP_ESCAPED="say \\"hi\\""\nSHOP_DOLLAR=a$b${c}\n'
    )
    assert read_env_file(file) == {
        "GATEWAY_PORT": "8090",
        "RATE_LIMITS": "off",
        "ADMIN_PASSWORD": "a # b",
        "SHOP_EMPTY": "",
        "SHOP_HASH": "a#b",
        "DATA_DIR": "/srv/my shop",
        "SHOP_ESCAPED": 'say "hi"',
        "SHOP_DOLLAR": "a$b${c}",
    }


def test_the_example_of_an_env_file_can_be_read() -> None:
    assert read_env_file(EXAMPLE) == {}


def test_no_env_file_is_no_setting(tmp_path: Path) -> None:
    assert read_env_file(tmp_path / ".env") == {}


@pytest.mark.parametrize(
    "content", [b"GATEWAY_PORT 8080\n", b"GATEWAY_PORT\n", b"SHOP_A='b\n", b"\xff\xfe=1\n"]
)
def test_a_damaged_env_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".env").write_bytes(content)
    with pytest.raises(LaunchError, match=r"\.env"):
        read_env_file(tmp_path / ".env")


def test_the_damaged_line_of_an_env_file_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# comment\n\nRATE_LIMITS=off\n\n\nGATEWAY_PORT 8080\n")
    with pytest.raises(LaunchError, match=r"\.env, line 6: expected NAME=value"):
        read_env_file(tmp_path / ".env")


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (b"\n\xff\xfe=1\n", "is not UTF-8 text: save it"),
        (b"\nADMIN_PASSWORD='secret\n", "line 2: the quote ' is not closed"),
        (b'ADMIN_PASSWORD="a \\" b\n', 'line 1: the quote " is not closed'),
        (b"ADMIN_PASSWORD='a' b\n", "line 1: expected NAME=value"),
    ],
)
def test_what_is_wrong_with_an_env_file_is_told(
    tmp_path: Path, content: bytes, advice: str
) -> None:
    (tmp_path / ".env").write_bytes(content)
    with pytest.raises(LaunchError, match=re.escape(advice)):
        read_env_file(tmp_path / ".env")


def test_a_folder_in_place_of_an_env_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="is a folder: remove it"):
        read_env_file(tmp_path)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("GATWAY_PORT", "did you mean GATEWAY_PORT?"),
        ("gateway_port", "did you mean GATEWAY_PORT?"),
        ("RATE_LIMIT", "did you mean RATE_LIMITS?"),
        ("ORDER_LOG_LEVEL", "did you mean ORDERS_LOG_LEVEL?"),
        ("COLOUR", "see .env.example"),
    ],
)
def test_a_name_that_sets_nothing_is_refused(tmp_path: Path, name: str, advice: str) -> None:
    (tmp_path / ".env").write_text(f"# mine\n\n{name}=1\n")
    with pytest.raises(LaunchError) as raised:
        read_env_file(tmp_path / ".env")
    assert str(raised.value) == f".env, line 3: there is no setting {name}: {advice}"


def test_every_name_of_the_example_and_of_make_up_is_known(tmp_path: Path) -> None:
    names = re.findall(r"^#([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE)
    for file in EXAMPLE.parent.glob("docker-compose*.yml"):
        names += re.findall(r"\$\{([A-Z_]+)", file.read_text())
    assert {"GATEWAY_PORT", "ORDERS_LOG_LEVEL", "SHOP_POSTGRES_PASSWORD"} <= set(names)
    (tmp_path / ".env").write_text("".join(f"{name}=1\n" for name in names))
    assert read_env_file(tmp_path / ".env") == dict.fromkeys(names, "1")
