import pytest

from gateway.render import MissingVariable, render
from tests.gateway.stage import GATEWAY

GIVEN = {
    "AUTH_UPSTREAM", "CATALOG_UPSTREAM", "CART_UPSTREAM", "ORDERS_UPSTREAM", "GATEWAY_LISTEN",
    "RATE_LIMITS", "DOCS_ROOT", "OPENAPI_FILE", "CACHE_DIR", "RUN_DIR", "MEDIA_ROOT",
    "TLS_CERTIFICATE", "TLS_KEY", "CORS_ORIGINS",
}  # fmt: skip
MADE = {
    "TLS_DIRECTIVE", "LISTEN_MODE", "HTTP2_DIRECTIVE", "LOCAL_DIRECTIVE", "USER_DIRECTIVE",
}  # fmt: skip
"""What start.sh makes of them."""


def test_values_go_in_and_variables_of_nginx_stay() -> None:
    text = "listen ${PORT}; return 200 $uri${uri_x}${PORT};"
    assert render(text, {"PORT": "80", "other": "x"}) == "listen 80; return 200 $uri${uri_x}80;"


def test_a_value_is_not_looked_through_again() -> None:
    assert render("${A}", {"A": "${B}", "B": "x"}) == "${B}"


def test_all_missing_ones_are_named() -> None:
    with pytest.raises(MissingVariable, match=r"^A, C$"):
        render("${C} ${A} ${B}", {"B": ""})


def test_the_image_gives_every_variable_of_the_templates() -> None:
    dockerfile = (GATEWAY / "Dockerfile").read_text(encoding="utf-8")
    start = (GATEWAY / "start.sh").read_text(encoding="utf-8")
    for template in (GATEWAY / "templates").iterdir():
        render(template.read_text(encoding="utf-8"), dict.fromkeys(GIVEN | MADE, "x"))
    assert [name for name in GIVEN if f"{name}=" not in dockerfile] == []
    assert [name for name in MADE if f"{name}=" not in start] == []


def test_design_no_rewrite_and_no_if() -> None:
    template = (GATEWAY / "templates" / "shop.conf.template").read_text(encoding="utf-8")
    directives = {line.split()[0] for line in template.splitlines() if line.strip()}
    assert not directives & {"if", "rewrite", "set", "break"}
