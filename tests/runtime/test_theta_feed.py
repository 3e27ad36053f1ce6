"""ThetaData's live data recorded from a terminal of ours, through faults and restarts."""

import contextlib
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from feeds.carried_content import THETADATA, content_of
from feeds.gateway import DATE, simulated
from feeds.made_tape import made_tape
from feeds.theta_host import ThetaHost, serving
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
    gaps,
    kinds_of,
    live,
    market_of,
    record,
    record_and_kill,
)
from zerodte.cli.commands import main
from zerodte.feeds.fault_script import THETA_FAULTS, Fault, FaultKind, FaultScript, fault_script
from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.repeated_records import CANCEL_FLAG
from zerodte.feeds.thetadata.event_gateway import TerminalEventState
from zerodte.feeds.thetadata.event_records import THETA_TRADES
from zerodte.feeds.thetadata.events import EventRequest, TerminalState
from zerodte.feeds.thetadata.feed import ThetaFeed
from zerodte.feeds.thetadata.terminal_server import TerminalFault
from zerodte.records.condition import Condition
from zerodte.records.dbn import SCHEMAS
from zerodte.runtime.live_runner import LiveRunner
from zerodte.tape.folder import Tape, open_tape
from zerodte.tape.recent_records import RecordingPosition
from zerodte.wire.snapshot import SnapshotQuery

SECOND = 10**9
#: Ten minutes in twenty seconds: sessions of messages one by one take longer than others.
SPEED = 30.0
#: So that ten seconds of the feed are half a second, more than a busy machine takes.
SLOW = 20.0
NVDA = SnapshotQuery(symbol="NVDA")
#: Kinds of faults from which a client recovers.
RECOVERED: Final[tuple[FaultKind, ...]] = tuple(k for k in THETA_FAULTS if k != "key")


def feed_of(host: ThetaHost, root: Path, symbol: str = "NVDA") -> ThetaFeed:
    return ThetaFeed(host.client(), [symbol], root)


def watched(
    host: ThetaHost, root: Path, symbol: str = "NVDA"
) -> contextlib.AbstractContextManager[LocalMarket[LiveRunner]]:
    return market_of(feed_of(host, root, symbol), root)


def recorded(
    host: ThetaHost, root: Path, until: int, stops: Sequence[int] = (), symbol: str = "NVDA"
) -> Tape:
    return record(lambda: feed_of(host, root, symbol), root, until, stops)


def test_a_session_is_recorded_in_every_field_that_the_vendor_carries(tmp_path: Path) -> None:
    tape = simulated(4, "SPX")
    with serving(tape, SLOW) as host:
        recording = recorded(host, tmp_path, tape.session.open + 220 * SECOND, symbol="SPX")
    missing = check(recording, tape, THETADATA)
    assert set(missing.values()) == {"the recording began late"}
    assert max(missing) < tape.session.open + 180 * SECOND
    found, wanted = content_of(recording, THETADATA), content_of(tape, THETADATA)
    followed = recording.symbols["THETA.OPRA"].values()
    assert len(found.interest) == len(followed)
    assert sum(found.trades.values()) > 500
    codes = {key[-1] for key in found.trades}
    assert {Condition.REGULAR, Condition.MULTI_LEG} <= codes
    assert codes <= {key[-1] for key in wanted.trades}
    assert {raw[:4] for raw in followed} == {"SPXW"}
    assert found.values
    assert found.values.keys() <= wanted.values.keys()
    assert "cannot send again what was missed" in str(recording.notes)


