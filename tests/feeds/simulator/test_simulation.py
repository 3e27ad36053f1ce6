"""Whole sessions: reproducible, with a consistent truth, and readable by the server."""

import datetime
import itertools
import json
from collections import Counter

import numpy as np
import pytest

from feeds.simulator.runs import (
    conditions,
    is_on_tick,
    quotes,
    run_simulation,
    session,
    simulation,
    trades,
    truth,
)
from zerodte.constants import MINUTE, SECOND
from zerodte.feeds.simulator.columns import Block
from zerodte.feeds.simulator.names import SimulationError, names_of
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.market.calendar import calendar
from zerodte.market.osi import parse_osi
from zerodte.records.condition import Condition
from zerodte.records.dbn import INDEX, OPRA, UNDEF_PRICE
from zerodte.session.session import Session
from zerodte.views.snapshot import snapshot
from zerodte.wire.snapshot import SnapshotQuery

SYMBOLS = ("SPX", "SPY")
PLACES = ("definitions", "statistics", "underlying", "quotes", "trades")


def in_bytes(block: Block) -> bytes:
    """Everything that a block says."""
    batches = [batch for place in PLACES for batch in getattr(block, place)]
    said = [batch.records.tobytes() for batch in batches]
    for batch in block.trades:
        assert batch.conditions is not None
        assert batch.cancels is not None
        said += [batch.conditions.tobytes(), batch.cancels.tobytes()]
    return b"".join([*said, block.trade_truth.tobytes(), block.contract_truth.tobytes()])


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, again = (simulation(*SYMBOLS, minutes=5).blocks() for _ in range(2))
    assert [in_bytes(block) for block in first] == [in_bytes(block) for block in again]


def test_another_seed_gives_another_market() -> None:
    _, blocks = run_simulation(*SYMBOLS)
    other = next(simulation(*SYMBOLS, seed=4, minutes=1).blocks())
    assert in_bytes(other) != in_bytes(blocks[0])


def test_a_name_trades_the_same_whoever_is_beside_it() -> None:
    alone, beside = run_simulation("SPY", minutes=3), run_simulation("SPY", "QQQ", minutes=3)
    own = len(alone[0].listing.symbols)
    both = trades(beside[1])
    chosen = both["instrument_id"] <= own
    assert np.array_equal(trades(alone[1]), both[chosen])
    truths = truth(alone[1]), truth(beside[1])[chosen]
    for name in ("customer_side", "dealers", "opens", "is_limit", "is_cancelled"):
        assert np.array_equal(truths[0][name], truths[1][name])


def test_records_belong_to_their_block_in_order() -> None:
    _, blocks = run_simulation(*SYMBOLS)
    number = 0
    for before, block in zip([None, *blocks], blocks, strict=False):
        assert block.end == block.start + MINUTE
        assert before is None or block.start == before.end
        for batch in (*block.quotes, *block.trades, *block.underlying):
            received = batch.records["ts_recv"].astype(np.int64)
            assert (np.diff(received) >= 0).all()
            assert block.start < received.min()
            assert received.max() <= block.end
        (batch,) = block.trades
        assert batch.first == number
        number += len(batch.records)
        assert len(batch.records) == len(block.trade_truth)
        same = (
            batch.records[["ts_recv", "instrument_id"]]
            == block.trade_truth[["ts_recv", "instrument_id"]]
        )
        assert same.all()


def test_the_first_block_tells_what_is_listed() -> None:
    made, blocks = run_simulation(*SYMBOLS)
    listing = made.listing
    for batch in blocks[0].definitions:
        raw = {int(row["instrument_id"]): row["raw_symbol"].decode() for row in batch.records}
        assert raw == made.symbols[batch.dataset]
    (options,) = (batch for batch in blocks[0].definitions if batch.dataset == OPRA)
    for row in options.records[::97]:
        contract = parse_osi(row["raw_symbol"].decode())
        assert row["strike_price"] == round(contract.strike * 1e9)
        assert row["instrument_class"].decode() == contract.right
    (interest,) = blocks[0].statistics
    assert np.array_equal(interest.records["quantity"], listing.settled_interest)
    assert (interest.records["ts_recv"] < made.session.open).all()
    assert not any(block.definitions or block.statistics for block in blocks[1:])


def test_dealers_hold_what_their_trades_say() -> None:
    made, blocks = run_simulation(*SYMBOLS)
    size = len(made.listing.symbols)
    for before, block in itertools.pairwise(blocks):
        rows = block.trade_truth
        rows = rows[~rows["is_cancelled"] & ~rows["is_cancel"]]
        dealt = np.zeros(size, np.int64)
        np.add.at(dealt, rows["instrument_id"].astype(np.int64) - 1, rows["dealers"])
        change = block.contract_truth["dealers"] - before.contract_truth["dealers"]
        assert np.array_equal(dealt, change)


