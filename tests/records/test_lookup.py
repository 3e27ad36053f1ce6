"""The table of instrument ids, held against a dict."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from zerodte.records.dbn import records
from zerodte.records.lookup import UNKNOWN_ID, IdTable

# Few different ids, spread to both ends of their type, so that they come again and collide.
ids = st.one_of(st.integers(0, 40), st.integers(2**32 - 40, 2**32 - 1), st.integers(0, 2**32 - 1))
pairs = st.lists(st.tuples(ids, st.integers(UNKNOWN_ID, 2**31 - 1)), max_size=60)


@settings(deadline=None)
@given(st.lists(pairs, max_size=6), st.lists(ids, max_size=60))
def test_positions_are_those_of_a_dict(
    parts: list[list[tuple[int, int]]], asked: list[int]
) -> None:
    table, twin = IdTable(), dict[int, int]()
    for part in parts:
        table.add([number for number, _ in part], [position for _, position in part])
        twin.update(part)
    asked += list(twin)
    found = table.positions(np.array(asked, np.uint32))
    assert found.tolist() == [twin.get(number, UNKNOWN_ID) for number in asked]


def test_table_outgrows_its_room() -> None:
    numbers = np.random.default_rng(5).choice(2**32, 20_000, replace=False).astype(np.uint32)
    table = IdTable(numbers[:10], np.arange(10))
    for start in range(10, len(numbers), 999):
        part = numbers[start : start + 999]
        table.add(part, np.arange(start, start + len(part)))
    assert (table.positions(numbers) == np.arange(len(numbers))).all()


def test_ids_of_records_are_looked_up_in_place() -> None:
    quotes = records("cbbo-1s", 3)
    quotes["instrument_id"] = [7, 8, 9]
    table = IdTable([9, 7], [1, 0])
    assert table.positions(quotes["instrument_id"]).tolist() == [0, UNKNOWN_ID, 1]
    assert table.positions(quotes["instrument_id"]).dtype == np.int32
    assert table.positions(quotes["instrument_id"][:0]).tolist() == []
