"""Who owns which symbol, by what workers say, and the versions of their answers."""

import datetime
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from zerodte.cluster.messages import GroupPulse, Pulse
from zerodte.wire.query import Changes

#: Seconds after which a worker that says nothing counts as gone. It stops answering before.
SILENCE_S: Final = 5.0
#: Seconds between looks for those.
_LOOK_S: Final = 0.5

_ALL: Final = ""
_EVERYTHING: Final[tuple[Changes, ...]] = ("tick", "sample", "never")


@dataclass(frozen=True, slots=True)
class Owner:
    """The worker that answers for a symbol.

    Attributes:
        worker: Its name.
        generation: Of its ownership.
        versions: Of its answers, by what changes them.
        heard: When it last said so, `time.monotonic`.
    """

    worker: str
    generation: int
    versions: Mapping[Changes, int]
    heard: float


class OwnerTable:
    """The owners of all symbols. Its methods are called on any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owners: dict[str, Owner] = {}
        self._pulses: dict[str, tuple[float, Pulse]] = {}
        self._versions: dict[str, Counter[Changes]] = defaultdict(Counter)
        self._looked = float("-inf")
        self.touch()

    def hear(self, pulse: Pulse) -> set[Changes]:
        """Take what a worker says; what is new of any symbol."""
        now, changed = time.monotonic(), set[Changes]()
        with self._lock:
            self._pulses[pulse.worker] = (now, pulse)
            owned = {symbol: group for group in pulse.groups for symbol in group.owned}
            for symbol, group in owned.items():
                changed |= self._hear(pulse.worker, symbol, group, now)
            gone = [
                symbol
                for symbol, owner in self._owners.items()
                if owner.worker == pulse.worker and symbol not in owned
            ]
            self._drop(gone)
            if not pulse.groups:
                del self._pulses[pulse.worker]
        return changed

    def forget(self, symbol: str, owner: Owner) -> None:
        """Forget an owner that does not answer as one."""
        with self._lock:
            current = self._owners.get(symbol)
            if current and (current.worker, current.generation) == (owner.worker, owner.generation):
                self._drop([symbol])

    def owner(self, symbol: str) -> Owner | None:
        """The owner of a symbol; None while there is none."""
        self._look()
        return self._owners.get(symbol)

    def version(self, symbol: str | None, varies_with: Changes) -> int:
        """A number that grows with each change of a symbol's answers; of all symbols for None."""
        self._look()
        # What nobody owns, an index or a stored session, may change with anything.
        return self._versions[symbol if symbol in self._owners else _ALL][varies_with]

    def touch(self) -> None:
        """Count a change of everything that is gathered."""
        with self._lock:
            for name in _EVERYTHING:
                self._versions[_ALL][name] += 1

    @property
    def symbols(self) -> set[str]:
        """The symbols that have an owner."""
        self._look()
        with self._lock:
            return set(self._owners)

    @property
    def answered(self) -> set[str]:
        """The symbols whose owner has caught up."""
        return {symbol for group in self.groups if group.is_ready for symbol in group.owned}

    @property
    def groups(self) -> list[GroupPulse]:
        """What the workers play, those that own something alone."""
        self._look()
        with self._lock:
            pulses = [pulse for _, pulse in self._pulses.values()]
        return [group for pulse in pulses for group in pulse.groups if group.owned]

    @property
    def workers(self) -> list[str]:
        """The workers that own something, by name."""
        self._look()
        with self._lock:
            return sorted({owner.worker for owner in self._owners.values()})

    @property
    def session(self) -> datetime.date | None:
        """The newest session that is played; None without any."""
        return max((group.session for group in self.groups), default=None)

    def _look(self) -> None:
        """Forget workers that have said nothing for too long.

        Whoever asks does that: nobody who has to wait for a broker would notice in time.
        """
        now = time.monotonic()
        if now <= self._looked + _LOOK_S:
            return
        late = now - SILENCE_S
        with self._lock:
            self._looked = now
            self._drop([symbol for symbol, owner in self._owners.items() if owner.heard < late])
            for worker in [name for name, (heard, _) in self._pulses.items() if heard < late]:
                del self._pulses[worker]

    def _hear(self, worker: str, symbol: str, group: GroupPulse, now: float) -> set[Changes]:
        before, generation = self._owners.get(symbol), group.owned[symbol]
        if before is not None and before.generation > generation:
            return set()  # A worker that does not know yet that it has lost the symbol.
        self._owners[symbol] = Owner(worker, generation, group.versions, now)
        is_same = before is not None and before.generation == generation
        known: Mapping[Changes, int] = before.versions if before and is_same else {}
        changed = {name for name in _EVERYTHING if known.get(name) != group.versions[name]}
        for name in changed:
            self._count(symbol, name)
        return changed

    def _drop(self, symbols: list[str]) -> None:
        for symbol in symbols:
            del self._owners[symbol]
            for name in _EVERYTHING:
                self._count(symbol, name)

    def _count(self, symbol: str, change: Changes) -> None:
        # That of all is the highest one, so none falls when a symbol gets or loses its owner.
        self._versions[_ALL][change] += 1
        self._versions[symbol][change] = self._versions[_ALL][change]
