"""Databento's live data recorded from a gateway, through faults and restarts."""

import contextlib
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from click.testing import CliRunner

from feeds.gateway import (
    DATE,
    KEY,
    OPRA,
    SCHEMAS,
    batches,
    content,
    never_sending,
    serving,
    simulated,
)
from runtime.feeds_on_ports import eventually
from runtime.killing import command, last_commit
from runtime.local_market import LocalMarket, running
from zerodte.cli.commands import main
from zerodte.feeds.databento.feed import DatabentoFeed
from zerodte.feeds.databento.session import DATABENTO_KEY, DatabentoGateway
from zerodte.feeds.fault_script import Fault, FaultKind, FaultScript, fault_script
from zerodte.feeds.feed import FeedRefusalError
from zerodte.feeds.vendor_key import VendorKey
from zerodte.runtime.live_runner import LiveRunner
from zerodte.service.stage import Stage
from zerodte.tape.folder import Tape, open_tape
from zerodte.wire.hedge_flow import HedgeFlowQuery
from zerodte.wire.snapshot import SnapshotQuery

SECOND = 10**9
#: Ten minutes in ten seconds.
SPEED = 60.0
#: So that ten seconds of the feed are half a second, more than a busy machine takes.
SLOW = 20.0
#: Seconds after its end at which a tape is recorded: no stream is taken to have come so far
#: before its last second has been sent (a heartbeat and a second are not enough).
_AFTER = 10
#: A tenth of a second of the wall clock.
_LATE = 7 * SECOND
NVDA = SnapshotQuery(symbol="NVDA")
#: Kinds of faults after which the vendor replays what was missed.
LOSSLESS: Final[tuple[FaultKind, ...]] = ("cut", "overlap", "reorder", "garbage", "slow", "mute")


@contextlib.contextmanager
def market_of(gateway: DatabentoGateway, root: Path) -> Iterator[LocalMarket[LiveRunner]]:
    feed = DatabentoFeed(gateway, ["NVDA"], root)
    with running(LiveRunner(Stage(), feed, root, feed.warnings)) as market:
        yield market


def record(
    gateway: DatabentoGateway, root: Path, until: int, stops: list[int] | None = None
) -> Tape:
    """Record until a time, with a restart of the server at each of `stops`."""
    for stop in [*(stops or ()), until]:
        with market_of(gateway, root) as market:
            stage = market.runner.stage
            eventually(
                lambda: (
                    stage.current is not None and stage.current.session.now >= stop  # noqa: B023
                )
            )
    return open_tape(root / DATE.isoformat())


def record_and_kill(gateway: DatabentoGateway, root: Path, at: int) -> None:
    """Record in a process of its own, which is killed once it has committed up to a time."""
    address = f"{gateway.host}:{gateway.port}"
    words = ["live", "databento", "--symbols", "NVDA", "--gateway", address]
    with command(*words, "--record", str(root), "--port", "0"):
        eventually(lambda: last_commit(root) >= at)


def gaps(tape: Tape) -> dict[int, str]:
    """The reason of each tick that has a gap, by its end."""
    return {tick.end: tick.gap for tick in tape.ticks() if tick.gap}


def has_no_gap_now(folder: Path) -> bool:
    """Whether what was recorded last is complete."""
    lines = (folder / "ticks").read_bytes().split(b"\n")[:-1]
    return bool(lines) and "gap" not in json.loads(lines[-1])


