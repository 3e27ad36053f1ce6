"""Queries: frozen Structs whose fields carry their meaning, bounds and error code.

A query is parsed once from a path and a query string. It hashes, so it is the cache key. It
encodes, so it can be sent to a worker. Its fields describe themselves to OpenAPI and clients.
"""

import functools
from collections.abc import Mapping
from inspect import get_annotations
from typing import Annotated, ClassVar, Final, Literal, Self, TypeAlias

from msgspec import Struct
from msgspec.structs import fields

from zerodte.wire.base import about
from zerodte.wire.errors import ApiError
from zerodte.wire.field import Field, describe, field_of

#: What can change an answer: a tick, a sample, nothing.
Changes: TypeAlias = Literal["tick", "sample", "never"]

#: One path calls a parameter so, another otherwise; each takes both.
_OTHER_NAMES: Final[Mapping[str, str]] = {"expiry": "expiration", "expiration": "expiry"}
_PAST: Final = "at"
_NO_PAST: Final = (
    f"This path answers about now alone, without `{_PAST}`; snapshot, series, hedge-flow, heatmap, "
    "strike-flow and /v1/exposure/zero-dte answer about the past."
)

Symbol: TypeAlias = Annotated[
    str,
    about("Trimmed and upper-cased, such as SPX; a root stands for its symbol."),
    describe("symbol", code="symbol_not_found", in_path=True),
]
At: TypeAlias = Annotated[
    int | None,
    about(
        "A past instant: the answer as of the last sample at or before it. US/Eastern "
        "`yyyy-MM-ddTHH:mm:ss`, UTC with a `Z` at its end, or `yyyy-MM-dd` for 16:00 of that day."
    ),
    describe("wall_clock"),
]


class Query(Struct, frozen=True, kw_only=True, gc=False):
    """A question that has one answer at a time.

    Attributes:
        codes: The error codes of its answer, besides those of its fields.
        changes: What can change its answer.
    """

    codes: ClassVar[tuple[str, ...]] = ()
    changes: ClassVar[Changes] = "sample"

    @classmethod
    def parse(cls, texts: Mapping[str, str]) -> Self:
        """Parse texts by field name, or the field's other name; unknown names are ignored.

        Raises:
            ApiError: A text is malformed; the error has its field's code.
        """
        values = {}
        for field in fields_of(cls):
            other = _OTHER_NAMES.get(field.name, field.name)
            if (text := texts.get(field.name, texts.get(other))) is not None:
                values[field.name] = field.parse(text)
        return cls(**values)

    @property
    def varies_with(self) -> Changes:
        """What can change the answer to this particular query."""
        return self.changes


class NowQuery(Query, frozen=True, kw_only=True, gc=False):
    """A query about the market as it is now."""

    codes: ClassVar[tuple[str, ...]] = ("invalid_at", "warming_up")

    @classmethod
    def parse(cls, texts: Mapping[str, str]) -> Self:
        """As `Query.parse`; whoever asks about the past must not take an answer of now for it."""
        if _PAST in texts:
            raise ApiError("invalid_at", _NO_PAST)
        return super().parse(texts)


class SymbolQuery(Query, frozen=True, kw_only=True, gc=False):
    """A query about a symbol; `at` is in UTC nanoseconds, None for now."""

    symbol: Symbol
    at: At = None

    @property
    def varies_with(self) -> Changes:
        """A past instant is answered from samples alone."""
        return self.changes if self.at is None else "sample"


@functools.cache
def fields_of(query: type[Query]) -> tuple[Field, ...]:
    """The fields of a query: those of the path, its own, then those of its bases."""
    known = {field.name: field for field in fields(query)}
    names = [name for base in query.__mro__ for name in get_annotations(base) if name in known]
    read = [field_of(name, known[name].type, known[name].default) for name in names]
    return tuple(sorted(read, key=lambda field: not field.in_path))
