"""Imports as jobs of the shop, and `shop export`."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import typer

from shopcli.client import ShopClient
from shopcli.commands.connection import connect
from shopcli.commands.options import UrlOption
from shopcli.drafts import Listing, Remark
from shopcli.errors import ApiProblem, ShopError, UsageError
from shopcli.import_jobs import ImportJobs, Job, upserts
from shopcli.progress import meter
from shopcli.report import counted, skipped_rows, tell_remarks
from shopcli.screen import err, say, show
from shopcli.settings import DEFAULT_URL, Settings, settings_for

FORMATS = {".csv": "csv", ".ndjson": "ndjson"}


def import_lines(settings: Settings, file: Path) -> None:
    """A file of NDJSON, as it is."""
    try:
        with file.open("rb"):
            pass
    except OSError as error:
        raise UsageError(f"Cannot read {file}: {error.strerror or error}.") from None
    _do(settings, lambda jobs: jobs.begin(file))


def import_listings(settings: Settings, listings: Sequence[Listing], remarks: list[Remark]) -> None:
    """What was read from a CSV."""
    with tempfile.TemporaryDirectory(prefix="shop-") as folder:
        file, rows = Path(folder) / "products.ndjson", []
        with file.open("wb") as opened:
            for row, line in upserts(listings):
                rows.append(row)
                opened.write(line)
        _do(settings, lambda jobs: jobs.begin(file), remarks, rows)


def undo_import(settings: Settings, import_id: str) -> None:
    try:
        _do(settings, lambda jobs: jobs.undo(import_id))
    except ApiProblem as problem:
        if problem.status != HTTPStatus.NOT_FOUND:
            raise
        raise ShopError(
            f"{import_id} is no import's id: its import said it at its end, as `--undo …`."
        ) from None


def _do(
    settings: Settings,
    begin: Callable[[ImportJobs], Awaitable[Job]],
    remarks: Sequence[Remark] = (),
    rows: Sequence[int] = (),
) -> None:
    job, failures = asyncio.run(_followed(settings, begin, rows))
    tell_remarks([*remarks, *failures])
    skipped = skipped_rows(remarks)
    show(f"{_summary(job, skipped)}.")
    if job["kind"] == "import" and any(job["counts"][name] for name in ("created", "updated")):
        say(f"`shop import --undo {job['id']}` takes it back, for 30 days.")
    if skipped or job["counts"]["failed"] or job["state"] != "done":
        raise typer.Exit(1)


async def _followed(
    settings: Settings, begin: Callable[[ImportJobs], Awaitable[Job]], rows: Sequence[int]
) -> tuple[Job, list[Remark]]:
    async with connect(settings.url) as wire:
        jobs = ImportJobs(ShopClient(wire, settings.session()))
        job = await begin(jobs)
        say(f"Import {job['id']}: the shop goes on with it, whatever becomes of this program.")
        with meter(err(), job["rows"]["total"], "rows") as shown:
            job = await jobs.follow(job, lambda now: shown.step(now["rows"]["done"]))
        return job, await jobs.failures(job, rows)


def _summary(job: Job, skipped: int) -> str:
    counts = job["counts"]
    if job["kind"] == "undo":
        parts = f"{counts['deleted']:,} deleted, {counts['updated']:,} given back"
        return f"{parts}, {counts['failed']:,} left alone{_ending(job)}"
    named = [f"{counts[name]:,} {name}" for name in ("created", "updated", "unchanged")]
    parts = ", ".join([*named, f"{skipped:,} skipped", f"{counts['failed']:,} failed"])
    return f"{parts}{_ending(job)}"


def _ending(job: Job) -> str:
    left = job["rows"]["total"] - job["rows"]["done"]
    return f"; cancelled, {counted(left, 'row')} not done" if job["state"] == "cancelled" else ""


def export(
    file: Annotated[Path, typer.Argument(help="Where to write it: .csv or .ndjson.")],
    url: UrlOption = DEFAULT_URL,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file if it is there.")
    ] = False,
) -> None:
    """Write all products into a file: Shopify's columns, or lines that `shop import` takes."""
    kind = FORMATS.get(file.suffix.lower())
    if kind is None:
        raise UsageError(f"{file} should end in .csv or .ndjson.")
    if file.exists() and not force:
        raise UsageError(f"{file} is there already; --force replaces it.")
    settings = settings_for(url)
    try:
        with tempfile.NamedTemporaryFile(
            dir=file.absolute().parent, prefix=".shop-", delete=False
        ) as opened:
            temporary = Path(opened.name)
            try:
                asyncio.run(_download(settings, {"format": kind}, opened))
                opened.close()
                temporary.chmod(0o644)
                temporary.replace(file)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise ShopError(f"Cannot write {file}: {error.strerror or error}.") from None
    say(f"{file} has all products of {settings.url}.")


async def _download(settings: Settings, params: dict[str, str | int], into: Any) -> None:
    async with connect(settings.url) as wire:
        client = ShopClient(wire, settings.session())
        await client.download("/api/products/export", params, into)
