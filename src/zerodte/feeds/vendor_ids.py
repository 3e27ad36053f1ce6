"""A vendor's instrument ids as those of a recording, where an id keeps its first symbol."""

from collections.abc import Mapping

import numpy as np

from zerodte.records.dbn import Records


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
        self._keys = np.empty(0, np.uint32)
        self._values = np.empty(0, np.uint32)
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
                own = self._own(number)
                self._numbers[symbol] = own
                self._taken.add(own)
        pairs = sorted((number, self._numbers[raw]) for number, raw in self._vendor.items())
        self._keys = np.array([vendor for vendor, _ in pairs], np.uint32)
        self._values = np.array([own for _, own in pairs], np.uint32)
        self._is_same = bool((self._keys == self._values).all())

    def _own(self, number: int) -> int:
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
        numbers = records["instrument_id"]
        if not len(self._keys):
            return records[:0], len(records)
        places = np.minimum(np.searchsorted(self._keys, numbers), len(self._keys) - 1)
        is_known = self._keys[places] == numbers
        unknown = len(records) - int(is_known.sum())
        if unknown:
            records, places = records[is_known], places[is_known]
        if self._is_same:
            return records, unknown
        out = records.copy()
        out["instrument_id"] = self._values[places]
        return out, unknown
