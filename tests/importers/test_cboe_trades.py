"""DataShop option trades on a tape: sides, cancels, conditions, the spot, what cannot be read."""

import datetime
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import zstandard
from click.testing import CliRunner

from importers.datashop_day import DAY, HEADER, Row, trade_rows, trades_file
from zerodte.cli.commands import main
from zerodte.clock import new_york
from zerodte.importers.cboe_trades import import_trades
from zerodte.records.condition import Condition
from zerodte.records.dbn import UNDEF_PRICE, UNDEF_SIZE
from zerodte.runtime.replay import replay, source_of
from zerodte.tape.error import TapeError
from zerodte.tape.folder import open_tape
from zerodte.views.snapshot import snapshot
from zerodte.wire.snapshot import SnapshotQuery


def answer(tape_folder: Path, symbol: str = "ABC") -> dict[str, Any]:
    tape = open_tape(tape_folder)
    body = snapshot(replay(tape), source_of(tape), SnapshotQuery(symbol=symbol))
    decoded: dict[str, Any] = msgspec.json.decode(body)
    return decoded


def trades_on(tape_folder: Path) -> list[dict[str, Any]]:
    """The trades of a tape as fields by name, with symbol and condition."""
    tape = open_tape(tape_folder)
    names = tape.symbols["CBOE.DATASHOP"]
    found = []
    for tick in tape.ticks():
        for batch in tick.trades:
            assert batch.conditions is not None
            for record, condition in zip(batch.records, batch.conditions.tolist(), strict=True):
                fields = {name: record[name].item() for name in record.dtype.names}
                found.append(
                    fields | {"symbol": names[fields["instrument_id"]], "condition": condition}
                )
    return found


def volume_by_side(rows: list[Row]) -> Counter[str]:
    """The rule of the quotes, on its own: a side from price, bid and ask alone."""
    volume: Counter[str] = Counter()
    for row in rows:
        price, bid, ask = (
            round(10_000 * float(row[name])) for name in ("trade_price", "best_bid", "best_ask")
        )
        side = "buy" if 2 * price > bid + ask else "sell" if 2 * price < bid + ask else "none"
        volume[side] += int(row["trade_size"])
    return volume


def test_sides_are_those_of_the_quotes_in_the_file(tmp_path: Path) -> None:
    rows = trade_rows(600, seed=1)
    # No price in the middle: there other rules decide.
    rows = [row for row in rows if float(row["best_bid"]) > 0]
    assert volume_by_side(rows)["none"] == 0
    summary = import_trades(trades_file(tmp_path, rows), tmp_path / "t")
    by_rule = answer(tmp_path / "t")["metadata"]["volume_by_rule"]
    expected = volume_by_side(rows)
    assert by_rule["at_ask"] + by_rule["above_mid"] == expected["buy"]
    assert by_rule["at_bid"] + by_rule["below_mid"] == expected["sell"]
    assert sum(by_rule.values()) == sum(int(row["trade_size"]) for row in rows)
    assert summary.same_day_volume == sum(by_rule.values())


def test_the_day_has_flow_spot_and_a_chain(tmp_path: Path) -> None:
    rows = [row for row in trade_rows(600, seed=2) if float(row["best_bid"]) > 0]
    import_trades(trades_file(tmp_path, rows), tmp_path / "t")
    body = answer(tmp_path / "t")
    assert body["underlying_price"] == pytest.approx(100.0, abs=0.011)
    assert body["metadata"]["chain_contract_count"] >= 12
    assert body["metadata"]["classified_volume_pct"] == 100
    assert body["expected_move"]["atm_iv"] == pytest.approx(0.25, rel=0.1)
    assert body["flow"]["total_volume"] == sum(body["metadata"]["volume_by_rule"].values())
    assert body["flow_direction"]["contracts_with_flow"] > 0
    assert body["metadata"]["oi_as_of"] is None  # no open interest in such a file


