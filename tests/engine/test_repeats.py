"""Repeats are remembered for as long as is said, however many come."""

import numpy as np

from zerodte.constants import REPEAT_REACH
from zerodte.engine.repeats import Repeats
from zerodte.records.dbn import Records, records


def trades(first: int, count: int) -> Records:
    """Trades that differ in their price."""
    rows = records("tcbbo", count)
    rows["price"] = first + np.arange(count)
    rows["size"] = 1
    return rows


def test_every_trade_of_a_backlog_is_known_again() -> None:
    repeats, step = Repeats(), 1000
    for tick, first in enumerate(range(0, REPEAT_REACH, step), start=1):
        assert not repeats.find(trades(first, step), tick).any()
    for tick, first in enumerate(range(0, REPEAT_REACH - step, step), start=10**6):
        assert repeats.find(trades(first, step), tick).all()
    assert repeats.count == len(range(0, REPEAT_REACH - step, step)) * step


def test_within_a_tick_equal_records_are_fills() -> None:
    repeats = Repeats()
    one = trades(5, 1)
    three = np.concatenate((one, one, one))
    assert not repeats.find(three, 1).any()
    assert repeats.find(three, 2).all()


def test_sequence_numbers_tell_repeats_within_a_tick() -> None:
    rows = records("trades", 3)
    rows["price"], rows["sequence"] = 1, (7, 7, 8)
    assert Repeats().find(rows, 1).tolist() == [False, True, False]


def test_what_is_remembered_does_not_fade_when_the_tables_change_turns() -> None:
    repeats = Repeats()
    old = trades(-10, 10)
    assert not repeats.find(old, 1).any()
    assert not repeats.find(trades(0, REPEAT_REACH // 2), 2).any()
    assert not repeats.find(trades(REPEAT_REACH, REPEAT_REACH // 2 - 20), 3).any()
    assert repeats.find(old, 4).all()


def test_repeats_of_many_symbols_are_found_while_the_table_grows() -> None:
    repeats, rng, symbols = Repeats(), np.random.default_rng(3), 20
    repeats.grow(symbols)
    first_tick: dict[tuple[int, int], int] = {}
    came = 0
    for tick in range(1, 60):
        count = int(rng.choice((5, 900, 8000)))
        rows, owners = trades(came, count), rng.integers(-1, symbols, count, np.int32)
        again = rng.random(count) < 0.2
        rows["price"][again] = rng.integers(0, came + 1, int(again.sum()))
        came += count
        keys = [*zip(owners.tolist(), rows["price"].tolist(), strict=True)]
        expected = [
            owner >= 0 and first_tick.setdefault((owner, price), tick) != tick
            for owner, price in keys
        ]
        assert repeats.find(rows, tick, owners).tolist() == expected
    assert came > 100_000
