"""Polls Cboe's delayed quotes politely, in a thread of its own.

The newest body of each symbol is kept until it is taken, and a newer one replaces it: so the memory
is bounded, whatever happens to the reader.
"""

import logging
import random
import threading
import time
from collections.abc import Sequence
from typing import Final

from zerodte.clock import new_york_clock
from zerodte.constants import MINUTE, SECOND
from zerodte.feeds.cboe.chains import check_symbol
from zerodte.feeds.cboe.http import CboeAnswer, CboeClient, CboeRefusalError
from zerodte.importers.cboe_delayed import CBOE_CADENCE_S, CBOE_DELAY, DelayedChain, decode_delayed
from zerodte.market.calendar import calendar
from zerodte.market.osi import MarketError
from zerodte.tape.error import TapeError

#: Seconds between two polls of a symbol, and the longest wait after refusals.
POLL_SECONDS: Final = float(CBOE_CADENCE_S)
LONGEST_POLL_WAIT: Final = 600.0
#: A body this much ahead of the host's clock has a time of another zone, ns.
_AHEAD: Final = 5 * MINUTE
#: More than a slow answer explains, ns of the wall clock.
_JUMP: Final = 5 * SECOND
_LOG = logging.getLogger(__name__)


class CboePoller:
    """Keeps the newest chain of each symbol.

    Args:
        client: Asks the host.
        symbols: Underlyings.

    Attributes:
        problems: What is wrong with a symbol's last poll, in words, by symbol.
        jump_count: How often the clock has jumped ahead.
        speed: Seconds of the host's clock per second of the wall clock.
    """

    def __init__(self, client: CboeClient, symbols: Sequence[str]) -> None:
        self.problems: dict[str, str] = {}
        self.jump_count = 0
        self._client = client
        self._symbols = tuple(symbols)
        self._etags = dict.fromkeys(symbols, "")
        self._published = dict.fromkeys(symbols, 0)
        self._chains: dict[str, DelayedChain] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._chance = random.Random()  # noqa: S311
        self._has_polled = threading.Event()
        self._defect = ""
        self._clock: tuple[int, int] | None = None
        self._wait = POLL_SECONDS
        self.speed = 1.0
        self._thread: threading.Thread | None = None

    def start(self, timeout: float | None = None) -> bool:
        """Poll in a thread, unless it does; whether every symbol has been asked for once by now.

        If a defect has ended the thread, `problem` says so.

        Args:
            timeout: Seconds to wait for that the first time; None until it is so.
        """
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="cboe", daemon=True)
            self._thread.start()
            self._has_polled.wait(timeout)
        return self._has_polled.is_set()

    def stop(self) -> None:
        """End the thread; a request under way is not waited for."""
        self._stopped.set()

    def now(self) -> int:
        """The clock of the quotes, UTC ns: that of the host, 15 minutes ago."""
        with self._lock:
            if self._clock is None:
                return time.time_ns() - CBOE_DELAY
            host, at = self._clock
            return host + round((time.monotonic_ns() - at) * self.speed) - CBOE_DELAY

    def take(self) -> list[DelayedChain]:
        """The chains that are new since the last call."""
        with self._lock:
            chains, self._chains = list(self._chains.values()), {}
            return chains

    def waiting(self) -> list[DelayedChain]:
        """The chains that `take` would return."""
        with self._lock:
            return list(self._chains.values())

    @property
    def has_chains(self) -> bool:
        """Whether there is anything to take."""
        with self._lock:
            return bool(self._chains)

    @property
    def problem(self) -> str:
        """What is wrong with all symbols; empty while one is well."""
        if self._defect:
            return self._defect
        problems = dict(self.problems)
        return "; ".join(problems.values()) if len(problems) == len(self._symbols) else ""

    def _ask_for_all(self) -> None:
        refusals = []
        for symbol in self._symbols:
            if self._stopped.is_set():
                return
            try:
                self._take(symbol, self._client.get(symbol, self._etags[symbol]))
            except CboeRefusalError as error:
                refusals.append(error.wait)
                self.problems[symbol] = str(error)
                break  # the host turns us away; the other symbols can wait
            except (OSError, ValueError, RecursionError) as error:
                # Whatever a host sends, the polls go on.
                text = str(error)
                self.problems[symbol] = text if text.startswith(symbol) else f"{symbol}: {text}"
        if not refusals:
            self._wait = POLL_SECONDS
            return
        self._wait = min(max(2.0 * self._wait, *refusals), LONGEST_POLL_WAIT)
        for symbol in self._symbols:
            text = self.problems.get(symbol, f"{symbol}: not asked for")
            self.problems[symbol] = f"{text}; asked again after {self._wait:,.0f} seconds"

    def _run(self) -> None:
        try:
            self._poll()
        except Exception as error:  # An uncaught one would end the thread unnoticed.
            _LOG.exception("a defect ended the polls")
            self._defect = f"a defect ended the polls: {type(error).__name__}: {error}"
        finally:
            self._has_polled.set()

    def _poll(self) -> None:
        while True:
            self._ask_for_all()
            self._has_polled.set()
            # Clients that began together should not stay together.
            wait = self._wait * self._chance.uniform(1.0, 1.05)
            if self._stopped.wait(wait / self.speed):
                return

    def _take(self, symbol: str, answer: CboeAnswer) -> None:
        self.speed = answer.speed
        before = self.now() + CBOE_DELAY
        with self._lock:
            host = answer.now or time.time_ns()
            # A machine that slept has a monotonic clock that stood still meanwhile.
            if self._clock is not None and host - before > _JUMP * self.speed:
                self.jump_count += 1
            self._clock = host, time.monotonic_ns()
        if answer.body is None:
            self.problems.pop(symbol, None)
            return
        chain = decode_delayed(answer.body)
        check_symbol(chain, symbol)
        now = answer.now or time.time_ns()
        if chain.published > now + _AHEAD:
            ahead = (chain.published - now) / MINUTE
            raise TapeError(
                f"its timestamp is {ahead:,.0f} minutes ahead of the host's clock; expected: UTC"
            )
        self._check_session(chain, now)
        self._etags[symbol] = answer.etag
        self.problems.pop(symbol, None)
        with self._lock:
            if chain.published > self._published[symbol]:
                self._published[symbol] = chain.published
                self._chains[symbol] = chain

    def _check_session(self, chain: DelayedChain, now: int) -> None:
        try:
            session = calendar().session_of(now - CBOE_DELAY)
        except MarketError as error:
            raise TapeError(f"the host's clock: {error}") from error
        if chain.at < calendar().span(session)[0]:
            at = new_york_clock(chain.at)
            raise TapeError(
                f"its quotes are of {at:%Y-%m-%d %H:%M} New York, before the session of "
                f"{session.date}; waiting for newer ones"
            )
