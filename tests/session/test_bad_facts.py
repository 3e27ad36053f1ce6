"""Open interest, volume and instruments that are wrong: refused, reported, never filled in."""

import numpy as np
import pytest

from session.day import SECOND, Day, ask, osi
from session.generated import FAULTS, state_of, with_fault
from session.usual import AT, SPOILT, heard, usual, warned
from zerodte.records.dbn import (
    OPRA,
    STAT_CLEARED_VOLUME,
    STAT_OPEN_INTEREST,
    UNDEF_QUANTITY,
    records,
)
from zerodte.records.tick import Batch, Tick
from zerodte.wire.errors import ApiError

# Open interest and volume


def test_open_interest_repeated_by_every_publisher_is_one_fact() -> None:
    once, often = heard(), heard()
    counts = {SPOILT: 4_321}
    once.send("12:00:01", oi=counts)
    often.send("12:00:01", oi=counts, publishers=17)
    for day in (once, often):
        assert state_of(day.session).instant.official[1, AT] == 4_321
    assert state_of(often.session).exposures.net_gex == state_of(once.session).exposures.net_gex


def test_the_last_word_on_open_interest_counts() -> None:
    day = heard()
    day.send("12:00:01", oi={SPOILT: 1})
    day.send("12:00:02", oi={SPOILT: 2})
    assert state_of(day.session).instant.official[1, AT] == 2


def test_open_interest_of_another_day_is_refused_and_reported() -> None:
    day = heard()
    before = state_of(day.session).instant.official.copy()
    yesterday = day.time("06:30") - 24 * 3_600 * SECOND
    day.send("12:00:01", oi={SPOILT: 9_999}, dated=yesterday)
    tomorrow = yesterday + 48 * 3_600 * SECOND
    day.send("12:00:02", oi={SPOILT: 9_999}, dated=tomorrow)
    np.testing.assert_array_equal(state_of(day.session).instant.official, before)
    assert warned(day.session, "open interest of another day: 2")


@pytest.mark.parametrize("count", [UNDEF_QUANTITY, -1, -(2**63)])
def test_open_interest_that_is_no_count_is_reported(count: int) -> None:
    day = heard()
    day.send("12:00:01", oi={SPOILT: count})
    assert state_of(day.session).instant.official[1, AT] == 300
    assert warned(day.session, "open interest undefined or negative: 1")


def test_missing_open_interest_is_null_everywhere_and_said() -> None:
    rows = [with_fault(r, "C", FAULTS["open interest unknown"]) for r in usual()]
    rows = [with_fault(r, "P", FAULTS["open interest unknown"]) for r in rows]
    answer = ask(heard(rows).session)
    assert any("open interest of 2022-03-23 is missing" in text for text in answer["warnings"])
    assert set(answer["exposures"].values()) == {None}
    assert answer["flow"]["total_oi"] is None
    assert answer["pin_risk"]["pin_score"] is None
    assert answer["metadata"]["oi_as_of"] is None
    assert answer["metadata"]["data_quality_score"] == 0
    assert answer["decay"]["net_theta_dollars"] is None
    assert answer["expected_move"]["remaining_1sd_dollars"] > 0.0
    assert {row["call_gex"] for row in answer["strikes"]} == {None}
    moves = [move for name, move in answer["hedging"].items() if name != "convexity_at_spot"]
    assert {move["direction"] for move in moves} == {None}


def test_open_interest_missing_of_one_contract_is_null_for_it() -> None:
    """It adds nothing to the sums, but its own exposure is not known, and so not 0."""
    rows = usual()
    rows[AT] = with_fault(rows[AT], "P", FAULTS["open interest unknown"])
    answer = ask(heard(rows).session)
    row = answer["strikes"][AT]
    assert row["put_oi"] is None
    assert row["put_gex"] is None
    assert row["put_dex"] is None
    assert row["net_gex"] is None
    assert row["net_dex"] is None
    assert row["call_gex"] > 0.0
    assert answer["exposures"]["net_gex"] is not None


