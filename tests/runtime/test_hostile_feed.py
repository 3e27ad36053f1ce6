"""What a broken or hostile feed may not do: write elsewhere, ruin a recording, end the session."""

import json
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from runtime.feeds_on_ports import eventually, recording
from runtime.hostile_feed import (
    STREAMS,
    hostile_feed,
    manifest,
    quotes,
    sent,
    sound,
    trades,
)
from session.made_tape import OPEN, SECOND
from zerodte.feeds.feed import FeedError
from zerodte.feeds.tcp_protocol import (
    ClockMessage,
    RefusalMessage,
    encode,
)
from zerodte.records.dbn import OPRA
from zerodte.runtime.live_runner import LiveRunner
from zerodte.runtime.replay import replay
from zerodte.service.stage import Stage
from zerodte.tape.feed_manifest import FeedManifest, FeedStream
from zerodte.tape.folder import open_tape


def last_end(folder: Path) -> int:
    """The end of the last committed tick; 0 without one."""
    lines = (folder / "ticks").read_bytes().split(b"\n")[:-1]
    return int(json.loads(lines[-1])["end"]) if lines else 0


def silent(_client: socket.socket, _counts: Sequence[int]) -> None:
    """Say nothing."""


@pytest.mark.parametrize(
    ("session", "problem"),
    [
        (manifest((FeedStream("../../x", "cbbo-1s"),)), "dataset"),
        (manifest((FeedStream("/tmp/x", "cbbo-1s"),)), "dataset"),  # noqa: S108
        (manifest((FeedStream("..", "cbbo-1s"),)), "dataset"),
        (manifest((FeedStream("A\0B", "cbbo-1s"),)), "dataset"),
        (manifest((FeedStream("A" * 16, "cbbo-1s"),)), "dataset"),
        (manifest((FeedStream(OPRA, "../cbbo-1s"),)), "schema"),
        (manifest((*STREAMS, FeedStream(OPRA.lower(), "cbbo-1s"))), "comes twice"),
        (manifest(()), "0 streams"),
        (manifest(tuple(FeedStream(f"D{n}", "cbbo-1s") for n in range(65))), "65 streams"),
        (manifest((FeedStream(OPRA, "cbbo-1s", has_conditions=True),)), "only with trades"),
        (manifest(symbols={"../x": {1: "ABC"}}), "dataset"),
        (manifest(symbols={OPRA: {2**40: "ABC"}}), "an id up to"),
        (manifest(symbols={OPRA: {-1: "ABC"}}), "an id up to"),
        (manifest(symbols={OPRA: {1: "\x1b[31m"}}), "printable"),
        (manifest(symbols={OPRA: {1: "A" * 71}}), "printable"),
    ],
)
def test_a_manifest_that_no_tape_can_hold_writes_nothing(
    tmp_path: Path, session: FeedManifest, problem: str
) -> None:
    root = tmp_path / "a" / "b"
    root.mkdir(parents=True)
    with hostile_feed(silent, session) as (feed, _), pytest.raises(FeedError, match=problem):
        LiveRunner(Stage(), feed, root)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b"]


def test_a_trade_whose_condition_cannot_be_read_back_is_refused(tmp_path: Path) -> None:
    at = OPEN + SECOND

    def talk(client: socket.socket, counts: Sequence[int]) -> None:
        client.sendall(sent(at, 0, counts[0], quotes(4, at - 9)))
        client.sendall(sent(at, 1, counts[1], trades(3, at - 9), b"\1\xff\1"))
        client.sendall(encode(ClockMessage(at + 2 * SECOND)))

    with hostile_feed(talk) as (feed, told), recording(feed, tmp_path) as market:
        folder = market.runner.folder
        eventually(lambda: last_end(folder) >= at)
        (warning,) = market.health.warnings
        eventually(lambda: told)
    assert "1 records that cannot be recorded" in warning
    assert isinstance(told[0], RefusalMessage)
    assert replay(open_tape(folder)).market.flow.volume.sum() == 2
    with (
        hostile_feed(lambda client, counts: client.sendall(sound(counts, 9))) as (feed, _),
        recording(feed, tmp_path) as market,
    ):
        eventually(lambda: last_end(folder) >= OPEN + 9 * SECOND)
    assert replay(open_tape(folder)).market.flow.volume.sum() == 3


@pytest.mark.parametrize("hours", [2, 9, 10**6])
def test_a_clock_hours_ahead_freezes_nothing(tmp_path: Path, hours: int) -> None:
    def talk(client: socket.socket, counts: Sequence[int]) -> None:
        client.sendall(sound(counts, 1))
        client.sendall(encode(ClockMessage(OPEN + hours * 3600 * SECOND)))
        rest = (counts[0] + 4, counts[1] + 1)
        client.sendall(sound(rest, 2))

    with hostile_feed(talk) as (feed, _), recording(feed, tmp_path) as market:
        folder = market.runner.folder
        eventually(lambda: market.health.warnings)
        eventually(lambda: last_end(folder) >= OPEN + 3 * SECOND)
        (warning,) = market.health.warnings
        assert "seconds ahead; it is believed only as far as the wall clock" in warning
        assert not market.runner.is_over
        assert last_end(folder) < OPEN + 600 * SECOND
    assert replay(open_tape(folder)).market.flow.volume.sum() == 2


@pytest.mark.parametrize(
    "speed", [0.0, -3.0, -0.0, float("nan"), float("inf"), float("-inf"), 1e300, 1e-300]
)
def test_a_speed_that_is_none_is_a_reason_in_health(tmp_path: Path, speed: float) -> None:
    with hostile_feed(silent, speed=speed) as (feed, _), recording(feed, tmp_path) as market:
        eventually(lambda: any("speed" in reason for reason in market.health.reasons))
        assert market.service.stats().queues == {"open ticks": 0}


@pytest.mark.parametrize("now", [-1, 2**63, 2**62 + 1, 4 * 10**18])
def test_a_start_that_is_no_time_is_a_reason_in_health(tmp_path: Path, now: int) -> None:
    with hostile_feed(silent, now=now) as (feed, _), recording(feed, tmp_path) as market:
        eventually(lambda: any("clock" in reason for reason in market.health.reasons))
        assert last_end(market.runner.folder) == 0
