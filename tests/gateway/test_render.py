import pytest

from gateway.render import MissingVariable, render
from tests.gateway.stage import GATEWAY

KNOWN = {
    "AUTH_UPSTREAM", "CATALOG_UPSTREAM", "CART_UPSTREAM", "ORDERS_UPSTREAM", "GATEWAY_LISTEN",
    "RATE_LIMITS", "DOCS_ROOT", "OPENAPI_FILE", "CACHE_DIR", "RUN_DIR",
}  # fmt: skip


def test_values_go_in_and_variables_of_nginx_stay() -> None:
    text = "listen ${PORT}; return 200 $uri${uri_x}${PORT};"
    assert render(text, {"PORT": "80", "other": "x"}) == "listen 80; return 200 $uri${uri_x}80;"


def test_a_value_is_not_looked_through_again() -> None:
    assert render("${A}", {"A": "${B}", "B": "x"}) == "${B}"


def test_all_missing_ones_are_named() -> None:
    with pytest.raises(MissingVariable, match=r"^A, C$"):
        render("${C} ${A} ${B}", {"B": ""})


def test_the_image_gives_every_variable_of_the_template() -> None:
    template = (GATEWAY / "templates" / "shop.conf.template").read_text(encoding="utf-8")
    dockerfile = (GATEWAY / "Dockerfile").read_text(encoding="utf-8")
    render(template, dict.fromkeys(KNOWN, "x"))
    assert all(f"{name}=" in dockerfile for name in KNOWN)


def test_design_no_rewrite_and_no_if() -> None:
    template = (GATEWAY / "templates" / "shop.conf.template").read_text(encoding="utf-8")
    directives = {line.split()[0] for line in template.splitlines() if line.strip()}
    assert not directives & {"if", "rewrite", "set", "break"}
