"""Alpaca's messages as records: quotes of contracts, and trades with their sale conditions."""

from collections.abc import Mapping

import numpy as np

from zerodte.feeds.alpaca.protocol import AlpacaMessage, nanoseconds
from zerodte.feeds.contract_records import ContractRecords, ContractStreams, MessageBlock, column
from zerodte.feeds.repeated_records import RepeatedRecords
from zerodte.records.dbn import ALPACA_INDICATIVE, ALPACA_OPRA, Records
from zerodte.records.opra_conditions import OpraConditionReader
from zerodte.tape.feed_manifest import FeedStream
from zerodte.tape.tick_assembler import Piece


def alpaca_streams(*, is_indicative: bool) -> ContractStreams:
    """The streams of OPRA's data, or of the free quotes, which have no trades to believe."""
    dataset = ALPACA_INDICATIVE if is_indicative else ALPACA_OPRA
    trades = None if is_indicative else FeedStream(dataset, "trades", has_conditions=True)
    return ContractStreams(
        FeedStream(dataset, "definition"),
        FeedStream(dataset, "statistics"),
        FeedStream(dataset, "cmbp-1"),
        trades,
    )


class AlpacaRecords(ContractRecords[AlpacaMessage]):
    """Turns messages into records, and knows the last quotes.

    Attributes:
        conditions: Reads sale conditions.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conditions = OpraConditionReader()

    def quotes(self, block: MessageBlock[AlpacaMessage], numbers: Mapping[str, int]) -> Records:
        """Quotes of contracts; those of unknown ones, and those that cannot be, are left out."""
        messages = block.messages
        return self._last.take(
            block.ids(numbers),
            self._times(block, [nanoseconds(one.at) for one in messages]),
            block.received,
            column([one.bid for one in messages], [one.bid_size for one in messages]),
            column([one.ask for one in messages], [one.ask_size for one in messages]),
        )

    def trades(
        self,
        block: MessageBlock[AlpacaMessage],
        numbers: Mapping[str, int],
        first: int,
        recorded: RepeatedRecords | None,
    ) -> Piece | None:
        """Trades of contracts with their conditions; see `ContractRecords`."""
        messages = block.messages
        return self._trades(
            block.ids(numbers),
            self._times(block, [nanoseconds(one.at) for one in messages]),
            block.received,
            column([one.price for one in messages], [one.size for one in messages]),
            np.array([self.conditions.read(_letters(one)) for one in messages], np.uint8),
            first,
            recorded,
        )

    def unknown_conditions(self) -> list[str]:
        """The sale conditions that could not be read, in words."""
        return self.conditions.sentences()


def _letters(message: AlpacaMessage) -> str:
    """The sale condition of a trade: a letter, or a list of them as stocks have it."""
    condition = message.condition
    return condition or "" if not isinstance(condition, list) else "".join(condition)
