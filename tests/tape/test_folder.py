"""A folder opened: what it is taken for, what is used of it, and what is no tape."""

import datetime
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import databento_dbn as dbn
import numpy as np
import pytest

from zerodte.records.dbn import SCHEMAS, Records
from zerodte.tape.folder import Tape, TapeError, open_tape
from zerodte.tape.writer import TapeWriter

Make = Callable[..., Records]
OPEN = 1_648_042_200 * 10**9
SECOND = 10**9
CALL, PUT = "SPXW  220323C04480000", "SPXW  220323P04480000"
PLACES = ("definitions", "statistics", "underlying", "quotes", "trades")


def contents(tape: Tape) -> dict[tuple[str, str, str], int]:
    """How many records there are of each place, dataset and schema."""
    out: dict[tuple[str, str, str], int] = {}
    for tick in tape.ticks():
        for place in PLACES:
            for batch in getattr(tick, place):
                key = (place, batch.dataset, batch.schema)
                out[key] = out.get(key, 0) + len(batch.records)
    return out


@pytest.fixture
def vendor(recorded: Path, tmp_path: Path) -> Path:
    """The vendor's files of one option on AAPL, as a download would lie in a folder."""
    folder = tmp_path / "download"
    folder.mkdir()
    for path in (recorded / "opra_dbn").glob("test_data.*.zst"):
        if "cmbp-1" not in path.name:  # of another vendor's dataset
            shutil.copy(path, folder)
    return folder


def test_vendors_download_is_a_tape(vendor: Path) -> None:
    tape = open_tape(vendor)
    assert tape.session.date == datetime.date(2025, 2, 20)
    assert tape.symbols == {"OPRA.PILLAR": {16783963: "AAPL  250221C00250000"}}
    assert tape.kind("OPRA.PILLAR") == "options"
    assert (tape.notes.source, tape.notes.notes) == ("recorded", ())
    assert len(tape.files) == 7
    assert tape.warnings == [
        "test_data.cbbo-1m.dbn.zst: ignored; the quotes of OPRA.PILLAR come from cbbo-1s",
        "test_data.mbp-1.dbn.zst: ignored; the quotes of OPRA.PILLAR come from cbbo-1s",
        "test_data.trades.dbn.zst: ignored; the trades of OPRA.PILLAR come from tbbo",
    ]
    assert contents(tape) == {
        ("definitions", "OPRA.PILLAR", "definition"): 1,
        ("statistics", "OPRA.PILLAR", "statistics"): 4,
        ("quotes", "OPRA.PILLAR", "cbbo-1s"): 4,
        ("trades", "OPRA.PILLAR", "tbbo"): 4,
    }
    assert tape.last_receive_time == 1740061803 * SECOND
    ends = [tick.end for tick in tape.ticks() if tick.trades]
    assert ends == [1740061801 * SECOND, 1740061802 * SECOND]


def test_venues_quotes_are_left_out(vendor: Path) -> None:
    for path in vendor.glob("*cbbo*"):
        path.unlink()
    tape = open_tape(vendor)
    quotes = [batch for tick in tape.ticks() for batch in tick.quotes]
    assert [(batch.schema, batch.records["publisher_id"].tolist()) for batch in quotes] == [
        ("mbp-1", [30])
    ]
    assert (
        "test_data.mbp-1.dbn.zst: 3 records are quotes of one venue; left out, "
        "the consolidated ones are used"
    ) in tape.warnings


def test_symbols_come_from_mappings_where_there_are_no_definitions(vendor: Path) -> None:
    (vendor / "test_data.definition.dbn.zst").unlink()
    assert open_tape(vendor).symbols == {"OPRA.PILLAR": {16783963: "AAPL  250221C00250000"}}


def test_definitions_win_over_mappings(writer: TapeWriter, make: Make) -> None:
    writer.write("OPRA.PILLAR", "cbbo-1s", make("cbbo-1s", 1, 2))
    other = TapeWriter(writer.path.with_name("other"))
    definition = make("definition", 0, 0)[1:]
    definition["raw_symbol"] = b"SPXW  220323P04500000"
    path = other.write("OPRA.PILLAR", "definition", definition)
    shutil.copy(path, writer.path / "definitions.dbn.zst")
    symbols = open_tape(writer.path).symbols
    assert symbols == {"OPRA.PILLAR": {1: CALL, 2: "SPXW  220323P04500000"}}


