"""Tradier's live data recorded from a server of ours, through faults and restarts."""

import contextlib
import json
from collections import Counter
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from feeds.carried_content import TRADIER, Row, content_of
from feeds.gateway import DATE, simulated
from feeds.tradier_host import TOKEN, TradierHost, serving
from runtime.feeds_on_ports import eventually
from runtime.local_market import LocalMarket
from runtime.vendor_recording import (
    ENDED,
    check,
    check_away,
    check_commands,
    check_definitions,
    check_end,
    clock_of,
    kinds_of,
    live,
    market_of,
    record,
    record_and_kill,
)
from zerodte.cli.commands import main
from zerodte.feeds.fault_script import TRADIER_FAULTS, Fault, FaultKind, FaultScript, fault_script
from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.tradier.account import TRADIER_TOKEN, TradierAccount
from zerodte.feeds.tradier.feed import TradierFeed
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
RECOVERED: Final[tuple[FaultKind, ...]] = tuple(k for k in TRADIER_FAULTS if k != "key")
KNOWN: Final = {"the recording began late", "the feed was away", "the server was down", ENDED}


def feed_of(host: TradierHost, root: Path, symbol: str = "NVDA") -> TradierFeed:
    return TradierFeed(host.account(), [symbol], root)


def watched(
    host: TradierHost, root: Path
) -> contextlib.AbstractContextManager[LocalMarket[LiveRunner]]:
    return market_of(feed_of(host, root), root)


def recorded(host: TradierHost, root: Path, until: int, *stops: int, symbol: str = "NVDA") -> Tape:
    return record(lambda: feed_of(host, root, symbol), root, until, stops)


def is_free(host: TradierHost, root: Path) -> bool:
    """Whether the account may stream."""
    try:
        feed_of(host, root).connect().close()
    except FeedError:
        return False
    return True


def assert_contiguous(found: Counter[Row], sent: Counter[Row]) -> None:
    """Every row of an underlying from the first one that came to the last."""
    (symbol,) = {key[0] for key in found}
    first, last = (pick(key[1] for key in found) for pick in (min, max))
    assert set(found) == {key for key in sent if key[0] == symbol and first <= key[1] <= last}


def test_a_session_is_recorded_in_every_field_that_the_vendor_carries(tmp_path: Path) -> None:
    tape = simulated(3)
    with serving(tape, SLOW) as host:
        recording = recorded(host, tmp_path, tape.session.open + 170 * SECOND)
    missing = check(recording, tape, TRADIER)
    assert set(missing.values()) == {"the recording began late"}
    found, wanted = content_of(recording, TRADIER), content_of(tape, TRADIER)
    followed = recording.symbols["TRADIER.OPRA"].values()
    assert len(found.interest) == len(followed)
    assert sum(found.trades.values()) > 2_000
    assert {key[-1] for key in found.trades} <= {Condition.REGULAR, Condition.CANCEL}
    assert_contiguous(found.equities, wanted.equities)
    expiries = {raw[6:12] for raw in followed}
    assert min(expiries) == f"{DATE:%y%m%d}"
    assert len(expiries) <= 4
    assert "does not publish what the flags of trades mean" in str(recording.notes)


@pytest.mark.drill
def test_no_condition_is_made_up_of_a_flag(tmp_path: Path) -> None:
    tape = simulated(3)
    with serving(tape, SLOW) as host, watched(host, tmp_path) as market:
        eventually(lambda: clock_of(market) >= tape.session.open + 60 * SECOND)
        said = str(market.health.warnings)
    assert "trades have flags, whose meaning the vendor does not publish: 'f' " in said
    recording = open_tape(tmp_path / DATE.isoformat())
    codes = {
        int(code)
        for tick in recording.ticks()
        for batch in tick.trades
        for code in (() if batch.conditions is None else batch.conditions)
    }
    assert codes <= {Condition.UNKNOWN, Condition.CANCEL}


