"""A vendor's instrument ids as those of a recording, where an id keeps its first symbol."""

from collections.abc import Mapping

import numpy as np

from zerodte.records.dbn import Records, chosen_rows, copied_rows
from zerodte.records.lookup import UNKNOWN_ID, IdTable


class VendorIds:
    """Translates ids. A vendor's id stands unless the recording has it for another symbol.

    Args:
        recorded: Raw symbols by id of the recording.
    """

    def __init__(self, recorded: Mapping[int, str]) -> None:
        self._numbers = {symbol: number for number, symbol in recorded.items()}
        self._taken = set(recorded)
        self._free = 1
        self._vendor: dict[int, str] = {}
        #: Positions of the vendor's ids in the list of ids of the recording.
        self._table = IdTable()
        self._own = np.empty(0, np.uint32)
        self._is_same = True

    @property
    def symbols(self) -> dict[int, str]:
        """Raw symbols by the recording's id."""
        return {number: symbol for symbol, number in self._numbers.items()}

    def learn(self, symbols: Mapping[int, str]) -> None:
        """Learn the raw symbols of vendor's ids; a later symbol of an id replaces the earlier."""
        changed = {
            number: raw for number, raw in symbols.items() if self._vendor.get(number) != raw
        }
        if not changed:
            return
        self._vendor |= changed
        for number, symbol in sorted(changed.items()):
            if symbol not in self._numbers:
                own = self._own_id(number)
                self._numbers[symbol] = own
                self._taken.add(own)
        added = np.array([self._numbers[raw] for raw in changed.values()], np.uint32)
        numbers = np.fromiter(changed, np.uint32, len(changed))
        self._table.add(numbers, len(self._own) + np.arange(len(changed), dtype=np.int32))
        self._own = np.concatenate([self._own, added])
        self._is_same = self._is_same and bool((numbers == added).all())

    def _own_id(self, number: int) -> int:
        """A vendor's id, or the smallest that nobody has."""
        if number not in self._taken:
            return number
        while self._free in self._taken:
            self._free += 1
        return self._free

    def translate(self, records: Records) -> tuple[Records, int]:
        """Records with the recording's ids, without those of unknown ids; and how many these are.

        Args:
            records: As the vendor sent them; read-only.
        """
        positions = self._table.positions(records["instrument_id"])
        is_known = positions != UNKNOWN_ID
        unknown = len(records) - int(np.count_nonzero(is_known))
        if unknown:
            records, positions = chosen_rows(records, is_known), positions[is_known]
        if self._is_same:
            return records, unknown
        out = copied_rows(records)
        out["instrument_id"] = self._own[positions]
        return out, unknown
