"""Databento's CSV and mixed DBN files: the same records as those of a file per schema."""

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import databento
import databento_dbn as dbn
import numpy as np
import pytest
import zstandard
from click.testing import CliRunner

from session.made_tape import DATE, OPEN, SECOND, quotes, stock, trades, write
from zerodte.cli.commands import main
from zerodte.importers.databento_csv import import_databento_csv
from zerodte.importers.mixed_dbn import import_mixed_dbn
from zerodte.records.dbn import UNDEF_PRICE, Records
from zerodte.runtime.replay import replay
from zerodte.tape.error import TapeError
from zerodte.tape.folder import Tape, open_tape

#: The package's type stubs declare the members of its enums as other types.
STYPES: Any = dbn.SType

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the client's own


@pytest.fixture
def made(tmp_path: Path) -> Tape:
    return write(
        tmp_path / "made",
        ("cbbo-1s", quotes("cbbo-1s", 200, 60.0, seed=1)),
        ("tcbbo", trades("tcbbo", 150, 60.0, seed=2)),
        ("bbo-1s", stock(60)),
    )


def to_csv(tape: Tape, folder: Path, **options: Any) -> list[Path]:
    """Each file of a tape as the public client writes it."""
    folder.mkdir()
    found = []
    for file in tape.files:
        path = folder / f"{file.name.removesuffix('.dbn')}.csv"
        databento.DBNStore.from_bytes(file.path.read_bytes()).to_csv(path, **options)
        found.append(path)
    return found


def contents(tape: Tape) -> dict[tuple[str, str], list[Any]]:
    """Every field of every record by kind of instrument and schema."""
    found: dict[tuple[str, str], list[Any]] = {}
    for file in tape.files:
        rows: Records = np.concatenate(list(file.chunks(warn=pytest.fail)))
        names = [name for name in rows.dtype.names or () if not name.startswith("_reserved")]
        order = np.argsort(rows["ts_recv"], kind="stable")
        found[tape.kind(file.dataset), file.schema] = rows[order][names].tolist()
    return found


@pytest.mark.parametrize("is_pretty", [True, False])
@pytest.mark.parametrize("suffix", ["", ".zst"])
def test_csv_files_hold_the_same_records(
    made: Tape, tmp_path: Path, suffix: str, *, is_pretty: bool
) -> None:
    files = to_csv(made, tmp_path / "csv", pretty_px=is_pretty, pretty_ts=is_pretty)
    if suffix:
        for path in files:
            path.with_name(path.name + suffix).write_bytes(zstandard.compress(path.read_bytes()))
        files = [path.with_name(path.name + suffix) for path in files]
    options = [path for path in files if "bbo-1s" not in path.name or "cbbo" in path.name]
    import_databento_csv(options, tmp_path / "t", "OPRA.PILLAR")
    others = [path for path in files if path not in options]
    import_databento_csv(others, tmp_path / "t", "XNAS.ITCH")
    tape = open_tape(tmp_path / "t")
    found, expected = contents(tape), contents(made)
    assert found.keys() == expected.keys()
    for key, rows in expected.items():
        assert found[key] == rows
    assert replay(tape).digest == replay(made).digest


def test_symbols_may_come_from_the_definitions_alone(made: Tape, tmp_path: Path) -> None:
    files = to_csv(made, tmp_path / "csv", map_symbols=False)
    options = [path for path in files if not path.name.startswith("2.")]
    found = import_databento_csv(options, tmp_path / "t")
    assert {content.dataset for content in found} == {"OPRA.PILLAR"}
    assert not any(content.skipped for content in found)
    assert len(open_tape(tmp_path / "t").symbols["OPRA.PILLAR"]) == 22
    without = [path for path in options if "definition" not in path.name]
    with pytest.raises(TapeError, match=r"no record .*150 records of tcbbo of unknown instruments"):
        import_databento_csv(without, tmp_path / "u")


