"""A session that one server records and publishes, and others follow."""

import contextlib
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from feeds.nats_broker import NatsBroker, broker
from runtime.feeds_on_ports import eventually, recording, sending
from runtime.local_market import LocalMarket, running
from runtime.published_market import published_market
from session.cut_tape import SYMBOLS, simulated
from views.market import served
from zerodte.cli.live import publishing
from zerodte.constants import SECOND
from zerodte.feeds.feed import FeedError
from zerodte.feeds.nats.feed import NatsFeed
from zerodte.feeds.nats.link import NatsLink
from zerodte.feeds.nats.publisher import StreamPublisher
from zerodte.market.roots import underlying_of
from zerodte.runtime.live_runner import LiveRunner
from zerodte.runtime.replay import replay
from zerodte.service.local_service import LocalService
from zerodte.service.stage import Stage
from zerodte.tape.dbnfile import find_files
from zerodte.tape.error import TapeError
from zerodte.tape.feed_manifest import FeedManifest
from zerodte.tape.folder import open_tape
from zerodte.tape.recent_records import RecordingPosition
from zerodte.tape.sidecars import CANCELS_SUFFIX, CONDITIONS_SUFFIX, read_cancels, read_conditions
from zerodte.wire.heatmap import HeatmapQuery
from zerodte.wire.hedge_flow import HedgeFlowQuery
from zerodte.wire.series import SeriesQuery
from zerodte.wire.snapshot import SnapshotQuery
from zerodte.wire.strike_flow import StrikeFlowQuery

QUERIES = (SnapshotQuery, SeriesQuery, HedgeFlowQuery, HeatmapQuery, StrikeFlowQuery)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsBroker]:
    with broker(tmp_path_factory.mktemp("broker")) as running_one:
        yield running_one


@pytest.fixture(scope="module")
def recorded_market(
    server: NatsBroker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalMarket[LiveRunner]]:
    with published_market(server, tmp_path_factory.mktemp("market")) as market:
        yield market


@contextlib.contextmanager
def following(server: NatsBroker, root: Path, *symbols: str) -> Iterator[LocalMarket[LiveRunner]]:
    with running(LiveRunner(Stage(), NatsFeed(server.url, symbols), root)) as market:
        yield market


def content(folder: Path) -> dict[str, list[bytes]]:
    """What is recorded, by file and instrument: records, conditions, and the trades cancelled."""
    found: dict[str, list[bytes]] = {}
    for file in find_files(folder):
        rows = np.concatenate(list(file.chunks(lambda _: None)))
        conditions = read_conditions(file.sidecar(CONDITIONS_SUFFIX))
        pairs = read_cancels(file.sidecar(CANCELS_SUFFIX), rows.__len__)
        cancelled = {} if pairs is None else dict(pairs.tolist())
        for place, row in enumerate(rows):
            condition = b"" if conditions is None else bytes([conditions[place]])
            trade = rows[cancelled[place]].tobytes() if place in cancelled else b""
            key = f"{file.name} {row['instrument_id']}"
            found.setdefault(key, []).append(row.tobytes() + condition + trade)
    return found


def at_the_end(runner: LiveRunner) -> LocalService:
    """What a recording answers when its last quotes are fresh."""
    tape = open_tape(runner.folder)
    return served(replay(tape, tape.session.open + 170 * SECOND))


def ticks(folder: Path) -> list[tuple[int, str]]:
    return [(tick.end, tick.gap) for tick in open_tape(folder).ticks()]


def test_what_is_followed_is_what_was_recorded(
    recorded_market: LocalMarket[LiveRunner], server: NatsBroker, tmp_path: Path
) -> None:
    with following(server, tmp_path) as market:
        eventually(lambda: market.runner.is_over)
    original, copy = recorded_market.runner.folder, market.runner.folder
    assert content(copy) == content(original)
    # A follower's clock stands a little past the last tick, and closes a silent one there.
    assert ticks(copy) == ticks(original)


@pytest.mark.drill
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_one_symbol_has_the_bytes_that_it_has_among_all(
    symbol: str, recorded_market: LocalMarket[LiveRunner], server: NatsBroker, tmp_path: Path
) -> None:
    with following(server, tmp_path, symbol) as market:
        eventually(lambda: market.runner.is_over)
    whole, part = at_the_end(recorded_market.runner), at_the_end(market.runner)
    for query in QUERIES:
        asked = query(symbol=symbol)
        assert part.answer(asked) == whole.answer(asked)
    contracts = open_tape(market.runner.folder).symbols["OPRA.PILLAR"].values()
    assert {underlying_of(raw[:6]) for raw in contracts} == {symbol}


def test_a_stream_tells_who_is_not_there(
    recorded_market: LocalMarket[LiveRunner], server: NatsBroker
) -> None:
    with pytest.raises(FeedError, match="QQQ not in the session of 2025-06-06; it has NVDA, SP"):
        NatsFeed(server.url, ("QQQ",)).connect()


def test_without_a_server_or_a_session_it_says_so(tmp_path: Path) -> None:
    with (
        broker(tmp_path) as empty,
        pytest.raises(FeedError, match="no session is published there"),
    ):
        NatsFeed(empty.url).connect()
    with pytest.raises(FeedError, match="onnect"):
        NatsFeed(empty.url).connect()


@pytest.mark.drill
def test_a_follower_goes_on_where_it_stopped(
    recorded_market: LocalMarket[LiveRunner], server: NatsBroker, tmp_path: Path
) -> None:
    original = recorded_market.runner.folder
    with following(server, tmp_path) as market:
        eventually(lambda: (market.runner.folder / "ticks").stat().st_size > 20_000)
    assert not market.runner.is_over
    with following(server, tmp_path) as market:
        assert market.runner.recovery.last_end
        eventually(lambda: market.runner.is_over)
    assert content(market.runner.folder) == content(original)


