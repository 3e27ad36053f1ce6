"""The trade reports on the tape: late reports, cancels and records."""

from typing import Final

import numpy as np

from zerodte.arrays import Rows
from zerodte.feeds.simulator.columns import ContractList
from zerodte.feeds.simulator.parameters import TRANSIT
from zerodte.feeds.simulator.trading import SIMULATED_TRADE
from zerodte.records.condition import Condition
from zerodte.records.dbn import OPRA, UNDEF_PRICE, Records, records
from zerodte.records.tick import Batch
from zerodte.records.truth import TRADE_TRUTH

#: OPRA's venues by the vendor's publisher ids. Index options trade on one venue only.
_INDEX_VENUE: Final = 22
_VENUES: Final = np.array([20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 31, 32, 33, 34, 35, 36, 37])


class Prints:
    """The reports of a session's option trades, numbered in order."""

    def __init__(self, listing: ContractList, end: int) -> None:
        """Start before the open.

        Args:
            listing: The day's contracts.
            end: End of the last block, UTC ns; nothing is reported after it.
        """
        self._is_index = np.array([name.kind == "index" for name in listing.names])[listing.name]
        self._last = end - TRANSIT
        self._late_trades = np.empty(0, SIMULATED_TRADE)
        self._pending_cancels = np.empty(0, SIMULATED_TRADE)
        self._count = 0

    def pop_due(self, end: int) -> Rows:
        """Remove and return the late trades that are received by `end` (UTC ns)."""
        is_due = self._late_trades["reported"] + TRANSIT <= end
        due, self._late_trades = self._late_trades[is_due], self._late_trades[~is_due]
        return due

    def report(self, trades: Rows, end: int) -> Rows:
        """Report the trades of a block.

        Args:
            trades: `SIMULATED_TRADE` rows of the block by time, and late ones that are due.
            end: End of the block, UTC ns.

        Returns:
            `SIMULATED_TRADE` rows by time of report, numbered, including cancels. Late reports and
            cancels that would come after the last block are dropped: those trades are regular.
        """
        is_punctual = trades["reported"] > self._last
        trades["condition"][is_punctual] = Condition.REGULAR
        trades["reported"][is_punctual] = trades["time"][is_punctual]
        trades["cancelled"][trades["cancelled"] > self._last] = 0
        is_late = trades["reported"] + TRANSIT > end
        self._late_trades = np.concatenate((self._late_trades, trades[is_late]))
        trades = trades[~is_late]
        # A cancel copies its trade. `origin` is the trade's row until its number is known.
        cancelled = np.flatnonzero(trades["cancelled"])
        cancels = np.concatenate((self._pending_cancels, trades[cancelled]))
        origin = np.concatenate((np.full(len(self._pending_cancels), -1), cancelled))
        cancels["condition"], cancels["reported"] = Condition.CANCEL, cancels["cancelled"]
        is_due = cancels["reported"] + TRANSIT <= end
        out = np.concatenate((trades, cancels[is_due]))
        order = np.argsort(out["reported"], kind="stable")
        out["number"][order] = self._count + np.arange(len(out))
        self._count += len(out)
        has_origin = origin >= 0
        cancels["takes_back"][has_origin] = out["number"][origin[has_origin]]
        out["takes_back"][len(trades) :] = cancels["takes_back"][is_due]
        self._pending_cancels = cancels[~is_due]
        return out[order]

    def batch(self, reports: Rows) -> Batch:
        """The records of the reports."""
        rows = records("tcbbo", len(reports))
        contract, quote = reports["contract"], reports["quote"]
        rows["instrument_id"] = contract + 1
        rows["publisher_id"] = np.where(
            self._is_index[contract], _INDEX_VENUE, _VENUES[reports["time"] % len(_VENUES)]
        )
        rows["ts_event"], rows["ts_recv"] = reports["time"], reports["reported"] + TRANSIT
        rows["ts_in_delta"] = TRANSIT
        rows["price"], rows["size"] = reports["price"], reports["size"]
        rows["bid_px_00"] = quote[:, 0]
        rows["ask_px_00"] = np.where(quote[:, 1] > 0, quote[:, 1], UNDEF_PRICE)
        rows["bid_sz_00"], rows["ask_sz_00"] = quote[:, 2], quote[:, 3]
        return Batch(
            OPRA,
            "tcbbo",
            rows,
            conditions=reports["condition"].copy(),
            first=int(reports["number"][0]) if len(reports) else self._count,
            cancels=reports["takes_back"].copy(),
        )


def trade_truth(reports: Rows) -> Records:
    """The truth of every report: `TRADE_TRUTH`."""
    out = np.zeros(len(reports), TRADE_TRUTH)
    out["ts_recv"] = reports["reported"] + TRANSIT
    out["instrument_id"] = reports["contract"] + 1
    out["customer_side"] = np.where(reports["dealers"] != 0, reports["side"], 0)
    for name in ("dealers", "opens", "is_limit", "package"):
        out[name] = reports[name]
    out["is_cancel"] = reports["condition"] == Condition.CANCEL
    out["is_cancelled"] = (reports["cancelled"] > 0) & ~out["is_cancel"]
    return out


def final_trades(reports: Rows) -> Rows:
    """The reports that change positions: neither cancels nor cancelled trades."""
    final: Rows = reports[reports["cancelled"] == 0]
    return final
