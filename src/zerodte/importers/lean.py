"""A day of QuantConnect Lean's minute data onto a tape: options and their underlying.

Its bars know nothing within a minute, nor of sale conditions; the tape's notes say so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from zerodte.importers import lean_records
from zerodte.importers.chain_tape import check_session, definitions, expires_at_close
from zerodte.importers.import_summary import ImportSummary
from zerodte.importers.lean_files import OPEN_INTEREST, QUOTE, TRADE, Progress, find_day
from zerodte.importers.lean_rows import HOUR_MS, LeanReader, LeanRows
from zerodte.market.calendar import TradingSession, calendar
from zerodte.market.osi import Contract, MarketError, format_osi, is_root
from zerodte.market.roots import root_info
from zerodte.records.dbn import INDEX, Records
from zerodte.tape.atomic_folder import atomic_folder
from zerodte.tape.error import TapeError
from zerodte.tape.writer import TapeWriter

OPTIONS_DATASET: Final = "LEAN.OPTIONS"
LEAN_EQUITY: Final = "LEAN.EQUITY"

_NOTES: Final = (
    "minute bars",
    "a trade is the volume of a minute at its last price, with the quote of the minute before",
)
_CADENCE_SECONDS: Final = 60
#: Lean's documentation gives index values Chicago's clock for SPX and leaves the others open; it is
#: taken for all of them. It runs an hour behind New York's, which everything else has.
_CHICAGO_BEHIND: Final = HOUR_MS


@dataclass(frozen=True, slots=True)
class _Market:
    """A day's rows.

    Attributes:
        symbol: The underlying.
        session: Theirs.
        contracts: By place.
        quotes: Bars.
        trades: Bars with a volume and a price.
        open_interest: Of the morning.
        underlying: Quote bars of an equity, value bars of an index; None if there are none.
    """

    symbol: str
    session: TradingSession
    contracts: Sequence[Contract]
    quotes: LeanRows
    trades: LeanRows
    open_interest: LeanRows
    underlying: LeanRows | None

    @property
    def rows(self) -> list[LeanRows]:
        """All of them."""
        options = [self.quotes, self.trades, self.open_interest]
        return options if self.underlying is None else [*options, self.underlying]


def _silent(what: str, done: int, total: int) -> None:
    """Say nothing of the progress."""


def import_lean(
    root: str | Path,
    symbol: str,
    day: date,
    out: str | Path,
    progress: Progress = _silent,
) -> ImportSummary:
    """Put a day of an underlying and its options onto a tape; several symbols make one tape.

    The options' quotes have to be there; trades, open interest and the underlying may be missing,
    which the summary says. The trade bars of an equity are not used: its quotes tell its price.

    Args:
        root: The folder of Lean's data: it has `option`, `equity`, `indexoption`, `index`.
        symbol: The underlying, or a root of its options: GOOG, SPX, SPXW.
        day: Of a session.
        out: The tape's folder.
        progress: Told what is being read or written, how far it is, and of how much.

    Raises:
        TapeError: If there is nothing of that symbol and day, an archive is damaged or not of
            Lean's form, or the tape holds the day already or is of another.
    """
    session = _session(day)
    own = _symbol(symbol)
    files = find_day(Path(root), own, day)
    reader = LeanReader(day, progress)
    quotes = reader.options(files.options, QUOTE)
    trades = reader.options(files.options, TRADE)
    traded = (trades.column("volume") > 0) & (trades.column("close") > 0)
    reader.skipped["trades of options without volume or price"] += int(np.count_nonzero(~traded))
    open_interest = reader.options(files.options, OPEN_INTEREST)
    underlying = None
    if files.underlying is not None:
        behind = _CHICAGO_BEHIND if root_info(own).is_index else 0
        underlying = reader.underlying(files.underlying, behind)
    if not len(quotes):
        found = ", ".join(f"{n:,} {what}" for what, n in (+reader.skipped).items()) or "no rows"
        raise TapeError(f"{root}: no quote of an option on {own} on {day}; there are {found}")
    market = _Market(
        symbol=own,
        session=session,
        contracts=reader.contracts,
        quotes=quotes,
        trades=trades.only(traded),
        open_interest=open_interest,
        underlying=underlying,
    )
    check_session(Path(out), session)
    with atomic_folder(Path(out)) as folder:
        _write(market, folder, progress)
    return _summary(market, Path(root), reader, files.missing)


def _session(day: date) -> TradingSession:
    try:
        session = calendar().session(day)
    except MarketError as error:
        raise TapeError(str(error)) from error
    if session is None:
        raise TapeError(f"{day}: there was no session")
    return session


def _symbol(text: str) -> str:
    root = text.strip().upper()
    if not is_root(root):
        raise TapeError(f"{text!r} is not a symbol such as GOOG or SPX")
    return root_info(root).symbol


def _write(market: _Market, out: Path, progress: Progress) -> None:
    day = market.session.date
    writer = TapeWriter(out, notes=_NOTES, cadence_seconds=_CADENCE_SECONDS)
    ids = writer.ids(OPTIONS_DATASET, [format_osi(contract) for contract in market.contracts])
    quotes = lean_records.quotes(market.quotes, ids, day, "cbbo-1m")
    known = lean_records.midnight(day)
    parts = [
        (OPTIONS_DATASET, "definition", definitions(market.contracts, ids, market.symbol, known)),
        (OPTIONS_DATASET, "cbbo-1m", quotes),
        (
            OPTIONS_DATASET,
            "tcbbo",
            lean_records.trades(market.trades, market.quotes, quotes, ids, day),
        ),
        (OPTIONS_DATASET, "statistics", lean_records.statistics(market.open_interest, ids, day)),
    ]
    if market.underlying is not None:
        parts.append(_underlying(market.symbol, market.underlying, writer, day))
    for done, (dataset, schema, content) in enumerate(parts):
        progress("writing", done, len(parts))
        if len(content):
            name = f"{dataset}.{market.symbol}.{day}.{schema}.dbn.zst".lower()
            writer.write(dataset, schema, content, name=name)


def _underlying(
    symbol: str, bars: LeanRows, writer: TapeWriter, day: date
) -> tuple[str, str, Records]:
    if root_info(symbol).is_index:
        return INDEX, "trades", lean_records.index_values(bars, writer.ids(INDEX, [symbol]), day)
    ids = writer.ids(LEAN_EQUITY, [symbol])
    return LEAN_EQUITY, "bbo-1m", lean_records.quotes(bars, ids, day, "bbo-1m")


def _summary(
    market: _Market, root: Path, reader: LeanReader, missing: Sequence[str]
) -> ImportSummary:
    day = market.session.date
    contracts = market.contracts
    today = np.array([expires_at_close(contract, day) for contract in contracts], np.bool_)
    quoted = (market.quotes.column("bid close") > 0) | (market.quotes.column("ask close") > 0)
    settled = np.zeros(len(contracts))
    settled[market.open_interest.place] = market.open_interest.column("open interest")
    bars = {"of quotes": len(market.quotes), "of trades": len(market.trades)}
    if market.underlying is not None:
        bars["of the underlying"] = len(market.underlying)
    return ImportSummary(
        file=root,
        symbol=market.symbol,
        at=int(lean_records.ends(market.quotes, day)[-1]),
        session=market.session,
        rows=sum(rows.read for rows in market.rows),
        contracts=len(contracts),
        expiries=len({contract.expiry for contract in contracts}),
        quotes=len(np.unique(market.quotes.place[quoted])),
        open_interest=len(np.unique(market.open_interest.place)),
        open_interest_date=day,
        volumes=len(np.unique(market.trades.place)),
        same_day_contracts=int(np.count_nonzero(today)),
        same_day_open_interest=int(settled[today].sum()),
        same_day_volume=int(market.trades.column("volume")[today[market.trades.place]].sum()),
        has_underlying=bars.get("of the underlying", 0) > 0,
        skipped=+reader.skipped,
        bars=bars,
        missing=tuple(missing),
    )
