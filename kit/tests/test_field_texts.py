"""What is said of a field tells people what to send."""

import json
import re
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from shopkit.field_texts import PATTERNS
from shopkit.guests import TOKEN_PATTERN
from shopkit.responses import field_errors
from shopkit.schemas import Id, Input

CONTRACTS = Path(__file__).parents[2] / "contracts/openapi"
FILTERS = "^attr[.]"
"""Of the names of parameters; nobody's value is held against it."""


class Line(Input):
    product_id: Id


class Order(Input):
    lines: Annotated[list[Line], Field(min_length=1, max_length=2)]
    cart_token: Annotated[str, Field(pattern=TOKEN_PATTERN)] | None = None


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"lines": [{"product_id": "nope"}]}, "Send an id as the shop answers it"),
        ({"lines": ["nope"]}, "Send an object."),
        ({"lines": []}, "Send at least 1."),
        ({"lines": [{}] * 3}, "Send at most 2."),
        ({"lines": {}}, "Send a list."),
        ({"lines": [{}], "cart_token": "rubbish"}, "Send one token, as the cart answered it."),
    ],
)
def test_a_field_says_what_to_send(sent: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(Order).validate_python(sent)
    details = [error.detail for error in field_errors(raised.value)]
    assert any(detail.startswith(said) for detail in details), details


def test_every_pattern_of_the_contracts_is_put_into_words() -> None:
    found = {
        pattern
        for file in CONTRACTS.glob("*.json")
        for pattern in _patterns(json.loads(file.read_text(encoding="utf-8")))
    }
    assert len(found) > 10
    assert found - {FILTERS} <= set(PATTERNS)
    for pattern, text in PATTERNS.items():
        assert text.endswith(".") and not re.search(r"[\[\]{}^$\\]", text), pattern


def _patterns(node: Any) -> list[str]:
    if isinstance(node, list):
        return [pattern for one in node for pattern in _patterns(one)]
    if not isinstance(node, dict):
        return []
    own = [node["pattern"]] if isinstance(node.get("pattern"), str) else []
    return own + [pattern for one in node.values() for pattern in _patterns(one)]
