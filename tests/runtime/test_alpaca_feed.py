"""Alpaca's live data recorded from a server of ours, through faults and restarts."""

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from feeds.alpaca_host import KEY, KEYS, SECRET, AlpacaHost, serving
from feeds.carried_content import ALPACA, INDICATIVE, content_of
from feeds.gateway import DATE, simulated
from runtime.feeds_on_ports import eventually
from runtime.local_market import LocalMarket
from runtime.vendor_recording import (
    ENDED,
    check,
    check_away,
    check_commands,
    check_end,
    clock_of,
    kinds_of,
    live,
    market_of,
    record,
    record_and_kill,
)
from zerodte.cli.commands import main
from zerodte.feeds.alpaca.account import KEY_ID, SECRET_KEY, AlpacaKeys
from zerodte.feeds.alpaca.feed import AlpacaFeed
from zerodte.feeds.fault_script import ALPACA_FAULTS, Fault, FaultKind, FaultScript, fault_script
from zerodte.feeds.feed import FeedRefusalError
from zerodte.feeds.vendor_key import VendorKey
from zerodte.records.condition import Condition
from zerodte.records.dbn import SCHEMAS
from zerodte.runtime.live_runner import LiveRunner
from zerodte.tape.folder import Tape, open_tape
from zerodte.tape.recent_records import RecordingPosition
from zerodte.wire.snapshot import SnapshotQuery

SECOND = 10**9
#: Ten minutes in ten seconds.
SPEED = 60.0
#: So that ten seconds of the feed are half a second, more than a busy machine takes.
SLOW = 20.0
NVDA = SnapshotQuery(symbol="NVDA")
#: Kinds of faults from which a client recovers.
RECOVERED: Final[tuple[FaultKind, ...]] = tuple(k for k in ALPACA_FAULTS if k != "key")
SKIPPED = "the vendor skipped records: slow client"


def feed_of(host: AlpacaHost, root: Path, *, is_indicative: bool = False) -> AlpacaFeed:
    return AlpacaFeed(host.account(is_indicative=is_indicative), ["NVDA"], root)


def watched(
    host: AlpacaHost, root: Path
) -> contextlib.AbstractContextManager[LocalMarket[LiveRunner]]:
    return market_of(feed_of(host, root), root)


def recorded(
    host: AlpacaHost,
    root: Path,
    until: int,
    stops: Sequence[int] = (),
    *,
    is_indicative: bool = False,
) -> Tape:
    return record(lambda: feed_of(host, root, is_indicative=is_indicative), root, until, stops)


def test_a_session_is_recorded_in_every_field_that_the_vendor_carries(tmp_path: Path) -> None:
    tape = simulated(4)
    with serving(tape, SLOW) as host:
        recording = recorded(host, tmp_path, tape.session.open + 220 * SECOND)
    missing = check(recording, tape, ALPACA)
    assert set(missing.values()) == {"the recording began late"}
    assert max(missing) < tape.session.open + 180 * SECOND
    found, wanted = content_of(recording, ALPACA), content_of(tape, ALPACA)
    followed = recording.symbols["ALPACA.OPRA"].values()
    assert len(found.interest) == len(followed)
    assert sum(found.trades.values()) > 500
    codes = {key[-1] for key in found.trades}
    assert {Condition.REGULAR, Condition.MULTI_LEG} <= codes
    assert codes <= {key[-1] for key in wanted.trades}
    expiries = {raw[6:12] for raw in followed}
    assert min(expiries) == f"{DATE:%y%m%d}"
    assert len(expiries) <= 4
    assert "cannot send again what was missed" in str(recording.notes)


@pytest.mark.drill
def test_what_stands_is_asked_for(tmp_path: Path) -> None:
    """The stream sends changes alone: a contract that is quiet has its last quote all the same."""
    tape = simulated()
    begin = tape.session.open + 120 * SECOND
    sent = {row[:2]: row[2:] for row in content_of(tape, ALPACA).quotes}
    with serving(tape, 0.01, late=120.0) as host:
        connection = AlpacaFeed(host.account(), ["NVDA"], tmp_path).connect()
        with contextlib.closing(connection):
            start = connection.start(RecordingPosition({}))
            assert begin <= start.now < begin + SECOND
            pieces = [one.piece for one in connection.receive(0.0) if one.piece is not None]
    symbols = connection.manifest.symbols["ALPACA.OPRA"]
    (rows,) = (one.records for one in pieces if one.records.dtype == SCHEMAS["cmbp-1"])
    assert len(rows) == len(symbols)
    for row in rows:
        sides = tuple(int(row[f"{name}_00"]) for name in ("bid_px", "ask_px", "bid_sz", "ask_sz"))
        assert sides == sent[symbols[int(row["instrument_id"])], int(row["ts_event"])]
        assert row["ts_event"] <= begin


