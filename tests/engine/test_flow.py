"""The pass over a tick's trades: against the twin, and what must hold of any trades."""

import dataclasses
import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.flow_twin import FlowTwin
from engine.made_trades import (
    CLOSE,
    CONTRACTS,
    MINUTE,
    NAN,
    OPEN,
    SECOND,
    Made,
    any_trade,
    columns,
    new_flow,
    repeated,
    signed_trade,
    totals,
)
from zerodte.constants import CANCEL_REACH, EXPECTED_SIDE
from zerodte.engine.aggressor import SideRule
from zerodte.engine.flow import FlowLedger
from zerodte.engine.trades import NO_CANCEL, Classifications, Trades
from zerodte.records.condition import Condition
from zerodte.records.dbn import UNDEF_PRICE, UNDEF_SIZE, records

EVERY = np.arange(CONTRACTS, dtype=np.int32)


def growth(flow: FlowLedger) -> list[float]:
    """Contracts opened less closed, by contract."""
    contracts: list[float] = flow.turnover(EVERY).growth.tolist()
    return contracts


def by_rule(counts: np.ndarray) -> Counter[str]:
    return +Counter({rule.name: int(counts[rule]) for rule in SideRule})


def taken(made: Sequence[Made], multi_leg_weight: float = 0.0) -> FlowLedger:
    flow = new_flow(multi_leg_weight)
    flow.apply(columns(made), 0)
    return flow


def in_time(made: Iterable[Made]) -> list[Made]:
    return sorted(made, key=lambda one: one.at)


def cancel(number: int, at: int = OPEN + MINUTE) -> Made:
    return Made(condition=Condition.CANCEL, cancels=number, at=at)


@st.composite
def days(draw: st.DrawFn) -> list[Made]:
    """Records in order of time, some of them cancels of earlier, missing or later ones."""
    made = in_time(draw(st.lists(any_trade, max_size=40)))
    for number in draw(st.sets(st.integers(0, max(len(made) - 1, 0)), max_size=8)):
        if number < len(made):
            original = draw(st.integers(-1, len(made)))
            made[number] = cancel(original, made[number].at)
    return made


@pytest.mark.drill
@given(
    days(),
    st.lists(st.integers(0, 40), max_size=4),
    st.sampled_from([0.0, 0.4, 1.0]),
    st.booleans(),
    st.booleans(),
    st.lists(st.integers(0, 20), min_size=CONTRACTS, max_size=CONTRACTS),
)
@settings(max_examples=300, deadline=None)
def test_any_day_agrees_with_the_twin(
    made: list[Made],
    cuts: list[int],
    weight: float,
    terms: bool,
    single: bool,
    official: list[int],
) -> None:
    single = single and terms
    flow = new_flow(weight, terms=terms, single_listed=single)
    flow.settle(EVERY, np.array(official, np.float64))
    twin = FlowTwin(weight, terms, single, official)
    edges = [0, *sorted(cut for cut in cuts if cut <= len(made)), len(made)]
    for first, end in itertools.pairwise(edges):
        out = flow.apply(columns(made[first:end]), first)
        plain = twin.take_all(first, made[first:end])
        ours = zip(out.side.tolist(), out.customer.tolist(), out.rule.tolist(), strict=True)
        assert [(*sides, SideRule(rule).name) for *sides, rule in ours] == plain
        for number, dollars in enumerate(zip(out.delta_dollars, out.gamma_dollars, strict=True)):
            kept = twin.kept.get(first + number)
            if kept is not None:
                assert dollars == (kept.dollars or (0, 0))
    assert totals(flow) == twin.totals()
    assert growth(flow) == twin.growth()
    assert by_rule(flow.records) == twin.records()
    assert by_rule(flow.volume) == twin.volume()


