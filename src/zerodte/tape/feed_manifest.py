"""What a live source says of itself before it sends anything."""

import datetime
from dataclasses import dataclass
from typing import Final

from zerodte.tape.compression import ZSTD_SUFFIX
from zerodte.tape.sidecars import Notes
from zerodte.tape.symbology import Symbols

_STANDING: Final = ("definition", "statistics")


@dataclass(frozen=True, slots=True)
class FeedStream:
    """Records of one dataset and schema, in the order in which a feed sends them.

    Attributes:
        dataset: Such as "OPRA.PILLAR".
        schema: A key of `zerodte.records.dbn.SCHEMAS`.
        has_conditions: Whether every record, a trade, comes with its sale condition.
        has_cancels: Whether cancels come with the trades that they cancel.
    """

    dataset: str
    schema: str
    has_conditions: bool = False
    has_cancels: bool = False

    @property
    def is_standing(self) -> bool:
        """Whether what it said once stands all day, as definitions and statistics do."""
        return self.schema in _STANDING

    @property
    def name(self) -> str:
        """The file that it is recorded in."""
        return f"{self.dataset.lower()}.{self.schema}{ZSTD_SUFFIX}"


@dataclass(frozen=True, slots=True)
class FeedManifest:
    """A session, as a live source is about to send it.

    Attributes:
        date: The session's.
        streams: All that will come; of a dataset one stream of quotes and one of trades at most.
        symbols: What is listed as it begins; what is listed later comes as definition records.
        notes: What a reader of the recorded tape should know.
    """

    date: datetime.date
    streams: tuple[FeedStream, ...]
    symbols: Symbols
    notes: Notes
