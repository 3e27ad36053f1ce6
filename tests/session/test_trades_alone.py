"""What trades may not do: keep dead quotes alive, speak for other symbols, or run ahead of time."""

import numpy as np
import pytest

from session.day import SECOND, Day, ask, osi, raw
from session.usual import STRIKES, heard, warned
from zerodte.records.dbn import OPRA, Records, records
from zerodte.records.tick import Batch, Tick
from zerodte.session.market_state import ClassifiedTrades

CALL = osi("C", STRIKES[10])


def trade(day: Day, symbol: str, price: float, at: int) -> Records:
    """One trade with a quote of its own around it."""
    rows = records("tcbbo", 1)
    rows["instrument_id"], rows["size"], rows["action"] = day.id(symbol), 7, b"T"
    rows["price"], rows["ts_recv"], rows["ts_event"] = raw(price), at, at
    rows["bid_px_00"], rows["ask_px_00"] = raw(price - 0.1), raw(price)
    rows["bid_sz_00"] = rows["ask_sz_00"] = 10
    return rows


def send(
    day: Day, rows: Records, at: int, *, first: int = 0, cancels: int = -1
) -> list[ClassifiedTrades]:
    batch = Batch(OPRA, "tcbbo", rows, first=first, cancels=np.full(len(rows), cancels, np.int64))
    return day.session.apply(Tick(at, trades=(batch,)))


def test_trades_do_not_keep_a_frozen_quote_feed_fresh() -> None:
    day = heard()
    for after in range(5, 65, 5):
        at = day.time("12:00") + after * SECOND
        send(day, trade(day, CALL, 10.0, at), at)
    day.send("12:01:01", index={"SPX": 500.0})
    answer = ask(day.session)
    assert warned(day.session, "quotes are stale: the chain has been silent since 12:00:00")
    assert answer["metadata"]["quotes_fresh_pct"] == 0.0
    assert answer["metadata"]["snapshot_age_seconds"] == 61.0
    others = 7 * (2 * len(STRIKES) - 1)  # cleared, before the first trade
    assert answer["flow"]["total_volume"] == others + 12 * 7, "the trades themselves count"


@pytest.mark.parametrize("schema", ["cbbo-1s", "cbbo-1m"])
def test_a_quote_stamped_in_the_future_is_as_old_as_its_tick(schema: str) -> None:
    day = heard()
    rows = day.quote_records(schema, {CALL: (10.0, 10.2)})
    at = day.time("12:00") + SECOND
    rows["ts_recv"] = at + 3600 * SECOND
    day.session.apply(Tick(at, quotes=(Batch(OPRA, schema, rows),)))
    day.send("12:10:01", index={"SPX": 500.0})
    assert ask(day.session)["metadata"]["snapshot_age_seconds"] == 600.0
    assert warned(day.session, "quotes are stale")


def test_trades_of_one_symbol_say_nothing_of_another() -> None:
    day = heard()
    other = osi("C", 100.0, root="XYZ")
    day.send("12:00:01", define=(other, osi("P", 100.0, root="XYZ")))
    at = day.time("12:00:02")
    send(day, trade(day, other, 1.0, at), at)
    assert ask(day.session)["dealer_inventory"] is None
    assert not day.session.has_trades("SPX")
    assert day.session.has_trades("XYZ")


def test_a_cancel_takes_its_dollars_back_in_what_is_told_of_it() -> None:
    day = heard()
    at = day.time("12:00:05")
    [bought] = send(day, trade(day, CALL, 10.0, at), at)
    [cancelled] = send(day, trade(day, CALL, 10.0, at + SECOND), at + SECOND, first=1, cancels=0)
    assert bought.classifications.delta_dollars[0] != 0
    assert bought.classifications.delta_dollars[0] == -cancelled.classifications.delta_dollars[0]
    assert day.session.market.flow.delta_dollars.sum() == 0


def test_the_baseline_is_what_the_snapshot_calls_settled() -> None:
    day = heard()
    at = day.time("12:00:05")
    send(day, trade(day, CALL, 10.0, at), at)
    live, morning = ask(day.session), ask(day.session, settled=True)
    assert live["flow_direction"]["contracts_with_flow"] == 1
    assert "flow_direction" not in morning
    assert morning["exposures"]["net_gex"] == live["flow_direction"]["settled_net_gex"]
