"""A market day made by hand: records as a feed would send them, and the session that hears them."""

import datetime
import json
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import numpy as np

from zerodte.clock import new_york
from zerodte.market.calendar import calendar
from zerodte.records.dbn import (
    INDEX,
    OPRA,
    STAT_CLEARED_VOLUME,
    STAT_OPEN_INTEREST,
    UNDEF_PRICE,
    Records,
    records,
)
from zerodte.records.tick import Batch, Tick
from zerodte.session.session import Session
from zerodte.views.snapshot import snapshot
from zerodte.wire.exposure import ExposureQuery
from zerodte.wire.snapshot import SnapshotQuery

STOCKS: Final = "XNAS.ITCH"
SECOND: Final = 1_000_000_000
WEDNESDAY: Final = datetime.date(2022, 3, 23)

#: Dollars; None for a side that the venue leaves undefined, an int for a raw value as it stands.
Price: TypeAlias = float | int | None
Quotes: TypeAlias = Mapping[str, tuple[Price, Price]]
Counts: TypeAlias = Mapping[str, int]


def osi(right: str, strike: float, day: datetime.date = WEDNESDAY, root: str = "SPXW") -> str:
    """'SPXW  220323C04480000'."""
    return f"{root:<6}{day:%y%m%d}{right}{round(strike * 1000):08d}"


def raw(price: Price) -> int:
    """A price in units of 1e-9."""
    if price is None:
        return UNDEF_PRICE
    return price if isinstance(price, int) else round(price * 1_000_000_000)


class Day:
    """A session and the ids of its instruments; every method that sends makes one tick."""

    def __init__(self, date: datetime.date = WEDNESDAY) -> None:
        hours = calendar().session(date)
        assert hours is not None
        self.date, self.hours = date, hours
        kinds = {OPRA: "options", INDEX: "index", STOCKS: "equity"}
        self.session = Session(hours, calendar(), kinds)
        self._ids: dict[str, int] = {}

    def time(self, clock: str) -> int:
        """'10:00' or '10:00:30' in New York, UTC ns."""
        return new_york(self.date, datetime.time.fromisoformat(clock))

    def id(self, symbol: str) -> int:
        """The instrument id of a symbol, whether or not anybody defined it."""
        return self._ids.setdefault(symbol, len(self._ids) + 1)

    def send(
        self,
        clock: str,
        *,
        define: tuple[str, ...] = (),
        oi: Counts | None = None,
        volume: Counts | None = None,
        quotes: Quotes | None = None,
        index: Mapping[str, Price] | None = None,
        stocks: Quotes | None = None,
        dated: int | None = None,
        publishers: int = 1,
        schema: str = "cbbo-1s",
    ) -> Session:
        """One tick; `dated` is the event time of open interest, by default the morning's.

        Every publisher repeats the statistics.
        """
        at = self.time(clock)
        morning = self.time("06:30") if dated is None else dated
        statistics = (
            *self._batch(OPRA, "statistics", self._statistics(STAT_OPEN_INTEREST, oi, morning)),
            *self._batch(OPRA, "statistics", self._statistics(STAT_CLEARED_VOLUME, volume, at)),
        )
        underlying = (
            *self._batch(INDEX, "trades", self._values(index)),
            *self._batch(STOCKS, "bbo-1s", self.quote_records("bbo-1s", stocks or {})),
        )
        definitions = self._batch(OPRA, "definition", self._definitions(define))
        options = self._batch(OPRA, schema, self.quote_records(schema, quotes or {}))
        statistics = tuple(_repeated(batch, publishers) for batch in statistics)
        for batch in (*statistics, *underlying, *definitions, *options):
            batch.records["ts_recv"] = at
        self.session.learn(INDEX, {self.id(name): name for name in index or {}})
        self.session.learn(STOCKS, {self.id(name): name for name in stocks or {}})
        self.session.apply(
            Tick(
                end=at,
                definitions=definitions,
                statistics=statistics,
                underlying=underlying,
                quotes=options,
            )
        )
        return self.session

    def quote_records(self, schema: str, quotes: Quotes) -> Records:
        """Quotes by symbol."""
        out = records(schema, len(quotes))
        for row, (symbol, (bid, ask)) in zip(out, quotes.items(), strict=True):
            row["instrument_id"] = self.id(symbol)
            row["bid_px_00"], row["ask_px_00"] = raw(bid), raw(ask)
            row["bid_sz_00"] = row["ask_sz_00"] = 10
        return out

    def _definitions(self, symbols: tuple[str, ...]) -> Records:
        out = records("definition", len(symbols))
        for row, symbol in zip(out, symbols, strict=True):
            row["instrument_id"], row["raw_symbol"] = self.id(symbol), symbol
        return out

    def _statistics(self, kind: int, counts: Counts | None, dated: int) -> Records:
        out = records("statistics", len(counts or {}))
        for row, (symbol, count) in zip(out, (counts or {}).items(), strict=True):
            row["instrument_id"], row["stat_type"] = self.id(symbol), kind
            row["quantity"], row["ts_event"] = count, dated
        return out

    def _values(self, index: Mapping[str, Price] | None) -> Records:
        out = records("trades", len(index or {}))
        for row, (symbol, value) in zip(out, (index or {}).items(), strict=True):
            row["instrument_id"], row["price"] = self.id(symbol), raw(value)
        return out

    @staticmethod
    def _batch(dataset: str, schema: str, rows: Records) -> tuple[Batch, ...]:
        return (Batch(dataset, schema, rows),) if len(rows) else ()


def _repeated(batch: Batch, publishers: int) -> Batch:
    rows: Records = np.tile(batch.records, publishers)
    rows["publisher_id"] = np.repeat(np.arange(publishers), len(batch.records))
    return Batch(batch.dataset, batch.schema, rows)


def ask(
    session: Session,
    symbol: str = "SPX",
    expiry: datetime.date | None = None,
    strike_range: float = 0.10,
    *,
    settled: bool = False,
) -> dict[str, Any]:
    """The snapshot as a client reads it; NaN and infinity in it fail."""
    query = ExposureQuery if settled else SnapshotQuery
    asked = query(symbol=symbol, expiry=expiry, strike_range=strike_range)
    text = snapshot(session, "simulated", asked)
    answer: dict[str, Any] = json.loads(text, parse_constant=refuse)
    return answer


def refuse(constant: str) -> float:
    """What JSON does not have."""
    raise AssertionError(f"{constant} in the answer")
