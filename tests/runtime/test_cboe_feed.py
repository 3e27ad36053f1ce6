"""Cboe's delayed quotes recorded and answered from, and a host that misbehaves."""

import contextlib
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from feeds.cboe_host import CboeHost, hosting
from runtime.feeds_on_ports import eventually
from runtime.local_market import LocalMarket, running
from zerodte.cli.commands import main
from zerodte.feeds.cboe.feed import CboeFeed
from zerodte.feeds.cboe.http import CboeAnswer, CboeClient
from zerodte.feeds.feed import FeedError
from zerodte.records.dbn import STAT_CLEARED_VOLUME, UNDEF_PRICE
from zerodte.runtime.live_runner import LiveRunner
from zerodte.service.stage import Stage
from zerodte.tape.checksums import MANIFEST
from zerodte.tape.folder import open_tape
from zerodte.wire.errors import ApiError
from zerodte.wire.snapshot import SnapshotQuery

SPY = SnapshotQuery(symbol="SPY")
FOLDER = "2022-03-23"
ZSTD_MAGIC = bytes.fromhex("28b52ffd")


@contextlib.contextmanager
def market_of(host: CboeHost, root: Path) -> Iterator[LocalMarket[LiveRunner]]:
    feed = CboeFeed(CboeClient(host.url), ["SPY"], root)
    try:
        with running(LiveRunner(Stage(), feed, root, feed.warnings)) as market:
            yield market
    finally:
        feed.stop()


def health(market: LocalMarket[LiveRunner]) -> str:
    return str(market.health)


def recorded_polls(root: Path) -> int:
    """How many chains have been committed."""
    ticks = root / FOLDER / "ticks"
    return ticks.read_bytes().count(b"cboe.delayed.statistics") if ticks.exists() else 0


def answered(market: LocalMarket[LiveRunner]) -> bytes:
    """A snapshot. At this speed quotes may be old for a moment on a busy machine."""
    found: list[bytes] = []

    def ask() -> bool:
        with contextlib.suppress(ApiError):
            found.append(market.answer(SPY))
        return bool(found)

    eventually(ask)
    return found[0]


def volumes(folder: Path) -> dict[str, list[int]]:
    """Every recorded volume of each contract, in order."""
    tape = open_tape(folder)
    found: dict[str, list[int]] = {}
    for tick in tape.ticks():
        for batch in tick.statistics:
            names = tape.symbols[batch.dataset]
            rows = batch.records[batch.records["stat_type"] == STAT_CLEARED_VOLUME]
            for number, quantity in rows[["instrument_id", "quantity"]].tolist():
                found.setdefault(names[number], []).append(quantity)
    return found


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CboeHost, str, Path, str]]:
    """A few minutes recorded, stopped, and gone on with: the answer and the recording."""
    root = tmp_path_factory.mktemp("cboe")
    with hosting() as host:
        host.faults.append("redirect")
        for polls in (3, 6):
            with market_of(host, root) as market:
                eventually(lambda: recorded_polls(root) >= polls)  # noqa: B023
                eventually(lambda: "SPY" in market.service.status().symbols)
                answer, said = answered(market), health(market)
            # As a kill leaves it: no manifest, and a frame that was being written.
            (root / FOLDER / MANIFEST).unlink()
            with (root / FOLDER / "cboe.delayed.definition.dbn.zst").open("ab") as file:
                file.write(ZSTD_MAGIC)
        yield host, json.dumps(json.loads(answer)), root / FOLDER, said


def test_answers_say_that_they_are_delayed_and_have_no_tape(
    played: tuple[CboeHost, str, Path, str],
) -> None:
    _, answer, _, said = played
    for text in (answer, said):
        assert "15 minutes delayed" in text
        assert "there is no tape" in text
    body = json.loads(answer)
    assert body["flow_direction"]["simulated_oi"] is None
    assert "contracts of other expiries or far strikes are not followed" in said


