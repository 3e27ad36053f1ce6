"""Expiries, strikes and open interest, by calendars and chains from outside the simulator."""

import datetime
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.simulator.days import FRIDAY, HALF_DAY, HOLY_WEEK, WEDNESDAY, draw_day, session_of
from zerodte.arrays import F64, I64, Bool
from zerodte.feeds.simulator.columns import ContractList
from zerodte.feeds.simulator.expiries import expiries
from zerodte.feeds.simulator.names import NAMES
from zerodte.market.calendar import calendar
from zerodte.market.contracts import Contracts
from zerodte.market.osi import parse_osi
from zerodte.session.expiry_distance import expiry_distance

DATES = st.dates(datetime.date(1990, 2, 1), datetime.date(2099, 6, 1)).map(
    lambda date: calendar().next(date).date
)


def listed(symbol: str, date: datetime.date) -> dict[str, list[str]]:
    """Month and day of a name's expiries, by root."""
    by_root: dict[str, list[str]] = {}
    for day, root in expiries(NAMES[symbol], date):
        by_root.setdefault(root, []).append(f"{day:%m-%d}")
    return by_root


def test_an_index_lists_days_weeks_and_months_with_a_root_for_the_morning() -> None:
    found = listed("SPX", WEDNESDAY)
    assert found["SPXW"][:6] == ["08-06", "08-07", "08-08", "08-11", "08-12", "08-13"]
    assert found["SPXW"][6:] == ["08-15", "08-22", "08-29", "09-05", "09-12", "09-19"]
    assert found["SPX"] == ["08-15", "09-19"]


def test_a_stock_lists_fridays() -> None:
    assert listed("AAPL", WEDNESDAY)["AAPL"][:3] == ["08-08", "08-15", "08-22"]
    assert listed("AAPL", FRIDAY)["AAPL"][0] == "08-08"


def test_a_friday_without_session_gives_its_place_to_the_thursday() -> None:
    found = listed("SPX", HOLY_WEEK)
    assert "04-18" not in found["SPXW"]
    assert "04-17" in found["SPXW"]
    assert found["SPX"][0] == "04-17"
    assert listed("AAPL", HOLY_WEEK)["AAPL"][0] == "04-17"
    # On Good Friday's eve the stock expires, with nothing left of its week after it.
    assert listed("AAPL", datetime.date(2025, 4, 17))["AAPL"][:2] == ["04-17", "04-25"]


def test_what_settled_this_morning_is_not_listed() -> None:
    found = listed("SPX", datetime.date(2025, 8, 15))
    assert found["SPXW"][0] == "08-15"
    assert found["SPX"] == ["09-19", "10-17"]


@given(DATES, st.sampled_from(["SPX", "SPY", "NDX", "NVDA"]))
@settings(max_examples=50)
def test_any_day_has_expiries_that_are_sessions(date: datetime.date, symbol: str) -> None:
    name = NAMES[symbol]
    found = expiries(name, date)
    days = [day for day, _ in found]
    assert days == sorted(days)
    assert len(set(found)) == len(found)
    assert all(calendar().session(day) is not None for day in days)
    assert (days[0] == date) or not name.daily
    assert 28 <= (days[-1] - date).days <= 70
    # The anchor of the model: something expires about a week from now.
    assert any(3 <= (day - date).days <= 11 for day in days)


@pytest.mark.parametrize("date", [WEDNESDAY, FRIDAY, HALF_DAY, HOLY_WEEK])
def test_the_market_reads_the_symbols_as_they_were_meant(date: datetime.date) -> None:
    listing = draw_day("SPX", "AAPL", "SPY", date=date).listing()
    contracts = Contracts()
    assert [contracts.add(symbol) for symbol in listing.symbols] == list(
        range(len(listing.symbols))
    )
    today = session_of(date)
    by_key = {(c.root, c.expiry): c for c in contracts.chains}
    for place, chain in enumerate(listing.chains):
        read = by_key[chain.root, chain.expiry]
        assert read.symbol == listing.names[chain.name].symbol
        assert read.am_settled == chain.am_settled
        assert expiry_distance(today, read, calendar()).whole_sessions == chain.whole_sessions
        np.testing.assert_array_equal(
            read.strikes, np.unique(listing.strike[listing.chain == place])
        )
        assert read.listed.all()
    assert (np.diff(listing.chain) >= 0).all()
    for symbol, strike, is_call in zip(
        listing.symbols, listing.strike, listing.is_call, strict=True
    ):
        contract = parse_osi(symbol)
        assert (contract.strike, contract.right == "C") == (strike, is_call)


@pytest.mark.drill
@given(st.integers(0, 10**6), st.sampled_from(list(NAMES)), st.sampled_from([WEDNESDAY, FRIDAY]))
@settings(max_examples=40)
def test_strikes_stand_close_around_spot_and_reach_far(
    seed: int, symbol: str, date: datetime.date
) -> None:
    day = draw_day(symbol, date=date, seed=seed)
    listing = day.listing()
    assert 400 <= len(listing.symbols) <= 2000
    spot = float(listing.opening[0])
    today = math.sqrt(float(day.variance.today(0, listing.opening[None, :])[0, 0]))
    for place, chain in enumerate(listing.chains):
        strikes = np.unique(listing.strike[listing.chain == place])
        steps = np.diff(strikes)
        assert steps.min() in listing.names[0].steps
        assert (steps % steps.min() == 0.0).all()
        assert strikes[0] > 0.0
        near = steps[np.abs(strikes[:-1] - spot) < 5 * steps.min()]
        assert (near == steps.min()).all()
        reach = 5.0 * today * math.sqrt(1.0 + chain.whole_sessions)
        assert strikes[-1] > spot * math.exp(0.8 * reach) - steps.max()
        assert strikes[0] < spot * math.exp(-0.8 * reach) + steps.max()


