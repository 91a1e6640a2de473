"""`make bench-logins`: what an attacker could learn from a login's time, and what a flood of them
costs whoever only looks around (threats A14 and A17)."""

import asyncio
import json
import os
import random
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import aiohttp

from bench.cpu import resident_megabytes
from bench.report import machine, revision, write
from bench.shop import Shop, make_products, running_shop
from bench.wrk import Request, measure

PAIRS = 1_000
FLOOD = 500
"""Logins at once."""
SECONDS = 10
PASSWORD = "correct horse battery"
HEADERS_THAT_CHANGE = {"Date", "X-Request-ID"}


def main() -> None:
    about = {"machine": machine(), "revision": revision()}
    with running_shop() as shop:
        products = make_products(shop, 1_000)
        results = {
            "known and unknown": asyncio.run(known_and_unknown(shop)),
            "flood": flood(shop, products),
        }
    print(json.dumps(results, indent=2))
    write(about, results, "-logins")


async def known_and_unknown(shop: Shop) -> dict[str, Any]:
    """Wrong passwords for accounts that are there and for some that are not, in random order."""
    async with aiohttp.ClientSession(shop.url) as session:
        known, unknown = (f"{kind}@example.com" for kind in ("known", "unknown"))
        account = {"email": known, "password": PASSWORD}
        (await session.post("/api/auth/register", json=account)).raise_for_status()
        times: dict[str, list[float]] = {known: [], unknown: []}
        answers: dict[str, set[str]] = {known: set(), unknown: set()}
        for _ in range(PAIRS):
            for email in random.sample((known, unknown), 2):
                begun = time.perf_counter()
                answer = await _log_in(session, email, "a wrong password")
                times[email].append((time.perf_counter() - begun) * 1000)
                answers[email].add(answer)
    medians = {email: statistics.median(times[email]) for email in times}
    return {
        "pairs": PAIRS,
        "median_ms": {email: round(median, 3) for email, median in medians.items()},
        "difference_ms": round(abs(medians[known] - medians[unknown]), 3),
        "same_answers": answers[known] == answers[unknown] and len(answers[known]) == 1,
    }


async def _log_in(session: aiohttp.ClientSession, email: str, password: str) -> str:
    """All of the answer that may not differ."""
    body = {"email": email, "password": password}
    async with session.post("/api/auth/login", json=body) as answer:
        told = await answer.json()
        headers = {name: answer.headers[name] for name in answer.headers}
    shown = {name: told[name] for name in told if name != "request_id"}
    kept = {name: headers[name] for name in headers if name not in HEADERS_THAT_CHANGE}
    return json.dumps([answer.status, shown, kept], sort_keys=True)


def flood(shop: Shop, products: list[str]) -> dict[str, Any]:
    """Browsing, and browsing while 500 logins are always under way."""
    requests = [Request("GET", f"/api/products/{product}") for product in products]
    measure(shop.url, requests, seconds=2)
    alone = measure(shop.url, requests, seconds=SECONDS)
    before = resident_megabytes(shop.process.pid)
    with _logins(shop) as answers:
        beside = measure(shop.url, requests, seconds=SECONDS)
        during = resident_megabytes(shop.process.pid)
    return {
        "logins_at_once": FLOOD,
        "logins_answered": dict(answers),
        "browsing_p99_ms": {"alone": alone["p99_ms"], "beside": beside["p99_ms"]},
        "browsing_p99_ratio": round(beside["p99_ms"] / alone["p99_ms"], 2),
        "auth_megabytes": {"before": before["shop-auth"], "during": during["shop-auth"]},
    }


@contextmanager
def _logins(shop: Shop) -> Iterator[Counter[int]]:
    """500 at once until the block ends, in a thread; by the status of their answers."""
    answers: Counter[int] = Counter()
    stop = Event()
    thread = Thread(target=lambda: asyncio.run(_keep_logging_in(shop, answers, stop)))
    thread.start()
    try:
        yield answers
    finally:
        stop.set()
        thread.join()


async def _keep_logging_in(shop: Shop, answers: Counter[int], stop: Event) -> None:
    # An attacker has a machine of their own.
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)

    async def one(session: aiohttp.ClientSession, number: int) -> None:
        body = {"email": f"{number}@example.com", "password": PASSWORD}
        while not stop.is_set():
            async with session.post("/api/auth/login", json=body) as answer:
                answers[answer.status] += 1
                if answer.status == 503:
                    await asyncio.sleep(float(answer.headers["Retry-After"]))

    connector = aiohttp.TCPConnector(limit=FLOOD)
    async with aiohttp.ClientSession(shop.url, connector=connector) as session:
        await asyncio.gather(*(one(session, number) for number in range(FLOOD)))


if __name__ == "__main__":
    main()
