"""The summary of an import: its input, its output and what it skipped."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from zerodte.clock import new_york_clock
from zerodte.market.calendar import TradingSession
from zerodte.tape.sidecars import ImportLoss


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """The summary of one import: of a file with one chain, or of a folder with a day's bars.

    Attributes:
        file: The imported file or folder.
        symbol: The underlying.
        at: The time of the quotes, UTC nanoseconds; of bars, that of the newest quote.
        session: The session of that time, and so of the tape.
        rows: Rows read, without header and blank lines.
        contracts: Contracts imported.
        expiries: The number of their expiries.
        quotes: Contracts with a bid or an ask; the others have no quote.
        open_interest: Contracts with settled open interest.
        open_interest_date: The day in whose morning it was published.
        volumes: Contracts with the day's volume so far; 0 if the file's is of another time.
        same_day_contracts: Contracts that expire at the session's close.
        same_day_open_interest: Their open interest, in contracts.
        same_day_volume: Their volume in the file, in contracts.
        has_underlying: Whether the file has a usable price of the underlying.
        skipped: The number of skipped items by reason.
        bars: The number of imported bars by their subject; empty for a single chain.
        settled_at_open: Contracts of the day that settled at the session's open.
        missing: Optional inputs that were not found.
        losses: What is unknown of the imported contracts, by fact.
        at_close: The quotes of the close in words; empty for a file without.
        trades: The imported trades in words; empty for a format without trades.
        others: The summaries of the file's other underlyings.
    """

    file: Path
    symbol: str
    at: int
    session: TradingSession
    rows: int
    contracts: int
    expiries: int
    quotes: int
    open_interest: int
    open_interest_date: date
    volumes: int
    same_day_contracts: int
    same_day_open_interest: int
    same_day_volume: int
    has_underlying: bool
    skipped: Counter[str]
    bars: Mapping[str, int] = field(default_factory=dict)
    settled_at_open: int = 0
    missing: tuple[str, ...] = ()
    losses: Mapping[str, ImportLoss] = field(default_factory=dict)
    at_close: str = ""
    trades: str = ""
    others: tuple["ImportSummary", ...] = ()

    def with_others(self, others: Iterable["ImportSummary"]) -> "ImportSummary":
        """The same summary, with those of other underlyings of the file."""
        return replace(self, others=(*self.others, *others))

    def __str__(self) -> str:
        """A few lines for a terminal, for each underlying."""
        table = {
            "session": f"{self.session.date}",
            "same day": self._same_day(),
            "read": f"{self.rows:,} rows: {self.contracts:,} contracts, {self.expiries:,} expiries",
            "quotes": f"{self.quotes:,}; {self.contracts - self.quotes:,} contracts have none",
            "open interest": self._dated(self.open_interest, self.open_interest_date),
            "volume": self._dated(self.volumes, self._day()),
            "underlying": "its price" if self.has_underlying else "no usable price",
            "skipped": self._skipped(),
        }
        if self.at_close:
            table["at the close"] = self.at_close
        if self.trades:
            table["trades"] = self.trades
        if self.losses:
            table["unknown"] = "; ".join(
                f"{loss.unknown:,} of {loss.seen:,} {fact}, such as {loss.example}"
                for fact, loss in self.losses.items()
            )
        if self.bars:
            table["minute bars"] = ", ".join(f"{n:,} {subject}" for subject, n in self.bars.items())
        if self.missing:
            table["missing"] = "; ".join(self.missing)
        title = f"{self.symbol}, {new_york_clock(self.at):%Y-%m-%d %H:%M:%S} New York"
        lines = [f"  {name:<14}{text}" for name, text in table.items()]
        return "\n".join([f"{title}, from {self.file.name}", *lines, *map(str, self.others)])

    def _day(self) -> date:
        return new_york_clock(self.at).date()

    def _same_day(self) -> str:
        settled = f"; {self.settled_at_open:,} more settled at the open" * bool(
            self.settled_at_open
        )
        if not self.same_day_contracts:
            return f"no contract expires at the close{settled}"
        parts = [f"{self.same_day_contracts:,} contracts"]
        if self.open_interest and self.open_interest_date == self.session.date:
            parts.append(f"open interest {self.same_day_open_interest:,}")
        if self.volumes and self._day() == self.session.date:
            parts.append(f"volume {self.same_day_volume:,}")
        return ", ".join(parts) + settled

    def _dated(self, contracts: int, day: date) -> str:
        if not contracts:
            return "none"
        text = f"{contracts:,} contracts, of {day}"
        return text if day == self.session.date else f"{text}, not of the session: not counted"

    def _skipped(self) -> str:
        counts = self.skipped.most_common()
        return ", ".join(f"{count:,} {reason}" for reason, count in counts) or "nothing"
