"""Imports that the shop does by itself: sent, followed, and taken back."""

import asyncio
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from shopcli.changes import money
from shopcli.client import ShopClient
from shopcli.drafts import Listing, ProductDraft, Remark
from shopcli.errors import FieldProblem

EVERY = 0.5
"""Seconds between two looks at how far it is."""
ENDED = ("done", "cancelled")
Job = Mapping[str, Any]


@dataclass
class ImportJobs:
    """Errors are those of ShopClient."""

    client: ShopClient

    async def begin(self, file: Path) -> Job:
        """Of lines that `POST /api/imports` takes. Categories are made."""
        params = {"create_categories": "true"}
        return _job(await self.client.upload("/api/imports", params, file))

    async def undo(self, import_id: str) -> Job:
        return _job(await self.client.post(f"/api/imports/{quote(import_id)}/undo", {}))

    async def follow(self, job: Job, on_progress: Callable[[Job], None]) -> Job:
        """The import at its end."""
        while job["state"] not in ENDED:
            await asyncio.sleep(EVERY)
            job = _job(await self.client.get(f"/api/imports/{job['id']}"))
            on_progress(job)
        return job

    async def failures(self, job: Job, rows: Sequence[int] = ()) -> list[Remark]:
        """Why rows failed; `rows` are those that the lines of the file came from."""
        if not job["counts"]["failed"]:
            return []
        with tempfile.TemporaryFile() as file:
            await self.client.download(f"/api/imports/{job['id']}/errors", {}, file)
            file.seek(0)
            return [remark for line in file for remark in _remarks(json.loads(line), rows)]


def _remarks(entry: Mapping[str, Any], rows: Sequence[int]) -> Iterator[Remark]:
    row = int(entry["row"])
    number = rows[row - 1] if rows else row
    about = f"SKU {entry['sku']}" if entry["sku"] else "(row)"
    problems = [FieldProblem(str(e["pointer"]), str(e["detail"])) for e in entry["errors"]]
    reason = "; ".join(
        f"{one.name}: {one.detail}" if one.pointer else one.detail for one in problems
    )
    yield Remark(number, about, reason, skipped=True)


def _job(answer: Any) -> Job:
    return answer if isinstance(answer, dict) else {}


def upserts(listings: Sequence[Listing]) -> Iterator[tuple[int, bytes]]:
    """Row of the file, and line, of each product."""
    for listing in listings:
        for draft in listing.products:
            line = json.dumps(_upsert(listing, draft), ensure_ascii=False)
            yield draft.row, line.encode() + b"\n"


def _upsert(listing: Listing, draft: ProductDraft) -> dict[str, Any]:
    """What a draft does not say stays, and so does the slug of a product that is there."""
    former = draft.compare_at_price
    body: dict[str, Any] = {
        "sku": draft.sku,
        "name": draft.name,
        "price": money(draft.price, draft.currency),
        "compare_at_price": None if former is None else money(former, draft.currency),
        "status": draft.status,
        "stock": draft.stock,
    }
    if draft.description:
        body["description"] = draft.description
    if draft.category:
        body["categories"] = [" > ".join(draft.category)]
    if draft.attributes:
        body["attributes"] = dict(draft.attributes)
    if draft.images:
        body["images"] = [{"url": image.url, "alt": image.alt} for image in draft.images]
    if listing.varies_by:
        body["group"] = {
            "slug": listing.slug,
            "name": listing.title,
            "varies_by": list(listing.varies_by),
            "options": dict(draft.options),
        }
    return body
