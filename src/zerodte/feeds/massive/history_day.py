"""A tape as Massive would tell it afterwards: its file of trades, contracts and open interest."""

import datetime
import gzip
from collections.abc import Iterator
from typing import Final

from zerodte.clock import new_york_clock
from zerodte.feeds.massive.conditions import numbers_of
from zerodte.feeds.massive.protocol import OPTION_PREFIX
from zerodte.feeds.message_board import dollars_of
from zerodte.feeds.playback import event_times
from zerodte.market.calendar import calendar
from zerodte.market.osi import Contract, find_osi, parse_osi
from zerodte.records.condition import Condition
from zerodte.records.dbn import STAT_OPEN_INTEREST
from zerodte.records.tick import Batch
from zerodte.tape.source import FileSource

_HEADER: Final = "ticker,conditions,correction,exchange,price,sip_timestamp,size"


class HistoryDay:
    """A tape as the history tells it. Its records are read once, and held.

    Args:
        tape: The tape.

    Attributes:
        contracts: Those of the tape, by the vendor's name.
        interest: Figures by the vendor's name, with the session that each is of.
        file: All trades of the day, as the vendor's file.
    """

    def __init__(self, tape: FileSource) -> None:
        options = [name for name in tape.symbols if tape.kind(name) == "options"]
        self._names = {
            name: {
                number: f"{OPTION_PREFIX}{raw.replace(' ', '')}"
                for number, raw in tape.symbols[name].items()
            }
            for name in options
        }
        self.contracts: dict[str, Contract] = {
            f"{OPTION_PREFIX}{raw.replace(' ', '')}": parse_osi(raw)
            for name in options
            for raw in tape.symbols[name].values()
            if find_osi(raw)
        }
        self.interest: dict[str, tuple[datetime.date, int]] = {}
        lines: list[tuple[str, str]] = []
        for tick in tape.ticks():
            for batch in tick.trades:
                lines += self._lines(batch)
            for batch in tick.statistics:
                self._learn(batch)
        # Contract by contract, as the vendor's are; each in order.
        lines.sort(key=lambda one: one[0])
        text = "".join(f"{line}\n" for line in (_HEADER, *(line for _, line in lines)))
        self.file = gzip.compress(text.encode(), mtime=0)

    def _lines(self, batch: Batch) -> Iterator[tuple[str, str]]:
        names = self._names.get(batch.dataset)
        if names is None:
            return
        times = event_times(batch.records).tolist()
        for at, row in enumerate(batch.records):
            code = 0 if batch.conditions is None else int(batch.conditions[at])
            if batch.cancels is not None and batch.cancels[at] >= 0:
                code = Condition.CANCEL
            ticker = names[int(row["instrument_id"])]
            values = (
                *(ticker, ",".join(map(str, numbers_of(code))), 0, row["publisher_id"]),
                *(dollars_of(int(row["price"])), times[at], row["size"]),
            )
            yield ticker, ",".join(map(str, values))

    def _learn(self, batch: Batch) -> None:
        names = self._names.get(batch.dataset, {})
        for row in batch.records[batch.records["stat_type"] == STAT_OPEN_INTEREST]:
            if ticker := names.get(int(row["instrument_id"])):
                morning = new_york_clock(int(row["ts_event"])).date()
                day = calendar().previous(morning).date
                self.interest[ticker] = day, int(row["quantity"])
