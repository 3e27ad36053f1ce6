"""Metadata for written files, readable by any DBN decoder."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import databento_dbn as dbn
from databento_dbn.metadata import SymbolMapping

from zerodte.constants import SECOND
from zerodte.market.calendar import calendar
from zerodte.market.osi import MarketError
from zerodte.tape.error import TapeError

# The package's type stubs declare the members of its enums as strings.
_RAW_SYMBOL = cast("dbn.SType", dbn.SType.RAW_SYMBOL)
_INSTRUMENT_ID = cast("dbn.SType", dbn.SType.INSTRUMENT_ID)


@dataclass(frozen=True, slots=True)
class _Interval:
    start_date: datetime.date
    end_date: datetime.date
    symbol: str


@dataclass(frozen=True, slots=True)
class _Mapping:
    raw_symbol: str
    intervals: list[_Interval]


def encode_metadata(
    dataset: str, schema: str, start: int, end: int, symbols: Mapping[int, str]
) -> bytes:
    """Encode the metadata of a file.

    Args:
        dataset: At most 15 ASCII characters.
        schema: As DBN names it.
        start: The first receive time, UTC nanoseconds.
        end: The last one.
        symbols: Instrument id to raw symbol. The mapping is valid from the first record's date to
            the date of the last record's session.

    Raises:
        TapeError: If the format cannot hold it, or the calendar has no session for `end`.
    """
    first = utc_datetime(start).date()
    try:
        session = calendar().session_of(end)
    except MarketError as error:
        raise TapeError(
            f"{dataset} {schema}: receive times up to {utc_datetime(end)}: {error}"
        ) from error
    end_date = session.date + datetime.timedelta(days=1)
    mappings = [
        _Mapping(symbol, [_Interval(first, end_date, str(instrument_id))])
        for instrument_id, symbol in symbols.items()
    ]
    try:
        metadata = dbn.Metadata(
            dataset=dataset,
            start=start,
            end=end + 1,
            stype_in=_RAW_SYMBOL,
            stype_out=_INSTRUMENT_ID,
            schema=dbn.Schema.from_str(schema),
            symbols=list(symbols.values()),
            mappings=cast("list[SymbolMapping]", mappings),
        )
        return bytes(metadata)
    except dbn.DBNError as error:
        raise TapeError(f"{dataset} {schema}: {error}") from error


def utc_datetime(time: int) -> datetime.datetime:
    """UTC nanoseconds as a datetime, rounded down to the second."""
    return datetime.datetime.fromtimestamp(time // SECOND, datetime.UTC)
