"""An endpoint: where a query is asked, and what its answers look like."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from zerodte.wire.flat import FlatBody
from zerodte.wire.query import Query, fields_of

Media: TypeAlias = Literal["json", "html", "css", "javascript", "svg", "metrics", "events"]


@dataclass(frozen=True)
class Endpoint:
    """Where a query is asked, and what its answers look like.

    Attributes:
        query: The query's type. It names the operation, and its `varies_with` determines how long
            an answer holds.
        path: May end with one parameter in braces, a field of the query.
        summary: One line for the documentation.
        answers: The possible shapes of a 200 body.
        also: Other statuses that have such a body.
        media: The media type of the body.
    """

    query: type[Query]
    path: str
    summary: str
    answers: tuple[type | FlatBody, ...] = ()
    also: tuple[int, ...] = ()
    media: Media = "json"

    @property
    def codes(self) -> tuple[str, ...]:
        """The error codes that it may answer with."""
        return (*(field.code for field in fields_of(self.query)), *self.query.codes)
