import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkit.errors import DuplicateKey, Invalid, InvalidJson, Problem
from shopkit.strict_json import MAX_DEPTH, loads

_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc"), inner, max_size=4),
    max_leaves=20,
)


@given(_VALUES)
def test_everything_that_is_json_is_read(value: object) -> None:
    assert loads(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_nothing_else_gets_past_a_problem(raw: bytes) -> None:
    try:
        json.dumps(loads(raw))
    except Problem as problem:
        assert problem.status in (400, 422)


@pytest.mark.parametrize(
    "raw",
    [
        *("9223372036854775808", "-9223372036854775809", "9" * 4000, "9" * 5000),
        *("1e999", "-1e999", "NaN", "Infinity", "-Infinity", "-0"),
        *('"\\u0000"', '"\\ud800"', '{"\\ud800": 1}', '[["\\udc00"]]'),
    ],
)
def test_c3_c4_unusable_values_are_422(raw: str) -> None:
    with pytest.raises(Invalid):
        loads(raw.encode())


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"\xef\xbb\xbf{}", '{"a":1}'.encode("utf-16")])
def test_c6_what_is_not_json_is_400(raw: bytes) -> None:
    with pytest.raises(InvalidJson):
        loads(raw)


def test_c5_a_member_named_twice_is_refused() -> None:
    with pytest.raises(DuplicateKey):
        loads(b'{"quantity": 1, "quantity": 999}')


@pytest.mark.parametrize("depth", [33, 1_000, 30_000])
def test_c1_depth_is_bounded(depth: int) -> None:
    for opened, closed in (("[", "]"), ('{"a":', "}")):
        with pytest.raises(InvalidJson):
            loads((opened * depth + "1" + closed * depth).encode())
    loads(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)


def test_c2_the_number_of_values_is_bounded() -> None:
    members = ",".join(f'"m{number}":0' for number in range(8000))
    nested = "[" * 20 + "]" * 20 + ","
    for raw in ("{" + members + "}", "[" + "[1,2]," * 1500 + "1]", "[" + nested * 500 + "1]"):
        with pytest.raises(InvalidJson, match="More than"):
            loads(raw.encode())
    text = "a, b; " * 3000  # commas in texts are not values
    assert loads(json.dumps({"description": text}).encode()) == {"description": text}


def test_a_surrogate_pair_is_text() -> None:
    assert loads(b'"\\ud83d\\ude00"') == "\U0001f600"
