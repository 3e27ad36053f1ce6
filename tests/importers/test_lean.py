"""Lean's minute data on a tape: every number of the recorded archives, and what a bar means."""

import datetime
import json
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import databento
import pytest

from importers.lean_twin import (
    CHICAGO,
    MINUTE,
    TOP,
    Quote,
    Quotes,
    files,
    fixed,
    instant,
    names,
    option_quotes,
    quote,
    raw_symbol,
    taped,
)
from zerodte.constants import STRIKE_RANGE
from zerodte.importers.import_summary import ImportSummary
from zerodte.importers.lean import LEAN_EQUITY, OPTIONS_DATASET, import_lean
from zerodte.records.dbn import INDEX, STAT_OPEN_INTEREST, UNDEF_PRICE, UNDEF_SIZE
from zerodte.runtime.replay import replay, source_of
from zerodte.session.session import Session
from zerodte.tape.folder import Tape, open_tape
from zerodte.views.snapshot import snapshot
from zerodte.wire.snapshot import SnapshotQuery

PRICE = ("ts_recv", "price")
UNKNOWN: Quote = (UNDEF_PRICE, UNDEF_PRICE, UNDEF_SIZE, UNDEF_SIZE)


@dataclass(frozen=True)
class Imported:
    """A recorded day: its archives, their quotes, its tape, and what the import said."""

    day: datetime.date
    standing: Quotes
    quotes: Path
    trades: Path
    open_interest: Path
    underlying: Path
    tape: Tape
    summary: ImportSummary


