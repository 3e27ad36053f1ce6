"""A worker: it claims symbols, plays them from the stream, and answers for them."""

import datetime
import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from zerodte.cluster.answering import Answering
from zerodte.cluster.leases import RENEWAL_S, Lease, LeaseBucket
from zerodte.cluster.messages import ask_subject
from zerodte.cluster.pulse_sender import STEP_S, PulseSender
from zerodte.cluster.repetition import Repetition
from zerodte.cluster.symbol_group import SymbolGroup
from zerodte.errors import ZerodteError
from zerodte.feeds.feed import FeedError
from zerodte.feeds.nats.link import NatsLink, shown_url
from zerodte.feeds.nats.published import newest_session, newest_tick, published_symbols
from zerodte.feeds.nats.session_messages import decode_tick
from zerodte.logs import log
from zerodte.service.stage import Stage

#: Seconds between looks at who holds what.
_LOOK_S: Final = 1.0
#: Seconds between looks whether a tick has come.
_STEP_S: Final = 0.01
#: Seconds that a symbol is free before a worker that is at work already claims it: a standby, which
#: need not replay, comes first.
_PATIENCE_S: Final = 3.0
#: Seconds before a broker that went away is asked again.
_RETRY_S: Final = 1.0
#: Seconds before symbols are tried again after a group could not be played.
_BACK_OFF_S: Final = 10.0


@dataclass(frozen=True)
class WorkerPlan:
    """What a worker is for.

    Attributes:
        symbols: Those that it may own; all without any.
        most: How many it owns at most; None without a limit.
        is_standby: Whether it follows all of them, and owns what nobody else does.
    """

    symbols: tuple[str, ...] = ()
    most: int | None = None
    is_standby: bool = False


