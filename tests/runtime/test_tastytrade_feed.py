"""tastytrade's live data recorded from a server of ours, through faults and restarts."""

import contextlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from feeds.carried_content import Row, content_of
from feeds.cboe_website import website
from feeds.gateway import DATE, simulated
from feeds.tasty import KEYS, REFRESH, SECRET, TastytradeHost, serving
from runtime.feeds_on_ports import eventually
from runtime.killing import command, last_commit
from runtime.local_market import LocalMarket, running
from runtime.vendor_recording import check, check_commands, live
from zerodte.cli.commands import main
from zerodte.feeds.cboe.far_feed import CboeFarFeed
from zerodte.feeds.combined_feed import CombinedFeed
from zerodte.feeds.fault_script import (
    TASTYTRADE_FAULTS,
    Fault,
    FaultKind,
    FaultScript,
    fault_script,
)
from zerodte.feeds.feed import FeedRefusalError
from zerodte.feeds.tastytrade.account import CLIENT_SECRET, REFRESH_TOKEN, TastytradeKeys
from zerodte.feeds.tastytrade.feed import TastytradeFeed
from zerodte.feeds.vendor_key import VendorKey
from zerodte.records.condition import Condition
from zerodte.runtime.live_runner import LiveRunner
from zerodte.service.stage import Stage
from zerodte.tape.folder import Tape, open_tape
from zerodte.wire.snapshot import SnapshotQuery

SECOND = 10**9
#: Ten minutes in ten seconds.
SPEED = 60.0
#: So that ten seconds of the feed are half a second, more than a busy machine takes.
SLOW = 20.0
NVDA = SnapshotQuery(symbol="NVDA")
#: Kinds of faults from which a client recovers.
RECOVERED: Final[tuple[FaultKind, ...]] = tuple(k for k in TASTYTRADE_FAULTS if k != "key")


@contextlib.contextmanager
def market_of(
    host: TastytradeHost, root: Path, symbol: str = "NVDA"
) -> Iterator[LocalMarket[LiveRunner]]:
    feed = TastytradeFeed(host.account(), [symbol], root)
    with running(LiveRunner(Stage(), feed, root, feed.warnings)) as market:
        yield market


def now(market: LocalMarket[LiveRunner]) -> int:
    current = market.runner.stage.current
    return 0 if current is None else current.session.now


def record(
    host: TastytradeHost,
    root: Path,
    until: int,
    stops: list[int] | None = None,
    symbol: str = "NVDA",
) -> Tape:
    """Record until a time, with a restart of the server at each of `stops`."""
    for stop in [*(stops or ()), until]:
        with market_of(host, root, symbol) as market:
            eventually(lambda: now(market) >= stop)  # noqa: B023
    return open_tape(root / DATE.isoformat())


def record_and_kill(host: TastytradeHost, root: Path, at: int) -> None:
    """Record in a process of its own, which is killed once it has committed up to a time."""
    words = ["live", "tastytrade", "--symbols", "NVDA", "--gateway", host.address]
    with command(*words, "--record", str(root), "--port", "0"):
        eventually(lambda: last_commit(root) >= at)


def assert_contiguous(found: Counter[Row], sent: Counter[Row]) -> None:
    """Every row of an underlying from the first one that came to the last."""
    (symbol,) = {key[0] for key in found}
    first, last = (pick(key[1] for key in found) for pick in (min, max))
    assert set(found) == {key for key in sent if key[0] == symbol and first <= key[1] <= last}


def is_known(reason: str) -> bool:
    """Whether a gap has one of the reasons that there are."""
    known = {"the recording began late", "the feed was away", "the server was down"}
    return reason in known or reason.startswith("the connection ended: ")


def test_a_session_is_recorded_in_every_field_that_the_vendor_carries(tmp_path: Path) -> None:
    tape = simulated(3)
    until = tape.session.open + 190 * SECOND
    with serving(tape, SLOW) as host:
        recording = record(host, tmp_path, until)
    missing = check(recording, tape)
    assert "the recording began late" in missing.values()
    found, wanted = content_of(recording), content_of(tape)
    followed = recording.symbols["TASTY.OPRA"].values()
    assert len(found.interest) == len(followed)
    assert sum(found.trades.values()) > 2_000
    # Those of the opening may be over before anybody listens.
    conditions = {key[-1] for key in wanted.trades} - {Condition.OPENING}
    assert conditions <= {key[-1] for key in found.trades}
    assert len(conditions) >= 5
    assert_contiguous(found.equities, wanted.equities)
    expiries = {raw[6:12] for raw in followed}
    assert min(expiries) == f"{DATE:%y%m%d}"
    assert len(expiries) <= 4
    assert "cannot send again what was missed" in str(recording.notes)


