"""The sample catalog: loaded once into an empty shop, through its public API like any client's."""

from collections.abc import Mapping
from http import HTTPStatus

from launcher.administrator import Administrator
from launcher.process import Job
from launcher.services import Layout
from launcher.unix_http import call


class SampleCatalog:
    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._begun = layout.data.path / "sample-begun"
        self._settled = layout.data.path / "sample-settled"

    def is_wanted(self) -> bool:
        """The catalog is empty at the first start, or that was stopped while it loaded.

        Whoever deletes the sample, or had products before, is not given it again.
        """
        if self._settled.exists():
            return False
        return self._begun.exists() or self.find_product() is None

    def load(self, url: str, administrator: Administrator, environment: Mapping[str, str]) -> Job:
        self._begun.touch()
        caller = {
            "SHOP_TOKEN": "",  # it would win over the password
            "SHOP_URL": url,
            "SHOP_EMAIL": administrator.email,
            "SHOP_PASSWORD": administrator.password,
        }
        program = self._layout.programs / "shop"
        return Job("shop sample", [program, "sample"], {**environment, **caller})

    def settle(self) -> None:
        """It is loaded, or not wanted: for good."""
        self._settled.touch()

    def find_product(self) -> str | None:
        """The id of a product that can be bought now, or of any; None when there is none."""
        target = "/api/products?limit=100"
        status, page = call(self._layout.socket("catalog"), "GET", target)
        items = page["items"] if status == HTTPStatus.OK else []
        buyable = [item for item in items if item["stock"]["available"] > 0]
        return next((str(item["id"]) for item in [*buyable, *items]), None)