def test_the_name_of_a_file_tells_the_dataset(made: Tape, tmp_path: Path) -> None:
    (file,) = [path for path in to_csv(made, tmp_path / "csv") if path.name.startswith("2.")]
    named = file.rename(file.with_name("xnas-itch-20250602.bbo-1s.csv"))
    result = CliRunner().invoke(
        main, ["import", "databento-csv", str(named), "--out", str(tmp_path / "t")]
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{named.name}: XNAS.ITCH, 60 of bbo-1s\n")


@pytest.mark.parametrize(
    ("column", "text", "fact"),
    [("bid_px_00", "x", "bids"), ("size", "1.5", "sizes"), ("price", "1e3", "prices")],
)
def test_a_cell_that_cannot_be_read_is_unknown(
    made: Tape, tmp_path: Path, column: str, text: str, fact: str
) -> None:
    (file,) = [path for path in to_csv(made, tmp_path / "csv") if "tcbbo" in path.name]
    header, first, *rows = file.read_text().splitlines()
    cells = dict(zip(header.split(","), first.split(","), strict=True)) | {column: text}
    file.write_text("\n".join([header, ",".join(cells.values()), *rows, ""]))
    (content,) = import_databento_csv([file], tmp_path / "t")
    loss = content.losses["ABC"].by_fact()[fact]
    assert (loss.unknown, loss.seen, loss.example) == (1, 150, f"'{text}' on line 2")
    tape = open_tape(tmp_path / "t")
    assert len(contents(tape)["options", "tcbbo"]) == 150
    assert tape.notes.import_losses["ABC"][fact] == loss
    if column != "size":
        rows_read = np.concatenate(list(tape.files[0].chunks(warn=pytest.fail)))
        assert (rows_read[column] == UNDEF_PRICE).sum() == 1


def test_a_row_without_a_receive_time_is_lost_and_counted(made: Tape, tmp_path: Path) -> None:
    (file,) = [path for path in to_csv(made, tmp_path / "csv") if "tcbbo" in path.name]
    lines = file.read_text().splitlines()
    at = lines[0].split(",").index("ts_recv")
    cells = lines[3].split(",")
    cells[at] = "yesterday"
    lines[3] = ",".join(cells)
    file.write_text("\n".join([*lines, ""]))
    (content,) = import_databento_csv([file], tmp_path / "t")
    assert content.skipped == {"rows without an instrument or a receive time": 1}
    assert len(contents(open_tape(tmp_path / "t"))["options", "tcbbo"]) == 149


def test_foreign_and_cut_csv_files_are_refused(made: Tape, tmp_path: Path) -> None:
    file = to_csv(made, tmp_path / "csv")[0]
    text = file.read_text()
    for content, message in (
        ("a,b\n1,2\n", "not a CSV file of Databento; it lacks rtype"),
        (text[:-60], "columns; expected: a whole file"),
        (text.replace(",192,", ",32,"), r"records of type 32; expected one of .*194 \(tcbbo\)"),
    ):
        file.write_text(content)
        with pytest.raises(TapeError, match=message):
            import_databento_csv([file], tmp_path / "t")
    assert not (tmp_path / "t").exists()


def mixed(tape: Tape, path: Path, *extra: bytes) -> Path:
    """The options' records of a tape in one file, in the order of their times, and others."""
    parts = []
    for file in tape.files:
        if file.dataset == "OPRA.PILLAR":
            for chunk in file.chunks(warn=pytest.fail):
                parts += [(int(row["ts_recv"]), row.tobytes()) for row in chunk]
    metadata = dbn.Metadata(
        dataset="OPRA.PILLAR",
        start=OPEN,
        stype_in=None,
        stype_out=STYPES.INSTRUMENT_ID,
        schema=None,
        version=3,
    )
    body = b"".join(part for _, part in sorted(parts, key=lambda part: part[0]))
    path.write_bytes(zstandard.compress(metadata.encode() + b"".join(extra) + body))
    return path


def test_a_mixed_file_becomes_a_file_per_schema(made: Tape, tmp_path: Path) -> None:
    header = {"publisher_id": 30, "instrument_id": 1, "ts_event": OPEN + SECOND}
    bar = dbn.OHLCVMsg(rtype=32, open=1, high=1, low=1, close=1, volume=1, **header)
    system = dbn.SystemMsg(ts_event=OPEN, msg="Heartbeat")
    path = mixed(made, tmp_path / "live.dbn.zst", bytes(system), bytes(bar), bytes(system))
    (content,) = import_mixed_dbn([path], tmp_path / "t")
    assert content.skipped == {"records of type System": 2, "records of type OHLCV": 1}
    expected = {key: rows for key, rows in contents(made).items() if key[0] == "options"}
    assert contents(open_tape(tmp_path / "t")) == expected
    assert str(content).startswith("live.dbn.zst: OPRA.PILLAR, 22 of definition, 22 of statistics")


def test_symbol_mappings_of_a_live_session_name_the_instruments(tmp_path: Path) -> None:
    made = write(tmp_path / "made", ("tcbbo", trades("tcbbo", 20, 60.0, seed=3)))
    for name in ("definition.dbn", "statistics.dbn"):
        (tmp_path / "made" / name).unlink()
    mappings = [
        bytes(
            dbn.SymbolMappingMsg(
                publisher_id=0,
                instrument_id=number,
                ts_event=OPEN,
                stype_in=STYPES.PARENT,
                stype_in_symbol="ABC.OPT",
                stype_out=STYPES.RAW_SYMBOL,
                stype_out_symbol=symbol,
                start_ts=OPEN,
                end_ts=OPEN,
            )
        )
        for number, symbol in made.symbols["OPRA.PILLAR"].items()
    ]
    path = mixed(open_tape(tmp_path / "made"), tmp_path / "live.dbn.zst", *mappings)
    result = CliRunner().invoke(main, ["import", "dbn", str(path), "--out", str(tmp_path / "t")])
    assert result.exit_code == 0, result.output
    assert "20 of tcbbo" in result.stdout
    tape = open_tape(tmp_path / "t")
    assert tape.session.date == DATE
    assert set(tape.symbols["OPRA.PILLAR"].values()) <= set(made.symbols["OPRA.PILLAR"].values())


def test_a_recorded_live_session_is_divided(recorded: Path, tmp_path: Path) -> None:
    file = recorded / "databento_live" / "test_data.live.dbn.zst"
    if not file.exists():
        pytest.skip(f"{file} is absent")
    (content,) = import_mixed_dbn([file], tmp_path / "t")
    assert {schema: len(rows) for schema, rows in content.records.items()} == {
        "statistics": 9,
        "definition": 2,
        "tbbo": 2,
        "trades": 2,
    }
    assert content.skipped == {
        "records of type MBO": 5,
        "records of type OHLCV": 4,
        "records of type MBP10": 2,
    }


def test_damaged_mixed_files_are_refused(made: Tape, tmp_path: Path) -> None:
    path = mixed(made, tmp_path / "live.dbn.zst")
    plain = zstandard.decompress(path.read_bytes())
    for content, message in (
        (plain[:-10], "ends within a record, "),
        (b"ABC" + plain[3:], "not a DBN file"),
        (path.read_bytes()[:200], "ends within a record|damaged|not a DBN file"),
    ):
        path.write_bytes(content)
        with pytest.raises(TapeError, match=message):
            import_mixed_dbn([path], tmp_path / "t")
    assert not (tmp_path / "t").exists()


def whole(tape: Tape, folder: Path, *, is_pretty: bool) -> tuple[list[Path], Records]:
    """Trades at whole dollars as a CSV file without a decimal point, and the trades."""
    rows = trades("tcbbo", 40, 60.0, seed=4)
    for name in ("price", "bid_px_00", "ask_px_00"):
        rows[name] = (1 + rows[name] // 10**9) * 10**9
    made = write(folder / "whole", ("tcbbo", rows))
    files = to_csv(made, folder / "csv", pretty_px=is_pretty)
    for path in files:
        path.write_text(path.read_text().replace(".000000000,", ","))
    return [path for path in files if "statistics" not in path.name], rows


@pytest.mark.parametrize("is_pretty", [True, False])
def test_whole_dollars_without_a_point_are_told_from_raw_prices(
    made: Tape, tmp_path: Path, *, is_pretty: bool
) -> None:
    files, rows = whole(made, tmp_path, is_pretty=is_pretty)
    import_databento_csv(files, tmp_path / "t")
    (file,) = [file for file in open_tape(tmp_path / "t").files if file.schema == "tcbbo"]
    (found,) = file.chunks(warn=pytest.fail)
    assert found["price"].tolist() == rows["price"].tolist()


def test_prices_of_two_units_are_refused(made: Tape, tmp_path: Path) -> None:
    files, _ = whole(made, tmp_path, is_pretty=False)
    (file,) = [path for path in files if "tcbbo" in path.name]
    lines = file.read_text().splitlines()
    columns, cells = lines[0].split(","), lines[1].split(",")
    cells[columns.index("price")] = "5"
    file.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]))
    with pytest.raises(TapeError, match="prices without a decimal point"):
        import_databento_csv(files, tmp_path / "t")
    assert not (tmp_path / "t").exists()


