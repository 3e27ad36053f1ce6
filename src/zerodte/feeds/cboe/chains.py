"""A chain of Cboe's delayed quotes as the records of a live feed."""

import datetime
import math
from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np

from zerodte.arrays import F64, I64, U32
from zerodte.clock import new_york, new_york_clock
from zerodte.feeds.recorded import RecordedContracts
from zerodte.feeds.universe import Universe, is_live
from zerodte.importers.cboe_delayed import DelayedChain, DelayedOption
from zerodte.importers.chain_tape import (
    CBOE_EQUITY,
    SETTLED_BY,
    definitions,
    fixed,
    settled_day,
)
from zerodte.market.calendar import calendar
from zerodte.market.osi import Contract, find_osi, format_osi
from zerodte.market.roots import canonical_name, root_info
from zerodte.records.dbn import (
    CBOE_DELAYED,
    INDEX,
    STAT_CLEARED_VOLUME,
    STAT_OPEN_INTEREST,
    UNDEF_PRICE,
    Records,
    records,
)
from zerodte.tape.error import TapeError
from zerodte.tape.feed_manifest import FeedStream

_DEFINITIONS: Final = FeedStream(CBOE_DELAYED, "definition")
_STATISTICS: Final = FeedStream(CBOE_DELAYED, "statistics")
_QUOTES: Final = FeedStream(CBOE_DELAYED, "cbbo-1m")
_VALUES: Final = FeedStream(INDEX, "trades")
_EQUITIES: Final = FeedStream(CBOE_EQUITY, "bbo-1m")
#: The streams of every symbol, and those of indices and of equities.
CHAIN_STREAMS: Final = (_DEFINITIONS, _STATISTICS, _QUOTES)
VALUE_STREAM: Final = _VALUES
EQUITY_STREAM: Final = _EQUITIES

#: Beyond, dollars and contracts are garbled.
_MOST_DOLLARS: Final = 1e6
_MOST_CONTRACTS: Final = 1e9


class _FollowedColumns(NamedTuple):
    """Columns of n contracts; NaN where a value is missing or cannot be."""

    bid: F64
    ask: F64
    bid_size: F64
    ask_size: F64
    open_interest: F64
    volume: F64


class _Listing(NamedTuple):
    """The contracts of a body that may be followed: those of the followed expiries.

    Attributes:
        names: Every contract of the body, as it names them, in its order.
        rows: Where those that may be followed are in it.
        contracts: They themselves.
        raws: Their raw symbols.
        live_count: Live contracts of the body that no other feed sends.
    """

    names: list[str]
    rows: list[int]
    contracts: list[Contract]
    raws: list[str]
    live_count: int


class _Followed(NamedTuple):
    """The followed contracts of a chain, n of them, their raw symbols, ids and columns."""

    symbol: str
    contracts: list[Contract]
    raws: list[str]
    ids: U32
    columns: _FollowedColumns


