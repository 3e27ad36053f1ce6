"""What is not in docs/http.md does not exist: routes, parameters, fields, values and errors."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import inspect

from zerodte.server.app import ROUTES
from zerodte.wire.errors import STATUS, ErrorBody
from zerodte.wire.flat import FlatBody

DOCS = Path(__file__).parents[2] / "docs" / "http.md"


@pytest.fixture(scope="module")
def documented() -> set[str]:
    """Everything the page sets in code, and the words within."""
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", DOCS.read_text(), flags=re.DOTALL))
    return {*spans, *(word for span in spans for word in re.findall(r"\w+", span))}


def test_every_route_is_documented_with_its_plan_and_parameters(documented: set[str]) -> None:
    text = DOCS.read_text()
    for route in ROUTES:
        if route.is_documented:
            assert f"| `{route.path}` | {route.plan} |" in text
            assert {*route.query.__struct_fields__} <= documented


def test_every_field_and_value_is_documented(documented: set[str]) -> None:
    shapes = {
        half
        for route in ROUTES
        for shape in route.endpoint.answers
        for half in ((shape.head, shape.blocks) if isinstance(shape, FlatBody) else (shape,))
    }
    words = {
        word for shape in (*shapes, ErrorBody) for word in vocabulary(inspect.type_info(shape))
    }
    assert {"expiration", "call_gex", "sensitive_root", "next_zero_dte_expiry"} <= words
    assert words - documented - {"status", "ERROR"} == set()


def test_every_error_is_documented_with_its_status() -> None:
    text = DOCS.read_text()
    for code, status in STATUS.items():
        assert f"| {status} | `{code}` |" in text


def test_no_error_is_documented_that_cannot_happen() -> None:
    assert set(re.findall(r"^\| \d{3} \| `(\w+)` \|", DOCS.read_text(), re.MULTILINE)) == set(
        STATUS
    )


def vocabulary(kind: inspect.Type) -> Iterator[str]:
    """Every field name and every allowed value within a type."""
    match kind:
        case inspect.Metadata(type=inner):
            yield from vocabulary(inner)
        case inspect.LiteralType(values=values):
            yield from map(str, values)
        case inspect.StructType(fields=fields):
            for field in fields:
                yield field.encode_name
                yield from vocabulary(field.type)
        case inspect.UnionType(types=kinds):
            for choice in kinds:
                yield from vocabulary(choice)
        case inspect.ListType(item_type=item):
            yield from vocabulary(item)
