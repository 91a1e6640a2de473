"""Errors as they go from one process to another."""

import pickle

import pytest

from shopkit.errors import (
    FieldError,
    InsufficientScope,
    Invalid,
    PersonRequired,
    Problem,
    Unavailable,
)

SOME = [
    Invalid("It is not.", errors=[FieldError("?q", "too_long", "It is too long.")]),
    Unavailable(retry_after=7),
    InsufficientScope("products:read", second_factor_required=True),
    PersonRequired(),
]


@pytest.mark.parametrize("problem", SOME, ids=lambda problem: problem.code)
def test_it_comes_as_it_was_whatever_its_class_is_made_with(problem: Problem) -> None:
    came = pickle.loads(pickle.dumps(problem))
    assert (type(came), str(came), came.headers) == (type(problem), str(problem), problem.headers)
    said = {"instance": "/", "request_id": "12345678"}
    assert came.body(**said) == problem.body(**said)
