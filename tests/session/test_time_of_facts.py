"""The time of a fact counts, not the order in which it arrives."""

import datetime
from pathlib import Path

import numpy as np
import pytest

from session.day import WEDNESDAY, Day, ask, osi
from session.made_tape import morning, quotes, stock, trades, write
from zerodte.clock import new_york
from zerodte.records.dbn import OPRA, STAT_DELETED, Records
from zerodte.records.tick import Batch, Tick
from zerodte.runtime.replay import replay
from zerodte.session.session import Session
from zerodte.tape.folder import open_tape
from zerodte.tape.writer import TapeWriter

SECOND = 10**9
HOUR = 3600 * SECOND
DAY = 24 * HOUR


def chain(folder: Path, statistics: Records | None = None, sold: Records | None = None) -> Session:
    """A chain of ABC with its morning's open interest, and whatever else is given."""
    files = [("cbbo-1s", quotes("cbbo-1s", 400, 90, 1)), ("bbo-1s", stock(90))]
    write(folder, *files, *([("tcbbo", sold)] if sold is not None else []))
    if statistics is not None:
        TapeWriter(folder).write(OPRA, "statistics", statistics, name="z.dbn")
    return replay(open_tape(folder))


def later(count: int | None, *, dated: int, arrived: int = HOUR) -> Records:
    """The morning's statistics again, `arrived` after them; None deletes them."""
    out = morning()[1]
    out["ts_recv"] += np.uint64(arrived)
    out["ts_event"] = out["ts_event"].astype(np.int64) + dated
    if count is None:
        out["update_action"] = STAT_DELETED
    else:
        out["quantity"] = count
    return out


SETTLED = int(morning()[1]["quantity"].sum())


@pytest.mark.parametrize(
    ("dated", "total", "said"),
    [
        (-HOUR // 2, SETTLED, "open interest older than what is known: 22 left out"),
        (HOUR // 2, 22 * 50, ""),
        (0, 22 * 50, "open interest on which publishers disagree: 22 left out"),
    ],
)
def test_newest_open_interest_counts(tmp_path: Path, dated: int, total: int, said: str) -> None:
    session = chain(tmp_path, later(50, dated=dated))
    answer = ask(session, "ABC", settled=True)
    assert answer["flow"]["total_oi"] == total if "flow" in answer else True
    assert ask(session, "ABC")["flow"]["total_oi"] == total
    found = [text for text in answer["warnings"] if text.startswith("open interest")]
    assert found == ([said] if said else [])


def test_newest_of_one_batch_counts(tmp_path: Path) -> None:
    rows = np.concatenate((later(50, dated=HOUR, arrived=HOUR), later(60, dated=0, arrived=HOUR)))
    assert ask(chain(tmp_path, rows), "ABC")["flow"]["total_oi"] == 22 * 50


def test_deleted_open_interest_is_unknown(tmp_path: Path) -> None:
    session = chain(tmp_path, later(None, dated=HOUR))
    answer = ask(session, "ABC")
    assert answer["flow"]["total_oi"] is None
    assert answer["flow"]["call_oi"] is None
    assert "open interest deleted by its publisher: 22 left out" in answer["warnings"]
    assert session.market.oi_as_of("ABC") is None


def test_a_deletion_before_the_fact_and_one_of_a_few(tmp_path: Path) -> None:
    early = later(None, dated=-HOUR // 2)
    assert ask(chain(tmp_path / "a", early), "ABC")["flow"]["total_oi"] == SETTLED
    few = later(None, dated=HOUR)[:2]
    rest = SETTLED - int(morning()[1]["quantity"][:2].sum())
    assert ask(chain(tmp_path / "b", few), "ABC")["flow"]["total_oi"] == rest
    again = np.concatenate((later(None, dated=HOUR), later(9, dated=2 * HOUR, arrived=2 * HOUR)))
    assert ask(chain(tmp_path / "c", again), "ABC")["flow"]["total_oi"] == 22 * 9


@pytest.mark.parametrize(("days", "volume"), [(-3, 1), (-4, 1), (1, 1), (0, 2), (None, 2)], ids=str)
def test_trades_of_another_session_are_set_aside(
    tmp_path: Path, days: int | None, volume: int
) -> None:
    sold = trades("tcbbo", 2, 90, 2)
    sold["size"] = 1
    if days is not None:
        sold["ts_event"][1] = int(sold["ts_recv"][1]) + days * DAY
    else:
        sold["ts_event"][1] = 2**64 - 1
    answer = ask(chain(tmp_path, sold=sold), "ABC")
    assert answer["flow"]["total_volume"] == volume
    assert ("trades of another session: 1 left out" in answer["warnings"]) == (volume == 1)


def tick(at: int, schema: str, day: Day, received: list[str], bids: list[float]) -> Tick:
    """Quotes of one call in the order given, received at clock times."""
    rows = day.quote_records(schema, {osi("C", 4480): (1.0, 2.0)})
    rows = np.repeat(rows, len(bids))
    rows["ts_recv"] = [day.time(clock) for clock in received]
    rows["bid_px_00"] = [round(bid * 10**9) for bid in bids]
    rows["ask_px_00"] = rows["bid_px_00"] + 10**8
    return Tick(at, quotes=(Batch(OPRA, schema, rows),))


@pytest.mark.parametrize(
    ("received", "stands", "late"),
    [
        (["10:00:01", "10:00:05"], 2.0, 0),
        (["10:00:05", "10:00:01"], 1.0, 1),
        (["10:00:05", "10:00:05"], 2.0, 0),
        (["12:00:00", "10:00:05"], 2.0, 0),  # a clock hours ahead
    ],
)
def test_quote_received_last_stands(received: list[str], stands: float, late: int) -> None:
    day = Day()
    day.send("09:59", define=(osi("C", 4480), osi("P", 4480)))
    session = day.session
    session.apply(tick(day.time("10:00:05"), "cbbo-1s", day, received, [1.0, 2.0]))
    assert session.market.book.bid[0] == stands
    left_out = session.left_out("SPX").get("quotes older than the standing one", 0)
    assert left_out == late


def test_older_quote_in_a_later_tick_does_not_stand() -> None:
    day = Day()
    day.send("09:59", define=(osi("C", 4480),))
    session = day.session
    session.apply(tick(day.time("10:00:05"), "cbbo-1s", day, ["10:00:05"], [2.0]))
    session.apply(tick(day.time("10:00:06"), "cbbo-1s", day, ["10:00:01"], [1.0]))
    assert session.market.book.bid[0] == 2.0
    assert new_york(WEDNESDAY, datetime.time(10, 0, 6)) == session.now


def test_older_index_value_does_not_stand() -> None:
    day = Day()
    for clock, value in (("10:00:05", 5940.0), ("10:00:06", 5930.0)):
        day.send(clock, define=(osi("C", 4480),), index={"SPX": value})
    rows = day._values({"SPX": 5000.0})
    rows["ts_recv"] = day.time("10:00:02")
    day.session.apply(
        Tick(day.time("10:00:07"), underlying=(Batch("ZERODTE.INDEX", "trades", rows),))
    )
    spot = day.session.spot("SPX")
    assert spot is not None
    assert (spot.value, spot.source) == (5930.0, "index")
