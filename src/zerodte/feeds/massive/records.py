"""Massive's messages as records: quotes of contracts, trades with their conditions, values."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from zerodte.feeds.contract_records import ContractRecords, ContractStreams, MessageBlock, column
from zerodte.feeds.massive.conditions import MassiveConditionReader
from zerodte.feeds.massive.protocol import INDEX_PREFIX, MassiveMessage
from zerodte.feeds.quote_fields import MOST_DOLLARS, whole_numbers
from zerodte.feeds.repeated_records import RepeatedRecords
from zerodte.importers.chain_tape import fixed
from zerodte.market.roots import root_info
from zerodte.records.dbn import INDEX, MASSIVE_OPRA, Records, records
from zerodte.tape.feed_manifest import FeedStream
from zerodte.tape.tick_assembler import Piece

MASSIVE_STREAMS: Final = ContractStreams(
    FeedStream(MASSIVE_OPRA, "definition"),
    FeedStream(MASSIVE_OPRA, "statistics"),
    FeedStream(MASSIVE_OPRA, "cmbp-1"),
    FeedStream(MASSIVE_OPRA, "trades", has_conditions=True),
)
MASSIVE_VALUES: Final = FeedStream(INDEX, "trades")


def massive_streams(symbols: Sequence[str]) -> ContractStreams:
    """The streams of some underlyings: with values if an index is among them."""
    has_index = bool(index_numbers(symbols))
    return replace(MASSIVE_STREAMS, values=MASSIVE_VALUES if has_index else None)


def index_numbers(symbols: Sequence[str]) -> dict[str, int]:
    """The ids of the indices among some underlyings."""
    indices = sorted(symbol for symbol in symbols if root_info(symbol).is_index)
    return {symbol: number for number, symbol in enumerate(indices, start=1)}


class MassiveRecords(ContractRecords[MassiveMessage]):
    """Turns messages into records, and knows the last quotes."""

    def __init__(self) -> None:
        super().__init__()
        self._conditions = MassiveConditionReader()

    def quotes(self, block: MessageBlock[MassiveMessage], numbers: Mapping[str, int]) -> Records:
        """Quotes of contracts; those of unknown ones, and those that cannot be, are left out."""
        messages = block.messages
        return self._last.take(
            block.ids(numbers),
            self._times(block, [one.time for one in messages]),
            block.received,
            column([one.bid for one in messages], [one.bid_size for one in messages]),
            column([one.ask for one in messages], [one.ask_size for one in messages]),
        )

    def trades(
        self,
        block: MessageBlock[MassiveMessage],
        numbers: Mapping[str, int],
        first: int,
        recorded: RepeatedRecords | None,
    ) -> Piece | None:
        """Trades of contracts with their conditions; see `ContractRecords`.

        The block has those of the whole market, of which few are ours.
        """
        rows = [row for row, one in enumerate(block.messages) if one.symbol in numbers]
        if not rows:
            return None
        messages = [block.messages[row] for row in rows]
        ours = MessageBlock(block.kind, block.received[rows], messages)
        return self._trades(
            ours.ids(numbers),
            self._times(ours, [one.time for one in messages]),
            ours.received,
            column([one.price for one in messages], [one.size for one in messages]),
            np.array([self._conditions.read(_numbers(one)) for one in messages], np.uint8),
            first,
            recorded,
        )

    def unknown_conditions(self) -> list[str]:
        """The sale conditions that could not be read, in words."""
        return self._conditions.sentences()


def value_records(block: MessageBlock[MassiveMessage], numbers: Mapping[str, int]) -> Records:
    """Values of indices as trades of no size; those that are not ours, or cannot be, are left out.

    Args:
        block: Of values.
        numbers: Ids of the indices.
    """
    messages = block.messages
    names = [one.ticker.removeprefix(INDEX_PREFIX) for one in messages]
    ids = np.array([numbers.get(name, 0) for name in names], np.int64)
    values = np.array([one.value for one in messages], np.float64)
    is_ours = (ids > 0) & (values > 0.0) & (values < MOST_DOLLARS)
    out = records("trades", len(ids))
    out["instrument_id"], out["size"] = ids, 0
    out["ts_event"] = block.times(whole_numbers([one.time for one in messages]))
    out["ts_recv"] = block.received
    out["price"] = fixed(np.where(is_ours, values, 0.0))
    return out[is_ours]


def _numbers(message: MassiveMessage) -> list[int]:
    conditions = message.conditions
    return (
        [] if conditions is None else conditions if isinstance(conditions, list) else [conditions]
    )
