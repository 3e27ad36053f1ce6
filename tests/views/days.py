"""Whole sessions, made and recorded, with what was said and traded while they ran."""

import functools
import json
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from session.day import refuse
from session.made_tape import quotes, stock, trades, write
from zerodte.constants import SAMPLE_INTERVAL, SECOND
from zerodte.runtime.replay import begin
from zerodte.session.market_state import ClassifiedTrades
from zerodte.session.sample import SampleDay
from zerodte.session.session import Session
from zerodte.tape.folder import Tape, open_tape
from zerodte.views.frame import Frame
from zerodte.views.series import series
from zerodte.views.snapshot import snapshot
from zerodte.views.strike_bars import heatmap
from zerodte.wire.errors import ApiError
from zerodte.wire.exposure import ExposureQuery
from zerodte.wire.heatmap import HeatmapQuery
from zerodte.wire.series import SeriesQuery
from zerodte.wire.snapshot import SnapshotQuery

#: How long the made tape speaks, seconds; then it is silent up to the close.
SPOKEN: Final = 1_800

#: (symbol, right, strike) of a contract, to whole dollars or contracts.
Ledger = Counter[tuple[str, float]]


@dataclass
class Seen:
    """A session that was watched.

    Attributes:
        symbol: The one that is asked about.
        session: After its close.
        said: What snapshot, baseline, series, heatmap and the snapshot with its inventory were at
            each sample, by UTC ns.
        dollars: Signed delta dollars of the day's trades up to each sample, by right and strike.
        contracts: Contracts likewise.
    """

    symbol: str
    session: Session
    said: dict[int, list[bytes]] = field(default_factory=dict)
    dollars: dict[int, Ledger] = field(default_factory=dict)
    contracts: dict[int, Ledger] = field(default_factory=dict)
    _dollars: Ledger = field(default_factory=Counter)
    _contracts: Ledger = field(default_factory=Counter)

    @property
    def day(self) -> SampleDay:
        """Its samples."""
        day = self.session.samples(self.symbol)
        assert day is not None
        return day

    def frame(self, at: int) -> Frame:
        """The symbol at a past instant."""
        return Frame.past(self.day, "replay", self.symbol, at)

    def watch(self) -> None:
        """Write down what is said now, if a sample has just been taken."""
        now, hours = self.session.now, self.session.hours
        if hours.open < now <= hours.close and now % SAMPLE_INTERVAL == 0:
            self.said[now] = asked(lambda: Frame.live(self.session, "replay", self.symbol), self)
            self.dollars[now], self.contracts[now] = self._dollars.copy(), self._contracts.copy()

    def add(self, judged: list[ClassifiedTrades]) -> None:
        """Add up trades of the same-day chain, one by one."""
        for trades_ in judged:
            classifications = trades_.classifications
            for row, at in enumerate(trades_.positions.tolist()):
                if at < 0:
                    continue
                contract = self.session.market.contracts.contract(at)
                if contract.expiry == self.session.hours.date:
                    key = contract.right, contract.strike
                    self._dollars[key] += int(classifications.delta_dollars[row])
                    self._contracts[key] += int(trades_.batch.records["size"][row])


def asked(frame: Callable[[], Frame], seen: Seen) -> list[bytes]:
    """What is said live of the symbol now, or why it is not."""
    session = seen.session
    questions: list[Callable[[], bytes]] = [
        lambda: snapshot(session, "replay", SnapshotQuery(symbol=seen.symbol, strike_range=0.03)),
        lambda: snapshot(session, "replay", ExposureQuery(symbol=seen.symbol, strike_range=0.10)),
        lambda: series(frame(), SeriesQuery(symbol="SPX", bar="1m", minutes=30)),
        lambda: heatmap(
            frame(), HeatmapQuery(symbol="SPX", metric="dex", mode="delta", bar="5m", minutes=20)
        ),
        lambda: snapshot(session, "replay", SnapshotQuery(symbol=seen.symbol, inventory="1")),
    ]
    return [answered(ask) for ask in questions]


def answered(ask: Callable[[], bytes]) -> bytes:
    """An answer, or the error in its place."""
    try:
        return ask()
    except ApiError as error:
        return error.body()


def read(body: bytes) -> dict[str, Any]:
    """JSON as a client reads it; NaN and infinity fail."""
    answer: dict[str, Any] = json.loads(body, parse_constant=refuse)
    return answer


def watched(tape: Tape, symbol: str) -> Seen:
    """Play a tape to the close, second by second where it is silent."""
    session = begin(tape)
    seen = Seen(symbol, session)

    def pass_until(until: int) -> None:
        first = session.now - session.now % SAMPLE_INTERVAL + SAMPLE_INTERVAL
        for now in range(max(first, session.hours.open), until + 1, SAMPLE_INTERVAL):
            session.advance(now)
            seen.watch()

    for tick in tape.ticks():
        pass_until(min(tick.end - SECOND, session.hours.close))
        seen.add(session.apply(tick))
        seen.watch()
    pass_until(session.hours.close)
    return seen


@functools.cache
def made() -> Seen:
    """A chain of eleven strikes on ABC."""
    with tempfile.TemporaryDirectory() as folder:
        tape = write(
            Path(folder),
            ("cbbo-1s", quotes("cbbo-1s", 20_000, SPOKEN, seed=1)),
            ("tcbbo", trades("tcbbo", 2_000, SPOKEN, seed=2)),
            ("bbo-1s", stock(SPOKEN)),
        )
        return watched(tape, "ABC")


@functools.cache
def lean(tape: Path, symbol: str) -> Seen:
    """A day of Lean's minute bars."""
    return watched(open_tape(tape), symbol)
