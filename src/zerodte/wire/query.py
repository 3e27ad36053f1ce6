"""What a question is: a frozen Struct whose fields carry meaning, bounds and error code.

A query is read once from the text of a path and a query string. It hashes, so it keys caches; it
encodes, so it can be sent to a worker; and its fields describe themselves to OpenAPI and clients.
"""

import functools
from collections.abc import Mapping
from inspect import get_annotations
from typing import Annotated, ClassVar, Literal, Self, TypeAlias

from msgspec import Struct
from msgspec.structs import fields

from zerodte.wire.base import about
from zerodte.wire.field import Field, describe, field_of

#: What may make an answer turn out different: a tick, a sample, nothing.
Changes: TypeAlias = Literal["tick", "sample", "never"]

Symbol: TypeAlias = Annotated[
    str,
    about("Trimmed and upper-cased, as SPX; a root is its symbol's."),
    describe("symbol", code="symbol_not_found", in_path=True),
]
At: TypeAlias = Annotated[
    int | None,
    about(
        "A past instant, US/Eastern `yyyy-MM-ddTHH:mm:ss`: the answer as it was at the last sample "
        "not after it."
    ),
    describe("wall_clock"),
]


class Query(Struct, frozen=True, kw_only=True, gc=False):
    """A question with one finished answer at a time.

    Attributes:
        codes: The errors that its answer may be, beside those of its fields.
        changes: What may make its answer turn out different.
    """

    codes: ClassVar[tuple[str, ...]] = ()
    changes: ClassVar[Changes] = "sample"

    @classmethod
    def parse(cls, texts: Mapping[str, str]) -> Self:
        """The query that is asked by texts, by field name; unknown names are ignored.

        Raises:
            ApiError: A text is not of its field's form, with the field's code.
        """
        given = {f.name: f.parse(texts[f.name]) for f in fields_of(cls) if f.name in texts}
        return cls(**given)

    @property
    def varies_with(self) -> Changes:
        """What may make the answer to this very question turn out different."""
        return self.changes


class SymbolQuery(Query, frozen=True, kw_only=True, gc=False):
    """A question about a symbol; `at` is in UTC nanoseconds, None for now."""

    symbol: Symbol
    at: At = None

    @property
    def varies_with(self) -> Changes:
        """A past instant is answered from samples alone."""
        return self.changes if self.at is None else "sample"


@functools.cache
def fields_of(query: type[Query]) -> tuple[Field, ...]:
    """What the fields of a query are: those of the path, its own, then those of its bases."""
    known = {field.name: field for field in fields(query)}
    names = [name for base in query.__mro__ for name in get_annotations(base) if name in known]
    read = [field_of(name, known[name].type, known[name].default) for name in names]
    return tuple(sorted(read, key=lambda field: not field.in_path))
