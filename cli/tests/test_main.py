"""What a person reads who calls the program wrongly, or for the first time."""

from pathlib import Path

import pytest

from shopcli.main import run


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        ("import", "shop import"),
        ("products list --limit 0", "shop products list"),
        ("products lsit", "shop products"),
        ("improt", "shop"),
    ],
)
def test_wrong_usage_names_the_help_of_its_command(
    capsys: pytest.CaptureFixture[str], arguments: str, place: str
) -> None:
    assert run(arguments.split()) == 2
    told = capsys.readouterr().err
    assert told.endswith(f"(see `{place} --help`)\n")
    assert len(told.splitlines()) == 1


def test_what_a_file_has_is_counted_in_words(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "one.csv"
    file.write_text(
        "Handle,Title,Variant Price,Option1 Name,Option1 Value\na,A,1,Size,S\na,,1,,M\n"
    )
    assert run(["import", "--check", str(file)]) == 0
    assert "2 rows: 2 products, 1 group with variants." in capsys.readouterr().err
