"""The sample catalog: loaded into an empty shop through its own public API, as any client would."""

from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

from launcher.administrator import Administrator
from launcher.process import Job
from launcher.services import Layout
from launcher.unix_http import call


class SampleCatalog:
    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    @property
    def _unfinished(self) -> Path:
        return self._layout.data.path / "sample-unfinished"

    def is_wanted(self) -> bool:
        """The catalog is empty, or an earlier start was stopped while it loaded."""
        return self._unfinished.exists() or self.find_product() is None

    def load(self, url: str, administrator: Administrator, environment: Mapping[str, str]) -> Job:
        self._unfinished.touch()
        caller = {
            "SHOP_TOKEN": "",  # it would win over the password
            "SHOP_URL": url,
            "SHOP_EMAIL": administrator.email,
            "SHOP_PASSWORD": administrator.password,
        }
        program = self._layout.programs / "shop"
        return Job("shop sample", [program, "sample"], {**environment, **caller})

    def finish(self, job: Job) -> None:
        job.finish()
        self._unfinished.unlink(missing_ok=True)

    def find_product(self) -> str | None:
        """The id of a product that can be bought now, or of any; None when there is none."""
        target = "/api/products?limit=100"
        status, page = call(self._layout.socket("catalog"), "GET", target)
        items = page["items"] if status == HTTPStatus.OK else []
        buyable = [item for item in items if item["stock"]["available"] > 0]
        return next((str(item["id"]) for item in [*buyable, *items]), None)