def test_open_interest_is_never_negative_nor_less_than_dealers_hold() -> None:
    made, blocks = run_simulation(*SYMBOLS)
    for block in blocks:
        rows = block.contract_truth
        assert (rows["open_interest"] >= np.abs(rows["dealers"])).all()
        assert (rows["minute_end"] == block.end).all()
    volume = np.bincount(
        trades(blocks)["instrument_id"], trades(blocks)["size"], len(made.listing.symbols) + 1
    )[1:]
    change = blocks[-1].contract_truth["open_interest"] - made.listing.settled_interest
    assert (np.abs(change) <= volume).all()
    assert (change > 0).any()
    assert (change < 0).any()


def test_trades_are_on_ticks_within_the_quote_before_them() -> None:
    made, blocks = run_simulation(*SYMBOLS)
    rows, listing, how = trades(blocks), made.listing, conditions(blocks)
    name = listing.name[rows["instrument_id"].astype(np.int64) - 1]
    cents = np.rint(100 * np.array([one.ticks for one in listing.names])).astype(np.int64)
    low, high = cents[name].T
    price, bid, ask = rows["price"], rows["bid_px_00"], rows["ask_px_00"]
    assert is_on_tick(price, low, high).all()
    assert (rows["size"] > 0).all()
    assert (rows["side"] == b"N").all()
    two_sided = (bid > 0) & (ask != UNDEF_PRICE) & (bid < ask)
    assert two_sided.mean() > 0.85
    usual = two_sided & ~np.isin(how, (Condition.LATE, Condition.CANCEL, Condition.MULTI_LEG))
    assert ((price >= bid) & (price <= ask))[usual].all()
    legs = two_sided & (how == Condition.MULTI_LEG)
    reach = 10_000_000 * high
    assert ((price >= bid - reach) & (price <= ask + reach))[legs].all()


def test_customers_are_on_the_side_that_their_orders_say() -> None:
    _, blocks = run_simulation(*SYMBOLS)
    rows, known, how = trades(blocks), truth(blocks), conditions(blocks)
    side, price = known["customer_side"].astype(np.int64), rows["price"]
    bid, ask = rows["bid_px_00"], rows["ask_px_00"]
    wide = (bid > 0) & (ask != UNDEF_PRICE) & (bid < ask)
    plain = wide & (how == Condition.REGULAR) & (side != 0)
    at_ask, at_bid = price == rows["ask_px_00"], price == rows["bid_px_00"]
    taking = plain & ~known["is_limit"]
    assert (side[taking & at_ask] == 1).all()
    assert (side[taking & at_bid] == -1).all()
    resting = plain & known["is_limit"]
    assert (side[resting & at_ask] == -1).all()
    assert (side[resting & at_bid] == 1).all()
    assert np.array_equal(side == 0, known["dealers"] == 0)
    assert (np.sign(known["dealers"]) == -side).all()


@pytest.mark.drill
def test_cancels_take_back_earlier_trades() -> None:
    made = simulation("SPX", "SPY", seed=3, minutes=60)
    blocks = list(made.blocks())
    rows, known, how = trades(blocks), truth(blocks), conditions(blocks)
    found = [block.trades[0].cancels for block in blocks]
    cancels = np.concatenate([some for some in found if some is not None])
    at = np.flatnonzero(cancels >= 0)
    assert len(at) > 2
    assert np.array_equal(at, np.flatnonzero(how == Condition.CANCEL))
    assert np.array_equal(at, np.flatnonzero(known["is_cancel"]))
    originals = cancels[at]
    assert (originals < at).all()
    assert np.array_equal(np.sort(originals), np.flatnonzero(known["is_cancelled"]))
    for name in ("instrument_id", "price", "size"):
        assert np.array_equal(rows[name][at], rows[name][originals])
    late = how == Condition.LATE
    assert late.any()
    delay = rows["ts_recv"].astype(np.int64) - rows["ts_event"].astype(np.int64)
    assert (delay[late] > 50 * SECOND).all()
    assert (delay[~late & (how != Condition.CANCEL)] < SECOND).all()


def test_every_condition_comes() -> None:
    _, blocks = run_simulation(*SYMBOLS)
    counts = Counter(conditions(blocks).tolist())
    for condition in Condition:
        assert (counts[condition] > 0) == (condition != Condition.UNKNOWN)
    opening = np.concatenate(
        [np.full(len(block.trade_truth), i) for i, block in enumerate(blocks)]
    )[conditions(blocks) == Condition.OPENING]
    assert (opening == 0).all()


