"""A market answers for past sessions from its history, with the bytes that memory gave."""

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runtime.hearing import Hearing
from session.made_tape import DATE, OPEN, quotes, stock, trades, write
from zerodte.constants import MINUTE, SECOND
from zerodte.feeds.synthetic_tape import SYMBOL, write_synthetic_tape
from zerodte.history.history import History
from zerodte.market.calendar import calendar
from zerodte.runtime.archive import Archive
from zerodte.runtime.market import Market
from zerodte.tape.folder import Tape, open_tape
from zerodte.wire.errors import ApiError

#: Quotes and trades for so long, and one quote after the close, up to which time then passes.
_SPOKEN = 600
_AFTER = 6 * 3600 + 1800 + 60
INSTANTS = [OPEN + seconds * SECOND for seconds in (30, 100, 300, 605, 7_200, 23_400)]


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    late = stock(_AFTER)[-1:]
    return write(
        tmp_path_factory.mktemp("tape"),
        ("cbbo-1s", quotes("cbbo-1s", 6_000, _SPOKEN, seed=1)),
        ("tcbbo", trades("tcbbo", 600, _SPOKEN, seed=2)),
        ("bbo-1s", stock(_SPOKEN)),
        ("bbo-1s", late),
    )


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    """Another day, of another symbol."""
    session = calendar().session(datetime.date(2025, 6, 3))
    assert session is not None
    folder = tmp_path_factory.mktemp("today")
    write_synthetic_tape(folder, session)
    return open_tape(folder)


@contextmanager
def playing(tape: Tape, root: Path) -> Iterator[Market]:
    market, hearing = Market([tape], None, archive=Archive(History(str(root)))), Hearing()
    market.start(hearing)
    try:
        assert hearing.is_ready.wait(timeout=60)
        yield market
    finally:
        market.stop()


def answers(market: Market, at: int) -> list[bytes]:
    """Of every endpoint that takes `at`, refusals included."""
    return [
        said(lambda: market.snapshot("ABC", None, 0.03, at)),
        said(lambda: market.exposure("ABC", None, 0.03, at)),
        said(lambda: market.series("ABC", "1m", 60, at)),
        said(lambda: market.hedge_flow("ABC", "calls", "30s", 60, at)),
        said(lambda: market.heatmap("ABC", "gex", "delta", "1m", 60, at)),
        said(lambda: market.heatmap("ABC", "signed_flow", "raw", "5m", 390, at)),
        said(lambda: market.strike_flow("ABC", "1m", 60, at)),
    ]


def said(ask: Callable[[], bytes]) -> bytes:
    try:
        return ask()
    except ApiError as error:
        return error.body()


def test_the_bytes_are_those_that_memory_gave(tape: Tape, today: Tape, tmp_path: Path) -> None:
    with playing(tape, tmp_path) as market:
        once = [answers(market, at) for at in INSTANTS]
    with playing(today, tmp_path) as market:
        assert [answers(market, at) for at in INSTANTS] == once
        assert market.symbols() == [SYMBOL]
    for early in once[:4]:
        assert len(set(early)) == 7
        assert not any(b'"status":"ERROR"' in answer for answer in early)


def test_a_damaged_session_is_named_and_the_rest_answered(
    tape: Tape, today: Tape, tmp_path: Path
) -> None:
    with playing(tape, tmp_path):
        pass
    (file,) = tmp_path.rglob("*.parquet")
    file.write_bytes(file.read_bytes()[:-100])
    with playing(today, tmp_path) as market:
        with pytest.raises(ApiError, match=f"what is kept of ABC on {DATE} cannot be read") as said:
            market.series("ABC", "1m", 60, OPEN + MINUTE)
        assert said.value.code == "session_unreadable"
        assert str(tmp_path) not in said.value.message
        assert b'"bars":[]' in market.series("XYZ", "1m", 60, OPEN + MINUTE)
        assert market.health().status == "Healthy"
        assert SYMBOL.encode() in market.snapshot(SYMBOL, None, 0.03)


def test_without_a_history_there_is_no_past(today: Tape) -> None:
    market, hearing = Market([today], None), Hearing()
    market.start(hearing)
    assert hearing.is_ready.wait(timeout=60)
    market.stop()
    assert b'"bars":[]' in market.series("ABC", "1m", 60, OPEN + MINUTE)
    with pytest.raises(ApiError, match="no samples of a same-day chain of ABC are kept") as said:
        market.snapshot("ABC", None, 0.03, OPEN + MINUTE)
    assert said.value.code == "symbol_not_found"
