"""`make bench-logins`: what an attacker could learn from a login's time, and what a flood of them
costs whoever only looks around (threats A14 and A17)."""

import asyncio
import json
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import aiohttp

from bench.cpu import cpu_microseconds, resident_megabytes
from bench.flood import flooding
from bench.open_loop import browse
from bench.report import machine, revision, write
from bench.shop import Shop, make_products, running_shop
from bench.wrk import Request, measure

PAIRS = 1_000
FLOOD = 500
"""Logins at once."""
PER_SECOND = 300
"""Pages that people ask for, where they do not ask for all that they can get."""
ROUNDS, SECONDS = 3, 10
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
    """Browsing as fast as it goes and at a fixed rate, alone and while 500 logins are always under
    way."""
    pages = [f"/api/products/{product}" for product in products]
    requests = [Request("GET", page) for page in pages]
    half_cached = [page for each in pages for page in ("/api/products?limit=20", each)]

    def saturated() -> dict[str, Any]:
        return measure(shop.url, requests, seconds=SECONDS)

    def at_rate() -> dict[str, Any]:
        return browse(shop.url, half_cached, per_second=PER_SECOND, seconds=SECONDS)

    measure(shop.url, requests, seconds=2)
    return {
        "logins_at_once": FLOOD,
        "saturated": _alone_and_beside(shop, saturated),
        f"{PER_SECOND} a second": _alone_and_beside(shop, at_rate),
    }


def _alone_and_beside(shop: Shop, browsing: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Several times in turn, since a machine is not the same from one minute to the next."""
    logins = [{"email": f"{number}@example.com", "password": PASSWORD} for number in range(FLOOD)]
    requests = [Request("POST", "/api/auth/login", body=login) for login in logins]
    rounds = []
    for _ in range(ROUNDS):
        alone, megabytes = browsing(), resident_megabytes(shop.process.pid)["shop-auth"]
        with flooding(shop.url, requests) as answers:
            begun = cpu_microseconds(shop.process.pid)
            beside = browsing()
            ended = cpu_microseconds(shop.process.pid)
            flooded = resident_megabytes(shop.process.pid)["shop-auth"]
        rounds.append(
            {
                "alone": alone,
                "beside": beside,
                "p99_ratio": round(beside["p99_ms"] / alone["p99_ms"], 2),
                "logins_answered": answers,
                "auth_megabytes": {"alone": megabytes, "beside": flooded},
                "cpu_seconds_beside": {
                    name: round((ended[name] - begun[name]) / 1e6, 2) for name in ended
                },
            }
        )
    return {
        "p99_ratio": statistics.median(each["p99_ratio"] for each in rounds),
        "p99_ms": {
            name: statistics.median(each[name]["p99_ms"] for each in rounds)
            for name in ("alone", "beside")
        },
        "rounds": rounds,
    }


if __name__ == "__main__":
    main()