def mapping(number: int, symbol: str, at: int) -> bytes:
    return bytes(
        dbn.SymbolMappingMsg(
            publisher_id=0,
            instrument_id=number,
            ts_event=at,
            stype_in=STYPES.PARENT,
            stype_in_symbol="ABC.OPT",
            stype_out=STYPES.RAW_SYMBOL,
            stype_out_symbol=symbol,
            start_ts=at,
            end_ts=at,
        )
    )


def divided(made: Tape, path: Path, mappings: list[Any], *parts: bytes) -> Path:
    """A mixed file whose metadata map, and that has these parts."""
    metadata = dbn.Metadata(
        dataset="OPRA.PILLAR",
        start=OPEN,
        stype_in=STYPES.RAW_SYMBOL,
        stype_out=STYPES.INSTRUMENT_ID,
        schema=None,
        symbols=[],
        mappings=mappings,
        version=3,
    )
    path.write_bytes(zstandard.compress(metadata.encode() + b"".join(parts)))
    return path


AFTER = "records of instruments after a mapping to another symbol"


def test_records_after_a_mapping_to_another_symbol_are_left_out(made: Tape, tmp_path: Path) -> None:
    rows = trades("tcbbo", 30, 60.0, seed=5)
    rows["instrument_id"] = 1
    first, second = made.symbols["OPRA.PILLAR"][1], made.symbols["OPRA.PILLAR"][2]
    parts = (
        mapping(1, first, OPEN),
        rows[:10].tobytes(),
        mapping(1, second, OPEN + SECOND),
        rows[10:20].tobytes(),
        mapping(1, first, OPEN + 2 * SECOND),
        rows[20:].tobytes(),
    )
    (content,) = import_mixed_dbn(
        [divided(made, tmp_path / "l.dbn.zst", [], *parts)], tmp_path / "t"
    )
    assert content.skipped[AFTER] == 10
    assert content.symbols == {1: first}
    assert len(content.records["tcbbo"]) == 20


