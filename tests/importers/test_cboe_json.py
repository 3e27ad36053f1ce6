"""Cboe's delayed quotes in JSON: the recorded file to the last number, and wrong bodies."""

import codecs
import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from importers.test_cboe_chain import held
from zerodte.cli.commands import main
from zerodte.clock import new_york, parse_new_york
from zerodte.tape.folder import open_tape

RUT = "cboe_json/rut_2023-09-20_evening.json"


def run(out: Path, *files: Path) -> Result:
    return CliRunner().invoke(
        main, ["import", "cboe-json", *map(str, files), "--out", str(out)], catch_exceptions=False
    )


def body(**changes: Any) -> dict[str, Any]:
    """A body of SPY at 10:00 New York of 2022-03-23, published a quarter of an hour later."""
    option = {
        "option": "SPY220323C00450000",
        "bid": 1.25,
        "bid_size": 7.0,
        "ask": 1.27,
        "ask_size": 9.0,
        "open_interest": 40.0,
        "volume": 12.0,
        "iv": 0.0,
    }
    put = option | {"option": "SPY220323P00450000", "bid": 0.0, "ask": 0.0}
    data = {
        "options": [option, put],
        "current_price": 450.5,
        "bid": 450.4,
        "ask": 450.6,
        "last_trade_time": "2022-03-23T09:59:58",
    }
    found = {"timestamp": "2022-03-23 14:15:00", "symbol": "SPY", "data": data}
    data |= changes.pop("data", {})
    option |= changes.pop("option", {})
    return found | changes


def written(folder: Path, content: dict[str, Any] | str | bytes) -> Path:
    path = folder / "body.json"
    content = json.dumps(content) if isinstance(content, dict) else content
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.fixture(scope="module")
def recorded_body(recorded: Path) -> Path:
    path = recorded / RUT
    if not path.exists():
        pytest.skip(f"no {path}")
    return path


@pytest.mark.drill
def test_the_recorded_chain_to_the_last_contract(recorded_body: Path, tmp_path: Path) -> None:
    """Held against a plain reading of the file, and against the totals known beforehand."""
    result = run(tmp_path / "tape", recorded_body)
    assert result.exit_code == 0, result.output
    assert "6,680 rows: 6,342 contracts" in result.output
    assert "338 contracts that had expired" in result.output
    rows = json.loads(recorded_body.read_text())["data"]["options"]
    assert len(rows) == 6_680
    assert sum(row["open_interest"] for row in rows) == 656_107
    assert sum(row["volume"] for row in rows) == 43_156
    live = {
        f"{row['option'][:-15]:<6}{row['option'][-15:]}": row
        for row in rows
        if not row["option"][-15:].startswith("230920")
    }
    tape = open_tape(tmp_path / "tape")
    found = held(tape)
    assert set(found.defined) == set(live)
    assert len(live) == 6_342
    evening = new_york(datetime.date(2023, 9, 20), datetime.time(23, 2, 42))
    morning = new_york(datetime.date(2023, 9, 20), datetime.time(6, 30))
    assert sum(count for count, _ in found.open_interest.values()) == 648_992
    assert sum(count for count, _ in found.volume.values()) == 35_359
    for raw, row in live.items():
        assert found.open_interest[raw] == (row["open_interest"], morning)
        assert found.volume[raw] == (row["volume"], evening)
        assert found.bid[raw] / 1e9 == pytest.approx(row["bid"], abs=1e-9)
        assert found.ask[raw] / 1e9 == pytest.approx(row["ask"], abs=1e-9)
    (value,) = found.underlying
    assert value.records["price"].tolist() == [1806_119300000]
    # The value is of 16:15, in the session before the one that an evening belongs to.
    assert value.records["ts_recv"].tolist() == [evening]
    assert tape.session.date == datetime.date(2023, 9, 21)


