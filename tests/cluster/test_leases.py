"""Leases: one holder at a time, whatever is lost on the way."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from feeds.nats_broker import NatsBroker, broker
from runtime.feeds_on_ports import eventually
from zerodte.cluster.leases import EXPIRY_S, HOLDING_S, LEASES, LeaseBucket, seconds
from zerodte.feeds.feed import FeedError
from zerodte.feeds.nats.link import NatsLink


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsBroker]:
    with broker(tmp_path_factory.mktemp("broker")) as running_one:
        yield running_one


@pytest.fixture
def link(server: NatsBroker) -> Iterator[NatsLink]:
    opened = NatsLink(server.url)
    yield opened
    opened.close()


def test_a_symbol_has_one_holder(link: NatsLink) -> None:
    one, other = LeaseBucket(link, "one"), LeaseBucket(link, "other")
    first = one.claim(["SPX", "SPY"])
    assert [lease.symbol for lease in first] == ["SPX", "SPY"]
    second = other.claim(["SPX", "SPY", "NVDA"])
    assert [lease.symbol for lease in second] == ["NVDA"]
    symbols = {"SPX", "SPY", "NVDA"}
    assert one.taken([*symbols, "QQQ"]) == symbols
    one.release(first)
    other.release(second)
    assert not any(lease.is_held for lease in (*first, *second))
    assert one.taken(symbols) == set()


def test_a_holder_that_renews_keeps_it_and_one_that_does_not_stops_in_time(link: NatsLink) -> None:
    keeper, sleeper = LeaseBucket(link, "keeper"), LeaseBucket(link, "sleeper")
    kept, slept = keeper.claim(["AAA"]), sleeper.claim(["BBB"])

    def stops() -> bool:
        assert keeper.renew(kept) == []
        return not slept[0].is_held

    eventually(stops)
    # It stopped by its own clock, before anybody could claim the symbol.
    assert keeper.taken(["BBB"])
    eventually(lambda: keeper.renew(kept) == [] and not keeper.taken(["BBB"]))
    assert kept[0].is_held
    [taken] = keeper.claim(["BBB"])
    assert taken.generation > slept[0].generation
    assert sleeper.renew(slept) == slept
    keeper.release([*kept, taken])


def test_looking_leaves_nothing_at_the_broker(link: NatsLink) -> None:
    bucket = LeaseBucket(link, "one")
    [lease] = bucket.claim(["DDD"])
    for _ in range(20):
        assert bucket.taken(["DDD", "EEE"]) == {"DDD"}
    info = link.call(lambda: link.stream.stream_info(f"KV_{LEASES}"))
    assert info.state.consumer_count == 0
    bucket.release([lease])


def test_a_stored_renewal_whose_answer_was_lost_is_ours(link: NatsLink) -> None:
    bucket = LeaseBucket(link, "one")
    [lease] = bucket.claim(["CCC"])
    known = lease.revision
    assert bucket.renew([lease]) == []
    lease.revision, begun = known, lease.begun
    assert bucket.renew([lease]) == []
    assert lease.revision > known
    # Whose it is, was not known when the renewal began.
    assert lease.begun == begun
    assert bucket.renew([lease]) == []
    assert lease.begun > begun
    bucket.release([lease])


@pytest.mark.drill
def test_a_broker_that_is_away_renews_nothing(tmp_path: Path) -> None:
    with broker(tmp_path) as server:
        link = NatsLink(server.url)
        bucket = LeaseBucket(link, "one")
        [lease] = bucket.claim(["SPX"])
        server.kill()
        with pytest.raises(FeedError, match="lost"):
            eventually(lambda: bucket.renew([lease]))
        eventually(lambda: not lease.is_held)
        assert seconds() >= lease.begun + HOLDING_S
        server.start()
        again = NatsLink(server.url)
        # The broker remembers it for as long as it promised.
        eventually(lambda: not LeaseBucket(again, "other").taken(["SPX"]), EXPIRY_S + 30)
        again.close()
        link.close()