@pytest.mark.drill
def test_a_cancel_names_its_trade_by_seq(tmp_path: Path) -> None:
    tape = simulated(10)
    with serving(tape, SPEED) as host:
        recording = recorded(host, tmp_path, tape.session.open + 590 * SECOND)
    check(recording, tape, TRADIER)
    found, wanted = content_of(recording, TRADIER), content_of(tape, TRADIER)
    assert found.cancels
    assert not found.cancels - wanted.cancels


@pytest.mark.drill
def test_the_value_of_an_index(tmp_path: Path) -> None:
    tape = simulated(2, "SPX")
    with serving(tape, SLOW) as host:
        recording = recorded(host, tmp_path, tape.session.open + 110 * SECOND, symbol="SPX")
    check(recording, tape, TRADIER)
    found, wanted = content_of(recording, TRADIER), content_of(tape, TRADIER)
    assert {key[0] for key in found.values} == {"SPX"}
    assert_contiguous(found.values, wanted.values)
    roots = {raw[:6].strip() for raw in recording.symbols["TRADIER.OPRA"].values()}
    assert "SPXW" in roots
    assert "may derive it from options" in str(recording.notes.warnings["SPX"])


@pytest.mark.drill
def test_what_stands_is_asked_for(tmp_path: Path) -> None:
    """Whatever a stream begins with, a contract that is quiet has its last quote."""
    tape = simulated()
    begin = tape.session.open + 120 * SECOND
    sent = {row[:2]: row[2:] for row in content_of(tape, TRADIER).quotes}
    with serving(tape, 0.05, late=120.0) as host:
        connection = feed_of(host, tmp_path).connect()
        with contextlib.closing(connection):
            connection.start(RecordingPosition({}))
            pieces = [one.piece for one in connection.receive(0.0) if one.piece is not None]
    symbols = connection.manifest.symbols["TRADIER.OPRA"]
    rows = max((one.records for one in pieces if one.records.dtype == SCHEMAS["cmbp-1"]), key=len)
    assert len(rows) == len(symbols)
    for row in rows:
        sides = tuple(int(row[f"{name}_00"]) for name in ("bid_px", "ask_px", "bid_sz", "ask_sz"))
        at = int(row["ts_event"])
        assert sides == sent[symbols[int(row["instrument_id"])], at // 10**6]
        assert at <= begin + 2 * SECOND


@pytest.mark.drill
def test_answers_are_there_and_say_what_is_missing(tmp_path: Path) -> None:
    tape = simulated()
    with serving(tape, SPEED) as host, watched(host, tmp_path) as market:
        eventually(lambda: market.health.status == "Healthy")
        eventually(lambda: clock_of(market) >= tape.session.open + 200 * SECOND)
        body = json.loads(market.answer(NVDA))
        warnings = str(market.health.warnings)
    assert "contracts of other expiries or far strikes are not followed" in warnings
    assert "net_gex" in str(body)
    assert "cannot send again what was missed" in str(body["warnings"])


@pytest.mark.drill
def test_a_definition_comes_before_the_data(tmp_path: Path) -> None:
    tape = simulated(4, "SPX")
    with serving(tape, 20.0, late=30.0) as host:
        connection = feed_of(host, tmp_path, "SPX").connect()
        check_definitions(connection, tape.session.open + 150 * SECOND, TRADIER)


@pytest.mark.drill
@pytest.mark.parametrize("kinds", [RECOVERED, ("reorder", "slow")], ids="-".join)
def test_a_fault_loses_nothing_outside_a_gap(tmp_path: Path, kinds: tuple[FaultKind, ...]) -> None:
    """Each fault twice: all kinds in one session, and those alone that break no connection."""
    tape = simulated()
    begin = tape.session.open
    faults = [
        Fault(begin + (150 + 25 * number) * SECOND, kind) for number, kind in enumerate(2 * kinds)
    ]
    with serving(tape, SPEED, faults=FaultScript(faults)) as host:
        recording = recorded(host, tmp_path, begin + 560 * SECOND)
    found = check(recording, tape, TRADIER).values()
    reasons = kinds_of(found)
    assert reasons <= KNOWN
    away = {"cut", "mute", "overlap", "garbage", "token", "busy"}
    check_away(found, is_away=bool(away & set(kinds)), is_cut="cut" in kinds)


def test_the_end_of_a_connection_is_told(tmp_path: Path) -> None:
    with contextlib.ExitStack() as hosting:
        host = hosting.enter_context(serving(simulated(), 1.0, late=60.0))
        check_end(feed_of(host, tmp_path).connect(), hosting.close)


@pytest.mark.drill
def test_ids_survive_a_restart(tmp_path: Path) -> None:
    tape = simulated(4)
    stops = [tape.session.open + seconds * SECOND for seconds in (60, 110)]
    with serving(tape, SPEED) as host:
        recording = recorded(host, tmp_path, tape.session.open + 220 * SECOND, *stops)
    reasons = set(check(recording, tape, TRADIER).values())
    assert reasons == {"the recording began late", "the server was down"}
    raws = list(recording.symbols["TRADIER.OPRA"].values())
    assert len(raws) == len(set(raws))


@pytest.mark.drill
def test_what_is_sent_again_is_left_out(tmp_path: Path) -> None:
    tape = simulated(4)
    begin = tape.session.open
    script = FaultScript([Fault(begin + at * SECOND, "overlap") for at in (90, 110)])
    # Twenty seconds are four, within which a busy machine has reconnected.
    with serving(tape, 5.0, late=30.0, faults=script) as host, watched(host, tmp_path) as market:
        eventually(lambda: "trades came again; they are left out" in str(market.health.warnings))
        eventually(lambda: clock_of(market) >= begin + 130 * SECOND)
    recording = open_tape(tmp_path / DATE.isoformat())
    assert ENDED in kinds_of(check(recording, tape, TRADIER).values())


@pytest.mark.drill
def test_what_is_sent_again_after_a_restart_is_left_out(tmp_path: Path) -> None:
    """By whichever connection: that of the restart, and the one after it."""
    tape = simulated(4)
    begin = tape.session.open
    script = FaultScript([Fault(begin + at * SECOND, "overlap") for at in (70, 92)])
    with serving(tape, 5.0, late=30.0, faults=script) as host:
        recording = recorded(host, tmp_path, begin + 125 * SECOND, begin + 80 * SECOND)
    check(recording, tape, TRADIER)


@pytest.mark.drill
@pytest.mark.parametrize("seed", range(2, 22))
def test_any_script_of_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setenv(TRADIER_TOKEN, TOKEN)
    minutes = 10
    tape = simulated(minutes)
    script = fault_script(str(seed), tape.session, minutes=minutes, kinds=TRADIER_FAULTS)
    with serving(tape, SPEED, faults=script) as host:
        if seed % 3 == 0:
            minute = 2 + seed % 7
            until = tape.session.open + 60 * minute * SECOND
            record_and_kill("tradier", host.address, tmp_path, until)
            # A second stream is refused for as long as the first one counts, which may begin
            # after its client was killed.
            eventually(lambda: is_free(host, tmp_path / "nowhere"))
            eventually(lambda: not host.state.is_streaming)
        # What a slow second holds up has come when the tape is over.
        recording = recorded(host, tmp_path, tape.session.open + (60 * minutes + 10) * SECOND)
    assert kinds_of(check(recording, tape, TRADIER).values()) <= KNOWN


def test_a_token_that_is_refused_is_final(tmp_path: Path) -> None:
    tape = simulated()
    with serving(tape, 1.0) as host, pytest.raises(FeedRefusalError) as raised:
        TradierFeed(host.account(TOKEN[::-1]), ["NVDA"], tmp_path).connect()
    assert "answered 401 Unauthorized to /v1/markets/events/session: Invalid Access Token" in str(
        raised.value
    )
    assert "that of the sandbox has data 15 minutes late, and no stream" in str(raised.value)
    script = FaultScript([Fault(tape.session.open + 60 * SECOND, "key")])
    with serving(tape, SPEED, faults=script) as host, watched(host, tmp_path) as market:
        eventually(lambda: "it is not asked again; mend that and restart" in str(market.health))
        assert TOKEN not in str(market.health)


def _list_often(account: TradierAccount) -> None:
    for _ in range(100):
        account.chain("NVDA", DATE)


def test_a_stop_does_not_wait_for_the_pace_of_requests(tmp_path: Path) -> None:
    with serving(simulated(), 1.0, late=60.0) as host:
        account = host.account()
        TradierFeed(account, ["NVDA"], tmp_path).interrupt()
        with pytest.raises(FeedError, match="no request is begun any more: the feed is ended"):
            _list_often(account)


@pytest.mark.drill
def test_one_stream_at_a_time(tmp_path: Path) -> None:
    with serving(simulated(), 1.0, late=60.0) as host:
        first = feed_of(host, tmp_path).connect()
        with contextlib.closing(first):
            first.start(RecordingPosition({}))
            other = feed_of(host, tmp_path)
            with pytest.raises(FeedError, match="too many sessions requested; one program at a ti"):
                other.connect()

            def waits() -> bool:
                with pytest.raises(FeedError) as raised:
                    other.connect()
                return "it is asked again in" in str(raised.value)

            # Each wait is twice as long as the one before, so even a busy machine is within one.
            eventually(waits)


def test_a_session_that_is_not_used_in_time_is_replaced_once(tmp_path: Path) -> None:
    with serving(simulated(), 1.0, late=60.0, lifetime=0.0) as host:
        connection = feed_of(host, tmp_path).connect()
        with contextlib.closing(connection), pytest.raises(FeedError) as raised:
            connection.start(RecordingPosition({}))
    said = str(raised.value)
    assert "session not found; a session ends if it is not used within five minutes" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tradier", "--symbols", "NVDA"), "no key for tradier; set TRADIER_TOKEN"),
        (("tradier",), "the feed tradier needs --symbols with 1 to 20 names"),
        (("tradier", "--symbols", "NVDA", "--gateway", "here"), "'here' is not an address"),
        (("tradier", "--symbols", "NVDA", "--url", "http://localhost"), "--url is for the feed c"),
    ],
)
def test_mistakes_end_in_a_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.delenv(TRADIER_TOKEN, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    result = live(tmp_path, *arguments)
    assert result.exit_code in {1, 2}
    assert said in result.output
    assert isinstance(result.exception, SystemExit)


def test_the_sandbox_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TRADIER_TOKEN, TOKEN)
    words = ["live", "tradier", "--symbols", "SPX", "--gateway", "sandbox.tradier.com:443"]
    result = CliRunner().invoke(main, [*words, "--record", str(tmp_path / "r"), "--port", "0"])
    assert result.exit_code == 1
    assert "is no source of a live market: it needs the token of a brokerage" in result.output


def test_a_name_without_contracts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TRADIER_TOKEN, TOKEN)
    with serving(simulated(), 1.0) as host:
        result = live(tmp_path, "tradier", "--symbols", "AMD", "--gateway", host.address)
    assert "no contract of AMD is live on 2025-06-06; check the names" in result.output
    assert result.exit_code == 1


@pytest.mark.drill
def test_the_commands_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tape of another day is served as of today, by one process to another."""
    monkeypatch.setenv(TRADIER_TOKEN, TOKEN)
    check_commands(tmp_path, "tradier", "TRADIER.OPRA", speed=10)


def test_faults_of_another_protocol_are_refused() -> None:
    words = ["feed", str(simulated().path), "--as", "tradier", "--faults", "skip@10:00:00"]
    result = CliRunner().invoke(main, [*words, "--port", "0"])
    assert result.exit_code == 1
    assert "expected: a seed such as 7, or KIND@HH:MM:SS with one of cut" in result.output
