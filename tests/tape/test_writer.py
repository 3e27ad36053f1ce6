"""What is written, held against the public client; what is refused."""

import datetime
from collections.abc import Callable
from pathlib import Path

import databento
import numpy as np
import pytest
from databento.common.symbology import InstrumentMap
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zerodte.records.dbn import LENGTH_UNIT, RTYPES, SCHEMAS, Records
from zerodte.tape.folder import TapeError, open_tape
from zerodte.tape.writer import TapeWriter

Make = Callable[..., Records]
OPEN = 1_648_042_200 * 10**9
CALL, PUT = "SPXW  220323C04480000", "SPXW  220323P04480000"
EVERY_SCHEMA = pytest.mark.parametrize("schema", SCHEMAS)
EVERY_SUFFIX = pytest.mark.parametrize("suffix", [".dbn", ".dbn.zst"])


# The client leaves the files that it reads open.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@EVERY_SCHEMA
@EVERY_SUFFIX
def test_public_client_reads_every_file(
    writer: TapeWriter, make: Make, schema: str, suffix: str
) -> None:
    content = make(schema, 1.5, 2.25)
    path = writer.write("OPRA.PILLAR", schema, content, name=f"any-name{suffix}")
    store = databento.DBNStore.from_file(path)
    assert (store.dataset, str(store.schema)) == ("OPRA.PILLAR", schema)
    assert store.to_ndarray().tobytes() == content.tobytes()
    assert [record.instrument_id for record in store] == [1, 2]
    assert store.metadata.start == content["ts_recv"][0]
    assert store.metadata.end == content["ts_recv"][1] + 1
    known = InstrumentMap()
    known.insert_metadata(store.metadata)
    day = datetime.date(2022, 3, 23)
    assert [known.resolve(number, day) for number in (1, 2)] == [CALL, PUT]