@given(st.lists(any_trade, max_size=40), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_volume_is_conserved_under_any_interleaving(made: list[Made], random: object) -> None:
    """Contracts know nothing of each other: their trades may come mixed in any way."""
    made = in_time(made)
    queues = [[one for one in made if one.position == p] for p in range(-1, CONTRACTS)]
    mixed: list[Made] = []
    while any(queues):
        mixed.append(random.choice([queue for queue in queues if queue]).pop(0))  # type: ignore[attr-defined]
    flow, other = taken(made), taken(mixed)
    assert totals(flow) == totals(other)
    clean = [m for m in made if m.position >= 0 and 0 < m.price < UNDEF_PRICE]
    sizes = Counter[int]()
    for one in clean:
        sizes[one.position] += one.size if 0 < one.size < UNDEF_SIZE else 0
    assert flow.traded.tolist()[:CONTRACTS] == [sizes[p] for p in range(CONTRACTS)]
    assert flow.volume.sum() == sizes.total()


@pytest.mark.drill
@given(st.lists(any_trade, max_size=20), st.lists(any_trade, max_size=5), st.data())
@settings(deadline=None)
def test_a_trade_and_its_cancel_leave_no_trace(
    made: list[Made], gone: list[Made], data: st.DataObject
) -> None:
    """Wherever the cancel comes, if no tick test looked at the price in between."""
    tape = [dataclasses.replace(m, bid_size=1.0, ask_size=2.0) for m in in_time(made)]
    plain = taken(tape)
    for one in gone:
        begin = data.draw(st.integers(0, len(tape)))
        at = tape[begin - 1].at if begin else min([one.at, *(m.at for m in tape)])
        tape = [renumbered(m, begin) for m in tape]
        tape.insert(begin, dataclasses.replace(one, at=at, bid_size=1.0, ask_size=2.0))
        end = data.draw(st.integers(begin + 1, len(tape)))
        tape = [renumbered(m, end) for m in tape]
        tape.insert(end, cancel(begin, tape[end - 1].at))
    flow = taken(tape)
    assert totals(flow) == totals(plain)
    assert flow.volume.tolist() == plain.volume.tolist()
    kept = [rule for rule in SideRule if rule < SideRule.DIRTY]
    assert flow.records[kept].tolist() == plain.records[kept].tolist()


def renumbered(made: Made, inserted: int) -> Made:
    """The same record after another one was put in before number `inserted`."""
    moved = made.cancels + (made.cancels >= inserted)
    return dataclasses.replace(made, cancels=moved)


@pytest.mark.drill
@given(st.lists(signed_trade, min_size=1, max_size=20), signed_trade, st.data())
@settings(deadline=None)
def test_a_trade_cancelled_at_once_is_forgotten_by_the_tick_test_too(
    made: list[Made], gone: Made, data: st.DataObject
) -> None:
    made = in_time(made)
    where = data.draw(st.integers(0, len(made)))
    gone = dataclasses.replace(gone, at=made[max(where - 1, 0)].at)
    flow, plain = taken([*made[:where], gone, cancel(where), *made[where:]]), taken(made)
    assert totals(flow) == totals(plain)
    assert flow.volume.tolist() == plain.volume.tolist()


def test_prices_are_forgotten_from_the_last_one_back() -> None:
    even = Made(bid_size=3, ask_size=3)
    low, high = (dataclasses.replace(even, price=price) for price in (19, 21))
    for tape, rule in (
        ([low, cancel(0), even], SideRule.NO_RULE),
        ([low, high, cancel(1), cancel(0), even], SideRule.NO_RULE),
        ([low, high, cancel(0), even], SideRule.TICK),
    ):
        assert new_flow().apply(columns(tape), 0).rule[-1] == rule
    out = new_flow().apply(columns([low, high, cancel(1), even]), 0)
    assert (out.rule[-1], out.side[-1]) == (SideRule.TICK, 1)


@given(st.lists(signed_trade, max_size=20))
@settings(deadline=None)
def test_mirrored_quotes_flip_every_sign(made: list[Made]) -> None:
    """Prices turned around a point: who bought, sold."""
    mirrored = [
        dataclasses.replace(
            m,
            price=20 - m.price,
            bid=20 - m.ask,
            ask=20 - m.bid,
            bid_size=m.ask_size,
            ask_size=m.bid_size,
        )
        for m in in_time(made)
    ]
    flow, turned = new_flow(), new_flow()
    out, back = flow.apply(columns(in_time(made)), 0), turned.apply(columns(mirrored), 0)
    for name in ("side", "customer", "delta_dollars", "gamma_dollars"):
        assert (getattr(out, name) == -getattr(back, name)).all(), name
    assert flow.bought.tolist() == turned.sold.tolist()
    assert flow.net_bought.tolist() == (-turned.net_bought).tolist()
    assert flow.variance.tolist() == turned.variance.tolist()


@pytest.mark.drill
@given(st.lists(any_trade, max_size=20))
@settings(deadline=None)
def test_the_size_rule_never_touches_the_side(made: list[Made]) -> None:
    """A size that is no quote's changes the customer's side alone, to the aggressor's."""
    made = in_time(m for m in made if 0 < m.size < UNDEF_SIZE and m.condition != 2)
    large = [dataclasses.replace(m, size=m.size + 10) for m in made]
    out, other = new_flow().apply(columns(made), 0), new_flow().apply(columns(large), 0)
    assert (out.side == other.side).all()
    assert (out.rule == other.rule).all()
    assert (other.customer == other.side).all()


def test_a_cancel_works_once_and_only_backwards() -> None:
    flow = taken([Made(), cancel(0), cancel(0), cancel(-1), cancel(7), cancel(5), Made()])
    assert flow.records[SideRule.CANCEL] == 1
    assert flow.records[SideRule.CANCEL_UNMATCHED] == 4
    assert flow.traded.sum() == 5


def test_a_cancel_reaches_so_far_and_no_further() -> None:
    count = CANCEL_REACH + 10
    many = repeated(Made(size=1, price=22), count)
    minutes = many.received + np.arange(count) // 6000 * MINUTE
    flow = new_flow()
    flow.apply(many._replace(received=minutes), 0)
    for number, is_done in ((0, False), (9, False), (6000, True), (count - 1, True)):
        before, variance = flow.traded.sum(), flow.variance.sum()
        flow.apply(columns([cancel(number)]), count + number)
        assert flow.traded.sum() == before - is_done
        assert (flow.variance.sum() < variance) == is_done


def test_symbols_that_grow_in_turns_keep_their_own_trades() -> None:
    """Every trade of every symbol can still be cancelled, and takes away what it brought."""
    rng, count = np.random.default_rng(5), 40_000
    # Busy ones leave places into which the others grow.
    chosen = rng.choice(CONTRACTS, count, p=(0.5, 0.25, 0.13, 0.07, 0.05))
    trades = repeated(Made(price=22), count)._replace(
        positions=chosen.astype(np.int32),
        received=OPEN + MINUTE + np.arange(count) // 2_000 * MINUTE,
        size=rng.integers(1, 50, count),
        delta=rng.random(count),
    )
    flow, plain = new_flow(), new_flow()
    kept = rng.random(count) < 0.5
    for ledger in (flow, plain):
        ledger.grow(CONTRACTS, symbol=np.arange(CONTRACTS, dtype=np.int32))
    flow.apply(trades, 0)
    columns_of: list[Any] = [column[kept] for column in trades]
    plain.apply(Trades(*columns_of), 0)
    order, late = rng.permutation(count), cancel(0, int(trades.received[-1]))

    def take_back(gone: np.ndarray) -> None:
        cancels = repeated(late, len(gone))._replace(cancels=gone)
        flow.apply(cancels._replace(positions=trades.positions[gone]), count)

    take_back(order[~kept[order]])
    assert totals(flow) == totals(plain)
    take_back(order[kept[order]])
    assert flow.records[SideRule.CANCEL] == count
    assert not any(any(row) for row in totals(flow).values())


def test_a_minute_longer_than_the_reach_of_cancels() -> None:
    """Its first trades leave the ring, and with them goes what the others would be undone by."""
    count = CANCEL_REACH + 10
    flow = new_flow()
    flow.apply(repeated(Made(size=1, price=22), count), 0)
    for number, is_done in ((count - 1, True), (count - 10, True), (count - 11, False)):
        before = flow.traded.sum()
        flow.apply(columns([cancel(number)]), count + number)
        assert flow.traded.sum() == before - is_done


def test_a_late_trade_joins_the_minute_that_it_comes_in() -> None:
    one = Made(price=22, size=1)
    next_minute = dataclasses.replace(one, at=one.at + MINUTE)
    late, ordered = taken([one, next_minute, one]), taken([one, next_minute, next_minute])
    assert totals(late) == totals(ordered)
    assert late.variance[0] == pytest.approx(5 * taken([one]).variance[0])


def test_numbers_may_have_gaps() -> None:
    flow = new_flow()
    flow.apply(columns([Made()]), 7)
    flow.apply(columns([cancel(3), cancel(7)]), 5_000_000)
    assert flow.records[SideRule.CANCEL] == flow.records[SideRule.CANCEL_UNMATCHED] == 1
    assert flow.traded.sum() == 0


def test_positions_keep_their_totals_when_room_is_made() -> None:
    flow = taken([Made(price=22, position=2)])
    before = totals(flow)
    flow.grow(10_000)
    assert totals(flow) == before
    flow.apply(columns([Made(price=22, position=9_999)]), 1)
    assert flow.bought[9_999] == 5


def test_what_a_tape_holds_of_trades() -> None:
    rows = records("tcbbo", 3)
    rows["price"], rows["size"], rows["ts_recv"] = 10**9, 3, OPEN + MINUTE
    rows.flags.writeable = False
    places = np.array([0, -1, 0], np.int32)
    codes = np.frombuffer(bytes([0, 0, Condition.CROSS]), np.uint8)
    for conditions, last in ((None, SideRule.NO_QUOTE), (codes, SideRule.CONDITION)):
        flow = new_flow()
        out = flow.apply(Trades.of(rows, places, conditions=conditions), 0)
        assert out.rule.tolist() == [SideRule.NO_QUOTE, SideRule.NONE, last]
        assert flow.unsigned.tolist()[:1] == [6]


def test_trades_close_where_positions_are_held() -> None:
    """Two of equal open interest, one of them traded nine times as much, and one of another chain.

    Half of all volume closes, in halves where it is held: all of the quiet one's does.
    """
    flow = new_flow(terms=True)
    flow.settle(EVERY, np.array([2e5, 2e5, 0.0, 0.0, 1e5]))
    for n in range(100):
        at = OPEN + n * SECOND
        made = [Made(size=90, at=at), Made(size=10, at=at, position=1), Made(at=at, position=4)]
        flow.apply(columns(made), 3 * n)
    first, second, _, _, alone = growth(flow)
    assert first / 9_000 == pytest.approx(1 - 2 * 0.5 * 0.5 / 0.9, abs=0.01)
    assert second == 5 - 990, "all but the first, beside which nothing had been traded"
    assert alone == 0, "of a chain of one contract half closes"


@given(st.permutations(range(12)), st.integers(1, 11))
def test_the_order_within_a_second_is_no_matter(order: list[int], cut: int) -> None:
    """Nor into how many files its trades are divided."""
    earlier = [Made(size=7 * n + 1, position=n % 3) for n in range(9)]
    second = [
        Made(size=n + 1, position=n % 3, at=OPEN + 2 * MINUTE + 70_000_000 * n) for n in range(12)
    ]
    grown = []
    for places in (range(12), order):
        flow = new_flow(terms=True)
        flow.settle(EVERY, np.array([2e3, 7e3, 3e3, 0.0, 1e3]))
        flow.apply(columns(earlier), 0)
        trades = [second[place] for place in places]
        flow.apply(columns(trades[:cut]), 100)
        flow.apply(columns(trades[cut:]), 200)
        grown.append(growth(flow))
    assert grown[0] == grown[1]


def test_without_anything_held_all_trades_open() -> None:
    flow = taken([Made(size=7)])
    assert growth(flow)[0] == 7
    flow.apply(columns([Made(size=7, position=1)]), 1)
    assert growth(flow)[1] == 7, "nobody holds any of it yet"


def test_open_interest_that_is_corrected_counts_from_then_on() -> None:
    flow, known = new_flow(), new_flow()
    flow.settle(EVERY, np.array([NAN, 500.0, 0.0, 0.0, 0.0]))
    for ledger in (flow, known):
        ledger.settle(EVERY[:2], np.array([900.0, 100.0]))
        ledger.apply(columns([Made(), Made(position=1)]), 0)
    assert growth(flow) == growth(known) != [5.0, 5.0, 0.0, 0.0, 0.0]


def test_what_closed_comes_back_with_a_cancel() -> None:
    flow = new_flow()
    flow.settle(EVERY, np.full(CONTRACTS, 100.0))
    flow.apply(columns([Made(), Made(position=1), cancel(0), cancel(1)]), 0)
    assert growth(flow) == [0.0] * CONTRACTS


def test_an_empty_tick_changes_nothing() -> None:
    flow = taken([])
    assert flow.records.sum() == 0


def test_dollars_by_hand() -> None:
    """Five calls of delta 0.5 sold at 500: 5 x 0.5 x 100 x 500, and 5 x 0.02 x 100 x 500^2 x 1%."""
    out = new_flow().apply(columns([Made(price=18), Made(price=18, delta=NAN)]), 0)
    assert out.delta_dollars.tolist() == [-125_000, 0]
    assert out.gamma_dollars.tolist() == [-25_000, 0]


@pytest.mark.parametrize("trades_a_minute", [1, 4])
def test_flow_is_unbiased_and_its_variance_is_what_is_seen(trades_a_minute: int) -> None:
    """Either side is as likely; a minute's trades are misread together, as often as it says.

    The expected side is then the mean of what customers did, and the variance that of the rest.
    """
    random = np.random.default_rng(3)
    contracts, minutes = 4000, 5
    true = np.where(random.random((contracts, minutes)) < 0.5, 1, -1)
    is_wrong = random.random((contracts, minutes)) < 0.5 * (1.0 - EXPECTED_SIDE["quote"])
    seen = np.where(is_wrong, -true, true)
    sold = (seen < 0).repeat(trades_a_minute, axis=1).ravel()
    many = repeated(Made(price=22, size=3), len(sold))
    minute = np.tile(np.arange(minutes).repeat(trades_a_minute), contracts)
    trades = many._replace(
        price=np.where(sold, 18, 22) * 50_000_000,
        positions=np.arange(contracts, dtype=np.int32).repeat(minutes * trades_a_minute),
        received=many.received + minute * MINUTE,
    )
    flow = FlowLedger(OPEN, CLOSE)
    flow.grow(contracts)
    flow.apply(trades, 0)
    missed = 3 * trades_a_minute * true.sum(axis=1) - flow.net_bought
    spread = missed.std()
    assert missed.mean() == pytest.approx(0.0, abs=4 * spread / contracts**0.5)
    assert np.sqrt(flow.variance).mean() == pytest.approx(spread, rel=0.04)
    # Nothing better can be made of it by a factor: what is missed does not go with what is seen.
    assert np.mean(missed * flow.net_bought) / spread**2 == pytest.approx(0.0, abs=0.06)


def test_cancelled_prices_do_not_come_back() -> None:
    """Two trades, both undone in the order they came: the tick test knows neither."""
    flow = FlowLedger(OPEN, CLOSE)
    flow.grow(1)
    rows = records("tcbbo", 1)
    at = OPEN + 60 * 10**9
    rows["size"], rows["ts_recv"] = 1, at

    def take(number: int, price: float, cancels: int = NO_CANCEL) -> Classifications:
        rows["price"] = round(price * 1e9)
        trades = Trades.of(rows, np.zeros(1, np.int32))
        trades.standing[0] = (1.00, 1.10, 5.0, 5.0)
        trades.cancels[0] = cancels
        return flow.apply(trades, number)

    take(0, 1.00)
    take(1, 1.10)
    take(2, 1.00, cancels=0)
    take(3, 1.10, cancels=1)
    assert take(4, 1.05).rule[0] == SideRule.NO_RULE
