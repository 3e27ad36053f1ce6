"""Reports of trades: late ones, cancels, numbers."""

import numpy as np

from feeds.simulator.runs import first_minute
from zerodte.arrays import Rows
from zerodte.constants import MINUTE, SECOND
from zerodte.feeds.simulator.parameters import TRANSIT
from zerodte.feeds.simulator.prints import Prints, final_trades, trade_truth
from zerodte.feeds.simulator.trading import SIMULATED_TRADE
from zerodte.records.condition import Condition

OPEN = first_minute("SPY")[0].listing.session.open


def trades(*times: float) -> Rows:
    """Trades of so many seconds after the open."""
    out = np.zeros(len(times), SIMULATED_TRADE)
    out["time"] = out["reported"] = [OPEN + round(SECOND * time) for time in times]
    out["takes_back"] = -1
    out["condition"] = Condition.REGULAR
    out["size"] = np.arange(1, len(times) + 1)
    return out


def prints(minutes: int = 3) -> Prints:
    """The reports of a session of so many minutes."""
    return Prints(first_minute("SPY")[0].listing, OPEN + minutes * MINUTE)


def test_reports_are_numbered_by_time_over_blocks() -> None:
    made = prints()
    first = made.report(trades(5, 1, 3), OPEN + MINUTE)
    second = made.report(trades(61), OPEN + 2 * MINUTE)
    assert first["size"].tolist() == [2, 3, 1]
    assert first["number"].tolist() == [0, 1, 2]
    assert second["number"].tolist() == [3]
    assert made.batch(second).first == 3
    assert (made.batch(first).records["ts_recv"] == first["time"] + TRANSIT).all()


def test_a_cancel_points_to_its_trade_whether_of_this_block_or_before() -> None:
    made = prints()
    rows = trades(1, 2, 3)
    rows["cancelled"][0] = OPEN + 10 * SECOND
    rows["cancelled"][2] = OPEN + 70 * SECOND
    first = made.report(rows, OPEN + MINUTE)
    assert first["condition"].tolist() == [1, 1, 1, Condition.CANCEL]
    assert first["takes_back"].tolist() == [-1, -1, -1, 0]
    second = made.report(trades(65), OPEN + 2 * MINUTE)
    assert second["takes_back"].tolist() == [-1, 2]
    assert second["size"].tolist() == [1, 3]
    assert final_trades(first)["size"].tolist() == [2]
    assert final_trades(second)["size"].tolist() == [1]
    assert trade_truth(first)["is_cancelled"].tolist() == [True, False, True, False]
    assert trade_truth(second)["is_cancel"].tolist() == [False, True]


def test_a_late_trade_waits_for_its_report() -> None:
    made = prints()
    rows = trades(1, 2)
    rows["reported"][0] += 90 * SECOND
    rows["condition"][0] = Condition.LATE
    first = made.report(rows, OPEN + MINUTE)
    assert first["size"].tolist() == [2]
    due = made.pop_due(OPEN + 2 * MINUTE)
    assert due["size"].tolist() == [1]
    assert len(made.pop_due(OPEN + 3 * MINUTE)) == 0
    second = made.report(due, OPEN + 2 * MINUTE)
    records = made.batch(second).records
    assert records["ts_recv"][0] == OPEN + 91 * SECOND + TRANSIT
    assert records["ts_event"][0] == OPEN + SECOND


def test_nothing_is_reported_after_the_end() -> None:
    made = prints(minutes=1)
    rows = trades(1, 2)
    rows["reported"][0] += 90 * SECOND
    rows["condition"][0] = Condition.LATE
    rows["cancelled"][1] = OPEN + MINUTE
    only = made.report(rows, OPEN + MINUTE)
    assert only["size"].tolist() == [1, 2]
    assert only["condition"].tolist() == [1, 1]
    assert (trade_truth(only)["is_cancelled"] == 0).all()


def test_index_options_trade_on_one_venue() -> None:
    listing = first_minute("SPX", "SPY")[0].listing
    made = Prints(listing, OPEN + MINUTE)
    rows = trades(*range(40))
    rows["time"] += np.arange(40)
    rows["contract"][20:] = int(np.argmax(listing.name == 1))
    venues = made.batch(made.report(rows, OPEN + MINUTE)).records["publisher_id"]
    assert set(venues[:20]) == {22}
    assert len(set(venues[20:])) > 5
