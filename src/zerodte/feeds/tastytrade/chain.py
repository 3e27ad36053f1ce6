"""Nested option chains of tastytrade: contracts, and what DXLink calls them."""

from collections.abc import Iterable
from typing import Annotated, Any, Final

import msgspec

from zerodte.feeds.feed import FeedError
from zerodte.feeds.followed_contracts import OptionListing
from zerodte.market.osi import Contract, find_osi, format_osi

_ListedSymbol = Annotated[str, msgspec.Meta(max_length=32)] | None
#: Contracts of one underlying; the vendor's largest chain has some ten thousand.
_MOST: Final = 200_000


class NestedStrike(msgspec.Struct, rename="kebab", omit_defaults=True):
    """A strike of an expiration: its call and its put, by OSI and by DXLink."""

    strike_price: Any = ""
    call: _ListedSymbol = ""
    call_streamer_symbol: _ListedSymbol = ""
    put: _ListedSymbol = ""
    put_streamer_symbol: _ListedSymbol = ""


class NestedExpiration(msgspec.Struct, rename="kebab"):
    """An expiration of a chain; its strikes alone are read."""

    expiration_type: Any = ""
    expiration_date: Any = ""
    days_to_expiration: Any = 0
    settlement_type: Any = ""
    strikes: list[NestedStrike] = []


class NestedChain(msgspec.Struct, rename="kebab"):
    """The chain of a root; its expirations alone are read."""

    underlying_symbol: Any = ""
    root_symbol: Any = ""
    option_chain_type: Any = ""
    shares_per_contract: Any = 100
    tick_sizes: Any = None
    deliverables: Any = None
    expirations: list[NestedExpiration] = []


class NestedChainItems(msgspec.Struct):
    """The chains of an underlying."""

    items: list[NestedChain] = []


class NestedChainAnswer(msgspec.Struct):
    """An answer of `/option-chains/{symbol}/nested`."""

    data: NestedChainItems


def streamer_symbol(contract: Contract) -> str:
    """What DXLink calls a contract: `.SPXW261128C6800`, `.SPY261128P590.5`."""
    return f".{contract.root}{contract.expiry:%y%m%d}{contract.right}{contract.strike:.3f}".rstrip(
        "0"
    ).rstrip(".")


def listings(body: bytes) -> list[OptionListing]:
    """The contracts of an answer; those with no OSI symbol are left out.

    Raises:
        FeedError: If it is not such an answer.
    """
    try:
        chains = msgspec.json.decode(body, type=NestedChainAnswer).data.items
    except ValueError as error:
        raise FeedError(f"a chain that cannot be read: {error}") from None
    found = list(_listings(chains))
    if len(found) > _MOST:
        raise FeedError(f"a chain of {len(found):,} contracts; expected: up to {_MOST:,}")
    return found


def _listings(chains: Iterable[NestedChain]) -> Iterable[OptionListing]:
    for chain in chains:
        for expiration in chain.expirations:
            for strike in expiration.strikes:
                for raw, streamer in (
                    (strike.call, strike.call_streamer_symbol),
                    (strike.put, strike.put_streamer_symbol),
                ):
                    contract = find_osi(raw or "")
                    if contract is not None:
                        name = streamer or streamer_symbol(contract)
                        yield OptionListing(format_osi(contract), name, contract)
