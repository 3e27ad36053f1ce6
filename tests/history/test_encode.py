"""A finished session comes back from its bytes exactly, and damage never passes for data."""

import json
import zlib

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.made_days import made_day, same
from session.day import Day, ask
from session.generated import send
from session.usual import usual
from zerodte.history.decode import decode
from zerodte.history.encode import encode
from zerodte.history.error import HistoryError
from zerodte.history.stored import StoredSession
from zerodte.session.sample import SampleDay
from zerodte.views.frame import Frame
from zerodte.views.snapshot import snapshot_at
from zerodte.wire.snapshot import SnapshotQuery


def test_one_day_comes_back_to_the_bit() -> None:
    finished = made_day(samples=40)
    assert any(context.scheduled for context in finished.day.contexts)
    assert same(decode(encode(finished)), finished)


@pytest.mark.drill
@given(seed=st.integers(0, 2**32), samples=st.integers(1, 300), strikes=st.integers(1, 9))
def test_a_day_comes_back_to_the_bit(seed: int, samples: int, strikes: int) -> None:
    finished = made_day(seed, samples, strikes)
    assert same(decode(encode(finished)), finished)


def test_equality_here_sees_a_bit() -> None:
    assert same(made_day(1), made_day(1))
    changed = made_day(1)
    changed.day.columns.delta_dollars[-1, -1] += 1
    assert not same(changed, made_day(1))


def test_the_same_day_has_the_same_bytes() -> None:
    assert encode(made_day(2)).equals(encode(made_day(2)))


@pytest.mark.drill
def test_no_damage_passes_for_data() -> None:
    """Flipped bytes give the day or an error: pages have checksums, the rest has a form."""
    finished = made_day(samples=40)
    content = encode(finished).to_pybytes()
    refused = 0
    for at in np.random.default_rng(0).integers(0, len(content), 300).tolist():
        damaged = bytearray(content)
        damaged[at] ^= 0x10
        try:
            found = decode(pa.py_buffer(bytes(damaged)))
        except HistoryError:
            refused += 1
        else:
            assert same(found, finished)
    assert refused > 200


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_half_a_file_is_refused(share: float) -> None:
    content = encode(made_day(samples=40)).to_pybytes()
    with pytest.raises(HistoryError, match="damaged"):
        decode(pa.py_buffer(content[: int(share * len(content))]))


def test_a_newer_version_is_refused_by_its_number() -> None:
    with pytest.raises(HistoryError, match=r"version 2; .* use a newer one"):
        decode(_changed(version=2, something_new={"a": 1}))


def test_what_is_added_later_is_unknown_to_no_reader() -> None:
    table = _table()
    added = table.append_column("decision", pa.array(["wait"] * len(table)))
    assert same(decode(_written(added)), made_day(samples=40))
    assert same(decode(_changed(remark="a field that is not known here")), made_day(samples=40))


def test_what_an_older_file_lacks_is_unknown() -> None:
    table = _table().drop_columns(
        ["spot_source", "open_interest_method", "spot", "newest", "call_mid", "net_bought"]
    )
    day = decode(_changed(table, columns=table.column_names)).day
    assert (day.inputs["spot_source"] == -1).all()
    assert (day.inputs["oi_method"] == -1).all()
    assert np.isnan(day.inputs["spot"]).all()
    assert (day.inputs["newest"] == 0).all()
    assert (day.columns.mid[:, 0] == -1).all()
    assert np.isnan(day.columns.net_bought).all()
    assert same(day.columns.mid[:, 1], made_day(samples=40).day.columns.mid[:, 1])


def test_an_older_file_tells_events_by_their_words() -> None:
    """There events come first among all notices, as many as the decision knew of at most."""
    table = _table().drop_columns(["scheduled_notices"])
    told = [["A at 10:00 New York", "B at 14:00 New York", "adjusted root: 1 left out"]] * 40
    for name, values in (("notices", told), ("events_ahead", [2] * 20 + [1] * 20)):
        place = table.column_names.index(name)
        column = pa.array(values, table.schema.field(name).type)
        table = table.set_column(place, name, column)
    contexts = decode(_changed(table, columns=table.column_names)).day.contexts
    assert {len(context.scheduled) for context in contexts[:20]} == {2}
    assert {len(context.scheduled) for context in contexts[20:]} == {1}
    assert {context.warnings for context in contexts} == {tuple(told[0])}


@pytest.mark.parametrize(
    ("spot", "apart", "is_said_of_older"), [(501.0, 0.2, False), (502.0, 0.4, True)]
)
def test_how_far_spot_may_lie_from_parity_comes_back_from_a_file(
    spot: float, apart: float, *, is_said_of_older: bool
) -> None:
    """Half a sigma near the close; a quarter of a percent where an older file does not say."""
    session = send(Day(), usual(vol=0.2, elapsed=360), "15:30", spot).session
    day = session.samples("SPX")
    assert day is not None
    table = pq.read_table(pa.BufferReader(encode(StoredSession(day, "replay"))))
    older = table.drop_columns(["spot_tolerance"])

    warning = f"spot (index) lies {apart:.2f}% from parity"

    def is_said(day: SampleDay) -> bool:
        frame = Frame.past(day, "replay", "SPX", session.now)
        answer = json.loads(snapshot_at(frame, SnapshotQuery(symbol="SPX")))
        return warning in answer["warnings"]

    assert warning in ask(session)["warnings"]
    assert is_said(day)
    assert is_said(decode(_written(table)).day)
    assert is_said(decode(_changed(older, columns=older.column_names)).day) == is_said_of_older


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": 41}, "40 rows; expected: 41"),
        (
            {"strikes": [1.0], "calls_since": [0], "puts_since": [0]},
            "a list of 5 elements; expected: 1",
        ),
        ({"source": "guessed"}, "guessed"),
        ({"gaps": None}, "gaps"),
    ],
)
def test_metadata_that_does_not_fit_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(HistoryError, match=message):
        decode(_changed(**changes))


def test_a_parquet_file_of_something_else_is_refused() -> None:
    with pytest.raises(HistoryError, match="not one of a finished session"):
        decode(_written(_table().replace_schema_metadata()))


def test_a_lost_column_is_named() -> None:
    table = _table().drop_columns(["inputs_digest"])
    with pytest.raises(HistoryError, match="its column inputs_digest is missing"):
        decode(_written(table))
    with pytest.raises(HistoryError, match="its column 'inputs_digest' is missing"):
        decode(_changed(table, columns=table.column_names))


def test_a_word_that_no_code_stands_for_is_named() -> None:
    table = _table()
    place = table.column_names.index("regime")
    strange = table.set_column(place, "regime", pa.array(["sideways"] * len(table)))
    with pytest.raises(
        HistoryError, match="unknown value 'sideways'; expected: one of positive_gamma"
    ):
        decode(_written(strange))


def _table() -> pa.Table:
    return pq.read_table(pa.BufferReader(encode(made_day(samples=40))))


def _written(table: pa.Table) -> pa.Buffer:
    out = pa.BufferOutputStream()
    pq.write_table(table, out)
    return out.getvalue()


def _changed(table: pa.Table | None = None, **changes: object) -> pa.Buffer:
    """A file of a day, or of a table of one, other things said of it."""
    table = _table() if table is None else table
    told = msgspec.json.decode(table.schema.metadata[b"zerodte"]) | changes
    text = msgspec.json.encode(told)
    metadata = {b"zerodte": text, b"zerodte.crc32": str(zlib.crc32(text)).encode()}
    return _written(table.replace_schema_metadata(metadata))
