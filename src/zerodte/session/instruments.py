"""Which instrument a record speaks of: (dataset, instrument id) to a contract or an underlying."""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from zerodte.arrays import I32, U32
from zerodte.constants import MULTIPLIER
from zerodte.engine.underlying import Underlyings
from zerodte.market.contracts import NO_POSITION, Contracts
from zerodte.market.roots import canonical_name, underlying_of
from zerodte.records.dbn import Records
from zerodte.records.lookup import IdTable

#: The dataset kinds that hold option contracts; every other dataset holds underlyings.
OPTIONS = "options"
#: Multipliers of contracts of the usual size: undefined ones are.
_STANDARD = (0, MULTIPLIER, np.iinfo(np.int32).max)


class Instruments:
    """The instruments of a session, learned from symbol mappings and definitions.

    Attributes:
        contracts: Option contracts; positions never move.
        unknown: Records of instruments that nobody defined, by dataset.
        contradictions: Definitions and mappings that name another symbol than the first of their
            instrument did, by dataset and id. The first stands.
    """

    def __init__(self, underlyings: Underlyings) -> None:
        self.contracts = Contracts()
        self.unknown: Counter[str] = Counter()
        self._underlyings = underlyings
        self._tables: dict[str, IdTable] = {}
        self.contradictions: Counter[tuple[str, int]] = Counter()
        self._known: dict[str, dict[int, str]] = {}
        self._defined: dict[str, set[int]] = {}

    def learn(self, dataset: str, kind: str, symbols: Mapping[int, str]) -> None:
        """Take instrument ids with their raw symbols; what is known already stays in place.

        Args:
            dataset: Their DBN dataset.
            kind: options, equity or index.
            symbols: Raw symbol by instrument id.
        """
        known = self._known.setdefault(dataset, {})
        for number, symbol in symbols.items():
            if known.get(number, symbol) != symbol:
                self.contradictions[dataset, number] += 1
        new = {number: symbol for number, symbol in symbols.items() if number not in known}
        self._place(dataset, kind, new)

    def _place(self, dataset: str, kind: str, symbols: Mapping[int, str]) -> None:
        """Give instruments the places of their symbols."""
        table = self._tables.setdefault(dataset, IdTable())
        if kind == OPTIONS:
            places = [self.contracts.add(symbol) for symbol in symbols.values()]
        else:
            # An index may be named by one of its roots; some tapes write BRK B for BRK.B.
            name_of = underlying_of if kind == "index" else canonical_name
            names = [name_of(symbol.strip().replace(" ", ".")) for symbol in symbols.values()]
            places = [self._underlyings.add(dataset, name) for name in names]
        self._known.setdefault(dataset, {}).update(symbols)
        table.add(np.fromiter(symbols, np.uint32), np.array(places, np.int32))

    def define(self, dataset: str, kind: str, records: Records) -> None:
        """Take definition records.

        The first of an instrument names it, even if a mapping named it otherwise, which counts as a
        contradiction; one that repeats what is known changes nothing.
        """
        raw = [symbol.decode("ascii", "replace") for symbol in records["raw_symbol"].tolist()]
        known = self._known.setdefault(dataset, {})
        defined = self._defined.setdefault(dataset, set())
        new: dict[int, str] = {}
        first: list[int] = []
        for row, (number, symbol) in enumerate(
            zip(records["instrument_id"].tolist(), raw, strict=True)
        ):
            if number not in defined:
                defined.add(number)
                first.append(row)
                if known.get(number) != symbol:
                    new[number] = symbol
            elif new.get(number, known.get(number)) != symbol:
                self.contradictions[dataset, number] += 1
        if kind == OPTIONS:
            self._refuse_sizes(records[first], [raw[row] for row in first], new)
        mapped = np.array([number for number in new if number in known], np.uint32)
        before = self.places(dataset, mapped)
        self._place(dataset, kind, new)
        for number in mapped[(before >= 0) & (before != self.places(dataset, mapped))].tolist():
            self.contradictions[dataset, number] += 1

    def _refuse_sizes(self, records: Records, raw: list[str], new: dict[int, str]) -> None:
        """Set contracts aside whose first definition says that they are of another size."""
        sizes = records["contract_multiplier"]
        for row in np.flatnonzero(~np.isin(sizes, _STANDARD)).tolist():
            self.contracts.refuse(raw[row], int(sizes[row]))
            new[int(records["instrument_id"][row])] = raw[row]

    def positions(self, dataset: str, records: Records) -> I32:
        """Where each record belongs, shape (m,), negative for none; unknown ones are counted."""
        if dataset not in self._tables:
            self.unknown[dataset] += len(records)
        places = self.find(dataset, records)
        if dataset in self._tables and len(places) and places.min() < 0:
            self._count_unknown(dataset, records, places)
        return places

    def find(self, dataset: str, records: Records) -> I32:
        """Where each record belongs, as `positions` has it; none is counted."""
        return self.places(dataset, records["instrument_id"])

    def places(self, dataset: str, ids: U32) -> I32:
        """Where records of instruments belong, shape (m,), negative for nowhere."""
        table = self._tables.get(dataset)
        return np.full(len(ids), NO_POSITION, np.int32) if table is None else table.positions(ids)

    def _count_unknown(self, dataset: str, records: Records, places: I32) -> None:
        """Count the nameless, apart from those whose symbol was refused (an adjusted root)."""
        nowhere = records["instrument_id"][places < 0]
        known = self._known[dataset]
        if strange := sum(number not in known for number in nowhere.tolist()):
            self.unknown[dataset] += strange