@pytest.mark.drill
def test_answers_are_there_and_say_what_is_missing(tmp_path: Path) -> None:
    tape = simulated()
    with (
        serving(tape, 5.0, late=60.0, most=20) as host,
        watched(host, tmp_path) as market,
    ):
        eventually(lambda: clock_of(market) >= tape.session.open + 150 * SECOND)
        body = json.loads(market.answer(NVDA))
        warnings = str(market.health.warnings)
    assert "up to 15 contracts" in warnings, "the vendor takes no more"
    assert "contracts of other expiries or far strikes are not followed" in warnings
    assert "a connection may have quotes of 15 contracts" in warnings
    assert "net_gex" in str(body)
    assert "cannot send again what was missed" in str(body["warnings"])
    recording = open_tape(tmp_path / DATE.isoformat())
    quoted = {key[0] for key in content_of(recording, ALPACA).quotes}
    assert 0 < len(quoted) <= 15
    nearest = {raw for raw in recording.symbols["ALPACA.OPRA"].values() if f"{DATE:%y%m%d}" in raw}
    assert nearest <= quoted or quoted <= nearest, "the nearest expiry comes first"


@pytest.mark.drill
@pytest.mark.parametrize("kinds", [RECOVERED, ("reorder", "slow"), ("skip",)], ids="-".join)
def test_a_fault_loses_nothing_outside_a_gap(tmp_path: Path, kinds: tuple[FaultKind, ...]) -> None:
    """Each fault twice: all kinds in one session, and those alone that break no connection."""
    tape = simulated()
    begin = tape.session.open
    faults = [
        Fault(begin + (60 + 25 * number) * SECOND, kind) for number, kind in enumerate(2 * kinds)
    ]
    with serving(tape, SPEED, faults=FaultScript(faults)) as host:
        recording = recorded(host, tmp_path, begin + 560 * SECOND)
    found = check(recording, tape, ALPACA).values()
    reasons = kinds_of(found)
    assert reasons <= {"the recording began late", "the feed was away", ENDED, SKIPPED}
    away = {"cut", "mute", "overlap", "garbage", "busy"}
    check_away(found, is_away=bool(away & set(kinds)), is_cut="cut" in kinds)
    if kinds == ("skip",):
        assert SKIPPED in reasons


def test_the_end_of_a_connection_is_told(tmp_path: Path) -> None:
    with contextlib.ExitStack() as hosting:
        host = hosting.enter_context(serving(simulated(), 1.0, late=60.0))
        check_end(feed_of(host, tmp_path).connect(), hosting.close)


@pytest.mark.drill
def test_ids_survive_a_restart(tmp_path: Path) -> None:
    tape = simulated(4)
    stops = [tape.session.open + seconds * SECOND for seconds in (60, 110)]
    with serving(tape, SPEED) as host:
        recording = recorded(host, tmp_path, tape.session.open + 220 * SECOND, stops)
    reasons = set(check(recording, tape, ALPACA).values())
    assert reasons == {"the recording began late", "the server was down"}
    raws = list(recording.symbols["ALPACA.OPRA"].values())
    assert len(raws) == len(set(raws))


@pytest.mark.drill
def test_what_is_sent_again_is_left_out(tmp_path: Path) -> None:
    tape = simulated(4)
    begin = tape.session.open
    script = FaultScript([Fault(begin + at * SECOND, "overlap") for at in (90, 110)])
    # Twenty seconds are four, within which a busy machine has reconnected.
    with (
        serving(tape, 5.0, late=30.0, faults=script) as host,
        watched(host, tmp_path) as market,
    ):
        eventually(lambda: "trades came again; they are left out" in str(market.health.warnings))
        eventually(lambda: clock_of(market) >= begin + 130 * SECOND)
    recording = open_tape(tmp_path / DATE.isoformat())
    assert ENDED in kinds_of(check(recording, tape, ALPACA).values())