@pytest.mark.drill
def test_a_killed_server_loses_nothing_and_gets_nothing_twice(tmp_path: Path) -> None:
    """The recording goes on without it; the stream catches up, and so does who follows it."""
    tape = open_tape(simulated(tmp_path / "tape"))
    with (
        broker(tmp_path / "broker") as server,
        sending(tape, 600.0) as feed,
        recording(feed, tmp_path / "recordings") as market,
        publishing(market.runner, server.url) as publisher,
    ):
        eventually(lambda: published_ticks(server) > 20)
        with following(server, tmp_path / "copies") as follower:
            assert follower.log.is_ready.wait(60)
            for _ in range(3):
                begun = published_ticks(server)
                server.kill()
                eventually(publisher.warnings)
                eventually(lambda: any("is away" in each for each in problems(follower)))
                server.start()
                eventually(partial(has_published, server, begun + 20))
            eventually(lambda: market.runner.is_over)
            assert publisher.join(60.0)
            eventually(lambda: follower.runner.is_over)
    assert content(follower.runner.folder) == content(market.runner.folder)
    # No second passed without its records: what is answered of any instant is the publisher's.
    assert ticks(follower.runner.folder) == ticks(market.runner.folder)


@pytest.mark.drill
def test_a_second_publisher_is_refused(tmp_path: Path) -> None:
    tape = open_tape(simulated(tmp_path / "tape"))
    with (
        broker(tmp_path / "broker") as server,
        sending(tape, 5_000.0) as feed,
        recording(feed, tmp_path / "one") as first,
        recording(feed, tmp_path / "two") as second,
        publishing(first.runner, server.url) as one,
        publishing(second.runner, server.url) as two,
    ):
        eventually(lambda: first.runner.is_over and second.runner.is_over)
        whole = {one.join(60.0), two.join(60.0)}
        assert whole == {True, False}
        (refusal,) = (*one.warnings(), *two.warnings())
        assert "another one publishes this session" in refusal
        with following(server, tmp_path / "copies") as follower:
            eventually(lambda: follower.runner.is_over)
    assert content(follower.runner.folder) == content(first.runner.folder)


@pytest.mark.drill
def test_a_server_that_lost_what_it_had_is_told_all_again(
    recorded_market: LocalMarket[LiveRunner], tmp_path: Path
) -> None:
    tape = open_tape(simulated(tmp_path / "tape"))
    with (
        broker(tmp_path / "broker") as server,
        sending(tape, 1_500.0) as feed,
        recording(feed, tmp_path / "recordings") as market,
        publishing(market.runner, server.url) as publisher,
    ):
        eventually(lambda: published_ticks(server) > 200)
        server.kill()
        server.forget()
        server.start()
        eventually(lambda: market.runner.is_over)
        assert publisher.join(60.0)
        with following(server, tmp_path / "copies") as follower:
            eventually(lambda: follower.runner.is_over)
    assert content(follower.runner.folder) == content(market.runner.folder)


@pytest.mark.drill
def test_a_finished_recording_is_published_too(
    recorded_market: LocalMarket[LiveRunner], tmp_path: Path
) -> None:
    """Its feed has no clock any more. An end that was published before is none any more."""
    runner = recorded_market.runner
    with broker(tmp_path / "broker") as server:
        for _ in range(2):
            publisher = StreamPublisher(
                server.url,
                runner.folder,
                runner.manifest,
                clock=lambda: None,
                is_over=lambda: True,
            )
            publisher.start()
            assert publisher.join(60.0)
            assert publisher.warnings() == []
        with following(server, tmp_path / "copies") as follower:
            eventually(lambda: follower.runner.is_over)
    assert content(follower.runner.folder) == content(runner.folder)


@pytest.mark.drill
def test_other_symbols_need_another_folder(
    recorded_market: LocalMarket[LiveRunner], server: NatsBroker, tmp_path: Path
) -> None:
    """A recording resumes by the counts of what it follows."""
    with following(server, tmp_path, "SPX") as market:
        eventually(lambda: market.runner.is_over)
    with pytest.raises(TapeError, match="other symbols"):
        LiveRunner(Stage(), NatsFeed(server.url, ("SPX", "SPY")), tmp_path)


@pytest.mark.drill
def test_a_follower_of_a_quiet_stream_stays(
    recorded_market: LocalMarket[LiveRunner], server: NatsBroker
) -> None:
    connection = NatsFeed(server.url).connect()
    with contextlib.closing(connection):
        connection.start(RecordingPosition(dict.fromkeys(names(connection.manifest), 0)))
        while not connection.is_over:
            connection.receive(0.1)
        begun = time.monotonic()
        while time.monotonic() < begun + 5.0:
            assert connection.receive(0.1) == []


def names(manifest: FeedManifest) -> list[str]:
    return [stream.name for stream in manifest.streams]


def problems(market: LocalMarket[LiveRunner]) -> tuple[str, ...]:
    return market.runner.stage.health().reasons


def has_published(server: NatsBroker, count: int) -> bool:
    return published_ticks(server) > count


def published_ticks(server: NatsBroker) -> int:
    """How many ends of ticks the server has; 0 while it cannot say."""
    with contextlib.suppress(FeedError):
        link = NatsLink(server.url)
        try:
            info = link.call(
                lambda: link.stream.stream_info("zerodte-2025-06-06", subjects_filter="*.*.tick.*")
            )
            return len(info.state.subjects or {})
        finally:
            link.close()
    return 0
