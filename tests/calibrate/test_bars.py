"""Reading of minute bars: what counts, what is left out and said, what is refused."""

import csv
import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from calibrate.made_bars import draw, sessions, times, write_bars, write_usual, write_vix
from zerodte.calibrate.bars import read_bars
from zerodte.calibrate.error import CalibrationError
from zerodte.constants import MINUTE
from zerodte.market.calendar import calendar

COUNT = 84


def test_parquet_and_csv_hold_the_same(tmp_path: Path) -> None:
    days = sessions(COUNT)
    close, vix = draw(COUNT, 3)
    one = read_bars(write_bars(tmp_path / "a.parquet", times(days), close, vix))
    text = tmp_path / "bars.csv"
    with text.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Timestamp", "Close", "VIX"])
        for row, at in enumerate(times(days)):
            for minute, value in zip(at.tolist(), close[row].tolist(), strict=True):
                when = datetime.datetime.fromtimestamp(minute / 1e9, datetime.UTC)
                writer.writerow([f"{when:%Y-%m-%dT%H:%M:%SZ}", value, float(vix[row])])
    other = read_bars(text)
    assert other.dates == one.dates == tuple(day.date for day in days)
    np.testing.assert_allclose(other.log_price, np.log(close), rtol=1e-15)
    np.testing.assert_allclose(other.vix, vix / 100.0, rtol=1e-12)
    assert dict(one.left_out) == {}


def test_the_vix_of_another_file(tmp_path: Path) -> None:
    days = sessions(COUNT + 1)
    close, vix = draw(COUNT + 1, 3)
    bars = write_bars(tmp_path / "bars.parquet", times(days), close)
    # The VIX of one day is missing.
    found = read_bars(bars, write_vix(tmp_path / "vix.csv", days[1:], vix[1:]))
    assert found.dates == tuple(day.date for day in days[1:])
    np.testing.assert_allclose(found.vix, vix[1:] / 100.0, atol=1e-6)
    assert found.left_out == {"sessions without a VIX": 1}


def test_dirty_bars_are_counted_and_change_nothing(tmp_path: Path) -> None:
    days = sessions(COUNT)
    close, vix = draw(COUNT, 3)
    clean = read_bars(write_bars(tmp_path / "clean.parquet", times(days), close, vix))
    at, price = times(days).ravel(), close.ravel()
    half = calendar().session(datetime.date(2024, 7, 3))
    assert half is not None
    night = days[5].close + MINUTE * np.arange(3)
    saturday = np.array([days[0].open + 4 * 24 * 60 * MINUTE])
    of_half_day = half.open + MINUTE * np.arange(210)
    priceless = at[7:9]
    # The same minute again: what comes last in the file counts.
    first = at[100:102]
    all_at = np.concatenate((first, at, night, saturday, of_half_day, priceless))
    all_price = np.concatenate(
        ([1.0, 2.0], price, [9.0] * 3, [9.0], np.full(210, 9.0), [np.nan, -3.0])
    )
    order = np.argsort(np.random.default_rng(1).random(len(all_at) - 2)) + 2
    order = np.concatenate(([0, 1], order))
    table = pa.table(
        {
            "time": pa.array(all_at[order], pa.timestamp("ns", "UTC")),
            "close": all_price[order],
        }
    )
    parquet.write_table(table, tmp_path / "dirty.parquet")
    found = read_bars(tmp_path / "dirty.parquet", write_vix(tmp_path / "vix.csv", days, vix))
    assert found.dates == clean.dates
    np.testing.assert_array_equal(found.log_price, clean.log_price)
    assert found.left_out == {
        "bars without a price": 2,
        "bars of a minute that has a later one": 2,
        "bars on days without a session": 1,
        "bars outside of the session": 3,
        "half days": 1,
    }


def test_a_missing_minute_has_the_price_before_it(tmp_path: Path) -> None:
    days = sessions(COUNT + 2)
    close, vix = draw(COUNT + 2, 3)
    keep = np.ones(close.shape, dtype=bool)
    keep[0, 50:69] = False  # 19 minutes: still a session
    keep[1, 50:70] = False  # 20: none
    keep[2, -1] = False  # without its close: none
    table = pa.table(
        {
            "time": pa.array(times(days)[keep], pa.timestamp("ns", "UTC")),
            "close": close[keep],
            "vix_open": np.repeat(vix, 390)[keep.ravel()],
        }
    )
    parquet.write_table(table, tmp_path / "bars.parquet")
    found = read_bars(tmp_path / "bars.parquet")
    assert found.dates == (days[0].date, *(day.date for day in days[3:]))
    assert np.exp(found.log_price[0, 49:70]) == pytest.approx([close[0, 49]] * 20 + [close[0, 69]])
    assert found.left_out == {"sessions that lack their first or last minute, or too many": 2}


def refused(bars: Path, vix: Path | None = None) -> str:
    with pytest.raises(CalibrationError) as raised:
        read_bars(bars, vix)
    return str(raised.value)


def test_what_is_refused(tmp_path: Path) -> None:
    days = sessions(COUNT)
    close, vix = draw(COUNT, 3)
    good = write_bars(tmp_path / "good.parquet", times(days), close, vix)
    table = parquet.read_table(good)

    def written(changed: pa.Table) -> Path:
        path = tmp_path / "changed.parquet"
        parquet.write_table(changed, path)
        return path

    def with_times(kind: pa.DataType) -> pa.Table:
        return table.set_column(0, "time", table["time"].cast(kind))

    assert "has no column close; it has time, vix_open" in refused(
        written(table.drop_columns(["close"]))
    )
    assert "has no column time or timestamp or" in refused(written(table.drop_columns(["time"])))
    assert "has no column vix_open, the VIX at each day's open; add it, or give" in refused(
        written(table.drop_columns(["vix_open"]))
    )
    assert "has no time zone; write times in UTC, such as 2024-" in refused(
        written(with_times(pa.timestamp("ns")))
    )
    assert "the column of times holds int64; write times in UTC" in refused(
        written(with_times(pa.int64()))
    )
    words = pa.array(["dear"] * len(table))
    assert "column close holds string, not numbers" in refused(
        written(table.set_column(1, "close", words))
    )
    few = refused(write_usual(tmp_path, 79))
    assert few.endswith("79 whole sessions; needed are 80, 60 to fit and 20 to score")
    no_vix = refused(good, write_vix(tmp_path / "vix.csv", [], vix[:0]))
    assert no_vix.endswith("60 to fit and 20 to score; left out: sessions without a VIX: 84")
    fraction = refused(write_bars(tmp_path / "fraction.parquet", times(days), close, vix / 100.0))
    assert "on the middle day; write it in points, such as 15.3" in fraction
    (tmp_path / "noise").write_bytes(b"\x00\xff\x00")
    assert "cannot be read as Parquet or CSV" in refused(tmp_path / "noise")
    (tmp_path / "cut.parquet").write_bytes(good.read_bytes()[:400])
    assert "cannot be read as Parquet or CSV" in refused(tmp_path / "cut.parquet")
    (tmp_path / "vix.csv").write_text("date,open\nmonday,12\n")
    assert "column date holds string; write 2024-03-26" in refused(good, tmp_path / "vix.csv")
