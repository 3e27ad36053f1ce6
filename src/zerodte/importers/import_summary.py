"""What an import read and what it left out, and how that reads in a terminal."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from zerodte.market.calendar import TradingSession, new_york_clock


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """The account of one import: of a file with a snapshot, or of a folder with a day's bars.

    Attributes:
        file: What was read.
        symbol: The underlying.
        at: The instant that the quotes are of, UTC nanoseconds; of bars, the newest quote's.
        session: The session that this instant, and so the tape, belongs to.
        rows: Lines below the header, blank ones aside.
        contracts: Contracts taken.
        expiries: How many expiries they have.
        quotes: Contracts with a bid or an ask; the others were taken as having no quote.
        open_interest: Contracts with settled open interest.
        open_interest_date: The day whose morning that is of.
        volumes: Contracts with the day's volume so far; 0 where the file's is of another time.
        same_day_contracts: How many contracts expire at the session's close.
        same_day_open_interest: Their open interest, in contracts.
        same_day_volume: Their volume in the file, in contracts.
        has_underlying: Whether the file gave a usable price of the underlying.
        skipped: What was left out: what and why, and how many of them.
        bars: Bars taken, by what they are of; empty for a snapshot.
        missing: What was looked for, is not there, and could be done without.
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
    missing: tuple[str, ...] = ()

    def __str__(self) -> str:
        """A few lines for a reader at a terminal."""
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
        if self.bars:
            table["minute bars"] = ", ".join(f"{n:,} {what}" for what, n in self.bars.items())
        if self.missing:
            table["missing"] = "; ".join(self.missing)
        title = f"{self.symbol}, {new_york_clock(self.at):%Y-%m-%d %H:%M:%S} New York"
        lines = [f"  {name:<14}{text}" for name, text in table.items()]
        return "\n".join([f"{title}, from {self.file.name}", *lines])

    def _day(self) -> date:
        return new_york_clock(self.at).date()

    def _same_day(self) -> str:
        if not self.same_day_contracts:
            return "no contract expires at its close"
        parts = [f"{self.same_day_contracts:,} contracts"]
        if self.open_interest_date == self.session.date:
            parts.append(f"open interest {self.same_day_open_interest:,}")
        if self.volumes and self._day() == self.session.date:
            parts.append(f"volume {self.same_day_volume:,}")
        return ", ".join(parts)

    def _dated(self, contracts: int, day: date) -> str:
        if not contracts:
            return "none"
        what = f"{contracts:,} contracts, of {day}"
        return what if day == self.session.date else f"{what}, not of the session: not counted"

    def _skipped(self) -> str:
        return ", ".join(f"{n:,} {what}" for what, n in self.skipped.most_common()) or "nothing"
