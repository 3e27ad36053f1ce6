"""`zerodte simulate --universe`: a market of many names, skewed as the real one."""

import datetime
from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from pyarrow import parquet

from zerodte.cli import main
from zerodte.market.osi import parse_osi
from zerodte.market.roots import root_info
from zerodte.records.dbn import OPRA
from zerodte.runtime.replay import replay
from zerodte.tape.folder import open_tape
from zerodte.views.snapshot import snapshot
from zerodte.wire.snapshot import SnapshotQuery

MONDAY, FRIDAY = "2025-06-02", "2025-06-06"
COUNT = 30
#: The real names by the volumes of the table's source, and those below its last one.
BIGGEST = ["SPY", "QQQ", "SPX", "AAPL", "AMD", "TSLA", "NVDA", "AMZN", "IWM", "GOOGL"]


def simulate(out: Path, date: str, count: int, minutes: int = 2) -> None:
    words = ("simulate", "--date", date, "--universe", count, "--minutes", minutes, "--out", out)
    result = CliRunner().invoke(main, list(map(str, words)))
    assert result.exit_code == 0, result.output


def contracts(tape: Path) -> dict[str, list[datetime.date]]:
    """The expiry of every contract, by the symbol of its underlying, in the tape's order."""
    found: dict[str, list[datetime.date]] = {}
    for raw in open_tape(tape).symbols[OPRA].values():
        contract = parse_osi(raw)
        found.setdefault(root_info(contract.root).symbol, []).append(contract.expiry)
    return found


@pytest.fixture(scope="module")
def friday(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("universe") / "friday"
    simulate(out, FRIDAY, COUNT)
    return out


@pytest.fixture(scope="module")
def monday(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("universe") / "monday"
    simulate(out, MONDAY, COUNT, 3)
    return out


def test_the_names_are_the_real_ones_and_then_synthetic_ones(friday: Path) -> None:
    symbols = list(contracts(friday))
    assert (len(symbols), symbols[: len(BIGGEST)]) == (COUNT, BIGGEST)
    synthetic = symbols[14:]
    assert all(len(symbol) == 6 and symbol.isalpha() for symbol in synthetic), (
        "a stock with options has at most five letters"
    )


def test_every_name_answers_on_a_friday(friday: Path) -> None:
    tape = open_tape(friday)
    session = replay(tape)
    assert sorted(session.symbols()) == sorted(contracts(friday))
    for symbol in session.symbols():
        body = msgspec.json.decode(snapshot(session, "simulated", SnapshotQuery(symbol=symbol)))
        assert (body["symbol"], body["expiration"]) == (symbol, FRIDAY)
        assert body["flow"]["total_volume"] > 0
        assert body["exposures"]["net_gex"] is not None


def test_volume_is_as_skewed_as_the_rank_law_says(monday: Path) -> None:
    """On a Monday, when the real stocks have no same-day options, funds and the index dominate."""
    raws = open_tape(monday).symbols[OPRA]
    truth = parquet.read_table(monday / "truth" / "trades.parquet")
    trades = Counter(
        root_info(parse_osi(raws[number]).root).symbol
        for number in truth["instrument_id"].to_pylist()
    )
    shares = np.array(sorted(trades.values(), reverse=True)) / trades.total()
    assert len(shares) == COUNT
    # By volume 76% at the usual level of all names; same-day options of funds and SPX add to it.
    assert 0.70 < shares[:10].sum() < 0.95
    assert shares[0] > 0.10
    assert {"SPY", "QQQ", "SPX"} <= {symbol for symbol, _ in trades.most_common(5)}


def test_a_share_of_the_stocks_expires_every_day(friday: Path, monday: Path) -> None:
    today = datetime.date.fromisoformat(MONDAY)
    on_monday = [name for name, ends in contracts(monday).items() if today in ends]
    funds = {"SPY", "QQQ", "SPX", "IWM", "XSP", "NDX"}
    assert funds <= set(on_monday)
    assert len(set(on_monday) - funds) == 4
    today = datetime.date.fromisoformat(FRIDAY)
    assert all(today in ends for ends in contracts(friday).values())


def test_small_names_list_fewer_contracts(tmp_path: Path) -> None:
    simulate(tmp_path / "tape", FRIDAY, 160, 1)
    listed = contracts(tmp_path / "tape")
    sizes, expiries = (
        np.array([measure(ends) for ends in listed.values()])
        for measure in (len, lambda ends: len(set(ends)))
    )
    stocks = np.array([len(symbol) == 6 for symbol in listed])
    ranks = np.arange(1, 161)
    small, middling = ranks > 150, stocks & (ranks <= 50)
    assert np.median(sizes[small]) < 0.6 * np.median(sizes[middling])
    assert expiries[small].max() < 9
    assert np.median(expiries[small]) < np.median(expiries[middling])


@pytest.mark.parametrize("count", [1, 15])
def test_a_name_does_not_depend_on_the_number_of_names(
    friday: Path, tmp_path: Path, count: int
) -> None:
    simulate(tmp_path / "tape", FRIDAY, count, 1)
    few, many = contracts(tmp_path / "tape"), contracts(friday)
    assert list(few) == list(many)[:count]
    assert few == {symbol: many[symbol] for symbol in few}
