"""One row with a price as the draft of one product."""

from collections.abc import Mapping
from dataclasses import dataclass

from shopcli import shopify_cells as cells
from shopcli.csv_file import Row
from shopcli.drafts import Attribute, Image, ProductDraft
from shopcli.shopify_cells import BadCell, Notes
from shopcli.slugs import MAX_SKU, derived_sku, digest, slug
from shopcli.texts import MAX_LINE, one_line, shortened

MAX_ATTRIBUTES = 50
MAX_IMAGES = 20


@dataclass(frozen=True)
class Reading:
    """What the file does not say. `untracked_stock`: opening stock where it has no quantity."""

    currency: str = "USD"
    untracked_stock: int = 0


@dataclass(frozen=True)
class Handle:
    """What holds for all rows of a handle. `options`: number of the option → its name."""

    name: str
    title: str
    description: str
    status: str
    category: tuple[str, ...]
    attributes: Mapping[str, Attribute]
    images: tuple[Image, ...]
    options: Mapping[int, str]
    several: bool


class VariantMaker:
    """`skus`: every SKU of the file so far, case-folded, and the row that took it."""

    def __init__(
        self, handle: Handle, reading: Reading, notes: Notes, skus: dict[str, int]
    ) -> None:
        self.handle, self.reading, self.notes, self.skus = handle, reading, notes, skus
        self.combinations: dict[tuple[str, ...], int] = {}

    def draft(self, row: Row) -> ProductDraft | None:
        """None when the row cannot be taken; why is in the notes."""
        try:
            return self._draft(row)
        except BadCell as bad:
            self.notes.skipped(row, bad.column, bad.reason)
            return None

    def _draft(self, row: Row) -> ProductDraft:
        handle, currency = self.handle, self.reading.currency
        options = self._options(row)
        values = tuple(options.values()) if handle.several else ()
        price = cells.price(row, "price", currency)
        return ProductDraft(
            row=row.number,
            stock=cells.stock(row, self.notes, untracked=self.reading.untracked_stock),
            sku=self._sku(row, values),
            slug=slug("-".join((handle.name, *values))),
            name=self._name(values),
            price=price,
            currency=currency,
            compare_at_price=cells.compare_at(row, price, currency, self.notes),
            description=handle.description,
            status=handle.status,
            category=handle.category,
            attributes=self._attributes(row, options),
            images=self._images(row),
            options=options if handle.several else {},
            former_sku=derived_sku(handle.name, values) if row["sku"] else None,
        )

    def _options(self, row: Row) -> dict[str, str]:
        values: dict[str, str] = {}
        for number, name in self.handle.options.items():
            value = one_line(row[f"option{number}_value"])
            if self.handle.several and not value:
                raise BadCell(f"option{number}_value", f"is empty, but {name} tells variants apart")
            values[name] = shortened(value, 100)
        if self.handle.several:
            self._check_combination(row, tuple(values.values()))
        return values

    def _check_combination(self, row: Row, values: tuple[str, ...]) -> None:
        first = self.combinations.setdefault(values, row.number)
        if first != row.number:
            what = " / ".join(values) or "without options"
            raise BadCell("option1_value", f"the variant {what} is already in row {first}")

    def _sku(self, row: Row, values: tuple[str, ...]) -> str:
        given = one_line(row["sku"].removeprefix("'"))
        if len(given) > MAX_SKU:
            raise BadCell("sku", f"is longer than {MAX_SKU} characters")
        sku = given or derived_sku(self.handle.name, values)
        if not given and sku.casefold() in self.skus:
            sku = f"{sku[: MAX_SKU - 9]}-{digest('/'.join((self.handle.name, *values)))}"
        first = self.skus.setdefault(sku.casefold(), row.number)
        if first != row.number:
            raise BadCell("sku", f"{sku} is already in row {first}")
        return sku

    def _name(self, values: tuple[str, ...]) -> str:
        if not values:
            return self.handle.title
        suffix = shortened(f" ({', '.join(values)})", 150)
        return shortened(self.handle.title, MAX_LINE - len(suffix)) + suffix

    def _attributes(self, row: Row, options: Mapping[str, str]) -> dict[str, Attribute]:
        attributes = {**self.handle.attributes, **cells.variant_attributes(row)}
        if not self.handle.several:
            for name, value in options.items():
                attributes.update(cells.option_attribute(name, value))
        if len(attributes) > MAX_ATTRIBUTES:
            reason = f"has {len(attributes)} attributes; the first {MAX_ATTRIBUTES} are taken"
            self.notes.changed(row, "(row)", reason)
        return dict(list(attributes.items())[:MAX_ATTRIBUTES])

    def _images(self, row: Row) -> tuple[Image, ...]:
        """The variant's own picture first, then those of the handle."""
        chosen = {image.url: image for image in self.handle.images}
        own = cells.image(row, "variant_image", self.handle.title, self.notes)
        first = () if own is None else (chosen.pop(own.url, own),)
        images = (*first, *chosen.values())
        if len(images) > MAX_IMAGES:
            reason = f"{len(images)} images; the first {MAX_IMAGES} are taken"
            self.notes.changed(row, "image", reason)
        return images[:MAX_IMAGES]
