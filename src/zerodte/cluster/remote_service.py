"""The market of a node: workers answer, this asks the right one."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from zerodte.clock import new_york_clock
from zerodte.cluster.gathering import absence, gathered, newest, part_of, read_part
from zerodte.cluster.messages import (
    AskKind,
    AskReply,
    ask_subject,
    decode_reply,
    encode_ask,
    symbol_of,
)
from zerodte.cluster.node_link import NodeLink
from zerodte.cluster.owner_table import OwnerTable
from zerodte.feeds.feed import FeedError
from zerodte.market.roots import underlying_of
from zerodte.service.market_service import MarketStats, MarketStatus
from zerodte.service.subscriptions import Subscriptions
from zerodte.views.frame import not_tracked
from zerodte.wire.envelope import Envelope
from zerodte.wire.errors import ApiError
from zerodte.wire.health import Health
from zerodte.wire.query import Changes, Query
from zerodte.wire.stream import SampleEvent, StreamQuery

#: Seconds to wait for a worker: that computes, and that reads a store first.
_TIMEOUT_S: Final = 4.0
_STORE_TIMEOUT_S: Final = 15.0
#: Seconds after which it is worth asking again for a symbol without an owner.
_RETRY_AFTER_S: Final = 2
#: Workers that are asked about what nobody owns, one after another.
_MOST_ASKED: Final = 2
_ALONE: Final = "no worker answers yet"


class RemoteService:
    """A `MarketService` over the workers of a broker.

    Args:
        url: The broker.
    """

    def __init__(self, url: str) -> None:
        self._owners = OwnerTable()
        self._subscriptions = Subscriptions()
        self._link = NodeLink(url, self._owners, self._subscriptions.tell)

    def start(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Connect, and stay connected; `on_ready` is called once when a symbol has an owner."""
        self._link.start(on_ready)

    def stop(self) -> None:
        """Disconnect."""
        self._link.stop()

    def answer(self, query: Query) -> bytes:
        """The body of the answer to a query."""
        if symbol_of(query) is None:
            return self._of_all(query)
        timeout = _STORE_TIMEOUT_S if self.reads_history(query) else _TIMEOUT_S
        return self._asked("answer", query, None, timeout).body or b""

    def version(self, query: Query) -> int:
        """A number that grows whenever the answer to a query may have changed."""
        symbol = symbol_of(query)
        return self._owners.version(symbol and underlying_of(symbol), query.varies_with)

    def reads_history(self, query: Query) -> bool:
        """Whether the answer to a query has to be read from a history."""
        at: int | None = getattr(query, "at", None)
        return at is not None and new_york_clock(at).date() != self._owners.session

    def events(self, query: StreamQuery, after: int | None) -> Sequence[SampleEvent]:
        """The samples of this session after an instant, as a stream sends them."""
        return self._asked("events", query, after).events

    def tick(self, query: StreamQuery) -> bytes | None:
        """A symbol now; None while nothing can be said of it."""
        try:
            return self._asked("tick", query).body
        except ApiError:
            return None

    def subscribe(
        self, call: Callable[[], None], changes: Changes = "sample"
    ) -> Callable[[], None]:
        """Call `call` after each sample, or tick, of any symbol."""
        return self._subscriptions.add(call, changes)

    def status(self) -> MarketStatus:
        """Healthy while any symbol can be answered for; those that cannot are named."""
        groups = self._owners.groups
        symbols = tuple(sorted(self._known()))
        missing = absence(self._missing())
        reasons = [reason for group in groups for reason in group.health.reasons]
        warnings = [warning for group in groups for warning in group.health.warnings]
        is_well = any(group.health.status == "Healthy" for group in groups)
        alone = None if groups else _ALONE
        said = dict.fromkeys(
            each for each in (self._link.problem, missing or alone, *reasons) if each
        )
        # As long as some symbols are answered for, what is wrong with others is a warning.
        is_well = is_well and not self._link.problem
        health = Health.of(
            *(() if is_well else said),
            warnings=tuple(dict.fromkeys((*(said if is_well else ()), *warnings))),
            data_as_of=newest([group.health.data_as_of for group in groups]),
        )
        return MarketStatus(health, symbols)

    def stats(self) -> MarketStats:
        """The counts of all workers' markets together."""
        stats = [group.stats for group in self._owners.groups]
        records: Counter[str] = Counter()
        queues: Counter[str] = Counter()
        left_out: Counter[str] = Counter()
        for each in stats:
            records.update(each.records)
            queues.update(each.queues)
            left_out.update(each.left_out)
        return MarketStats(
            records=records,
            ticks=max((each.ticks for each in stats), default=0),
            samples=max((each.samples for each in stats), default=0),
            tick_lag=_worst(each.tick_lag for each in stats),
            sample_lag=_worst(each.sample_lag for each in stats),
            queues=queues,
            gaps=max((each.gaps for each in stats), default=0),
            left_out=left_out,
        )

    def _asked(
        self, kind: AskKind, query: Query, after: int | None = None, timeout: float = _TIMEOUT_S
    ) -> AskReply:
        """The reply of the worker that owns a query's symbol."""
        symbol = underlying_of(symbol_of(query) or "")
        owner = self._owners.owner(symbol)
        if owner is None:
            if symbol in self._known():
                raise self._absent(symbol)
            return self._asked_of_any(kind, query, symbol, after)
        try:
            content = encode_ask(kind, query, after, owner.generation)
            reply = self._request(owner.worker, content, timeout)
        except FeedError as error:
            raise self._absent(symbol, str(error)) from error
        if not reply.is_owner:
            self._owners.forget(symbol, owner)
            raise self._absent(symbol)
        current = self._owners.owner(symbol)
        if current is not None and current.generation > owner.generation:
            raise self._absent(symbol)  # Another one has taken over meanwhile.
        return reply

    def _asked_of_any(
        self, kind: AskKind, query: Query, symbol: str, after: int | None
    ) -> AskReply:
        """The reply to a question about what nobody owns: an index, or a stored session."""
        timeout = _STORE_TIMEOUT_S if self.reads_history(query) else _TIMEOUT_S
        for worker in self._owners.workers[:_MOST_ASKED]:
            try:
                reply = self._request(worker, encode_ask(kind, query, after), timeout)
            except ApiError as error:
                if error.code != "symbol_not_found":
                    raise
                raise not_tracked(symbol, sorted(self._known())) from None
            except FeedError:
                continue
            if reply.is_owner:
                return reply
            raise self._absent(symbol)
        raise _warming_up(_ALONE)

    def _request(self, worker: str, content: bytes, timeout: float) -> AskReply:
        """A worker's reply; FeedError without one, ApiError if it is one."""
        reply = decode_reply(self._link.request(ask_subject(worker), content, timeout))
        if reply.error is not None:
            error = reply.error.restored()
            if error.code == "warming_up":
                error.retry_after = error.retry_after or _RETRY_AFTER_S
            raise error
        return reply

    def _of_all(self, query: Query) -> bytes:
        """The answer about all symbols, gathered over the workers."""
        subjects = [ask_subject(worker) for worker in self._owners.workers]
        content = encode_ask("answer", part_of(query))
        try:
            found = self._link.requests(subjects, content, _TIMEOUT_S)
        except FeedError as error:
            raise _warming_up(str(error)) from error
        parts, told = [], set[str]()
        for part, symbols in (_part(query, content) for content in found if content is not None):
            parts += part
            told |= symbols
        if not parts:
            raise _warming_up(self._link.problem or _ALONE)
        if self._owners.symbols - told:
            # Whoever was late is asked again, however long nothing changes.
            self._owners.touch()
        return gathered(query, parts, self._known() - told)

    def _known(self) -> set[str]:
        """The symbols of the session, and those that have an owner."""
        return self._owners.symbols | self._link.symbols

    def _missing(self) -> set[str]:
        return self._known() - self._owners.answered

    def _absent(self, symbol: str, problem: str | None = None) -> ApiError:
        said = self._link.problem or problem
        return _warming_up(f"no worker answers for {symbol} now" + (f": {said}" if said else ""))


def _part(query: Query, content: bytes) -> tuple[list[Envelope], set[str]]:
    """A worker's part of an answer and its symbols; none if there is none that can be read."""
    try:
        reply = decode_reply(content)
        if reply.body is not None:
            return [read_part(query, reply.body)], set(reply.symbols)
    except (FeedError, msgspec.MsgspecError):
        pass
    return [], set()


def _worst(lags: Iterable[float]) -> float:
    """The longest lag that is known; NaN where none is."""
    return max((lag for lag in lags if not math.isnan(lag)), default=math.nan)


def _warming_up(problem: str) -> ApiError:
    return ApiError("warming_up", problem, retry_after=_RETRY_AFTER_S)
