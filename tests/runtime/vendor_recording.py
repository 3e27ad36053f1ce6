"""Recordings of a vendor's feed, held against the tape that was served."""

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

import pytest
from click.testing import CliRunner, Result

from feeds.carried_content import TASTYTRADE, Carried, Row, StreamProgress, content_of, unexcused
from feeds.gateway import DATE, simulated
from records.tape_digest import TapeDigest
from runtime.feeds_on_ports import eventually
from runtime.killing import command, last_commit
from runtime.local_market import LocalMarket, running
from zerodte.cli.commands import main
from zerodte.constants import SECOND
from zerodte.feeds.feed import Feed, FeedConnection, FeedError
from zerodte.feeds.patience import VendorBusyError
from zerodte.records.dbn import SCHEMAS
from zerodte.runtime.live_runner import LiveRunner
from zerodte.service.stage import Stage
from zerodte.tape.folder import Tape, open_tape
from zerodte.tape.recent_records import RecordingPosition

#: How late a stream may be on a busy machine, seconds of the feed's time.
_LATE: Final = 60

#: How the reason of a connection's end begins.
ENDED: Final = "the connection ended"


class VendorFeed(Feed, Protocol):
    """A feed that has something to say."""

    def warnings(self) -> Sequence[str]:
        """What users have to know."""
        ...


@contextlib.contextmanager
def market_of(feed: VendorFeed, root: Path) -> Iterator[LocalMarket[LiveRunner]]:
    """A server that records a feed, for as long as the context lasts.

    One whose vendor wants to be left alone ends, and is begun again, as a supervisor would.
    """
    runners: list[LiveRunner] = []

    def has_begun() -> bool:
        try:
            runners.append(LiveRunner(Stage(), feed, root, feed.warnings))
        except FeedError as error:
            if not isinstance(error.__cause__, VendorBusyError):
                raise
        return bool(runners)

    eventually(has_begun)
    with running(runners[0]) as market:
        yield market


def clock_of(market: LocalMarket[LiveRunner]) -> int:
    """How far a server is, UTC ns; 0 before it shows anything."""
    current = market.runner.stage.current
    return 0 if current is None else current.session.now


def record(
    feed: Callable[[], VendorFeed], root: Path, until: int, stops: Sequence[int] = ()
) -> Tape:
    """Record until a time, with a restart of the server at each of `stops`."""
    for stop in [*stops, until]:
        with market_of(feed(), root) as market:
            eventually(lambda: clock_of(market) >= stop)  # noqa: B023
    (folder,) = root.iterdir()
    return open_tape(folder)


def record_and_kill(vendor: str, address: str, root: Path, at: int) -> None:
    """Record in a process of its own, which is killed once it has committed up to a time."""
    words = ["live", vendor, "--symbols", "NVDA", "--gateway", address]
    with command(*words, "--record", str(root), "--port", "0"):
        eventually(lambda: last_commit(root) >= at)


def has_ten_commits(folder: Path) -> bool:
    """Whether a recording has begun in earnest."""
    ticks = folder / "ticks"
    return ticks.exists() and ticks.read_bytes().count(b"\n") >= 10


def gaps(tape: Tape) -> dict[int, str]:
    """The reason of each tick that has a gap, by its end."""
    return {tick.end: tick.gap for tick in tape.ticks() if tick.gap}


def kinds_of(reasons: Iterable[str]) -> set[str]:
    """The reasons of gaps; those of a connection's end without its words."""
    return {ENDED if reason.startswith(f"{ENDED}: ") else reason for reason in reasons}


def check_away(found: Collection[str], *, is_away: bool, is_cut: bool) -> None:
    """Reasons of gaps tell that a connection ended, and in whose words, where it did alone."""
    reasons = kinds_of(found)
    assert (ENDED in reasons) is is_away
    assert ("the feed was away" in reasons) is is_away
    if is_cut:
        assert any(one.startswith(f"{ENDED}: it closed the connection") for one in found)


def check_end(connection: FeedConnection, stop: Callable[[], None]) -> None:
    """A connection whose server stops says so in its last arrival, and then raises.

    Args:
        connection: It is not started, and closed at the end.
        stop: Stops the server.
    """
    with contextlib.closing(connection):
        connection.start(RecordingPosition({}))
        before = connection.receive(0.0)[-1].clock
        stop()
        while not (last := connection.receive(1.0)[-1]).lost:
            before = last.clock
        assert last.lost.startswith(f"{ENDED}: it closed the connection")
        assert (last.clock, last.lost_since) == (before, before - 1)
        with pytest.raises(FeedError, match="it closed the connection"):
            connection.receive(0.0)


def by_contract(rows: list[Row]) -> list[list[Row]]:
    """The rows of each contract, in their order."""
    found: dict[str, list[Row]] = {}
    for key in rows:
        found.setdefault(key[0], []).append(key)
    return list(found.values())


def _later(ends: list[int], seconds: int) -> list[int]:
    """The ends of ticks with a gap, and of the ticks of so many seconds after each; ascending."""
    return sorted({end + late * SECOND for end in ends for late in range(seconds + 1)})


