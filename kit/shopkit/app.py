"""build_app: everything that an app of the shop has, in one visible order."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, FastAPI, Path, Request, Response
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from opentelemetry._logs import get_logger_provider
from opentelemetry.metrics import get_meter_provider
from opentelemetry.trace import get_tracer_provider

from shopkit.auth import Public
from shopkit.db import Database
from shopkit.edge import Edge
from shopkit.errors import Problem, Unavailable
from shopkit.ids import UUID_PATTERN
from shopkit.metrics import exposition
from shopkit.openapi import document, policy_of
from shopkit.responses import add_error_handlers
from shopkit.routing import new_router

PathId = Annotated[str, Path(pattern=UUID_PATTERN, description="UUIDv7")]
_UNOBSERVED: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
METRICS = new_router()
"""For the internal listener only."""
_HEALTH = new_router()


class Keys(Protocol):
    @property
    def ready(self) -> bool: ...


def build_app(
    *, title: str, routers: Sequence[APIRouter], state: Mapping[str, Any], description: str = ""
) -> FastAPI:
    """One app. `state` must have `database`, and `verifier` where a route is not public. With
    `keys`, it is ready once they are.

    Raises RuntimeError when a route declares no policy, or two routes share a name.
    """
    app = FastAPI(
        telemetry=None if _is_observed() else _UNOBSERVED,
        title=title,
        description=description,
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for name, value in state.items():
        setattr(app.state, name, value)
    for router in (*routers, _HEALTH):
        app.router.routes.extend(router.routes)
    _require_policies_and_names(app)
    add_error_handlers(app)
    app.add_middleware(Edge, routes=app.router.routes)
    return app


def _is_observed() -> bool:
    """Whether OpenTelemetry was set up before this, as `opentelemetry-instrument` does it. Each
    request would otherwise ask for that anew. (What is not set up is a proxy, or does nothing.)"""
    providers = get_tracer_provider(), get_meter_provider(), get_logger_provider()
    names = (type(one).__name__.lstrip("_") for one in providers)
    return not all(name.startswith(("Proxy", "NoOp")) for name in names)


def _require_policies_and_names(app: FastAPI) -> None:
    names: set[str] = set()
    for route in app.router.routes:
        if isinstance(route, APIRoute):
            policy_of(route)
            if route.name in names:
                raise RuntimeError(f"two routes are named {route.name}")
            names.add(route.name)
            route.operation_id = route.name


@_HEALTH.get("/healthz", include_in_schema=False)
async def healthz(_: Public) -> dict[str, str]:
    return {"status": "ok"}


@_HEALTH.get("/readyz", include_in_schema=False)
async def readyz(request: Request, _: Public) -> dict[str, str]:
    state = request.app.state
    keys: Keys | None = getattr(state, "keys", None)
    await _ping(state.database)
    if keys is not None and not keys.ready:
        raise Unavailable("Auth's public keys are not known yet.")
    return {"status": "ok"}


async def _ping(database: Database) -> None:
    try:
        await database.ping()
    except Problem:
        raise
    except Exception as exc:
        raise Unavailable("The database does not answer.") from exc


@METRICS.get("/metrics", include_in_schema=False)
async def metrics(_: Public) -> Response:
    body, media_type = exposition()
    return Response(body, media_type=media_type)


__all__ = ["METRICS", "PathId", "build_app", "document"]