@pytest.mark.drill
def test_metadata_name_the_instruments_day_by_day(made: Tape, tmp_path: Path) -> None:
    rows = trades("tcbbo", 20, 60.0, seed=6)
    rows["instrument_id"] = 1
    later = rows.copy()
    later["ts_recv"] += np.uint64(24 * 3600 * SECOND)
    later["ts_event"] = later["ts_recv"]
    first, second = made.symbols["OPRA.PILLAR"][1], made.symbols["OPRA.PILLAR"][2]
    days = [DATE + datetime.timedelta(days=n) for n in range(3)]
    mappings = [
        Mapped(name, [Span(days[n], days[n + 1], "1")]) for n, name in enumerate((first, second))
    ]
    path = divided(made, tmp_path / "l.dbn.zst", mappings, rows.tobytes(), later.tobytes())
    (content,) = import_mixed_dbn([path], tmp_path / "t")
    assert content.symbols == {1: first}
    assert content.skipped == {AFTER: 20}
    assert replay(open_tape(tmp_path / "t")).market.flow.traded.sum() == rows["size"].sum()


@dataclass
class Span:
    """As the decoder's package reads an interval."""

    start_date: datetime.date
    end_date: datetime.date
    symbol: str


@dataclass
class Mapped:
    """As it reads the mappings of a symbol."""

    raw_symbol: str
    intervals: list[Span]


def test_two_imports_of_one_day_share_their_symbols(made: Tape, tmp_path: Path) -> None:
    """A live recording in two files, imported one after the other."""
    rows = trades("tcbbo", 40, 60.0, seed=7)
    names = made.symbols["OPRA.PILLAR"]
    for number, part in enumerate((rows[:25], rows[15:])):
        mappings = (
            mapping(at, names[at], OPEN) for at in np.unique(part["instrument_id"]).tolist()
        )
        path = divided(made, tmp_path / f"{number}.dbn.zst", [], *mappings, part.tobytes())
        command = ["import", "dbn", str(path), "--out", str(tmp_path / "t")]
        result = CliRunner().invoke(main, command)
        assert result.exit_code == 0, result.output
    session = replay(open_tape(tmp_path / "t"))
    assert session.market.flow.traded.sum() == rows["size"].sum()


def test_an_import_of_csv_files_is_all_or_nothing(made: Tape, tmp_path: Path) -> None:
    files = [str(path) for path in to_csv(made, tmp_path / "csv") if "bbo-1s" not in path.name]
    bad = tmp_path / "bad.csv"
    bad.write_text(
        "quote_datetime,root,expiration,strike,option_type,trade_size,trade_price,"
        "trade_condition_id,best_bid,best_ask\n1,2\n"
    )
    out = tmp_path / "t"

    def imported(*names: str, day: str = str(DATE)) -> Any:
        return CliRunner().invoke(main, ["import", "csv", *names, "--date", day, "--out", str(out)])

    failed = imported(*files, str(bad))
    assert failed.exit_code == 1
    assert "Traceback" not in failed.output
    assert ".part" not in failed.output
    assert not out.exists()
    other = imported(*files, day="2025-06-03")
    assert other.exit_code == 1
    assert "of other sessions" in other.output
    assert not out.exists()
    assert imported(*files).exit_code == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert imported(str(bad)).exit_code == 1
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