def test_times_in_both_zones_and_both_sizes(tmp_path: Path) -> None:
    assert run(tmp_path / "tape", written(tmp_path, body())).exit_code == 0
    tape = open_tape(tmp_path / "tape")
    assert tape.notes.cadence_seconds == 60
    day = datetime.date(2022, 3, 23)
    at = new_york(day, datetime.time(10, 0))
    batches = [batch for tick in tape.ticks() for batch in tick.quotes]
    (quotes,) = (batch.records for batch in batches if batch.dataset == "CBOE.DELAYED")
    assert set(quotes["ts_recv"].tolist()) == {at}
    assert quotes["bid_sz_00"].tolist()[0] == 7
    assert quotes["ask_sz_00"].tolist()[0] == 9
    (own,) = held(tape).underlying
    assert own.records["ts_recv"].tolist() == [new_york(day, datetime.time(9, 59, 58))]
    assert own.records["bid_px_00"].tolist() == [450_400000000]


def test_several_bodies_are_one_tape_or_none(tmp_path: Path) -> None:
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    first.write_text(json.dumps(body()))
    second.write_text(json.dumps(body(timestamp="2022-03-23 14:16:00", option={"volume": 30.0})))
    assert run(tmp_path / "both", first, second).exit_code == 0
    volumes = held(open_tape(tmp_path / "both")).volume
    assert volumes["SPY   220323C00450000"][0] == 30
    second.write_text(json.dumps(body())[:-30])
    refused = run(tmp_path / "none", first, second)
    assert refused.exit_code == 1
    assert not (tmp_path / "none").exists()


#: Publication in UTC, last trade in New York, and the time that the value of an index then has.
VALUES = [
    ("2022-03-23 14:15:00", "2022-03-23T09:59:58", "2022-03-23T09:59:58"),
    ("2022-03-23 14:15:00", "2022-03-22T16:00:00", ""),
    ("2022-03-23 14:15:00", "2021-03-23T10:00:00", ""),
    ("2022-03-23 14:15:00", None, ""),
    ("2022-03-23 12:15:00", "2022-03-22T16:00:00", ""),
    ("2022-03-22 23:00:00", "2022-03-22T16:14:00", "2022-03-22T18:45:00"),
    ("2022-03-22 23:00:00", "2022-03-21T16:14:00", ""),
    # A Saturday is of Monday's session, as the evening of Friday is.
    ("2022-03-19 16:00:00", "2022-03-18T16:14:00", "2022-03-19T11:45:00"),
]


def index_body(published: str, traded: str | None) -> dict[str, Any]:
    """A body of SPX with one contract and a value."""
    found = body(timestamp=published, symbol="_SPX", data={"last_trade_time": traded})
    found["data"]["options"] = [found["data"]["options"][0] | {"option": "SPXW220323C00450000"}]
    return found


@pytest.mark.parametrize(("published", "traded", "stamped"), VALUES)
def test_an_index_value_is_of_its_own_time_or_left_out(
    tmp_path: Path, published: str, traded: str | None, stamped: str
) -> None:
    result = run(tmp_path / "tape", written(tmp_path, index_body(published, traded)))
    assert result.exit_code == 0, result.output
    values = held(open_tape(tmp_path / "tape")).underlying
    assert ("1 index values that are not of the session" in result.output) == (not stamped)
    assert ("no usable price" in result.output) == (not stamped)
    times = [time for value in values for time in value.records["ts_recv"].tolist()]
    assert times == ([parse_new_york(stamped)] if stamped else [])


def test_an_equitys_quote_needs_no_trade(tmp_path: Path) -> None:
    result = run(
        tmp_path / "tape", written(tmp_path, body(data={"last_trade_time": "2022-03-22T16:00:00"}))
    )
    assert result.exit_code == 0, result.output
    (own,) = held(open_tape(tmp_path / "tape")).underlying
    assert own.records["ts_recv"].tolist() == [parse_new_york("2022-03-23T10:00:00")]


def test_a_byte_order_mark_says_nothing(tmp_path: Path) -> None:
    plain = json.dumps(body()).encode()
    assert run(tmp_path / "tape", written(tmp_path, codecs.BOM_UTF8 + plain)).exit_code == 0
    assert len(held(open_tape(tmp_path / "tape")).defined) == 2