def test_a_recording_goes_on_with_the_same_contracts(
    played: tuple[CboeHost, str, Path, str],
) -> None:
    _, _, folder, _ = played
    tape = open_tape(folder)
    defined = [
        raw.decode()
        for tick in tape.ticks()
        for batch in tick.definitions
        for raw in batch.records["raw_symbol"].tolist()
    ]
    assert len(defined) == len(set(defined)), "each contract is defined once, restart or not"
    days = {raw[6:12] for raw in defined}
    # Today's, the next two, and of the rest the seven-day anchor.
    assert days == {"220323", "220325", "220328", "220330"}
    strikes = sorted({int(raw[-8:]) // 1000 for raw in defined if raw[6:12] == "220323"})
    # 3% is 13.5; the straddle of 4 makes four standard deviations 20.05.
    assert strikes == list(range(430, 471, 5))
    for found in volumes(folder).values():
        assert found == sorted(found)
        assert len(found) >= 6
    trades = [batch for tick in tape.ticks() for batch in tick.trades]
    assert not trades, "sides are not guessed"


def test_requests_are_polite(played: tuple[CboeHost, str, Path, str]) -> None:
    host, _, _, _ = played
    first = host.asked[0][1]
    assert first["accept-encoding"] == "gzip"
    assert first["user-agent"].startswith("zerodte/")
    assert any("if-none-match" in headers for _, headers in host.asked)
    assert any(path.startswith("/moved") for path, _ in host.asked), "redirects are followed"


FAULTS = [
    ("403", "403 Forbidden; its protection against robots turns us away; asked again after 120"),
    ("500", "500 Internal Server Error"),
    ("404", "it has no such symbol"),
    ("half", "half a body"),
    ("cut", "it ends in the middle, after 900 bytes"),
    ("yesterday", "its quotes are of 2022-03-22"),
    ("other", "SPY: its body is of 'QQQ', another symbol than was asked for"),
    ("zone", "minutes ahead of the host's clock; expected: UTC"),
]

#: Other parts of an answer that can come byte by byte.
DRIPPING = ("status", "header", "chunk")


@pytest.mark.parametrize(("fault", "said"), FAULTS)
def test_a_fault_of_the_host_is_said_and_passes(tmp_path: Path, fault: str, said: str) -> None:
    with hosting() as host, market_of(host, tmp_path) as market:
        eventually(lambda: "SPY" in market.service.status().symbols)
        host.standing = fault
        eventually(lambda: said in health(market))
        host.standing = ""
        eventually(lambda: said not in health(market))
        eventually(lambda: "is away" not in health(market))
        assert said not in health(market)


@pytest.mark.parametrize(
    "fault",
    [
        "drip body",
        *(pytest.param(f"drip {part}", marks=pytest.mark.drill) for part in DRIPPING),
    ],
)
def test_an_answer_that_drips_is_given_up_and_the_other_symbols_are_asked(
    tmp_path: Path, fault: str
) -> None:
    with hosting() as host:
        host.standing, host.ailing = fault, "_SPX"
        feed = CboeFeed(CboeClient(host.url, longest=0.5), ["SPX", "SPY"], tmp_path)
        with running(LiveRunner(Stage(), feed, tmp_path, feed.warnings)) as market:
            eventually(lambda: "SPY" in market.service.status().symbols)
            assert re.search(r"SPX: [\d.:]+ is too slow: \d+ bytes in 0.5 seconds", health(market))
            asked = len(host.asked)
            eventually(lambda: sum("SPY" in path for path, _ in host.asked[asked:]) >= 2)
            host.standing = ""
            eventually(lambda: "is too slow" not in health(market))
        feed.stop()


def test_an_odd_cell_is_unknown_and_the_chain_goes_on(tmp_path: Path) -> None:
    with hosting() as host, market_of(host, tmp_path) as market:
        eventually(lambda: "SPY" in market.service.status().symbols)
        host.standing = "odd"
        said = "SPY: 2 figures of its newest chain are missing or cannot be; they are unknown"
        eventually(lambda: said in health(market))
        polls = recorded_polls(tmp_path)
        eventually(lambda: recorded_polls(tmp_path) >= polls + 2)
        host.standing = ""
        eventually(lambda: said not in health(market))
    tape = open_tape(tmp_path / FOLDER)
    names = tape.symbols["CBOE.DELAYED"]
    bids = {
        bid
        for tick in tape.ticks()
        for batch in tick.quotes
        if batch.dataset == "CBOE.DELAYED"
        for number, bid in batch.records[["instrument_id", "bid_px_00"]].tolist()
        if names[number] == "SPY   220323C00450000"
    }
    assert bids == {1_950_000_000, UNDEF_PRICE}


def test_a_body_that_has_not_changed_is_silence(tmp_path: Path) -> None:
    with hosting() as host, market_of(host, tmp_path) as market:
        eventually(lambda: market.health.status == "Healthy")
        host.standing = "304"

        def is_quiet() -> bool:
            asked, polls = len(host.asked), recorded_polls(tmp_path)
            eventually(lambda: len(host.asked) >= asked + 4)
            return recorded_polls(tmp_path) == polls

        # What was under way is recorded first; four polls that made records would all be seen.
        eventually(is_quiet)
        # Old quotes make nothing that counts, but the feed is there.
        assert "the feed" not in " ".join(market.health.reasons)


@pytest.mark.drill
def test_a_machine_that_slept_has_a_gap(tmp_path: Path) -> None:
    with hosting() as host, market_of(host, tmp_path) as market:
        eventually(lambda: market.health.status == "Healthy")
        ticks = tmp_path / FOLDER / "ticks"
        assert b"the feed was away" not in ticks.read_bytes()
        host.jump(hours=2)
        eventually(lambda: b"the feed was away" in ticks.read_bytes())
        eventually(lambda: market.health.status == "Healthy")


def test_a_host_that_only_refuses_is_a_clear_line(tmp_path: Path) -> None:
    with hosting() as host:
        host.standing = "403"
        with pytest.raises(FeedError, match="cannot be reached: SPY: the host answered 403"):
            LiveRunner(Stage(), CboeFeed(CboeClient(host.url), ["SPY"], tmp_path), tmp_path)
    assert len(host.asked) == 1, "nobody asks again at once"


class DefectiveClient(CboeClient):
    """A client with a defect, from the answer with this number on."""

    def __init__(self, url: str, first: int) -> None:
        super().__init__(url)
        self.left = first

    def get(self, symbol: str, etag: str = "") -> CboeAnswer:
        """Ask, or fail."""
        self.left -= 1
        if self.left < 0:
            raise ZeroDivisionError("no number")
        return super().get(symbol, etag)


DEFECT = "a defect ended the polls: ZeroDivisionError: no number"


def test_a_defect_of_the_first_poll_reaches_whoever_waits(tmp_path: Path) -> None:
    with hosting() as host:
        feed = CboeFeed(DefectiveClient(host.url, 0), ["SPY"], tmp_path)
        found: list[str] = []

        def connect() -> None:
            try:
                feed.connect()
            except FeedError as error:
                found.append(str(error))

        # A daemon: who waits forever does not keep the tests from ending.
        threading.Thread(target=connect, daemon=True).start()
        eventually(lambda: found, 30.0)
    assert found == [DEFECT]


def test_a_defect_of_a_later_poll_is_said(tmp_path: Path) -> None:
    with hosting() as host:
        feed = CboeFeed(DefectiveClient(host.url, 3), ["SPY"], tmp_path)
        with running(LiveRunner(Stage(), feed, tmp_path, feed.warnings)) as market:
            eventually(lambda: DEFECT in health(market))
            assert market.health.status == "Unhealthy"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cboe",), "--symbols with 1 to 20 names"),
        (("cboe", "--symbols", "SP Y"), "is not a symbol"),
        (("cboe", "--symbols", "SPY", "--url", "file:///etc"), "is no address"),
        (("cboe", "--symbols", "SPY", "--url", "http://127.0.0.1:9/x"), "cannot be reached"),
        (("127.0.0.1:9", "--symbols", "SPY"), "a TCP feed has its own symbols"),
        (("opra",), "write HOST:PORT, nats://HOST:PORT, cboe"),
    ],
)
def test_mistakes_end_in_a_clear_line(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = CliRunner().invoke(
        main, ["live", *arguments, "--record", str(tmp_path / "r"), "--port", "0"]
    )
    assert result.exit_code in {1, 2}
    assert said in result.output
    assert isinstance(result.exception, SystemExit)
