"""Which records of a folder are trades, and which datasets hold index values."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from session.day import ask
from session.made_tape import OPEN, SECOND, quotes, write
from zerodte.records.dbn import OPRA, OPRA_CONSOLIDATED, Records, records
from zerodte.runtime.replay import replay
from zerodte.tape.folder import open_tape
from zerodte.tape.writer import TapeWriter

Make = Callable[..., Records]


def book(make: Make, *, trades: int) -> Records:
    """Consolidated and venues' quotes in turn, the first venues' records being trades."""
    out = make("mbp-1", *range(1, 21))
    out["publisher_id"] = np.where(np.arange(20) % 2, 22, OPRA_CONSOLIDATED)
    out["action"][1 : 2 * trades : 2] = b"T"
    out["size"] = 3
    return out


@pytest.mark.parametrize("has_plain_trades", [False, True])
def test_trades_inside_mbp1_are_trades(
    writer: TapeWriter, make: Make, has_plain_trades: bool
) -> None:
    writer.write(OPRA, "mbp-1", book(make, trades=4), name="m.dbn")
    if has_plain_trades:
        writer.write(OPRA, "trades", make("trades", 1, 2), name="t.dbn")
    tape = open_tape(writer.path)
    batches = [batch for tick in tape.ticks() for batch in tick.trades]
    assert {batch.schema for batch in batches} == {"tbbo"}
    assert sum(len(batch.records) for batch in batches) == 4
    assert all((batch.records["action"] == b"T").all() for batch in batches)
    assert sum(len(batch.records) for tick in tape.ticks() for batch in tick.quotes) == 10
    aside = "m.dbn: 6 records are quotes of one venue; left out, the consolidated ones are used"
    assert aside in tape.warnings


def test_trades_inside_mbp1_give_way_to_better_ones_and_are_counted(
    writer: TapeWriter, make: Make
) -> None:
    writer.write(OPRA, "mbp-1", book(make, trades=4), name="m.dbn")
    writer.write(OPRA, "tcbbo", make("tcbbo", 1, 2), name="t.dbn")
    tape = open_tape(writer.path)
    assert sum(len(batch.records) for tick in tape.ticks() for batch in tick.trades) == 2
    assert any(text.startswith("m.dbn: 4 records are trades; left out") for text in tape.warnings)


def test_mbp1_beside_finer_quotes_gives_its_trades(writer: TapeWriter, make: Make) -> None:
    writer.write(OPRA, "mbp-1", book(make, trades=4), name="m.dbn")
    writer.write(OPRA, "cbbo-1s", make("cbbo-1s", 1, 2), name="q.dbn")
    tape = open_tape(writer.path)
    assert sum(len(batch.records) for tick in tape.ticks() for batch in tick.trades) == 4
    assert tape.warnings == [
        "m.dbn: only its trades are used; the quotes of OPRA.PILLAR come from cbbo-1s"
    ]


def test_volume_of_trades_inside_mbp1_counts(tmp_path: Path) -> None:
    rows = records("mbp-1", 60)
    content = quotes("cbbo-1s", 60, 50, seed=1)
    for name in ("instrument_id", "ts_event", "ts_recv", "bid_px_00", "ask_px_00"):
        rows[name] = content[name]
    rows["bid_sz_00"] = rows["ask_sz_00"] = 10
    rows["publisher_id"] = OPRA_CONSOLIDATED
    rows["publisher_id"][50:], rows["action"][50:], rows["size"][50:] = 22, b"T", 3
    rows["price"][50:] = rows["ask_px_00"][50:]
    write(tmp_path / "tape", ("mbp-1", rows))
    session = replay(open_tape(tmp_path / "tape"), until=OPEN + 60 * SECOND)
    assert ask(session, "ABC")["flow"]["total_volume"] == 30


@pytest.mark.parametrize(
    ("dataset", "names", "kind"),
    [
        ("DBIX.CORE", ["SPX", "VIX", "OTHER1", "OTHER2", "OTHER3"], "index"),
        ("SOME.INDICES", ["SPX", "$NDX"], "index"),
        ("XNAS.ITCH", ["SPY", "CBTX", "AAPL"], "equity"),
    ],
)
def test_datasets_of_index_values_are_known_by_name_or_symbols(
    writer: TapeWriter, make: Make, dataset: str, names: list[str], kind: str
) -> None:
    writer.write(OPRA, "cbbo-1s", make("cbbo-1s", 1, 2), name="q.dbn")
    writer.ids(dataset, names)
    writer.write(dataset, "trades", make("trades", 1, 2), name="x.dbn")
    tape = open_tape(writer.path)
    assert tape.kind(dataset) == kind
    aside = "x.dbn: its trades are no prices; XNAS.ITCH is taken for equities, whose quotes are"
    assert tape.warnings == ([aside] if kind == "equity" else [])


def test_index_values_of_a_vendor_are_the_spot(tmp_path: Path) -> None:
    write(tmp_path / "tape", ("cbbo-1s", quotes("cbbo-1s", 600, 50, seed=1)))
    values = records("trades", 50)
    values["ts_event"] = values["ts_recv"] = OPEN + SECOND * np.arange(1, 51)
    values["instrument_id"] = 7
    values["price"] = 100_100_000_000
    writer = TapeWriter(tmp_path / "tape")
    writer.write("DBIX.CORE", "trades", values, {7: "ABC"}, name="x.dbn")
    session = replay(open_tape(tmp_path / "tape"), until=OPEN + 50 * SECOND)
    answer = ask(session, "ABC")
    assert answer["metadata"]["spot_source"] == "index"
    assert answer["underlying_price"] == 100.1