def test_a_trade_keeps_its_row(tmp_path: Path) -> None:
    (row,) = trade_rows(1, seed=3)
    row |= {"number_of_exchanges": "3", "best_bid": "1.5000", "best_ask": "1.6000"}
    row |= {"trade_size": "7", "trade_price": "1.5500", "trade_condition_id": "125"}
    row["exchanges"] = "1,10,1.5000,4,1.6500,5,20,1.5000,8,1.6000,6,40,1.4500,16,1.6000"
    import_trades(trades_file(tmp_path, [row], f"{HEADER},exchanges"), tmp_path / "t")
    (trade,) = trades_on(tmp_path / "t")
    at = datetime.datetime.fromisoformat(row["quote_datetime"])
    assert trade["ts_recv"] == trade["ts_event"] == new_york(at.date(), at.time())
    assert (trade["price"], trade["size"], trade["condition"]) == (1_550000000, 7, 2)
    assert (trade["bid_px_00"], trade["ask_px_00"]) == (1_500000000, 1_600000000)
    assert (trade["bid_sz_00"], trade["ask_sz_00"]) == (30, 24)
    assert trade["symbol"][:12] == "ABC   250602"


@pytest.mark.parametrize(
    ("number", "condition"),
    [
        ("0", Condition.REGULAR),
        ("95", Condition.REGULAR),
        ("35", Condition.MULTI_LEG),
        ("136", Condition.MULTI_LEG),
        ("37", Condition.STOCK_OPTION),
        ("132", Condition.STOCK_OPTION),
        ("118", Condition.CROSS),
        ("115", Condition.AUCTION),
        ("13", Condition.LATE),
        ("7", Condition.OPENING),
        ("999", Condition.UNKNOWN),
        ("", Condition.UNKNOWN),
    ],
)
def test_sale_conditions(tmp_path: Path, number: str, condition: Condition) -> None:
    (row,) = trade_rows(1, seed=4)
    summary = import_trades(
        trades_file(tmp_path, [row | {"trade_condition_id": number}]), tmp_path / "t"
    )
    assert trades_on(tmp_path / "t")[0]["condition"] == condition
    assert ("sale conditions" in summary.losses) == (condition == Condition.UNKNOWN)


def test_cancels_take_away_their_trade_and_nothing_else(tmp_path: Path) -> None:
    rows = trade_rows(200, seed=5)
    for row in rows:
        row["trade_size"] = f"{int(row['trade_size']) + 10}"
    later = "2025-06-02 09:36:00.000"
    cancels = [
        rows[number] | {"quote_datetime": later, "trade_condition_id": code}
        for number, code in ((3, "40"), (50, "41"), (199, "43"))
    ]
    stray = rows[7] | {"quote_datetime": later, "trade_condition_id": "40", "trade_size": "1"}
    # A trade that is marked, without a message of its cancel.
    marked = rows[9] | {"canceled_trade_condition_id": "40", "trade_size": "77"}
    file = trades_file(tmp_path, [*rows, *cancels, stray, marked])
    summary = import_trades(file, tmp_path / "t")
    total = sum(int(row["trade_size"]) for row in rows)
    taken = sum(int(rows[number]["trade_size"]) for number in (3, 50, 199))
    by_rule = answer(tmp_path / "t")["metadata"]["volume_by_rule"]
    assert summary.same_day_volume == sum(by_rule.values()) == total - taken
    assert summary.skipped == Counter(
        {
            "cancels of trades that are not in the file": 1,
            "trades that are marked as cancelled": 1,
        }
    )
    assert "200, of which 3 were cancelled" in str(summary)


def test_a_file_that_repeats_its_rows_counts_each_trade_once(tmp_path: Path) -> None:
    """As two downloads in one file; only what is equal in every column is a repeat."""
    rows = trade_rows(60, seed=16)
    rows[5]["trade_price"] = ""
    rows.append(rows[9] | {"trade_condition_id": "40"})
    first = rows[20]
    others = [
        first | {name: text}
        for name, text in (
            ("exchange_id", "77"),
            ("trade_size", f"{int(first['trade_size']) + 1}"),
            ("option_type", "P" if first["option_type"] == "C" else "C"),
            ("best_ask", "99.0"),
        )
    ]
    # Without a number two equal trades may be two trades.
    others += [first | {"sequence_number": "0"}] * 2 + [first | {"sequence_number": ""}] * 2
    once = import_trades(trades_file(tmp_path, rows + others, name="1.csv"), tmp_path / "once")
    doubled = trades_file(tmp_path, [*rows, *others[:4], *rows, *others], name="2.csv")
    twice = import_trades(doubled, tmp_path / "twice")
    assert once.skipped == Counter()
    assert twice.skipped == Counter({"trades listed a second time": len(rows) + 4})
    assert twice.same_day_volume == once.same_day_volume > 0
    assert (twice.trades, trades_on(tmp_path / "twice")) == (
        once.trades,
        trades_on(tmp_path / "once"),
    )