def test_packages_share_an_instant_and_are_numbered_over_the_day() -> None:
    _, blocks = run_simulation(*SYMBOLS)
    known = truth(blocks)
    legs = known[known["package"] > 0]
    order = np.argsort(legs["package"], kind="stable")
    number, time = legs["package"][order], legs["ts_recv"][order]
    same = np.diff(number) == 0
    assert (np.diff(time)[same] == 0).all()
    assert number[0] == 1
    assert (np.diff(number) <= 2).mean() > 0.99
    assert np.mean(conditions(blocks) == Condition.MULTI_LEG) == pytest.approx(
        np.mean(known["package"] > 0), abs=1e-9
    )


@pytest.mark.drill
def test_a_session_reads_what_was_simulated() -> None:
    made, blocks = run_simulation(*SYMBOLS)
    kinds = {OPRA: "options", INDEX: "index", "ZERODTE.EQUITY": "equity"}
    reader = Session(made.session, calendar(), kinds)
    for block in blocks:
        for tick in block.ticks():
            reader.apply(tick)
    assert reader.symbols() == sorted(SYMBOLS)
    for symbol, usual in (("SPX", 100.0), ("SPY", 10.0)):
        answer = json.loads(
            snapshot(
                reader,
                "simulated",
                SnapshotQuery(symbol=symbol, expiry=made.session.date, strike_range=0.03),
            )
        )
        assert answer["underlying_price"] > usual
        assert answer["exposures"]["net_gex"] != 0.0
        assert 5.0 < answer["vol_context"]["zero_dte_atm_iv"] < 100.0
        assert answer["vol_context"]["seven_dte_atm_iv"] > 5.0
        assert answer["vol_context"]["vix"] > 5.0
        assert answer["data_as_of"]["oi_feed"] is not None
        assert answer["data_as_of"]["flow_feed"] is not None
        for block_name in ("regime", "pin_risk", "hedging", "decay", "flow", "levels", "strikes"):
            assert answer[block_name]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"impact": -1.0}, "impact"),
        ({"impact": 1e6}, r"impact is 1e\+06; it must be from 0 to 10"),
        ({"seed": -1}, "seed"),
        ({"minutes": 0}, "1 to 390"),
        ({"minutes": 391}, "1 to 390"),
        ({"news": 400}, "news at 16:10: the session of .* is from 09:30 to 16:00 New York"),
        ({"news": 5, "minutes": 5}, "news at 09:35: the first 5 minutes end at 09:35 New York"),
    ],
)
def test_what_cannot_be_simulated_is_said(changes: dict[str, float], message: str) -> None:
    arguments = {"seed": 1, **changes}
    with pytest.raises(SimulationError, match=message):
        Simulation(session(), names_of(["SPY"]), **arguments)  # type: ignore[arg-type]


def test_an_early_close_has_fewer_minutes() -> None:
    friday = session(datetime.date(2025, 11, 28))
    with pytest.raises(SimulationError, match="1 to 210"):
        Simulation(friday, names_of(["SPY"]), 1, minutes=211)
    block = next(Simulation(friday, names_of(["SPY"]), 1, minutes=1).blocks())
    assert len(block.quotes[0].records) > 100


def test_trades_lie_where_real_ones_do() -> None:
    """Half an hour of one seed, so within wide bounds; the study of realism has whole sessions."""
    _, blocks = run_simulation(*SYMBOLS)
    rows, how = trades(blocks), conditions(blocks)
    bid, ask, price = rows["bid_px_00"], rows["ask_px_00"], rows["price"]
    usual = (bid > 0) & (ask != UNDEF_PRICE) & (bid < ask)
    usual &= ~np.isin(how, (Condition.LATE, Condition.CANCEL))
    assert 0.2 < np.mean((price == bid)[usual]) < 0.45
    assert 0.2 < np.mean((price == ask)[usual]) < 0.45
    assert 0.2 < np.mean(((price > bid) & (price < ask))[usual]) < 0.5
    assert 0.0 < np.mean(((price < bid) | (price > ask))[usual]) < 0.06
    legs = rows["size"][how == Condition.MULTI_LEG].sum() / rows["size"].sum()
    assert 0.2 < legs < 0.6


def test_quotes_and_trades_are_many() -> None:
    _, blocks = run_simulation(*SYMBOLS)
    assert len(quotes(blocks)) > 100_000
    assert len(trades(blocks)) > 30_000