def foreign(
    path: Path, content: Records, mappings: dict[str, list[tuple[str, str, str]]], *, by_id: bool
) -> None:
    """A file whose mappings say something else than ours would."""

    class Interval:
        def __init__(self, start: str, end: str, symbol: str) -> None:
            self.start_date = datetime.date.fromisoformat(start)
            self.end_date = datetime.date.fromisoformat(end)
            self.symbol = symbol

    class Mapping:
        def __init__(self, name: str, intervals: list[tuple[str, str, str]]) -> None:
            self.raw_symbol = name
            self.intervals: Sequence[Any] = [Interval(*interval) for interval in intervals]

    kinds = (dbn.SType.RAW_SYMBOL, dbn.SType.INSTRUMENT_ID)
    stype_in, stype_out = reversed(kinds) if by_id else kinds
    metadata = dbn.Metadata(
        dataset="OPRA.PILLAR",
        start=1,
        stype_in=stype_in,  # type: ignore[arg-type]
        stype_out=stype_out,  # type: ignore[arg-type]
        schema=dbn.Schema.from_str("cbbo-1s"),
        mappings=[Mapping(name, intervals) for name, intervals in mappings.items()],
    )
    path.write_bytes(bytes(metadata) + content.tobytes())


def test_mappings_hold_on_their_dates_only(tmp_path: Path, make: Make) -> None:
    days = ("2022-03-22", "2022-03-23", "2022-03-24", "2022-03-25")
    by_symbol = {
        CALL: [(days[0], days[1], "9"), (days[1], days[2], "1"), (days[2], days[3], "8")],
        PUT: [(days[0], days[3], "2")],
        "GONE": [(days[0], days[1], "1")],
        "UNRESOLVED": [(days[0], days[3], "")],
    }
    foreign(tmp_path / "a.dbn", make("cbbo-1s", 1, 2), by_symbol, by_id=False)
    assert open_tape(tmp_path).symbols == {"OPRA.PILLAR": {1: CALL, 2: PUT}}
    by_number = {"1": [(days[1], days[2], CALL)], "2": [(days[1], days[2], PUT)]}
    foreign(tmp_path / "a.dbn", make("cbbo-1s", 1, 2), by_number, by_id=True)
    assert open_tape(tmp_path).symbols == {"OPRA.PILLAR": {1: CALL, 2: PUT}}
    foreign(tmp_path / "a.dbn", make("cbbo-1s", 1, 2), {CALL: by_symbol[CALL][:1]}, by_id=False)
    with pytest.raises(TapeError, match="its instruments have no symbols on 2022-03-23"):
        open_tape(tmp_path)


def test_finest_quotes_and_best_trades_of_each_dataset_are_used(
    writer: TapeWriter, make: Make
) -> None:
    writer.write("OPRA.PILLAR", "definition", make("definition", 1, 2))
    for schema in SCHEMAS.keys() - {"definition", "cmbp-1", "tcbbo"}:
        writer.write("OPRA.PILLAR", schema, make(schema, 1, 2))
        writer.write("XNAS.ITCH", schema, make(schema, 1, 2))
    writer.write("ZERODTE.INDEX", "trades", make("trades", 1, 2))
    tape = open_tape(writer.path)
    kinds = {name: tape.kind(name) for name in tape.symbols}
    assert kinds == {"OPRA.PILLAR": "options", "XNAS.ITCH": "equity", "ZERODTE.INDEX": "index"}
    assert contents(tape) == {
        ("definitions", "OPRA.PILLAR", "definition"): 2,
        ("statistics", "OPRA.PILLAR", "statistics"): 2,
        ("statistics", "XNAS.ITCH", "statistics"): 2,
        ("quotes", "OPRA.PILLAR", "cbbo-1s"): 2,
        ("trades", "OPRA.PILLAR", "tbbo"): 2,
        ("underlying", "XNAS.ITCH", "cbbo-1s"): 2,
        ("underlying", "XNAS.ITCH", "tbbo"): 2,
        ("underlying", "ZERODTE.INDEX", "trades"): 2,
    }
    aside = [warning.split(".2022")[0] for warning in tape.warnings]
    coarser = ("bbo-1m", "bbo-1s", "cbbo-1m", "mbp-1", "trades")
    assert aside == [f"{name}.{s}" for name in ("opra.pillar", "xnas.itch") for s in coarser]


