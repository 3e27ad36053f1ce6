"""What a broken or hostile feed may not do: write elsewhere, ruin a recording, end the session."""

import json
import random
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
from session.made_tape import DATE, OPEN, SECOND, STOCKS, SYMBOLS
from zerodte.feeds.feed import FeedError
from zerodte.feeds.tcp_protocol import (
    ClockMessage,
    EndMessage,
    RecordsMessage,
    RefusalMessage,
    encode,
)
from zerodte.records.dbn import OPRA, Records, records
from zerodte.runtime import feed_client
from zerodte.runtime.live_runner import LiveRunner
from zerodte.runtime.replay import replay
from zerodte.service.stage import Stage
from zerodte.tape.feed_manifest import FeedManifest, FeedStream
from zerodte.tape.folder import open_tape

#: At 60 times the wall clock, the times of messages are no lead that would be cut.
QUICK = 60.0


def last_end(folder: Path) -> int:
    """The end of the last committed tick; 0 without one."""
    lines = (folder / "ticks").read_bytes().split(b"\n")[:-1]
    return int(json.loads(lines[-1])["end"]) if lines else 0


def ticks_with_quotes(folder: Path) -> int:
    """How many ticks with quotes of options are committed."""
    return (folder / "ticks").read_bytes().count(STREAMS[0].name.encode())


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

    def go_on(client: socket.socket, counts: Sequence[int]) -> None:
        client.sendall(sound(counts, 9))

    with hostile_feed(go_on, speed=QUICK) as (feed, _), recording(feed, tmp_path) as market:
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


def malformed(  # noqa: PLR0911  one return per kind
    chance: random.Random, counts: Sequence[int]
) -> bytes:
    """A message with something wrong in it."""
    at = OPEN + chance.randrange(1, 20) * SECOND
    wild = chance.choice([-1, 0, 2**31, 2**62, 2**63 - 1, 2**64 - 1, OPEN, OPEN - 10**15])
    rows = trades(3, at - 9)
    body = bytearray(rows.tobytes() + b"\1\1\1")
    kind = chance.randrange(9)
    if kind == 0:  # any field of the records, or a condition
        for _ in range(chance.randrange(1, 40)):
            body[chance.randrange(len(body))] = chance.randrange(256)
        return encode(RecordsMessage(at, 1, counts[1], 3), bytes(body))
    if kind == 1:
        return encode(RecordsMessage(wild, 1, counts[1], 3), bytes(body))
    if kind == 2:
        return encode(RecordsMessage(at, chance.choice([-1, 3, wild]), 0, 3), bytes(body))
    if kind == 3:
        return encode(RecordsMessage(at, 1, wild, 3), bytes(body))
    if kind == 4:
        return encode(RecordsMessage(at, 1, counts[1], wild), bytes(body))
    if kind == 5:
        pairs = ((counts[1] + chance.randrange(4), wild),)
        return encode(RecordsMessage(at, 1, counts[1], 3, pairs), bytes(body))
    if kind == 6:
        return encode(ClockMessage(wild))
    message = bytearray(encode(ClockMessage(at)))
    if kind == 7:
        message[chance.randrange(len(message))] = chance.randrange(256)
        return bytes(message)
    return encode(RefusalMessage("x" * 99)) if chance.random() < 0.5 else bytes(message[:-3])


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(n, marks=pytest.mark.drill) for n in range(1, 50))]
)
def test_malformed_messages_end_no_recording(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    seed: int,
) -> None:
    """20 connections, a malformed message on each: the recording goes on, and opens again."""
    monkeypatch.setattr(feed_client, "_FIRST_WAIT", 0.0)
    monkeypatch.setattr(feed_client, "_LONGEST_WAIT", 0.0)
    chance, heard = random.Random(seed), [0]  # noqa: S311  seeded
    ends = seed % 4 == 3

    def talk(client: socket.socket, counts: Sequence[int]) -> None:
        heard[0] += 1
        if heard[0] <= 20:
            client.sendall(malformed(chance, counts))
            client.shutdown(socket.SHUT_RDWR)
        else:
            client.sendall(encode(EndMessage()) if ends else sound(counts, 30))

    with hostile_feed(talk, speed=QUICK) as (feed, _), recording(feed, tmp_path) as market:
        folder = market.runner.folder
        if ends:
            eventually(lambda: market.runner.is_over)
            assert any("before the close" in reason for reason in market.health.reasons)
        else:
            eventually(lambda: ticks_with_quotes(folder))
            # Quotes end here, which health may say by then.
            eventually(lambda: not any("away" in reason for reason in market.health.reasons))
        assert market.log.problems.empty()
    assert heard[0] == 21
    before = replay(open_tape(folder, DATE)).market.flow.volume.sum()

    recorded = ticks_with_quotes(folder)

    def go_on(client: socket.socket, counts: Sequence[int]) -> None:
        client.sendall(sound(counts, 3600))

    with (
        hostile_feed(go_on, speed=3600.0) as (feed, _),
        recording(feed, tmp_path) as market,
    ):
        eventually(lambda: ticks_with_quotes(folder) > recorded)
    assert replay(open_tape(folder)).market.flow.volume.sum() == before + 1
    assert set(SYMBOLS) <= set(open_tape(folder).initial_symbols[OPRA])
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("clock", [-1, 0, OPEN - 10**15])
def test_a_clock_of_before_the_session_does_not_move_its_start(tmp_path: Path, clock: int) -> None:
    at = OPEN + SECOND

    def talk(client: socket.socket, counts: Sequence[int]) -> None:
        client.sendall(encode(ClockMessage(clock)))
        client.sendall(
            encode(RecordsMessage(clock, 1, counts[1], 3), trades(3, at - 9).tobytes() + b"\1\1\1")
        )
        client.sendall(sound((counts[0], counts[1] + 3), 2))

    with hostile_feed(talk) as (feed, _), recording(feed, tmp_path) as market:
        folder = market.runner.folder
        eventually(lambda: last_end(folder) >= OPEN + 2 * SECOND)
        eventually(lambda: market.health.warnings)
        (warning,) = market.health.warnings
    assert "2 messages with a clock of before its session" in warning
    first = json.loads((folder / "ticks").read_bytes().split(b"\n")[0])
    assert first["end"] == at
    assert replay(open_tape(folder)).market.flow.volume.sum() == 4