def test_open_interest_of_one_symbol_is_none_of_another() -> None:
    """Two symbols on a tape, settled figures of one: the other's are missing, and it says so."""
    day = heard()
    other = {
        osi(right, row.strike, root="QQQ"): (quote.bid, quote.ask)
        for row in usual()
        for right, quote in (("C", row.call), ("P", row.put))
        if quote
    }
    day.send("12:00:01", define=tuple(other), quotes=other)
    answer = ask(day.session, "QQQ")
    assert any("open interest of 2022-03-23 is missing" in text for text in answer["warnings"])
    assert answer["metadata"]["oi_as_of"] is None
    assert answer["metadata"]["data_quality_score"] == 0
    assert ask(day.session)["metadata"]["data_quality_score"] == 80


def test_volume_of_another_day_is_refused_and_reported() -> None:
    day = heard()
    rows = records("statistics", 1)
    rows["instrument_id"], rows["quantity"] = day.id(SPOILT), 123
    rows["stat_type"], rows["ts_event"] = (
        STAT_CLEARED_VOLUME,
        day.time("09:00") - 24 * 3_600 * SECOND,
    )
    rows["ts_recv"] = day.time("12:00:01")
    day.session.apply(Tick(end=day.time("12:00:01"), statistics=(Batch(OPRA, "statistics", rows),)))
    assert state_of(day.session).instant.volume[1, AT] == 7
    assert warned(day.session, "cleared volume of another day: 1")


# Instruments


def test_records_of_unknown_instruments_are_counted() -> None:
    day, plain = heard(), heard()
    strange = osi("C", 777.0)
    day.send("12:00:01", quotes={strange: (1.0, 1.1)}, oi={strange: 5})
    plain.send("12:00:01")
    net = state_of(plain.session).exposures.net_gex
    assert state_of(day.session).exposures.net_gex == net
    # They belong to no symbol: the whole session counts them, no symbol's warnings do.
    assert day.session.left_out() == {"records of unknown instruments": 2}
    assert not warned(day.session, "unknown instruments")


def test_a_dataset_without_any_definition_is_counted_too() -> None:
    day = Day()
    day.send("12:00", quotes={SPOILT: (1.0, 1.1)})
    assert day.session.symbols() == []
    assert day.session.notices() == ["records of unknown instruments: 1 left out"]
    with pytest.raises(ApiError, match="tracked symbols: none") as refused:
        ask(day.session)
    assert refused.value.code == "symbol_not_found"


def test_adjusted_roots_are_kept_out_and_counted() -> None:
    day = heard()
    adjusted = osi("C", 500.0, root="SPXW1")
    day.send("12:00:01", define=(adjusted,), quotes={adjusted: (1.0, 1.1)})
    assert day.session.symbols() == ["SPX"]
    assert day.session.notices() == ["adjusted root: 1 left out"]
    assert not warned(day.session, "adjusted root")


def test_what_is_no_option_symbol_is_counted() -> None:
    day = heard()
    day.send("12:00:01", define=("NONSENSE",))
    assert day.session.notices() == ["not an OSI symbol: 1 left out"]
    assert not warned(day.session, "not an OSI symbol")


def test_other_statistics_are_passed_over() -> None:
    day = heard()
    before = ask(day.session)["flow"]
    rows = records("statistics", 1)
    rows["instrument_id"], rows["stat_type"] = day.id(SPOILT), STAT_OPEN_INTEREST + 1
    rows["quantity"], rows["ts_event"] = 55, day.time("06:30")
    rows["ts_recv"] = day.time("12:00:01")
    day.session.apply(Tick(end=day.time("12:00:01"), statistics=(Batch(OPRA, "statistics", rows),)))
    assert ask(day.session)["flow"] == before
    assert day.session.notices() == []
