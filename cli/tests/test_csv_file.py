"""Files as they come: encodings, separators, damage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopcli.csv_file import MAX_FIELD, read_sheet
from shopcli.errors import UsageError

HEADER = "Handle,Title,Variant Price\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ((HEADER + "a,Crème brûlée,1").encode(), "UTF-8"),
        ((HEADER + "a,Crème brûlée,1").encode("utf-8-sig"), "UTF-8"),
        ((HEADER + "a,Crème brûlée,1").encode("utf-16"), "UTF-16"),
        ((HEADER + "a,Crème brûlée,1").encode("cp1252"), "Windows-1252"),
        ((HEADER + "a,Crème brûlée,1").replace("\n", "\r\n").encode(), "UTF-8"),
        ((HEADER + "a,Crème brûlée,1").replace(",", ";").encode(), "UTF-8"),
        ((HEADER + "a,Crème brûlée,1").replace(",", "\t").encode(), "UTF-8"),
        (("\n\n" + HEADER + "\na,Crème brûlée,1\n\n").encode(), "UTF-8"),
    ],
)
def test_encodings_and_separators(data: bytes, encoding: str) -> None:
    sheet = read_sheet(data)
    assert [(row["handle"], row["title"], row["price"]) for row in sheet.rows] == [
        ("a", "Crème brûlée", "1")
    ]
    assert sheet.encoding == encoding
    assert sheet.remarks == []


@pytest.mark.parametrize("sign", [*"=+-@\n\uff1d\uff0b\uff0d\uff20", "\ufeff=", "\u00ad=", "'="])
def test_the_mark_of_a_cell_that_is_not_to_be_run_is_taken_off(sign: str) -> None:
    """As `GET /api/products/export` sets it."""
    sheet = read_sheet((HEADER + f'a,"\'{sign}1",1').encode())
    assert [row["title"] for row in sheet.rows] == [f"{sign}1"]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "empty"),
        (b"  \n ", "empty"),
        (b"\xef\xbb\xbf", "not a Shopify product CSV"),
        (b"PK\x03\x04rest of a workbook", "Excel workbook"),
        (b"%PDF-1.7", "PDF"),
        (b"Handle,Title\x00\x01", "binary"),
        (HEADER.encode() + b"a,\x81\x8d,1", "line 2"),
        (b"Title,Variant Price\nx,1\n", "no column Handle"),
        (b"id,name\n1,x\n", "no column Handle and no column Title and no column Variant Price"),
        (b"just some text", "its first row is: just some text"),
        (HEADER.encode(), "no row below"),
        (b"Handle," + b"x" * (MAX_FIELD + 1), "field larger"),
    ],
)
def test_a_file_that_is_no_product_csv_is_one_line(data: bytes, told: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_sheet(data)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_rows_that_cannot_be_read_do_not_stop_the_others() -> None:
    lines = ["a,A,1", 'b,"B"oops,2', "c,C,3,four,five", f'd,"{"x" * (MAX_FIELD + 1)}",4', "e,E,5"]
    sheet = read_sheet((HEADER + "\n".join(lines)).encode())
    assert [(row.number, row["handle"]) for row in sheet.rows] == [(2, "a"), (6, "e")]
    assert [remark.row for remark in sheet.remarks] == [3, 4, 5]
    assert all(remark.skipped for remark in sheet.remarks)


def test_a_quote_left_open_is_told_with_its_row() -> None:
    sheet = read_sheet((HEADER + 'a,A,1\nb,"B,2\nc,C,3\n').encode())
    assert [row["handle"] for row in sheet.rows] == ["a"]
    assert [(remark.row, "never closed" in remark.reason) for remark in sheet.remarks] == [
        (3, True)
    ]


def test_rows_count_like_a_spreadsheet_does() -> None:
    sheet = read_sheet((HEADER + 'a,"two\nlines",1\nb,B,2\n').encode())
    assert [row.number for row in sheet.rows] == [2, 3]


def test_the_newer_column_names_mean_the_same() -> None:
    old = read_sheet(b"Handle,Title,Variant SKU,Variant Price,Image Src\na,A,S,1,https://x/y\n")
    new = read_sheet(b"Title,URL handle,SKU,Price,Product image URL\nA,a,S,1,https://x/y\n")
    assert old.rows == new.rows
    assert new.labels["price"] == "Price"


@given(data=st.binary(max_size=300))
def test_any_bytes_are_rows_or_one_line(data: bytes) -> None:
    try:
        read_sheet(data)
    except UsageError as error:
        assert "\n" not in str(error)


@given(rest=st.text(max_size=200))
def test_any_text_below_a_header_is_rows_or_remarks(rest: str) -> None:
    data = (HEADER + rest).encode("utf-8", "ignore")
    try:
        sheet = read_sheet(data)
    except UsageError:
        return
    assert all(row.number > 1 for row in sheet.rows)
