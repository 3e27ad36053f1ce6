"""DataShop's end-of-day file on a tape: the recorded one row by row, and wrong ones."""

import csv
import datetime
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from zerodte.clock import new_york
from zerodte.importers.cboe_eod import import_eod
from zerodte.records.dbn import STAT_CLEARED_VOLUME, STAT_OPEN_INTEREST
from zerodte.runtime.replay import replay, source_of
from zerodte.tape.error import TapeError
from zerodte.tape.folder import open_tape
from zerodte.tape.sidecars import ImportLoss
from zerodte.views.snapshot import snapshot
from zerodte.wire.exposure import ExposureQuery
from zerodte.wire.snapshot import SnapshotQuery

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


@pytest.mark.drill
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


@pytest.mark.drill
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


@pytest.mark.drill
def test_contracts_dated_on_a_saturday_trade_last_on_the_friday(tmp_path: Path) -> None:
    row = ROW.replace("2019-06-26", "2014-01-17", 1).replace("2019-06-26", "2014-01-18")
    summary = import_eod(eod_file(tmp_path, row), tmp_path / "tape", root="SPY")
    assert summary.same_day_contracts == 1
    contracts = replay(open_tape(tmp_path / "tape")).chain("SPY")
    assert contracts is not None
    assert contracts.expiry == datetime.date(2014, 1, 17)


WIDE = (
    "underlying_symbol,quote_date,root,expiration,strike,option_type,open,high,low,close,"
    "trade_volume,bid_size_1545,bid_1545,ask_size_1545,ask_1545,underlying_bid_1545,"
    "underlying_ask_1545,bid_size_eod,bid_eod,ask_size_eod,ask_eod,underlying_bid_eod,"
    "underlying_ask_eod,vwap,open_interest,delivery_code"
)


def wide_row(symbol: str, root: str, strike: int, right: str, **changes: str) -> str:
    """A line of the wide form, unlike every other in its quotes."""
    quote, level = strike % 100, {"^SPX": 2918, "SPY": 291}.get(symbol, 0)
    cells = dict.fromkeys(WIDE.split(","), "0") | {
        "underlying_symbol": symbol,
        "quote_date": "2019-06-26",
        "root": root,
        "expiration": "2019-06-26",
        "strike": f"{strike}.000",
        "option_type": right,
        "trade_volume": f"{quote + 7}",
        "bid_size_1545": "1",
        "bid_1545": f"{quote}.1",
        "ask_size_1545": "2",
        "ask_1545": f"{quote}.2",
        "bid_size_eod": "3",
        "bid_eod": f"{quote}.3",
        "ask_size_eod": "4",
        "ask_eod": f"{quote}.4",
        "underlying_bid_1545": f"{level}.1",
        "underlying_ask_1545": f"{level}.3",
        "underlying_bid_eod": f"{level}.5",
        "underlying_ask_eod": f"{level}.7",
        "open_interest": f"{quote + 100}",
        "delivery_code": "",
    }
    return ",".join((cells | changes).values())


WIDE_ROWS = [
    *(wide_row("^SPX", "SPXW", strike, right) for strike in (2915, 2920) for right in "CP"),
    wide_row("^SPX", "SPX", 2925, "C", expiration="2019-07-19"),
    wide_row("SPY", "SPY", 291, "C"),
    wide_row("SPY", "SPY", 291, "P"),
    wide_row("^VIX", "VIX", 16, "C", expiration="2019-07-17"),
]


@pytest.mark.drill
def test_the_wide_form_gives_both_instants_of_every_underlying(tmp_path: Path) -> None:
    """Each cell of the file is on the tape at its own time."""
    summary = import_eod(
        eod_file(tmp_path, *WIDE_ROWS, header=WIDE, name="all.csv"), tmp_path / "t"
    )
    names = [found.symbol for found in (summary, *summary.others)]
    assert names == ["SPX", "SPY", "VIX"]
    tape = open_tape(tmp_path / "t")
    afternoon = new_york(DAY, datetime.time(15, 45))
    close = new_york(DAY, datetime.time(16, 0))
    quotes, facts, prices = {}, {}, set()
    for tick in tape.ticks():
        for batch in tick.quotes:
            for record in batch.records:
                raw = tape.symbols["CBOE.DATASHOP"][int(record["instrument_id"])]
                top = [record[name].item() for name in ("bid_px_00", "ask_px_00")]
                sizes = [record[name].item() for name in ("bid_sz_00", "ask_sz_00")]
                quotes[raw, int(record["ts_recv"])] = [price / 1e9 for price in top] + sizes
        for batch in tick.statistics:
            for record in batch.records:
                raw = tape.symbols["CBOE.DATASHOP"][int(record["instrument_id"])]
                key = raw, int(record["stat_type"]), int(record["ts_recv"])
                facts[key] = int(record["quantity"])
        for batch in tick.underlying:
            for record in batch.records:
                field = "price" if batch.schema == "trades" else "bid_px_00"
                name = tape.symbols[batch.dataset][int(record["instrument_id"])]
                prices.add((name, int(record["ts_recv"]), record[field] / 1e9))
    assert len(quotes) == 2 * len(WIDE_ROWS)
    for line in WIDE_ROWS:
        row = dict(zip(WIDE.split(","), line.split(","), strict=True))
        day = datetime.date.fromisoformat(row["expiration"])
        raw = f"{row['root']:6}{day:%y%m%d}{row['option_type']}{int(row['strike'][:-4]):05d}000"
        for at, suffix in ((afternoon, "1545"), (close, "eod")):
            columns = (f"bid_{suffix}", f"ask_{suffix}", f"bid_size_{suffix}", f"ask_size_{suffix}")
            assert quotes[raw, at] == [float(row[name]) for name in columns]
        assert facts.pop((raw, STAT_OPEN_INTEREST, afternoon)) == int(row["open_interest"])
        assert facts.pop((raw, STAT_CLEARED_VOLUME, close)) == int(row["trade_volume"])
    assert facts == {}
    assert prices == {
        ("SPX", afternoon, 2918.2),
        ("SPX", close, 2918.6),
        ("SPY", afternoon, 291.1),
        ("SPY", close, 291.5),
        ("VIX", afternoon, 0.2),
        ("VIX", close, 0.6),
    }
    assert "at the close  5 quotes, at 16:00" in str(summary)
    assert "same day      4 contracts, open interest 470, volume 98" in str(summary)


