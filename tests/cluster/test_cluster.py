"""Workers that share a session, and the node that asks them."""

import datetime
import logging
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import msgspec
import pytest
from nats.aio.msg import Msg

from cluster.workers import answers_all, asking, working
from feeds.nats_broker import NatsBroker, broker
from runtime.feeds_on_ports import eventually
from runtime.local_market import LocalMarket
from runtime.published_market import published_market
from session.cut_tape import SYMBOLS
from zerodte.cluster.messages import GroupPulse, Pulse, encode_pulse, pulse_subject
from zerodte.cluster.remote_service import RemoteService
from zerodte.cluster.worker import WorkerPlan
from zerodte.constants import SECOND
from zerodte.feeds.feed import FeedError
from zerodte.feeds.nats.link import NatsLink
from zerodte.runtime.live_runner import LiveRunner
from zerodte.service.local_service import VIEWS
from zerodte.service.market_service import MarketService, MarketStats
from zerodte.wire.errors import ApiError
from zerodte.wire.health import Health
from zerodte.wire.leaderboard import Leaderboard, LeaderboardQuery
from zerodte.wire.listing import StockQuoteQuery, SymbolList, SymbolsQuery
from zerodte.wire.query import Query
from zerodte.wire.series import SeriesQuery
from zerodte.wire.snapshot import SnapshotQuery
from zerodte.wire.stream import StreamQuery

TWO, ONE = WorkerPlan(most=2), WorkerPlan(most=1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsBroker]:
    with broker(tmp_path_factory.mktemp("broker")) as running_one:
        yield running_one


@pytest.fixture(scope="module")
def market(
    server: NatsBroker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalMarket[LiveRunner]]:
    with published_market(server, tmp_path_factory.mktemp("market")) as market:
        yield market


def queries() -> list[Query]:
    """Every question, about every symbol."""
    found: list[Query] = []
    for query in VIEWS:
        if "symbol" in query.__struct_fields__:
            found += [query(symbol=symbol) for symbol in SYMBOLS]
        else:
            found.append(query())
    return [*found, StockQuoteQuery(symbol="VIX"), SnapshotQuery(symbol="SPXW")]


def outcome(service: MarketService, query: Query) -> bytes | tuple[str, str]:
    """An answer, or the code and words of an error."""
    try:
        return service.answer(query)
    except ApiError as error:
        return error.code, error.message


def said_by(service: RemoteService) -> tuple[str, ...]:
    """What health says."""
    health = service.status().health
    return (*health.reasons, *health.warnings)


@pytest.mark.drill
def test_every_answer_is_that_of_a_server_alone(
    market: LocalMarket[LiveRunner], server: NatsBroker, tmp_path: Path
) -> None:
    with (
        working(server.url, tmp_path / "one", TWO) as one,
        working(server.url, tmp_path / "other", ONE) as other,
        asking(server.url) as service,
    ):
        eventually(lambda: answers_all(service, SYMBOLS))
        assert sorted([*one.owned, *other.owned]) == sorted(SYMBOLS)
        assert len(one.owned) == 2
        for query in queries():
            assert outcome(service, query) == outcome(market.service, query), query
        assert service.status() == market.service.status()


@pytest.mark.drill
def test_what_was_answered_is_answered_again_by_whoever_takes_over(
    market: LocalMarket[LiveRunner], server: NatsBroker, tmp_path: Path
) -> None:
    at = market.runner.stage.ready().session.hours.open + 90 * SECOND
    asked = [SeriesQuery(symbol=symbol, at=at) for symbol in SYMBOLS]
    with asking(server.url) as service:
        with working(server.url, tmp_path / "one", WorkerPlan()):
            eventually(lambda: answers_all(service, SYMBOLS))
            before = [service.answer(query) for query in asked]
            begun = service.version(asked[0])
            events = service.events(StreamQuery(symbol="SPX"), 0)
        eventually(lambda: not isinstance(outcome(service, asked[0]), bytes))
        assert service.version(asked[0]) > begun
        with working(server.url, tmp_path / "other", WorkerPlan()):
            eventually(lambda: answers_all(service, SYMBOLS))
            assert [service.answer(query) for query in asked] == before
            # A stream goes on behind the sample that it had.
            assert service.events(StreamQuery(symbol="SPX"), events[0].time) == events[1:]


def test_a_standby_owns_what_its_worker_left(
    server: NatsBroker, market: object, tmp_path: Path
) -> None:
    with (
        asking(server.url) as service,
        working(server.url, tmp_path / "standby", WorkerPlan(is_standby=True)) as standby,
    ):
        # Nobody else is there, so it answers, and gives nothing back.
        eventually(lambda: answers_all(service, SYMBOLS))
        assert standby.owned == sorted(SYMBOLS)
        with working(server.url, tmp_path / "late", WorkerPlan()) as late:
            eventually(lambda: late.problem is None)
            assert late.owned == []


@pytest.mark.drill
def test_two_that_follow_divide_the_symbols_of_one(
    server: NatsBroker, market: object, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "zerodte")
    halves = [SYMBOLS[:1], SYMBOLS[1:]]
    plans = [WorkerPlan(symbols=tuple(half), is_standby=True) for half in halves]
    with asking(server.url) as service, ExitStack() as stack:
        with working(server.url, tmp_path / "one", WorkerPlan()) as one:
            eventually(lambda: answers_all(service, SYMBOLS))
            two = [
                stack.enter_context(working(server.url, tmp_path / f"half{number}", plan))
                for number, plan in enumerate(plans)
            ]
            eventually(lambda: [each.message for each in caplog.records].count("ready") == 3)
            assert one.owned == sorted(SYMBOLS)
        eventually(lambda: [each.owned for each in two] == [sorted(half) for half in halves])
        eventually(lambda: answers_all(service, SYMBOLS))


