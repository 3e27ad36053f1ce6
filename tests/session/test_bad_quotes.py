"""Quotes that are wrong or old, through the session's door: counted, and never used."""

import math

import numpy as np
import pytest

from session.day import Day, Price, ask, osi
from session.generated import FAULTS, send, state_of, with_fault
from session.usual import AT, SPOILT, heard, usual, warned
from zerodte.constants import HOUR
from zerodte.records.dbn import INDEX, OPRA, UNDEF_PRICE, UNDEF_SIZE, records
from zerodte.records.tick import Batch, Tick
from zerodte.wire.errors import ApiError


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ("zero bid", "1 zero bid"),
        ("no bid", "1 zero bid"),
        ("crossed", "1 crossed"),
        ("locked", "1 locked"),
        ("never quoted", "1 without bid or ask"),
    ],
)
def test_a_quote_that_does_not_count_is_counted_and_not_used(fault: str, named: str) -> None:
    """The same answer, all but the count, as from a chain that never had it."""
    rows, without = usual(), usual()
    rows[AT] = with_fault(rows[AT], "P", FAULTS[fault])
    without[AT] = with_fault(without[AT], "P", FAULTS["never quoted"])
    session = heard(rows).session
    assert warned(session, named)
    state, plain = state_of(session), state_of(heard(without).session)
    assert math.isnan(state.instant.mid[1, AT])
    assert not state.surface.smile.quoted[AT]
    np.testing.assert_array_equal(state.surface.smile.volatility, plain.surface.smile.volatility)
    assert state.surface.forward == plain.surface.forward
    assert state.exposures.net_gex == plain.exposures.net_gex


@pytest.mark.parametrize(
    ("bid", "high"),
    [
        (None, None),
        (None, 1.0),
        (1.0, None),
        (0.0, 0.0),
        (0.0, 1.0),
        (-1_000_000_000, 1.0),
        (1.0, -1_000_000_000),
        (-(2**63), UNDEF_PRICE),
        (UNDEF_PRICE, 1),
    ],
)
def test_sentinels_and_prices_below_zero_are_no_quotes(bid: Price, high: Price) -> None:
    day = heard()
    day.send("12:00:30", quotes={SPOILT: (bid, high)}, index={"SPX": 500.0})
    state = state_of(day.session)
    assert math.isnan(state.instant.mid[1, AT])
    assert not state.surface.smile.quoted[AT]
    assert ask(day.session)["strikes"][AT]["put_mid"] is None


def test_undefined_sizes_leave_the_quote_and_are_not_numbers() -> None:
    day = heard()
    rows = day.quote_records("cbbo-1s", {SPOILT: (2.2, 2.3)})
    rows["bid_sz_00"] = rows["ask_sz_00"] = UNDEF_SIZE
    rows["ts_recv"] = day.time("12:00:01")
    day.session.apply(Tick(end=day.time("12:00:01"), quotes=(Batch(OPRA, "cbbo-1s", rows),)))
    assert state_of(day.session).instant.mid[1, AT] == pytest.approx(2.25)
    ask(day.session)


def test_a_quote_replaced_by_none_is_gone() -> None:
    """A quote stands until it is replaced, be it by nothing."""
    day = heard()
    assert state_of(day.session).instant.mid[1, AT] > 0.0
    day.send("12:00:01", quotes={SPOILT: (None, None)})
    assert math.isnan(state_of(day.session).instant.mid[1, AT])


@pytest.mark.parametrize("value", [None, 0, -1, -(2**63)])
def test_an_index_value_that_is_none_leaves_the_last(value: Price) -> None:
    day = heard()
    day.send("12:00:01", index={"SPX": value})
    spot = day.session.spot("SPX")
    assert spot is not None
    assert (spot.value, spot.source) == (500.0, "index")


def index_tick(day: Day, symbol: str, value: float, event: int) -> Tick:
    """A value received at noon of something that happened at `event`, UTC ns."""
    rows = records("trades", 1)
    rows["instrument_id"], rows["price"] = day.id(symbol), round(value * 10**9)
    rows["ts_recv"], rows["ts_event"] = day.time("12:00:01"), event
    day.session.learn(INDEX, {day.id(symbol): symbol})
    return Tick(end=day.time("12:00:01"), underlying=(Batch(INDEX, "trades", rows),))


@pytest.mark.parametrize(("days", "spot", "left_out"), [(-3, 500.0, 1), (0, 501.0, 0)])
def test_an_index_value_of_another_day_is_no_price(days: int, spot: float, left_out: int) -> None:
    day = heard()
    day.session.apply(index_tick(day, "SPX", 501.0, day.time("12:00") + days * 24 * HOUR))
    answer = ask(day.session)
    assert answer["underlying_price"] == spot
    assert sum("index values of another session" in text for text in answer["warnings"]) == left_out


