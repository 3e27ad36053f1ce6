"""DataShop's end-of-day file on a tape: the recorded one row by row, and wrong ones."""

import csv
import datetime
from collections import Counter
from pathlib import Path

import pytest

from zerodte.clock import new_york
from zerodte.importers.cboe_eod import import_eod
from zerodte.records.dbn import STAT_OPEN_INTEREST
from zerodte.runtime.replay import replay
from zerodte.tape.error import TapeError
from zerodte.tape.folder import open_tape

FILE = "chains/spxw_2019-06-26_1545_cboe_eod.csv"
DAY = datetime.date(2019, 6, 26)

HEADER = (
    "quote_date,expiration,strike,option_type,bid_size_1545,bid_1545,ask_size_1545,ask_1545,"
    "underlying_bid_1545,underlying_ask_1545,trade_volume,open_interest"
)
ROW = "2019-06-26,2019-06-26,2900,C,1,17.1,2,18.2,2917.8,2918.42,10,20"


def eod_file(folder: Path, *rows: str, header: str = HEADER, name: str = "spxw_eod.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8-sig")
    return path


def test_the_recorded_file_becomes_the_tape_that_it_says(recorded: Path, tmp_path: Path) -> None:
    summary = import_eod(recorded / FILE, tmp_path)
    tape = open_tape(tmp_path)
    at = new_york(DAY, datetime.time(15, 45))
    ticks = list(tape.ticks())
    quotes = [batch for tick in ticks for batch in tick.quotes]
    facts = [batch for tick in ticks for batch in tick.statistics]
    names = tape.symbols["CBOE.DATASHOP"]
    columns = ["instrument_id", "bid_px_00", "ask_px_00", "bid_sz_00", "ask_sz_00", "ts_recv"]
    found = {
        names[number]: (bid / 1e9, ask / 1e9, bid_size, ask_size, received)
        for batch in quotes
        for number, bid, ask, bid_size, ask_size, received in batch.records[columns].tolist()
    }
    settled = {
        names[number]: (stat, quantity, dated)
        for batch in facts
        for number, stat, quantity, dated in batch.records[
            ["instrument_id", "stat_type", "quantity", "ts_event"]
        ].tolist()
    }
    with (recorded / FILE).open(newline="", encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    raws = [
        f"SPXW  {row['expiration'][2:].replace('-', '')}{row['option_type']}"
        f"{round(float(row['strike']) * 1000):08d}"
        for row in rows
    ]
    morning = new_york(DAY, datetime.time(6, 30))
    assert found == {
        raw: (
            float(row["bid_1545"]),
            float(row["ask_1545"]),
            int(row["bid_size_1545"]),
            int(row["ask_size_1545"]),
            at,
        )
        for raw, row in zip(raws, rows, strict=True)
    }
    assert settled == {
        raw: (STAT_OPEN_INTEREST, int(row["open_interest"]), morning)
        for raw, row in zip(raws, rows, strict=True)
    }
    assert (tape.session.date, tape.last_receive_time, tape.warnings) == (DAY, at, [])
    assert (summary.same_day_contracts, summary.same_day_open_interest) == (322, 294_667)
    assert (summary.rows, summary.contracts, summary.expiries) == (10_384, 10_384, 30)
    assert summary.skipped == Counter({"volumes of the whole day": 10_384})


def test_the_index_stands_at_the_middle_of_its_quote(recorded: Path, tmp_path: Path) -> None:
    import_eod(recorded / FILE, tmp_path)
    tape = open_tape(tmp_path)
    (value,) = [batch for tick in tape.ticks() for batch in tick.underlying]
    assert (value.dataset, value.schema) == ("ZERODTE.INDEX", "trades")
    assert value.records["price"].tolist() == [2918_110000000]
    assert tape.symbols["ZERODTE.INDEX"] == {1: "SPX"}


def test_an_equitys_quote_stays_a_quote(tmp_path: Path) -> None:
    summary = import_eod(eod_file(tmp_path, ROW), tmp_path / "tape", root="spy")
    assert summary.symbol == "SPY"
    (quote,) = [batch for tick in open_tape(tmp_path / "tape").ticks() for batch in tick.underlying]
    assert (quote.dataset, quote.schema) == ("CBOE.EQUITY", "bbo-1m")
    top = quote.records[["bid_px_00", "ask_px_00"]].tolist()
    assert top == [(2917_800000000, 2918_420000000)]


def test_an_index_without_a_quote_gives_none(tmp_path: Path) -> None:
    row = ROW.replace("2917.8,2918.42", "0,0")
    summary = import_eod(eod_file(tmp_path, row), tmp_path / "tape")
    assert not summary.has_underlying
    assert [tick for tick in open_tape(tmp_path / "tape").ticks() if tick.underlying] == []


def test_a_column_of_roots_decides(tmp_path: Path) -> None:
    """Full files hold both roots of an index: one name for all would merge two expiries."""
    file = eod_file(tmp_path, f"{ROW},SPX", f"{ROW},SPXW", header=f"{HEADER},root", name="all.csv")
    summary = import_eod(file, tmp_path / "tape", root="SPXW")
    symbols = open_tape(tmp_path / "tape").symbols["CBOE.DATASHOP"].values()
    assert sorted(raw[:4] for raw in symbols) == ["SPX ", "SPXW"]
    assert (summary.contracts, summary.same_day_contracts) == (2, 1)


@pytest.mark.parametrize(
    ("day", "at"),
    [
        (datetime.date(2019, 11, 29), datetime.time(15, 45)),
        (datetime.date(2020, 11, 27), datetime.time(12, 45)),
        (datetime.date(2020, 11, 30), datetime.time(15, 45)),
    ],
)
def test_half_days_are_quoted_earlier_since_2020(
    tmp_path: Path, day: datetime.date, at: datetime.time
) -> None:
    file = eod_file(tmp_path, ROW.replace("2019-06-26", day.isoformat()))
    assert import_eod(file, tmp_path / "tape").at == new_york(day, at)


def test_what_is_left_out_is_counted_by_reason(tmp_path: Path) -> None:
    def row(**changes: str) -> str:
        cells = dict(zip(HEADER.split(","), ROW.split(","), strict=True)) | changes
        return ",".join(cells.values())

    file = eod_file(
        tmp_path,
        row(),
        row(),
        row(expiration="2019-06-25"),
        row(expiration="tomorrow"),
        row(strike="2900.0001"),
        row(strike="0"),
        row(option_type="X"),
        row(bid_1545="-1"),
        row(ask_size_1545="1.5"),
        row(open_interest=""),
        "2019-06-26,2019-06-26,2905,C,1,17.1",
        row(strike="2910"),
    )
    summary = import_eod(file, tmp_path / "tape")
    assert summary.skipped == Counter(
        {
            "contracts that cannot be read": 4,
            "contracts listed a second time": 4,
            "contracts that had expired": 1,
            "volumes of the whole day": 3,
        }
    )
    assert summary.rows == 12


@pytest.mark.parametrize("name", ["spy_eod.csv", "eod.csv", "UnderlyingOptionsEODQuotes.csv"])
def test_a_name_that_does_not_say_the_root_asks_for_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(TapeError, match="--root SPXW"):
        import_eod(eod_file(tmp_path, ROW, name=name), tmp_path / "tape")
    assert not (tmp_path / "tape").exists()


def test_a_root_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="'S&P' is not a root"):
        import_eod(eod_file(tmp_path, ROW), tmp_path / "tape", root="S&P")


