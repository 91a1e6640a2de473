"""Every service looks like the others: who knows one finds the way in all."""

import gc
import re
from importlib import import_module
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Match

from shopkit.db import Database
from shopkit.direct import DirectApp, DirectRoutes
from shopkit.settings import ServiceSettings

SERVICES = ("auth", "catalog", "cart", "orders")
MAPPED = ("kit/shopkit", "services/auth/auth", "services/orders/orders")
"""Of many modules: their READMEs say where to look."""
SKELETON = ("main", "apps", "context", "deps", "settings", "errors", "domain", "models", "worker")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_the_skeleton(root: Path, service: str) -> None:
    package = root / "services" / service / service
    there = {path.stem for path in package.iterdir()}  # a module, or a package of that name
    assert [name for name in SKELETON if name not in there] == []


@pytest.mark.parametrize("package", MAPPED)
def test_the_map_names_every_module(root: Path, package: str) -> None:
    text = (root / package).with_name("README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w…]+)(?:\.py|/\w*)?`", text))
    endings = tuple(name.removeprefix("…") for name in named if name.startswith("…_"))
    modules = {path.stem for path in (root / package).glob("*.py")} - {"__init__"}
    assert {name for name in modules - named if not name.endswith(endings or ("/",))} == set()


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_set_to_nothing_has_its_default(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: type[ServiceSettings] = getattr(
        import_module(f"{service}.settings"), f"{service.capitalize()}Settings"
    )
    monkeypatch.setenv(f"{service.upper()}_DATABASE_URL", "sqlite:////x.db")
    addresses = {"listen": "unix:/x", "internal_listen": "unix:/y"}
    for name in ("LOG_LEVEL", "DATABASE_POOL", "JWKS_CACHE", "SECRET_KEY"):
        monkeypatch.setenv(f"{service.upper()}_{name}", "")
    settings = made(**addresses)  # type: ignore[arg-type]
    assert (settings.log_level, settings.database_pool, settings.jwks_cache) == ("INFO", 10, None)


@pytest.mark.parametrize("service", SERVICES)
def test_direct_routes_are_those_that_the_router_finds(
    service: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    apps: list[FastAPI] = []
    monkeypatch.setattr(FastAPI, "add_middleware", lambda app, *_, **__: apps.append(app))
    monkeypatch.setattr("sys.argv", [f"shop-{service}", "openapi"])
    import_module(f"{service}.main").main()
    assert capsys.readouterr().out
    for app in apps:
        _agree(app, DirectRoutes(app.router.routes))
    assert len(apps) == 2


def _agree(app: FastAPI, direct: DirectRoutes) -> None:
    routes = [route for route in app.router.routes if isinstance(route, APIRoute)]
    for method, path in {(next(iter(it.methods)), it.path) for it in routes if it.methods}:
        scope = {"type": "http", "method": method, "path": re.sub(r"[{}]", "", path)}
        found = next(it for it in routes if it.matches(scope)[0] is Match.FULL)
        expected = found.app if isinstance(found.app, DirectApp) else None
        assert direct.find(scope) is expected, path


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_gone_is_kept_by_nothing(
    service: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """FastAPI keeps every endpoint for ever: one made anew for each app, and that names its
    database, keeps all of them."""
    monkeypatch.setattr("sys.argv", [f"shop-{service}", "openapi"])
    before = _living()
    import_module(f"{service}.main").main()
    assert capsys.readouterr().out
    assert _living() <= before


def _living() -> set[int]:
    gc.collect()
    return {id(found) for found in gc.get_objects() if isinstance(found, FastAPI | Database)}
