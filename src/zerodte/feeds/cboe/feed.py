"""Cboe's delayed quotes as a live feed: whole chains each minute, 15 minutes late, without trades.

The feed's clock is that of the quotes, 15 minutes behind the host's. A chain can arrive after the
tick of its time has closed; its records then belong to the next one, with their own times. Of what
passed while nobody asked nothing can be had again, so the feed does not resume.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from zerodte.feeds.cboe.chains import (
    CHAIN_STREAMS,
    EQUITY_STREAM,
    VALUE_STREAM,
    ChainRecords,
)
from zerodte.feeds.cboe.http import CboeClient
from zerodte.feeds.cboe.poller import CboePoller
from zerodte.feeds.feed import FeedError, FeedStart
from zerodte.feeds.recorded import recorded_contracts
from zerodte.importers.cboe_delayed import CBOE_CADENCE_S
from zerodte.importers.chain_tape import CBOE_EQUITY
from zerodte.market.calendar import calendar
from zerodte.market.roots import root_info
from zerodte.records.dbn import CBOE_DELAYED, INDEX
from zerodte.tape.feed_manifest import FeedManifest
from zerodte.tape.recent_records import RecordingPosition
from zerodte.tape.sidecars import Notes
from zerodte.tape.tick_assembler import Arrival, next_piece

_DELAYED: Final = "quotes are Cboe's, 15 minutes delayed, about one a minute"
_NO_TAPE: Final = "Cboe's delayed quotes have volume but no trades: there is no tape, so no flow"
_LOOK_S: Final = 0.05


class CboeFeed:
    """Cboe's delayed quotes of some symbols.

    Args:
        client: Asks the host.
        symbols: Underlyings, at least one.
        root: The folder of recordings, whose instruments keep their ids.
    """

    def __init__(self, client: CboeClient, symbols: Sequence[str], root: Path) -> None:
        self._client = client
        self._symbols = tuple(sorted(set(symbols)))
        self._root = root
        self._poller = CboePoller(client, self._symbols)
        self._chains: ChainRecords | None = None
        self._underlyings: dict[str, dict[str, int]] = {}
        for symbol in self._symbols:
            dataset = INDEX if root_info(symbol).is_index else CBOE_EQUITY
            ids = self._underlyings.setdefault(dataset, {})
            ids[symbol] = len(ids) + 1

    @property
    def name(self) -> str:
        """The host."""
        return self._client.host

    def warnings(self) -> list[str]:
        """What users have to know: the delay, what is missing, and symbols in trouble."""
        found = [_DELAYED, _NO_TAPE]
        left_out = {} if self._chains is None else dict(self._chains.left_out)
        found += [
            f"{symbol}: {count:,} contracts of other expiries or far strikes are not followed"
            for symbol, count in sorted(left_out.items())
            if count
        ]
        found += [] if self._chains is None else self._chains.sentences()
        return found + [text for _, text in sorted(dict(self._poller.problems).items())]

    def interrupt(self) -> None:
        """Nothing to do: a thread of its own waits for the host."""

    def connect(self) -> "CboeConnection":
        """Begin to poll, or look at what the polls bring.

        Raises:
            FeedError: If the last poll of every symbol has failed.
        """
        self._poller.start()
        if self._poller.problem:
            raise FeedError(self._poller.problem)
        date = calendar().session_of(self._poller.now()).date
        if self._chains is None or self._chains.date != date:
            recorded = recorded_contracts(self._root / date.isoformat(), date, CBOE_DELAYED)
            self._chains = ChainRecords(date, self._underlyings, recorded)
        for chain in self._poller.waiting():
            self._chains.follow(chain)
        if not self._chains.symbols:
            raise FeedError(f"no contract of {', '.join(self._symbols)} is live on {date}")
        return CboeConnection(self._poller, self._manifest(self._chains), self._chains)

    def _manifest(self, chains: ChainRecords) -> FeedManifest:
        own = {VALUE_STREAM.dataset: VALUE_STREAM, EQUITY_STREAM.dataset: EQUITY_STREAM}
        streams = (*CHAIN_STREAMS, *(own[dataset] for dataset in self._underlyings))
        numbered = {
            dataset: {number: symbol for symbol, number in ids.items()}
            for dataset, ids in self._underlyings.items()
        }
        warnings: dict[str, tuple[str, ...]] = dict.fromkeys(self._symbols, (_DELAYED, _NO_TAPE))
        notes = Notes(
            notes=(f"{_DELAYED}: {', '.join(self._symbols)}",),
            cadence_seconds=CBOE_CADENCE_S,
            warnings=warnings,
        )
        return FeedManifest(chains.date, streams, {CBOE_DELAYED: chains.symbols} | numbered, notes)

    def stop(self) -> None:
        """End the polls."""
        self._poller.stop()


class CboeConnection:
    """What the polls bring, as records; see `FeedConnection`.

    Args:
        poller: Polls.
        manifest: The session.
        chains: Makes records of chains.
    """

    is_over = False
    refused_count = 0

    def __init__(self, poller: CboePoller, manifest: FeedManifest, chains: ChainRecords) -> None:
        self.manifest = manifest
        self._poller = poller
        self._chains = chains
        self._counts: dict[str, int] = {}
        self._jump_count = 0

    def start(self, position: RecordingPosition) -> FeedStart:
        """Begin; see `FeedConnection`."""
        self._counts = dict(position.counts)
        self._chains.restart(position.counts)
        self._jump_count = self._poller.jump_count
        return FeedStart(self._poller.now(), self._poller.speed, resumed=False)

    def receive(self, timeout: float) -> list[Arrival]:
        """Receive arrivals; see `FeedConnection`.

        Raises:
            FeedError: If the last poll of every symbol has failed, or the session is another.
        """
        deadline = time.monotonic() + timeout
        while not self._poller.has_chains and time.monotonic() < deadline:
            time.sleep(_LOOK_S)
        if self._poller.problem:
            raise FeedError(self._poller.problem)
        if self._poller.jump_count != self._jump_count:
            raise FeedError(
                "its clock jumped ahead: this machine slept, or its network stood still"
            )
        arrivals, now = [], self._poller.now()
        for chain in self._poller.take():
            now = max(now, chain.at)
            for name, rows in self._chains.of(chain):
                arrivals.append(Arrival(now, name, next_piece(self._counts, name, rows)))
        return [*arrivals, Arrival(now)]

    def close(self) -> None:
        """Nothing to close: the polls go on."""