def _spans(began: int, ends: Iterable[int]) -> str:
    """Ticks that follow each other, by their ends, as seconds since a time."""
    spans: list[list[int]] = []
    for second in sorted((end - began) // SECOND for end in ends):
        if spans and second <= spans[-1][1] + 1:
            spans[-1][1] = second
        else:
            spans.append([second, second])
    return " ".join(f"{first}-{last}" for first, last in spans)


def check(recording: Tape, tape: Tape, vendor: Carried = TASTYTRADE) -> dict[int, str]:
    """No trade twice, none missing outside a gap, no quote made up; returns the gaps."""
    found, wanted = content_of(recording, vendor), content_of(tape, vendor)
    missing = gaps(recording)
    assert not found.trades - wanted.trades, "a trade twice, or one that was not sent"
    assert not found.quotes.keys() - wanted.quotes.keys()
    assert not found.interest - wanted.interest
    assert not found.cancels - wanted.cancels
    # On a new subscription the last quote of each contract comes again, whatever its place among
    # those of others.
    ends = sorted(missing)
    # What stood when a gap ended may be recorded after it, or not at all where it has changed
    # before it was asked for; contracts that are subscribed one after the other are asked later.
    asked = 1 if vendor.is_standing_asked else 0
    explained = _later(ends, 10 if vendor.is_gradual else asked)
    progress = StreamProgress(found, wanted)
    lost: list[Row] = []
    for order in by_contract(wanted.quote_order):
        lost += unexcused(order, found, wanted, explained, progress)
    if vendor.is_gradual:
        # Contracts that are subscribed before others have trades while the gap lasts.
        for order in by_contract(wanted.trade_order):
            lost += unexcused(order, found, wanted, _later(ends, asked), progress)
    elif vendor.trade:
        lost += unexcused(wanted.trade_order, found, wanted, ends, progress)
    # A stream may be late when the recording ends, but its trades do not stop for good.
    # Where a machine is so slow that all of it is a gap, nothing came.
    latest = max((end for ends in found.ends.values() for end in ends), default=0)
    unheard = {
        wanted.ends[key][0]
        for key in (wanted.trade_order if vendor.trade else ())
        if progress.last < wanted.ends[key][0] <= latest and key[0] in found.quoted
    }
    silent = unheard - missing.keys()
    assert len(silent) <= _LATE, f"no trade came of {_spans(tape.session.open, silent)}"
    if lost:
        began = tape.session.open
        found_spans = _spans(began, {end for ends in found.ends.values() for end in ends})
        lost_spans = _spans(began, {end for row in lost for end in wanted.ends[row]})
        raise AssertionError(
            f"{len(lost)} such as {lost[0]} are missing outside a gap; seconds: of them "
            f"{lost_spans}, of gaps {_spans(began, missing)}, of what came {found_spans}"
        )
    digests = []
    for again in (recording, open_tape(recording.path)):
        digest = TapeDigest()
        for tick in again.ticks():
            digest.update(tick)
        digests.append(digest.hexdigest())
    assert digests[0] == digests[1]
    return missing


def check_definitions(connection: FeedConnection, until: int, vendor: Carried) -> None:
    """No record of a contract is older than its definition: a tick may close between them.

    Args:
        connection: It is started, and closed at the end; its contracts come into windows with spot.
        until: By the feed's clock, UTC ns.
        vendor: Whose.
    """
    defined: dict[int, int] = {}
    clock = count = 0
    with contextlib.closing(connection):
        connection.start(RecordingPosition({}))
        while clock < until:
            arrivals = connection.receive(1.0)
            clock = arrivals[-1].clock
            for one in arrivals:
                if one.piece is None or not one.name.startswith(vendor.dataset.lower()):
                    continue
                rows = one.piece.records
                ids = rows["instrument_id"].tolist()
                if rows.dtype == SCHEMAS["definition"]:
                    defined |= dict.fromkeys(ids, one.clock)
                else:
                    came = rows["ts_recv"].tolist()
                    assert all(defined[i] <= at for i, at in zip(ids, came, strict=True))
                    count += len(rows)
    assert count > 1000


def live(root: Path, *arguments: str) -> Result:
    """What `zerodte live` comes to that cannot begin."""
    words = ["live", *arguments, "--record", str(root / "r"), "--port", "0"]
    return CliRunner().invoke(main, words)


def check_commands(root: Path, vendor: str, dataset: str, speed: int = 60) -> None:
    """A tape of another day is served as of today, by one process to another."""
    words = ["feed", str(simulated().path), "--as", vendor, "--speed", str(speed), "--port", "0"]
    with command(*words, "--rebase", "today", "--faults", "7") as (_, address):
        following = ["live", vendor, "--symbols", "NVDA", "--gateway", address]
        with command(*following, "--record", str(root), "--port", "0"):
            eventually(lambda: any(has_ten_commits(folder) for folder in root.iterdir()))
    (folder,) = root.iterdir()
    recording = open_tape(folder)
    assert recording.session.date > DATE
    assert {raw[:4] for raw in recording.symbols[dataset].values()} == {"NVDA"}
