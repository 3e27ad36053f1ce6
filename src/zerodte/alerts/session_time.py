"""A time of a session: New York's clock, or minutes after the open or before the close."""

import re
from dataclasses import dataclass
from datetime import time
from typing import Final, Literal, TypeAlias

from zerodte.alerts.error import AlertError
from zerodte.clock import new_york
from zerodte.constants import MINUTE
from zerodte.market.calendar import TradingSession

_Anchor: TypeAlias = Literal["open", "close", "midnight"]
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_AFTER_OPEN: Final = re.compile(r"open(?:\+(\d{1,3}))?", re.ASCII)
_BEFORE_CLOSE: Final = re.compile(r"close(?:-(\d{1,3}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class SessionTime:
    """A time that each session has.

    Attributes:
        anchor: What it is counted from.
        minutes: Minutes from there.
    """

    anchor: _Anchor
    minutes: int

    def instant(self, hours: TradingSession) -> int:
        """That time of a session, UTC ns."""
        if self.anchor == "midnight":
            return new_york(hours.date, time(*divmod(self.minutes, 60)))
        start = hours.open if self.anchor == "open" else hours.close
        return start + self.minutes * MINUTE

    def __str__(self) -> str:
        """As a file says it."""
        if self.anchor == "midnight":
            return f"{self.minutes // 60:02}:{self.minutes % 60:02}"
        return f"{self.anchor}{self.minutes:+}" if self.minutes else self.anchor


OPEN: Final = SessionTime("open", 0)
CLOSE: Final = SessionTime("close", 0)


def session_time(text: str) -> SessionTime:
    """Parse `10:15`, `open`, `open+15`, `close` or `close-30`.

    Raises:
        AlertError: It has another form.
    """
    if found := _CLOCK.fullmatch(text):
        return SessionTime("midnight", 60 * int(found[1]) + int(found[2]))
    if found := _AFTER_OPEN.fullmatch(text):
        return SessionTime("open", int(found[1] or 0))
    if found := _BEFORE_CLOSE.fullmatch(text):
        return SessionTime("close", -int(found[1] or 0))
    raise AlertError(
        f"{text!r} is no time of a session; write one such as 10:15, open+15 or close-30"
    )