@pytest.fixture(scope="module")
def goog(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> Imported:
    day, out = datetime.date(2015, 12, 24), tmp_path_factory.mktemp("goog")
    lean = recorded / "lean"
    summary = import_lean(lean, "goog", day, out)
    options = lean / "option/usa/minute/goog"
    quotes = options / "20151224_quote_american.zip"
    return Imported(
        day,
        option_quotes(quotes, day),
        quotes,
        options / "20151224_trade_american.zip",
        options / "20151224_openinterest_american.zip",
        lean / "equity/usa/minute/goog/20151224_quote.zip",
        open_tape(out),
        summary,
    )


@pytest.fixture(scope="module")
def spxw(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> Imported:
    day, out = datetime.date(2021, 1, 4), tmp_path_factory.mktemp("spxw")
    lean = recorded / "lean"
    summary = import_lean(lean, "SPXW", day, out)
    options = lean / "indexoption/usa/minute/spxw"
    quotes = options / "20210104_quote_european.zip"
    return Imported(
        day,
        option_quotes(quotes, day),
        quotes,
        options / "20210104_trade_european.zip.zip",
        options / "20210104_openinterest_european.zip.zip",
        lean / "index/usa/minute/spx/20210104_trade.zip",
        open_tape(out),
        summary,
    )


@pytest.fixture(params=[pytest.param("goog", marks=pytest.mark.drill), "spxw"])
def imported(request: pytest.FixtureRequest) -> Imported:
    day: Imported = request.getfixturevalue(request.param)
    return day


@pytest.mark.drill
def test_goog_comes_in_whole(goog: Imported) -> None:
    said = goog.summary
    assert said.bars == {"of quotes": 275_552, "of trades": 958, "of the underlying": 260}
    assert (said.rows, said.contracts) == (275_552 + 958 + 2_058 + 260, 2_192)
    assert (said.quotes, said.open_interest, said.volumes) == (2_192, 2_058, 241)
    assert said.same_day_contracts == 176
    assert (said.same_day_open_interest, said.same_day_volume) == (20_864, 3_345)
    assert not said.skipped
    assert not said.missing
    expiring = f"{goog.day:%y%m%d}"
    quoted = {raw for (raw,) in taped(goog.tape, "quotes", OPTIONS_DATASET)}
    traded = {raw for (raw,) in taped(goog.tape, "trades", OPTIONS_DATASET)}
    assert sum(raw[6:12] == expiring for raw in quoted) == 176
    assert sum(raw[6:12] == expiring for raw in traded) == 41


def test_spxw_comes_in_whole(spxw: Imported) -> None:
    said = spxw.summary
    assert said.symbol == "SPX"
    assert said.bars == {"of quotes": 4_565, "of trades": 1_918, "of the underlying": 411}
    assert (said.rows, said.open_interest) == (4_565 + 1_918 + 12 + 411, 12)
    assert not said.skipped
    assert not said.missing


def test_every_quote_is_that_of_the_end_of_its_bar(imported: Imported) -> None:
    found = taped(imported.tape, "quotes", OPTIONS_DATASET, "ts_recv", *TOP)
    said = {(raw, at): tuple(top) for raw, at, *top in found}
    assert len(said) == len(found)
    assert said == imported.standing


def test_every_trade_has_the_quote_that_stood_before_its_bar(imported: Imported) -> None:
    standing = imported.standing
    opening = instant(imported.day, "09:30")
    expected = []
    for name, rows in files(imported.trades).items():
        raw = raw_symbol(name)
        for row in rows:
            start = instant(imported.day, int(row[0]))
            before = range(start, opening - 1, -MINUTE)
            newest = next((at for at in before if (raw, at) in standing), None)
            carried = UNKNOWN if newest is None else standing[raw, newest]
            expected.append((raw, start + MINUTE, fixed(row[4]), int(row[5]), *carried))
    fields = ("ts_recv", "price", "size", *TOP)
    found = taped(imported.tape, "trades", OPTIONS_DATASET, *fields)
    assert sorted(found) == sorted(expected)
    assert any(one[4:] == UNKNOWN for one in found)


def test_volume_is_conserved_for_every_contract(imported: Imported) -> None:
    volume: Counter[str] = Counter()
    for name, rows in files(imported.trades).items():
        volume[raw_symbol(name)] += sum(int(row[5]) for row in rows)
    found: Counter[str] = Counter()
    for raw, size in taped(imported.tape, "trades", OPTIONS_DATASET, "size"):
        found[raw] += size
    assert found == volume


def test_open_interest_is_of_that_morning(imported: Imported) -> None:
    expected = [
        (raw_symbol(name), STAT_OPEN_INTEREST, int(count), *[instant(imported.day, int(clock))] * 2)
        for name, ((clock, count),) in files(imported.open_interest).items()
    ]
    fields = ("stat_type", "quantity", "ts_event", "ts_recv")
    found = taped(imported.tape, "statistics", OPTIONS_DATASET, *fields)
    assert sorted(found) == sorted(expected)


def test_every_contract_of_any_archive_is_defined_once(imported: Imported) -> None:
    archives = (imported.quotes, imported.trades, imported.open_interest)
    expected = {raw_symbol(name) for archive in archives for name in names(archive)}
    found = taped(imported.tape, "definitions", OPTIONS_DATASET, "raw_symbol", "strike_price")
    assert sorted(found) == sorted((raw, raw.encode(), int(raw[13:]) * 10**6) for raw in expected)


@pytest.mark.drill
def test_the_stock_has_its_own_quotes(goog: Imported) -> None:
    ((_, rows),) = files(goog.underlying).items()
    expected = [("GOOG", instant(goog.day, int(row[0])) + MINUTE, *quote(row)) for row in rows]
    assert taped(goog.tape, "underlying", LEAN_EQUITY, "ts_recv", *TOP) == expected


def test_the_index_is_timed_by_chicago_and_not_scaled(spxw: Imported) -> None:
    ((_, rows),) = files(spxw.underlying).items()
    expected = [
        ("SPX", instant(spxw.day, int(row[0]), CHICAGO) + MINUTE, int(Decimal(row[4]) * 10**9))
        for row in rows
    ]
    assert taped(spxw.tape, "underlying", INDEX, *PRICE) == expected
    assert expected[0][1] == instant(spxw.day, "09:31")


def body(session: Session, tape: Tape, symbol: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(
        snapshot(session, source_of(tape), SnapshotQuery(symbol=symbol, strike_range=STRIKE_RANGE))
    )
    return answer


@pytest.mark.drill
def test_a_half_day_has_one_hour_to_go_at_noon(goog: Imported) -> None:
    assert goog.tape.session.close == instant(goog.day, "13:00")
    answer = body(replay(goog.tape, instant(goog.day, "12:00")), goog.tape, "GOOG")
    assert answer["time_to_close_hours"] == 1.0
    assert answer["metadata"]["spot_source"] == "equity_quote"
    morning = answer["flow"]["volume_to_oi_ratio"] * 20_864
    assert morning == pytest.approx(answer["flow"]["total_volume"])


def parity(standing: Quotes, expiring: str, at: int) -> float:
    """Strike plus call mid less put mid, at 3700."""
    mids = []
    for right in "CP":
        bid, ask, *_ = standing[f"SPXW  {expiring}{right}03700000", at]
        mids.append((bid + ask) / 2e9)
    return 3700 + mids[0] - mids[1]


def test_the_index_agrees_with_the_chain_at_every_minute(spxw: Imported) -> None:
    values = {at: price / 1e9 for _, at, price in taped(spxw.tape, "underlying", INDEX, *PRICE)}
    minutes = range(spxw.tape.session.open + MINUTE, spxw.tape.session.close + 1, MINUTE)
    assert len(minutes) == 390
    for at in minutes:
        assert values[at] == pytest.approx(parity(spxw.standing, "210104", at), rel=0.001)


@pytest.mark.drill
@pytest.mark.parametrize("clock", ["09:40", "12:00", "15:55"])
def test_spot_is_the_index_and_agrees_with_the_chain(spxw: Imported, clock: str) -> None:
    at = instant(spxw.day, clock)
    session = replay(spxw.tape, at)
    spot = session.spot("SPX")
    assert spot is not None
    assert body(session, spxw.tape, "SPX")["metadata"]["spot_source"] == "index"
    assert spot.value == pytest.approx(parity(spxw.standing, "210104", at), rel=0.001)


@pytest.mark.drill
def test_prices_of_a_minute_ago_are_fresh(spxw: Imported) -> None:
    assert spxw.tape.notes.cadence_seconds == 60
    assert "minute bars" in spxw.tape.notes.notes
    session = replay(spxw.tape, instant(spxw.day, "11:00"))
    for seconds in (15, 45, 59):
        session.advance(instant(spxw.day, f"11:00:{seconds}"))
        answer = body(session, spxw.tape, "SPX")
        assert answer["metadata"]["spot_source"] == "index"
        assert not [warning for warning in answer["warnings"] if "stale" in warning]


# The client leaves the files that it reads open.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_the_public_client_reads_the_trades(spxw: Imported) -> None:
    (path,) = spxw.tape.path.glob("*.tcbbo.dbn.zst")
    frame = databento.DBNStore.from_file(path).to_df()
    cells = [row for rows in files(spxw.trades).values() for row in rows]
    assert len(frame) == 1_918
    assert frame["size"].sum() == sum(int(row[5]) for row in cells)
    assert sorted(frame["price"].round(4)) == sorted(int(row[4]) / 10_000 for row in cells)
