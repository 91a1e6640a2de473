"""nginx's configuration for this machine, and nginx as one of the children."""

import errno
import grp
import os
import socket
from collections.abc import Mapping
from pathlib import Path

from gateway.render import render
from launcher.child import Child
from launcher.errors import LaunchError
from launcher.nginx_program import Nginx
from launcher.services import NAMES, Layout
from launcher.settings import Settings


def check_port(settings: Settings) -> None:
    """Raises LaunchError when the gateway could not listen."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise LaunchError(_advice(settings, error)) from None


def _advice(settings: Settings, error: OSError) -> str:
    where = f"port {settings.port} of {settings.host}"
    if error.errno == errno.EADDRINUSE:
        return f"{where} is busy: stop what uses it, or take another one with GATEWAY_PORT=8081"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"{where} needs more rights: take one above 1023 with GATEWAY_PORT=8080"
    return f"{where} cannot be used ({error.strerror}): see GATEWAY_HOST and GATEWAY_PORT"


def gateway_child(
    nginx: Nginx, settings: Settings, layout: Layout, environment: Mapping[str, str]
) -> Child:
    configuration = _write_configuration(settings, layout)
    return Child(
        name="gateway",
        command=[nginx.program, "-e", "stderr", "-p", layout.data.gateway, "-c", configuration],
        environment={**environment, **nginx.environment},
        log=layout.data.log("gateway"),
        is_ready=lambda: accepts(_reached_at(settings.host), settings.port),
    )


def _write_configuration(settings: Settings, layout: Layout) -> Path:
    source, target = layout.root / "gateway", layout.data.gateway
    listen = f"[{settings.host}]" if ":" in settings.host else settings.host
    values = {
        **{f"{name.upper()}_UPSTREAM": f"unix:{layout.socket(name)}" for name in NAMES},
        "GATEWAY_LISTEN": f"{listen}:{settings.port}",
        "RATE_LIMITS": "on" if settings.rate_limits else "off",
        "DOCS_ROOT": str(source / "docs"),
        "OPENAPI_FILE": str(layout.root / "contracts" / "openapi" / "shop.json"),
        "CACHE_DIR": str(target / "cache"),
        "RUN_DIR": str(target),
        "USER_DIRECTIVE": _user_directive(),
        "SHOP_CONF": str(target / "shop.conf"),
    }
    shop = (source / "templates" / "shop.conf.template").read_text(encoding="utf-8")
    (target / "shop.conf").write_text(render(shop, values), encoding="utf-8")
    around = (source / "nginx.local.conf.template").read_text(encoding="utf-8")
    (target / "nginx.conf").write_text(render(around, values), encoding="utf-8")
    return target / "nginx.conf"


def _user_directive() -> str:
    """Sockets and data belong to whoever started the shop, so its workers run as that user."""
    return f"user root {grp.getgrgid(os.getegid()).gr_name};" if os.geteuid() == 0 else ""


def _reached_at(host: str) -> str:
    return "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 - only compared


def accepts(host: str, port: int) -> bool:
    """Whether somebody listens there."""
    try:
        socket.create_connection((host, port), timeout=1.0).close()
    except OSError:
        return False
    return True