class Worker:
    """Owns symbols of the newest session that is published.

    Args:
        url: The broker.
        plan: What it is for.
        stage: Makes what answers of a group come from.
        folder: Where records are kept while they are played; new.

    Attributes:
        name: Unique to this worker.
        problem: Why it cannot work now; None while it can.
    """

    def __init__(
        self,
        url: str,
        plan: WorkerPlan,
        stage: Callable[[], Stage],
        folder: Path,
    ) -> None:
        self.name = uuid4().hex[:12]
        self.problem: str | None = None
        self._url, self._plan = url, plan
        self._stage, self._folder = stage, folder
        self._groups: list[SymbolGroup] = []
        self._group_count = 0
        #: Of symbols that are about to be played.
        self._claimed: list[Lease] = []
        self._lock = threading.Lock()
        self._session: datetime.date | None = None
        self._symbols: list[str] = []
        self._free_since: dict[str, float] = {}
        #: The tick that groups have to reach before they own anything more, UTC ns.
        self._goals: dict[SymbolGroup, int] = {}
        self._begun = False
        self._not_before = float("-inf")
        self._session_problem = ""
        self._answering = Answering(lambda: tuple(self._groups))
        self._stopped = threading.Event()

    @property
    def owned(self) -> list[str]:
        """The symbols that it owns, sorted."""
        return sorted(symbol for group in self._groups for symbol in group.leases)

    def run(self) -> None:
        """Work until stopped; a broker that goes away is connected to again."""
        try:
            while not self._stopped.is_set():
                try:
                    self._work()
                except FeedError as error:
                    self._report(str(error))
                    self._stopped.wait(_RETRY_S)
        finally:
            self._end_groups()
            self._answering.close()

    def stop(self) -> None:
        """Make `run` return; callable from any thread."""
        self._stopped.set()

    def _work(self) -> None:
        """Work while the broker stands; FeedError once it does not."""
        link = NatsLink(self._url)
        with ExitStack() as stack:
            stack.callback(link.close)
            bucket = LeaseBucket(link, self.name)
            pulses = PulseSender(link, self.name)
            link.listen(ask_subject(self.name), self._answering.take)
            self._goals = {}
            self._report(None)
            # Neither may wait while a group starts or stops.
            renewing = Repetition("renew", RENEWAL_S, lambda: self._renew(bucket))
            pulsing = Repetition("pulse", STEP_S, lambda: pulses.send(self._groups))
            for repetition in (renewing, pulsing):
                stack.callback(repetition.stop)
                repetition.start()
            while not self._stopped.wait(_LOOK_S):
                self._look(link, bucket)
                for repetition in (renewing, pulsing):
                    repetition.check()
            renewing.stop()
            pulsing.stop()
            bucket.release(self._leases)
            pulses.leave()

    @property
    def _leases(self) -> list[Lease]:
        owned = [lease for group in self._groups for lease in group.leases.values()]
        return [*self._claimed, *owned]

    def _renew(self, bucket: LeaseBucket) -> None:
        lost = bucket.renew(self._leases)
        with self._lock:
            self._claimed = [lease for lease in self._claimed if lease not in lost]
            for group in self._groups:
                group.disown(lost)
        if lost:
            log("lost", logging.WARNING, symbols=", ".join(lease.symbol for lease in lost))

    def _look(self, link: NatsLink, bucket: LeaseBucket) -> None:
        """Claim what is free, and let go of what others own."""
        self._follow_session(link, bucket)
        self._drop_failed(bucket)
        taken = bucket.taken(self._symbols)
        self._retake(link, bucket, taken)
        self._let_go(taken)
        if time.monotonic() < self._not_before:
            return
        try:
            self._begin(bucket, taken)
        except (ZerodteError, OSError) as error:
            link.check()
            log("unplayed", logging.ERROR, problem=str(error))
            self._not_before = time.monotonic() + _BACK_OFF_S
        self._begun = True

    def _begin(self, bucket: LeaseBucket, taken: set[str]) -> None:
        """Play what is free, or as a standby everything."""
        if self._plan.is_standby:
            if not self._groups:
                self._play(tuple(self._symbols))
        elif free := self._claimable(taken):
            self._claimed = bucket.claim(free)
            try:
                self._play(tuple(sorted(lease.symbol for lease in self._claimed)))
            finally:
                with self._lock:
                    left, self._claimed = self._claimed, []
                bucket.release(left)

    def _follow_session(self, link: NatsLink, bucket: LeaseBucket) -> None:
        """Turn to a newer session once there is one."""
        try:
            found = newest_session(link, self._session)
        except FeedError as error:
            link.check()
            self._report_session(str(error))
            return
        if found is None:
            return
        date, description = found
        known = published_symbols(description.manifest)
        if absent := [symbol for symbol in self._plan.symbols if symbol not in known]:
            log("absent", logging.WARNING, symbols=", ".join(absent), date=date)
        bucket.release(self._leases)
        self._end_groups()
        self._free_since, self._begun = {}, False
        self._session = date
        self._symbols = [
            symbol for symbol in known if not self._plan.symbols or symbol in self._plan.symbols
        ]

    def _retake(self, link: NatsLink, bucket: LeaseBucket, taken: set[str]) -> None:
        """Claim symbols that are played already and that nobody owns."""
        for group in self._groups:
            free = [symbol for symbol in group.symbols if symbol not in taken][: self._room]
            if not free:
                self._goals.pop(group, None)
            # Whoever was cut off, or stood still, may be far behind what others have answered.
            elif group.is_ready and self._has_all(link, group):
                self._own(group, bucket.claim(free))

    def _has_all(self, link: NatsLink, group: SymbolGroup) -> bool:
        """Whether a group has all that was published when its symbols were found to be free."""
        if group not in self._goals:
            newest = newest_tick(link, group.session)
            self._goals[group] = decode_tick(newest.data or b"").end if newest else 0
        due = time.monotonic() + _LOOK_S
        while not (has_all := group.has_reached(self._goals[group])) and time.monotonic() < due:
            self._stopped.wait(_STEP_S)  # Mostly it is a tick that is on its way.
        return has_all

    def _drop_failed(self, bucket: LeaseBucket) -> None:
        """Leave symbols whose session broke off to others, or to another try."""
        for group in [*self._groups]:
            if group.failure is not None:
                bucket.release(group.leases.values())
                self._remove(group)
                self._not_before = time.monotonic() + _BACK_OFF_S

    def _end_groups(self) -> None:
        """Stop playing everything, at once."""
        groups, self._groups, self._goals = self._groups, [], {}
        for group in groups:
            group.interrupt()
        for group in groups:
            group.stop()

    def _remove(self, group: SymbolGroup) -> None:
        self._groups = [each for each in self._groups if each is not group]
        self._goals.pop(group, None)
        group.stop()

    def _let_go(self, taken: set[str]) -> None:
        """Stop playing symbols that others own, unless that is what this worker is for."""
        if self._plan.is_standby:
            return
        for group in [*self._groups]:
            if not group.leases and taken.issuperset(group.symbols):
                self._remove(group)

    def _claimable(self, taken: set[str]) -> list[str]:
        """Symbols to claim: free ones, for long enough that no standby takes them."""
        now = time.monotonic()
        played = {symbol for group in self._groups for symbol in group.symbols}
        free = [symbol for symbol in self._symbols if symbol not in taken | played]
        self._free_since = {symbol: self._free_since.get(symbol, now) for symbol in free}
        patience = _PATIENCE_S if self._begun else 0.0
        return [each for each in free if now >= self._free_since[each] + patience][: self._room]

    @property
    def _room(self) -> int | None:
        """How many more symbols it may own; None without a limit."""
        most = self._plan.most
        return None if most is None else max(most - len(self._leases), 0)

    def _play(self, symbols: tuple[str, ...]) -> None:
        """Play symbols, and own those that are claimed."""
        if not symbols:
            return
        self._group_count += 1
        folder = self._folder / f"{self._group_count}"
        group = SymbolGroup(self._url, symbols, self._stage(), folder)
        with self._lock:
            self._groups = [*self._groups, group]
            self._own(group, self._claimed)
            self._claimed = []

    def _own(self, group: SymbolGroup, leases: Sequence[Lease]) -> None:
        group.own(leases)
        if leases:
            log("owned", symbols=", ".join(lease.symbol for lease in leases))

    def _report_session(self, problem: str) -> None:
        if problem != self._session_problem:
            log("unread", logging.WARNING, problem=problem)
        self._session_problem = problem

    def _report(self, problem: str | None) -> None:
        if problem is None:
            log("broker", url=shown_url(self._url))
        elif problem != self.problem:
            log("broker_away", logging.WARNING, problem=problem)
        self.problem = problem
