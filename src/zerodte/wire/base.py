"""Building blocks of the contract: value types, descriptions, wire time.

Every shape is a frozen msgspec Struct with named fields. Shapes are trees, so the garbage collector
need not track them (`gc=False`).
"""

from datetime import UTC, datetime
from typing import Annotated, TypeAlias

from msgspec import Meta

#: A real number rounded for the wire; None (null on the wire) if unknown.
Number: TypeAlias = float | None
#: A whole number (contracts, scores, whole dollars); None if unknown.
Whole: TypeAlias = int | None
#: A time, UTC, ISO 8601 to the second.
Timestamp: TypeAlias = Annotated[datetime, Meta(tz=True)]


def about(description: str) -> Meta:
    """The meaning and unit of a field, as OpenAPI shows it."""
    return Meta(description=description)


def timestamp(nanoseconds: int) -> datetime:
    """Wire time of UTC nanoseconds, truncated to the second so that it is never after the event."""
    return datetime.fromtimestamp(nanoseconds // 1_000_000_000, tz=UTC)