@pytest.mark.drill
def test_a_cancel_names_its_trade(tmp_path: Path) -> None:
    tape = simulated(10)
    with serving(tape, SPEED) as host:
        recording = record(host, tmp_path, tape.session.open + 610 * SECOND)
    check(recording, tape)
    found, wanted = content_of(recording), content_of(tape)
    assert found.cancels
    assert found.cancels == wanted.cancels


@pytest.mark.drill
def test_the_value_of_an_index_is_that_of_its_trades(tmp_path: Path) -> None:
    tape = simulated(2, "SPX")
    with serving(tape, SLOW) as host:
        recording = record(host, tmp_path, tape.session.open + 110 * SECOND, symbol="SPX")
    check(recording, tape)
    found, wanted = content_of(recording), content_of(tape)
    assert {key[0] for key in found.values} == {"SPX"}
    assert_contiguous(found.values, wanted.values)
    roots = {raw[:6].strip() for raw in recording.symbols["TASTY.OPRA"].values()}
    assert "SPXW" in roots


@pytest.mark.drill
def test_answers_are_there_and_say_what_is_missing(tmp_path: Path) -> None:
    tape = simulated()
    with serving(tape, SPEED) as host, market_of(host, tmp_path) as market:
        eventually(lambda: market.health.status == "Healthy")
        eventually(lambda: now(market) >= tape.session.open + 300 * SECOND)
        body = json.loads(market.answer(NVDA))
        assert "tastytrade" in str(market.health.warnings)
        assert "contracts of other expiries or far strikes" in str(market.health.warnings)
    assert "net_gex" in str(body)
    assert "cannot send again what was missed" in str(body["warnings"])


@pytest.mark.drill
@pytest.mark.parametrize("kinds", [RECOVERED, ("reorder", "slow")], ids="-".join)
def test_a_fault_loses_nothing_outside_a_gap(tmp_path: Path, kinds: tuple[FaultKind, ...]) -> None:
    """Each fault twice: all kinds in one session, and those alone that break no connection."""
    tape = simulated(5)
    begin = tape.session.open
    faults = [
        Fault(begin + (60 + 14 * number) * SECOND, kind) for number, kind in enumerate(2 * kinds)
    ]
    with serving(tape, SPEED, faults=FaultScript(faults)) as host:
        recording = record(host, tmp_path, begin + 310 * SECOND)
    reasons = set(check(recording, tape).values())
    assert all(is_known(reason) for reason in reasons)
    if set(kinds) <= {"reorder", "slow"}:
        assert reasons == {"the recording began late"}


@pytest.mark.drill
def test_ids_survive_a_restart(tmp_path: Path) -> None:
    tape = simulated(3)
    stops = [tape.session.open + seconds * SECOND for seconds in (60, 110)]
    with serving(tape, SPEED) as host:
        recording = record(host, tmp_path, tape.session.open + 180 * SECOND, stops)
    reasons = set(check(recording, tape).values())
    assert {"the recording began late", "the server was down"} <= reasons
    assert all(is_known(reason) for reason in reasons)
    raws = list(recording.symbols["TASTY.OPRA"].values())
    assert len(raws) == len(set(raws))


@pytest.mark.drill
def test_what_is_sent_again_is_left_out(tmp_path: Path) -> None:
    """The overlap sends twenty seconds again; their indices are known."""
    tape = simulated(3)
    begin = tape.session.open
    script = FaultScript([Fault(begin + at * SECOND, "overlap") for at in (70, 100)])
    with serving(tape, SLOW, faults=script) as host, market_of(host, tmp_path) as market:
        eventually(lambda: now(market) >= begin + 130 * SECOND)
        assert "trades came again; they are left out" in str(market.health.warnings)
    recording = open_tape(tmp_path / DATE.isoformat())
    reasons = check(recording, tape).values()
    assert "the connection ended: it closed the connection" in reasons


@pytest.mark.drill
def test_what_is_sent_again_after_a_restart_is_left_out(tmp_path: Path) -> None:
    """Another process knows the recording alone, on whichever of its connections."""
    tape = simulated(3)
    begin = tape.session.open
    script = FaultScript([Fault(begin + at * SECOND, "overlap") for at in (50, 67)])
    with serving(tape, 5.0, faults=script) as host:
        with market_of(host, tmp_path) as market:
            eventually(lambda: now(market) > begin + 60 * SECOND)
        recording = record(host, tmp_path, begin + 100 * SECOND)
    check(recording, tape)
    assert recording.symbols


@pytest.mark.drill
@pytest.mark.parametrize("seed", range(2, 22))
def test_any_script_of_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setenv(CLIENT_SECRET, SECRET)
    monkeypatch.setenv(REFRESH_TOKEN, REFRESH)
    minutes = 10
    tape = simulated(minutes)
    script = fault_script(str(seed), tape.session, minutes=minutes, kinds=TASTYTRADE_FAULTS)
    with serving(tape, SPEED, faults=script) as host:
        if seed % 3 == 0:
            minute = 2 + seed % 7
            record_and_kill(host, tmp_path, tape.session.open + 60 * minute * SECOND)
        recording = record(host, tmp_path, tape.session.open + (60 * minutes + 10) * SECOND)
    assert all(is_known(reason) for reason in check(recording, tape).values())


