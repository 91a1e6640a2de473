"""The shop's public API for one caller: a token on every call, renewed when it is refused."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from shopcli.errors import ApiProblem, CannotReach
from shopcli.session import Session
from shopcli.wire import Call, Wire, new_key

MAX_PAGE = 100

Params = Mapping[str, str | int]


class ShopClient:
    """Raises ApiProblem for what the shop refuses, CannotReach, LoginNeeded."""

    def __init__(self, wire: Wire, session: Session) -> None:
        self.wire = wire
        self.session = session

    async def get(self, path: str, params: Params | None = None) -> Any:
        return await self._send(Call("GET", path, params or {}, None))

    async def upload(self, path: str, params: Params, file: Path) -> Any:
        """POST lines of JSON, with an Idempotency-Key as `post`."""
        return await self._send(Call("POST", path, params, None, key=new_key(), file=file))

    async def download(self, path: str, params: Params, into: BinaryIO) -> None:
        """All of what is there, or an error."""
        call = Call("GET", path, params, None)
        await self._with_token(call, lambda with_token: self.wire.save(with_token, into))

    async def post(self, path: str, body: object) -> Any:
        """Carries an Idempotency-Key, so that a repeat after a lost answer makes nothing twice."""
        return await self._send(Call("POST", path, {}, body, key=new_key()))

    async def patch(self, path: str, body: object) -> Any:
        return await self._send(Call("PATCH", path, {}, body))

    async def put(self, path: str, body: object) -> Any:
        return await self._send(Call("PUT", path, {}, body))

    async def items(
        self, path: str, params: Params, *, limit: int | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Everything of a list, page by page, up to `limit`."""
        left = limit
        cursor: str | None = None
        while left is None or left > 0:
            size = MAX_PAGE if left is None else min(left, MAX_PAGE)
            query: dict[str, str | int] = {**params, "limit": size}
            if cursor is not None:
                query["cursor"] = cursor
            page = await self.get(path, query)
            items = _items(page, self.wire.url)
            for item in items:
                yield item
            left = None if left is None else left - len(items)
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    async def _send(self, call: Call) -> Any:
        return await self._with_token(call, self.wire.send)

    async def _with_token(self, call: Call, send: Callable[[Call], Awaitable[Any]]) -> Any:
        token = await self.session.token(self.wire)
        try:
            return await send(replace(call, token=token))
        except ApiProblem as problem:
            if problem.status != 401:
                raise
            token = await self.session.renewed(self.wire, token or "")
            return await send(replace(call, token=token))


def _items(page: Any, url: str) -> list[dict[str, Any]]:
    items = page.get("items") if isinstance(page, Mapping) else None
    if not isinstance(items, list):
        raise CannotReach(f"What answers at {url} is not a shop: it sent no list.")
    return items