@pytest.mark.parametrize("has_trades", [True, False])
@pytest.mark.parametrize("others", [(), ("tbbo", "trades"), ("tcbbo", "tbbo")])
def test_trades_among_the_quotes(
    writer: TapeWriter, make: Make, others: tuple[str, ...], has_trades: bool
) -> None:
    """Trades of cmbp-1 are used where there are some and tcbbo does not have them better."""
    quotes = make("cmbp-1", 1, 2, 2.5, 3)
    if has_trades:
        quotes["action"][1:3] = b"T"
    writer.write("OPRA.PILLAR", "cmbp-1", quotes)
    for schema in others:
        writer.write("OPRA.PILLAR", schema, make(schema, 1))
    found = contents(open_tape(writer.path))
    assert found.pop(("quotes", "OPRA.PILLAR", "cmbp-1")) == 4
    if "tcbbo" in others:
        expected = {("trades", "OPRA.PILLAR", "tcbbo"): 1}
    elif has_trades:
        expected = {("trades", "OPRA.PILLAR", "tcbbo"): 2}
    else:
        expected = {("trades", "OPRA.PILLAR", "tbbo"): 1} if others else {}
    assert found == expected


def test_newest_beginning_is_the_session(writer: TapeWriter, make: Make) -> None:
    day = 24 * 3600
    writer.write("OPRA.PILLAR", "cbbo-1s", make("cbbo-1s", -day, -day + 5, 7))
    writer.write("OPRA.PILLAR", "trades", make("trades", -3600, 8))
    writer.write("OPRA.PILLAR", "statistics", make("statistics", -day, 3 * day))
    tape = open_tape(writer.path)
    assert tape.session.date == datetime.date(2022, 3, 23)
    assert tape.last_receive_time == OPEN + 8 * SECOND
    # Statistics keep their time: whether they are of today is for their reader to judge.
    assert [(tick.end - OPEN) // SECOND for tick in tape.ticks()] == [-day, -3600, 7, 8]
    assert [warning.partition(": ")[2] for warning in tape.warnings] == [
        "2 records are from before the session; left out",
        "1 records are from after the session; left out",
    ]


def test_unknown_schemas_are_set_aside(writer: TapeWriter, make: Make) -> None:
    writer.write("OPRA.PILLAR", "cbbo-1s", make("cbbo-1s", 1, 2))
    bars = dbn.Metadata(
        dataset="XNAS.BARS",
        start=1,
        stype_in=dbn.SType.RAW_SYMBOL,  # type: ignore[arg-type]
        stype_out=dbn.SType.INSTRUMENT_ID,  # type: ignore[arg-type]
        schema=dbn.Schema.from_str("ohlcv-1m"),
    )
    (writer.path / "bars.dbn").write_bytes(bytes(bars) + bytes(560))
    (warning,) = open_tape(writer.path).warnings
    assert warning.startswith("bars.dbn: ignored; ohlcv-1m is not one of definition, statistics")


def test_a_folder_of_tapes_is_none(tmp_path: Path, writer: TapeWriter, make: Make) -> None:
    for name in ("first", "second"):
        shutil.copytree(writer.path, tmp_path / "tapes" / name)
        (tmp_path / "tapes" / name / "tape.json").write_text("{}")
    with pytest.raises(TapeError, match="a folder of 2 tapes; name one, such as /"):
        open_tape(tmp_path / "tapes")


def test_folders_that_are_no_tape_are_refused(
    tmp_path: Path, writer: TapeWriter, make: Make
) -> None:
    with pytest.raises(TapeError, match="missing: no such folder"):
        open_tape(tmp_path / "missing")
    with pytest.raises(TapeError, match=r"no DBN files in it; they are named \*\.dbn or"):
        open_tape(writer.path)
    writer.write("OPRA.PILLAR", "definition", make("definition", 1, 2))
    with pytest.raises(TapeError, match="no quote and no trade with a receive time"):
        open_tape(writer.path)
    (writer.path / "tape.json").write_text('{"source": 5}')
    writer.write("OPRA.PILLAR", "trades", make("trades", 1, 2))
    with pytest.raises(TapeError, match=r"tape\.json.*expected: "):
        open_tape(writer.path)


def test_market_data_of_no_known_day_is_refused(writer: TapeWriter, make: Make) -> None:
    path = writer.write("OPRA.PILLAR", "trades", make("trades", 1, 2), name="a.dbn")
    raw = bytearray(path.read_bytes())
    raw[-16:-8] = raw[-64:-56] = np.uint64(5).tobytes()
    path.write_bytes(raw)
    with pytest.raises(TapeError, match="begins at 5 ns since 1970"):
        open_tape(writer.path)


def test_unknown_dataset_has_no_kind(writer: TapeWriter, make: Make) -> None:
    writer.write("OPRA.PILLAR", "trades", make("trades", 1, 2))
    with pytest.raises(TapeError, match=r"no dataset OPRA; it has OPRA\.PILLAR"):
        open_tape(writer.path).kind("OPRA")
