"""One stream of Tradier's: the client's side of a websocket.

A market session is asked for over REST, and used with the first subscription. Each message of ours
tells all symbols that are wanted from then on; the vendor answers with data, or with an error.
"""

import re
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from zerodte.constants import MINUTE
from zerodte.feeds.data_watch import DataWatch
from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.feed_clock import FeedClock, greeted_clock
from zerodte.feeds.patience import VendorBusyError
from zerodte.feeds.tradier.account import ONE_SESSION, TradierAccount
from zerodte.feeds.tradier.protocol import (
    LARGEST_MESSAGE,
    QUOTE_EVENT,
    TIMESALE_EVENT,
    TRADE_EVENT,
    TradierEvent,
    decode_events,
    encode_subscription,
)
from zerodte.feeds.tradier.records import TradierBlock
from zerodte.feeds.websocket_reader import WebsocketReader
from zerodte.market.calendar import calendar

#: Seconds until a subscription counts as in effect, if no event says so before.
_SETTLING_S: Final = 5.0
_STEP_S: Final = 0.25
#: Seconds between two pings.
_PAUSE: Final = 5.0
#: Seconds without data within a session, or without a pong outside, until it counts as dead.
_WATCH: Final = 60.0
_LEAST_WATCH: Final = 4.0
#: A stream that was begun earlier is begun anew so long before the open, ns.
_RENEWED_BEFORE: Final = 15 * MINUTE
#: Symbols that the vendor may refuse before it is not believed.
_MOST_REFUSED: Final = 100
_MOST_TEXT: Final = 200  # characters of the vendor's words
_SESSIONS_END: Final = (
    "a session ends if it is not used within five minutes, and there is one at a time: close other "
    "programs that stream with this account"
)
_INVALID: Final = re.compile(r"(\S+) is not a valid symbol")
_TOO_MANY: Final = re.compile(r"too many|already in use", re.IGNORECASE)


class TradierSessionError(FeedError):
    """A market session that the stream does not know, or no more."""


class TradierSession:
    """A stream.

    Within the market's session only data moves the clock, so a stream that is mute holds it up.
    Outside, pongs do too.

    Args:
        account: Whose it is.
        capture: Folder that gets a copy of what is sent to us; None for none.
        refused: Symbols that the vendor is known not to know; None for none yet.

    Attributes:
        clock: The feed's clock.
        newest: When the last message that was taken came, UTC ns of that clock.
        refused: As above, with those that it has called so since.

    Raises:
        FeedRefusalError: If the token is not accepted.
        VendorBusyError: If there are too many sessions.
        FeedError: If the websocket cannot be reached, or does not speak the protocol.
    """

    def __init__(
        self,
        account: TradierAccount,
        capture: Path | None = None,
        refused: list[str] | None = None,
    ) -> None:
        self._account = account
        self._ticket = account.ticket()
        self.clock = FeedClock(time.time_ns(), 1.0)
        if account.is_loopback:
            self.clock = greeted_clock(self._ticket.clock) or self.clock
        self.newest = self.clock.now()
        self.refused = [] if refused is None else refused
        self._symbols: list[str] = []
        self._is_replaced = False
        self._waiting: list[tuple[int, TradierEvent]] = []
        self._watch = DataWatch(max(_WATCH / self.clock.speed, _LEAST_WATCH))
        self._reader = WebsocketReader(
            self._ticket.url,
            largest=LARGEST_MESSAGE,
            keepalive="",
            pause=_PAUSE,
            copy=capture,
            copy_name=("tradier", "jsonl"),
        )
        self._reader.watch = max(self._watch.seconds, 2.0 * _PAUSE)
        self._watch.begin(self.newest)
        # What was open over night is known to go silent.
        renewed = calendar().session_of(self.newest).open - _RENEWED_BEFORE
        self._renewed = renewed if self.newest < renewed else None

    @property
    def oldest(self) -> int:
        """When the first event that waits came, UTC ns; else when the newest did."""
        return self._waiting[0][0] if self._waiting else self.newest

    def subscribe(self, symbols: Sequence[str], new: Collection[str]) -> None:
        """Ask for all events of some symbols, of no others any more, and wait for that.

        No answer tells when it is in effect, but the first event of a new symbol. A market session
        that has ended is replaced once. A symbol that is refused is left out.

        Args:
            symbols: They.
            new: Those that were not asked for before.

        Raises:
            VendorBusyError: If the vendor has enough.
            FeedError: If the connection is lost.
        """
        self._symbols = [one for one in symbols if one not in self.refused]
        self._is_replaced = False
        self._send()
        # It is waited for anew.
        self._watch.hear()
        # Shorter than the watch: a stream that is quiet may be begun.
        deadline = time.monotonic() + min(_SETTLING_S, self._watch.seconds / 2.0)
        first = len(self._waiting)
        while time.monotonic() < deadline and not any(
            event.symbol in new for _, event in self._waiting[first:]
        ):
            first = len(self._waiting)
            self._read(_STEP_S)

    def take(self, timeout: float) -> list[TradierBlock]:
        """The data that has come, waiting up to `timeout` seconds; a block of each kind.

        Raises:
            FeedError: If the connection is lost or mute, or sends garbage.
        """
        if not self._waiting:
            self._read(timeout)
        found = []
        for kind in (QUOTE_EVENT, TRADE_EVENT, TIMESALE_EVENT):
            mine = [(at, event) for at, event in self._waiting if event.kind == kind]
            if mine:
                times = np.array([at for at, _ in mine], np.int64)
                found.append(TradierBlock(kind, times, [event for _, event in mine]))
        self._waiting.clear()
        return found

    def close(self) -> None:
        """End it."""
        self._reader.close()

    def _send(self) -> None:
        self._reader.send(encode_subscription(self._symbols, self._ticket.session.reveal()))

    def _read(self, timeout: float) -> None:
        for received, content in self._reader.take(timeout):
            at = self.clock.at(received)
            if not content:
                if not self._watch.is_open(at):
                    self.newest = at
                    self._watch.hear()
                continue
            self._watch.hear()
            for event in decode_events(content):
                self._obey(event, at)
        now = self.clock.now()
        self._watch.check(now)
        if self._renewed is not None and now >= self._renewed:
            raise FeedError("a stream that was open over night goes silent; a new one is begun")

    def _obey(self, event: TradierEvent, at: int) -> None:
        if event.error:
            self._fail(event.error)
            return
        self.newest = at
        if event.kind in (QUOTE_EVENT, TRADE_EVENT, TIMESALE_EVENT):
            self._waiting.append((at, event))

    def _fail(self, words: str) -> None:
        text = words.replace(self._ticket.session.reveal(), "...")[:_MOST_TEXT]
        said = f"it says: {text}"
        invalid = _INVALID.search(words)
        if invalid and invalid[1] in self.refused:
            # It was asked for before we heard that.
            return
        if invalid and invalid[1] in self._symbols and len(self.refused) < _MOST_REFUSED:
            self.refused.append(invalid[1])
            self._symbols.remove(invalid[1])
            self._send()
        elif _TOO_MANY.search(words):
            raise VendorBusyError(f"{said}; {ONE_SESSION}")
        elif "session" not in words.lower():
            raise FeedError(said)
        elif self._is_replaced:
            raise TradierSessionError(f"{said}; {_SESSIONS_END}")
        else:
            self._is_replaced = True
            try:
                self._ticket = self._account.ticket()
                self._send()
            except (FeedRefusalError, VendorBusyError):
                raise
            except FeedError:
                # It hung up over the session.
                raise TradierSessionError(f"{said}; {_SESSIONS_END}") from None
