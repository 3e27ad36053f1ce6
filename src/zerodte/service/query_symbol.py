"""The one name under which an underlying is asked about."""

from typing import TypeVar

import msgspec

from zerodte.market.roots import underlying_of
from zerodte.wire.query import Query

Q = TypeVar("Q", bound=Query)


def of_symbol(query: Q) -> Q:
    """The same query for the one symbol of its underlying: SPX for SPXW, BRKB for BRK.B."""
    root: str | None = getattr(query, "symbol", None)
    if root is None or (symbol := underlying_of(root)) == root:
        return query
    return msgspec.structs.replace(query, symbol=symbol)