@EVERY_SCHEMA
@settings(
    deadline=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_records_come_back(tmp_path: Path, schema: str, data: st.DataObject) -> None:
    """Whatever stands in a record's fields but its header and time, every byte is kept."""
    n = data.draw(st.integers(1, 5))
    layout = SCHEMAS[schema]
    raw = data.draw(st.binary(min_size=n * layout.itemsize, max_size=n * layout.itemsize))
    content = np.frombuffer(raw, layout).copy()
    content["length"], content["rtype"] = layout.itemsize // LENGTH_UNIT, RTYPES[schema]
    content["instrument_id"] = data.draw(st.lists(st.integers(1, 3), min_size=n, max_size=n))
    content["ts_recv"] = OPEN + np.arange(n)
    if schema == "definition":
        content["raw_symbol"] = [f"S{number}" for number in content["instrument_id"]]
    symbols = {number: f"S{number}" for number in range(1, 4)}
    writer = TapeWriter(tmp_path)
    for suffix in (".dbn", ".dbn.zst"):
        path = writer.path / f"{schema}{suffix}"
        path.unlink(missing_ok=True)
        writer.write("X", schema, content, symbols, name=path.name)
        store = databento.DBNStore.from_bytes(path.read_bytes())
        assert store.to_ndarray().tobytes() == content.tobytes()


def test_names_are_made_of_what_a_file_holds(writer: TapeWriter, make: Make) -> None:
    first = writer.write("OPRA.PILLAR", "cbbo-1s", make("cbbo-1s", 60))
    second = writer.write("OPRA.PILLAR", "cbbo-1s", make("cbbo-1s", 120))
    assert first.name == "opra.pillar.cbbo-1s.20220323T133100Z.dbn.zst"
    assert second.name == "opra.pillar.cbbo-1s.20220323T133200Z.dbn.zst"
    inner = writer.write("OPRA.PILLAR", "tcbbo", make("tcbbo", 60), name="noon/trades.dbn")
    assert inner == writer.path / "noon" / "trades.dbn"
    names = [file.name for file in open_tape(writer.path).files]
    assert names == ["noon/trades.dbn", first.name, second.name]


def test_file_is_never_overwritten(writer: TapeWriter, make: Make) -> None:
    path = writer.write("OPRA.PILLAR", "cbbo-1s", make("cbbo-1s", 60))
    before = path.read_bytes()
    with pytest.raises(TapeError, match="never overwritten"):
        writer.write("OPRA.PILLAR", "cbbo-1s", make("cbbo-1s", 60, 61))
    assert path.read_bytes() == before
    assert sorted(found.name for found in writer.path.iterdir()) == [path.name, "tape.json"]


@pytest.mark.parametrize(
    ("dataset", "schema", "name", "message"),
    [
        ("", "cbbo-1s", "a.dbn", "1 to 15 ASCII characters"),
        ("SIXTEEN.LETTERS.", "cbbo-1s", "a.dbn", "1 to 15 ASCII characters"),
        ("ÖPRA", "cbbo-1s", "a.dbn", "1 to 15 ASCII characters"),
        ("OPRA.PILLAR", "ohlcv-1m", "a.dbn", "expected: one of definition, statistics"),
        ("OPRA.PILLAR", "cmbp-1", "a.dbn", r"another layout; create them with records\('cmbp-1'"),
        ("OPRA.PILLAR", "cbbo-1m", "a.dbn", "header of another schema"),
        ("OPRA.PILLAR", "cbbo-1s", "a.txt", r"ends in \.dbn or \.dbn\.zst"),
        ("OTHER", "cbbo-1s", "a.dbn", "no symbol for 2 instruments, 1 the first"),
    ],
)
def test_what_cannot_be_written_is_refused(
    writer: TapeWriter, make: Make, dataset: str, schema: str, name: str, message: str
) -> None:
    with pytest.raises(TapeError, match=message):
        writer.write(dataset, schema, make("cbbo-1s", 1, 2), name=name)
    assert list(writer.path.iterdir()) == []


def test_records_without_a_time_are_refused(writer: TapeWriter, make: Make) -> None:
    with pytest.raises(TapeError, match="no record with a receive time"):
        writer.write("OPRA.PILLAR", "cbbo-1s", make("cbbo-1s"))
    untimed = make("cbbo-1s", 1, 2)
    untimed["ts_recv"] = [0, 2**64 - 1]
    with pytest.raises(TapeError, match="no record with a receive time"):
        writer.write("OPRA.PILLAR", "cbbo-1s", untimed)
    untimed["ts_recv"] = 5
    with pytest.raises(TapeError, match="1970"):
        writer.write("OPRA.PILLAR", "cbbo-1s", untimed)


def test_symbols_that_say_nothing_or_too_much_are_refused(writer: TapeWriter, make: Make) -> None:
    with pytest.raises(TapeError, match="the symbol of instrument 1 is empty"):
        writer.write("OTHER", "cbbo-1s", make("cbbo-1s", 1), {1: ""})
    with pytest.raises(TapeError, match="too long"):
        writer.write("OTHER", "cbbo-1s", make("cbbo-1s", 1), {1: "A" * 71}, name="a.dbn")


def test_ids_are_kept_when_a_tape_grows(writer: TapeWriter, make: Make) -> None:
    writer.write("OPRA.PILLAR", "cbbo-1s", make("cbbo-1s", 1, 2), {4000: "SPXW  220323P04500000"})
    writer.write("OPRA.PILLAR", "trades", make("trades", 1, 2))
    later = make("cbbo-1s", 3)
    later["instrument_id"] = 4000
    writer.write("OPRA.PILLAR", "cbbo-1s", later)
    again = TapeWriter(writer.path)
    third, fourth = "SPXW  220323C04490000", "SPXW  220323P04490000"
    assert again.ids("OPRA.PILLAR", [PUT, third, CALL, fourth, third]).tolist() == [
        2, 4001, 1, 4002, 4001,
    ]  # fmt: skip
    assert again.ids("OPRA.PILLAR", ["SPXW  220323P04500000"]).tolist() == [4000]
    assert again.ids("OTHER", ["A", "B"]).tolist() == [1, 2]


def test_definitions_say_what_their_instruments_are(writer: TapeWriter, make: Make) -> None:
    content = make("definition", 1, 2)
    content["instrument_id"] = [7, 9]
    writer.write("MADE.UP", "definition", content)
    assert writer.ids("MADE.UP", [PUT, CALL, "X"]).tolist() == [9, 7, 10]
    content["instrument_id"] = [9, 7]
    with pytest.raises(TapeError, match=f"instrument 9 is {PUT}, not {CALL}"):
        writer.write("MADE.UP", "definition", content, name="other.dbn")


def test_notes_gather_and_sources_agree(tmp_path: Path, make: Make) -> None:
    writer = TapeWriter(tmp_path, source="simulated", notes=["minute bars"])
    writer.write("OPRA.PILLAR", "cbbo-1m", make("cbbo-1m", 1, 2), {1: CALL, 2: PUT})
    TapeWriter(tmp_path, source="simulated", notes=["minute bars", "no sizes"]).finish()
    notes = open_tape(tmp_path).notes
    assert (notes.source, notes.notes) == ("simulated", ("minute bars", "no sizes"))
    with pytest.raises(TapeError, match="simulated, not recorded"):
        TapeWriter(tmp_path)


def test_warnings_of_a_tape_stay_and_gather(tmp_path: Path, make: Make) -> None:
    writer = TapeWriter(tmp_path, warnings={"SPX": ["late"], "SPY": ["odd"]})
    writer.write("OPRA.PILLAR", "tcbbo", make("tcbbo", 1), {1: CALL})
    TapeWriter(tmp_path, warnings={"SPX": ["late", "few"], "QQQ": ["new"]}).finish()
    warnings = open_tape(tmp_path).notes.warnings
    assert warnings == {"SPX": ("late", "few"), "SPY": ("odd",), "QQQ": ("new",)}
    TapeWriter(tmp_path).finish()
    assert open_tape(tmp_path).notes.warnings == warnings


def test_slowest_source_says_the_cadence(tmp_path: Path, make: Make) -> None:
    for cadence, expected in ((0, 0), (60, 60), (5, 60)):
        writer = TapeWriter(tmp_path, cadence_seconds=cadence)
        writer.write("X", "trades", make("trades", cadence), {1: CALL})
        assert open_tape(tmp_path).notes.cadence_seconds == expected
    (tmp_path / "tape.json").write_text('{"cadence_seconds": -1}')
    with pytest.raises(TapeError, match="cadence_seconds"):
        open_tape(tmp_path)


def test_evening_file_is_known_in_its_session(tmp_path: Path, make: Make) -> None:
    """Of 20:00 on the day before, when UTC has the session's date, and 19:00 on a Friday."""
    for at, session in ((-13.5, (2022, 3, 23)), (24 * -5 + 9.5, (2022, 3, 21))):
        writer = TapeWriter(tmp_path / f"{session}")
        writer.write("X", "cbbo-1m", make("cbbo-1m", at * 3600), {1: CALL})
        tape = open_tape(writer.path)
        assert tape.session.date == datetime.date(*session)
        assert tape.symbols == {"X": {1: CALL}}
