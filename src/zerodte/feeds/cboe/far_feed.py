"""Cboe's delayed chains of the expiries that another feed does not send.

They are 15 minutes old beside quotes that are not, and keep their own times: the recording's notes
tell the delay, so that they stay fresh for as much longer and end no silence of the other feed.
"""

from pathlib import Path
from typing import Final

from zerodte.constants import SECOND
from zerodte.feeds.cboe.chains import CHAIN_STREAMS, ChainRecords
from zerodte.feeds.cboe.feed import CboeConnection
from zerodte.feeds.cboe.http import CboeClient
from zerodte.feeds.cboe.poller import CboePoller
from zerodte.feeds.feed import FeedError
from zerodte.feeds.recorded import recorded_contracts
from zerodte.feeds.universe import expiries_of
from zerodte.importers.cboe_delayed import CBOE_DELAY
from zerodte.market.calendar import calendar
from zerodte.records.dbn import CBOE_DELAYED
from zerodte.tape.feed_manifest import FeedManifest, FeedStream
from zerodte.tape.sidecars import Notes

_FAR: Final = "expiries beyond those of the feed have Cboe's quotes, 15 minutes delayed"
#: A poll a minute of each is polite.
_MOST_SYMBOLS: Final = 20
#: Seconds for which the first answers hold up the feed that they are to complete.
_PATIENCE_S: Final = 2.0


class CboeFarFeed:
    """Cboe's delayed quotes of far expiries, beside another feed and of its underlyings.

    Args:
        client: Asks the host.
        root: The folder of recordings, whose instruments keep their ids.

    Attributes:
        streams: What it sends.
        notes: Facts for readers of the recorded tape.
    """

    def __init__(self, client: CboeClient, root: Path) -> None:
        self.streams: tuple[FeedStream, ...] = CHAIN_STREAMS
        self.notes = Notes()
        self._client = client
        self._root = root
        self._poller: CboePoller | None = None
        self._chains: ChainRecords | None = None

    @property
    def name(self) -> str:
        """The host."""
        return self._client.host

    def warnings(self) -> list[str]:
        """Symbols in trouble, and contracts that are not followed."""
        problems = {} if self._poller is None else dict(self._poller.problems)
        found = [text for _, text in sorted(problems.items())]
        if self._chains is None:
            return found
        found += [
            f"{symbol}: {count:,} far contracts beyond the window of strikes are not followed"
            for symbol, count in sorted(dict(self._chains.left_out).items())
            if count
        ]
        return found + self._chains.sentences()

    def connect(self, beside: FeedManifest) -> CboeConnection:
        """Begin to poll, or look at what the polls bring; see `CompanionFeed`.

        Raises:
            FeedError: If the last poll of every symbol has failed, or there is none.
        """
        near = expiries_of(raw for symbols in beside.symbols.values() for raw in symbols.values())
        symbols = sorted(near)
        self.notes = Notes(
            notes=(f"{_FAR}: {', '.join(symbols)}",),
            warnings=dict.fromkeys(symbols, (_FAR,)),
            delay_seconds={CBOE_DELAYED: CBOE_DELAY // SECOND},
        )
        if not 0 < len(symbols) <= _MOST_SYMBOLS:
            raise FeedError(
                f"chains of {len(symbols)} underlyings; expected: 1 to {_MOST_SYMBOLS}, as each "
                "is asked for every minute"
            )
        if self._poller is None:
            self._poller = CboePoller(self._client, symbols)
        if not self._poller.start(_PATIENCE_S):
            raise FeedError("it has not answered yet")
        if self._poller.problem:
            raise FeedError(self._poller.problem)
        date = calendar().session_of(self._poller.now()).date
        if date != beside.date:
            raise FeedError(f"its quotes are of {date}, the session is that of {beside.date}")
        if self._chains is None or self._chains.date != beside.date:
            recorded = recorded_contracts(
                self._root / beside.date.isoformat(), beside.date, CBOE_DELAYED
            )
            self._chains = ChainRecords(beside.date, {}, recorded, near)
        for chain in self._poller.waiting():
            self._chains.follow(chain)
        contracts = {CBOE_DELAYED: self._chains.symbols}
        manifest = FeedManifest(beside.date, self.streams, contracts, self.notes)
        return CboeConnection(self._poller, manifest, self._chains)

    def stop(self) -> None:
        """End the polls."""
        if self._poller is not None:
            self._poller.stop()
