"""Prometheus metrics of one service; served on the internal listener only."""

from functools import lru_cache

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    Counter,
    Histogram,
    generate_latest,
)

REQUESTS = Counter("http_requests_total", "Answered requests.", ["method", "route", "status"])
SECONDS = Histogram(
    "http_request_seconds",
    "Time to the last byte of the answer.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


@lru_cache(maxsize=4096)
def _children(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(method, route, str(status)), SECONDS.labels(route)


def observe(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answer; `route` is the template, never the path itself."""
    counter, histogram = _children(method, route, status)
    counter.inc()
    histogram.observe(seconds)


def exposition() -> tuple[bytes, str]:
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
