"""Quotes: ticks, order, frequency, and the quotes before trades."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.simulator.runs import first_minute, is_on_tick, quotes, rng, run_simulation
from zerodte.constants import SECOND
from zerodte.feeds.simulator.packages import otm_sigmas
from zerodte.feeds.simulator.quote_kernel import (
    DIRTY,
    MakerQuotes,
    MakerSettings,
    TradeQuotes,
    quote_minute,
)
from zerodte.feeds.simulator.quotes import QuoteProcess
from zerodte.records.dbn import UNDEF_PRICE, Records

SYMBOLS = ("SPX", "SPY")


def _two_sided(records: Records) -> Records:
    found: Records = records[(records["bid_px_00"] > 0) & (records["ask_px_00"] != UNDEF_PRICE)]
    return found


@pytest.mark.drill
def test_prices_are_on_their_ticks() -> None:
    simulation, blocks = run_simulation(*SYMBOLS)
    records, listing = quotes(blocks), simulation.listing
    cents = np.rint(100 * np.array([name.ticks for name in listing.names])).astype(np.int64)
    low, high = cents[listing.name[records["instrument_id"].astype(np.int64) - 1]].T
    assert is_on_tick(records["bid_px_00"], low, high).all()
    offered = records["ask_px_00"] != UNDEF_PRICE
    assert is_on_tick(records["ask_px_00"], low, high)[offered].all()
    assert (records["ask_px_00"] > 0).all()


def test_an_offer_is_above_the_bid_but_for_a_few() -> None:
    _, blocks = run_simulation(*SYMBOLS)
    records = quotes(blocks)
    one_sided = records["ask_px_00"] == UNDEF_PRICE
    odd = one_sided | (records["ask_px_00"] <= records["bid_px_00"])
    expected = len(records) / DIRTY
    assert 0 < np.count_nonzero(odd) < expected + 6 * np.sqrt(expected)
    assert 0 < np.count_nonzero(one_sided) < np.count_nonzero(odd)


def test_what_is_worthless_has_no_bid() -> None:
    world, minute = first_minute("SPX")
    advanced = QuoteProcess(world.listing, _words(len(world.listing.symbols)))
    records, _ = advanced.advance(minute, np.empty(0, np.int64), np.empty(0, np.int64))
    fair = minute.fair[0][records["instrument_id"] - 1]
    assert (records["bid_px_00"][fair < 0.01] == 0).all()
    assert (records["bid_sz_00"][fair < 0.01] == 0).all()
    assert (records["bid_px_00"][fair > 20.0] > 0).all()


def test_quotes_hold_the_fair_value() -> None:
    world, minute = first_minute("SPX")
    advanced = QuoteProcess(world.listing, _words(len(world.listing.symbols)))
    records, _ = advanced.advance(minute, np.empty(0, np.int64), np.empty(0, np.int64))
    records = _two_sided(records)
    records = records[records["ask_px_00"] > records["bid_px_00"]]
    second = (records["ts_recv"].astype(np.int64) - minute.start) // SECOND - 1
    fair = 1e9 * minute.fair[second, records["instrument_id"] - 1]
    assert (records["bid_px_00"] <= fair + 1).all()
    assert (records["ask_px_00"] >= fair - 1).all()


def test_who_is_near_is_quoted_each_second_and_who_is_far_is_not() -> None:
    simulation, blocks = run_simulation("SPX", "SPY")
    listing, world = simulation.listing, first_minute("SPX", "SPY")[1]
    counts = np.bincount(quotes(blocks)["instrument_id"] - 1, minlength=len(listing.symbols))
    rate = counts / (60.0 * len(blocks))
    today = np.array([chain.whole_sessions == 0 for chain in listing.chains])[listing.chain]
    out = np.abs(otm_sigmas(world.delta))
    assert rate[today & (out < 0.3)].mean() > 0.75
    assert rate[today & (out > 4.0)].mean() < 0.2
    assert rate[~today].mean() < rate[today].mean()
    assert (counts > 0).all()


def test_quotes_are_wider_just_after_the_open() -> None:
    _, blocks = run_simulation(*SYMBOLS)
    first, later = (_two_sided(blocks[i].quotes[0].records) for i in (0, 20))
    widths = [
        np.median((some["ask_px_00"] - some["bid_px_00"])[some["bid_px_00"] > 10 * SECOND])
        for some in (first, later)
    ]
    assert widths[0] > 1.5 * widths[1]


def test_a_trade_sees_the_last_quote_before_its_second() -> None:
    world, minute = first_minute("SPX")
    size = len(world.listing.symbols)
    chance = rng()
    second = np.sort(chance.integers(0, 60, 4000))
    contract = chance.integers(0, size, 4000)
    quoting = QuoteProcess(world.listing, _words(size))
    records, seen = quoting.advance(minute, second, contract)
    standing: dict[int, tuple[int, int, int, int]] = {}
    at = 0
    ends = (records["ts_recv"].astype(np.int64) - minute.start) // SECOND
    for i in range(len(second)):
        while at < len(records) and ends[at] <= second[i]:
            row = records[at]
            ask = 0 if row["ask_px_00"] == UNDEF_PRICE else int(row["ask_px_00"])
            standing[int(row["instrument_id"]) - 1] = (
                int(row["bid_px_00"]),
                ask,
                int(row["bid_sz_00"]),
                int(row["ask_sz_00"]),
            )
            at += 1
        assert tuple(seen[i]) == standing.get(int(contract[i]), (0, 0, 0, 0))


@pytest.mark.drill
@given(
    fair=st.lists(st.floats(0.0, 500.0), min_size=1, max_size=20),
    half=st.floats(0.0, 5.0),
    ticks=st.sampled_from([(1, 1), (1, 5), (5, 10)]),
    seed=st.integers(0, 2**64 - 1),
)
def test_any_quote_holds_its_value_on_ticks(
    fair: list[float], half: float, ticks: tuple[int, int], seed: int
) -> None:
    size = len(fair)
    full = np.ones(size)
    makers = MakerSettings(
        tick_low=np.full(size, ticks[0]),
        tick_high=np.full(size, ticks[1]),
        half_spread=half * full,
        patience=full,
        requote_rate=full,
        depth=50.0 * full,
    )
    book = MakerQuotes(
        np.zeros((size, 4), np.int64),
        np.zeros(size),
        np.zeros(size),
        np.arange(seed, seed + size, dtype=object).astype(np.uint64)
        if seed + size < 2**64
        else np.arange(size, dtype=np.uint64),
    )
    nobody = np.empty(0, np.int64)
    out = np.empty((size, 6), np.int64)
    changes = quote_minute(
        np.array([fair]),
        0.0,
        makers,
        book,
        TradeQuotes(nobody, nobody, np.empty((0, 4), np.int64)),
        out,
    )
    assert changes == size
    bid, ask, bid_size, ask_size = book.sides.T
    clean = ask > bid
    assert np.count_nonzero(~clean) <= 1
    assert (bid[clean] <= 1e9 * np.array(fair)[clean] + 1e4).all()
    assert (ask[clean] >= 1e9 * np.array(fair)[clean] - 1e4).all()
    for side in (bid[clean], ask[clean]):
        assert is_on_tick(side, makers.tick_low[clean], makers.tick_high[clean]).all()
    assert ((bid_size > 0) == (bid > 0)).all()
    assert ((ask_size > 0) == (ask > 0)).all()


@pytest.mark.parametrize("other", ["QQQ", "AAPL"])
def test_quotes_do_not_know_who_is_quoted_beside_them(other: str) -> None:
    alone, beside = (run_simulation(*symbols, minutes=2) for symbols in (("SPY",), ("SPY", other)))
    own = len(alone[0].listing.symbols)
    both = quotes(beside[1])
    assert np.array_equal(quotes(alone[1]), both[both["instrument_id"] <= own])


def _words(size: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return rng().integers(2**64, size=size, dtype=np.uint64)