def test_keys_that_are_refused_are_final(tmp_path: Path) -> None:
    tape = simulated()
    wrong = TastytradeKeys(KEYS.client_secret, VendorKey(REFRESH[::-1]))
    with serving(tape, 1.0) as host, pytest.raises(FeedRefusalError, match="The grant is not"):
        TastytradeFeed(host.account(wrong), ["NVDA"], tmp_path).connect()
    script = FaultScript([Fault(tape.session.open + 60 * SECOND, "key")])
    with serving(tape, SPEED, faults=script) as host, market_of(host, tmp_path) as market:
        eventually(lambda: "it is not asked again; mend that and restart" in str(market.health))
        assert SECRET not in str(market.health)
        assert REFRESH not in str(market.health)
        eventually(lambda: "NVDA" in market.service.status().symbols)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--symbols", "NVDA"), "no key for tastytrade; set TASTYTRADE_CLIENT_SECRET"),
        ((), "the feed tastytrade needs --symbols with 1 to 20 names"),
        (("--symbols", "NVDA", "--gateway", "here"), "'here' is not an address"),
        (("--symbols", "NVDA", "--url", "http://localhost"), "--url is for the feed cboe"),
    ],
)
def test_mistakes_end_in_a_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    for name in (CLIENT_SECRET, REFRESH_TOKEN):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    words = ["live", "tastytrade", *arguments, "--record", str(tmp_path / "r"), "--port", "0"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code in {1, 2}
    assert said in result.output
    assert isinstance(result.exception, SystemExit)


def test_a_name_without_contracts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CLIENT_SECRET, SECRET)
    monkeypatch.setenv(REFRESH_TOKEN, REFRESH)
    with serving(simulated(), 1.0) as host:
        result = live(tmp_path, "tastytrade", "--symbols", "AMD", "--gateway", host.address)
    assert "it has no such symbol" in result.output
    assert result.exit_code == 1


@pytest.mark.drill
def test_far_expiries_come_beside_it(tmp_path: Path) -> None:
    tape = simulated(10)
    late = 120 * SECOND
    start = tape.session.open + late - 15 * 60 * SECOND
    with (
        serving(tape, SPEED, late=120.0) as host,
        website(tape, SPEED, start) as client,
        contextlib.ExitStack() as stack,
    ):
        far = CboeFarFeed(client, tmp_path)
        stack.callback(far.stop)
        feed = CombinedFeed(TastytradeFeed(host.account(), ["NVDA"], tmp_path), [far])
        market = stack.enter_context(running(LiveRunner(Stage(), feed, tmp_path, feed.warnings)))
        ticks = tmp_path / DATE.isoformat() / "ticks"
        eventually(lambda: ticks.exists() and b"cboe.delayed.cbbo-1m" in ticks.read_bytes())
        eventually(lambda: now(market) >= tape.session.open + 300 * SECOND)
        assert "15 minutes delayed" in str(json.loads(market.answer(NVDA))["warnings"])
    recording = open_tape(tmp_path / DATE.isoformat())
    near, beyond = (
        {raw[6:12] for raw in recording.symbols[dataset].values()}
        for dataset in ("TASTY.OPRA", "CBOE.DELAYED")
    )
    assert near
    assert beyond
    assert not near & beyond


@pytest.mark.drill
def test_the_commands_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tape of another day is served as of today, by one process to another."""
    monkeypatch.setenv(CLIENT_SECRET, SECRET)
    monkeypatch.setenv(REFRESH_TOKEN, REFRESH)
    check_commands(tmp_path, "tastytrade", "TASTY.OPRA")


def test_faults_of_another_protocol_are_refused(tmp_path: Path) -> None:
    tape = simulated()
    for protocol, fault in (("tastytrade", "skip"), ("databento", "token")):
        words = ["feed", str(tape.path), "--as", protocol, "--faults", f"{fault}@10:00:00"]
        result = CliRunner().invoke(main, [*words, "--port", "0"])
        assert result.exit_code == 1
        assert "expected: a seed such as 7, or KIND@HH:MM:SS with one of cut" in result.output


@pytest.mark.drill
def test_an_account_that_is_sent_no_trades_is_told(tmp_path: Path) -> None:
    whole = simulated(5)
    ignored = shutil.ignore_patterns("*tcbbo*", "*.json", "truth*")
    tape = open_tape(Path(shutil.copytree(whole.path, tmp_path / "tape", ignore=ignored)))
    with serving(tape, SPEED) as host, market_of(host, tmp_path / "recordings") as market:
        eventually(lambda: "may not be sent TimeAndSale" in str(market.health.warnings))
        assert now(market) >= tape.session.open + 100 * SECOND
