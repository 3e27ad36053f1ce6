"""Massive's live data recorded from a server of ours, through faults and restarts."""

import contextlib
import functools
import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from feeds.carried_content import MASSIVE, content_of
from feeds.gateway import DATE, simulated
from feeds.massive_host import KEY, MassiveHost, serving
from runtime.feeds_on_ports import eventually
from runtime.vendor_recording import (
    ENDED,
    check,
    check_commands,
    check_end,
    clock_of,
    kinds_of,
    live,
    market_of,
    record_and_kill,
)
from runtime.vendor_recording import record as recorded
from zerodte.feeds.fault_script import MASSIVE_FAULTS, Fault, FaultKind, FaultScript, fault_script
from zerodte.feeds.feed import FeedRefusalError
from zerodte.feeds.massive.account import MASSIVE_KEY, POLYGON_KEY
from zerodte.feeds.massive.feed import MassiveFeed
from zerodte.records.condition import Condition
from zerodte.records.dbn import SCHEMAS
from zerodte.tape.folder import Tape, open_tape
from zerodte.tape.recent_records import RecordingPosition
from zerodte.wire.snapshot import SnapshotQuery

SECOND = 10**9
MS = 10**6
#: Ten minutes in ten seconds.
SPEED = 60.0
#: So that ten seconds of the feed are half a second, more than a busy machine takes.
SLOW = 20.0
NVDA = SnapshotQuery(symbol="NVDA")
#: Kinds of faults from which a client recovers.
RECOVERED: Final[tuple[FaultKind, ...]] = tuple(k for k in MASSIVE_FAULTS if k != "key")
SKIPPED = "the vendor skipped records: the client reads too slowly"


def feed_of(host: MassiveHost, root: Path, symbol: str = "NVDA") -> MassiveFeed:
    return MassiveFeed(host.account(), [symbol], root)


def record(
    host: MassiveHost,
    root: Path,
    until: int,
    stops: Sequence[int] = (),
    *,
    symbol: str = "NVDA",
) -> Tape:
    """Record until a time, with a restart of the server at each of `stops`."""
    return recorded(functools.partial(feed_of, host, root, symbol), root, until, stops)


def test_a_session_is_recorded_in_every_field_that_the_vendor_carries(tmp_path: Path) -> None:
    tape = simulated(4)
    with serving(tape, SLOW) as host:
        recording = record(host, tmp_path, tape.session.open + 220 * SECOND)
    missing = check(recording, tape, MASSIVE)
    assert set(missing.values()) == {"the recording began late"}
    assert max(missing) < tape.session.open + 180 * SECOND
    found, wanted = content_of(recording, MASSIVE), content_of(tape, MASSIVE)
    followed = recording.symbols["MASSIVE.OPRA"].values()
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
@pytest.mark.parametrize("has_indices", [True, False])
def test_values_of_an_index_come_if_the_account_may_have_them(
    tmp_path: Path, has_indices: bool
) -> None:
    tape = simulated(2, "SPX")
    with (
        serving(tape, 10.0, has_indices=has_indices) as host,
        market_of(feed_of(host, tmp_path, "SPX"), tmp_path) as market,
    ):
        eventually(lambda: clock_of(market) >= tape.session.open + 100 * SECOND)
        warnings = str(market.health.warnings)
        body = json.loads(market.answer(SnapshotQuery(symbol="SPX")))
    recording = open_tape(tmp_path / DATE.isoformat())
    found, wanted = content_of(recording, MASSIVE), content_of(tape, MASSIVE)
    assert bool(found.values) is has_indices
    assert found.values.keys() <= wanted.values.keys()
    assert {key[0] for key in found.values} <= {"SPX"}
    assert {raw[:4] for raw in recording.symbols["MASSIVE.OPRA"].values()} == {"SPXW"}
    assert ("values of SPX do not come, and spot is parity: it says error" in warnings) is not (
        has_indices
    )
    assert body["underlying_price"] > 0.0


@pytest.mark.drill
def test_values_that_go_on_do_not_hide_that_the_options_are_mute(tmp_path: Path) -> None:
    tape = simulated(4, "SPX")
    begin = tape.session.open
    mute = FaultScript([Fault(begin + 60 * SECOND, "mute")])
    with serving(tape, SLOW, faults=mute) as host:
        recording = record(host, tmp_path, begin + 170 * SECOND, symbol="SPX")
    missing = check(recording, tape, MASSIVE)
    away = [end for end, one in missing.items() if kinds_of([one]) & {ENDED, "the feed was away"}]
    # Mute for a minute within which nothing is recorded as seen, and reconnected a little later.
    assert min(away) <= begin + 62 * SECOND
    assert max(away) >= begin + 119 * SECOND
    assert len(away) == (max(away) - min(away)) // SECOND + 1
    found, wanted = content_of(recording, MASSIVE), content_of(tape, MASSIVE)
    assert found.values.keys() <= wanted.values.keys()
    told = [time for _, time, _ in found.values]
    assert min(told) * MS < begin + 60 * SECOND
    assert max(told) * MS > max(away)


