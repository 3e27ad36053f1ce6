"""A file tells its own format, and an importer that gets another's names the right command."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from importers.datashop_day import trade_rows, trades_file
from importers.test_import_losses import chain
from zerodte.cli.commands import main
from zerodte.importers.cboe_chain import import_chain
from zerodte.importers.cboe_eod import import_eod
from zerodte.importers.cboe_trades import import_trades
from zerodte.importers.databento_csv import import_databento_csv
from zerodte.tape.error import TapeError
from zerodte.tape.folder import open_tape

EOD_HEADER = (
    "underlying_symbol,quote_date,root,expiration,strike,option_type,trade_volume,bid_1545,"
    "ask_1545,bid_eod,ask_eod,open_interest"
)
EOD_ROW = "ABC,2025-06-02,ABC,2025-06-02,100,C,7,0.6,0.7,0.1,0.2,345"


def run(*arguments: object) -> str:
    result = CliRunner().invoke(main, ["import", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_trades_and_open_interest_of_a_day_make_one_tape(tmp_path: Path) -> None:
    trades = trades_file(tmp_path, trade_rows(50, seed=1))
    eod = tmp_path / "eod.csv"
    eod.write_text(f"{EOD_HEADER}\n{EOD_ROW}\n")
    said = run("csv", eod, trades, "--out", tmp_path / "t")
    assert "50, of which 0 were cancelled" in said
    assert "open interest 1 contracts, of 2025-06-02" in said
    tape = open_tape(tmp_path / "t")
    assert tape.warnings == []
    schemas = {file.schema for file in tape.selected_files}
    assert schemas == {"definition", "statistics", "cbbo-1m", "tcbbo", "bbo-1m"}
    symbols = list(tape.symbols["CBOE.DATASHOP"].values())
    assert len(symbols) == len(set(symbols))


def test_a_chain_is_recognised_and_needs_its_time(tmp_path: Path) -> None:
    file = chain(tmp_path)
    result = CliRunner().invoke(main, ["import", "csv", str(file), "--out", str(tmp_path / "t")])
    assert (result.exit_code, "--at" in result.stderr) == (2, True)
    said = run("csv", file, "--at", "2022-03-23T10:11", "--out", tmp_path / "t")
    assert said.startswith("SPX, 2022-03-23 10:11:00 New York")


def test_an_importer_names_the_command_of_another_format(tmp_path: Path) -> None:
    trades = trades_file(tmp_path, trade_rows(5, seed=2))
    for wrong in (
        lambda: import_eod(trades, tmp_path / "t"),
        lambda: import_databento_csv([trades], tmp_path / "t"),
        lambda: import_chain(trades, "2025-06-02T10:00", tmp_path / "t"),
    ):
        with pytest.raises(TapeError, match=r"use zerodte import cboe-trades$"):
            wrong()
    eod = tmp_path / "eod.csv"
    eod.write_text(f"{EOD_HEADER}\n{EOD_ROW}\n")
    with pytest.raises(TapeError, match=r"use zerodte import cboe-eod$"):
        import_trades(eod, tmp_path / "t")
    assert not (tmp_path / "t").exists()


def test_a_file_of_no_format_lists_them(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("a,b\n1,2\n")
    result = CliRunner().invoke(main, ["import", "csv", str(file), "--out", str(tmp_path / "t")])
    assert result.exit_code == 1
    assert "of no known format; it begins with 'a,b'; expected: option trades" in result.stderr
