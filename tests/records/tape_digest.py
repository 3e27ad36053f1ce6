"""The digest of ticks alone, without a market that knows whose they are."""

import numpy as np

from zerodte.records.digest import SymbolDigests
from zerodte.records.tick import Tick


class TapeDigest:
    """The running digest of a tape, all of whose records belong to nobody."""

    def __init__(self) -> None:
        self._digests = SymbolDigests()

    def update(self, tick: Tick) -> None:
        """Take in a tick."""
        for place in (tick.definitions, tick.statistics, tick.underlying, tick.quotes, tick.trades):
            for batch in place:
                nobody = np.full(len(batch.records), -1, np.int32)
                self._digests.add(batch, nobody, np.empty(0, np.int32))
        self._digests.close(tick.end)

    def hexdigest(self) -> str:
        """The digest of all ticks so far, as 16 hexadecimal digits."""
        return self._digests.whole_hexdigest()