@pytest.mark.drill
def test_what_is_refused_of_values_is_not_asked_again_after_a_cut(tmp_path: Path) -> None:
    tape = simulated(2, "SPX")
    cut = FaultScript([Fault(tape.session.open + 60 * SECOND, "cut")])
    with (
        serving(tape, 10.0, faults=cut, has_indices=False) as host,
        market_of(feed_of(host, tmp_path, "SPX"), tmp_path) as market,
    ):
        eventually(lambda: "values of SPX do not come" in str(market.health.warnings))
        # One that asked again would be let in from now on.
        host.state.has_indices = True
        eventually(lambda: clock_of(market) >= tape.session.open + 110 * SECOND)
        assert "values of SPX do not come" in str(market.health.warnings)
    recording = open_tape(tmp_path / DATE.isoformat())
    assert ENDED in kinds_of(check(recording, tape, MASSIVE).values())
    assert not content_of(recording, MASSIVE).values


@pytest.mark.drill
def test_what_stands_is_asked_for(tmp_path: Path) -> None:
    """The stream sends changes alone: a contract that is quiet has its last quote all the same."""
    tape = simulated()
    begin = tape.session.open + 120 * SECOND
    sent = {row[:2]: row[2:] for row in content_of(tape, MASSIVE).quotes}
    with serving(tape, 0.01, late=120.0) as host:
        connection = feed_of(host, tmp_path).connect()
        with contextlib.closing(connection):
            start = connection.start(RecordingPosition({}))
            assert begin <= start.now < begin + SECOND
            pieces = [one.piece for one in connection.receive(0.0) if one.piece is not None]
    symbols = connection.manifest.symbols["MASSIVE.OPRA"]
    (rows,) = (one.records for one in pieces if one.records.dtype == SCHEMAS["cmbp-1"])
    assert len(rows) == len(symbols)
    for row in rows:
        sides = tuple(int(row[f"{name}_00"]) for name in ("bid_px", "ask_px", "bid_sz", "ask_sz"))
        assert sides == sent[symbols[int(row["instrument_id"])], int(row["ts_event"]) // MS]
        assert row["ts_event"] <= begin


def test_quotes_that_will_come_are_not_missed_before_the_start(tmp_path: Path) -> None:
    with serving(simulated(), 1.0) as host:
        feed = feed_of(host, tmp_path)
        connection = feed.connect()
        with contextlib.closing(connection):
            followed = len(connection.manifest.symbols["MASSIVE.OPRA"])
            assert followed > 1
            for warnings in (connection.warnings(), feed.warnings()):
                assert "trades and no quotes" not in str(warnings)


@pytest.mark.drill
def test_beyond_the_limit_trades_come_without_quotes(tmp_path: Path) -> None:
    tape = simulated()
    with (
        serving(tape, 5.0, late=60.0, most=20) as host,
        market_of(feed_of(host, tmp_path), tmp_path) as market,
    ):
        eventually(lambda: clock_of(market) >= tape.session.open + 150 * SECOND)
        body = json.loads(market.answer(NVDA))
        warnings = str(market.health.warnings)
    recording = open_tape(tmp_path / DATE.isoformat())
    found = content_of(recording, MASSIVE)
    followed = set(recording.symbols["MASSIVE.OPRA"].values())
    quoted, traded = ({key[0] for key in rows} for rows in (found.quotes, found.trades))
    said = re.search(r"have trades and no quotes: a connection may have quotes of (\d+)", warnings)
    assert said is not None
    # Half as many as were refused.
    assert 0 < len(quoted) <= int(said[1]) <= 20
    assert traded - quoted
    assert traded <= followed
    expiries = Counter(raw[6:12] for raw in quoted)
    assert expiries.most_common(1)[0][0] == f"{DATE:%y%m%d}", "the nearest expiry comes first"
    assert "net_gex" in str(body)


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
        recording = record(host, tmp_path, begin + 575 * SECOND)
    found = check(recording, tape, MASSIVE).values()
    reasons = kinds_of(found)
    assert reasons <= {"the recording began late", "the feed was away", ENDED, SKIPPED}
    away = {"cut", "mute", "overlap", "garbage", "busy", "close", "skip"}
    # The second of an end may have what the vendor said before it.
    assert bool({ENDED, SKIPPED} & reasons) is bool(away & set(kinds))
    assert ("the feed was away" in reasons) is bool(away & set(kinds))
    if "cut" in kinds:
        assert any(one.startswith(f"{ENDED}: it closed the connection") for one in found)
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
        recording = record(host, tmp_path, tape.session.open + 220 * SECOND, stops)
    reasons = set(check(recording, tape, MASSIVE).values())
    assert reasons == {"the recording began late", "the server was down"}
    raws = list(recording.symbols["MASSIVE.OPRA"].values())
    assert len(raws) == len(set(raws))


@pytest.mark.drill
@pytest.mark.parametrize("seed", range(2, 22))
def test_any_script_of_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setenv(MASSIVE_KEY, KEY)
    minutes = 10
    tape = simulated(minutes)
    script = fault_script(str(seed), tape.session, minutes=minutes, kinds=MASSIVE_FAULTS)
    with serving(tape, SPEED, faults=script) as host:
        if seed % 3 == 0:
            at = tape.session.open + 60 * (2 + seed % 7) * SECOND
            record_and_kill("massive", host.address, tmp_path, at)
        recording = record(host, tmp_path, tape.session.open + (60 * minutes - 20) * SECOND)
    known = {"the recording began late", "the feed was away", "the server was down", ENDED, SKIPPED}
    assert kinds_of(check(recording, tape, MASSIVE).values()) <= known


def test_a_key_that_is_refused_is_final(tmp_path: Path) -> None:
    tape = simulated()
    with serving(tape, 1.0) as host:
        wrong = MassiveFeed(host.account(KEY[::-1]), ["NVDA"], tmp_path)
        with pytest.raises(FeedRefusalError, match="auth_failed: authentication failed; check"):
            wrong.connect()
    script = FaultScript([Fault(tape.session.open + 60 * SECOND, "key")])
    with (
        serving(tape, SPEED, faults=script) as host,
        market_of(feed_of(host, tmp_path), tmp_path) as market,
    ):
        eventually(lambda: "it is not asked again; mend that and restart" in str(market.health))
        assert KEY not in str(market.health)


@pytest.mark.drill
def test_another_program_with_the_key_takes_the_place_for_good(tmp_path: Path) -> None:
    tape = simulated()
    with (
        serving(tape, 5.0, late=60.0) as host,
        market_of(feed_of(host, tmp_path), tmp_path) as market,
    ):
        eventually(lambda: clock_of(market) >= tape.session.open + 90 * SECOND)
        other = feed_of(host, tmp_path / "other").connect()
        with contextlib.closing(other):
            eventually(lambda: "another program has connected" in str(market.health))
        assert "it is not asked again; mend that and restart" in str(market.health)


def test_without_the_plan_it_is_said_what_it_needs(tmp_path: Path) -> None:
    with (
        serving(simulated(), 1.0, has_options=False) as host,
        pytest.raises(FeedRefusalError, match=r"403 Forbidden.*need the plan Options Advanced"),
    ):
        feed_of(host, tmp_path).connect()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("massive", "--symbols", "NVDA"), "no key for massive; set MASSIVE_API_KEY"),
        (("massive",), "the feed massive needs --symbols with 1 to 20 names"),
        (("massive", "--symbols", "NVDA", "--gateway", "here"), "'here' is not an address"),
        (("massive", "--symbols", "NVDA", "--indicative"), "--indicative is for the feed alpaca"),
    ],
)
def test_mistakes_end_in_a_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    for name in (MASSIVE_KEY, POLYGON_KEY):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    result = live(tmp_path, *arguments)
    assert result.exit_code in {1, 2}
    assert said in result.output
    assert isinstance(result.exception, SystemExit)


def test_a_name_without_contracts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key's old name is one too."""
    monkeypatch.delenv(MASSIVE_KEY, raising=False)
    monkeypatch.setenv(POLYGON_KEY, KEY)
    with serving(simulated(), 1.0) as host:
        result = live(tmp_path, "massive", "--symbols", "AMD", "--gateway", host.address)
    assert "no contract of AMD is live on 2025-06-06; check the names" in result.output
    assert result.exit_code == 1


@pytest.mark.drill
def test_the_commands_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tape of another day is served as of today, by one process to another."""
    monkeypatch.setenv(MASSIVE_KEY, KEY)
    check_commands(tmp_path, "massive", "MASSIVE.OPRA")