class ChainRecords:
    """Turns chains into records, and remembers what has been sent.

    Args:
        date: The session's.
        underlyings: Ids of underlyings, by dataset and symbol.
        recorded: What a recording has already.
        sent_elsewhere: Expiries of a symbol that another feed sends; not one of them is followed,
            and all others are.

    Attributes:
        left_out: The number of contracts that are not followed, by symbol.
        old_values: Whether the newest index value is not of the session, and left out, by symbol.
        unknown: The number of figures of followed contracts that the newest chain does not tell,
            or not as they can be, by symbol.
    """

    def __init__(
        self,
        date: datetime.date,
        underlyings: Mapping[str, Mapping[str, int]],
        recorded: RecordedContracts,
        sent_elsewhere: Mapping[str, Collection[datetime.date]] | None = None,
    ) -> None:
        self.date = date
        self.left_out: dict[str, int] = {}
        self.old_values: dict[str, bool] = {}
        self.unknown: dict[str, int] = {}
        self._underlyings = underlyings
        self._ids = {raw: number for number, raw in recorded.ids.items()}
        self._next = max(recorded.ids, default=0) + 1
        self._defined = dict.fromkeys(recorded.defined)
        self._sent_elsewhere = sent_elsewhere
        self._universes: dict[str, Universe] = {}
        self._listings: dict[str, _Listing] = {}
        self._contracts: dict[str, Contract | None] = {}
        self._raws: dict[str, str] = {}
        self._sent: dict[tuple[int, int], int] = {}

    @property
    def symbols(self) -> dict[int, str]:
        """The followed contracts by id."""
        return {number: raw for raw, number in self._ids.items()}

    def sentences(self) -> list[str]:
        """What cannot be read or believed, in words."""
        unknown = [
            f"{symbol}: {count:,} figures of its newest chain are missing or cannot be; they are "
            "unknown"
            for symbol, count in sorted(self.unknown.copy().items())
            if count
        ]
        return unknown + [
            f"{symbol}: its index value is not of the session, and left out"
            for symbol, is_old in sorted(self.old_values.copy().items())
            if is_old
        ]

    def restart(self, counts: Mapping[str, int]) -> None:
        """Forget what was sent after the records that a client has."""
        self._defined = dict.fromkeys(list(self._defined)[: counts[_DEFINITIONS.name]])
        self._sent.clear()

    def follow(self, chain: DelayedChain) -> "_Followed":
        """Select a chain's contracts, and number the new ones."""
        symbol = _named_symbol(chain)
        if symbol not in self._universes:
            others = self._sent_elsewhere
            rest = None if others is None else others.get(symbol, ())
            self._universes[symbol] = Universe(self.date, rest)
        universe = self._universes[symbol]
        _, rows, contracts, raws, count = self._listing(chain, symbol, universe)
        columns = _columns([chain.options[row] for row in rows])
        chosen = universe.select(contracts, (columns.bid + columns.ask) / 2.0, _spot(chain))
        # Neither a move of spot nor a restart loses a contract.
        chosen |= np.array([raw in self._ids for raw in raws], np.bool_)
        self.left_out[symbol] = int(count - chosen.sum())
        own = np.flatnonzero(chosen)
        for row in own:
            if raws[row] not in self._ids:
                self._ids[raws[row]] = self._next
                self._next += 1
        ids = np.array([self._ids[raws[row]] for row in own], np.uint32)
        followed = _FollowedColumns(*(column[own] for column in columns))
        self.unknown[symbol] = sum(int(np.count_nonzero(np.isnan(column))) for column in followed)
        return _Followed(
            symbol, [contracts[row] for row in own], [raws[row] for row in own], ids, followed
        )

    def _listing(self, chain: DelayedChain, symbol: str, universe: Universe) -> _Listing:
        """What a body lists; the next one mostly lists the same."""
        names = [option.option for option in chain.options]
        known = self._listings.get(symbol)
        if known is not None and known.names == names:
            return known
        live = [
            (row, contract)
            for row, name in enumerate(names)
            if (contract := self._contract(name, symbol)) is not None
        ]
        expiries = set(universe.expiries([contract for _, contract in live]))
        chosen = [
            (row, contract)
            for row, contract in live
            if contract.expiry in expiries or self._raws[names[row]] in self._ids
        ]
        listing = _Listing(
            names,
            [row for row, _ in chosen],
            [contract for _, contract in chosen],
            [self._raws[names[row]] for row, _ in chosen],
            sum(not universe.is_sent_elsewhere(contract) for _, contract in live),
        )
        self._listings[symbol] = listing
        return listing

    def of(self, chain: DelayedChain) -> Iterator[tuple[str, Records]]:
        """The new records of a chain, by the name of their stream."""
        symbol, contracts, raws, ids, columns = self.follow(chain)
        new = [row for row, raw in enumerate(raws) if raw not in self._defined]
        if new:
            found = definitions([contracts[row] for row in new], ids[new], symbol, chain.at)
            self._defined.update(dict.fromkeys(raws[row] for row in new))
            yield _DEFINITIONS.name, found
        if len(statistics := self._statistics(chain, ids, columns)):
            yield _STATISTICS.name, statistics
        if len(ids):
            yield _QUOTES.name, _quotes(chain.at, ids, columns)
        yield from self._underlying(chain, symbol)

    def _contract(self, name: str, symbol: str) -> Contract | None:
        """A contract of the symbol that has not expired; None for any other."""
        if name not in self._contracts:
            contract = find_osi(canonical_name(name))
            if contract is None:
                self._contracts[name] = None
                return None
            is_ours = is_live(contract, self.date) and root_info(contract.root).symbol == symbol
            self._contracts[name] = contract if is_ours else None
            if is_ours:
                self._raws[name] = format_osi(contract)
        return self._contracts[name]

    def _statistics(self, chain: DelayedChain, ids: U32, columns: _FollowedColumns) -> Records:
        """Open interest and volume of the day, where they differ from what was sent."""
        morning = new_york(settled_day(chain.at), SETTLED_BY)
        today = calendar().session(new_york_clock(chain.at).date())
        kinds = [(STAT_OPEN_INTEREST, morning, columns.open_interest)]
        if today is not None and chain.at > today.open:
            kinds.append((STAT_CLEARED_VOLUME, chain.at, columns.volume))
        blocks = []
        for kind, dated, quantities in kinds:
            changed = [
                (number, int(quantity))
                for number, quantity in zip(ids.tolist(), quantities.tolist(), strict=True)
                if math.isfinite(quantity) and self._sent.get((kind, number)) != quantity
            ]
            block = records("statistics", len(changed))
            block["instrument_id"] = [number for number, _ in changed]
            block["quantity"] = [quantity for _, quantity in changed]
            block["stat_type"] = kind
            block["ts_event"], block["ts_recv"] = dated, chain.at
            blocks.append(block)
            self._sent.update(((kind, number), quantity) for number, quantity in changed)
        return np.concatenate(blocks)

    def _underlying(self, chain: DelayedChain, symbol: str) -> Iterator[tuple[str, Records]]:
        is_index = root_info(symbol).is_index
        stream = _VALUES if is_index else _EQUITIES
        number = self._underlyings.get(stream.dataset, {}).get(symbol)
        if number is None:
            return
        # An equity's quote is as old as those of its options.
        at = chain.valued_at if is_index else chain.at
        out = records(stream.schema, 1)
        out["instrument_id"], out["ts_recv"] = number, at or chain.at
        if is_index:
            price = _dollars([chain.price])
            out["ts_event"], out["price"], out["size"] = out["ts_recv"], fixed(price), 0
            is_known = price > 0
            self.old_values[symbol] = at is None and bool(is_known.all())
            is_known &= at is not None
        else:
            bid, ask = _dollars([chain.bid]), _dollars([chain.ask])
            out["bid_px_00"], out["ask_px_00"] = fixed(bid), fixed(ask)
            is_known = (bid > 0) & (ask >= bid)
        if is_known.all():
            yield stream.name, out