def test_a_cancel_prefers_the_trade_that_is_marked(tmp_path: Path) -> None:
    first, *_ = trade_rows(1, seed=6)
    twin = first | {"quote_datetime": "2025-06-02 09:33:00.000", "trade_condition_id": "2"}
    cancel = first | {"quote_datetime": "2025-06-02 09:34:00.000", "trade_condition_id": "40"}
    cancel |= {"canceled_trade_condition_id": "18"}
    rows = [first | {"canceled_trade_condition_id": "40"}, twin, cancel]
    summary = import_trades(trades_file(tmp_path, rows), tmp_path / "t")
    assert not summary.skipped
    (pairs,) = open_tape(tmp_path / "t").cancels().values()
    assert pairs.tolist() == [[2, 0]]


def test_integers_may_be_written_as_floats(tmp_path: Path) -> None:
    """As pandas saves a column of integers that has blanks."""
    rows = [row for row in trade_rows(80, seed=15) if float(row["best_bid"]) > 0]
    for number, row in enumerate(rows):
        row |= {"number_of_exchanges": "1", "sequence_number": f"{4_000_000_000 + number}"}
        row["exchanges"] = f"5,10,{row['best_bid']},20,{row['best_ask']}"
    rows[3]["canceled_trade_condition_id"] = "40"
    rows += [row | {"trade_condition_id": "41"} for row in rows[50:53]]
    columns = ["sequence_number", "exchange_id", "trade_size", "trade_condition_id"]
    columns += ["canceled_trade_condition_id", "number_of_exchanges"]
    as_floats = [row | {name: f"{row[name]}.0" for name in columns} for row in rows]
    as_floats[0]["canceled_trade_condition_id"] = ""
    header = f"{HEADER},exchanges"
    found = []
    for name, content in (("plain", rows), ("floats", as_floats)):
        file = trades_file(tmp_path, content, header, f"{name}.csv")
        summary = import_trades(file, tmp_path / name)
        assert not summary.losses
        found.append((summary.skipped, summary.trades, trades_on(tmp_path / name)))
    assert found[0] == found[1]
    assert found[0][0] == Counter({"trades that are marked as cancelled": 1})


@pytest.mark.parametrize(
    ("column", "text", "fact"),
    [
        ("trade_size", "", "sizes"),
        ("trade_size", "2.5", "sizes"),
        ("trade_price", "n/a", "prices"),
        ("best_bid", "-1", "bids"),
        ("best_ask", "nan", "asks"),
        ("quote_datetime", "noon", "trades"),
        ("expiration", "soon", "trades"),
        ("trade_condition_id", "x", "sale conditions"),
        ("trade_condition_id", "18.5", "sale conditions"),
        ("canceled_trade_condition_id", "yes", "marks of cancels"),
        ("canceled_trade_condition_id", "nan", "marks of cancels"),
        ("exchange_id", "5.5", "exchanges"),
        ("sequence_number", "1e3", "sequence numbers"),
        ("sequence_number", "9" * 19, "sequence numbers"),
        ("number_of_exchanges", "two", "exchanges' quotes"),
    ],
)
def test_what_cannot_be_read_is_unknown_and_said(
    tmp_path: Path, column: str, text: str, fact: str
) -> None:
    rows = trade_rows(20, seed=7)
    rows[4][column] = text
    summary = import_trades(trades_file(tmp_path, rows), tmp_path / "t")
    loss = summary.losses[fact]
    assert (loss.unknown, loss.seen, "on line 6" in loss.example) == (1, 20, True)
    assert list(summary.losses) == [fact]
    trades = trades_on(tmp_path / "t")
    assert len(trades) == (19 if fact == "trades" else 20)
    undefined = {
        "sizes": ("size", UNDEF_SIZE),
        "prices": ("price", UNDEF_PRICE),
        "bids": ("bid_px_00", UNDEF_PRICE),
        "asks": ("ask_px_00", UNDEF_PRICE),
    }
    if fact in undefined:
        name, value = undefined[fact]
        assert sum(trade[name] == value for trade in trades) == 1
    assert any(f"{fact} unknown for 1 of" in text for text in answer(tmp_path / "t")["warnings"])


