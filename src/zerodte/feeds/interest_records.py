"""Open interest that a vendor tells again and again, as records."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from zerodte.clock import new_york
from zerodte.importers.chain_tape import SETTLED_BY
from zerodte.market.calendar import calendar
from zerodte.records.dbn import STAT_OPEN_INTEREST, Records, records

_MOST_CONTRACTS: Final = 1e9


@dataclass(frozen=True, slots=True)
class ListedInterest:
    """The open interest of a contract, as a list of contracts tells it.

    Attributes:
        day: The day at whose end it was.
        figure: Contracts.
    """

    day: datetime.date
    figure: int


class InterestRecords:
    """Turns figures into open interest. Before the open the last figure of a day counts.

    Args:
        date: The session's.
        recorded: The statistics of a recording.

    Attributes:
        changed_count: Figures that the vendor changed after the open, which are left out.
    """

    def __init__(self, date: datetime.date, recorded: Records) -> None:
        self.changed_count = 0
        self._date = date
        session = calendar().session(date)
        self._open = session.open if session else 0
        mine = recorded[recorded["stat_type"] == STAT_OPEN_INTEREST]
        numbers, dates = mine["instrument_id"].tolist(), mine["ts_event"].tolist()
        self._known = dict(
            zip(zip(numbers, dates, strict=True), mine["quantity"].tolist(), strict=True)
        )

    def sentences(self) -> list[str]:
        """How many figures changed after the open, in words."""
        count = self.changed_count
        text = f"{count:,} figures of open interest changed after the open; the first ones count"
        return [text] if count else []

    def take(
        self,
        ids: Sequence[int],
        figures: Sequence[int],
        mornings: Sequence[datetime.date | None],
        received: Sequence[int],
    ) -> Records:
        """The open interest that is new.

        Args:
            ids: Instruments; 0 where unknown.
            figures: Contracts; negative where unknown.
            mornings: The day in whose morning each figure was published; None where unknown.
            received: When each came, UTC ns.
        """
        found: list[tuple[int, int, int, int]] = []
        for number, figure, date, at in zip(ids, figures, mornings, received, strict=True):
            if number <= 0 or not 0 <= figure < _MOST_CONTRACTS or date is None:
                continue
            dated = new_york(date, SETTLED_BY)
            known = self._known.get((number, dated))
            if date > self._date or known == figure:
                continue
            if known is not None and at >= self._open:
                self.changed_count += 1
                continue
            self._known[number, dated] = figure
            found.append((number, dated, figure, at))
        out = records("statistics", len(found))
        if found:
            numbers, dates, quantities, times = zip(*found, strict=True)
            out["instrument_id"], out["quantity"] = numbers, quantities
            out["ts_event"], out["ts_recv"] = dates, times
            out["stat_type"] = STAT_OPEN_INTEREST
        return out
