"""The answers of a worker: each question to one of its symbols, while it owns that."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from zerodte.cluster.gathering import gathered, of_symbols, part_of, read_part
from zerodte.cluster.messages import (
    Ask,
    AskError,
    AskReply,
    decode_ask,
    encode_reply,
    symbol_of,
)
from zerodte.cluster.symbol_group import SymbolGroup
from zerodte.feeds.feed import FeedError
from zerodte.market.roots import underlying_of
from zerodte.service.local_service import LocalService
from zerodte.wire.errors import ApiError
from zerodte.wire.query import Query

_LOG = logging.getLogger(__name__)

#: Questions that are answered at the same time, and that wait; others get no reply.
_THREADS: Final = 8
_MOST_WAITING: Final = 1024

_NOT_OWNER: Final = AskReply(is_owner=False)


class Answering:
    """Replies to questions.

    Args:
        groups: Returns what the worker plays now.
    """

    def __init__(self, groups: Callable[[], Sequence[SymbolGroup]]) -> None:
        self._groups = groups
        self._pool = ThreadPoolExecutor(_THREADS, "answer")
        self._waiting: set[asyncio.Task[None]] = set()

    async def take(self, message: Msg) -> None:
        """Reply to a question once it is answered; called on the link's event loop."""
        if len(self._waiting) >= _MOST_WAITING:
            return
        task = asyncio.create_task(self._reply(message))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    def close(self) -> None:
        """Answer no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _reply(self, message: Msg) -> None:
        loop = asyncio.get_running_loop()
        try:
            content = await loop.run_in_executor(self._pool, self._answered, message.data)
            await message.respond(content)
        except (NatsError, RuntimeError) as error:  # The link or the pool is closed.
            _LOG.debug("no reply: %s", error)

    def _answered(self, content: bytes) -> bytes:
        try:
            ask, query = decode_ask(content)
            return encode_reply(self._reply_to(ask, query))
        except ApiError as error:
            return encode_reply(AskReply(is_owner=True, error=AskError.of(error)))
        except FeedError as error:
            return encode_reply(
                AskReply(True, error=AskError("internal_error", str(error), None, {}))
            )
        except Exception:
            _LOG.exception("a defect: a question was not answered")
            said = AskError("internal_error", "a defect; see the worker's log", None, {})
            return encode_reply(AskReply(is_owner=True, error=said))

    def _reply_to(self, ask: Ask, query: Query) -> AskReply:
        root = symbol_of(query)
        if root is None:
            return self._of_all(query)
        symbol, groups = underlying_of(root), self._groups()
        if ask.generation is None:
            if any(symbol in group.symbols for group in groups):
                return _NOT_OWNER  # It has an owner, or will have one.
            ready = next((group for group in groups if group.is_ready), None)
            return _reply(ready.service, ask, query) if ready else _NOT_OWNER
        for group in groups:
            lease = group.leases.get(symbol)
            if lease is None or lease.generation != ask.generation:
                continue
            if not lease.is_held:
                break
            try:
                reply = _reply(group.service, ask, query)
            except ApiError as error:
                reply = AskReply(is_owner=True, error=AskError.of(error))
            # It may have taken longer than the lease.
            return reply if lease.is_held else _NOT_OWNER
        return _NOT_OWNER

    def _of_all(self, query: Query) -> AskReply:
        """The answer about all symbols that the worker owns."""
        parts, symbols = [], []
        for group in self._groups():
            held = [symbol for symbol, lease in group.leases.items() if lease.is_held]
            if held and group.is_ready:
                part = read_part(query, group.service.answer(part_of(query)))
                parts.append(of_symbols(part, held))
                symbols += held
        if not parts:
            raise ApiError("warming_up", "this worker has caught up with no session yet")
        return AskReply(is_owner=True, body=gathered(part_of(query), parts), symbols=symbols)


def _reply(service: LocalService, ask: Ask, query: Any) -> AskReply:
    if ask.kind == "events":
        return AskReply(is_owner=True, events=list(service.events(query, ask.after)))
    if ask.kind == "tick":
        return AskReply(is_owner=True, body=service.tick(query))
    return AskReply(is_owner=True, body=service.answer(query))
