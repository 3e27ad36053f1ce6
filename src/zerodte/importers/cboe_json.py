"""Importer for Cboe's delayed quotes in JSON, as its website serves them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from zerodte.clock import new_york_clock
from zerodte.importers.cboe_delayed import (
    CBOE_CADENCE_S,
    DelayedChain,
    DelayedOption,
    decode_delayed,
)
from zerodte.importers.chain_rows import ContractRow, UnreadableContractError, select_contracts
from zerodte.importers.chain_tape import (
    ImportedChain,
    ImportedSymbol,
    settled_day,
    write_chains,
)
from zerodte.importers.csv_content import read_content
from zerodte.importers.import_losses import CellReader
from zerodte.importers.import_summary import ImportSummary
from zerodte.market.calendar import TradingSession, calendar
from zerodte.market.osi import MarketError, parse_osi
from zerodte.market.roots import canonical_name, root_info
from zerodte.records.dbn import CBOE_DELAYED
from zerodte.tape.atomic_folder import as_if_in, atomic_folder
from zerodte.tape.error import TapeError

_NOTE: Final = (
    "Cboe delayed quotes: snapshots of a chain, 15 minutes older than their publication; no trades"
)


def import_cboe_json(files: Sequence[Path], out: Path) -> list[ImportSummary]:
    """Import bodies of Cboe's delayed quotes into one tape: all of them or none.

    The quotes are of 15 minutes before the publication; an index value is of its own time, or of
    the quotes' in the evening. One of an earlier session, contracts that expired before the
    session, and adjusted roots are left out and counted.

    Args:
        files: JSON, plain or compressed; of one session, of any symbols and times.
        out: The tape's folder, new or existing.

    Returns:
        A summary of each file.

    Raises:
        TapeError: If a file is damaged or of another form, has no live contract, is of another
            session, or is on the tape already.
    """
    with atomic_folder(out) as folder, as_if_in(folder, out):
        return [write_chains(_read(path), folder) for path in files]


def _read(path: Path) -> list[ImportedSymbol]:
    try:
        chain = decode_delayed(read_content(path))
        session = calendar().session_of(chain.at)
        today = calendar().session(new_york_clock(chain.at).date())
    except MarketError as error:
        raise TapeError(f"{path}: its time: {error}") from error
    except TapeError as error:
        text = str(error)
        raise TapeError(text if text.startswith(str(path)) else f"{path}: {text}") from error
    symbols = select_contracts(enumerate(chain.options, 1), _parse, path, session.date)
    named = root_info(canonical_name(chain.symbol.removeprefix("_"))).symbol
    has_volume = today is not None and chain.at > today.open
    imports = []
    for symbol in symbols:
        if not has_volume:
            symbol.skipped["volumes of an earlier session"] = len(symbol.rows)
        underlying = _underlying(symbol.symbol, chain) if symbol.symbol == named else None
        valued_at = _valued_at(symbol.symbol, chain, session)
        if underlying is not None and valued_at is None:
            symbol.skipped["index values that are not of the session"] = 1
            underlying = None
        imported = ImportedChain(
            file=path,
            dataset=CBOE_DELAYED,
            note=_NOTE,
            at=chain.at,
            rows=list(symbol.rows.values()),
            underlying=underlying,
            settled_for=settled_day(chain.at),
            has_volume=has_volume,
            valued_at=valued_at,
            cadence_seconds=CBOE_CADENCE_S,
        )
        imports.append(ImportedSymbol(imported, symbol))
    return imports


def _parse(row: tuple[int, DelayedOption]) -> ContractRow:
    number, option = row
    try:
        contract = parse_osi(canonical_name(option.option))
    except MarketError as error:
        raise UnreadableContractError(f"{option.option[:40]!r}, contract {number}") from error
    reader = CellReader()
    return ContractRow(
        contract=contract,
        bid=reader.number("bids", _text(option.bid)),
        ask=reader.number("asks", _text(option.ask)),
        open_interest=reader.count("open interest", _text(option.open_interest)),
        volume=reader.count("volume", _text(option.volume)),
        sizes=(_size(option.bid_size), _size(option.ask_size)),
        line=number,
        cells=reader,
    )


def _text(number: float | None) -> str:
    """A number as a cell has it; JSON writes small and large ones with an exponent."""
    return "" if number is None else f"{number:.6f}"


def _size(number: float | None) -> int | None:
    return int(number) if number is not None and 0 <= number < 1e9 and number % 1 == 0 else None


def _underlying(symbol: str, chain: DelayedChain) -> tuple[float, float] | None:
    """Bid and ask; an index has its value twice."""
    is_index = root_info(symbol).is_index
    bid, ask = (chain.price, chain.price) if is_index else (chain.bid, chain.ask)
    if bid is None or ask is None or not 0 < min(bid, ask) <= max(bid, ask) < 1e6:
        return None
    return bid, ask


def _valued_at(symbol: str, chain: DelayedChain, session: TradingSession) -> int | None:
    """The time of the underlying's price; None if an index's is not known to be of the session."""
    if root_info(symbol).is_index:
        return chain.valued_at
    # An equity's quote is current when nobody trades.
    start, _ = calendar().span(session)
    traded = chain.traded
    return traded if traded is not None and start <= traded <= chain.at else chain.at
