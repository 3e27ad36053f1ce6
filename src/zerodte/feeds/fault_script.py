"""Faults of a feed on demand, at times of its clock: for tests of whoever receives it."""

import datetime
import random
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from zerodte.clock import new_york
from zerodte.constants import SECOND
from zerodte.feeds.feed import FeedError
from zerodte.market.calendar import TradingSession

AnyFault = TypeVar("AnyFault")
FaultKind = Literal[
    "cut",
    "mute",
    "overlap",
    "reorder",
    "garbage",
    "slow",
    "skip",
    "key",
    "token",
    "busy",
    "close",
    "lost",
    "nonsense",
]
#: Those of Databento's protocol, of tastytrade's, which has no words for records left out, of
#: Alpaca's, of Tradier's, which has none either, and of the events of ThetaData's terminal.
DATABENTO_FAULTS: Final[tuple[FaultKind, ...]] = (
    *("cut", "mute", "overlap", "reorder", "garbage", "slow", "skip", "key"),
)
TASTYTRADE_FAULTS: Final[tuple[FaultKind, ...]] = (
    *("cut", "mute", "overlap", "reorder", "garbage", "slow", "token", "key"),
)
ALPACA_FAULTS: Final[tuple[FaultKind, ...]] = (
    *("cut", "mute", "overlap", "reorder", "garbage", "slow", "skip", "busy", "key"),
)
#: Those of Massive's, which hangs up on slow readers, and now and then without a word.
MASSIVE_FAULTS: Final[tuple[FaultKind, ...]] = (
    *("cut", "mute", "overlap", "reorder", "garbage", "slow", "skip", "busy", "close", "key"),
)
TRADIER_FAULTS: Final[tuple[FaultKind, ...]] = (
    *("cut", "mute", "overlap", "reorder", "garbage", "slow", "token", "busy", "key"),
)
THETA_FAULTS: Final[tuple[FaultKind, ...]] = (
    *("cut", "mute", "overlap", "reorder", "garbage", "nonsense", "slow", "lost", "busy", "key"),
)
#: Those of Cboe's website.
CBOE_FAULTS: Final[tuple[FaultKind, ...]] = ("cut", "garbage", "busy")
#: The share of faulty requests for history.
_SHARE: Final = 0.3
#: A fault each two minutes of the feed's clock, on average.
_EVERY: Final = 120 * SECOND
_ENTRY: Final = re.compile(r"([a-z]+)@([0-9]{2}):([0-9]{2}):([0-9]{2})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """A fault.

    Attributes:
        at: UTC ns of the feed's clock.
        kind: cut hangs up within a record; mute sends nothing more; overlap hangs up and later
            replays more than asked; close hangs up in order, without a word; reorder shuffles a
            second; garbage sends bytes that are no records; slow sends in small parts; skip leaves
            a second out and says so; key refuses every key from then on; token ends every token, or
            every market session; busy hangs up and lets nobody in for a while; lost loses the
            vendor behind a terminal; nonsense sends prices that cannot be.
    """

    at: int
    kind: FaultKind


class FaultScript:
    """Faults, each of which happens once, to whichever client comes by first.

    Args:
        faults: In any order.
        seed: Of what the faults draw.
    """

    def __init__(self, faults: Sequence[Fault] = (), seed: int = 0) -> None:
        self._faults = sorted(faults)
        self._lock = threading.Lock()
        self.random = random.Random(seed)  # noqa: S311

    def due(self, at: int) -> list[Fault]:
        """The faults whose time has come at `at` (UTC ns); they are gone afterwards."""
        with self._lock:
            found = [fault for fault in self._faults if fault.at <= at]
            del self._faults[: len(found)]
            return found


def fault_script(
    text: str,
    session: TradingSession,
    minutes: float = 390.0,
    kinds: Sequence[FaultKind] = DATABENTO_FAULTS,
) -> FaultScript:
    """The script that a user asks for.

    Args:
        text: A seed, which draws faults over the session, or `KIND@HH:MM:SS` (New York) and more,
            separated by commas.
        session: The feed's.
        minutes: Of the session's beginning over which a seed draws.
        kinds: Those of the protocol.

    Raises:
        FeedError: If it is neither.
    """
    if text.isdecimal() and len(text) < 10:
        return _drawn(int(text), session, round(minutes * 60 * SECOND), kinds)
    faults = []
    for entry in text.split(","):
        found = _ENTRY.fullmatch(entry.strip())
        kind = next((kind for kind in kinds if found and kind == found[1]), None)
        try:
            time = datetime.time.fromisoformat(entry.strip()[-8:]) if found else None
        except ValueError:
            time = None
        if kind is None or time is None:
            raise FeedError(
                f"faults {entry[:40]!r}; expected: a seed such as 7, or KIND@HH:MM:SS with one of "
                f"{', '.join(kinds)}"
            )
        faults.append(Fault(new_york(session.date, time), kind))
    return FaultScript(faults)


def drawn_requests(
    seed: int, count: int, frequent: Sequence[AnyFault], once: AnyFault | None = None
) -> list[AnyFault | None]:
    """What goes wrong with the first requests for history, that a patient client survives.

    Args:
        seed: Of what is drawn.
        count: Requests.
        frequent: Faults of three requests of ten.
        once: A fault of one request; None for none.
    """
    draw = random.Random(seed)  # noqa: S311
    faults = [draw.choice(frequent) if draw.random() < _SHARE else None for _ in range(count)]
    if once is not None:
        faults[draw.randrange(count)] = once
    return faults


def _drawn(
    seed: int, session: TradingSession, length: int, kinds: Sequence[FaultKind]
) -> FaultScript:
    draw = random.Random(seed)  # noqa: S311
    # A refused key ends a client for good.
    drawn = [kind for kind in kinds if kind != "key"]
    count = max(1, round(length / _EVERY))
    faults = [
        Fault(session.open + draw.randrange(length), draw.choice(drawn)) for _ in range(count)
    ]
    return FaultScript(faults, seed)
