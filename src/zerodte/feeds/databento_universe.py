"""The contracts that are followed of what Databento defines, and their reference data.

All strikes of the followed expiries are: the vendor sets no limit to their number, and quotes are
sent only when they change.
"""

import datetime
import math
import time
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from zerodte.feeds.databento_blocks import RecordBlock
from zerodte.feeds.databento_session import DatabentoSession
from zerodte.feeds.feed import FeedError
from zerodte.feeds.repeated_records import RepeatedRecords
from zerodte.feeds.universe import Universe
from zerodte.feeds.vendor_ids import VendorIds
from zerodte.market.calendar import last_trading_day
from zerodte.market.osi import Contract, MarketError, parse_osi
from zerodte.market.roots import is_adjusted, root_info
from zerodte.records.dbn import SCHEMAS, STAT_CLEARED_VOLUME, STAT_OPEN_INTEREST, Records

#: Seconds for the replay of a day's definitions: some hundred thousand records.
_PATIENCE: Final = 60.0
_KINDS: Final = (STAT_OPEN_INTEREST, STAT_CLEARED_VOLUME)


class DatabentoUniverse:
    """The followed contracts of some underlyings.

    Args:
        symbols: The underlyings.
        date: The session's.
        ids: Of instruments; learns those of the followed contracts.
    """

    def __init__(self, symbols: Sequence[str], date: datetime.date, ids: VendorIds) -> None:
        self.ids = ids
        self._date = date
        self._underlyings = frozenset(symbols)
        self._universes = {symbol: Universe(date) for symbol in symbols}
        self._contracts: dict[str, Contract] = {}
        self._followed: set[str] = set(ids.symbols.values())
        self._defined: set[bytes] = set()
        self._sent: RepeatedRecords | None = None
        self._waiting: dict[str, list[Records]] = {"definition": [], "statistics": []}

    @property
    def symbols(self) -> dict[int, str]:
        """Raw symbols of the followed contracts, by the recording's id."""
        return self.ids.symbols

    def warnings(self) -> list[str]:
        """How many contracts are not followed, in words."""
        count = len(self._contracts.keys() - self._followed)
        return [f"{count:,} contracts of other expiries are not followed"] if count else []

    def add(self, blocks: Sequence[RecordBlock], symbols: Mapping[int, str]) -> None:
        """Add definitions and statistics.

        Args:
            blocks: As the vendor sent them.
            symbols: Raw symbols by the vendor's id.
        """
        names = dict(symbols)
        for block in blocks:
            if block.schema == "definition":
                pairs = block.records[["instrument_id", "raw_symbol"]].tolist()
                names |= {number: raw.decode("ascii", "replace") for number, raw in pairs}
        self._follow(set(names.values()))
        self.ids.learn({one: raw for one, raw in names.items() if raw in self._followed})
        for block in blocks:
            rows, _ = self.ids.translate(block.records)
            if block.schema == "definition":
                self._waiting["definition"].append(rows)
            elif block.schema == "statistics":
                is_wanted = np.isin(rows["stat_type"], _KINDS)
                self._waiting["statistics"].append(rows[is_wanted])

    def leave_out(self, recorded: Mapping[str, Records]) -> None:
        """Leave out what a recording has already, by the name of its stream."""
        for rows in recorded.values():
            if rows.dtype == SCHEMAS["definition"]:
                self._defined = set(rows["raw_symbol"].tolist())
            else:
                self._sent = RepeatedRecords(rows)

    def take(self, schema: str) -> Records:
        """The records of a schema that are new since the last call."""
        none: Records = np.empty(0, SCHEMAS[schema])
        rows: Records = np.concatenate([none, *self._waiting[schema]])
        self._waiting[schema].clear()
        if schema == "statistics":
            return rows if self._sent is None else self._sent.without(rows)
        raws = rows["raw_symbol"].tolist()
        new = []
        for row, raw in enumerate(raws):
            if raw not in self._defined:
                self._defined.add(raw)
                new.append(row)
        return rows[new]

    def _follow(self, raws: set[str]) -> None:
        """Choose among new contracts by their expiry; one that is followed stays so."""
        new = {
            raw: contract for raw in raws - self._contracts.keys() if (contract := _contract(raw))
        }
        live = {
            raw: contract
            for raw, contract in new.items()
            if not is_adjusted(contract.root)
            and last_trading_day(contract.expiry) >= self._date
            and root_info(contract.root).symbol in self._underlyings
        }
        self._contracts |= live
        for symbol, universe in self._universes.items():
            found = {
                raw: contract
                for raw, contract in self._contracts.items()
                if root_info(contract.root).symbol == symbol
            }
            contracts = list(found.values())
            if live and contracts:
                nothing = np.full(len(contracts), math.nan)
                chosen = universe.select(contracts, nothing, math.nan)
                self._followed.update(np.array(list(found), object)[chosen].tolist())


def read_reference(session: DatabentoSession) -> list[RecordBlock]:
    """Everything that a session replays of reference data.

    Raises:
        FeedError: If it ends or falls silent before that is complete.
    """
    blocks: list[RecordBlock] = []
    deadline = time.monotonic() + _PATIENCE
    while session.replays > 0:
        blocks += session.take(0.25)
        if time.monotonic() > deadline:
            raise FeedError(f"its replay of definitions took more than {_PATIENCE:g} seconds")
    return blocks


def _contract(raw: str) -> Contract | None:
    try:
        return parse_osi(raw)
    except MarketError:
        return None