def lateness(tape: Tape) -> dict[str, Counter[int]]:
    """How many seconds after that of their receipt records are on a tape, by schema."""
    found = {"cbbo-1s": Counter[int](), "tcbbo": Counter[int]()}
    for end, _, batch in batches(tape):
        if batch.schema in found:
            times = batch.records["ts_recv"].astype(np.int64)
            found[batch.schema].update(((end + (-times // SECOND) * SECOND) // SECOND).tolist())
    return found


def check(recording: Tape, tape: Tape) -> dict[int, str]:
    """No record twice, and none missing outside a gap; returns the gaps."""
    found, wanted = content(recording, recording), content(tape, recording)
    for schema in SCHEMAS:
        assert not found[schema] - wanted[schema], f"{schema}: more than was sent"
    missing = gaps(recording)
    for end, _, batch in batches(tape):
        for row in batch.records:
            lacks = wanted[batch.schema][row.tobytes()] - found[batch.schema][row.tobytes()]
            if lacks and int(row["instrument_id"]) in recording.symbols[OPRA]:
                # At this speed word of it may come some seconds later.
                assert missing.keys() & set(range(end, end + _LATE, SECOND)), (
                    f"{batch.schema} of {end} is missing outside a gap"
                )
    return missing


def test_a_session_is_recorded_in_every_field_that_the_vendor_has(tmp_path: Path) -> None:
    tape = simulated(2)
    until = tape.session.open + (120 + _AFTER) * SECOND
    with serving(tape, SLOW) as gateway:
        recording = record(gateway, tmp_path, until)
    assert content(recording, recording) == content(tape, recording)
    assert not gaps(recording)
    late = lateness(recording)
    # The vendor tells when a second of quotes has come; a busy machine holds some up even so.
    assert late["cbbo-1s"][0] > 0.9 * late["cbbo-1s"].total()
    assert 0 <= min(late["cbbo-1s"]) <= max(late["cbbo-1s"]) <= 10
    assert 0 <= min(late["tcbbo"]) <= max(late["tcbbo"]) <= 10, "at this speed some are late"
    expiries = {raw[6:12] for raw in recording.symbols[OPRA].values()}
    assert min(expiries) == f"{DATE:%y%m%d}"
    assert len(expiries) <= 4
    assert "legs of packages look like single trades" in str(recording.notes)


@pytest.mark.drill
def test_answers_are_those_of_the_tape(tmp_path: Path) -> None:
    """A late start has the whole day: its flow, and the morning's open interest."""
    tape = simulated()
    with serving(tape, 1.0, late=300.0) as gateway, market_of(gateway, tmp_path) as market:
        eventually(lambda: market.health.status == "Healthy")
        assert "legs of packages" in str(market.health)
        assert b'"net_gex":' in market.answer(NVDA)
        bars = json.loads(market.answer(HedgeFlowQuery(symbol="NVDA", minutes=5)))["bars"]
    assert sum(bar["bar"] is not None for bar in bars) >= 9, "as if it had been there"


@pytest.mark.drill
def test_a_fault_loses_nothing(tmp_path: Path) -> None:
    """Each kind twice, in one session."""
    tape = simulated(5)
    begin = tape.session.open
    faults = [
        Fault(begin + (60 + 17 * number) * SECOND, kind) for number, kind in enumerate(2 * LOSSLESS)
    ]
    with serving(tape, SPEED, faults=FaultScript(faults)) as gateway:
        recording = record(gateway, tmp_path, begin + (300 + _AFTER) * SECOND)
    assert not check(recording, tape), "the vendor replays what was missed"


@pytest.mark.drill
def test_records_that_the_vendor_skips_are_a_gap_in_its_words(tmp_path: Path) -> None:
    tape = simulated(2)
    script = FaultScript([Fault(tape.session.open + 60 * SECOND, "skip")])
    with serving(tape, SPEED, faults=script) as gateway:
        recording = record(gateway, tmp_path, tape.session.open + (120 + _AFTER) * SECOND)
    found = check(recording, tape)
    assert found
    assert all("the vendor skipped records" in reason for reason in found.values())


@pytest.mark.drill
@pytest.mark.parametrize("restarts", [False, True])
def test_an_outage_is_made_up_for(tmp_path: Path, *, restarts: bool) -> None:
    """Time passes while the gateway is away, and ticks close without it."""
    tape = simulated(5)
    begin = tape.session.open
    folder = tmp_path / DATE.isoformat()

    def has_come(market: LocalMarket[LiveRunner], seconds: int) -> bool:
        current = market.runner.stage.current
        return current is not None and current.session.now >= begin + seconds * SECOND

    with contextlib.ExitStack() as stack:
        first = stack.enter_context(contextlib.ExitStack())
        gateway = first.enter_context(serving(tape, SPEED))
        running = stack.enter_context(contextlib.ExitStack())
        market = running.enter_context(market_of(gateway, tmp_path))
        eventually(lambda: has_come(market, 60))
        first.close()
        eventually(lambda: "is away" in str(market.health))
        eventually(lambda: has_come(market, 240))
        assert market.runner.stage.current is not None
        late = (market.runner.stage.current.session.now - begin) / SECOND
        if restarts:
            running.close()
        stack.enter_context(serving(tape, SPEED, late=late, port=gateway.port))
        if restarts:
            market = stack.enter_context(market_of(gateway, tmp_path))
        # Time alone gets as far; without a gap it is the gateway that did.
        eventually(lambda: has_come(market, 300 + _AFTER) and has_no_gap_now(folder))
    recording = open_tape(folder)
    assert content(recording, recording) == content(tape, recording)
    assert all(reason == "the feed was away" for reason in gaps(recording).values())


@pytest.mark.drill
def test_a_restart_goes_on_where_the_recording_ends(tmp_path: Path) -> None:
    tape = simulated(2)
    stops = [tape.session.open + seconds * SECOND for seconds in (40, 80)]
    with serving(tape, SPEED) as gateway:
        recording = record(gateway, tmp_path, tape.session.open + (120 + _AFTER) * SECOND, stops)
    assert content(recording, recording) == content(tape, recording)
    assert not gaps(recording)


@pytest.mark.drill
@pytest.mark.parametrize("seed", range(60))
def test_any_script_of_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setenv(DATABENTO_KEY, KEY)
    tape = simulated()
    script = fault_script(str(seed), tape.session, minutes=10)
    with serving(tape, SPEED, faults=script) as gateway:
        if seed % 3 == 0:
            minute = 2 + seed % 7
            record_and_kill(gateway, tmp_path, tape.session.open + 60 * minute * SECOND)
        recording = record(gateway, tmp_path, tape.session.open + (600 + _AFTER) * SECOND)
    for reason in check(recording, tape).values():
        assert "the vendor" in reason


def test_a_key_that_is_refused_is_final(tmp_path: Path) -> None:
    tape = simulated()
    with serving(tape, 1.0) as gateway:
        wrong = DatabentoGateway(VendorKey(KEY[:-1] + "x"), gateway.host, gateway.port)
        with pytest.raises(FeedRefusalError, match="it refused: Authentication failed"):
            DatabentoFeed(wrong, ["NVDA"], tmp_path).connect()
    script = FaultScript([Fault(tape.session.open + 60 * SECOND, "key")])
    with serving(tape, SPEED, faults=script) as gateway, market_of(gateway, tmp_path) as market:
        eventually(lambda: "it is not asked again; mend that and restart" in str(market.health))
        assert KEY not in str(market.health)
        # What there is, is answered, also if the feed did not get so far as to catch up.
        eventually(lambda: "NVDA" in market.service.status().symbols)


def test_a_stop_does_not_wait_for_a_feed_that_comes_back_slowly(tmp_path: Path) -> None:
    """The gateway comes back, but does not send the day's definitions."""
    tape = simulated()
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(contextlib.ExitStack())
        gateway = first.enter_context(serving(tape, 1.0))
        with market_of(gateway, tmp_path) as market:
            eventually(lambda: market.runner.stage.current is not None)
            first.close()
            mute = stack.enter_context(never_sending(gateway.port))
            assert mute.wait(60)
            begin = time.monotonic()
        assert time.monotonic() - begin < 10, "it sends nothing for 15 s before it counts as dead"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--symbols", "NVDA"), "no key for databento; set DATABENTO_API_KEY"),
        ((), "the feed databento needs --symbols with 1 to 20 names"),
        (("--symbols", "NVDA", "--gateway", "here"), "'here' is not an address"),
    ],
)
def test_mistakes_end_in_a_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.delenv("DATABENTO_API_KEY", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    words = ["live", "databento", *arguments, "--record", str(tmp_path / "r"), "--port", "0"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code in {1, 2}
    assert said in result.output
    assert isinstance(result.exception, SystemExit)


def test_a_key_file_is_the_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABENTO_API_KEY", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    file = tmp_path / ".config" / "zerodte" / "feeds.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f'[databento]\napi_key = "{KEY}"\n', "utf-8")
    with serving(simulated(), 1.0) as gateway:
        address = f"{gateway.host}:{gateway.port}"
        words = ["live", "databento", "--symbols", "AMD", "--gateway", address, "--port", "0"]
        words += ["--record", str(tmp_path / "r")]
        os.chmod(file, 0o644)  # noqa: PTH101
        result = CliRunner().invoke(main, words)
        assert "others may read it; run chmod 600" in result.output
        os.chmod(file, 0o600)  # noqa: PTH101
        result = CliRunner().invoke(main, words)
        assert "no contract of AMD is live" in result.output
        assert KEY not in result.output
