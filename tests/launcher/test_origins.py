import pytest

from launcher.errors import LaunchError
from launcher.origins import read_origins


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("", ""),
        (" , ", ""),
        ("https://shop.example", "https://shop.example"),
        (
            "https://shop.example, http://localhost:5173,https://shop.example,",
            "https://shop.example,http://localhost:5173",
        ),
        ("https://xn--bcher-kva.example:8443", "https://xn--bcher-kva.example:8443"),
    ],
)
def test_origins_are_taken_each_once(text: str, origins: str) -> None:
    assert read_origins(text) == origins


@pytest.mark.parametrize("text", ["*", "https://*", "https://*.shop.example", "null"])
def test_a18_a_wildcard_is_refused(text: str) -> None:
    with pytest.raises(LaunchError, match=r"CORS_ORIGINS: .* would let in pages of anybody"):
        read_origins(f"https://shop.example,{text}")


@pytest.mark.parametrize(
    "text",
    [
        "shop.example", "https://", "https://shop.example/", "https://shop.example/path",
        "https://Shop.example", "HTTPS://shop.example", "https://a@shop.example", "ftp://x.example",
        "https://shop.example:", "https://shop.example:0", "https://shop.example:443",
        "http://shop.example:80", "https://shop.example https://b.example", "https://a|b",
        'https://a"b', "https://a;b", "https://a$b", "https://bücher.example", "https://-.example",
    ],
)  # fmt: skip
def test_a18_what_no_browser_sends_is_refused(text: str) -> None:
    with pytest.raises(LaunchError, match="CORS_ORIGINS: ") as raised:
        read_origins(text)
    assert "\n" not in str(raised.value)