@pytest.mark.parametrize(("vix", "is_believed"), [(0.175, False), (17.5, True), (1750.0, False)])
def test_a_vix_in_another_unit_is_none(vix: float, is_believed: bool) -> None:
    day = heard()
    day.session.apply(index_tick(day, "VIX", vix, day.time("12:00")))
    answer = ask(day.session)
    assert answer["vol_context"]["vix"] == (vix if is_believed else None)
    said = any("or that cannot be: 1 left out" in text for text in answer["warnings"])
    assert said is not is_believed


def test_an_index_goes_by_any_of_its_roots() -> None:
    day = heard()
    day.session.apply(index_tick(day, "SPXW", 501.0, day.time("12:00")))
    assert ask(day.session)["underlying_price"] == 501.0


@pytest.mark.parametrize(("value", "is_price"), [(500.0, True), (50.0, False), (5000.0, False)])
def test_without_parity_a_price_of_another_scale_is_none(value: float, *, is_price: bool) -> None:
    """Calls alone tell no forward."""
    day = Day()
    rows = [row._replace(put=None) for row in usual()]
    send(day, rows, "12:00", value)
    spot = day.session.spot("SPX")
    assert (spot is not None and spot.value == value) is is_price


@pytest.mark.parametrize("forward", [450.0, 450.03, 450.04, 450.07, 450.1])
def test_a_mid_that_is_exactly_intrinsic_has_no_volatility(forward: float) -> None:
    """What rounding leaves of its time value is no price: null where not invertible."""
    day, quotes = Day(), {}
    for k in (405.0 + n for n in range(91)):
        # Enough around the money for a forward and a smile, and no arbitrage with the rest.
        timed = max(round(2.0 - 0.35 * abs(forward - k), 2), 0.0)
        for right, intrinsic in (("C", max(forward - k, 0.0)), ("P", max(k - forward, 0.0))):
            mid = round(intrinsic + timed, 2)
            quotes[osi(right, k)] = (round(mid - 0.05, 2) if mid else 0.0, round(mid + 0.05, 2))
    day.send("12:00", define=tuple(quotes), quotes=quotes)
    answer = ask(day.session)
    assert answer["underlying_price"] == forward
    beside = [row for row in answer["strikes"] if abs(row["strike"] - forward) >= 6]
    assert len(beside) > 70
    assert {(row["call_iv"], row["put_iv"]) for row in beside} == {(None, None)}


# Staleness


@pytest.mark.parametrize(
    ("schema", "last", "late"),
    [
        ("cmbp-1", "12:00:15", "12:00:16"),
        ("cbbo-1s", "12:00:15", "12:00:16"),
        ("cbbo-1m", "12:02:00", "12:02:01"),
    ],
)
def test_a_silent_chain_turns_stale_after_its_patience(schema: str, last: str, late: str) -> None:
    """Fifteen seconds, or two of the schema's intervals; until then its quotes stand."""
    day = heard()
    day.send("12:00:00", quotes={SPOILT: (1.0, 1.1)}, schema=schema)
    day.send(last, index={"SPX": 500.0})
    assert state_of(day.session).instant.fresh
    day.send(late, index={"SPX": 500.0})
    assert not state_of(day.session).instant.fresh


def test_stale_quotes_are_withheld_and_said() -> None:
    """The index still speaks, the chain is silent: what rests on its quotes is null."""
    day = heard()
    day.session.advance(day.time("12:00:16"))
    day.send("12:00:20", index={"SPX": 500.5})
    answer = ask(day.session)
    assert any("stale" in text and "12:00:00" in text for text in answer["warnings"])
    assert answer["metadata"]["quotes_fresh_pct"] == 0.0
    assert answer["metadata"]["snapshot_age_seconds"] == 20.0
    assert answer["regime"]["gamma_flip_status"] == "insufficient_local_coverage"
    assert answer["regime"]["gamma_flip"] is None
    assert answer["expected_move"]["straddle_price"] is None
    assert answer["liquidity"]["atm_spread_pct"] is None
    assert all(row["call_mid"] is None and row["put_iv"] is None for row in answer["strikes"])
    assert answer["metadata"]["data_quality_score"] == 20
    assert answer["underlying_price"] == 500.5


def test_a_market_wholly_silent_is_not_answered_from_old_quotes() -> None:
    day = heard()
    day.session.advance(day.time("12:01"))
    with pytest.raises(ApiError, match="SPX") as refused:
        ask(day.session)
    assert refused.value.code == "warming_up"