@pytest.mark.drill
def test_the_wide_form_answers_with_the_volume_of_the_day(tmp_path: Path) -> None:
    import_eod(eod_file(tmp_path, *WIDE_ROWS, header=WIDE, name="all.csv"), tmp_path / "t")
    tape = open_tape(tmp_path / "t")
    session = replay(tape)
    for symbol, volume in (("SPX", 98), ("SPY", 2 * 98)):
        body = snapshot(session, source_of(tape), SnapshotQuery(symbol=symbol))
        assert msgspec.json.decode(body)["flow"]["total_volume"] == volume


def test_what_the_wide_form_does_not_tell_is_counted_by_instant(tmp_path: Path) -> None:
    rows = [*WIDE_ROWS, wide_row("SPY", "SPY", 292, "C", bid_eod="", trade_volume="nan")]
    rows += [wide_row("SPY", "SPY", 293, "C", expiration="soon")]
    summary = import_eod(eod_file(tmp_path, *rows, header=WIDE, name="all.csv"), tmp_path / "t")
    (spy,) = [other for other in summary.others if other.symbol == "SPY"]
    assert summary.losses == {}
    losses = {fact: (loss.unknown, loss.seen) for fact, loss in spy.losses.items()}
    assert losses == {"bids at the close": (1, 3), "volume": (1, 3), "contracts": (1, 4)}


def test_a_file_of_a_month_asks_for_the_day(tmp_path: Path) -> None:
    rows = [*WIDE_ROWS, *(row.replace("2019-06-26", "2019-06-27") for row in WIDE_ROWS)]
    file = eod_file(tmp_path, *rows, header=WIDE, name="all.csv")
    with pytest.raises(TapeError, match=r"2 days, 2019-06-26 to 2019-06-27.*--date 2019-06-26"):
        import_eod(file, tmp_path / "t")
    summary = import_eod(file, tmp_path / "t", day=datetime.date(2019, 6, 27))
    assert (f"{summary.session.date}", summary.contracts) == ("2019-06-27", 5)
    with pytest.raises(TapeError, match="no row of 2019-06-28; it has 2019-06-26 to 2019-06-27"):
        import_eod(file, tmp_path / "u", day=datetime.date(2019, 6, 28))


@pytest.mark.parametrize("text", ["", "n/a"])
def test_a_row_without_a_day_in_a_file_of_several_is_lost_and_said(
    tmp_path: Path, text: str
) -> None:
    second = [row.replace("2019-06-26", "2019-06-27") for row in WIDE_ROWS]
    lost = wide_row("^SPX", "SPXW", 2930, "C", quote_date=text, expiration="2019-06-27")
    rows = [*WIDE_ROWS, *second, lost, wide_row("QQQ", "QQQ", 190, "C", quote_date=text)]
    file = eod_file(tmp_path, *rows, header=WIDE, name="all.csv")
    summary = import_eod(file, tmp_path / "t", day=datetime.date(2019, 6, 27))
    loss = ImportLoss(1, 6, f"quote_date '{text}' on line 18")
    assert (summary.symbol, dict(summary.losses)) == ("SPX", {"contracts": loss})
    assert not any(other.losses for other in summary.others)
    # One of them is of an underlying without a contract of that day.
    assert summary.skipped == Counter({"contracts that cannot be read": 2})
    body = snapshot(replay(open_tape(tmp_path / "t")), "replay", ExposureQuery(symbol="SPX"))
    assert (
        "contracts unknown for 1 of 6 (16.7%) in the imported file, such as "
        f"quote_date '{text}' on line 18"
    ) in msgspec.json.decode(body)["warnings"]


def test_on_an_early_close_the_wide_form_gives_the_close_alone(tmp_path: Path) -> None:
    """At 15:45 the market was long closed: open interest belongs to the quotes of 13:00."""
    half_day = {"quote_date": "2019-11-29", "expiration": "2019-11-29"}
    rows = [wide_row("^SPX", "SPXW", k, r, **half_day) for k in (2915, 2920) for r in "CP"]
    summary = import_eod(eod_file(tmp_path, *rows, header=WIDE, name="all.csv"), tmp_path / "t")
    assert "4 quotes of 15:45, after an early close" in str(summary)
    body = snapshot(replay(open_tape(tmp_path / "t")), "replay", ExposureQuery(symbol="SPX"))
    answer = msgspec.json.decode(body)
    assert answer["flow"]["total_oi"] == 470
    assert answer["as_of"] == "2019-11-29T18:00:00Z"
