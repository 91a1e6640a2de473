"""nginx's configuration for this machine, and nginx as one of the children."""

import errno
import grp
import os
import signal
import socket
from collections.abc import Mapping
from pathlib import Path

from gateway.render import render, tls_values
from launcher.child import Child
from launcher.errors import LaunchError
from launcher.nginx_program import Nginx
from launcher.ports import LOOPBACK, kept_port
from launcher.services import NAMES, Layout
from launcher.settings import Settings
from launcher.vault import Vault

_LOCAL_PORT = "gateway-local-port"


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


def find_local_url(settings: Settings, vault: Vault) -> str:
    """Where programs of this machine reach the gateway, which its certificate is not for."""
    if settings.certificate is None:
        return settings.url
    return f"http://{LOOPBACK}:{kept_port(vault, _LOCAL_PORT, taken={settings.port})}"


def gateway_child(
    nginx: Nginx,
    settings: Settings,
    layout: Layout,
    environment: Mapping[str, str],
    *,
    local_url: str,
) -> Child:
    media = environment.get("CATALOG_MEDIA_DIR") or str(layout.data.media)
    configuration = _write_configuration(nginx, settings, layout, local_url, media)
    return Child(
        name="gateway",
        command=[nginx.program, "-e", "stderr", "-p", layout.data.gateway, "-c", configuration],
        environment={**environment, **nginx.environment},
        log=layout.data.log("gateway"),
        is_ready=lambda: accepts(_reached_at(settings.host), settings.port),
        stop_signal=signal.SIGQUIT,  # nginx answers what it has taken; after SIGTERM it does not
    )


def _write_configuration(
    nginx: Nginx, settings: Settings, layout: Layout, local_url: str, media: str
) -> Path:
    source, target = layout.root / "gateway", layout.data.gateway
    listen = f"[{settings.host}]" if ":" in settings.host else settings.host
    values = {
        **{f"{name.upper()}_UPSTREAM": f"unix:{layout.socket(name)}" for name in NAMES},
        "GATEWAY_LISTEN": f"{listen}:{settings.port}",
        "RATE_LIMITS": "on" if settings.rate_limits else "off",
        "CORS_ORIGINS": settings.cors_origins,
        "DOCS_ROOT": str(source / "docs"),
        "OPENAPI_FILE": str(layout.root / "contracts" / "openapi" / "shop.json"),
        "CACHE_DIR": str(target / "cache"),
        "MEDIA_ROOT": media,
        "RUN_DIR": str(target),
        "USER_DIRECTIVE": _user_directive(),
        **_tls(nginx, settings, target / "tls.conf", local_url),
    }
    _write(source / "templates" / "shop.conf.template", target / "shop.conf", values)
    _write(source / "templates" / "nginx.conf.template", target / "nginx.conf", values)
    if settings.certificate:
        _write(source / "templates" / "tls.conf.template", target / "tls.conf", values)
    return target / "nginx.conf"


def _tls(nginx: Nginx, settings: Settings, configuration: Path, local_url: str) -> dict[str, str]:
    if settings.certificate is None:
        return {**tls_values(None, nginx.version), "LOCAL_DIRECTIVE": ""}
    return {
        **tls_values(str(configuration), nginx.version),
        "TLS_CERTIFICATE": str(settings.certificate.path),
        "TLS_KEY": str(settings.certificate.key),
        "LOCAL_DIRECTIVE": f"listen {local_url.removeprefix('http://')};",
    }


def _write(template: Path, path: Path, values: Mapping[str, str]) -> None:
    path.write_text(render(template.read_text(encoding="utf-8"), values), encoding="utf-8")


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
