"""Chains made up by hypothesis, as rows that the twin reads and as ticks that a session hears."""

import datetime
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from hypothesis import assume
from hypothesis import strategies as st

from engine.twin import Twin
from engine.twin_pricing import Quote, Row, When, black, forward_of
from session.day import WEDNESDAY, Day, osi
from zerodte.engine.state import ChainState
from zerodte.session.reading import Reading
from zerodte.session.session import Session

TICK = 0.01


@dataclass(frozen=True)
class Made:
    """A chain of one day, `elapsed` whole minutes into its session; `spot` its index value."""

    rows: list[Row]
    elapsed: int
    spot: float

    @property
    def clock(self) -> str:
        """The time in New York."""
        hours, minutes = divmod(570 + self.elapsed, 60)
        return f"{hours:02d}:{minutes:02d}"

    @cached_property
    def twin(self) -> Twin:
        """The plain model of it."""
        return Twin(self.rows, When(float(self.elapsed)), self.spot)

    def heard(self) -> Session:
        """A session to which all of it was sent in one tick."""
        return send(Day(), self.rows, self.clock, self.spot).session

    def state(self) -> ChainState:
        """What the session makes of it."""
        return state_of(self.heard())


def reading_of(session: Session, *, settled: bool = False) -> Reading:
    """The reading of the same-day SPX chain."""
    chain = session.chain("SPX")
    assert chain is not None
    reading = session.reading(chain, settled=settled)
    assert reading is not None
    return reading


def state_of(session: Session) -> ChainState:
    """Its state."""
    return reading_of(session).state


def send(
    day: Day,
    rows: Sequence[Row],
    clock: str,
    spot: float | None,
    expiry: datetime.date = WEDNESDAY,
) -> Day:
    """Send a chain of SPXW in one tick."""
    quotes = {
        osi(right, row.strike, expiry): quote
        for row in rows
        for right, quote in (("C", row.call), ("P", row.put))
        if quote is not None
    }
    day.send(
        clock,
        define=tuple(quotes),
        oi={name: int(q.oi) for name, q in quotes.items() if q.oi is not None},
        volume={name: int(q.volume) for name, q in quotes.items() if q.volume is not None},
        quotes={name: (q.bid, q.ask) for name, q in quotes.items()},
        index={} if spot is None else {"SPX": spot},
    )
    return day


def quoted(price: float, half: float, oi: int | None, volume: int | None) -> Quote:
    """A quote of ticks around a price; its bid may be zero."""
    bid = max(0, math.floor((price - half) / TICK + 1e-9)) * TICK
    high = max(1, math.ceil((price + half) / TICK - 1e-9)) * TICK
    return Quote(round(bid, 2), round(max(high, bid + TICK), 2), oi, volume)


def priced(
    strikes: Sequence[float],
    forward: float,
    elapsed: int,
    vol: float = 0.2,
    slope: float = 0.0,
    oi: Sequence[tuple[int | None, int | None]] | None = None,
    half: float = 0.02,
) -> list[Row]:
    """Rows at Black's prices on a smile of a slope per unit of log-moneyness."""
    tau = When(float(elapsed)).tau
    rows = []
    for n, strike in enumerate(strikes):
        smile = max(0.02, vol - slope * math.log(strike / forward))
        contracts = oi[n] if oi else (100, 100)
        call, put = (
            quoted(black(forward, strike, tau, smile, right), half, contracts[0 if right else 1], 7)
            for right in (True, False)
        )
        rows.append(Row(strike, call, put))
    return rows


#: What may be wrong with a contract: a function of its quote.
FAULTS: Final[dict[str, Callable[[Quote], Quote | None]]] = {
    "unlisted": lambda _: None,
    "never quoted": lambda quote: quote._replace(bid=None, ask=None),
    "no bid": lambda quote: quote._replace(bid=None),
    "zero bid": lambda quote: quote._replace(bid=0.0),
    "crossed": lambda quote: quote._replace(bid=quote.ask, ask=quote.bid),
    "locked": lambda quote: quote._replace(bid=quote.ask),
    "open interest unknown": lambda quote: quote._replace(oi=None),
    "volume unknown": lambda quote: quote._replace(volume=None),
}


def with_fault(row: Row, right: str, fault: Callable[[Quote], Quote | None]) -> Row:
    """A row one side of which is at fault."""
    assert row.call is not None
    assert row.put is not None
    return row._replace(call=fault(row.call)) if right == "C" else row._replace(put=fault(row.put))


@st.composite
def chains(draw: st.DrawFn) -> Made:
    """A chain of 8 to 30 strikes around the money, from the open to the last minute."""
    count = draw(st.integers(8, 30))
    step = draw(st.sampled_from((1.0, 2.5, 5.0)))
    first = 500.0 - step * (count // 2)
    strikes = [first + step * n for n in range(count)]
    forward = round(500.0 + draw(st.floats(-3.0, 3.0)), 2)
    elapsed = draw(st.integers(1, 389))
    counts = st.one_of(st.just(0), st.integers(0, 5_000))
    oi = [(draw(counts), draw(counts)) for _ in strikes]
    oi[count // 2] = (draw(st.integers(2_501, 5_000)), draw(st.integers(1, 2_500)))
    rows = priced(
        strikes,
        forward,
        elapsed,
        vol=draw(st.floats(0.08, 0.6)),
        slope=draw(st.floats(-0.5, 2.0)),
        oi=oi,
        half=draw(st.sampled_from((0.01, 0.02, 0.05))),
    )
    places = [n for n in range(count) if n != count // 2]
    for at in draw(st.lists(st.sampled_from(places), max_size=6, unique=True)):
        side, fault = draw(st.sampled_from("CP")), FAULTS[draw(st.sampled_from(sorted(FAULTS)))]
        rows[at] = with_fault(rows[at], side, fault)
    spot = round(forward * (1 + draw(st.floats(-0.0005, 0.0005))), 2)
    # Without an out-of-the-money quote there is no smile, and so no state.
    assume(forward_of(rows) is not None)
    made = Made(rows, elapsed, spot)
    assume(made.twin.quoted)
    return made
