"""A Shopify product CSV as listings: pure, no file and no network.

Rows with one handle belong together: each with a price is a variant, the others only carry images.
"""

from collections.abc import Iterable

from shopcli import shopify_cells as cells
from shopcli.columns import attribute_name
from shopcli.csv_file import Row, Sheet
from shopcli.drafts import Image, Listing, Remark
from shopcli.shopify_cells import Notes
from shopcli.shopify_variants import Handle, Reading, VariantMaker
from shopcli.slugs import slug
from shopcli.texts import one_line

_VARIANT_SIGNS = ("price", "sku", "option1_value", "title", "quantity")


def listings_of(sheet: Sheet, reading: Reading) -> tuple[list[Listing], list[Remark]]:
    """What can be taken, and a remark for each thing that was wrong, in the order of the rows."""
    notes = Notes(sheet.labels, list(sheet.remarks))
    skus: dict[str, int] = {}
    found = [
        listing
        for rows in _by_handle(sheet.rows, notes)
        if (listing := _listing(rows, reading, notes, skus)) is not None
    ]
    return found, sorted(notes.remarks, key=lambda remark: remark.row)


def _by_handle(rows: Iterable[Row], notes: Notes) -> list[list[Row]]:
    together: dict[str, list[Row]] = {}
    for row in rows:
        if row["handle"]:
            together.setdefault(row["handle"].lower(), []).append(row)
        else:
            notes.skipped(row, "handle", "is empty")
    return list(together.values())


def _listing(
    rows: list[Row], reading: Reading, notes: Notes, skus: dict[str, int]
) -> Listing | None:
    head = next((row for row in rows if one_line(row["title"])), None)
    if head is None:
        for row in rows:
            notes.skipped(row, "title", "is empty in every row of this handle")
        return None
    variants = _variant_rows(rows, notes)
    handle = _handle(head, rows, notes, several=len(variants) > 1)
    maker = VariantMaker(handle, reading, notes, skus)
    products = tuple(draft for row in variants if (draft := maker.draft(row)) is not None)
    if not products:
        return None
    varies_by = tuple(handle.options.values()) if handle.several else ()
    return Listing(slug(handle.name), handle.title, varies_by, products)


def _variant_rows(rows: list[Row], notes: Notes) -> list[Row]:
    variants = []
    for row in rows:
        if any(row[column] for column in _VARIANT_SIGNS):
            variants.append(row)
        elif not row["image"]:
            notes.skipped(row, "price", "is empty, and there is no image either")
    return variants


def _handle(head: Row, rows: list[Row], notes: Notes, *, several: bool) -> Handle:
    return Handle(
        name=head["handle"].lower(),
        title=cells.title(head, notes),
        description=cells.description(head, notes),
        status=cells.status(head, notes),
        category=cells.category_path(head, notes),
        attributes=cells.listing_attributes(head),
        images=_images(rows, notes),
        options=_option_names(rows),
        several=several,
    )


def _option_names(rows: list[Row]) -> dict[int, str]:
    """Number of the option → its name, from the first row that tells; `Title` stands for none.

    Names are folded like those of attributes, so that storefronts find one `size`, not three.
    """
    names: dict[int, str] = {}
    for number in (1, 2, 3):
        column = f"option{number}_name"
        text = next((one_line(row[column]) for row in rows if row[column]), "")
        if text and text.lower() != "title":
            name = attribute_name(text)
            names[number] = f"{name}_{number}" if name in names.values() else name
    return names


def _images(rows: list[Row], notes: Notes) -> tuple[Image, ...]:
    placed = [
        (cells.image_position(row), found)
        for row in rows
        if (found := cells.image(row, "image", row["image_alt"], notes)) is not None
    ]
    return tuple(found for _, found in sorted(placed, key=lambda pair: pair[0]))
