"""The console script of a service: serve, migrate, openapi, and what the service adds."""

import argparse
import asyncio
import difflib
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import uvloop
from pydantic import ValidationError
from pydantic_settings import BaseSettings
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from shopkit.logs import configure_logs, get_logger
from shopkit.openapi import document
from shopkit.schema_version import SchemaMismatch
from shopkit.server import serve
from shopkit.service import Service
from shopkit.settings import ServiceSettings
from shopkit.sqlite import DatabaseInUse

S = TypeVar("S", bound=ServiceSettings)
B = TypeVar("B", bound=BaseSettings)
Command = Callable[[S], None]
_OF_OTHERS = re.compile(r"(SERVICE_)?(HOST|PORT(_.*)?)")
"""What follows the prefix in names that orchestrators set for a service called so."""


def command_line(
    name: str,
    settings_type: type[S],
    build: Callable[[S], Service],
    migrations: Path,
    extra: Mapping[str, Command[S]] | None = None,
) -> None:
    """Run the command that the arguments name; what stands in the way is one line of `fail`."""
    commands: dict[str, Command[S]] = {
        "serve": lambda settings: _serve(name, settings, build),
        "migrate": lambda settings: _migrate(settings.database_url, migrations),
        "openapi": lambda settings: _print_openapi(build(settings)),
        **(extra or {}),
    }
    parser = argparse.ArgumentParser(prog=f"shop-{name}")
    parser.add_argument("command", choices=commands)
    chosen = parser.parse_args().command
    try:
        is_example = chosen == "openapi"
        commands[chosen](_example(settings_type) if is_example else read_settings(settings_type))
    except ValidationError as exc:
        fail(name, settings_advice(exc, settings_type))
    except DBAPIError as exc:
        place = make_url(settings_type().database_url).render_as_string(hide_password=True)
        fail(name, f"{place} cannot be used: {exc.orig}")
    except DatabaseInUse as exc:
        fail(name, str(exc), status=1)  # by one that stops, perhaps: to be tried again
    except (SchemaMismatch, OSError, ValueError) as exc:
        fail(name, str(exc))


def _example(settings_type: type[S]) -> S:
    """Enough to build the apps of a service that is not going to serve."""
    values: dict[str, Any] = {
        "database_url": "sqlite:///openapi.db",
        "listen": "127.0.0.1:0",
        "internal_listen": "127.0.0.1:0",
    }
    return settings_type(**values)


def _serve(name: str, settings: S, build: Callable[[S], Service]) -> None:
    configure_logs(name, settings.log_level)
    get_logger().info("settings", **settings.masked())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(build(settings), settings.listen, settings.internal_listen))


def _migrate(url: str, migrations: Path) -> None:
    """Alembic is 10 MB and 0.1 s that no service needs that serves."""
    import_module("shopkit.migrations").migrate(url, migrations)


def _print_openapi(service: Service) -> None:
    json.dump(document(service.public), sys.stdout, indent=2, ensure_ascii=False, sort_keys=True)
    sys.stdout.write("\n")


def read_settings(settings_type: type[B]) -> B:
    """From the environment. Raises ValueError also for a name that is almost one of a setting: it
    is misspelt, and would change nothing in silence. Others are of somebody else's program."""
    prefix = settings_type.model_config.get("env_prefix", "")
    known = _names(settings_type).values()
    for name in os.environ:
        rest = name.upper().removeprefix(prefix)
        if rest == name.upper() or prefix + rest in known or _OF_OTHERS.fullmatch(rest):
            continue
        for close in difflib.get_close_matches(prefix + rest, known, n=1, cutoff=0.75):
            raise ValueError(f"there is no setting {name}: did you mean {close}?")
    return settings_type()


def settings_advice(exc: ValidationError, settings_type: type[BaseSettings]) -> str:
    """What is wrong, by the names of the environment, without what was set."""
    return "settings are wrong: " + "; ".join(
        _told(error["loc"], error["msg"], _names(settings_type))
        for error in exc.errors(include_input=False)
    )


def _told(place: tuple[int | str, ...], message: str, names: Mapping[str, str]) -> str:
    """A rule of several settings has no place: it names them itself."""
    message = message.removeprefix("Value error, ")
    if place:
        first, *rest = map(str, place)
        return ".".join([names.get(first, first), *rest]) + f": {message}"
    named = "|".join(name for name in names if "_" in name)
    return re.sub(rf"\b({named})\b", lambda found: names[found[0]], message)


def _names(settings_type: type[BaseSettings]) -> dict[str, str]:
    """Of all settings, and how each is called in the environment."""
    prefix = settings_type.model_config.get("env_prefix", "")
    return {field: f"{prefix}{field}".upper() for field in settings_type.model_fields}


def fail(name: str, message: str, *, status: int = 2) -> None:
    """One line on standard error. 2 says that trying again is of no use."""
    sys.stderr.write(f"shop-{name}: {message}\n")
    raise SystemExit(status)
