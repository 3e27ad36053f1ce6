"""Kinds of input that fall silent while the others of their symbol go on.

A kind is compared with its own past: what it may be silent for follows from its longest silence so
far, so a quiet symbol has much patience and a busy one little. Time passes here only while a symbol
has any input: silences of everything are gaps of another detector.
"""

from typing import Final

import numpy as np

from zerodte.arrays import I64, Bool
from zerodte.clock import new_york_clock
from zerodte.compiled import kernel
from zerodte.constants import MINUTE
from zerodte.engine.book import grown
from zerodte.market.calendar import TradingSession
from zerodte.session.sample import Gap

QUOTES: Final = "quotes of options"
TRADES: Final = "trades of options"
OWN_QUOTES: Final = "quotes of the underlying"
VALUES: Final = "index values"
CALLS: Final = "quotes of calls"
PUTS: Final = "quotes of puts"
_KINDS: Final = (QUOTES, TRADES, OWN_QUOTES, VALUES, CALLS, PUTS)
#: Where all quotes of options are silent, their two sides need not be told of.
_SIDES: Final = [_KINDS.index(CALLS), _KINDS.index(PUTS)]

#: A kind is known once it spoke in so many ticks, over so long a time.
_TICKS: Final = 20
_SPAN: Final = 10 * MINUTE
#: Its patience: at least so long, and so many times its longest silence; with few ticks, the
#: longest of them says less.
_PATIENCE: Final = 2 * MINUTE
_LONGEST: Final = 8.0
_FEW_TICKS: Final = 200.0
#: A pause between two ticks with inputs of a symbol, beyond which no time passes.
_PAUSE: Final = MINUTE

_NOBODY: Final = np.empty(0, np.int64)


class InputWatch:
    """Watches each kind of input of each owner; an owner is a symbol, see `SymbolInputs`."""

    def __init__(self, hours: TradingSession) -> None:
        """Begin a session; only its own time counts."""
        self._hours = hours
        shape = (0, len(_KINDS))
        self._ticks = np.zeros(shape, np.int64)
        # Of each kind: the end of its last tick, UTC ns; the rest in time that passed, ns.
        self._heard = np.zeros(shape, np.int64)
        self._first = np.zeros(shape, np.int64)
        self._last = np.zeros(shape, np.int64)
        self._longest = np.zeros(shape, np.int64)
        self._spoke = np.zeros(shape, np.bool_)
        self._known = np.zeros(shape, np.int64)
        self._passed = np.zeros(0, np.int64)
        self._silent_count = 0
        self._silences: dict[int, list[Gap]] = {}

    def grow(self, owners: int) -> None:
        """Make room for owners below `owners`."""
        self._ticks = grown(self._ticks, owners, 0)
        self._heard = grown(self._heard, owners, 0)
        self._first = grown(self._first, owners, 0)
        self._last = grown(self._last, owners, 0)
        self._longest = grown(self._longest, owners, 0)
        self._spoke = grown(self._spoke, owners, 0)
        self._known = grown(self._known, owners, 0)
        self._passed = grown(self._passed, owners, 0)

    def note(self, kind: str, owners: Bool) -> None:
        """Note whose inputs of a kind came in the current tick, shape (owners,)."""
        self._spoke[: len(owners), _KINDS.index(kind)] |= owners

    def close(self, end: int) -> None:
        """End the tick whose second ends at `end` (UTC ns)."""
        if not self._spoke.any():
            return
        if self._hours.open < end <= self._hours.close:
            self._observe(end)
        self._spoke[:] = False

    def gaps(self, owner: int, now: int) -> tuple[Gap, ...]:
        """The silences of an owner's kinds up to `now` (UTC ns), those that last included."""
        until = min(now, self._hours.close)
        lasting = [self._gap(owner, kind, until) for kind in self._silent(owner)]
        return (*self._silences.get(owner, ()), *lasting)

    def lasting(self, owner: int) -> list[str]:
        """What an owner's kinds of input are silent about now, in words."""
        return [
            f"{_KINDS[kind]}: none since {new_york_clock(int(self._heard[owner, kind])):%H:%M:%S} "
            "New York, while other inputs go on"
            for kind in self._silent(owner)
        ]

    def silent_owners(self) -> I64:
        """The owners that have a silent kind now, ascending."""
        return np.flatnonzero(self._known.any(axis=1)) if self._silent_count else _NOBODY

    def _silent(self, owner: int) -> list[int]:
        """The kinds of an owner that are silent now."""
        silent: list[int] = np.flatnonzero(self._told(self._known[owner] > 0)).tolist()
        return silent

    @staticmethod
    def _told(silent: Bool) -> Bool:
        """Which silent kinds are told of, shape (..., kinds)."""
        told = silent.copy()
        told[..., _SIDES] &= ~silent[..., :1]
        return told

    def _observe(self, end: int) -> None:
        if self._silent_count:
            for owner, kind in np.argwhere(self._told(self._known > 0) & self._spoke).tolist():
                self._silences.setdefault(owner, []).append(self._gap(owner, kind, end))
        self._silent_count = _observe(
            self._spoke,
            end,
            self._heard,
            self._first,
            self._last,
            self._longest,
            self._ticks,
            self._known,
            self._passed,
        )

    def _gap(self, owner: int, kind: int, end: int) -> Gap:
        start, known = int(self._heard[owner, kind]), int(self._known[owner, kind])
        return Gap(start, end, f"no {_KINDS[kind]}", known=known)


@kernel
def _observe(
    spoke: Bool,
    end: int,
    heard: I64,
    first: I64,
    last: I64,
    longest: I64,
    ticks: I64,
    known: I64,
    passed: I64,
) -> int:
    """Take a tick; how many kinds are silent after it."""
    silent = 0
    for owner in range(spoke.shape[0]):
        newest, is_heard = 0, False
        for kind in range(spoke.shape[1]):
            newest = max(newest, heard[owner, kind])
            is_heard |= spoke[owner, kind]
        if is_heard and end - newest <= _PAUSE:
            passed[owner] += end - newest
        now = passed[owner]
        for kind in range(spoke.shape[1]):
            if spoke[owner, kind]:
                if ticks[owner, kind] == 0:
                    first[owner, kind] = now
                elif known[owner, kind] == 0:
                    # A silence that was one says nothing of what is usual.
                    silence = now - last[owner, kind]
                    longest[owner, kind] = max(longest[owner, kind], silence)
                last[owner, kind], heard[owner, kind], known[owner, kind] = now, end, 0
                ticks[owner, kind] += 1
            elif is_heard and known[owner, kind] == 0:
                elapsed, count = now - last[owner, kind], ticks[owner, kind]
                is_known = count >= _TICKS and last[owner, kind] - first[owner, kind] >= _SPAN
                factor = _LONGEST + _FEW_TICKS / max(count, 1)
                if is_known and elapsed > max(_PATIENCE, factor * longest[owner, kind]):
                    known[owner, kind] = end
            silent += known[owner, kind] > 0
    return silent