def _named_symbol(chain: DelayedChain) -> str:
    """The underlying that a body names."""
    return root_info(canonical_name(chain.symbol.removeprefix("_"))).symbol


def check_symbol(chain: DelayedChain, symbol: str) -> None:
    """Check that a body is that of the underlying which was asked for.

    Raises:
        TapeError: If it names another one.
    """
    if _named_symbol(chain) != root_info(symbol).symbol:
        raise TapeError(f"its body is of {chain.symbol[:20]!r}, another symbol than was asked for")


def _columns(options: list[DelayedOption]) -> _FollowedColumns:
    return _FollowedColumns(
        _dollars([option.bid for option in options]),
        _dollars([option.ask for option in options]),
        _counts([option.bid_size for option in options]),
        _counts([option.ask_size for option in options]),
        _counts([option.open_interest for option in options]),
        _counts([option.volume for option in options]),
    )


def _dollars(values: list[float | None]) -> F64:
    prices = np.array(values, np.float64)  # None becomes NaN
    return np.where((prices >= 0.0) & (prices < _MOST_DOLLARS), prices, math.nan)


def _counts(values: list[float | None]) -> F64:
    counts = np.array(values, np.float64)
    is_whole = (counts >= 0.0) & (counts < _MOST_CONTRACTS) & (counts == np.floor(counts))
    return np.where(is_whole, counts, math.nan)


def _spot(chain: DelayedChain) -> float:
    """The underlying's price, dollars; NaN if unknown."""
    price = float(_dollars([chain.price])[0])
    return price if price > 0 else math.nan


def _quotes(at: int, ids: U32, columns: _FollowedColumns) -> Records:
    out = records("cbbo-1m", len(ids))
    out["instrument_id"], out["ts_recv"] = ids, at
    is_quoted = (columns.bid > 0) | (columns.ask > 0)
    sides: tuple[tuple[str, F64, F64], ...] = (
        ("bid", columns.bid, columns.bid_size),
        ("ask", columns.ask, columns.ask_size),
    )
    for side, dollars, sizes in sides:
        prices: I64 = fixed(dollars)
        out[f"{side}_px_00"] = np.where(is_quoted, prices, UNDEF_PRICE)
        is_known = np.isfinite(sizes)
        out[f"{side}_sz_00"][is_known] = sizes[is_known]
    return out
