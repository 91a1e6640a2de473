"""A bucket of S3, or of what speaks its protocol (MinIO, R2, Ceph), as Storage."""

from collections.abc import Awaitable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from catalog.storage import CHUNK, Chunks
from shopkit.errors import Unavailable

if TYPE_CHECKING:
    from obstore.store import S3Config

T = TypeVar("T")


class S3Storage:
    """What parts of a large file were sent before its writer died, the bucket must forget by a
    rule of its own (AbortIncompleteMultipartUpload)."""

    def __init__(
        self, bucket: str, *, endpoint: str, region: str, access_key_id: str, secret_access_key: str
    ) -> None:
        config: S3Config = {"region": region}
        if endpoint:
            config["endpoint"] = endpoint
        if access_key_id:
            config |= {"access_key_id": access_key_id, "secret_access_key": secret_access_key}
        self._store = S3Store(
            bucket,
            config=config,
            client_options={
                "allow_http": endpoint.startswith("http://"),
                "connect_timeout": timedelta(seconds=2),
                "timeout": timedelta(seconds=30),
            },
            retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=20)},
        )

    async def put(self, key: str, content: bytes | Chunks) -> None:
        await _asked(obstore.put_async(self._store, key, content))

    async def read(self, key: str) -> Chunks | None:
        try:
            found = await _asked(obstore.get_async(self._store, key))
        except FileNotFoundError:
            return None

        async def chunks() -> Chunks:
            async for chunk in found.stream(min_chunk_size=CHUNK):
                yield bytes(chunk)

        return chunks()

    async def delete(self, keys: Sequence[str]) -> None:
        await _asked(obstore.delete_async(self._store, keys))

    async def keys(self, folder: str) -> list[str]:
        found = await _asked(obstore.list_with_delimiter_async(self._store, f"{folder}/"))
        return sorted(one["path"] for one in found["objects"])

    async def tidy(self) -> None:
        """Nothing that is half written can be seen."""


async def _asked(answer: Awaitable[T]) -> T:
    try:
        return await answer
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as exc:
        raise Unavailable("The storage of images and feeds does not answer.") from exc
