"""A feed of near expiries beside delayed chains of far ones, in one session."""

import contextlib
import datetime
import json
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from click.testing import CliRunner

from feeds import cboe_website
from feeds.gateway import DATE, OPRA, batches, serving, simulated
from runtime.feeds_on_ports import eventually
from runtime.local_market import LocalMarket, running
from zerodte.cli.commands import main
from zerodte.feeds.cboe.far_feed import CboeFarFeed
from zerodte.feeds.cboe.http import CboeClient
from zerodte.feeds.combined_feed import CombinedFeed
from zerodte.feeds.databento.feed import DatabentoFeed
from zerodte.feeds.databento.session import DatabentoGateway
from zerodte.records.dbn import CBOE_DELAYED
from zerodte.runtime.live_runner import LiveRunner
from zerodte.service.stage import Stage
from zerodte.tape.folder import Tape, open_tape
from zerodte.wire.listing import OptionsMetaQuery
from zerodte.wire.settled import GexExposureQuery

SECOND = 10**9
MINUTE = 60 * SECOND
#: A poll a second.
SPEED = 60.0
DELAY = 15 * MINUTE
#: Of NVDA's expiries Databento's feed follows today's, the next two and the nearest to a week.
NEAR = {"250606", "250613", "250620"}
FAR = {"250627", "250703", "250711", "250718"}


def website(tape: Tape, late: float, port: int = 0) -> AbstractContextManager[CboeClient]:
    """Cboe's website, whose quotes are of a quarter of an hour before `late` seconds."""
    start = tape.session.open + round(late * SECOND) - DELAY
    return cboe_website.website(tape, SPEED, start, port)


@contextlib.contextmanager
def market_of(
    gateway: DatabentoGateway, client: CboeClient, root: Path
) -> Iterator[LocalMarket[LiveRunner]]:
    far = CboeFarFeed(client, root)
    feed = CombinedFeed(DatabentoFeed(gateway, ["NVDA"], root), [far])
    try:
        with running(LiveRunner(Stage(), feed, root, feed.warnings)) as market:
            yield market
    finally:
        far.stop()


def polls(root: Path) -> int:
    """How many chains have been committed."""
    ticks = root / DATE.isoformat() / "ticks"
    return ticks.read_bytes().count(b"cboe.delayed.cbbo-1m") if ticks.exists() else 0


def now(market: LocalMarket[LiveRunner]) -> int:
    current = market.runner.stage.current
    return 0 if current is None else current.session.now


def expiries(tape: Tape, dataset: str) -> set[str]:
    return {raw[6:12] for raw in tape.symbols[dataset].values()}


@pytest.mark.drill
def test_far_expiries_come_beside_the_feed_with_their_own_times(tmp_path: Path) -> None:
    tape = simulated(30)
    with (
        serving(tape, SPEED, late=1_100.0) as gateway,
        website(tape, 1_100.0) as client,
        market_of(gateway, client, tmp_path) as market,
    ):
        eventually(lambda: now(market) > 0 and market.health.status == "Healthy")
        before = polls(tmp_path)
        eventually(lambda: polls(tmp_path) >= before + 3)
        meta = json.loads(market.answer(OptionsMetaQuery(symbol="NVDA")))
        query = GexExposureQuery(symbol="NVDA", expiration=datetime.date(2025, 7, 18))
        far = json.loads(market.answer(query))
    days = {day["expiration"][2:].replace("-", "") for day in meta["expirations"]}
    assert days == NEAR | FAR
    assert far["net_gex"] is not None, "its quotes are late, not old"
    assert "15 minutes delayed" in str(far["warnings"])
    recording = open_tape(tmp_path / DATE.isoformat())
    assert expiries(recording, OPRA) == NEAR
    assert expiries(recording, CBOE_DELAYED) == FAR
    standing: dict[tuple[str, int], tuple[int, int]] = {}
    for end, _, batch in batches(tape):
        if batch.schema == "cbbo-1s":
            for row in batch.records:
                raw = tape.symbols[OPRA][int(row["instrument_id"])]
                standing[raw, end] = int(row["bid_px_00"]), int(row["ask_px_00"])
    lates = []
    for tick in recording.ticks():
        assert not tick.gap
        for batch in tick.quotes:
            if batch.dataset != CBOE_DELAYED:
                continue
            for row in batch.records[::20]:
                raw = recording.symbols[CBOE_DELAYED][int(row["instrument_id"])]
                at = int(row["ts_recv"])
                known = [end for symbol, end in standing if symbol == raw and end <= at]
                bid, ask = int(row["bid_px_00"]), int(row["ask_px_00"])
                assert (bid, ask) == standing[raw, max(known)]
            lates.append(tick.end - at)
    # While the feed's past was replayed its clock was that of the first chain.
    assert min(lates) >= 0
    # At this speed the feed may be a second of the wall clock behind its own clock.
    assert DELAY - MINUTE < max(lates) < DELAY + 3 * MINUTE