@pytest.mark.parametrize(
    ("rows", "header", "wrong"),
    [
        ([], HEADER, "a header without rows"),
        ([ROW], "a,b,c", "not a DataShop end-of-day file .* lacks quote_date, expiration"),
        ([ROW], HEADER.replace("bid_1545", "bid_eod"), "lacks bid_1545"),
        ([ROW, ROW.replace("2019-06-26", "2019-06-27")], HEADER, "covers 2 days"),
        ([ROW.replace("2019-06-26", "26.06.2019")], HEADER, "quote_date is not a date"),
        ([ROW.replace("2019-06-26", "2019-07-04")], HEADER, "not a trading day"),
        ([ROW.replace("2019-06-26", "1970-07-03")], HEADER, "1990-01-01 to 2099-12-31"),
        ([ROW.replace("26,2900", "25,2900")], HEADER, "it has 1 contracts that had expired"),
    ],
)
def test_a_foreign_file_is_refused_by_name(
    tmp_path: Path, rows: list[str], header: str, wrong: str
) -> None:
    with pytest.raises(TapeError, match=f"spxw_eod.csv: .*{wrong}"):
        import_eod(eod_file(tmp_path, *rows, header=header), tmp_path / "tape")
    assert not (tmp_path / "tape").exists()


def test_the_same_file_twice_is_refused(tmp_path: Path) -> None:
    import_eod(eod_file(tmp_path, ROW), tmp_path / "tape")
    with pytest.raises(TapeError, match="exists"):
        import_eod(eod_file(tmp_path, ROW), tmp_path / "tape")


def test_contracts_dated_on_a_saturday_trade_last_on_the_friday(tmp_path: Path) -> None:
    row = ROW.replace("2019-06-26", "2014-01-17", 1).replace("2019-06-26", "2014-01-18")
    summary = import_eod(eod_file(tmp_path, row), tmp_path / "tape", root="SPY")
    assert summary.same_day_contracts == 1
    contracts = replay(open_tape(tmp_path / "tape")).chain("SPY")
    assert contracts is not None
    assert contracts.expiry == datetime.date(2014, 1, 17)