@pytest.mark.drill
def test_several_underlyings_share_a_tape_and_each_is_named(tmp_path: Path) -> None:
    rows = [
        *trade_rows(200, seed=8),
        *trade_rows(150, seed=9, root="SPXW", symbol="^SPX", scale=50),
        *trade_rows(100, seed=10, root="BRKB", symbol="BRK.B"),
    ]
    random = np.random.default_rng(0)
    rows = [rows[index] for index in random.permutation(len(rows)).tolist()]
    file = trades_file(tmp_path, rows)
    result = CliRunner().invoke(
        main, ["import", "cboe-trades", str(file), "--out", str(tmp_path / "t")]
    )
    assert result.exit_code == 0, result.output
    for symbol, count in (("ABC", 200), ("SPX", 150), ("BRKB", 100)):
        assert f"\n{symbol}, 2025-06-02" in f"\n{result.output}"
        assert f"{count}, of which 0 were cancelled" in result.output
        found = answer(tmp_path / "t", symbol)
        of_symbol = [row for row in rows if row["root"][:3] == symbol[:3]]
        expected = sum(int(row["trade_size"]) for row in of_symbol)
        assert sum(found["metadata"]["volume_by_rule"].values()) == expected
    assert answer(tmp_path / "t", "SPX")["underlying_price"] == pytest.approx(5000, abs=1)


def test_zipped_and_compressed_files_are_read(tmp_path: Path) -> None:
    file = trades_file(tmp_path, trade_rows(20, seed=11))
    zipped, packed = tmp_path / "UnderlyingOptionsTrades_2025-06-02.zip", tmp_path / "t.csv.zst"
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(file, file.name)
    packed.write_bytes(zstandard.compress(file.read_bytes()))
    volumes = [
        import_trades(path, tmp_path / path.suffix).same_day_volume
        for path in (file, zipped, packed)
    ]
    assert volumes[0] == volumes[1] == volumes[2] > 0


def test_a_file_of_several_sessions_asks_which(tmp_path: Path) -> None:
    rows = trade_rows(20, seed=12)
    other = [
        row | {"quote_datetime": row["quote_datetime"].replace("06-02", "06-03")} for row in rows
    ]
    for row in other:
        row["expiration"] = "2025-06-06"
    file = trades_file(tmp_path, [*rows, *other])
    with pytest.raises(TapeError, match=r"2 sessions, 2025-06-02 to 2025-06-03.*--date 2025-06-02"):
        import_trades(file, tmp_path / "t")
    assert not (tmp_path / "t").exists()
    summary = import_trades(file, tmp_path / "t", DAY)
    assert summary.skipped == Counter({"trades of other sessions": 20})
    assert summary.same_day_volume == sum(int(row["trade_size"]) for row in rows)


def test_columns_of_other_years_are_found_by_name(tmp_path: Path) -> None:
    rows = [row | {"market_date": "2025-06-02"} for row in trade_rows(20, seed=13)]
    names = HEADER.split(",")
    newer = ",".join(
        [names[0], "market_date", *names[1:15], "trade_delta", "trade_gamma", *names[16:18]]
    )
    older = ",".join(name for name in names if name not in ("trade_iv", "trade_delta"))
    volumes = []
    for number, header in enumerate((newer, older)):
        file = trades_file(tmp_path, rows, header, name=f"{number}.csv")
        volumes.append(import_trades(file, tmp_path / f"{number}").same_day_volume)
    assert volumes == [sum(int(row["trade_size"]) for row in rows)] * 2


def test_a_foreign_or_cut_file_is_refused(tmp_path: Path) -> None:
    file = trades_file(tmp_path, trade_rows(5, seed=14))
    file.write_text(file.read_text()[:-90])
    with pytest.raises(TapeError, match="line 6: the file ends within a row"):
        import_trades(file, tmp_path / "t")
    file.write_text("a,b\n1,2\n")
    with pytest.raises(TapeError, match="not a DataShop file of option trades; it lacks quote_dat"):
        import_trades(file, tmp_path / "t")
    assert not (tmp_path / "t").exists()
