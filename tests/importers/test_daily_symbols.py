"""Databento's ids are given anew each day: a trade never goes to another day's contract."""

import datetime
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from zerodte.cli.commands import main
from zerodte.runtime.replay import replay
from zerodte.tape.folder import open_tape

FIRST, SECOND = "2025-06-02", "2025-06-03"
CALL, PUT = "SPXW  250602C05930000", "SPXW  250603P05900000"
OTHER = "SPXW  250603C05900000"

#: Time, id, symbol, contracts.
Trade = tuple[str, int, str, int]
#: Time, id, symbol.
Definition = tuple[str, int, str]


def trades(path: Path, rows: Sequence[Trade], *, has_symbols: bool = True) -> Path:
    header = "ts_recv,ts_event,rtype,publisher_id,instrument_id,action,side,price,size"
    lines = [
        f"{at}Z,{at}Z,194,30,{number},T,N,11.000000000,{size}" + f",{symbol}" * has_symbols
        for at, number, symbol, size in rows
    ]
    path.write_text("\n".join([header + ",symbol" * has_symbols, *lines, ""]))
    return path


def definitions(path: Path, rows: Sequence[Definition]) -> Path:
    header = "ts_recv,ts_event,rtype,publisher_id,instrument_id,raw_symbol,instrument_class"
    lines = [f"{at}Z,{at}Z,19,30,{number},{raw},{raw[12]}" for at, number, raw in rows]
    path.write_text("\n".join([header, *lines, ""]))
    return path


def imported(out: Path, *files: Path, day: str = "") -> Result:
    options = ["--date", day] if day else []
    return CliRunner().invoke(
        main, ["import", "csv", *map(str, files), *options, "--out", str(out)]
    )


def volume(folder: Path) -> dict[str, int]:
    """Contracts traded by symbol, as the trades of the tape say, in all as a replay does."""
    tape = open_tape(folder)
    found: dict[str, int] = {}
    for tick in tape.ticks():
        for batch in tick.trades:
            names = tape.symbols[batch.dataset]
            for number, size in batch.records[["instrument_id", "size"]].tolist():
                found[names[number]] = found.get(names[number], 0) + size
    assert replay(tape).market.flow.traded.sum() == sum(found.values())
    return found


TWO_DAYS: list[Trade] = [
    (f"{FIRST}T14:00:00", 7, CALL, 5),
    (f"{SECOND}T14:00:00", 7, PUT, 9),
    (f"{SECOND}T14:01:00", 8, OTHER, 3),
]


@pytest.mark.parametrize(
    ("day", "left_out", "wanted"), [(FIRST, 2, {CALL: 5}), (SECOND, 1, {PUT: 9, OTHER: 3})]
)
def test_an_id_is_the_contract_of_its_own_day(
    tmp_path: Path, day: str, left_out: int, wanted: dict[str, int]
) -> None:
    file = trades(tmp_path / "opra-pillar-20250602.tcbbo.csv", TWO_DAYS)
    result = imported(tmp_path / "t", file, day=day)
    assert result.exit_code == 0, result.output
    assert f"skipped       {left_out} records of tcbbo of other sessions\n" in result.output
    assert volume(tmp_path / "t") == wanted
    assert open_tape(tmp_path / "t").session.date == datetime.date.fromisoformat(day)


def test_two_days_in_which_an_id_is_another_contract_need_the_date(tmp_path: Path) -> None:
    result = imported(tmp_path / "t", trades(tmp_path / "two.tcbbo.csv", TWO_DAYS))
    assert result.exit_code == 1
    assert f"instrument 7 is '{CALL}' in one session and '{PUT}' in that of" in result.output
    assert f"choose it with zerodte import csv --date {SECOND}" in result.output
    assert not (tmp_path / "t").exists()


def test_definitions_of_another_day_name_nothing(tmp_path: Path) -> None:
    old = definitions(
        tmp_path / "opra-pillar-20250602.definition.csv",
        [(f"{FIRST}T10:30:00", 7, CALL), (f"{FIRST}T10:30:00", 8, CALL.replace("C", "P"))],
    )
    new = definitions(
        tmp_path / "opra-pillar-20250603.definition.csv",
        [(f"{SECOND}T10:30:00", 7, PUT), (f"{SECOND}T10:30:00", 8, OTHER)],
    )
    own = trades(tmp_path / "opra-pillar-20250603.tcbbo.csv", TWO_DAYS[1:], has_symbols=False)
    result = imported(tmp_path / "t", old, own)
    assert result.exit_code == 0, result.output
    assert "0 of tcbbo\n  skipped       2 records of tcbbo of unknown instruments" in result.output
    assert imported(tmp_path / "u", old, own, day=SECOND).exit_code == 1
    result = imported(tmp_path / "v", old, new, own, day=SECOND)
    assert result.exit_code == 0, result.output
    assert "2 records of definition of other sessions" in result.output
    assert volume(tmp_path / "v") == {PUT: 9, OTHER: 3}


def test_an_id_with_two_names_in_a_session_is_left_out(tmp_path: Path) -> None:
    named = definitions(
        tmp_path / "opra-pillar-20250603.definition.csv",
        [(f"{SECOND}T10:30:00", 7, PUT), (f"{SECOND}T10:30:00", 8, OTHER)],
    )
    rows = [*TWO_DAYS[1:], (f"{SECOND}T14:02:00", 7, OTHER.replace("5900", "5905"), 4)]
    file = trades(tmp_path / "opra-pillar-20250603.tcbbo.csv", rows)
    result = imported(tmp_path / "t", named, file)
    assert result.exit_code == 0, result.output
    assert "1 records of definition of instruments with two symbols" in result.output
    assert "2 records of tcbbo of instruments with two symbols" in result.output
    assert volume(tmp_path / "t") == {OTHER: 3}


def test_a_session_has_the_evening_of_the_day_before(tmp_path: Path) -> None:
    """From 18:00 New York, which is 22:00 UTC, the ids are still those of that day.

    A contract that has another id the next day is one on the tape.
    """
    evening = f"{FIRST}T22:30:00"
    file = trades(
        tmp_path / "opra-pillar-20250603.tcbbo.csv",
        [(evening, 7, OTHER, 2), (evening, 9, OTHER, 6), *TWO_DAYS[1:]],
    )
    result = imported(tmp_path / "t", file)
    assert result.exit_code == 0, result.output
    assert "skipped       1 records of tcbbo of instruments with two symbols" in result.output
    assert volume(tmp_path / "t") == {PUT: 9, OTHER: 9}
    # What is defined in the evening is so on the next day, and not the other way round.
    named = definitions(
        tmp_path / "opra-pillar-20250603.definition.csv",
        [(evening, 7, PUT), (f"{SECOND}T10:30:00", 8, OTHER)],
    )
    rows = [(evening, 8, "", 2), *TWO_DAYS[1:]]
    file = trades(tmp_path / "opra-pillar-20250603.trades.csv", rows, has_symbols=False)
    result = imported(tmp_path / "u", named, file)
    assert result.exit_code == 0, result.output
    assert "skipped       1 records of tcbbo of unknown instruments" in result.output
    assert volume(tmp_path / "u") == {PUT: 9, OTHER: 3}