@pytest.mark.drill
@pytest.mark.parametrize("seed", range(2, 22))
def test_any_script_of_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setenv(KEY_ID, KEY)
    monkeypatch.setenv(SECRET_KEY, SECRET)
    minutes = 10
    tape = simulated(minutes)
    script = fault_script(str(seed), tape.session, minutes=minutes, kinds=ALPACA_FAULTS)
    with serving(tape, SPEED, faults=script) as host:
        if seed % 3 == 0:
            minute = 2 + seed % 7
            record_and_kill(
                "alpaca", host.address, tmp_path, tape.session.open + 60 * minute * SECOND
            )
        recording = recorded(host, tmp_path, tape.session.open + (60 * minutes - 20) * SECOND)
    known = {"the recording began late", "the feed was away", "the server was down", ENDED, SKIPPED}
    assert kinds_of(check(recording, tape, ALPACA).values()) <= known


def test_keys_that_are_refused_are_final(tmp_path: Path) -> None:
    tape = simulated()
    wrong = AlpacaKeys(KEYS.key_id, VendorKey(SECRET[::-1]))
    with serving(tape, 1.0) as host, pytest.raises(FeedRefusalError, match="402: auth failed"):
        AlpacaFeed(host.account(wrong), ["NVDA"], tmp_path).connect()
    script = FaultScript([Fault(tape.session.open + 60 * SECOND, "key")])
    with (
        serving(tape, SPEED, faults=script) as host,
        watched(host, tmp_path) as market,
    ):
        eventually(lambda: "it is not asked again; mend that and restart" in str(market.health))
        assert SECRET not in str(market.health)
        assert KEY not in str(market.health)


@pytest.mark.drill
def test_without_the_plan_the_free_quotes_are_not_taken_for_real_ones(tmp_path: Path) -> None:
    tape = simulated(4)
    with serving(tape, SPEED, has_opra=False) as host:
        with pytest.raises(FeedRefusalError, match="Algo Trader Plus; the free ones are indicat"):
            AlpacaFeed(host.account(), ["NVDA"], tmp_path).connect()
        until = tape.session.open + 220 * SECOND
        recording = recorded(host, tmp_path, until, is_indicative=True)
    check(recording, tape, INDICATIVE)
    found = content_of(recording, INDICATIVE)
    assert found.quotes
    assert not found.trades
    assert "derived ones, not those of the exchanges" in str(recording.notes.notes)
    assert "no flow" in str(recording.notes.warnings["NVDA"])
    assert len(recording.symbols["ALPACA.INDICAT"]) <= 200


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("alpaca", "--symbols", "NVDA"), "no key for alpaca; set APCA_API_KEY_ID"),
        (("alpaca",), "the feed alpaca needs --symbols with 1 to 20 names"),
        (("alpaca", "--symbols", "NVDA", "--gateway", "here"), "'here' is not an address"),
        (("cboe", "--symbols", "NVDA", "--indicative"), "--indicative is for the feed alpaca"),
    ],
)
def test_mistakes_end_in_a_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    for name in (KEY_ID, SECRET_KEY):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    result = live(tmp_path, *arguments)
    assert result.exit_code in {1, 2}
    assert said in result.output
    assert isinstance(result.exception, SystemExit)


def test_a_name_without_contracts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_ID, KEY)
    monkeypatch.setenv(SECRET_KEY, SECRET)
    with serving(simulated(), 1.0) as host:
        result = live(tmp_path, "alpaca", "--symbols", "AMD", "--gateway", host.address)
    assert "no contract of AMD is live on 2025-06-06; check the names" in result.output
    assert result.exit_code == 1


@pytest.mark.drill
def test_the_commands_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tape of another day is served as of today, by one process to another."""
    monkeypatch.setenv(KEY_ID, KEY)
    monkeypatch.setenv(SECRET_KEY, SECRET)
    check_commands(tmp_path, "alpaca", "ALPACA.OPRA")


def test_faults_of_another_protocol_are_refused() -> None:
    words = ["feed", str(simulated().path), "--as", "alpaca", "--faults", "token@10:00:00"]
    result = CliRunner().invoke(main, [*words, "--port", "0"])
    assert result.exit_code == 1
    assert "expected: a seed such as 7, or KIND@HH:MM:SS with one of cut" in result.output
