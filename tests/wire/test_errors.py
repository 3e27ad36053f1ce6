"""The one error shape."""

import json

import pytest

from zerodte.wire.errors import STATUS, ApiError


@pytest.mark.parametrize("code", STATUS)
def test_every_code_has_its_status_and_the_shape(code: str) -> None:
    error = ApiError(code, "what was wrong and what is allowed")
    assert json.loads(error.body()) == {
        "status": "ERROR",
        "error": code,
        "message": "what was wrong and what is allowed",
    }
    assert 400 <= error.status < 600
    assert str(error) == error.message


def test_further_fields_follow_the_shape() -> None:
    body = json.loads(ApiError("warming_up", "soon", retry_s=3, plan=None).body())
    assert body == {
        "status": "ERROR",
        "error": "warming_up",
        "message": "soon",
        "retry_s": 3,
        "plan": None,
    }


def test_a_code_outside_the_table_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        ApiError("no_such_code", "")