def test_open_interest_is_heaped_on_round_strikes_as_on_a_real_chain(recorded: Path) -> None:
    lines = (recorded / "chains" / "spx_2022-03-23_1011_intraday.csv").read_text().splitlines()
    cells = [line.split(",") for line in lines if line.startswith("Wed Mar 23 2022,SPXW")]
    strike = np.array([float(row[11]) for row in cells])
    settled = np.array([[int(row[10]), int(row[21])] for row in cells])
    real = _heaping(strike, settled, 4479.09)
    concentrations = []
    for seed in range(20):
        listing = draw_day("SPX", seed=seed).listing()
        own = listing.chain == 0
        pairs = listing.settled_interest[own].reshape(-1, 2)
        concentrations.append(_heaping(listing.strike[own][::2], pairs, float(listing.opening[0])))
    assert np.median(concentrations) == pytest.approx(real, rel=0.5)


@pytest.mark.drill
def test_the_largest_strikes_of_today_hold_no_more_than_on_real_chains(recorded: Path) -> None:
    real = []
    for name, day in (("spx_2022-03-23_1011_intraday", "Wed Mar 23 2022,SPXW"),
                      ("spy_2025-05-01_0828", "Thu May 01 2025,SPY")):  # fmt: skip
        lines = (recorded / "chains" / f"{name}.csv").read_text().splitlines()
        cells = [line.split(",") for line in lines if line.startswith(day)]
        real.append(_largest_three(np.array([[int(row[10]), int(row[21])] for row in cells])))
    assert all(0.08 < share < 0.19 for share in real)
    shares = []
    for seed in range(20):
        listing = draw_day("SPX", "SPY", "QQQ", "IWM", seed=seed).listing()
        today = [place for place, chain in enumerate(listing.chains) if chain.whole_sessions == 0]
        shares.append(
            [
                _largest_three(listing.settled_interest[listing.chain == place].reshape(-1, 2))
                for place in today
            ]
        )
    by_name, by_seed = np.mean(shares, axis=0), np.mean(shares, axis=1)
    assert ((by_name > 0.08) & (by_name < 0.21)).all()
    assert ((by_seed > 0.08) & (by_seed < 0.19)).all()
    assert by_name[:2] == pytest.approx(real, rel=0.4)


def _largest_three(settled: I64) -> float:
    """The share of the three largest strikes in open interest of shape (k, 2)."""
    both = settled.sum(axis=1)
    return float(np.sort(both)[-3:].sum() / both.sum())


@pytest.mark.drill
@pytest.mark.parametrize("symbol", [name.symbol for name in NAMES.values() if name.daily])
def test_a_fall_of_two_and_a_half_percent_ends_among_listed_strikes(symbol: str) -> None:
    for seed in range(12):
        listing = draw_day(symbol, seed=seed).listing()
        strikes = listing.strike[listing.chain == 0][::2]
        after = 0.975 * float(listing.opening[0])
        below, above = strikes[strikes < after], strikes[strikes >= after]
        step = max(float(np.diff(strikes).min()), 0.0025 * after)
        assert above[0] - below[-1] <= step
        assert len(below) >= 15


def _heaping(strike: F64, settled: I64, spot: float) -> float:
    """What a strike on a round fifty has over one on a mere five, within three percent of spot."""
    near = np.abs(strike / spot - 1.0) < 0.03
    both = settled.sum(axis=1)
    return float(
        np.mean(both[near & (strike % 50 == 0)]) / np.mean(both[near & (strike % 10 == 5)])
    )


@pytest.mark.drill
def test_calls_are_held_above_puts_below_and_most_in_the_month() -> None:
    listings = [draw_day("SPX", "SPY", seed=seed).listing() for seed in range(20)]
    places = []
    for listing in listings:
        assert (listing.settled_interest >= 0).all()
        today = listing.chain == 0
        calls, puts = today & listing.is_call, today & ~listing.is_call
        places.append([_mean_strike(listing, calls), _mean_strike(listing, puts)])
        assert listing.settled_interest[puts].sum() > listing.settled_interest[calls].sum()
        by_chain = np.bincount(listing.chain, listing.settled_interest)
        own = [place for place, chain in enumerate(listing.chains) if chain.name == 0]
        assert listing.chains[max(own, key=lambda place: by_chain[place])].root == "SPX"
        # What SPXW and SPY hold in the morning of their expiry: a few hundred thousand contracts.
        for chain in (0, len(own)):
            assert 1e5 < by_chain[chain] < 1.2e6
    calls_at, puts_at = np.mean(places, axis=0)
    assert calls_at > 1.002
    assert puts_at < 0.998


def _mean_strike(listing: ContractList, which: Bool) -> float:
    """Where open interest lies, as a multiple of spot."""
    mean = np.average(listing.strike[which], weights=listing.settled_interest[which])
    return float(mean / listing.opening[0])