def test_what_cannot_be_read_is_unknown_and_counted(tmp_path: Path) -> None:
    odd = {"bid": -1.0, "open_interest": 12.5, "volume": None}
    result = run(tmp_path / "tape", written(tmp_path, body(option=odd)))
    assert result.exit_code == 0, result.output
    found = held(open_tape(tmp_path / "tape"))
    assert list(found.open_interest) == ["SPY   220323P00450000"]
    assert list(found.volume) == ["SPY   220323P00450000"]
    for fact in ("bids", "open interest", "volume"):
        assert f"1 of 2 {fact}" in result.output


ODD = [
    ({"bid": "n/a"}, "1 of 2 bids"),
    ({"ask": [1.0]}, "1 of 2 asks"),
    ({"ask": True}, "1 of 2 asks"),
    ({"bid": float("nan")}, "1 of 2 bids"),
    ({"bid": float("inf")}, "1 of 2 bids"),
    ({"open_interest": "many"}, "1 of 2 open interest"),
    ({"volume": {}}, "1 of 2 volume"),
    ({"bid": 10**400}, "1 of 2 bids"),
]


@pytest.mark.parametrize(("option", "said"), ODD, ids=str)
def test_an_odd_cell_is_unknown_and_the_chain_stays(
    tmp_path: Path, option: dict[str, Any], said: str
) -> None:
    result = run(tmp_path / "tape", written(tmp_path, body(option=option)))
    assert result.exit_code == 0, result.output
    assert said in result.output
    tape = open_tape(tmp_path / "tape")
    assert len(held(tape).defined) == 2
    assert [value.records["bid_px_00"].tolist() for value in held(tape).underlying] == [
        [450_400000000]
    ]


def test_a_number_may_be_text_and_a_field_may_lack(tmp_path: Path) -> None:
    content = body(option={"bid": "1.25", "bid_size": "7"}, data={"current_price": "450.5"})
    del content["data"]["options"][1]["volume"]
    result = run(tmp_path / "tape", written(tmp_path, content))
    assert result.exit_code == 0, result.output
    assert "1 of 2 volume" in result.output
    assert "bids" not in result.output
    found = held(open_tape(tmp_path / "tape"))
    assert found.bid["SPY   220323C00450000"] == 1_250000000
    assert list(found.volume) == ["SPY   220323C00450000"]


def test_a_row_without_a_contract_is_counted(tmp_path: Path) -> None:
    content = body()
    content["data"]["options"] += [None, {"option": 5}]
    result = run(tmp_path / "tape", written(tmp_path, content))
    assert result.exit_code == 0, result.output
    assert "2 contracts that cannot be read" in result.output


WRONG = [
    (b"", "empty"),
    (b"<html>Access denied</html>", "not JSON: it begins with b'<html>"),
    (json.dumps(body())[:300].encode(), "it ends in the middle, after 300 bytes"),
    (json.dumps({"timestamp": "x", "symbol": "SPY"}).encode(), "missing required field `data`"),
    (json.dumps(body(timestamp=5)).encode(), "$.timestamp"),
    (json.dumps(body(data={"options": {}})).encode(), "$.data.options"),
    (json.dumps(body(option={"bid": float("nan")})).encode()[:300], "it ends in the middle"),
    (json.dumps(body(timestamp="2022-03-23T14:15:00")).encode(), "expected: UTC"),
    (json.dumps(body(timestamp="2022-03-23 10:15:00", data={"last_trade_time": "noon"})).encode(),
     "last_trade_time: 'noon'"),
    (json.dumps(body(data={"last_trade_time": "2022-03-23T13:59:58"})).encode(),
     "is before the underlying's last trade"),
    (json.dumps(body(data={"options": []})).encode(), "no contract that is live on 2022-03-23"),
    (json.dumps(body(timestamp="1890-03-23 10:15:00", data={"last_trade_time": None})).encode(),
     "1890"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "said"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_body_is_a_clear_line(tmp_path: Path, content: bytes, said: str) -> None:
    result = run(tmp_path / "tape", written(tmp_path, content))
    assert result.exit_code == 1
    assert said in result.output
    assert "body.json" in result.output
    assert not (tmp_path / "tape").exists()