@pytest.mark.drill
def test_what_stands_is_asked_for(tmp_path: Path) -> None:
    """A contract that is quiet has its last quote all the same."""
    tape = simulated()
    begin = tape.session.open + 120 * SECOND
    sent = {row[:2]: row[2:] for row in content_of(tape, THETADATA).quotes}
    with serving(tape, 0.01, late=120.0) as host:
        connection = ThetaFeed(host.client(), ["NVDA"], tmp_path).connect()
        with contextlib.closing(connection):
            start = connection.start(RecordingPosition({}))
            assert begin <= start.now < begin + SECOND
            pieces = [one.piece for one in connection.receive(0.0) if one.piece is not None]
    symbols = connection.manifest.symbols["THETA.OPRA"]
    (rows,) = (one.records for one in pieces if one.records.dtype == SCHEMAS["cmbp-1"])
    assert len(rows) == len(symbols)
    for row in rows:
        sides = tuple(int(row[f"{name}_00"]) for name in ("bid_px", "ask_px", "bid_sz", "ask_sz"))
        raw, at = symbols[int(row["instrument_id"])], int(row["ts_event"])
        assert sides == sent[raw, at // 10**6]
        assert at <= begin


@pytest.mark.drill
def test_more_streams_than_the_plan_has(tmp_path: Path) -> None:
    tape = simulated()
    state = TerminalEventState(most=25)
    with serving(tape, 5.0, late=60.0, state=state) as host, watched(host, tmp_path) as market:
        eventually(lambda: clock_of(market) >= tape.session.open + 150 * SECOND)
        body = json.loads(market.answer(NVDA))
        warnings = str(market.health.warnings)
    assert "a connection may have quotes of 12 contracts" in warnings
    assert "contracts of other expiries or far strikes are not followed" in warnings
    assert "net_gex" in str(body)
    assert "cannot send again what was missed" in str(body["warnings"])
    recording = open_tape(tmp_path / DATE.isoformat())
    quoted = {key[0] for key in content_of(recording, THETADATA).quotes}
    nearest = {raw for raw in recording.symbols["THETA.OPRA"].values() if f"{DATE:%y%m%d}" in raw}
    assert 0 < len(quoted) <= 12
    assert nearest <= quoted or quoted <= nearest, "the nearest expiry comes first"
    ids = [one.id for one in state.requests if one.msg_type != "STOP"]
    assert ids == sorted(set(ids)), "ids grow, also over connections"
    assert state.requests[0].msg_type == "STOP", "the terminal may still have a client's streams"


@pytest.mark.drill
@pytest.mark.parametrize("kinds", [RECOVERED, ("reorder", "slow")], ids="-".join)
def test_a_fault_loses_nothing_outside_a_gap(tmp_path: Path, kinds: tuple[FaultKind, ...]) -> None:
    """Each fault twice: all kinds in one session, and those alone that break no connection."""
    tape = simulated()
    begin = tape.session.open
    script = [
        Fault(begin + (60 + 24 * number) * SECOND, kind) for number, kind in enumerate(2 * kinds)
    ]
    state = TerminalEventState(FaultScript(script))
    with serving(tape, SPEED, state=state) as host:
        recording = recorded(host, tmp_path, begin + 560 * SECOND)
    found = check(recording, tape, THETADATA).values()
    reasons = kinds_of(found)
    assert reasons <= {"the recording began late", "the feed was away", ENDED}
    away = {"cut", "mute", "overlap", "garbage", "nonsense", "lost", "busy"}
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
        recording = recorded(host, tmp_path, tape.session.open + 220 * SECOND, stops)
    reasons = set(check(recording, tape, THETADATA).values())
    assert reasons == {"the recording began late", "the server was down"}
    raws = list(recording.symbols["THETA.OPRA"].values())
    assert len(raws) == len(set(raws))


@pytest.mark.drill
def test_a_cancel_takes_back_a_trade_from_before_a_restart(tmp_path: Path) -> None:
    """Its trades are of the first two seconds, the cancels of the ninth and tenth."""
    tape = made_tape(tmp_path / "tape")
    root = tmp_path / "recordings"
    # Six seconds are six, within which a busy machine has connected anew.
    with serving(tape, 1.0, late=-9.0) as host:
        recording = recorded(host, root, tape.session.open + 3 * SECOND, symbol="SPX")
        trades = [row for tick in recording.ticks() for one in tick.trades for row in one.records]
        connection = feed_of(host, root, "SPX").connect()
        with contextlib.closing(connection):
            connection.start(RecordingPosition({THETA_TRADES.name: len(trades)}))
            pairs: list[list[int]] = []
            cancels = 0
            while cancels < 2:
                for one in connection.receive(1.0):
                    if one.piece is not None and one.name == THETA_TRADES.name:
                        trades += list(one.piece.records)
                        cancels += int((one.piece.records["flags"] == CANCEL_FLAG).sum())
                        pairs += one.piece.cancel_pairs.tolist()
    told = [[int(trades[at]["price"]) // 10**7 for at in pair] for pair in pairs]
    assert told == [[105, 105], [100, 100]]


@pytest.mark.drill
@pytest.mark.parametrize(
    ("breaks", "is_bare"), [((90, 110), False), ((90,), True)], ids=["quoted", "bare"]
)
def test_what_is_sent_again_is_left_out(
    tmp_path: Path, breaks: Sequence[int], *, is_bare: bool
) -> None:
    tape = simulated(4)
    begin = tape.session.open
    script = FaultScript([Fault(begin + at * SECOND, "overlap") for at in breaks])
    state = TerminalEventState(script, is_bare=is_bare)
    # Twenty seconds are four, within which a busy machine has reconnected.
    with serving(tape, 5.0, late=30.0, state=state) as host, watched(host, tmp_path) as market:
        eventually(lambda: "trades came again; they are left out" in str(market.health.warnings))
        eventually(lambda: clock_of(market) >= begin + 130 * SECOND)
    recording = open_tape(tmp_path / DATE.isoformat())
    assert ENDED in kinds_of(check(recording, tape, THETADATA).values())


@pytest.mark.drill
@pytest.mark.parametrize("seed", range(2, 22))
def test_any_script_of_faults(tmp_path: Path, seed: int) -> None:
    minutes = 10
    tape = simulated(minutes)
    # The recording's end would cut a shuffled second.
    script = fault_script(str(seed), tape.session, minutes=minutes - 1, kinds=THETA_FAULTS)
    with serving(tape, SPEED, state=TerminalEventState(script)) as host:
        if seed % 3 == 0:
            minute = 2 + seed % 7
            record_and_kill(
                "thetadata", host.address, tmp_path, tape.session.open + 60 * minute * SECOND
            )
        recording = recorded(host, tmp_path, tape.session.open + (60 * minutes - 20) * SECOND)
    known = {"the recording began late", "the feed was away", "the server was down", ENDED}
    assert kinds_of(check(recording, tape, THETADATA).values()) <= known


@pytest.mark.drill
def test_a_vendor_with_too_many_requests_is_left_alone(tmp_path: Path) -> None:
    tape = simulated(5)
    begin = tape.session.open
    state = TerminalEventState(FaultScript([Fault(begin + 60 * SECOND, "busy")]))
    with serving(tape, SLOW, state=state) as host, watched(host, tmp_path) as market:
        said = "TOO_MANY_REQUESTS; it wants 130 seconds"
        eventually(lambda: said in str(market.health))
        asked = len(state.requests)
        eventually(lambda: "it is asked again in" in str(market.health))
        assert len(state.requests) <= asked + 1, "but for a last stop"
        eventually(lambda: clock_of(market) >= begin + 220 * SECOND)
    ends = sorted(check(open_tape(tmp_path / DATE.isoformat()), tape, THETADATA))
    assert ends[-1] >= begin + 185 * SECOND


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (TerminalEventState(state=TerminalState.UNVERIFIED), "login is not accepted"),
        (TerminalEventState(reason="ACCOUNT_ALREADY_CONNECTED"), "another program is connected"),
        (TerminalEventState(has_options=False), "need the options plan Standard or Pro"),
    ],
    ids=["unverified", "connected already", "no permission"],
)
def test_refusals_are_final(tmp_path: Path, state: TerminalEventState, said: str) -> None:
    tape = simulated()
    with serving(tape, 1.0, state=state) as host, pytest.raises(FeedRefusalError, match=said):
        started(host, tmp_path)


@pytest.mark.drill
def test_a_second_login_ends_a_session_for_good(tmp_path: Path) -> None:
    tape = simulated()
    state = TerminalEventState(FaultScript([Fault(tape.session.open + 60 * SECOND, "key")]))
    with serving(tape, SPEED, state=state) as host, watched(host, tmp_path) as market:
        eventually(lambda: "it is not asked again; mend that and restart" in str(market.health))
        assert "ACCOUNT_ALREADY_CONNECTED" in str(market.health)


def test_requests_that_fail_are_said_and_made_again(tmp_path: Path) -> None:
    tape = simulated()
    with serving(tape, 0.01, late=30.0) as host:
        every = {one.contract.name for one in started(host, tmp_path) if one.contract}
    some = frozenset(sorted(every)[:3])
    state = TerminalEventState(failing=some)
    with serving(tape, SLOW, state=state) as host, watched(host, tmp_path / "r") as market:
        eventually(lambda: "answers ERROR for 3 contracts, such as" in str(market.health.warnings))
        state.failing = frozenset()
        eventually(lambda: "answers ERROR" not in str(market.health.warnings))
    state = TerminalEventState(failing=frozenset(every))
    with (
        serving(tape, 0.01, late=30.0, state=state) as host,
        pytest.raises(FeedError, match="it answers every request with ERROR"),
    ):
        started(host, tmp_path)


@pytest.mark.drill
def test_a_contract_that_always_fails_ends_nothing(tmp_path: Path) -> None:
    """It is asked for again every minute, alone."""
    tape = simulated(5)
    with serving(tape, 0.01, late=30.0) as host:
        every = sorted({one.contract.name for one in started(host, tmp_path) if one.contract})
    state = TerminalEventState(failing=frozenset(every[:1]))
    with serving(tape, SLOW, state=state) as host:
        recording = recorded(host, tmp_path / "r", tape.session.open + 220 * SECOND)
    asked = [one for one in state.requests if one.contract and one.contract.name == every[0]]
    assert len(asked) >= 6, "a quote and a trade, three times"
    assert set(gaps(recording).values()) == {"the recording began late"}


@pytest.mark.drill
def test_a_definition_comes_before_the_data(tmp_path: Path) -> None:
    tape = simulated(4, "SPX")
    with serving(tape, SLOW, late=30.0) as host:
        connection = feed_of(host, tmp_path, "SPX").connect()
        check_definitions(connection, tape.session.open + 150 * SECOND, THETADATA)


def started(host: ThetaHost, root: Path) -> list[EventRequest]:
    """What a connection asks for until it has started."""
    connection = ThetaFeed(host.client(), ["NVDA"], root).connect()
    with contextlib.closing(connection):
        connection.start(RecordingPosition({}))
    return list(host.state.requests)


@pytest.mark.drill
def test_without_an_index_plan_spot_is_parity(tmp_path: Path) -> None:
    tape = simulated(12, "SPX")
    state = TerminalEventState(has_indices=False)
    refused = ["index/history/price"]
    with (
        serving(tape, SLOW, state=state, refused=refused) as host,
        watched(host, tmp_path, "SPX") as market,
    ):
        eventually(lambda: clock_of(market) >= tape.session.open + 120 * SECOND)
        body = json.loads(market.answer(SnapshotQuery(symbol="SPX")))
        said = str(market.health.warnings)
    assert "SPX: no values of the index (INVALID_PERMS); spot is the parity of its chain" in said
    assert body["underlying_price"] > 0


def test_no_terminal(tmp_path: Path) -> None:
    with serving(simulated(), 1.0) as host:
        client = host.client()
    with pytest.raises(FeedError, match="if the terminal does not run, start it with: java -jar"):
        ThetaFeed(client, ["NVDA"], tmp_path).connect()


def test_a_wait_for_rest_ends_when_we_stop(tmp_path: Path) -> None:
    """The terminal stops in the middle of an answer, for which a client waits 15 seconds."""
    with serving(simulated(), 1.0) as host:
        faults = host.terminal.rest.faults
        faults.append(TerminalFault.STALL)
        feed = feed_of(host, tmp_path)
        said: list[str] = []

        def connect() -> None:
            with pytest.raises(FeedError) as caught:
                feed.connect()
            said.append(str(caught.value))

        thread = threading.Thread(target=connect, daemon=True)
        thread.start()
        eventually(lambda: not faults)
        feed.interrupt()
        thread.join(10)
    assert said == ["interrupted"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("thetadata",), "the feed thetadata needs --symbols with 1 to 20 names"),
        (("thetadata", "--symbols", "NVDA", "--gateway", "here"), "'here' is not an address"),
        (("thetadata", "--symbols", "NVDA", "--gateway", ":9"), "start it with: java -jar"),
    ],
)
def test_mistakes_end_in_a_clear_line(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = live(tmp_path, *arguments)
    assert result.exit_code in {1, 2}
    assert said in result.output
    assert isinstance(result.exception, SystemExit)


def test_a_name_without_contracts(tmp_path: Path) -> None:
    with serving(simulated(), 1.0) as host:
        result = live(tmp_path, "thetadata", "--symbols", "AMD", "--gateway", host.address)
    assert "no contract of AMD is live on 2025-06-06; check the names" in result.output
    assert result.exit_code == 1


@pytest.mark.drill
def test_the_commands_meet(tmp_path: Path) -> None:
    """A tape of another day is served as of today, by one process to another."""
    check_commands(tmp_path, "thetadata", "THETA.OPRA")


def test_faults_of_another_protocol_are_refused() -> None:
    words = ["feed", str(simulated().path), "--as", "thetadata", "--faults", "token@10:00:00"]
    result = CliRunner().invoke(main, [*words, "--port", "0"])
    assert result.exit_code == 1
    assert "expected: a seed such as 7, or KIND@HH:MM:SS with one of cut" in result.output
