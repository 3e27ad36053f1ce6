"""The contracts that are followed of what Databento defines, and their reference data.

All strikes of the followed expiries are: the vendor sets no limit to their number, and quotes are
sent only when they change.
"""

import datetime
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from zerodte.feeds.databento.blocks import RecordBlock
from zerodte.feeds.repeated_records import RepeatedRecords
from zerodte.feeds.universe import Universe, is_live
from zerodte.feeds.vendor_ids import VendorIds
from zerodte.market.osi import Contract, find_osi
from zerodte.market.roots import root_info
from zerodte.records.dbn import (
    SCHEMAS,
    STAT_CLEARED_VOLUME,
    STAT_OPEN_INTEREST,
    Records,
    chosen_rows,
    joined_rows,
)

#: The types of statistics that are followed.
STATISTIC_KINDS: Final = (STAT_OPEN_INTEREST, STAT_CLEARED_VOLUME)


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
        return (
            [f"Databento is not asked for {count:,} contracts of other expiries"] if count else []
        )

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
                is_wanted = np.isin(rows["stat_type"], STATISTIC_KINDS)
                self._waiting["statistics"].append(chosen_rows(rows, is_wanted))

    def leave_out(self, definitions: Records, statistics: Records) -> None:
        """Leave out what a recording has already."""
        self._defined = set(definitions["raw_symbol"].tolist())
        self._sent = RepeatedRecords(statistics)

    def take(self, schema: str) -> Records:
        """The records of a schema that are new since the last call."""
        none: Records = np.empty(0, SCHEMAS[schema])
        rows = joined_rows([none, *self._waiting[schema]])
        self._waiting[schema].clear()
        if schema == "statistics":
            return rows if self._sent is None else self._sent.without(rows)
        raws = rows["raw_symbol"].tolist()
        new = []
        for row, raw in enumerate(raws):
            if raw not in self._defined:
                self._defined.add(raw)
                new.append(row)
        return chosen_rows(rows, np.array(new, np.intp))

    def _follow(self, raws: set[str]) -> None:
        """Choose among new contracts by their expiry; one that is followed stays so."""
        live = {
            raw: contract
            for raw in raws - self._contracts.keys()
            if (contract := find_osi(raw))
            and is_live(contract, self._date)
            and root_info(contract.root).symbol in self._universes
        }
        if not live:
            return
        self._contracts |= live
        for symbol, universe in self._universes.items():
            listed = {
                raw: contract
                for raw, contract in self._contracts.items()
                if root_info(contract.root).symbol == symbol
            }
            expiries = set(universe.expiries(list(listed.values())))
            self._followed |= {
                raw for raw, contract in listed.items() if contract.expiry in expiries
            }