@pytest.mark.drill
def test_who_is_missing_is_named(
    market: LocalMarket[LiveRunner], server: NatsBroker, tmp_path: Path
) -> None:
    with (
        asking(server.url) as service,
        working(server.url, tmp_path / "one", WorkerPlan(symbols=("SPY",))) as worker,
    ):
        eventually(lambda: isinstance(outcome(service, SeriesQuery(symbol="SPY")), bytes))
        assert worker.owned == ["SPY"]
        note = "no worker answers for NVDA, SPX"
        query = LeaderboardQuery(metric="abs_flow")
        board = msgspec.json.decode(service.answer(query), type=Leaderboard)
        assert ([entry.symbol for entry in board.entries], board.note) == (["SPY"], note)
        listed = msgspec.json.decode(service.answer(SymbolsQuery()), type=SymbolList)
        assert (listed.symbols, listed.note) == (["SPY"], note)
        eventually(lambda: note in said_by(service))
        with pytest.raises(ApiError, match="no worker answers for SPX now") as refusal:
            service.answer(SnapshotQuery(symbol="SPX"))
        assert (refusal.value.code, refusal.value.retry_after) == ("warming_up", 2)
        with pytest.raises(ApiError, match="XYZ is not tracked; tracked symbols: NVDA, SPX, SPY"):
            service.answer(SnapshotQuery(symbol="XYZ"))
        stored = datetime.datetime(2025, 6, 5, 20, tzinfo=datetime.UTC)
        old = SeriesQuery(symbol="QQQ", at=int(stored.timestamp()) * SECOND)
        assert outcome(service, old) == outcome(market.service, old)


def test_a_stream_that_is_none_of_ours_stops_nobody(
    market: LocalMarket[LiveRunner], server: NatsBroker, tmp_path: Path
) -> None:
    """A newer session that nobody describes, and a date that is none."""
    names = ("zerodte-2099-06-08", "zerodte-2025-99-99")
    link = NatsLink(server.url)
    stream = link.stream
    for name in names:
        subject = name.replace("-", ".", 1)
        link.call(partial(stream.add_stream, name=name, subjects=[f"{subject}.>"]))
        link.call(partial(stream.publish, f"{subject}.end", b"x"))
    try:
        with (
            asking(server.url) as service,
            working(server.url, tmp_path / "one", WorkerPlan(symbols=("SPX",))) as worker,
        ):
            query = SeriesQuery(symbol="SPX")
            eventually(lambda: outcome(service, query) == outcome(market.service, query))
            assert worker.owned == ["SPX"]
    finally:
        for name in names:
            link.call(partial(stream.delete_stream, name))
        link.close()


def test_an_index_is_asked_for_again_when_anything_has_changed(
    server: NatsBroker, tmp_path: Path, market: LocalMarket[LiveRunner]
) -> None:
    query = StockQuoteQuery(symbol="VIX")
    with asking(server.url) as service:
        before = service.version(query)
        with working(server.url, tmp_path / "one", ONE):
            eventually(lambda: outcome(service, query) == outcome(market.service, query))
            assert service.version(query) > before


def test_a_call_under_way_ends_when_its_link_is_closed(server: NatsBroker) -> None:
    link = NatsLink(server.url)
    link.listen("mute", _mute)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(link.request, "mute", b"", 600.0)
        eventually(asked.running)
        link.close()
        with pytest.raises(FeedError):
            asked.result(60.0)
    with pytest.raises(FeedError, match="closed"):
        link.publish("mute", b"")


async def _mute(_: Msg) -> None:
    """Reply nothing."""


def test_a_node_without_a_broker_says_so(tmp_path: Path) -> None:
    with broker(tmp_path) as server:
        url = server.url
    with asking(url) as service:
        eventually(lambda: "the broker is away" in "".join(service.status().health.reasons))
        with pytest.raises(ApiError, match="the broker is away") as refusal:
            service.answer(SymbolsQuery())
        assert refusal.value.code == "warming_up"


def test_a_lag_that_one_worker_does_not_know_hides_no_other(server: NatsBroker) -> None:
    def pulse(symbol: str, lag: float) -> bytes:
        group = GroupPulse(
            session=datetime.date(2025, 6, 6),
            is_ready=not math.isnan(lag),
            owned={symbol: 1},
            versions={"tick": 1, "sample": 1, "never": 1},
            health=Health.of(),
            stats=MarketStats(tick_lag=lag, sample_lag=lag),
        )
        return encode_pulse(Pulse(symbol, [group]))

    lags = {"AAA": math.nan, "BBB": 0.5, "CCC": 0.25, "DDD": math.nan}
    link = NatsLink(server.url)
    with asking(server.url) as service:

        def heard() -> bool:
            for symbol, lag in lags.items():
                link.publish(pulse_subject(symbol), pulse(symbol, lag))
            return set(lags) <= set(service.status().symbols)

        eventually(heard)
        stats = service.stats()
        assert (stats.tick_lag, stats.sample_lag) == (0.5, 0.5)
        assert any("AAA, DDD" in each for each in said_by(service))
    link.close()