@pytest.mark.drill
def test_a_companion_that_goes_away_is_said_and_asked_again(tmp_path: Path) -> None:
    tape = simulated(30)
    with serving(tape, SPEED, late=1_100.0) as gateway, contextlib.ExitStack() as stack:
        first = stack.enter_context(contextlib.ExitStack())
        client = first.enter_context(website(tape, 1_100.0))
        market = stack.enter_context(market_of(gateway, client, tmp_path))
        eventually(lambda: polls(tmp_path) >= 1 and now(market) > 0)
        first.close()
        eventually(lambda: "is away" in str(market.health.warnings))
        eventually(lambda: market.health.status == "Healthy")
        before = polls(tmp_path)
        late = (now(market) - tape.session.open) / SECOND
        port = int(client.url.rpartition(":")[2].partition("/")[0])
        stack.enter_context(website(tape, late, port))
        eventually(lambda: polls(tmp_path) > before)
        eventually(lambda: "is away" not in str(market.health.warnings))
    assert not any(tick.gap for tick in open_tape(tmp_path / DATE.isoformat()).ticks())


def test_a_session_begins_without_its_companion(tmp_path: Path) -> None:
    tape = simulated(30)
    with website(tape, 1_100.0) as nobody:
        pass
    with (
        serving(tape, SPEED, late=1_100.0) as gateway,
        market_of(gateway, nobody, tmp_path) as market,
    ):
        eventually(lambda: now(market) > 0 and market.health.status == "Healthy")
        assert "is away" in str(market.health.warnings)
    recording = open_tape(tmp_path / DATE.isoformat())
    assert expiries(recording, OPRA) == NEAR
    assert not recording.symbols[CBOE_DELAYED]


@pytest.mark.drill
def test_a_companion_that_never_answers_holds_up_nothing(tmp_path: Path) -> None:
    tape = simulated(30)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = CboeClient(f"http://127.0.0.1:{silent.getsockname()[1]}/delayed_quotes")
        with (
            serving(tape, SPEED, late=1_100.0) as gateway,
            market_of(gateway, client, tmp_path) as market,
        ):
            eventually(lambda: now(market) > 0)
            assert "it has not answered yet" in str(market.health.warnings)


@pytest.mark.drill
def test_a_companion_of_another_day_is_said(tmp_path: Path) -> None:
    tape = simulated(30)
    day = 24 * 3_600.0
    with (
        serving(tape, SPEED, late=1_100.0) as gateway,
        website(tape, 1_100.0 + 3 * day) as client,
        market_of(gateway, client, tmp_path) as market,
    ):
        eventually(lambda: now(market) > 0)
        said = "its quotes are of 2025-06-09, the session is that of 2025-06-06"
        assert said in str(market.health.warnings)


@pytest.mark.drill
def test_a_feed_that_dies_is_a_gap_whatever_its_companion_sends(tmp_path: Path) -> None:
    tape = simulated(30)
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(contextlib.ExitStack())
        gateway = first.enter_context(serving(tape, SPEED, late=1_100.0))
        client = stack.enter_context(website(tape, 1_100.0))
        market = stack.enter_context(market_of(gateway, client, tmp_path))
        eventually(lambda: polls(tmp_path) >= 1 and now(market) > 0)
        first.close()
        eventually(lambda: "is away" in str(market.health))
        begin = now(market)
        eventually(lambda: now(market) > begin + 3 * MINUTE)
        assert market.health.status != "Healthy"
    ticks = open_tape(tmp_path / DATE.isoformat()).ticks()
    assert {tick.gap for tick in ticks if tick.end > begin + MINUTE} == {"the feed was away"}


@pytest.mark.drill
def test_a_restart_goes_on_with_both(tmp_path: Path) -> None:
    tape = simulated(30)
    with serving(tape, SPEED, late=1_100.0) as gateway, website(tape, 1_100.0) as client:
        for count in (1, 3):
            with market_of(gateway, client, tmp_path):
                eventually(lambda: polls(tmp_path) >= count)  # noqa: B023
    recording = open_tape(tmp_path / DATE.isoformat())
    defined = [
        recording.symbols[batch.dataset][number]
        for tick in recording.ticks()
        for batch in tick.definitions
        if batch.dataset == CBOE_DELAYED
        for number in batch.records["instrument_id"].tolist()
    ]
    assert defined
    assert len(defined) == len(set(defined)), "each contract is defined once"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("cboe", "--symbols", "SPX", "--also", "cboe:far"), "is for other feeds than cboe"),
        (("127.0.0.1:1", "--also", "cboe"), "'cboe' is not 'cboe:far'"),
    ],
)
def test_mistakes_end_in_a_clear_line(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(
        main, ["live", *words, "--record", str(tmp_path / "r"), "--port", "0"]
    )
    assert result.exit_code == 2
    assert said in result.output