def test_a_feed_that_comes_back_with_other_symbols_is_refused(tmp_path: Path) -> None:
    names = dict(SYMBOLS)
    names[1], names[2] = names[2], names[1]
    other = manifest(symbols={OPRA: names, STOCKS: {1: "ABC"}})

    def talk(client: socket.socket, counts: Sequence[int]) -> None:
        client.sendall(sound(counts, 1))
        client.shutdown(socket.SHUT_RDWR)

    with hostile_feed(talk, later=other) as (feed, _), recording(feed, tmp_path) as market:
        said = f"instrument 1 of {OPRA} is {names[1]} now, but was {names[2]} when"
        eventually(lambda: any(said in reason for reason in market.health.reasons))
        folder = market.runner.folder
    assert open_tape(folder, DATE).initial_symbols[OPRA] == SYMBOLS


def test_definitions_of_a_feed_that_contradict_are_counted_at_any_time(tmp_path: Path) -> None:
    session = manifest((*STREAMS, FeedStream(OPRA, "definition")))

    def defined(at: int, number: int, symbol: str) -> Records:
        rows = records("definition", 1)
        rows["instrument_id"], rows["raw_symbol"] = number, symbol
        rows["ts_recv"] = rows["ts_event"] = at - 9
        return rows

    def talk(client: socket.socket, counts: Sequence[int]) -> None:
        first, second = OPEN + SECOND, OPEN + 2 * SECOND
        client.sendall(sent(first, 3, 0, defined(first, 1, SYMBOLS[1])))
        client.sendall(sent(second, 3, 1, defined(second, 1, "XYZ   250602C00009000")))
        client.sendall(sent(second, 3, 2, defined(second, 3, "XYZ   250602C00009000")))
        client.sendall(sound(counts, 3))

    with hostile_feed(talk, session) as (feed, _), recording(feed, tmp_path) as market:
        folder = market.runner.folder
        eventually(lambda: ticks_with_quotes(folder))
    played = replay(open_tape(folder))
    contradictions = "definitions that contradict the first of their instrument"
    # The first instrument was defined before, the third only mapped: a definition names it.
    assert played.left_out("ABC") == {contradictions: 1}
    assert played.left_out("XYZ") == {contradictions: 1}
    assert played.market.book.bid[0] == 1.0
    assert played.market.flow.volume.sum() == 1


@pytest.mark.parametrize("is_committed", [False, True])
def test_a_second_that_is_sent_again_after_a_reconnect_counts_once(
    tmp_path: Path, is_committed: bool
) -> None:
    """Three equal fills of one second stay three, whether or not the first ones were committed."""
    at, lives = OPEN + 2 * SECOND, [0]
    fills = trades(3, at - 9)
    folder = tmp_path / DATE.isoformat()

    def talk(client: socket.socket, counts: Sequence[int]) -> None:
        lives[0] += 1
        if lives[0] == 1:
            client.sendall(sent(OPEN + SECOND, 1, counts[1], trades(1, OPEN + SECOND - 9), b"\1"))
        client.sendall(sent(at, 1, counts[1] + (lives[0] == 1), fills, b"\1\1\1"))
        if lives[0] == 1:
            if is_committed:
                client.sendall(encode(ClockMessage(at + SECOND)))
                eventually(lambda: last_end(folder) >= at)
            client.shutdown(socket.SHUT_RDWR)
        else:
            client.sendall(sound((counts[0], counts[1] + 3), 4))

    with hostile_feed(talk, speed=QUICK) as (feed, _), recording(feed, tmp_path):
        eventually(lambda: last_end(folder) >= OPEN + 4 * SECOND)
    played = replay(open_tape(folder))
    assert played.market.flow.traded.sum() == 1 + 3 + 1
    if is_committed:
        assert played.left_out("ABC")["trades that came twice"] == 3
