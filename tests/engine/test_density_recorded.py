"""The density of recorded chains: what of their quotes it prices, and every butterfly."""

import datetime
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from engine.cboe_files import read_chain, read_eod, sessions_between
from session.recordings import (
    CLOSE,
    MORNING,
    SPX,
    SPX_DAY,
    SPXW,
    SPXW_DAY,
    SPY_DAY,
    spx_session,
    spxw_session,
    spy_session,
)
from zerodte.arrays import F64
from zerodte.engine.chain_inputs import CALL, PUT
from zerodte.engine.density import Density, density_of
from zerodte.engine.state import ChainState
from zerodte.records.tick import Tick
from zerodte.runtime.replay import replay
from zerodte.session.session import Session
from zerodte.tape.folder import open_tape

pytestmark = pytest.mark.drill

NEW_YORK = ZoneInfo("America/New_York")
#: Shares of all quotes and of those within a sigma: same-day chains, and those of nine sessions.
SAME_DAY, LATER = (0.97, 0.90), (0.93, 0.80)
#: Fewer usable quotes tell too little of a share.
ENOUGH = 20


def priced(state: ChainState) -> tuple[Density, F64]:
    """A chain's density and its prices, shape (2, n)."""
    density = density_of(
        state.instant, state.surface.forward, state.spot.value, state.surface.sigma
    )
    assert density is not None
    strikes = state.instant.chain.strikes
    return density, np.stack((density.calls(strikes), density.puts(strikes)))


def assert_reprices(state: ChainState, bars: tuple[float, float]) -> None:
    density, price = priced(state)
    instant = state.instant
    inside = np.abs(price - instant.mid) <= 0.5 * instant.spread + 1e-9
    near = instant.usable & (np.abs(instant.chain.strikes - density.mean) <= density.sigma)
    assert instant.usable.sum() >= ENOUGH
    assert inside[instant.usable].mean() >= bars[0]
    assert inside[near].mean() >= bars[1]
    assert density.mass(-np.inf, np.inf) == pytest.approx(1.0, abs=1e-9)
    assert density.partial_mean(-np.inf, np.inf) == pytest.approx(
        density.mean, abs=1e-9 * density.sigma
    )


def assert_prices_butterflies(state: ChainState) -> int:
    """Each between its bid and ask; how many there were. Nothing prices one with an ask of 0."""
    _, price = priced(state)
    instant, count = state.instant, 0
    bid, ask = instant.mid - 0.5 * instant.spread, instant.mid + 0.5 * instant.spread
    gaps = np.diff(instant.chain.strikes)
    lower = gaps[1:] / (gaps[:-1] + gaps[1:])

    def butterflies(wings: F64, body: F64) -> F64:
        return lower * wings[:-2] - body[1:-1] + (1.0 - lower) * wings[2:]

    for right in (CALL, PUT):
        low, high = butterflies(bid[right], ask[right]), butterflies(ask[right], bid[right])
        value = butterflies(price[right], price[right])
        counted = high > 1e-9
        count += int(counted.sum())
        assert (value >= low - 1e-9)[counted].all()
        assert (value <= high + 1e-9)[counted].all()
    return count


def states(session: Session, symbol: str, expiries: Iterator[datetime.date]) -> list[ChainState]:
    chains = [session.chain(symbol, expiry) for expiry in expiries]
    found = [session.state(chain) for chain in chains if chain is not None]
    return [state for state in found if state is not None]


def nearest(expiries: set[datetime.date], today: datetime.date) -> Iterator[datetime.date]:
    """Those up to nine sessions ahead."""
    return (day for day in sorted(expiries) if day >= today and sessions_between(today, day) <= 9)


@pytest.mark.parametrize("root", ["SPX", "SPXW"])
def test_recorded_index_chains_are_repriced(recorded: Path, root: str) -> None:
    if root == "SPX":
        session, today = spx_session(recorded), SPX_DAY
        listed = read_chain(recorded / SPX).chains
    else:
        session, today = spxw_session(recorded), SPXW_DAY
        listed = read_eod(recorded / SPXW, root).chains
    found = states(session, "SPX", nearest({day for _, day in listed}, today))
    assert len(found) >= 5
    for state in found:
        assert state.instant.chain.root == "SPXW"
        assert_reprices(state, SAME_DAY if state.instant.chain.expiry == today else LATER)
        assert assert_prices_butterflies(state) > 100


@pytest.mark.parametrize("download", [MORNING, CLOSE], ids=["morning", "close"])
def test_recorded_spy_chains_are_repriced(
    recorded: Path, tmp_path: Path, download: tuple[str, str]
) -> None:
    session = spy_session(recorded, tmp_path / "tape", [download])
    expiries = {day for _, day in read_chain(recorded / download[0]).chains}
    found = states(session, "SPY", nearest(expiries, SPY_DAY))
    assert len(found) >= 5
    for state in found:
        assert_reprices(state, SAME_DAY if state.instant.chain.expiry == SPY_DAY else LATER)
        assert assert_prices_butterflies(state) > 10


def test_a_recorded_stock_is_repriced_through_its_morning(goog_tape: Path) -> None:
    """A half day that is an expiry, every quarter of an hour: few quotes out of the money."""
    seen: list[int] = []

    def watch(session: Session, tick: Tick, _: object) -> None:
        chain = session.chain("GOOG")
        if chain is None or not session.is_open or tick.end // 10**9 % 900:
            return
        state = session.state(chain)
        if state is not None:  # the first minute's quotes have come
            assert_reprices(state, SAME_DAY)
            assert_prices_butterflies(state)
            seen.append(priced(state)[0].quotes)

    end = datetime.datetime(2015, 12, 24, 11, 1, tzinfo=NEW_YORK)
    replay(open_tape(goog_tape), int(end.timestamp()) * 10**9, watch)
    assert len(seen) >= 5
    assert min(seen) <= 2
